//! Opening and closing a task's run.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    agent::closing::MailFate,
    id::{PoolId, RunId, SandboxId, TaskId},
    limits::ATTEMPTS_MAX,
    pool::{Bounds, Instance, Place, place},
    task::{closing::Closing, prompt::Brief, seen::TaskType},
    transcript::Facts,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, FromRow, types::Json};
use uuid::Uuid;

use super::TaskRow;
use crate::{
    Store, StoreError,
    mail::{self, MessageRow},
    pools::{Row, instances},
    step::{NewEvent, Step},
};

/// Held while room is counted and taken, so that there are never more runs than there may be.
const GATE: i64 = 0x006f_7074_696f_7275;

/// What is needed to open a run.
#[derive(Debug)]
pub struct RunOpening<'a> {
    /// The task as it was read.
    pub task: &'a TaskRow,
    /// The run's identity.
    pub run: RunId,
    /// The identity of its sandbox, where it needs a new one.
    pub new_sandbox: SandboxId,
    /// What the agent is told.
    pub prompt: &'a str,
    /// Whether it only plans.
    pub plans: bool,
    /// The mail it is told of.
    pub mail: &'a [MessageRow],
    /// Milliseconds until its process must have started.
    pub provision_ms: i64,
    /// Milliseconds it may take.
    pub duration_ms: i64,
    /// Runs of its class at once.
    pub all_max: i64,
    /// Runs of the repository's tasks, or of the job, at once.
    pub own_max: i64,
    /// How large its pool may grow.
    pub pool: Bounds,
}

/// What is needed to find a place for a run.
#[derive(Debug)]
pub(crate) struct Placing {
    /// The pool.
    pub(crate) pool: PoolId,
    /// The name of its worktree.
    pub(crate) worktree: Uuid,
    /// Where that is, if it is anywhere.
    pub(crate) home: Option<SandboxId>,
    /// The identity of its sandbox, where it needs a new one.
    pub(crate) new_sandbox: SandboxId,
    /// How large the pool may grow.
    pub(crate) bounds: Bounds,
}

/// What became of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenedRun {
    /// The run is open, in this sandbox.
    At(SandboxId),
    /// There is no room; nothing is to be committed.
    NoRoom,
}

/// What is needed to close a run.
#[derive(Debug)]
pub struct ClosedRun<'a> {
    /// Which.
    pub run: RunId,
    /// What it means.
    pub closing: &'a Closing,
    /// What its output told.
    pub facts: &'a Facts,
    /// What the next run is told, where there is one.
    pub brief: Option<&'a Brief>,
    /// What it decided, where it was a review.
    pub verdict: Option<&'a str>,
    /// Until when its sandbox is kept without another run.
    pub keep_until: DateTime<Utc>,
}

/// What a run was opened with.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RunWords {
    /// What the agent is told.
    pub prompt: String,
    /// Whether it throws away what is in the worktree.
    pub fresh: bool,
}

#[derive(FromRow)]
struct Counted {
    all: i64,
    own: i64,
}

impl Store {
    /// What a run was opened with.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn run_words(&self, run: RunId) -> Result<Option<RunWords>, StoreError> {
        Ok(
            sqlx::query_as("SELECT prompt, fresh FROM task_runs WHERE id = $1")
                .bind(run.0)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// What a run was given while it ran and has not answered, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn untaken_by_task(&self, run: RunId) -> Result<Vec<MessageRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM messages WHERE turn_id = $1 AND state = 'assigned' AND id IN
               (SELECT message_id FROM task_inputs WHERE run_id = $1 AND taken_at IS NULL)
             ORDER BY seq",
            mail::columns()
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(run.0)
            .fetch_all(&self.pool)
            .await?)
    }

    /// The repository of an open run, for whoever asks for its credentials: of exactly this task or review,
    /// run and epoch, and only while the run is wanted.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn repo_of_run(
        &self,
        owner: Uuid,
        run: RunId,
        epoch: i64,
    ) -> Result<Option<RunRepo>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT o.workspace, o.repo_url, o.created_by FROM (
               SELECT workspace, repo_url, created_by FROM tasks
               WHERE id = $1 AND open_run = $2 AND repo_url <> ''
               UNION ALL
               SELECT workspace, repo_url, created_by FROM pr_reviews WHERE id = $1 AND open_run = $2
             ) o JOIN runs r ON r.id = $2 AND r.actor_id = $1 AND r.epoch = $3 AND r.open",
        )
        .bind(owner)
        .bind(run.0)
        .bind(epoch)
        .fetch_optional(&self.pool)
        .await?)
    }
}

