//! One step of an actor: what it writes, all or nothing, and only on the version that was read.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, Decision, Wait},
    limits::DECISIONS_KEPT,
};
use serde_json::Value;
use sqlx::{Postgres, Transaction, postgres::PgArguments, query::QueryAs, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    actors::Version,
    clean::storable,
    metrics::{Counters, Tally},
    ownership::Fence,
};

// The path that cuts an actor's decisions, below, spells the number out.
const _: () = assert!(DECISIONS_KEPT == 10);

/// What every step of an actor begins with.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// Whose step.
    pub key: ActorKey,
    /// The version that was read; on any other nothing is written.
    pub read: Version,
    /// What it waits for from now on.
    pub wait: &'a Wait,
    /// What was decided, with the facts it saw.
    pub decision: &'a Decision,
    /// Whether another incarnation begins.
    pub new_epoch: bool,
}

/// The first part of every statement that writes a step, with the parameters 1 to 12: the version that
/// was read is taken by the owner of the actor's shard, or nothing at all is written. The other parts depend on it, so that the row of the
/// actor is locked before any other row of it: whoever locks them the other way round meets a step in a
/// deadlock. `$pending` is what the step adds to the count of waiting mail, `$waking`
/// to that of mail that wakes, `$guard` what must hold besides.
macro_rules! moved {
    ($pending:literal, $waking:literal, $guard:literal) => {
        concat!(
            "moved AS (
  UPDATE actors SET version = version + 1, epoch = epoch + $4, wake_at = $5, wait_reason = $6,
         wait_holder = $7,
         decisions = jsonb_path_query_array(jsonb_build_array($8::jsonb) || decisions, '$[0 to 9]'),
         heeds_mail = $9,
         inbox_pending = inbox_pending + ",
            $pending,
            ", inbox_waking = inbox_waking + ",
            $waking,
            "
  WHERE kind = $1 AND id = $2 AND version = $3 AND quarantined_at IS NULL
    AND ($10::uuid IS NULL OR EXISTS (SELECT FROM shards
      WHERE shard = $11 AND owner = $10 AND epoch = $12 FOR KEY SHARE))
    AND ",
            $guard,
            "
  RETURNING epoch, version, inbox_pending AS pending, inbox_waking AS waking
)"
        )
    };
}

/// The part that tells the stream what happened, with the parameters 13 to 16.
macro_rules! told {
    () => {
        "told AS (
  INSERT INTO events (actor_id, turn_id, type, data, at)
  SELECT $2, e.turn_id, e.type, e.data, $13
  FROM moved, UNNEST($14::uuid[], $15::text[], $16::jsonb[]) WITH ORDINALITY AS e (turn_id, type, data, ord)
  ORDER BY e.ord
)"
    };
}

pub(crate) use {moved, told};

/// The parameters 1 to 12.
pub(crate) fn written<'q, O>(
    statement: &'static str,
    write: &'q Write<'_>,
    fence: Fence,
) -> QueryAs<'q, Postgres, O, PgArguments>
where
    O: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
{
    sqlx::query_as(statement)
        .bind(write.key.kind.name())
        .bind(write.key.id)
        .bind(write.read.number())
        .bind(i64::from(write.new_epoch))
        .bind(write.wait.until)
        .bind(&write.wait.reason)
        .bind(&write.wait.holder)
        .bind(Json(write.decision))
        .bind(write.wait.heeds_mail)
        .bind(fence.owner)
        .bind(fence.shard)
        .bind(fence.epoch)
}

/// The parameters 1 to 16.
///
/// # Errors
/// [`StoreError`] when an event cannot be stored.
pub(crate) fn written_and_told<'q, O>(
    statement: &'static str,
    write: &'q Write<'_>,
    fence: Fence,
    events: &'q [NewEvent],
) -> Result<QueryAs<'q, Postgres, O, PgArguments>, StoreError>
where
    O: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
{
    let turns: Vec<Option<Uuid>> = events.iter().map(|event| event.turn_id).collect();
    let types: Vec<&str> = events.iter().map(|event| event.type_name).collect();
    let data = events
        .iter()
        .map(|event| storable(&event.data))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(written(statement, write, fence)
        .bind(write.decision.at)
        .bind(turns)
        .bind(types)
        .bind(data))
}

const STEP: &str = concat!(
    "WITH ",
    moved!("0", "0", "true"),
    " SELECT epoch FROM moved"
);

