//! What is shown of trackers and tickets, and who is asked to look.

use chrono::{DateTime, Utc};
use optio_domain::id::{TaskId, TicketId, TrackerId};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use super::{RawTracker, TicketRow, Todo, TrackerRow, trackers};
use crate::{Store, StoreError};

/// Which tickets are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct WantedTickets {
    /// Only those of this tracker.
    pub tracker: Option<TrackerId>,
    /// After this one in the list.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// How many at most.
    pub limit: i64,
}

#[derive(FromRow)]
struct RawTicket {
    id: Uuid,
    tracker_id: Uuid,
    source: String,
    external_id: String,
    key: String,
    url: String,
    title: String,
    labels: Json<Vec<String>>,
    open: bool,
    changed_at: DateTime<Utc>,
    first_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    handled_at: Option<DateTime<Utc>>,
    task_id: Option<Uuid>,
    task_state: Option<String>,
    todo: Option<String>,
    due_at: Option<DateTime<Utc>>,
    trouble: Option<String>,
    told: Option<String>,
    told_at: Option<DateTime<Utc>>,
}

impl From<RawTicket> for TicketRow {
    fn from(row: RawTicket) -> Self {
        let todo = row.todo.as_deref().and_then(Todo::parse);
        Self {
            id: TicketId(row.id),
            tracker: TrackerId(row.tracker_id),
            source: row.source,
            external_id: row.external_id,
            key: row.key,
            url: row.url,
            title: row.title,
            labels: row.labels.0,
            open: row.open,
            changed_at: row.changed_at,
            first_at: row.first_at,
            seen_at: row.seen_at,
            handled_at: row.handled_at,
            task: row.task_id.map(TaskId).zip(row.task_state),
            todo: todo.map(|todo| (todo, row.due_at)),
            trouble: row.trouble,
            told: row.told.zip(row.told_at),
        }
    }
}

const TICKETS: &str = "
SELECT k.id, k.tracker_id, r.source, k.external_id, k.key, k.url, k.title, k.labels, k.open, k.changed_at,
       k.first_at, k.seen_at, k.handled_at, k.task_id, t.state AS task_state, k.todo, k.due_at, k.trouble,
       k.told, k.told_at
FROM tickets k JOIN trackers r ON r.id = k.tracker_id LEFT JOIN tasks t ON t.id = k.task_id
WHERE r.workspace = $1 AND ($2::uuid IS NULL OR k.tracker_id = $2)
  AND ($3::timestamptz IS NULL OR (k.first_at, k.id) < ($3, $4))
ORDER BY k.first_at DESC, k.id DESC LIMIT $5";

/// The actor first, as in its own steps. Its version moves once for all that is said until it looks: whoever
/// says more must not make it begin again and again.
const WAKE: &str = "
UPDATE actors a SET wake_at = $2, version = version
       + (SELECT count(*) FROM trackers t WHERE t.id = a.id AND t.asked_at IS NULL)
WHERE kind = 'tracker' AND id = ANY($1)";

const ASK: &str =
    "UPDATE trackers SET asked_at = GREATEST(asked_at, $2) WHERE id = ANY($1) AND enabled";

impl Store {
    /// A tracker.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn tracker(
        &self,
        workspace: &str,
        tracker: TrackerId,
    ) -> Result<Option<TrackerRow>, StoreError> {
        let row: Option<RawTracker> =
            sqlx::query_as(trackers!("WHERE t.id = $1 AND t.workspace = $2"))
                .bind(tracker.0)
                .bind(workspace)
                .fetch_optional(&self.pool)
                .await?;
        row.map(TrackerRow::try_from).transpose()
    }

    /// The trackers of a workspace, in the order in which they were added. There are never many.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn trackers(&self, workspace: &str) -> Result<Vec<TrackerRow>, StoreError> {
        let rows: Vec<RawTracker> = sqlx::query_as(trackers!(
            "WHERE t.workspace = $1 ORDER BY t.created_at, t.id"
        ))
        .bind(workspace)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TrackerRow::try_from).collect()
    }

    /// The tickets that were seen, those first that were first seen last.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn tickets(
        &self,
        workspace: &str,
        wanted: WantedTickets,
    ) -> Result<Vec<TicketRow>, StoreError> {
        let rows: Vec<RawTicket> = sqlx::query_as(TICKETS)
            .bind(workspace)
            .bind(wanted.tracker.map(|tracker| tracker.0))
            .bind(wanted.after.map(|(at, _)| at))
            .bind(wanted.after.map(|(_, id)| id))
            .bind(wanted.limit)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(TicketRow::from).collect())
    }

    /// How many tickets of a workspace became work since a moment.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn tickets_handled_since(
        &self,
        workspace: &str,
        since: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let (count,) = sqlx::query_as(
            "SELECT count(*) FROM trackers r JOIN tickets k ON k.tracker_id = r.id
             WHERE r.workspace = $1 AND $2 <= k.handled_at",
        )
        .bind(workspace)
        .bind(since)
        .fetch_one(&self.pool)
        .await?;
        Ok(count)
    }

    /// The tasks that have tickets of these names in a repository, the newest of each.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn tasks_of_tickets(
        &self,
        workspace: &str,
        repo_url: &str,
        source: &str,
        ids: &[String],
    ) -> Result<Vec<(String, TaskId, String)>, StoreError> {
        let rows: Vec<(String, Uuid, String)> = sqlx::query_as(
            "SELECT DISTINCT ON (ticket_id) ticket_id, id, state FROM tasks
             WHERE ticket_source = $3 AND ticket_id = ANY($4) AND workspace = $1 AND repo_url = $2
               AND parent_id IS NULL
             ORDER BY ticket_id, created_at DESC, id DESC",
        )
        .bind(workspace)
        .bind(repo_url)
        .bind(source)
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        let tasks = rows.into_iter();
        Ok(tasks
            .map(|(id, task, state)| (id, TaskId(task), state))
            .collect())
    }

    /// The trackers that look at a place, in every workspace.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn trackers_of(
        &self,
        place: &str,
        labels: &[String],
    ) -> Result<Vec<TrackerId>, StoreError> {
        let labels: Vec<String> = labels.iter().map(|label| label.to_lowercase()).collect();
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM trackers WHERE place = $1 AND label = ANY($2) AND enabled",
        )
        .bind(place)
        .bind(labels)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id,)| TrackerId(id)).collect())
    }

    /// Says to trackers that something has changed: they are to look at once. Those that are disabled do not.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn ask_trackers(
        &self,
        trackers: &[TrackerId],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = trackers.iter().map(|tracker| tracker.0).collect();
        let mut tx = self.pool.begin().await?;
        for statement in [WAKE, ASK] {
            sqlx::query(statement)
                .bind(&ids)
                .bind(now)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
