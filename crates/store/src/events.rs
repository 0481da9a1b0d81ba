//! What happened, read in an order that never skips a late commit.

use chrono::{DateTime, Utc};
use optio_domain::id::TurnId;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError};

/// A place in the stream: everything up to and including it has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor {
    xid: i64,
    id: i64,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.xid, self.id)
    }
}

impl std::str::FromStr for Cursor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (xid, id) = text.split_once('-').ok_or(())?;
        Ok(Self {
            xid: xid.parse().map_err(drop)?,
            id: id.parse().map_err(drop)?,
        })
    }
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct EventRow {
    xid: i64,
    id: i64,
    /// What it is about.
    pub actor_id: Uuid,
    /// The turn it belongs to.
    pub turn_id: Option<Uuid>,
    /// Such as `persistent_agent:log`.
    #[sqlx(rename = "type")]
    pub type_name: String,
    /// The event.
    pub data: Value,
    /// When it happened.
    pub at: DateTime<Utc>,
}

impl EventRow {
    /// Its identity, as [`LogRow::id`] has it.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Its place in the stream.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            xid: self.xid,
            id: self.id,
        }
    }
}

impl Store {
    /// Events after a place, of one actor or of all, oldest first. Only transactions older than
    /// every running one are read: whatever commits later has a later place.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn events_after(
        &self,
        cursor: Cursor,
        actor: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<EventRow>, StoreError> {
        let statement = match actor {
            Some(_) => {
                "SELECT xid, id, actor_id, turn_id, type, data, at FROM events
                 WHERE actor_id = $4 AND ($1, $2) < (xid, id)
                   AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                 ORDER BY xid, id LIMIT $3"
            }
            None => {
                "SELECT xid, id, actor_id, turn_id, type, data, at FROM events
                 WHERE ($1, $2) < (xid, id) AND $4::uuid IS NULL
                   AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                 ORDER BY xid, id LIMIT $3"
            }
        };
        Ok(sqlx::query_as(statement)
            .bind(cursor.xid)
            .bind(cursor.id)
            .bind(limit)
            .bind(actor)
            .fetch_all(&self.pool)
            .await?)
    }

    /// The place after everything that is settled now.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn events_end(&self) -> Result<Cursor, StoreError> {
        let row: Option<(i64, i64)> = sqlx::query_as(
            "SELECT xid, id FROM events
             WHERE xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
             ORDER BY xid DESC, id DESC LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map_or_else(Cursor::default, |(xid, id)| Cursor { xid, id }))
    }

    /// The last changes of state of anybody, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn last_state_changes(&self, limit: i64) -> Result<Vec<EventRow>, StoreError> {
        let mut rows: Vec<EventRow> = sqlx::query_as(
            "SELECT xid, id, actor_id, turn_id, type, data, at FROM events
             WHERE type = 'persistent_agent:state_changed' ORDER BY id DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.reverse();
        Ok(rows)
    }

    /// The transcript of a turn, oldest first: lines after place `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn turn_logs(
        &self,
        turn: TurnId,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Vec<LogRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, data, at FROM events
             WHERE turn_id = $1 AND type = 'persistent_agent:log' AND COALESCE($2, 0) < id
             ORDER BY id LIMIT $3",
        )
        .bind(turn.0)
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }

    /// The last lines of a turn's transcript, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn last_turn_logs(
        &self,
        turn: TurnId,
        limit: i64,
    ) -> Result<Vec<LogRow>, StoreError> {
        let mut rows: Vec<LogRow> = sqlx::query_as(
            "SELECT id, data, at FROM events
             WHERE turn_id = $1 AND type = 'persistent_agent:log' ORDER BY id DESC LIMIT $2",
        )
        .bind(turn.0)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.reverse();
        Ok(rows)
    }
}

/// A line of a transcript.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct LogRow {
    /// Its place.
    pub id: i64,
    /// The line: stream, content, logType, metadata.
    pub data: Value,
    /// When it was printed.
    pub at: DateTime<Utc>,
}
