//! Tasks: their rows, their history, and how they are asked for.

use chrono::{DateTime, Utc};
use optio_domain::{
    git_host::RepoUrl,
    id::{JobId, PoolId, RunId, SandboxId, TaskId, TriggerId},
    job::Origin,
    task::{Intent, TaskState, feedback::Acted, prompt::Brief, seen::TaskType, spec::TaskSpec},
};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError};

mod comments;
mod create;
mod depends;
mod history;
mod lists;
mod mail;
mod runs;
mod settings;
mod sight;
mod steps;
mod wishes;

pub use comments::{CommentChange, TaskComment};
pub use create::NewTask;
pub(crate) use create::insert_task;
pub use depends::Dependency;
pub use history::{TaskEventRow, TaskLogRow, TaskRunRow, WantedLogs};
pub use lists::{TaskPage, WantedTasks};
pub use mail::TaskMessage;
pub(crate) use mail::{left, taken};
pub(crate) use runs::Placing;
pub use runs::{ClosedRun, OpenedRun, RunOpening, RunRepo, RunWords};
pub use settings::{RepoDefaults, RepoSettings};
pub use sight::{RunSight, TaskSight};
pub use steps::Moved;
pub use wishes::review_spec;

/// A task as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// Its identity.
    pub id: TaskId,
    /// Whose.
    pub workspace: String,
    /// What was asked for.
    pub spec: TaskSpec,
    /// Where it may run.
    pub pool: PoolId,
    /// Where its worktree is.
    pub sandbox: Option<SandboxId>,
    /// Where it stands.
    pub state: TaskState,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// Why, in words.
    pub state_reason: Option<String>,
    /// What a person wants and was not done yet.
    pub intent: Option<Intent>,
    /// What the person said.
    pub intent_words: Option<String>,
    /// Why its next run is opened.
    pub brief: Brief,
    /// Whether that run throws away what is in the worktree.
    pub fresh: bool,
    /// What of its pull request has been acted on.
    pub acted: Acted,
    /// How often it was sent back by itself since a person said something.
    pub auto_resumes: i32,
    /// Retries so far.
    pub retries: i32,
    /// Rate limits in a row.
    pub rate_limits: i32,
    /// Runs so far.
    pub runs_taken: i32,
    /// Not before this, and why.
    pub hold: Option<(DateTime<Utc>, String)>,
    /// Whether it starts whatever the hour.
    pub ignore_off_peak: bool,
    /// The vendor's session that its next run resumes.
    pub session_id: Option<String>,
    /// The last words of its last run.
    pub summary: Option<String>,
    /// How its last run failed, and of which class that is.
    pub error: Option<(String, String)>,
    /// Dollars so far.
    pub cost_usd: Decimal,
    /// Tokens sent so far.
    pub input_tokens: i64,
    /// Tokens received so far.
    pub output_tokens: i64,
    /// The model of its last run.
    pub model_used: Option<String>,
    /// Commits in its worktree that are on no remote branch.
    pub unpushed: i32,
    /// Files in its worktree that are not committed.
    pub dirty: i32,
    /// What a review decided.
    pub verdict: Option<String>,
    /// Its pull request, as it was last seen.
    pub pull: Option<PullBrief>,
    /// The job or blueprint it is a run of.
    pub origin: Option<Origin>,
    /// Who asked for it.
    pub created_by: String,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
    /// When its first run started.
    pub started_at: Option<DateTime<Utc>>,
    /// Since when it is over.
    pub finished_at: Option<DateTime<Utc>>,
}

impl TaskRow {
    /// Its repository.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where its address is none.
    pub fn repo(&self) -> Result<RepoUrl, StoreError> {
        self.spec
            .repo_url
            .parse()
            .map_err(|error| StoreError::Corrupt(format!("task {}: {error}", self.id)))
    }
}

/// A pull request in the few columns that a task shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullBrief {
    /// Its identity.
    pub id: Uuid,
    /// Where people read it.
    pub url: String,
    /// Its number.
    pub number: i64,
    /// `open`, `merged` or `closed`.
    pub status: String,
    /// What its checks say.
    pub checks: String,
    /// What its reviewers say.
    pub review: String,
    /// What the review that decides says.
    pub review_text: Option<String>,
    /// Whether it conflicts with its base.
    pub conflicts: bool,
}

#[derive(FromRow)]
pub(super) struct RawTask {
    id: Uuid,
    workspace: String,
    kind: String,
    title: String,
    prompt: String,
    repo_url: String,
    base_branch: String,
    agent_type: String,
    model: Option<String>,
    priority: i32,
    retries_max: i32,
    ticket_source: Option<String>,
    ticket_id: Option<String>,
    metadata: Option<Value>,
    parent_id: Option<Uuid>,
    blocks_parent: bool,
    head: Option<String>,
    pool_id: Uuid,
    sandbox_id: Option<Uuid>,
    state: String,
    open_run: Option<Uuid>,
    state_since: DateTime<Utc>,
    state_reason: Option<String>,
    intent: Option<String>,
    intent_words: Option<String>,
    brief: Json<Brief>,
    fresh: bool,
    acted: Json<Acted>,
    auto_resumes: i32,
    retries: i32,
    rate_limits: i32,
    runs_taken: i32,
    task_hold_until: Option<DateTime<Utc>>,
    hold_reason: Option<String>,
    ignore_off_peak: bool,
    session_id: Option<String>,
    summary: Option<String>,
    error: Option<String>,
    error_class: Option<String>,
    cost_usd: Decimal,
    input_tokens: i64,
    output_tokens: i64,
    model_used: Option<String>,
    unpushed: i32,
    dirty: i32,
    verdict: Option<String>,
    pull_id: Option<Uuid>,
    pull_url: Option<String>,
    pull_number: Option<i64>,
    pull_status: Option<String>,
    pull_checks: Option<String>,
    pull_review: Option<String>,
    pull_review_text: Option<String>,
    pull_mergeable: Option<bool>,
    job_id: Option<Uuid>,
    trigger_id: Option<Uuid>,
    params: Option<Value>,
    hops: i32,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    task_started_at: Option<DateTime<Utc>>,
    task_finished_at: Option<DateTime<Utc>>,
}

