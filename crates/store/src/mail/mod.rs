//! Inboxes: idempotent, bounded, in order; and what becomes of a message.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::ActorKey,
    id::{MessageId, TurnId},
    mail::{Letter, Sender, WakeSource},
};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Store, StoreError};

mod broadcast;
mod send;

pub use send::{MailWriter, Stored};

/// Characters of a body that the live stream carries; the whole is in the inbox.
const PREVIEW_CHARS: i32 = 2_000;

/// A message to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    /// Its identity.
    pub id: MessageId,
    /// Whose inbox.
    pub receiver: ActorKey,
    /// Who sends it.
    pub sender: Sender,
    /// A name for people.
    pub sender_name: Option<String>,
    /// What kind of waking it is.
    pub source: WakeSource,
    /// The sender's idempotency key.
    pub key: Option<String>,
    /// The text.
    pub body: String,
    /// Structured data beside it.
    pub payload: Option<Value>,
    /// Whether it is marked as meant for all.
    pub broadcasted: bool,
    /// The turn in which it is sent.
    pub cause: Option<TurnId>,
    /// When it was accepted.
    pub at: DateTime<Utc>,
}

/// What a sender gets for a stored message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The message's identity: the first one's, where the key was used before.
    pub id: MessageId,
    /// Whether it had been stored before.
    pub repeated: bool,
}

/// A message as the API shows it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct MessageRow {
    /// Order of acceptance.
    pub seq: i64,
    /// Its identity.
    pub id: Uuid,
    /// Whose inbox.
    pub receiver_id: Uuid,
    /// `user`, `agent`, `system` or `external`.
    pub sender_type: String,
    /// Which sender.
    pub sender_id: String,
    /// A name for people.
    pub sender_name: Option<String>,
    /// What kind of waking it is.
    pub source: String,
    /// The text.
    pub body: String,
    /// Structured data.
    pub payload: Option<Value>,
    /// Whether all peers got it.
    pub broadcasted: bool,
    /// The turn in which it was sent.
    pub cause: Option<Uuid>,
    /// How many agents it came through.
    pub hops: i32,
    /// `pending`, `assigned`, `consumed` or `dead`.
    pub state: String,
    /// Failed deliveries.
    pub attempts: i32,
    /// The turn it feeds or fed.
    pub turn_id: Option<Uuid>,
    /// When it was accepted.
    pub received_at: DateTime<Utc>,
    /// When it was consumed.
    pub processed_at: Option<DateTime<Utc>>,
    /// Why it was given up.
    pub dead_reason: Option<String>,
}

const COLUMNS: &str = "seq, id, receiver_id, sender_type, sender_id, sender_name, source, body, \
    payload, broadcasted, cause, hops, state, attempts, turn_id, received_at, processed_at, dead_reason";

impl MessageRow {
    /// The message as its receiver is to see it.
    #[must_use]
    pub fn letter(&self) -> Letter {
        Letter {
            id: MessageId(self.id),
            sender: Sender::from_parts(&self.sender_type, &self.sender_id),
            source: WakeSource::parse(&self.source).unwrap_or(WakeSource::System),
            body: self.body.clone(),
            payload: self.payload.clone(),
            broadcasted: self.broadcasted,
            received_at: self.received_at,
        }
    }
}

/// Which messages of an inbox are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All, whatever became of them.
    All,
    /// Those that wait.
    Pending,
    /// Those that were given up.
    Dead,
}

