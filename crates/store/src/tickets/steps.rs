//! What the steps of a tracker write.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{TicketId, TrackerId},
    tracker::{News, Ticket, plan::Setback},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    StoreError,
    clean::storable,
    step::{NewEvent, Step},
};

/// A page of tickets that was read.
#[derive(Debug)]
pub struct PageRead<'a> {
    /// The tickets, each with an identity for the case that it is new.
    pub tickets: &'a [(TicketId, Ticket)],
    /// Where the round goes on; `None` where it is over.
    pub next: Option<&'a str>,
    /// Pages read since it last rested, this one among them.
    pub pages_taken: i32,
}

/// An older answer changes nothing. One that never was open is not kept. What was tried in vain is tried
/// again once the ticket has changed.
const TICKETS: &str = "
WITH sent AS (
  SELECT * FROM UNNEST($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::boolean[],
                       $9::timestamptz[])
    AS s (id, external_id, key, url, title, labels, open, changed_at)
), newest AS (
  SELECT DISTINCT ON (external_id) * FROM sent ORDER BY external_id, changed_at DESC
)
INSERT INTO tickets AS t (id, tracker_id, external_id, key, url, title, labels, open, changed_at, seen_at,
                          first_at, todo, due_at)
SELECT n.id, $1, n.external_id, n.key, n.url, n.title, n.labels, n.open, n.changed_at, $10, $10,
       CASE WHEN n.open THEN 'take' END, CASE WHEN n.open THEN $10::timestamptz END
FROM newest n
WHERE n.open OR EXISTS (SELECT FROM tickets o WHERE o.tracker_id = $1 AND o.external_id = n.external_id)
ON CONFLICT ON CONSTRAINT tickets_of_one_tracker DO UPDATE SET
  key = excluded.key, url = excluded.url, title = excluded.title, labels = excluded.labels,
  open = excluded.open, changed_at = excluded.changed_at, seen_at = excluded.seen_at,
  todo = CASE WHEN t.handled_at IS NOT NULL THEN t.todo ELSE excluded.todo END,
  due_at = CASE WHEN t.handled_at IS NOT NULL THEN t.due_at
                WHEN t.todo IS NOT DISTINCT FROM excluded.todo AND t.changed_at = excluded.changed_at THEN t.due_at
                ELSE excluded.due_at END,
  troubles = CASE WHEN t.handled_at IS NOT NULL OR t.changed_at = excluded.changed_at THEN t.troubles ELSE 0 END,
  trouble = CASE WHEN t.handled_at IS NOT NULL OR t.changed_at = excluded.changed_at THEN t.trouble END
WHERE t.changed_at <= excluded.changed_at";

/// What was asked for before the round began is answered by its end.
const PAGE: &str = "
UPDATE trackers SET
  since = CASE WHEN $2::text IS NULL THEN GREATEST(since, page_high, $3) ELSE since END,
  page_high = CASE WHEN $2 IS NOT NULL THEN GREATEST(page_high, $3) END,
  asked_at = CASE WHEN $2 IS NULL AND asked_at <= COALESCE(round_at, $4) THEN NULL ELSE asked_at END,
  round_at = CASE WHEN $2 IS NOT NULL THEN COALESCE(round_at, $4) END,
  synced_at = CASE WHEN $2 IS NULL THEN $4 ELSE synced_at END,
  page = $2, pages_taken = $5, looked_at = $4, failures = 0, last_error = NULL, last_error_at = NULL,
  hold_until = NULL, hold_reason = NULL
WHERE id = $1";

const FAILED: &str = "
UPDATE trackers SET failures = failures + 1, last_error = $2, last_error_at = $3, hold_until = $4,
       hold_reason = CASE WHEN $4::timestamptz IS NOT NULL THEN $2 END, enabled = enabled AND $4 IS NOT NULL,
       looked_at = $3, page = NULL, page_high = NULL, round_at = NULL, pages_taken = 0
WHERE id = $1";

const HELD: &str = "UPDATE trackers SET hold_until = $2, hold_reason = $3 WHERE id = $1";

/// The actor first, as in the steps of the tracker itself.
const WAKE_ITS_TRACKER: &str = "
UPDATE actors SET wake_at = $2, version = version + 1
WHERE kind = 'tracker' AND id IN (SELECT tracker_id FROM tickets WHERE task_id = $1)";

const DONE: &str = "
UPDATE tickets SET todo = $3, due_at = $2, words = $4, troubles = 0, trouble = NULL
WHERE task_id = $1 RETURNING tracker_id";

