//! Reviews of pull requests that no task has opened: their rows, their drafts, their history.

use chrono::{DateTime, Utc};
use optio_domain::{
    git_host::RepoUrl,
    id::{PoolId, PrReviewId, PullId, RunId, SandboxId},
    pr_review::{Intent, Origin, PrReviewState, RunKind, draft::Draft},
    task::review::ReviewVerdict,
};
use rust_decimal::Decimal;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError};

mod chat;
mod create;
mod history;
mod lists;
mod runs;
mod sight;
mod steps;
mod wanted;
mod wishes;

pub use chat::ChatMessage;
pub use create::{Begun, NewPrReview};
pub use history::{PrReviewEventRow, PrReviewRunRow};
pub use lists::WantedReviews;
pub use runs::{ClosedReviewRun, ReviewRunOpening};
pub use sight::{PrReviewSight, ReviewRunSight};
pub use steps::MovedReview;
pub use wanted::RepoToLookAt;
pub use wishes::Edited;

/// A review as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct PrReviewRow {
    /// Its identity.
    pub id: PrReviewId,
    /// Whose.
    pub workspace: String,
    /// Its pull request.
    pub pull: PullId,
    /// Where people read that.
    pub url: String,
    /// The repository's address.
    pub repo_url: String,
    /// The number of the pull request there.
    pub number: i64,
    /// The head of the pull request as it was last seen.
    pub pull_head: String,
    /// The title of the pull request.
    pub title: String,
    /// Who opened it.
    pub author: String,
    /// What its author says of it.
    pub description: String,
    /// The agent program.
    pub agent_type: String,
    /// The model, where one is chosen.
    pub model: Option<String>,
    /// Where it may run.
    pub pool: PoolId,
    /// Where its worktree is.
    pub sandbox: Option<SandboxId>,
    /// Who began it.
    pub origin: Origin,
    /// Where it stands.
    pub state: PrReviewState,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// Why, in words.
    pub state_reason: Option<String>,
    /// What a person wants and was not done yet.
    pub intent: Option<Intent>,
    /// What its open, next or last run is for.
    pub kind: RunKind,
    /// Whether a person has done anything to it.
    pub engaged: bool,
    /// Whether its draft was last handed in by itself.
    pub auto_submitted: bool,
    /// The draft, and the commit that it is about.
    pub draft: Option<(Draft, String)>,
    /// How often the draft was written.
    pub revision: i32,
    /// Which of them was last handed in.
    pub submitted_revision: Option<i32>,
    /// When.
    pub submitted_at: Option<DateTime<Utc>>,
    /// Where people read it.
    pub submitted_url: Option<String>,
    /// Why the git host refused the draft as it is.
    pub submit_error: Option<String>,
    /// How its last run failed, and of which class that is.
    pub error: Option<(String, String)>,
    /// How often a new head was looked at by itself.
    pub auto_reviews: i32,
    /// Failed runs in a row that were tried again.
    pub retries: i32,
    /// Rate limits in a row.
    pub rate_limits: i32,
    /// Runs so far.
    pub runs_taken: i32,
    /// Not before this, and why.
    pub hold: Option<(DateTime<Utc>, String)>,
    /// The vendor's session in which its agent answers.
    pub session_id: Option<String>,
    /// Dollars so far.
    pub cost_usd: Decimal,
    /// Tokens sent so far.
    pub input_tokens: i64,
    /// Tokens received so far.
    pub output_tokens: i64,
    /// The model of its last run.
    pub model_used: Option<String>,
    /// Who asked for it.
    pub created_by: String,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

impl PrReviewRow {
    /// Its repository.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where its address is none.
    pub fn repo(&self) -> Result<RepoUrl, StoreError> {
        self.repo_url
            .parse()
            .map_err(|error| StoreError::Corrupt(format!("review {}: {error}", self.id)))
    }
}