impl Store {
    /// One page of an inbox, newest first, before `cursor` where one is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn messages(
        &self,
        receiver: ActorKey,
        wanted: Wanted,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query
            .push(COLUMNS)
            .push(" FROM messages WHERE receiver_kind = ");
        query
            .push_bind(receiver.kind.name())
            .push(" AND receiver_id = ")
            .push_bind(receiver.id);
        match wanted {
            Wanted::All => {}
            Wanted::Pending => drop(query.push(" AND state = 'pending'")),
            Wanted::Dead => drop(query.push(" AND state = 'dead'")),
        }
        if let Some(before) = before {
            query.push(" AND seq < ").push_bind(before);
        }
        query.push(" ORDER BY seq DESC LIMIT ").push_bind(limit);
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }

    /// How many messages wait, since when the oldest does, and how many are dead.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn inbox(&self, receiver: ActorKey) -> Result<Inbox, StoreError> {
        let inbox = sqlx::query_as(
            "SELECT
               (SELECT count(*) FROM messages
                 WHERE receiver_kind = $1 AND receiver_id = $2 AND state = 'pending') AS pending,
               (SELECT received_at FROM messages
                 WHERE receiver_kind = $1 AND receiver_id = $2 AND state = 'pending'
                 ORDER BY seq LIMIT 1) AS oldest,
               (SELECT count(*) FROM messages
                 WHERE receiver_kind = $1 AND receiver_id = $2 AND state = 'dead') AS dead",
        )
        .bind(receiver.kind.name())
        .bind(receiver.id)
        .fetch_one(&self.pool)
        .await?;
        Ok(inbox)
    }

    /// Puts a dead letter back into its inbox, as if it had never been tried. False when there is
    /// no such dead letter.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn replay(&self, receiver: ActorKey, id: MessageId) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let done = sqlx::query(
            "UPDATE messages SET state = 'pending', attempts = 0, dead_reason = NULL, turn_id = NULL
             WHERE id = $1 AND receiver_kind = $2 AND receiver_id = $3 AND state = 'dead'",
        )
        .bind(id.0)
        .bind(receiver.kind.name())
        .bind(receiver.id)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        count_pending(&mut tx, receiver, 1).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// An inbox in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Inbox {
    /// Messages that wait.
    pub pending: i64,
    /// Since when the oldest waits.
    pub oldest: Option<DateTime<Utc>>,
    /// Messages that were given up.
    pub dead: i64,
}

/// Stores one message inside somebody else's transaction. A known key stores nothing.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    message: &NewMessage,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO messages (id, receiver_kind, receiver_id, sender_type, sender_id, sender_name,
                               source, key, body, payload, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (sender_type, sender_id, key) WHERE key IS NOT NULL DO NOTHING",
    )
    .bind(message.id.0)
    .bind(message.receiver.kind.name())
    .bind(message.receiver.id)
    .bind(message.sender.type_name())
    .bind(message.sender.id())
    .bind(&message.sender_name)
    .bind(message.source.name())
    .bind(&message.key)
    .bind(&message.body)
    .bind(&message.payload)
    .bind(message.at)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    count_pending(tx, message.receiver, 1).await?;
    let data = json!({
        "agentId": message.receiver.id, "messageId": message.id, "broadcasted": false,
        "senderType": message.sender.type_name(), "senderId": message.sender.id(),
        "senderName": message.sender_name, "truncated": false,
        "body": message.body.chars().take(usize::try_from(PREVIEW_CHARS).unwrap_or(0)).collect::<String>(),
    });
    sqlx::query(
        "INSERT INTO events (actor_id, type, data, at) VALUES ($1, 'persistent_agent:message', $2, $3)",
    )
    .bind(message.receiver.id)
    .bind(data)
    .bind(message.at)
    .execute(tx)
    .await?;
    Ok(true)
}

/// Changes an inbox's count by what the same transaction changed in its messages.
pub(crate) async fn count_pending(
    tx: &mut PgConnection,
    receiver: ActorKey,
    change: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE actors SET inbox_pending = inbox_pending + $3::int WHERE kind = $1 AND id = $2",
    )
    .bind(receiver.kind.name())
    .bind(receiver.id)
    .bind(change)
    .execute(tx)
    .await?;
    Ok(())
}

/// The columns of a message, for the modules beside this one.
pub(crate) fn columns() -> &'static str {
    COLUMNS
}
