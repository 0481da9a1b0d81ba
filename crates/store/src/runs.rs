//! Runs: what their runners report, stored once, or refused and kept.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind},
    agent::warm::Service,
    id::{RunId, SandboxId},
    sandbox::SandboxSpec,
    transcript::Facts,
    wire::{checkout::WorktreeState, runner::Ended},
};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    actors::Version,
    clean::storable,
    run_files::{self, FilesIntake},
    step::{NewEvent, Step, Write, moved, written},
    tasks,
    turns::{InputAnswer, steering},
};

/// A run as far as taking in its reports needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Which.
    pub run: RunId,
    /// Whose.
    pub actor: ActorKey,
    /// Where it runs.
    pub sandbox: SandboxId,
    /// Its epoch.
    pub epoch: i64,
    /// Which agent program.
    pub runtime: String,
    /// Whether somebody still wants it.
    pub open: bool,
    /// Whether nothing of it is alive.
    pub ended: bool,
    /// The last event that is stored.
    pub acked_seq: i64,
    /// What its output told so far.
    pub facts: Facts,
}

#[derive(FromRow)]
struct RawRun {
    actor_kind: String,
    actor_id: Uuid,
    sandbox_id: Uuid,
    epoch: i64,
    runtime: String,
    state: String,
    open: bool,
    acked_seq: i64,
    facts: Json<Facts>,
}

/// What a batch of a run's events amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Intake {
    /// Which run.
    pub run: RunId,
    /// Whose.
    pub actor: ActorKey,
    /// Under which epoch it was reported.
    pub epoch: i64,
    /// The last event stored before.
    pub after_seq: i64,
    /// The last event of the batch.
    pub up_to_seq: i64,
    /// What its output told, this batch included.
    pub facts: Facts,
    /// When its process started, where this batch says so.
    pub started_at: Option<DateTime<Utc>>,
    /// The process that serves it, where this batch says so.
    pub process: Option<RunId>,
    /// How it ended, where this batch says so.
    pub ended: Option<(Ended, DateTime<Utc>)>,
    /// Processor time in milliseconds and resident bytes, where this batch says so.
    pub sample: Option<(i64, i64)>,
    /// What the runner says about inputs, in order.
    pub inputs: Vec<InputAnswer>,
    /// What its worktree holds, where this batch says so.
    pub worktree: Option<WorktreeState>,
    /// What it says of the run's files, where it says anything.
    pub files: Option<FilesIntake>,
    /// For the live stream and the transcript.
    pub events: Vec<NewEvent>,
}

impl Intake {
    /// Whether all it changes is its run.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.inputs.is_empty() && self.worktree.is_none() && self.files.is_none()
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenIn {
    /// It is stored.
    Stored,
    /// The run is over or of another epoch: nothing counts.
    Stale,
    /// The run has moved since it was read: read it again.
    Moved,
}

/// The event that nothing is alive any more is a fact about processes, so it counts even where the run
/// is no longer wanted; whatever else such a run says does not.
const TAKE_IN: &str = "
WITH taken AS (
  UPDATE runs SET acked_seq = $4,
         facts = CASE WHEN open THEN $5 ELSE facts END,
         started_at = CASE WHEN open THEN COALESCE(started_at, $6) ELSE started_at END,
         ended = CASE WHEN open THEN COALESCE($7, ended) ELSE ended END,
         ended_at = COALESCE($8, ended_at),
         cpu_ms = COALESCE($9, cpu_ms),
         rss_bytes_max = GREATEST($10, rss_bytes_max),
         process_id = COALESCE($16, process_id),
         state = CASE WHEN $8 IS NOT NULL THEN 'ended'
                      WHEN $6 IS NOT NULL AND state <> 'ended' THEN 'started'
                      ELSE state END
  WHERE id = $1 AND epoch = $2 AND acked_seq = $3
  RETURNING open
), told AS (
  INSERT INTO events (actor_id, turn_id, type, data, at)
  SELECT e.actor_id, e.turn_id, e.type, e.data, e.at
  FROM taken, UNNEST($11::uuid[], $12::uuid[], $13::text[], $14::jsonb[], $15::timestamptz[])
       WITH ORDINALITY AS e (actor_id, turn_id, type, data, at, ord)
  WHERE taken.open ORDER BY e.ord
)
SELECT open FROM taken";

impl Store {
    /// Reads a run.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn run(&self, run: RunId) -> Result<Option<RunRow>, StoreError> {
        let row: Option<RawRun> = sqlx::query_as(
            "SELECT actor_kind, actor_id, sandbox_id, epoch, runtime, state, open, acked_seq, facts
             FROM runs WHERE id = $1",
        )
        .bind(run.0)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let kind = ActorKind::parse(&row.actor_kind)
            .ok_or_else(|| StoreError::Corrupt(format!("run {run} of a {}", row.actor_kind)))?;
        Ok(Some(RunRow {
            run,
            actor: ActorKey {
                kind,
                id: row.actor_id,
            },
            sandbox: SandboxId(row.sandbox_id),
            epoch: row.epoch,
            runtime: row.runtime,
            open: row.open,
            ended: row.state == "ended",
            acked_seq: row.acked_seq,
            facts: row.facts.0,
        }))
    }

