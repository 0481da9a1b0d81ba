//! The rows of replicas and shards. Time is the database's, so that a replica's clock does not
//! matter.

use std::{str::FromStr as _, time::Duration};

use chrono::{DateTime, Utc};
use optio_domain::{
    id::ReplicaId,
    ownership::{Role, Shard},
};
use sqlx::{
    FromRow,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
};
use uuid::Uuid;

use super::{numbers, words::Listener};
use crate::{StoreError, with_settings};

/// Its own connections: a renewal must not wait behind the work that it guards. One listens, one
/// carries words, one renews.
const CONNECTIONS_MAX: u32 = 3;
/// Seconds for which a replica that is gone is still shown.
const SHOWN_SECONDS: f64 = 60.0;

/// The table of replicas and who owns what.
#[derive(Debug, Clone)]
pub struct Registry {
    pub(crate) pool: PgPool,
}

/// A replica, as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaRow {
    /// Which.
    pub id: ReplicaId,
    /// Where runners and other replicas reach it.
    pub url: String,
    /// What it does.
    pub role: Role,
    /// Since when.
    pub started_at: DateTime<Utc>,
    /// Until when it may act without another renewal.
    pub lease_until: DateTime<Utc>,
    /// How long that is from now, by the database's clock; nothing where it is over.
    pub left: Duration,
    /// Whether it is about to leave.
    pub stopping: bool,
    /// Whether somebody follows a live stream there.
    pub listening: bool,
    /// What it owns, with the epochs.
    pub shards: Vec<(Shard, i64)>,
}

impl ReplicaRow {
    /// Whether its lease holds.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.left.is_zero()
    }

    /// Whether it takes its share of the shards.
    #[must_use]
    pub fn shares(&self) -> bool {
        self.is_alive() && !self.stopping && self.role.runs_actors()
    }
}

#[derive(FromRow)]
struct RawReplica {
    id: Uuid,
    url: String,
    role: String,
    started_at: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    left: f64,
    stopping: bool,
    listening: bool,
    shards: Vec<i16>,
    epochs: Vec<i64>,
}