/// A step that needs several statements. Dropping it without [`Step::commit`] leaves everything as it was.
#[derive(Debug)]
pub struct Step {
    pub(crate) tx: Transaction<'static, Postgres>,
    pub(crate) key: ActorKey,
    /// The actor's epoch within this step.
    pub epoch: i64,
    /// The version that is written.
    pub(crate) version: i64,
    pub(crate) now: DateTime<Utc>,
    /// What is counted once it is so.
    pub(crate) tally: Tally,
    pub(crate) counters: Arc<Counters>,
}

/// Something that happened, for the live stream.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// What it is about.
    pub actor_id: Uuid,
    /// The turn it belongs to.
    pub turn_id: Option<Uuid>,
    /// Such as `persistent_agent:log`.
    pub type_name: &'static str,
    /// The event as clients get it.
    pub data: Value,
    /// When it happened.
    pub at: DateTime<Utc>,
}

impl Store {
    /// Begins a step of several statements on the version that was read. `new_epoch` starts another
    /// incarnation.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when somebody else took a step since, [`StoreError::NotOwner`] when the
    /// actor is not ours.
    pub async fn step(
        &self,
        key: ActorKey,
        read: Version,
        wait: &Wait,
        decision: &Decision,
        new_epoch: bool,
    ) -> Result<Step, StoreError> {
        let write = Write {
            key,
            read,
            wait,
            decision,
            new_epoch,
        };
        let fence = self.fence(key)?;
        let mut tx = self.pool.begin().await?;
        let row: Option<(i64,)> = written(STEP, &write, fence)
            .fetch_optional(&mut *tx)
            .await?;
        let Some((epoch,)) = row else {
            return Err(self.why_unwritten(fence, &mut *tx).await?);
        };
        Ok(Step {
            tx,
            key,
            epoch,
            version: read.number() + 1,
            now: decision.at,
            tally: Tally::default(),
            counters: Arc::clone(&self.counters),
        })
    }

    /// Writes only what an actor waits for, where nothing else changed.
    ///
    /// # Errors
    /// As [`Store::step`].
    pub async fn wait(&self, key: ActorKey, read: Version, wait: &Wait) -> Result<(), StoreError> {
        let fence = self.fence(key)?;
        let done = sqlx::query(
            "UPDATE actors SET wake_at = $4, wait_reason = $5, wait_holder = $6, heeds_mail = $10
             WHERE kind = $1 AND id = $2 AND version = $3 AND quarantined_at IS NULL
               AND ($7::uuid IS NULL OR EXISTS (SELECT FROM shards
                 WHERE shard = $8 AND owner = $7 AND epoch = $9 FOR KEY SHARE))",
        )
        .bind(key.kind.name())
        .bind(key.id)
        .bind(read.number())
        .bind(wait.until)
        .bind(&wait.reason)
        .bind(&wait.holder)
        .bind(fence.owner)
        .bind(fence.shard)
        .bind(fence.epoch)
        .bind(wait.heeds_mail)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 {
            Err(self.why_unwritten(fence, &self.pool).await?)
        } else {
            Ok(())
        }
    }
}

impl Step {
    /// Makes it so.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses; then nothing was written, or, where the connection
    /// broke during the commit, it is unknown and the actor looks again.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await?;
        self.counters.tally(self.tally);
        Ok(())
    }

    /// Writes what happened.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn tell(&mut self, events: &[NewEvent]) -> Result<(), StoreError> {
        tell(&mut self.tx, events).await
    }
}

/// Writes events inside whatever transaction made them so.
pub(crate) async fn tell(
    tx: &mut Transaction<'_, Postgres>,
    events: &[NewEvent],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let actors: Vec<Uuid> = events.iter().map(|event| event.actor_id).collect();
    let turns: Vec<Option<Uuid>> = events.iter().map(|event| event.turn_id).collect();
    let types: Vec<&str> = events.iter().map(|event| event.type_name).collect();
    let data = events
        .iter()
        .map(|event| storable(&event.data))
        .collect::<Result<Vec<_>, _>>()?;
    let at: Vec<DateTime<Utc>> = events.iter().map(|event| event.at).collect();
    sqlx::query(
        "INSERT INTO events (actor_id, turn_id, type, data, at)
         SELECT a, t, y, d, w FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[])
                WITH ORDINALITY AS e (a, t, y, d, w, ord) ORDER BY ord",
    )
    .bind(actors)
    .bind(turns)
    .bind(types)
    .bind(data)
    .bind(at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