    /// Stores a batch of a run's events, once: only on the sequence number that was read, and only
    /// while the run is wanted under its epoch.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then nothing was stored.
    pub async fn take_in(&self, intake: &Intake) -> Result<TakenIn, StoreError> {
        let (ended, ended_at) = match &intake.ended {
            Some((ended, at)) => (Some(storable(ended)?), Some(*at)),
            None => (None, None),
        };
        let events = &intake.events;
        let data = events
            .iter()
            .map(|event| storable(&event.data))
            .collect::<Result<Vec<_>, _>>()?;
        let row = sqlx::query_as::<_, (bool,)>(TAKE_IN)
            .bind(intake.run.0)
            .bind(intake.epoch)
            .bind(intake.after_seq)
            .bind(intake.up_to_seq)
            .bind(storable(&intake.facts)?)
            .bind(intake.started_at)
            .bind(ended)
            .bind(ended_at)
            .bind(intake.sample.map(|(cpu_ms, _)| cpu_ms))
            .bind(intake.sample.map(|(_, rss)| rss))
            .bind(
                events
                    .iter()
                    .map(|event| event.actor_id)
                    .collect::<Vec<_>>(),
            )
            .bind(events.iter().map(|event| event.turn_id).collect::<Vec<_>>())
            .bind(
                events
                    .iter()
                    .map(|event| event.type_name)
                    .collect::<Vec<_>>(),
            )
            .bind(data)
            .bind(events.iter().map(|event| event.at).collect::<Vec<_>>())
            .bind(intake.process.map(|process| process.0));
        let row = if intake.is_plain() {
            row.fetch_optional(&self.pool).await?
        } else {
            let mut tx = self.pool.begin().await?;
            let row = row.fetch_optional(&mut *tx).await?;
            if row == Some((true,)) {
                steering::answered(&mut tx, intake.actor, intake.run, &intake.inputs).await?;
                if let Some(worktree) = &intake.worktree {
                    tasks::left(&mut tx, intake.actor, worktree).await?;
                }
                if let Some(files) = &intake.files {
                    run_files::take_in(&mut tx, intake.run, files).await?;
                }
            }
            tx.commit().await?;
            row
        };
        Ok(match row {
            None => TakenIn::Moved,
            Some((false,)) => TakenIn::Stale,
            Some((true,)) => TakenIn::Stored,
        })
    }