#[derive(FromRow)]
pub(super) struct RawReview {
    id: Uuid,
    workspace: String,
    pull_id: Uuid,
    pull_url: String,
    repo_url: String,
    number: i64,
    pull_head: String,
    title: String,
    author: String,
    description: String,
    agent_type: String,
    model: Option<String>,
    pool_id: Uuid,
    sandbox_id: Option<Uuid>,
    origin: String,
    state: String,
    open_run: Option<Uuid>,
    state_since: DateTime<Utc>,
    state_reason: Option<String>,
    intent: Option<String>,
    kind: String,
    engaged: bool,
    auto_submitted: bool,
    head: Option<String>,
    verdict: Option<String>,
    summary: Option<String>,
    file_comments: Option<Json<Vec<optio_domain::pr_review::draft::FileComment>>>,
    revision: i32,
    submitted_revision: Option<i32>,
    submitted_at: Option<DateTime<Utc>>,
    submitted_url: Option<String>,
    submit_error: Option<String>,
    error: Option<String>,
    error_class: Option<String>,
    auto_reviews: i32,
    retries: i32,
    rate_limits: i32,
    runs_taken: i32,
    review_hold_until: Option<DateTime<Utc>>,
    hold_reason: Option<String>,
    session_id: Option<String>,
    cost_usd: Decimal,
    input_tokens: i64,
    output_tokens: i64,
    model_used: Option<String>,
    created_by: String,
    review_created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

pub(super) const COLUMNS: &str = "v.id, v.workspace, v.pull_id, p.url AS pull_url, v.repo_url, v.number,
    p.head AS pull_head, v.title, v.author, v.description, v.agent_type, v.model, v.pool_id, v.sandbox_id,
    v.origin, v.state, v.open_run, v.state_since, v.state_reason, v.intent, v.kind, v.engaged,
    v.auto_submitted, v.head, v.verdict, v.summary, v.file_comments, v.revision, v.submitted_revision,
    v.submitted_at, v.submitted_url, v.submit_error, v.error, v.error_class, v.auto_reviews, v.retries,
    v.rate_limits, v.runs_taken, v.hold_until AS review_hold_until, v.hold_reason, v.session_id, v.cost_usd,
    v.input_tokens, v.output_tokens, v.model_used, v.created_by, v.created_at AS review_created_at,
    v.updated_at";

pub(super) const FROM: &str = " FROM pr_reviews v JOIN pulls p ON p.id = v.pull_id";

impl RawReview {
    pub(super) fn read(self) -> Result<PrReviewRow, StoreError> {
        let id = PrReviewId(self.id);
        let corrupt = |what: &str| StoreError::Corrupt(format!("review {id}: {what}"));
        let state = PrReviewState::from_parts(&self.state, self.open_run.map(RunId))
            .ok_or_else(|| corrupt("its state and its open run contradict each other"))?;
        let draft = match (self.verdict, self.summary, self.file_comments, self.head) {
            (Some(verdict), Some(summary), Some(Json(file_comments)), Some(head)) => {
                let verdict = ReviewVerdict::parse(&verdict)
                    .ok_or_else(|| corrupt("its verdict is unknown"))?;
                let draft = Draft {
                    verdict,
                    summary,
                    file_comments,
                };
                Some((draft, head))
            }
            (None, None, None, None) => None,
            _ => return Err(corrupt("half of its draft is missing")),
        };
        Ok(PrReviewRow {
            id,
            workspace: self.workspace,
            pull: PullId(self.pull_id),
            url: self.pull_url,
            repo_url: self.repo_url,
            number: self.number,
            pull_head: self.pull_head,
            title: self.title,
            author: self.author,
            description: self.description,
            agent_type: self.agent_type,
            model: self.model,
            pool: PoolId(self.pool_id),
            sandbox: self.sandbox_id.map(SandboxId),
            origin: Origin::parse(&self.origin).ok_or_else(|| corrupt("its origin is unknown"))?,
            state,
            state_since: self.state_since,
            state_reason: self.state_reason,
            intent: self.intent.as_deref().and_then(Intent::parse),
            kind: RunKind::parse(&self.kind).ok_or_else(|| corrupt("its kind is unknown"))?,
            engaged: self.engaged,
            auto_submitted: self.auto_submitted,
            draft,
            revision: self.revision,
            submitted_revision: self.submitted_revision,
            submitted_at: self.submitted_at,
            submitted_url: self.submitted_url,
            submit_error: self.submit_error,
            error: self
                .error
                .map(|words| (words, self.error_class.unwrap_or_default())),
            auto_reviews: self.auto_reviews,
            retries: self.retries,
            rate_limits: self.rate_limits,
            runs_taken: self.runs_taken,
            hold: self
                .review_hold_until
                .map(|until| (until, self.hold_reason.unwrap_or_default())),
            session_id: self.session_id,
            cost_usd: self.cost_usd,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            model_used: self.model_used,
            created_by: self.created_by,
            created_at: self.review_created_at,
            updated_at: self.updated_at,
        })
    }
}

pub(super) fn select() -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(FROM);
    query
}

pub(super) async fn fetch(
    connection: &mut PgConnection,
    id: PrReviewId,
) -> Result<Option<PrReviewRow>, StoreError> {
    let mut query = select();
    query.push(" WHERE v.id = ").push_bind(id.0);
    let row: Option<RawReview> = query.build_query_as().fetch_optional(connection).await?;
    row.map(RawReview::read).transpose()
}

impl Store {
    /// Reads a review of a workspace.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn pr_review(
        &self,
        workspace: &str,
        id: PrReviewId,
    ) -> Result<Option<PrReviewRow>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let row = fetch(&mut connection, id).await?;
        Ok(row.filter(|row| row.workspace == workspace))
    }
}
