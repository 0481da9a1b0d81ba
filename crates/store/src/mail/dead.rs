//! Dead letters: what was given up, until a person replays or discards it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::{AgentId, MessageId},
};
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use super::{COLUMNS, MessageRow};
use crate::{Store, StoreError};

/// Which dead letters are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(MessageId),
    /// The oldest of an agent.
    OfAgent(AgentId),
    /// The oldest of all agents.
    OfAll,
}

/// What a person does with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Back into its inbox, as if it had never been tried.
    Replay,
    /// Given up for good; its record stays.
    Discard,
}

/// What became of dead letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many there were.
    pub count: i64,
    /// Whose inboxes they are in.
    pub receivers: BTreeSet<ActorKey>,
}

/// A turn that failed with a dead letter, as far as it is still known.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct FailedTurn {
    /// Which.
    pub id: Uuid,
    /// Its number.
    pub turn_number: i32,
    /// What went wrong, in words.
    pub error: Option<String>,
    /// The class of that.
    pub error_class: Option<String>,
    /// When it was opened.
    pub started_at: DateTime<Utc>,
}

impl Store {
    /// One page of the dead letters of all agents, newest first, before `cursor` where one is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn dead_letters(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages WHERE state = 'dead' AND ($1::bigint IS NULL OR seq < $1)
             ORDER BY seq DESC LIMIT $2"
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(before)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?)
    }

    /// The turns of these ids that are still kept, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn failed_turns(&self, turns: &[Uuid]) -> Result<Vec<FailedTurn>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, turn_number, error, error_class, started_at FROM turns
             WHERE id = ANY($1) ORDER BY turn_number",
        )
        .bind(turns)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Replays or discards dead letters, at most `max` of them. Each is settled once, however many
    /// people try at the same time.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn settle_dead(
        &self,
        which: Which,
        fate: Fate,
        now: DateTime<Utc>,
        max: i64,
    ) -> Result<Settled, StoreError> {
        let (one, agent) = match which {
            Which::One(message) => (Some(message.0), None),
            Which::OfAgent(agent) => (None, Some(agent.0)),
            Which::OfAll => (None, None),
        };
        let statement = match fate {
            Fate::Replay => REPLAY,
            Fate::Discard => DISCARD,
        };
        let rows: Vec<(String, Uuid)> = sqlx::query_as(statement)
            .bind(one)
            .bind(agent)
            .bind(max)
            .bind(now)
            .fetch_all(&self.pool)
            .await?;
        let settled = Settled {
            count: i64::try_from(rows.len()).unwrap_or(i64::MAX),
            receivers: rows
                .into_iter()
                .filter_map(|(kind, id)| {
                    let kind = ActorKind::parse(&kind)?;
                    Some(ActorKey { kind, id })
                })
                .collect(),
        };
        let counters = &self.counters;
        match fate {
            Fate::Replay => counters.replayed(settled.count),
            Fate::Discard => counters.discarded(settled.count),
        }
        Ok(settled)
    }
}

macro_rules! picked {
    () => {
        "WITH picked AS (
           SELECT seq, receiver_kind, receiver_id FROM messages
           WHERE state = 'dead' AND ($1::uuid IS NULL OR id = $1)
             AND ($2::uuid IS NULL OR (receiver_kind = 'agent' AND receiver_id = $2))
           ORDER BY seq LIMIT $3
         )"
    };
}

/// Inboxes are locked in the order in which every writer locks them, before any message is touched.
const REPLAY: &str = concat!(
    picked!(),
    ", receivers AS (
       SELECT a.kind, a.id FROM actors a
       WHERE (a.kind, a.id) IN (SELECT receiver_kind, receiver_id FROM picked)
       ORDER BY a.kind, a.id FOR NO KEY UPDATE
     ), done AS (
       UPDATE messages m SET state = 'pending', attempts = 0, dead_reason = NULL, turn_id = NULL
       FROM picked p JOIN receivers r ON r.kind = p.receiver_kind AND r.id = p.receiver_id
       WHERE m.seq = p.seq AND m.state = 'dead' AND $4::timestamptz IS NOT NULL
       RETURNING m.receiver_kind, m.receiver_id, m.class
     ), counted AS (
       UPDATE actors a SET inbox_pending = a.inbox_pending + n.n,
              inbox_waking = a.inbox_waking + n.waking
       FROM (SELECT receiver_kind, receiver_id, count(*)::int AS n,
                    (count(*) FILTER (WHERE class IN ('work', 'interrupt')))::int AS waking
             FROM done GROUP BY 1, 2) n
       WHERE a.kind = n.receiver_kind AND a.id = n.receiver_id
     )
     SELECT receiver_kind, receiver_id FROM done"
);

const DISCARD: &str = concat!(
    picked!(),
    " UPDATE messages m SET state = 'discarded', processed_at = $4 FROM picked p
      WHERE m.seq = p.seq AND m.state = 'dead' RETURNING m.receiver_kind, m.receiver_id"
);