impl Registry {
    /// Connects.
    ///
    /// # Errors
    /// As [`crate::Store::connect`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| StoreError::Corrupt(format!("database URL: {error}")))?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(crate::ACQUIRE_MAX)
            .connect_with(with_settings(options).application_name("optio-leases"))
            .await?;
        Ok(Self { pool })
    }

    /// Adds a replica with a fresh lease. It owns nothing yet. Where it `replaces` whoever had its
    /// address before, nobody waits for the end of that one's lease.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn join(
        &self,
        me: ReplicaId,
        url: &str,
        role: Role,
        lease: Duration,
        replaces: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "WITH former AS (DELETE FROM replicas WHERE $5 AND url = $2)
             INSERT INTO replicas (id, url, role, started_at, lease_until)
             SELECT $1, $2, $3, now, now + make_interval(secs => $4) FROM clock_timestamp() AS now",
        )
        .bind(me.0)
        .bind(url)
        .bind(role.name())
        .bind(lease.as_secs_f64())
        .bind(replaces)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Renews a lease that is not over. False when it is: then whatever it owned may be another's.
    ///
    /// Nobody's lease ends later than one that begins now: were the clock of the database set back,
    /// whoever died before that would own its shards for as long as the clock was ahead.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn renew(
        &self,
        me: ReplicaId,
        lease: Duration,
        listening: bool,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "WITH ahead AS (
               SELECT id FROM replicas
               WHERE id <> $1 AND clock_timestamp() + make_interval(secs => $2) < lease_until
               FOR UPDATE SKIP LOCKED
             ), clipped AS (
               UPDATE replicas SET lease_until = clock_timestamp() + make_interval(secs => $2)
               FROM ahead WHERE replicas.id = ahead.id
             )
             UPDATE replicas SET lease_until = clock_timestamp() + make_interval(secs => $2),
                    listening = $3
             WHERE id = $1 AND clock_timestamp() < lease_until",
        )
        .bind(me.0)
        .bind(lease.as_secs_f64())
        .bind(listening)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Everybody who is there, or was a moment ago, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn replicas(&self) -> Result<Vec<ReplicaRow>, StoreError> {
        replicas(&self.pool).await
    }

    /// Takes up to `max` shards that nobody owns whose lease holds. A shard that is being written
    /// about, or taken by somebody else at this moment, is left out.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn claim(&self, me: ReplicaId, max: usize) -> Result<Vec<(Shard, i64)>, StoreError> {
        // A replica whose row is being renewed is locked, and so not seen as dead.
        let rows: Vec<(i16, i64)> = sqlx::query_as(
            "WITH dead AS (
               SELECT id FROM replicas WHERE lease_until <= clock_timestamp()
               FOR UPDATE SKIP LOCKED
             ), free AS (
               SELECT shard FROM shards
               WHERE owner IS NULL OR owner IN (SELECT id FROM dead)
                  OR NOT EXISTS (SELECT FROM replicas WHERE replicas.id = shards.owner)
               ORDER BY shard LIMIT $2 FOR UPDATE OF shards SKIP LOCKED
             )
             UPDATE shards SET owner = $1, epoch = epoch + 1, since = clock_timestamp()
             FROM free WHERE shards.shard = free.shard AND EXISTS
               (SELECT FROM replicas WHERE id = $1 AND clock_timestamp() < lease_until
                  AND NOT stopping)
             RETURNING shards.shard, shards.epoch",
        )
        .bind(me.0)
        .bind(i64::try_from(max).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .filter_map(|(shard, epoch)| Some((Shard::at(shard)?, epoch)))
            .collect())
    }

    /// Gives shards back, once no write about their actors is under way.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn release(&self, me: ReplicaId, shards: &[Shard]) -> Result<(), StoreError> {
        sqlx::query(
            "WITH mine AS (
               SELECT shard FROM shards WHERE shard = ANY($2) AND owner = $1
               ORDER BY shard FOR UPDATE
             )
             UPDATE shards SET owner = NULL, since = clock_timestamp()
             FROM mine WHERE shards.shard = mine.shard",
        )
        .bind(me.0)
        .bind(numbers(shards))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Says that a replica is about to leave.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn stopping(&self, me: ReplicaId) -> Result<(), StoreError> {
        sqlx::query("UPDATE replicas SET stopping = true WHERE id = $1")
            .bind(me.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Removes a replica that has left.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn leave(&self, me: ReplicaId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM replicas WHERE id = $1")
            .bind(me.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Removes replicas that have been gone for a while.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM replicas WHERE lease_until < clock_timestamp() - make_interval(secs => $1)",
        )
        .bind(SHOWN_SECONDS)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Says words to whoever listens on a channel: pairs of channel and words.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; words may be lost then.
    pub async fn say(&self, words: &[(String, String)]) -> Result<(), StoreError> {
        let (channels, words): (Vec<&str>, Vec<&str>) = words
            .iter()
            .map(|(channel, words)| (channel.as_str(), words.as_str()))
            .unzip();
        sqlx::query("SELECT pg_notify(c, w) FROM UNNEST($1::text[], $2::text[]) AS said (c, w)")
            .bind(channels)
            .bind(words)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Listens on these channels, over a connection of its own.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn listen(&self, channels: &[String]) -> Result<Listener, StoreError> {
        Listener::start(&self.pool, channels).await
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl crate::Store {
    /// Every control plane of this database that is there, or was a moment ago, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn replicas(&self) -> Result<Vec<ReplicaRow>, StoreError> {
        replicas(&self.pool).await
    }
}

async fn replicas(pool: &PgPool) -> Result<Vec<ReplicaRow>, StoreError> {
    let rows: Vec<RawReplica> = sqlx::query_as(
        "SELECT r.id, r.url, r.role, r.started_at, r.lease_until, r.stopping, r.listening,
                GREATEST(EXTRACT(epoch FROM r.lease_until - clock_timestamp()), 0)::float8 AS left,
                COALESCE(array_agg(s.shard ORDER BY s.shard) FILTER (WHERE s.shard IS NOT NULL),
                  '{}') AS shards,
                COALESCE(array_agg(s.epoch ORDER BY s.shard) FILTER (WHERE s.shard IS NOT NULL),
                  '{}') AS epochs
         FROM replicas r LEFT JOIN shards s ON s.owner = r.id
         GROUP BY r.id ORDER BY r.started_at, r.id",
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(replica).collect()
}

fn replica(row: RawReplica) -> Result<ReplicaRow, StoreError> {
    let role = Role::parse(&row.role)
        .ok_or_else(|| StoreError::Corrupt(format!("the role `{}` of a replica", row.role)))?;
    Ok(ReplicaRow {
        id: ReplicaId(row.id),
        url: row.url,
        role,
        started_at: row.started_at,
        lease_until: row.lease_until,
        left: Duration::try_from_secs_f64(row.left).unwrap_or_default(),
        stopping: row.stopping,
        listening: row.listening,
        shards: row
            .shards
            .into_iter()
            .zip(row.epochs)
            .filter_map(|(shard, epoch)| Some((Shard::at(shard)?, epoch)))
            .collect(),
    })
}
