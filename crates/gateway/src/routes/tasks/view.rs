//! A task as clients see it.

use chrono::{DateTime, Utc};
use optio_domain::task::{TaskState, seen::TaskType, spec::work_branch};
use optio_store::tasks::{PullBrief, TaskRow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::agents::remedy;

/// A task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskView {
    id: Uuid,
    /// `repo-task`, or `workflow-run` for a run of a job.
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    prompt: String,
    repo_url: String,
    repo_branch: String,
    /// The branch it works on.
    work_branch: String,
    /// pending, waiting_on_deps, queued, provisioning, running, needs_attention, pr_opened, completed,
    /// failed or cancelled.
    state: &'static str,
    state_since: DateTime<Utc>,
    /// Why it is in that state, in words.
    state_reason: Option<String>,
    /// What a person asked for and is not done yet.
    control_intent: Option<&'static str>,
    agent_type: String,
    model: Option<String>,
    /// The vendor's session that the next run resumes.
    session_id: Option<String>,
    #[serde(flatten)]
    pull: PullFields,
    result_summary: Option<String>,
    /// Dollars, as a decimal string.
    cost_usd: String,
    input_tokens: i64,
    output_tokens: i64,
    model_used: Option<String>,
    error_message: Option<String>,
    error_class: Option<String>,
    error_remedy: Option<&'static str>,
    ticket_source: Option<String>,
    ticket_external_id: Option<String>,
    metadata: Option<Value>,
    retry_count: i32,
    max_retries: i32,
    /// Runs so far.
    runs_taken: i32,
    /// How often it was sent back to its pull request since a person said something.
    auto_resumes: i32,
    priority: i32,
    parent_task_id: Option<Uuid>,
    /// coding, review or job.
    task_type: &'static str,
    blocks_parent: bool,
    /// The blueprint or job it is a run of.
    config_id: Option<Uuid>,
    /// The trigger that started it.
    trigger_id: Option<Uuid>,
    /// The parameters it was started with.
    params: Option<Value>,
    /// What a review decided: approve, request_changes or comment.
    review_verdict: Option<String>,
    /// The commit a review looks at.
    review_head: Option<String>,
    /// Commits in its worktree that are on no remote branch, after its last run.
    unpushed_commits: i32,
    /// Files in its worktree that are not committed, after its last run.
    dirty_files: i32,
    last_pod_id: Option<Uuid>,
    ignore_off_peak: bool,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
}

/// The pull request of a task; null where it has none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PullFields {
    pr_url: Option<String>,
    pr_number: Option<i64>,
    /// open, merged or closed.
    pr_state: Option<String>,
    /// unknown, none, pending, passing, failing or conflicts.
    pr_checks_status: Option<String>,
    /// none, approved or changes_requested.
    pr_review_status: Option<String>,
    pr_review_comments: Option<String>,
}

impl PullFields {
    fn of(pull: Option<PullBrief>) -> Self {
        Self {
            pr_url: pull.as_ref().map(|pull| pull.url.clone()),
            pr_number: pull.as_ref().map(|pull| pull.number),
            pr_state: pull.as_ref().map(|pull| pull.status.clone()),
            pr_checks_status: pull.as_ref().map(|pull| {
                if pull.conflicts {
                    "conflicts".to_owned()
                } else {
                    pull.checks.clone()
                }
            }),
            pr_review_status: pull.as_ref().map(|pull| pull.review.clone()),
            pr_review_comments: pull.and_then(|pull| pull.review_text),
        }
    }
}

impl TaskView {
    pub(crate) fn of(row: TaskRow) -> Self {
        let (error_message, error_class) = row
            .error
            .map_or((None, None), |(words, class)| (Some(words), Some(class)));
        let remedy = error_class.as_deref().and_then(remedy);
        Self {
            id: row.id.0,
            kind: match row.spec.kind {
                TaskType::Coding | TaskType::Review => "repo-task",
                TaskType::Job => "workflow-run",
            },
            title: row.spec.title,
            prompt: row.spec.prompt,
            repo_url: row.spec.repo_url,
            repo_branch: row.spec.base_branch,
            work_branch: work_branch(row.id),
            state: row.state.name(),
            state_since: row.state_since,
            state_reason: row.state_reason,
            control_intent: row.intent.map(optio_domain::task::Intent::name),
            agent_type: row.spec.agent_type,
            model: row.spec.model,
            session_id: row.session_id,
            pull: PullFields::of(row.pull),
            result_summary: row.summary,
            cost_usd: row.cost_usd.to_string(),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            model_used: row.model_used,
            error_message,
            error_class,
            error_remedy: remedy,
            ticket_source: row.spec.ticket_source,
            ticket_external_id: row.spec.ticket_id,
            metadata: row.spec.metadata,
            retry_count: row.retries,
            max_retries: row.spec.retries_max,
            runs_taken: row.runs_taken,
            auto_resumes: row.auto_resumes,
            priority: row.spec.priority,
            parent_task_id: row.spec.parent.map(|parent| parent.0),
            task_type: row.spec.kind.name(),
            blocks_parent: row.spec.blocks_parent,
            config_id: row.origin.as_ref().map(|origin| origin.job.0),
            trigger_id: row
                .origin
                .as_ref()
                .and_then(|origin| Some(origin.trigger?.0)),
            params: row.origin.map(|origin| Value::Object(origin.params)),
            review_verdict: row.verdict,
            review_head: row.spec.head,
            unpushed_commits: row.unpushed,
            dirty_files: row.dirty,
            last_pod_id: row.sandbox.map(|sandbox| sandbox.0),
            ignore_off_peak: row.ignore_off_peak,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
            started_at: row.started_at,
            completed_at: row.finished_at.filter(|_| {
                matches!(
                    row.state,
                    TaskState::Completed | TaskState::Failed | TaskState::Cancelled
                )
            }),
        }
    }
}