    /// All sandboxes that are kept, and whether a run in them is not known to be gone.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn sandboxes(&self) -> Result<Vec<(SandboxId, bool)>, StoreError> {
        let rows: Vec<(Uuid, bool)> = sqlx::query_as(
            "SELECT s.id, EXISTS (SELECT 1 FROM runs r
               WHERE r.sandbox_id = s.id AND r.state <> 'ended')
             FROM sandboxes s",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, busy)| (SandboxId(id), busy))
            .collect())
    }

    /// The sandboxes in which something may run, and all whose files belong to somebody.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn known_sandboxes(
        &self,
    ) -> Result<(BTreeSet<SandboxId>, BTreeSet<SandboxId>), StoreError> {
        // An agent keeps its files under its own identity, also while it has no sandbox, and a pool what
        // its sandboxes share.
        let rows: Vec<(Uuid, bool)> = sqlx::query_as(
            "SELECT id, dormant_since IS NULL FROM sandboxes
             UNION ALL SELECT id, false FROM agents
             UNION ALL SELECT p.id, false FROM pools p
             WHERE EXISTS (SELECT FROM jobs j WHERE j.id = p.job_id AND j.deleted_at IS NULL)
                OR EXISTS (SELECT FROM repos r WHERE r.workspace = p.workspace AND r.repo_url = p.repo_url)",
        )
        .fetch_all(&self.pool)
        .await?;
        let wanted = rows.iter().filter(|(_, wanted)| *wanted);
        Ok((
            wanted.map(|(id, _)| SandboxId(*id)).collect(),
            rows.iter().map(|(id, _)| SandboxId(*id)).collect(),
        ))
    }

    /// What people decided about the sandboxes of an actor, and what its runs find where it is a job's.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn sandbox_spec(
        &self,
        owner: ActorKey,
    ) -> Result<(SandboxSpec, Option<Value>), StoreError> {
        let found: Option<(Json<SandboxSpec>, Option<Value>)> = sqlx::query_as(
            "SELECT sandbox, NULL::jsonb FROM agents WHERE $1 = 'agent' AND id = $2
             UNION ALL SELECT j.sandbox, j.environment FROM pools p JOIN jobs j ON j.id = p.job_id
             WHERE $1 = 'pool' AND p.id = $2
             UNION ALL SELECT r.sandbox, NULL FROM pools p
             JOIN repos r ON r.workspace = p.workspace AND r.repo_url = p.repo_url
             WHERE $1 = 'pool' AND p.id = $2",
        )
        .bind(owner.kind.name())
        .bind(owner.id)
        .fetch_optional(&self.pool)
        .await?;
        Ok(found
            .map(|(Json(spec), environment)| (spec, environment))
            .unwrap_or_default())
    }

    /// Whose a sandbox is.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn sandbox_owner(&self, sandbox: SandboxId) -> Result<Option<ActorKey>, StoreError> {
        let row: Option<(String, Uuid)> =
            sqlx::query_as("SELECT actor_kind, actor_id FROM sandboxes WHERE id = $1")
                .bind(sandbox.0)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.and_then(|(kind, id)| ActorKind::parse(&kind).map(|kind| ActorKey { kind, id })))
    }

    /// Keeps a report that was refused.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn refuse(&self, refused: &RefusedReport) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO refused_reports
               (run_id, actor_kind, actor_id, epoch, current_epoch, reason, report, at)
             SELECT $1, $2, $3, $4, (SELECT epoch FROM actors WHERE kind = $2 AND id = $3), $5, $6, $7",
        )
        .bind(refused.run.0)
        .bind(refused.actor.map(|actor| actor.kind.name()))
        .bind(refused.actor.map(|actor| actor.id))
        .bind(refused.epoch)
        .bind(&refused.reason)
        .bind(storable(&refused.report)?)
        .bind(refused.at)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The last reports of an actor's runs that were refused, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn refused(&self, actor: ActorKey, max: i64) -> Result<Vec<RefusedRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT run_id, epoch, current_epoch, reason, report, at FROM refused_reports
             WHERE actor_kind = $1 AND actor_id = $2 ORDER BY id DESC LIMIT $3",
        )
        .bind(actor.kind.name())
        .bind(actor.id)
        .bind(max)
        .fetch_all(&self.pool)
        .await?)
    }
}

/// A report that was refused, to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusedReport {
    /// The run it spoke of.
    pub run: RunId,
    /// Whose run, where it is known.
    pub actor: Option<ActorKey>,
    /// The epoch it claimed.
    pub epoch: i64,
    /// Why it was refused.
    pub reason: String,
    /// What it said.
    pub report: Value,
    /// When it came.
    pub at: DateTime<Utc>,
}

/// A refused report as the API shows it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct RefusedRow {
    /// The run it spoke of.
    pub run_id: Uuid,
    /// The epoch it claimed.
    pub epoch: i64,
    /// The actor's epoch at that time.
    pub current_epoch: Option<i64>,
    /// Why it was refused.
    pub reason: String,
    /// What it said.
    pub report: Value,
    /// When it came.
    pub at: DateTime<Utc>,
}

const SENT: &str = concat!(
    "WITH ",
    moved!("0", "0", "true"),
    ", run AS (
  UPDATE runs SET sent_at = COALESCE(sent_at, $14), process_id = $15, setting = $16,
         state = CASE state WHEN 'unsent' THEN 'sent' ELSE state END
  FROM moved WHERE id = $13
)
SELECT version FROM moved"
);

impl Store {
    /// A step that notes that a runner is about to be given the run, and who is to serve it. Answers with
    /// the version that was written.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when somebody else took a step since.
    pub async fn run_sent(
        &self,
        write: &Write<'_>,
        run: RunId,
        service: &Service,
    ) -> Result<Version, StoreError> {
        let fence = self.fence(write.key)?;
        let row: Option<(i64,)> = written(SENT, write, fence)
            .bind(run.0)
            .bind(write.decision.at)
            .bind(service.process(run).0)
            .bind(service.setting.as_ref().map(Json))
            .fetch_optional(&self.pool)
            .await?;
        match row {
            Some((version,)) => Ok(Version::read(version)),
            None => Err(self.why_unwritten(fence, &self.pool).await?),
        }
    }
}

impl Step {
    /// The runner is about to be asked to end the run, perhaps not for the first time.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn stop_asked_again(&mut self, run: RunId) -> Result<(), StoreError> {
        sqlx::query("UPDATE runs SET stop_asked_at = $2 WHERE id = $1")
            .bind(run.0)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The runner is about to be asked to end the run.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn stop_asked(&mut self, run: RunId) -> Result<(), StoreError> {
        sqlx::query("UPDATE runs SET stop_asked_at = COALESCE(stop_asked_at, $2) WHERE id = $1")
            .bind(run.0)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}
