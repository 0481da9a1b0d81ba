//! What a task's plan looks at, read in one statement.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::Wait,
    agent::{seen::Lingering, warm::Setting},
    id::{RunId, SandboxId, TaskId},
    pull::{ChecksStatus, PullSeen, PullStatus, ReviewStatus},
    task::{
        depends::Dependencies,
        review::{ReviewSeen, ReviewVerdict},
        seen::{Room, RunsMax},
    },
    transcript::Facts,
    wire::runner::Ended,
};
use sqlx::{FromRow, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use super::{COLUMNS, RawTask, TaskRow};
use crate::{Store, StoreError, actors::Version};

/// Everything about a task that its plan looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSight {
    /// The task.
    pub task: TaskRow,
    /// The version that was read.
    pub version: Version,
    /// Its incarnation.
    pub epoch: i64,
    /// What its row says it waits for.
    pub wait: Wait,
    /// Whether it is left alone.
    pub quarantined: bool,
    /// What it depends on.
    pub dependencies: Dependencies,
    /// Runs that are open, of all tasks and of its repository's.
    pub room: Room,
    /// Its open run.
    pub run: Option<RunSight>,
    /// A run that is not known to be gone although it is closed.
    pub lingering: Option<Lingering>,
    /// Its pull request, as it was last seen.
    pub pull: Option<PullSeen>,
    /// Subtasks that its pull request waits for.
    pub blocking_open: i64,
    /// What its review agent last said.
    pub review: Option<ReviewSeen>,
    /// Messages that wait for it.
    pub inputs_pending: i64,
    /// What people have written to it since it came to rest, or what the run before did not get to see.
    pub letters_new: i64,
    /// Whether a verdict of its own is still to be told.
    pub verdict_untold: bool,
    /// Whether its ticket is still to be closed.
    pub ticket_open: bool,
    /// Whether a plan of its agent was read by a person.
    pub planned: bool,
    /// Where its parent's pull request is, where it reviews that.
    pub parent_pull: Option<(i64, String)>,
}

/// The open run as the plan looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSight {
    /// Which.
    pub run: RunId,
    /// Which of the task's runs.
    pub number: i32,
    /// Where it runs.
    pub sandbox: SandboxId,
    /// Whether it only plans.
    pub plans: bool,
    /// When its process must have started.
    pub provision_until: DateTime<Utc>,
    /// Milliseconds it may take.
    pub duration_ms: i64,
    /// When it was given to a runner.
    pub sent_at: Option<DateTime<Utc>>,
    /// When its process started.
    pub started_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub ended: Option<Ended>,
    /// What its output told.
    pub facts: Facts,
    /// What its process is set to, where it takes further input.
    pub setting: Option<Setting>,
    /// Since when something it was given while it ran is not answered.
    pub unanswered_since: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct RawSight {
    #[sqlx(flatten)]
    task: RawTask,
    version: i64,
    epoch: i64,
    wake_at: Option<DateTime<Utc>>,
    wait_reason: String,
    wait_holder: String,
    heeds_mail: bool,
    quarantined_at: Option<DateTime<Utc>>,
    deps_open: i64,
    deps_lost: i64,
    running_all: i64,
    running_own: i64,
    run_number: Option<i32>,
    run_sandbox: Option<Uuid>,
    plans: Option<bool>,
    provision_until: Option<DateTime<Utc>>,
    duration_ms: Option<i64>,
    sent_at: Option<DateTime<Utc>>,
    run_started_at: Option<DateTime<Utc>>,
    ended: Option<Json<Ended>>,
    facts: Option<Json<Facts>>,
    setting: Option<Json<Setting>>,
    unanswered_since: Option<DateTime<Utc>>,
    lingering_run: Option<Uuid>,
    lingering_asked: Option<DateTime<Utc>>,
    pull_head: Option<String>,
    pull_base: Option<String>,
    pull_draft: Option<bool>,
    pull_failed_checks: Option<Vec<String>>,
    pull_review_id: Option<String>,
    pull_seen_at: Option<DateTime<Utc>>,
    blocking_open: i64,
    review_head: Option<String>,
    review_over: Option<bool>,
    review_verdict: Option<String>,
    inputs_pending: i64,
    letters_new: i64,
    verdict_untold: bool,
    ticket_open: bool,
    planned: bool,
    parent_pull_number: Option<i64>,
    parent_pull_url: Option<String>,
}

