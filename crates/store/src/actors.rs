//! The engine's rows: who is due, who fell, who is left alone.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind, Decision, Wait},
    ownership::Shard,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, ownership::numbers};

/// The version of an actor's row. Only a read can make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(i64);

impl Version {
    pub(crate) fn read(version: i64) -> Self {
        Self(version)
    }

    /// The number, for people to compare.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

/// An actor as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ActorRow {
    /// Its address.
    pub key: ActorKey,
    /// Its incarnation.
    pub epoch: i64,
    /// The version that was read.
    pub version: Version,
    /// Messages that wait.
    pub pending: i32,
    /// What it waits for.
    pub wait: Wait,
    /// Its last decisions, newest first.
    pub decisions: Vec<Decision>,
    /// Since when and why it is left alone.
    pub quarantine: Option<(DateTime<Utc>, String)>,
}

#[derive(FromRow)]
struct RawActor {
    epoch: i64,
    version: i64,
    inbox_pending: i32,
    wake_at: Option<DateTime<Utc>>,
    wait_reason: String,
    wait_holder: String,
    heeds_mail: bool,
    decisions: sqlx::types::Json<Vec<Decision>>,
    quarantined_at: Option<DateTime<Utc>>,
    quarantine_reason: Option<String>,
}

impl Store {
    /// Reads an actor's row.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn actor(&self, key: ActorKey) -> Result<Option<ActorRow>, StoreError> {
        let row: Option<RawActor> = sqlx::query_as(
            "SELECT epoch, version, inbox_pending, wake_at, wait_reason, wait_holder, heeds_mail,
                    decisions, quarantined_at, quarantine_reason
             FROM actors WHERE kind = $1 AND id = $2",
        )
        .bind(key.kind.name())
        .bind(key.id)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| ActorRow {
            key,
            epoch: row.epoch,
            version: Version::read(row.version),
            pending: row.inbox_pending,
            wait: Wait {
                reason: row.wait_reason,
                holder: row.wait_holder,
                until: row.wake_at,
                heeds_mail: row.heeds_mail,
            },
            decisions: row.decisions.0,
            quarantine: row
                .quarantined_at
                .map(|at| (at, row.quarantine_reason.unwrap_or_default())),
        }))
    }

    /// One page of the actors whose time has come, the longest overdue first, after `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn due(
        &self,
        now: DateTime<Utc>,
        after: Option<(DateTime<Utc>, ActorKey)>,
        max: i64,
    ) -> Result<Vec<(DateTime<Utc>, ActorKey)>, StoreError> {
        let rows: Vec<(DateTime<Utc>, String, Uuid)> = sqlx::query_as(
            "SELECT wake_at, kind, id FROM actors
             WHERE wake_at <= $1 AND quarantined_at IS NULL
               AND COALESCE((wake_at, kind, id) > ($2, $3, $4), true)
               AND ($6::smallint[] IS NULL OR shard = ANY($6))
             ORDER BY wake_at, kind, id LIMIT $5",
        )
        .bind(now)
        .bind(after.map(|(at, _)| at))
        .bind(after.map(|(_, key)| key.kind.name()))
        .bind(after.map(|(_, key)| key.id))
        .bind(max)
        .bind(self.shards())
        .fetch_all(&self.pool)
        .await?;
        let parse = |kind: &str, id| ActorKind::parse(kind).map(|kind| ActorKey { kind, id });
        Ok(rows
            .into_iter()
            .filter_map(|(at, kind, id)| Some((at, parse(&kind, id)?)))
            .collect())
    }

    /// When the next actor that is not due yet will be.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn next_due(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
        let (next,): (Option<DateTime<Utc>>,) = sqlx::query_as(
            "SELECT min(wake_at) FROM actors WHERE $1 < wake_at AND quarantined_at IS NULL
               AND ($2::smallint[] IS NULL OR shard = ANY($2))",
        )
        .bind(now)
        .bind(self.shards())
        .fetch_one(&self.pool)
        .await?;
        Ok(next)
    }

    /// Actors of ours with mail that they have not acted on although it ends their wait, after `after`
    /// in the order of their shards and ids. Whoever waits for something else is not among them: time or
    /// a person ends that.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn with_mail(
        &self,
        after: Option<ActorKey>,
        max: i64,
    ) -> Result<Vec<ActorKey>, StoreError> {
        self.with_mail_of(self.shards(), after, max).await
    }

    /// The same, of these shards alone.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn with_mail_in(
        &self,
        shards: &[Shard],
        after: Option<ActorKey>,
        max: i64,
    ) -> Result<Vec<ActorKey>, StoreError> {
        self.with_mail_of(Some(numbers(shards)), after, max).await
    }

    async fn with_mail_of(
        &self,
        shards: Option<Vec<i16>>,
        after: Option<ActorKey>,
        max: i64,
    ) -> Result<Vec<ActorKey>, StoreError> {
        let (shard, kind, id) = after.map_or((-1, String::new(), Uuid::nil()), |key| {
            (
                Shard::of(key.id).number(),
                key.kind.name().to_owned(),
                key.id,
            )
        });
        self.keys(
            sqlx::query_as(
                "SELECT kind, id FROM actors
                 WHERE 0 < inbox_waking AND heeds_mail AND quarantined_at IS NULL
                   AND ($1, $2, $3) < (shard, kind, id)
                   AND ($5::smallint[] IS NULL OR shard = ANY($5))
                 ORDER BY shard, kind, id LIMIT $4",
            )
            .bind(shard)
            .bind(kind)
            .bind(id)
            .bind(max)
            .bind(shards),
        )
        .await
    }

    /// Actors of ours with work in the world: an open turn, a run that is not known to be gone, or one whose end
    /// was taken in and not acted on: whoever was told so may have been killed before.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn in_flight(&self) -> Result<Vec<ActorKey>, StoreError> {
        self.in_flight_of(self.shards()).await
    }

    /// The same, of these shards alone.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn in_flight_in(&self, shards: &[Shard]) -> Result<Vec<ActorKey>, StoreError> {
        self.in_flight_of(Some(numbers(shards))).await
    }

    async fn in_flight_of(&self, shards: Option<Vec<i16>>) -> Result<Vec<ActorKey>, StoreError> {
        self.keys(
            sqlx::query_as(
                "SELECT kind, id FROM (
                   SELECT 'agent' AS kind, agent_id AS id FROM turns WHERE finished_at IS NULL
                   UNION SELECT actor_kind, actor_id FROM runs WHERE state <> 'ended'
                   UNION SELECT actor_kind, actor_id FROM runs WHERE open
                 ) AS busy WHERE $1::smallint[] IS NULL OR shard_of(id) = ANY($1)",
            )
            .bind(shards),
        )
        .await
    }

    async fn keys(
        &self,
        query: sqlx::query::QueryAs<
            '_,
            sqlx::Postgres,
            (String, Uuid),
            sqlx::postgres::PgArguments,
        >,
    ) -> Result<Vec<ActorKey>, StoreError> {
        let rows = query.fetch_all(&self.pool).await?;
        Ok(rows
            .into_iter()
            .filter_map(|(kind, id)| ActorKind::parse(&kind).map(|kind| ActorKey { kind, id }))
            .collect())
    }

    /// Leaves an actor alone until a person lifts it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away, [`StoreError::NotOwner`] when the actor is not ours.
    pub async fn quarantine(
        &self,
        key: ActorKey,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let fence = self.fence(key)?;
        let done = sqlx::query(
            "UPDATE actors SET quarantined_at = $3, quarantine_reason = $4, wake_at = NULL,
                    wait_reason = 'quarantined: ' || $4, wait_holder = 'a person: lift it',
                    version = version + 1
             WHERE kind = $1 AND id = $2
               AND ($5::uuid IS NULL OR EXISTS (SELECT FROM shards
                 WHERE shard = $6 AND owner = $5 AND epoch = $7 FOR KEY SHARE))",
        )
        .bind(key.kind.name())
        .bind(key.id)
        .bind(now)
        .bind(reason)
        .bind(fence.owner)
        .bind(fence.shard)
        .bind(fence.epoch)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 {
            let why = self.why_unwritten(fence, &self.pool).await?;
            // Where it is ours, the actor is gone: nobody is left to be left alone.
            if !matches!(why, StoreError::Moved) {
                return Err(why);
            }
        }
        Ok(())
    }

    /// Lifts a quarantine. False when there was none.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn lift_quarantine(
        &self,
        key: ActorKey,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE actors SET quarantined_at = NULL, quarantine_reason = NULL, wake_at = $3,
                    wait_reason = 'quarantine lifted', wait_holder = 'the control plane',
                    version = version + 1
             WHERE kind = $1 AND id = $2 AND quarantined_at IS NOT NULL",
        )
        .bind(key.kind.name())
        .bind(key.id)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
