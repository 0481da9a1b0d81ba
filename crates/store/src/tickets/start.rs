//! What starts from a ticket, exactly once: in the transaction that writes that it was handled.

use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::{TaskId, TicketId},
    task::spec::TaskSpec,
    tracker::{News, Source},
};
use serde_json::json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::{
    StoreError,
    mail::{Bounds, NewMessage, Stored},
    step::{NewEvent, Step},
    tasks::{NewTask, insert_task},
    triggers::{SENT, came_of, trigger_of},
};

/// The work that a ticket becomes.
#[derive(Debug)]
pub struct NewWork<'a> {
    /// The ticket.
    pub ticket: TicketId,
    /// What names it in its tracker.
    pub external_id: &'a str,
    /// What kind of tracker it is in.
    pub source: Source,
    /// What starts from it.
    pub begins: Begins<'a>,
}

/// What starts from a ticket.
#[derive(Debug)]
pub enum Begins<'a> {
    /// A task.
    Task(NewTask<'a>),
    /// What its triggers start.
    Fires {
        /// Their messages.
        messages: &'a [NewMessage],
        /// Their limits.
        bounds: Bounds,
        /// Who they go to, for people.
        to: &'a str,
    },
}

/// What has started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The task, made now or there already.
    pub task: Option<TaskId>,
    /// Who is to look, once it is so.
    pub woken: Vec<ActorKey>,
}

/// Only one that is to become work does so, whoever comes at the same time: the row is locked by this.
const HANDLED: &str = "
UPDATE tickets SET handled_at = $2, todo = NULL, due_at = NULL, troubles = 0, trouble = NULL
WHERE id = $1 AND tracker_id = $3 AND todo = 'take' AND handled_at IS NULL";

const BECAME: &str =
    "UPDATE tickets SET task_id = $2, todo = $3, due_at = $4, words = $5 WHERE id = $1";

impl Step {
    /// A ticket becomes work. Where it has a task already, it is that.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when it was handled already, [`StoreError::TicketTaken`] when another ticket of
    /// the same name has a task in that repository.
    pub async fn ticket_handled(&mut self, work: &NewWork<'_>) -> Result<Started, StoreError> {
        let handled = sqlx::query(HANDLED)
            .bind(work.ticket.0)
            .bind(self.now)
            .bind(self.key.id)
            .execute(&mut *self.tx)
            .await?;
        if handled.rows_affected() == 0 {
            return Err(StoreError::Moved);
        }
        let (started, news) = start_work(&mut self.tx, work).await?;
        sqlx::query(BECAME)
            .bind(work.ticket.0)
            .bind(started.task.map(|task| task.0))
            .bind(news.as_ref().map(|(news, _)| news.name()))
            .bind(news.as_ref().map(|_| self.now))
            .bind(news.as_ref().map(|(_, words)| words))
            .execute(&mut *self.tx)
            .await?;
        let event = NewEvent {
            actor_id: self.key.id,
            turn_id: None,
            type_name: "ticket:started",
            data: json!({
                "trackerId": self.key.id, "ticketId": work.ticket.0, "taskId": started.task,
                "ticketSource": work.source.name(), "ticketExternalId": work.external_id,
                "receivers": started.woken.iter().map(ToString::to_string).collect::<Vec<_>>(),
            }),
            at: self.now,
        };
        self.tell(&[event]).await?;
        Ok(started)
    }
}

/// Everything that starts from a ticket, and what the ticket is to be told of it.
async fn start_work(
    tx: &mut Transaction<'_, Postgres>,
    work: &NewWork<'_>,
) -> Result<(Started, Option<(News, String)>), StoreError> {
    let (started, words) = match &work.begins {
        Begins::Task(new) => {
            if let Some(task) = existing(tx, work.source, new).await? {
                let (task, woken) = (Some(task), Vec::new());
                return Ok((Started { task, woken }, None));
            }
            insert_task(tx, new).await?;
            let started = Started {
                task: Some(new.id),
                woken: vec![new.id.into()],
            };
            (started, format!("as task {}", new.id))
        }
        Begins::Fires {
            messages,
            bounds,
            to,
        } => {
            let woken = fire(tx, messages, *bounds).await?;
            (Started { task: None, woken }, format!("by {to}"))
        }
    };
    let words = format!("Optio has started to work on this, {words}.");
    Ok((started, Some((News::Started, words))))
}

/// All of them or none: a ticket that an inbox has no room for waits until it has.
async fn fire(
    tx: &mut Transaction<'_, Postgres>,
    messages: &[NewMessage],
    bounds: Bounds,
) -> Result<Vec<ActorKey>, StoreError> {
    let stored = crate::mail::send(tx, messages, bounds).await?;
    for stored in stored {
        match stored {
            Stored::Done(_) => {}
            Stored::Again => return Err(StoreError::Moved),
            Stored::Refused(error) => return Err(error),
        }
    }
    // An actor of the kind job notes with its trigger what came of a fire; an agent does not.
    for message in messages {
        if message.receiver.kind == ActorKind::Agent {
            came_of(tx, trigger_of(message), SENT, message.at).await?;
        }
    }
    let mut woken: Vec<ActorKey> = messages.iter().map(|message| message.receiver).collect();
    woken.sort();
    woken.dedup();
    Ok(woken)
}

/// The task that a person has made of it by hand. Only a number in a repository names a ticket whoever asks.
async fn existing(
    tx: &mut Transaction<'_, Postgres>,
    source: Source,
    task: &NewTask<'_>,
) -> Result<Option<TaskId>, StoreError> {
    if !source.is_git_host() {
        return Ok(None);
    }
    let spec: &TaskSpec = task.spec;
    let row: Option<(Uuid,)> = sqlx::query_as(
        "SELECT id FROM tasks WHERE ticket_source = $1 AND ticket_id = $2 AND workspace = $3
           AND lower(repo_url) = lower($4) AND parent_id IS NULL
         ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(&spec.ticket_source)
    .bind(&spec.ticket_id)
    .bind(task.workspace)
    .bind(&spec.repo_url)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(id,)| TaskId(id)))
}