/// A verdict counts once the git host was told of it. The states are spelled out where the domain's `met` and `over` say the same of them.
const MORE: &str = ", a.version, a.epoch, a.wake_at, a.wait_reason, a.wait_holder, a.heeds_mail, a.quarantined_at,
  (SELECT count(*) FROM task_dependencies d JOIN tasks o ON o.id = d.depends_on
    WHERE d.task_id = t.id AND o.state NOT IN ('completed', 'failed', 'cancelled')) AS deps_open,
  (SELECT count(*) FROM task_dependencies d JOIN tasks o ON o.id = d.depends_on
    WHERE d.task_id = t.id AND o.state IN ('failed', 'cancelled')) AS deps_lost,
  CASE WHEN t.state = 'queued' THEN
    (SELECT count(*) FROM tasks o WHERE o.state IN ('provisioning', 'running')
       AND (o.kind = 'job') = (t.kind = 'job')) ELSE 0 END AS running_all,
  CASE WHEN t.state = 'queued' THEN
    (SELECT count(*) FROM tasks o WHERE o.state IN ('provisioning', 'running') AND o.pool_id = t.pool_id)
    ELSE 0 END AS running_own,
  w.number AS run_number, w.sandbox_id AS run_sandbox, w.plans, w.provision_until, w.duration_ms,
  r.sent_at, r.started_at AS run_started_at, r.ended, r.facts, r.setting,
  (SELECT min(given_at) FROM task_inputs i WHERE i.run_id = t.open_run AND i.taken_at IS NULL)
    AS unanswered_since,
  l.id AS lingering_run, l.stop_asked_at AS lingering_asked,
  p.head AS pull_head, p.base AS pull_base, p.draft AS pull_draft, p.failed_checks AS pull_failed_checks,
  p.review_id AS pull_review_id, p.seen_at AS pull_seen_at,
  (SELECT count(*) FROM tasks s WHERE s.parent_id = t.id AND s.blocks_parent
     AND s.kind <> 'review' AND s.state NOT IN ('completed')) AS blocking_open,
  v.head AS review_head, v.over AS review_over, v.verdict AS review_verdict,
  CASE WHEN t.open_run IS NULL THEN 0 ELSE
    (SELECT count(*) FROM messages m WHERE m.receiver_kind = 'task' AND m.receiver_id = t.id
       AND m.state = 'pending') END AS inputs_pending,
  CASE WHEN a.inbox_waking = 0 OR t.state NOT IN ('needs_attention', 'pr_opened', 'failed', 'cancelled') THEN 0
    ELSE (SELECT count(*) FROM messages m WHERE m.receiver_kind = 'task' AND m.receiver_id = t.id
       AND m.state = 'pending' AND m.class IN ('work', 'interrupt')
       AND (t.state_since < m.received_at
         OR m.attempts = 0 AND t.state IN ('needs_attention', 'pr_opened'))) END AS letters_new,
  (t.kind = 'review' AND t.verdict IS NOT NULL AND t.verdict_told_at IS NULL) AS verdict_untold,
  ((t.ticket_id IS NOT NULL OR EXISTS (SELECT 1 FROM tickets k WHERE k.task_id = t.id))
    AND t.ticket_told_at IS NULL) AS ticket_open,
  EXISTS (SELECT FROM task_runs q WHERE q.task_id = t.id AND q.plans AND q.finished_at IS NOT NULL
    AND q.error IS NULL) AS planned,
  pp.number AS parent_pull_number, pp.url AS parent_pull_url
  FROM tasks t JOIN actors a ON a.kind = 'task' AND a.id = t.id
  LEFT JOIN pulls p ON p.id = t.pull_id
  LEFT JOIN task_runs w ON w.id = t.open_run
  LEFT JOIN runs r ON r.id = t.open_run
  LEFT JOIN LATERAL (SELECT id, stop_asked_at FROM runs
     WHERE actor_kind = 'task' AND actor_id = t.id AND state <> 'ended' AND NOT open LIMIT 1) l ON true
  LEFT JOIN LATERAL (SELECT s.head, s.state IN ('completed', 'failed', 'cancelled') AS over,
            CASE WHEN s.verdict_told_at IS NOT NULL THEN s.verdict END AS verdict
     FROM tasks s WHERE s.parent_id = t.id AND s.kind = 'review'
     ORDER BY s.created_at DESC LIMIT 1) v ON true
  LEFT JOIN tasks pt ON pt.id = t.parent_id AND t.kind = 'review'
  LEFT JOIN pulls pp ON pp.id = pt.pull_id
  WHERE t.id = ";

