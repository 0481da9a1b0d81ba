//! A review as clients see it.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::Wait,
    pr_review::{Intent, PrReviewState, draft::FileComment},
};
use optio_store::pr_reviews::PrReviewRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::agents::remedy;

/// A review of a pull request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrReviewView {
    id: Uuid,
    workspace_id: Option<Uuid>,
    /// Always null: no task belongs to it.
    task_id: Option<Uuid>,
    /// Always `pr-review`.
    #[serde(rename = "type")]
    kind: &'static str,
    pr_url: String,
    pr_number: i64,
    /// The title of the pull request when the review was begun.
    pr_title: String,
    /// Who opened the pull request.
    pr_author: String,
    repo_owner: String,
    repo_name: String,
    repo_url: String,
    /// The commit that the draft is about; that of the pull request while there is no draft.
    head_sha: String,
    /// The head of the pull request as it was last seen.
    pr_head_sha: String,
    /// queued, waiting_ci, reviewing, ready, stale, submitted, failed or cancelled.
    state: &'static str,
    state_since: DateTime<Utc>,
    /// Why it is in that state, in words.
    state_reason: Option<String>,
    /// What it waits for, who can change that, and until when; in answers about one review.
    pending_reason: Option<String>,
    /// approve, request_changes or comment.
    verdict: Option<&'static str>,
    summary: Option<String>,
    file_comments: Option<Vec<FileCommentView>>,
    /// manual or auto.
    origin: &'static str,
    /// Whether a person has done anything to it: from then on nothing happens to it by itself.
    user_engaged: bool,
    auto_submitted: bool,
    submitted_at: Option<DateTime<Utc>>,
    /// Where people read it on the pull request, where that is known.
    submitted_url: Option<String>,
    /// How its last run failed, or why the git host refused the draft.
    error_message: Option<String>,
    error_class: Option<String>,
    error_remedy: Option<&'static str>,
    created_by: Option<String>,
    /// What a person asked for and is not done yet.
    control_intent: Option<&'static str>,
    agent_type: String,
    model: Option<String>,
    model_used: Option<String>,
    session_id: Option<String>,
    /// Runs so far.
    runs_taken: i32,
    /// How often a new head was looked at by itself.
    auto_reviews: i32,
    /// Dollars, as a decimal string.
    cost_usd: String,
    input_tokens: i64,
    output_tokens: i64,
    last_pod_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What a draft says of a file, or of a line of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FileCommentView {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// LEFT or RIGHT.
    side: &'static str,
    body: String,
}

impl FileCommentView {
    fn of(comment: FileComment) -> Self {
        Self {
            path: comment.path,
            line: comment.line,
            side: match comment.side {
                optio_domain::pr_review::draft::Side::Left => "LEFT",
                optio_domain::pr_review::draft::Side::Right => "RIGHT",
            },
            body: comment.body,
        }
    }
}

impl PrReviewView {
    pub(crate) fn of(row: PrReviewRow) -> Self {
        let repo = row.repo().map(|url| url.repo).ok();
        let (error_message, error_class) = match row.error {
            Some((words, class)) => (Some(words), Some(class)),
            None => (
                row.submit_error
                    .map(|words| format!("the git host refused the draft: {words}")),
                None,
            ),
        };
        let (draft, head) = row.draft.unzip();
        Self {
            id: row.id.0,
            workspace_id: None,
            task_id: None,
            kind: "pr-review",
            pr_url: row.url,
            pr_number: row.number,
            pr_title: row.title,
            pr_author: row.author,
            repo_owner: repo.as_ref().map_or("", |repo| repo.owner()).to_owned(),
            repo_name: repo.as_ref().map_or("", |repo| repo.name()).to_owned(),
            repo_url: row.repo_url,
            head_sha: head.unwrap_or_else(|| row.pull_head.clone()),
            pr_head_sha: row.pull_head,
            state: row.state.name(),
            state_since: row.state_since,
            state_reason: row.state_reason,
            pending_reason: None,
            verdict: draft.as_ref().map(|draft| draft.verdict.name()),
            summary: draft.as_ref().map(|draft| draft.summary.clone()),
            file_comments: draft.map(|draft| {
                let comments = draft.file_comments.into_iter();
                comments.map(FileCommentView::of).collect()
            }),
            origin: row.origin.name(),
            user_engaged: row.engaged,
            auto_submitted: row.auto_submitted,
            submitted_at: row.submitted_at,
            submitted_url: row.submitted_url,
            error_remedy: error_class.as_deref().and_then(remedy),
            error_message,
            error_class,
            created_by: Some(row.created_by),
            control_intent: row.intent.map(Intent::name),
            agent_type: row.agent_type,
            model: row.model,
            model_used: row.model_used,
            session_id: row.session_id,
            runs_taken: row.runs_taken,
            auto_reviews: row.auto_reviews,
            cost_usd: row.cost_usd.to_string(),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            last_pod_id: row.sandbox.map(|sandbox| sandbox.0),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// The same with what it waits for, unless it is over.
    pub(crate) fn waiting(mut self, wait: Option<Wait>) -> Self {
        let is_over = self.state == PrReviewState::Cancelled.name();
        self.pending_reason = wait.filter(|_| !is_over).map(|wait| {
            let until = wait
                .until
                .map_or_else(String::new, |at| format!(", until {at}"));
            format!("{} (held by {}{until})", wait.reason, wait.holder)
        });
        self
    }
}

/// A review in the few members that a list of pull requests shows.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewBrief {
    id: Uuid,
    state: &'static str,
    verdict: Option<&'static str>,
    /// manual or auto.
    origin: &'static str,
    /// The commit that the draft is about.
    head_sha: Option<String>,
}

impl ReviewBrief {
    pub(crate) fn of(row: &PrReviewRow) -> Self {
        Self {
            id: row.id.0,
            state: row.state.name(),
            verdict: row.draft.as_ref().map(|(draft, _)| draft.verdict.name()),
            origin: row.origin.name(),
            head_sha: row.draft.as_ref().map(|(_, head)| head.clone()),
        }
    }
}