impl Step {
    /// Writes a page of tickets. Those that are new and open are to become work.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn tracker_page(&mut self, page: &PageRead<'_>) -> Result<(), StoreError> {
        let each = |part: fn(&Ticket) -> &String| -> Vec<&str> {
            let parts = page.tickets.iter().map(|(_, ticket)| part(ticket).as_str());
            parts.collect()
        };
        let ids: Vec<Uuid> = page.tickets.iter().map(|(id, _)| id.0).collect();
        let tickets = || page.tickets.iter().map(|(_, ticket)| ticket);
        let labels = tickets()
            .map(|ticket| storable(&ticket.labels))
            .collect::<Result<Vec<_>, _>>()?;
        let open: Vec<bool> = tickets().map(|ticket| ticket.open).collect();
        let changed: Vec<DateTime<Utc>> = tickets().map(|ticket| ticket.changed_at).collect();
        sqlx::query(TICKETS)
            .bind(self.key.id)
            .bind(ids)
            .bind(each(|ticket| &ticket.id))
            .bind(each(|ticket| &ticket.key))
            .bind(each(|ticket| &ticket.url))
            .bind(each(|ticket| &ticket.title))
            .bind(labels)
            .bind(open)
            .bind(&changed)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        sqlx::query(PAGE)
            .bind(self.key.id)
            .bind(page.next)
            .bind(changed.iter().max())
            .bind(self.now)
            .bind(page.pages_taken)
            .execute(&mut *self.tx)
            .await?;
        if page.next.is_some() {
            return Ok(());
        }
        let event = self.about_tracker("tracker:synced", None);
        self.tell(&[event]).await
    }

    /// Writes that a look failed, and what follows from it.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn tracker_failed(
        &mut self,
        words: &str,
        setback: Setback,
    ) -> Result<(), StoreError> {
        let (until, told) = match setback {
            Setback::Hold(until) => return self.tracker_held(until, words).await,
            Setback::Again(until) => (Some(until), "tracker:failed"),
            Setback::GiveUp => (None, "tracker:disabled"),
        };
        sqlx::query(FAILED)
            .bind(self.key.id)
            .bind(words)
            .bind(self.now)
            .bind(until)
            .execute(&mut *self.tx)
            .await?;
        let event = self.about_tracker(told, Some(words));
        self.tell(&[event]).await
    }

    /// Writes that the tracker is asked nothing before then.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn tracker_held(
        &mut self,
        until: DateTime<Utc>,
        words: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(HELD)
            .bind(self.key.id)
            .bind(until)
            .bind(words)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Writes that a ticket is no longer to become work: it was closed, or has lost its label.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn ticket_over(&mut self, ticket: TicketId) -> Result<(), StoreError> {
        self.of_ticket(
            "UPDATE tickets SET open = false, todo = NULL, due_at = NULL, troubles = 0, trouble = NULL
             WHERE id = $1 AND todo = 'take'",
            ticket,
        )
        .await
    }

    /// Writes that something could not be done with a ticket; it is tried again then, or, where there is no
    /// time, once it has changed or a person has mended something.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn ticket_trouble(
        &mut self,
        ticket: TicketId,
        words: &str,
        until: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE tickets SET troubles = troubles + 1, trouble = $2, due_at = $3
             WHERE id = $1 AND todo IS NOT NULL",
        )
        .bind(ticket.0)
        .bind(words)
        .bind(until)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Writes that a ticket was told something.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn ticket_told(&mut self, ticket: TicketId, news: News) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE tickets SET todo = NULL, due_at = NULL, words = NULL, troubles = 0, trouble = NULL,
                    told = $2, told_at = $3
             WHERE id = $1 AND todo = $2",
        )
        .bind(ticket.0)
        .bind(news.name())
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The task of this step is done: its tickets are to be told so by their trackers, which are answered.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_tickets_done(&mut self, words: &str) -> Result<Vec<TrackerId>, StoreError> {
        sqlx::query(WAKE_ITS_TRACKER)
            .bind(self.key.id)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        let trackers: Vec<(Uuid,)> = sqlx::query_as(DONE)
            .bind(self.key.id)
            .bind(self.now)
            .bind(News::Done.name())
            .bind(words)
            .fetch_all(&mut *self.tx)
            .await?;
        Ok(trackers.into_iter().map(|(id,)| TrackerId(id)).collect())
    }

    async fn of_ticket(
        &mut self,
        statement: &'static str,
        ticket: TicketId,
    ) -> Result<(), StoreError> {
        sqlx::query(statement)
            .bind(ticket.0)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    fn about_tracker(&self, type_name: &'static str, error: Option<&str>) -> NewEvent {
        NewEvent {
            actor_id: self.key.id,
            turn_id: None,
            type_name,
            data: json!({ "trackerId": self.key.id, "error": error }),
            at: self.now,
        }
    }
}