impl Store {
    /// Reads everything a task's plan looks at. `all_max` is how many runs there may be of its class.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn see_task(
        &self,
        id: TaskId,
        all_max: RunsMax,
    ) -> Result<Option<TaskSight>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(COLUMNS).push(MORE).push_bind(id.0);
        let row: Option<RawSight> = query.build_query_as().fetch_optional(&self.pool).await?;
        row.map(|row| read(row, all_max)).transpose()
    }
}

fn read(row: RawSight, all_max: RunsMax) -> Result<TaskSight, StoreError> {
    let run = run_of(&row);
    let pull = pull_of(&row)?;
    let task = row.task.read()?;
    Ok(TaskSight {
        version: Version::read(row.version),
        epoch: row.epoch,
        wait: Wait {
            reason: row.wait_reason,
            holder: row.wait_holder,
            until: row.wake_at,
            heeds_mail: row.heeds_mail,
        },
        quarantined: row.quarantined_at.is_some(),
        dependencies: Dependencies {
            open: row.deps_open,
            lost: row.deps_lost,
        },
        room: Room {
            all: row.running_all,
            all_max: all_max.of(task.spec.kind),
            own: row.running_own,
        },
        run,
        lingering: row.lingering_run.map(|run| Lingering {
            run: RunId(run),
            stop_asked: row.lingering_asked,
        }),
        pull,
        blocking_open: row.blocking_open,
        review: row
            .review_head
            .zip(row.review_over)
            .map(|(head, over)| ReviewSeen {
                head,
                over,
                verdict: row.review_verdict.as_deref().and_then(verdict),
            }),
        inputs_pending: row.inputs_pending,
        letters_new: row.letters_new,
        verdict_untold: row.verdict_untold,
        ticket_open: row.ticket_open,
        planned: row.planned,
        parent_pull: row.parent_pull_number.zip(row.parent_pull_url),
        task,
    })
}

fn verdict(word: &str) -> Option<ReviewVerdict> {
    [
        ReviewVerdict::Approve,
        ReviewVerdict::RequestChanges,
        ReviewVerdict::Comment,
    ]
    .into_iter()
    .find(|verdict| verdict.name() == word)
}

fn run_of(row: &RawSight) -> Option<RunSight> {
    Some(RunSight {
        run: RunId(row.task.open_run?),
        number: row.run_number?,
        sandbox: SandboxId(row.run_sandbox?),
        plans: row.plans?,
        provision_until: row.provision_until?,
        duration_ms: row.duration_ms?,
        sent_at: row.sent_at,
        started_at: row.run_started_at,
        ended: row.ended.as_ref().map(|json| json.0.clone()),
        facts: row
            .facts
            .as_ref()
            .map(|json| json.0.clone())
            .unwrap_or_default(),
        setting: row.setting.as_ref().map(|json| json.0.clone()),
        unanswered_since: row.unanswered_since,
    })
}

fn pull_of(row: &RawSight) -> Result<Option<PullSeen>, StoreError> {
    let (Some(head), Some(at)) = (&row.pull_head, row.pull_seen_at) else {
        return Ok(None);
    };
    let word = |word: &Option<String>| word.clone().unwrap_or_default();
    let unknown = |what: &str| StoreError::Corrupt(format!("a pull request's {what} is unknown"));
    let task = &row.task;
    Ok(Some(PullSeen {
        number: task.pull_number.unwrap_or_default(),
        url: word(&task.pull_url),
        status: PullStatus::parse(&word(&task.pull_status)).ok_or_else(|| unknown("status"))?,
        head: head.clone(),
        base: word(&row.pull_base),
        draft: row.pull_draft.unwrap_or_default(),
        mergeable: task.pull_mergeable,
        checks: ChecksStatus::parse(&word(&task.pull_checks)).ok_or_else(|| unknown("checks"))?,
        failed_checks: row.pull_failed_checks.clone().unwrap_or_default(),
        review: ReviewStatus::parse(&word(&task.pull_review)).ok_or_else(|| unknown("review"))?,
        review_id: row.pull_review_id.clone(),
        review_text: task.pull_review_text.clone(),
        at,
    }))
}