pub(super) const COLUMNS: &str = "t.id, t.workspace, t.kind, t.title, t.prompt, t.repo_url, t.base_branch,
    t.agent_type, t.model, t.priority, t.retries_max, t.ticket_source, t.ticket_id, t.metadata, t.parent_id,
    t.blocks_parent, t.head, t.pool_id, t.sandbox_id, t.state, t.open_run, t.state_since, t.state_reason,
    t.intent, t.intent_words, t.brief, t.fresh, t.acted, t.auto_resumes, t.retries, t.rate_limits,
    t.runs_taken, t.hold_until AS task_hold_until, t.hold_reason, t.ignore_off_peak, t.session_id, t.summary,
    t.error, t.error_class, t.cost_usd, t.input_tokens, t.output_tokens, t.model_used, t.unpushed, t.dirty,
    t.verdict, t.pull_id, p.url AS pull_url, p.number AS pull_number, p.status AS pull_status,
    p.checks AS pull_checks, p.review AS pull_review, p.review_text AS pull_review_text,
    p.mergeable AS pull_mergeable, t.job_id, t.trigger_id, t.params, t.hops, t.created_by, t.created_at, t.updated_at,
    t.started_at AS task_started_at, t.finished_at AS task_finished_at";

pub(super) const FROM: &str = " FROM tasks t LEFT JOIN pulls p ON p.id = t.pull_id";

impl RawTask {
    pub(super) fn read(self) -> Result<TaskRow, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("task {}: {what}", self.id));
        let state = TaskState::from_parts(&self.state, self.open_run.map(RunId))
            .ok_or_else(|| corrupt("its state and its open run contradict each other"))?;
        let kind = TaskType::parse(&self.kind).ok_or_else(|| corrupt("its kind is unknown"))?;
        let pull = self.pull_brief();
        let origin = self.origin();
        Ok(TaskRow {
            id: TaskId(self.id),
            workspace: self.workspace,
            spec: TaskSpec {
                kind,
                title: self.title,
                prompt: self.prompt,
                repo_url: self.repo_url,
                base_branch: self.base_branch,
                agent_type: self.agent_type,
                model: self.model,
                priority: self.priority,
                retries_max: self.retries_max,
                ticket_source: self.ticket_source,
                ticket_id: self.ticket_id,
                metadata: self.metadata,
                parent: self.parent_id.map(TaskId),
                blocks_parent: self.blocks_parent,
                head: self.head,
            },
            pool: PoolId(self.pool_id),
            sandbox: self.sandbox_id.map(SandboxId),
            state,
            state_since: self.state_since,
            state_reason: self.state_reason,
            intent: self.intent.as_deref().and_then(Intent::parse),
            intent_words: self.intent_words,
            brief: self.brief.0,
            fresh: self.fresh,
            acted: self.acted.0,
            auto_resumes: self.auto_resumes,
            retries: self.retries,
            rate_limits: self.rate_limits,
            runs_taken: self.runs_taken,
            hold: self
                .task_hold_until
                .map(|until| (until, self.hold_reason.unwrap_or_default())),
            ignore_off_peak: self.ignore_off_peak,
            session_id: self.session_id,
            summary: self.summary,
            error: self
                .error
                .map(|words| (words, self.error_class.unwrap_or_default())),
            cost_usd: self.cost_usd,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            model_used: self.model_used,
            unpushed: self.unpushed,
            dirty: self.dirty,
            verdict: self.verdict,
            pull,
            origin,
            created_by: self.created_by,
            created_at: self.created_at,
            updated_at: self.updated_at,
            started_at: self.task_started_at,
            finished_at: self.task_finished_at,
        })
    }

    fn origin(&self) -> Option<Origin> {
        let params = self.params.as_ref().and_then(Value::as_object);
        Some(Origin {
            job: JobId(self.job_id?),
            trigger: self.trigger_id.map(TriggerId),
            params: params.cloned().unwrap_or_default(),
            hops: self.hops,
        })
    }

    fn pull_brief(&self) -> Option<PullBrief> {
        Some(PullBrief {
            id: self.pull_id?,
            url: self.pull_url.clone()?,
            number: self.pull_number?,
            status: self.pull_status.clone()?,
            checks: self.pull_checks.clone()?,
            review: self.pull_review.clone()?,
            review_text: self.pull_review_text.clone(),
            conflicts: self.pull_mergeable == Some(false),
        })
    }
}

pub(super) fn select() -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(FROM);
    query
}

pub(crate) async fn fetch(
    connection: &mut PgConnection,
    id: TaskId,
) -> Result<Option<TaskRow>, StoreError> {
    let mut query = select();
    query.push(" WHERE t.id = ").push_bind(id.0);
    let row: Option<RawTask> = query.build_query_as().fetch_optional(connection).await?;
    row.map(RawTask::read).transpose()
}

impl Store {
    /// Reads a task.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn task(&self, id: TaskId) -> Result<Option<TaskRow>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        fetch(&mut connection, id).await
    }
}