/// The repository of an open run.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RunRepo {
    /// Whose.
    pub workspace: String,
    /// Its address.
    pub repo_url: String,
    /// Who asked for it.
    pub created_by: String,
}

impl Step {
    /// Opens a run: takes room and a place, writes the run, and assigns the mail.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn open_task_run(
        &mut self,
        opening: &RunOpening<'_>,
    ) -> Result<OpenedRun, StoreError> {
        let Some(sandbox) = self.take_place(opening).await? else {
            return Ok(OpenedRun::NoRoom);
        };
        let task = opening.task;
        let number = task.runs_taken + 1;
        let until = self.now + TimeDelta::milliseconds(opening.provision_ms);
        sqlx::query(
            "INSERT INTO task_runs (id, task_id, number, epoch, brief, plans, fresh, prompt, sandbox_id,
                                    resumed_session, provision_until, duration_ms, started_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(opening.run.0)
        .bind(task.id.0)
        .bind(number)
        .bind(self.epoch)
        .bind(Json(&task.brief))
        .bind(opening.plans)
        .bind(task.fresh)
        .bind(opening.prompt)
        .bind(sandbox.0)
        .bind(&task.session_id)
        .bind(until)
        .bind(opening.duration_ms)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query(
            "INSERT INTO runs (id, actor_kind, actor_id, sandbox_id, epoch, runtime, created_at)
             VALUES ($1, 'task', $2, $3, $4, $5, $6)",
        )
        .bind(opening.run.0)
        .bind(task.id.0)
        .bind(sandbox.0)
        .bind(self.epoch)
        .bind(&task.spec.agent_type)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query(
            "UPDATE tasks SET runs_taken = $2, sandbox_id = $3, fresh = false, hold_until = NULL,
                    hold_reason = NULL
             WHERE id = $1",
        )
        .bind(task.id.0)
        .bind(number)
        .bind(sandbox.0)
        .execute(&mut *self.tx)
        .await?;
        self.assign(task.id, opening.run, opening.mail).await?;
        let event = NewEvent {
            actor_id: task.id.0,
            turn_id: Some(opening.run.0),
            type_name: "task:run_started",
            data: json!({ "taskId": task.id, "runId": opening.run, "number": number }),
            at: self.now,
        };
        self.tell(&[event]).await?;
        Ok(OpenedRun::At(sandbox))
    }

    /// Room is counted under a lock, and the pool's row is locked, so that two tasks never take the same.
    async fn take_place(
        &mut self,
        opening: &RunOpening<'_>,
    ) -> Result<Option<SandboxId>, StoreError> {
        let pool = opening.task.pool;
        self.take_gate().await?;
        let counted: Counted = sqlx::query_as(
            "SELECT (SELECT count(*) FROM tasks WHERE state IN ('provisioning', 'running')
                       AND (kind = 'job') = $2) AS all,
                    (SELECT count(*) FROM tasks WHERE state IN ('provisioning', 'running') AND pool_id = $1)
                      AS own",
        )
        .bind(pool.0)
        .bind(opening.task.spec.kind == TaskType::Job)
        .fetch_one(&mut *self.tx)
        .await?;
        if opening.all_max <= counted.all || opening.own_max <= counted.own {
            return Ok(None);
        }
        self.take_sandbox(&Placing {
            pool,
            worktree: opening.task.id.0,
            home: opening.task.sandbox,
            new_sandbox: opening.new_sandbox,
            bounds: opening.pool,
        })
        .await
    }

    /// From here until the end of the transaction nobody else counts or takes room.
    pub(crate) async fn take_gate(&mut self) -> Result<(), StoreError> {
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(GATE)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Takes a place in a pool, for whoever holds the gate.
    pub(crate) async fn take_sandbox(
        &mut self,
        placing: &Placing,
    ) -> Result<Option<SandboxId>, StoreError> {
        let pool = placing.pool;
        let rows: Vec<Row> = sqlx::query_as(crate::pools::INSTANCES)
            .bind(pool.0)
            .fetch_all(&mut *self.tx)
            .await?;
        let instances: Vec<Instance> = instances(rows);
        let sandbox = match place(placing.home, &instances, placing.bounds) {
            Place::At(sandbox) => sandbox,
            Place::New => self
                .cloned_before(pool)
                .await?
                .unwrap_or(placing.new_sandbox),
            Place::Full => return Ok(None),
        };
        sqlx::query(
            "INSERT INTO sandboxes (id, actor_kind, actor_id, created_at) VALUES ($1, 'pool', $2, $3)
             ON CONFLICT (id) DO UPDATE SET keep_until = NULL, dormant_since = NULL",
        )
        .bind(sandbox.0)
        .bind(pool.0)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query(
            "INSERT INTO worktrees (id, pool_id, sandbox_id) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET sandbox_id = $3, unpushed = NULL, dirty = NULL, due_at = NULL,
               asked_at = NULL, kept = NULL, discard = false",
        )
        .bind(placing.worktree)
        .bind(pool.0)
        .bind(sandbox.0)
        .execute(&mut *self.tx)
        .await?;
        Ok(Some(sandbox))
    }

    /// The sandbox of the pool that was ended last and whose files are still there. Those that somebody is
    /// about to remove are passed over.
    async fn cloned_before(&mut self, pool: PoolId) -> Result<Option<SandboxId>, StoreError> {
        let row: Option<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM sandboxes
             WHERE actor_kind = 'pool' AND actor_id = $1 AND dormant_since IS NOT NULL
             ORDER BY dormant_since DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED",
        )
        .bind(pool.0)
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.map(|(id,)| SandboxId(id)))
    }

    async fn assign(
        &mut self,
        task: TaskId,
        run: RunId,
        mail: &[MessageRow],
    ) -> Result<(), StoreError> {
        if mail.is_empty() {
            return Ok(());
        }
        let seqs: Vec<i64> = mail.iter().map(|row| row.seq).collect();
        sqlx::query(
            "WITH given AS (
               UPDATE messages SET state = 'assigned', turn_id = $2
               WHERE seq = ANY($3) AND state = 'pending' RETURNING class
             )
             UPDATE actors SET inbox_pending = inbox_pending - (SELECT count(*)::int FROM given),
                    inbox_waking = inbox_waking
                      - (SELECT count(*) FILTER (WHERE class IN ('work', 'interrupt'))::int FROM given)
             WHERE kind = 'task' AND id = $1",
        )
        .bind(task.0)
        .bind(run.0)
        .bind(seqs)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Gives waiting messages to the open run, and notes that its runner is told of them and of those it
    /// has not answered.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn steer_task(
        &mut self,
        task: TaskId,
        run: RunId,
        mail: &[MessageRow],
    ) -> Result<(), StoreError> {
        self.assign(task, run, mail).await?;
        let ids: Vec<Uuid> = mail.iter().map(|row| row.id).collect();
        sqlx::query(
            "INSERT INTO task_inputs (run_id, message_id, given_at) SELECT $1, UNNEST($2::uuid[]), $3",
        )
        .bind(run.0)
        .bind(ids)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query("UPDATE task_inputs SET given_at = $2 WHERE run_id = $1 AND taken_at IS NULL")
            .bind(run.0)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Closes a run: its outcome, its cost, the fate of its mail, and what the task keeps of it.
    ///
    /// # Errors
    /// [`StoreError::Moved`] where it is closed already.
    pub async fn close_task_run(&mut self, closed: &ClosedRun<'_>) -> Result<(), StoreError> {
        let (closing, facts) = (closed.closing, closed.facts);
        let failure = closing.failure.as_ref();
        let end = facts.end.as_ref();
        // First of all, since a pool locks its own row before those of its sandboxes.
        self.wake_pool_of("tasks").await?;
        let done = sqlx::query(
            "UPDATE task_runs SET outcome = $2, error = $3, error_class = $4, cost_usd = $5, input_tokens = $6,
                    output_tokens = $7, model_used = $8, session_id = $9, summary = $10, finished_at = $11
             WHERE id = $1 AND finished_at IS NULL",
        )
        .bind(closed.run.0)
        .bind(closing.event.name())
        .bind(failure.map(|failure| failure.message.as_str()))
        .bind(failure.map(|failure| failure.class.name()))
        .bind(end.and_then(|end| end.cost_usd))
        .bind(end.and_then(|end| end.input_tokens))
        .bind(end.and_then(|end| end.output_tokens))
        .bind(&facts.model)
        .bind(&facts.session)
        .bind(end.map(|end| end.summary.as_str()))
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Moved);
        }
        sqlx::query(
            "UPDATE runs SET open = false, state = CASE state WHEN 'unsent' THEN 'ended' ELSE state END,
                    ended_at = CASE state WHEN 'unsent' THEN $2 ELSE ended_at END
             WHERE id = $1",
        )
        .bind(closed.run.0)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        self.task_keeps(closed).await?;
        self.settle(closed.run, closing).await?;
        sqlx::query(
            "UPDATE sandboxes SET keep_until = $2 WHERE id = (SELECT sandbox_id FROM runs WHERE id = $1)",
        )
        .bind(closed.run.0)
        .bind(closed.keep_until)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn task_keeps(&mut self, closed: &ClosedRun<'_>) -> Result<(), StoreError> {
        let (closing, facts) = (closed.closing, closed.facts);
        let failure = closing.failure.as_ref();
        let end = facts.end.as_ref();
        sqlx::query(
            "UPDATE tasks SET retries = $2, rate_limits = $3, hold_until = $4, hold_reason = $5,
                    session_id = CASE WHEN $6 THEN NULL ELSE COALESCE($7, session_id) END,
                    summary = COALESCE($8, summary), error = $9, error_class = $10,
                    cost_usd = cost_usd + COALESCE($11, 0), input_tokens = input_tokens + COALESCE($12, 0),
                    output_tokens = output_tokens + COALESCE($13, 0), model_used = COALESCE($14, model_used),
                    brief = COALESCE($15, brief), verdict = COALESCE($16, verdict)
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(closing.retries)
        .bind(closing.rate_limits)
        .bind(closing.hold.as_ref().map(|hold| hold.until))
        .bind(closing.hold.as_ref().map(|hold| hold.reason.as_str()))
        .bind(closing.forget_session)
        .bind(&facts.session)
        .bind(end.map(|end| end.summary.as_str()))
        .bind(failure.map(|failure| failure.message.as_str()))
        .bind(failure.map(|failure| failure.class.name()))
        .bind(end.and_then(|end| end.cost_usd))
        .bind(end.and_then(|end| end.input_tokens))
        .bind(end.and_then(|end| end.output_tokens))
        .bind(&facts.model)
        .bind(closed.brief.map(Json))
        .bind(closed.verdict)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What the run was given while it ran and did not take goes back as if nothing had been.
    async fn settle(&mut self, run: RunId, closing: &Closing) -> Result<(), StoreError> {
        let fate = match closing.mail {
            MailFate::Consumed => "consumed",
            MailFate::GivenBack => "given back",
            MailFate::Untouched => "untouched",
        };
        let words = closing
            .failure
            .as_ref()
            .map_or(closing.reason.as_str(), |it| it.message.as_str());
        sqlx::query(
            "WITH fate AS (
               SELECT seq, CASE WHEN id IN
                   (SELECT message_id FROM task_inputs WHERE run_id = $2 AND taken_at IS NULL)
                 THEN 'untouched' ELSE $3 END AS fate
               FROM messages WHERE turn_id = $2 AND state = 'assigned'
             ), settled AS (
               UPDATE messages SET
                 attempts = attempts + CASE fate WHEN 'given back' THEN 1 ELSE 0 END,
                 failed_turns = CASE fate WHEN 'given back' THEN failed_turns || $2 ELSE failed_turns END,
                 processed_at = CASE fate WHEN 'consumed' THEN $4 END,
                 state = CASE WHEN fate = 'consumed' THEN 'consumed'
                              WHEN fate = 'untouched' OR attempts + 1 < $5 THEN 'pending' ELSE 'dead' END,
                 dead_reason = CASE WHEN fate = 'given back' AND $5 <= attempts + 1
                   THEN 'given to ' || (attempts + 1) || ' runs that failed; the last one: ' || $6::text END
               FROM fate WHERE messages.seq = fate.seq
               RETURNING messages.state, messages.class
             )
             UPDATE actors SET
               inbox_pending = inbox_pending
                 + (SELECT count(*) FILTER (WHERE state = 'pending')::int FROM settled),
               inbox_waking = inbox_waking + (SELECT count(*) FILTER
                 (WHERE state = 'pending' AND class IN ('work', 'interrupt'))::int FROM settled)
             WHERE kind = 'task' AND id = $1",
        )
        .bind(self.key.id)
        .bind(run.0)
        .bind(fate)
        .bind(self.now)
        .bind(ATTEMPTS_MAX)
        .bind(words)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
