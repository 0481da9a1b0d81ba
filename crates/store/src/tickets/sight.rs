//! What the plan of a tracker looks at.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::Wait,
    id::{TaskId, TicketId, TrackerId},
    tracker::{News, TrackerSpec, plan::Seen},
};
use serde_json::{Map, Value};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use super::spec_of;
use crate::{Store, StoreError, actors::Version};

/// What the plan of a tracker looks at, and what is needed to look there.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackerSight {
    /// Which.
    pub tracker: TrackerId,
    /// The version that was read.
    pub version: Version,
    /// What its row says it waits for.
    pub wait: Wait,
    /// Whether it is left alone by the engine.
    pub quarantined: bool,
    /// Whose.
    pub workspace: String,
    /// What people decided.
    pub spec: TrackerSpec,
    /// The newest change that was seen; `None` before the first ticket.
    pub since: Option<DateTime<Utc>>,
    /// Where the round that is under way goes on.
    pub page: Option<String>,
    /// What the plan looks at.
    pub seen: Seen,
}

/// A ticket as far as it is needed to do what is next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketSight {
    /// Which.
    pub id: TicketId,
    /// What names it in its tracker.
    pub external_id: String,
    /// The task it became.
    pub task: Option<TaskId>,
    /// What it is to be told, where it is.
    pub news: Option<News>,
    /// In which words.
    pub words: String,
    /// Attempts in a row that failed.
    pub troubles: i32,
}

#[derive(FromRow)]
struct RawSight {
    version: i64,
    wake_at: Option<DateTime<Utc>>,
    wait_reason: String,
    wait_holder: String,
    heeds_mail: bool,
    quarantined_at: Option<DateTime<Utc>>,
    workspace: String,
    source: String,
    config: Json<Map<String, Value>>,
    enabled: bool,
    failures: i32,
    last_error: Option<String>,
    hold_until: Option<DateTime<Utc>>,
    hold_reason: Option<String>,
    asked_at: Option<DateTime<Utc>>,
    since: Option<DateTime<Utc>>,
    page: Option<String>,
    pages_taken: i32,
    looked_at: Option<DateTime<Utc>>,
    tell_id: Option<Uuid>,
    tell_at: Option<DateTime<Utc>>,
    take_id: Option<Uuid>,
    take_at: Option<DateTime<Utc>>,
}

const SIGHT: &str = "
SELECT a.version, a.wake_at, a.wait_reason, a.wait_holder, a.heeds_mail, a.quarantined_at,
       t.workspace, t.source, t.config, t.enabled, t.failures, t.last_error, t.hold_until, t.hold_reason,
       t.asked_at, t.since, t.page, t.pages_taken, t.looked_at,
       tell.id AS tell_id, tell.due_at AS tell_at, take.id AS take_id, take.due_at AS take_at
FROM trackers t JOIN actors a ON a.kind = 'tracker' AND a.id = t.id
LEFT JOIN LATERAL (SELECT id, due_at FROM tickets WHERE tracker_id = t.id AND due_at IS NOT NULL
                     AND todo <> 'take' ORDER BY due_at, id LIMIT 1) tell ON true
LEFT JOIN LATERAL (SELECT id, due_at FROM tickets WHERE tracker_id = t.id AND due_at IS NOT NULL
                     AND todo = 'take' ORDER BY due_at, id LIMIT 1) take ON true
WHERE t.id = $1";

#[derive(FromRow)]
struct RawTicket {
    external_id: String,
    task_id: Option<Uuid>,
    todo: Option<String>,
    words: Option<String>,
    troubles: i32,
}

impl Store {
    /// Reads everything about a tracker that its plan looks at.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn see_tracker(
        &self,
        tracker: TrackerId,
        every: TimeDelta,
    ) -> Result<Option<TrackerSight>, StoreError> {
        let row: Option<RawSight> = sqlx::query_as(SIGHT)
            .bind(tracker.0)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| read(tracker, row, every)).transpose()
    }

    /// Reads what is next with a ticket.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn see_ticket(&self, ticket: TicketId) -> Result<Option<TicketSight>, StoreError> {
        let row: Option<RawTicket> = sqlx::query_as(
            "SELECT external_id, task_id, todo, words, troubles FROM tickets WHERE id = $1",
        )
        .bind(ticket.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| TicketSight {
            id: ticket,
            external_id: row.external_id,
            task: row.task_id.map(TaskId),
            news: row.todo.as_deref().and_then(News::parse),
            words: row.words.unwrap_or_default(),
            troubles: row.troubles,
        }))
    }

    /// The tracker that a task's ticket is in, where it came from one.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn tracker_of_task(&self, task: TaskId) -> Result<Option<TrackerId>, StoreError> {
        let row: Option<(Uuid,)> =
            sqlx::query_as("SELECT tracker_id FROM tickets WHERE task_id = $1 LIMIT 1")
                .bind(task.0)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(|(id,)| TrackerId(id)))
    }
}

fn read(tracker: TrackerId, row: RawSight, every: TimeDelta) -> Result<TrackerSight, StoreError> {
    let spec = spec_of(tracker.0, &row.source, &row.config)?;
    let next = |id: Option<Uuid>, at| id.map(TicketId).zip(at);
    Ok(TrackerSight {
        tracker,
        version: Version::read(row.version),
        wait: Wait {
            reason: row.wait_reason,
            holder: row.wait_holder,
            until: row.wake_at,
            heeds_mail: row.heeds_mail,
        },
        quarantined: row.quarantined_at.is_some(),
        workspace: row.workspace,
        since: row.since,
        seen: Seen {
            enabled: row.enabled,
            last_error: row.last_error,
            failures: row.failures,
            hold: row
                .hold_until
                .map(|until| (until, row.hold_reason.unwrap_or_default())),
            told: row.asked_at.is_some(),
            looked_at: row.looked_at,
            every,
            pages_left: row.page.is_some(),
            pages_taken: row.pages_taken,
            pages_max: spec.pages_max,
            to_tell: next(row.tell_id, row.tell_at),
            to_take: next(row.take_id, row.take_at),
        },
        page: row.page,
        spec,
    })
}
