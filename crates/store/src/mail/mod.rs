//! Inboxes: idempotent, bounded, in order; and what becomes of a message.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::ActorKey,
    id::{AgentId, MessageId, TurnId},
    limits::Limits,
    mail::{Class, Letter, Marks, Sender, WakeSource},
};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Store, StoreError};

mod dead;
mod insert;
mod publish;
mod send;
mod stop;

pub use dead::{Fate, Settled, Which};
pub(crate) use insert::insert;
pub use publish::{Audience, Published};
pub(crate) use send::send;
pub use send::{MailWriter, Stored};
pub use stop::Stopped;

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
    /// What it is beside its text.
    pub marks: Marks,
    /// The turn in which it is sent.
    pub cause: Option<TurnId>,
    /// When it was accepted.
    pub at: DateTime<Utc>,
}

/// What bounds a message on its way into an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Messages that may wait in one inbox.
    pub inbox_max: i32,
    /// Agents it may have come through.
    pub hops_max: i32,
    /// Milliseconds in which the answers of a pair are counted.
    pub volley_window_ms: i64,
}

/// A bound of the inbox, and of everything else the default.
impl From<i32> for Bounds {
    fn from(inbox_max: i32) -> Self {
        Self {
            inbox_max,
            ..Self::from(&Limits::default())
        }
    }
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        Self {
            inbox_max: limits.inbox_messages_max,
            hops_max: limits.hops_max,
            volley_window_ms: limits.volley_window_ms,
        }
    }
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
    /// `work`, `notify`, `interrupt` or `stop`.
    pub class: String,
    /// The first message of its conversation, where it is not itself.
    pub thread: Option<Uuid>,
    /// The message it answers.
    pub in_reply_to: Option<Uuid>,
    /// The topic it was published to.
    pub topic: Option<String>,
    /// Until when its sender waits for a reply.
    pub reply_by: Option<DateTime<Utc>>,
    /// Whether it answers a question whose time was over.
    pub late: bool,
    /// The turn in which it was sent.
    pub cause: Option<Uuid>,
    /// How many agents it came through.
    pub hops: i32,
    /// `pending`, `assigned`, `consumed`, `dead` or `discarded`.
    pub state: String,
    /// Failed deliveries.
    pub attempts: i32,
    /// The turn it feeds or fed.
    pub turn_id: Option<Uuid>,
    /// The turns that failed with it, oldest first.
    pub failed_turns: Vec<Uuid>,
    /// When it was accepted.
    pub received_at: DateTime<Utc>,
    /// When it was consumed or discarded.
    pub processed_at: Option<DateTime<Utc>>,
    /// Why it was given up.
    pub dead_reason: Option<String>,
}

const COLUMNS: &str = "seq, id, receiver_id, sender_type, sender_id, sender_name, source, body, \
    payload, broadcasted, class, thread, in_reply_to, topic, reply_by, late, cause, hops, state, \
    attempts, turn_id, failed_turns, received_at, processed_at, dead_reason";

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
            marks: Marks {
                class: Class::parse(&self.class).unwrap_or_default(),
                thread: self.thread.map(MessageId),
                in_reply_to: self.in_reply_to.map(MessageId),
                topic: self.topic.clone(),
                reply_by: self.reply_by,
                late: self.late,
            },
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

    /// One message, wherever it is.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn message(&self, id: MessageId) -> Result<Option<MessageRow>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(COLUMNS).push(" FROM messages WHERE id = ");
        query.push_bind(id.0);
        Ok(query.build_query_as().fetch_optional(&self.pool).await?)
    }

    /// The message that a sender has sent under a key.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn message_of_key(
        &self,
        sender: &Sender,
        key: &str,
    ) -> Result<Option<MessageId>, StoreError> {
        let row: Option<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM messages WHERE sender_type = $1 AND sender_id = $2 AND key = $3",
        )
        .bind(sender.type_name())
        .bind(sender.id())
        .bind(key)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(id,)| MessageId(id)))
    }

    /// One page of what an agent was sent and has sent in a conversation, newest first, before
    /// `cursor` where one is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn thread(
        &self,
        of: AgentId,
        thread: MessageId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(COLUMNS).push(" FROM messages WHERE (thread = ");
        query
            .push_bind(thread.0)
            .push(" OR id = ")
            .push_bind(thread.0);
        query
            .push(") AND ((receiver_kind = 'agent' AND receiver_id = ")
            .push_bind(of.0);
        query.push(") OR (sender_type = 'agent' AND sender_id = (SELECT g.workspace || '/' || g.slug FROM agents g WHERE g.id = ");
        query.push_bind(of.0).push(")))");
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
               (SELECT min(received_at) FROM messages
                 WHERE receiver_kind = $1 AND receiver_id = $2 AND state = 'pending') AS oldest,
               (SELECT count(*) FROM messages
                 WHERE receiver_kind = $1 AND receiver_id = $2 AND state = 'dead') AS dead",
        )
        .bind(receiver.kind.name())
        .bind(receiver.id)
        .fetch_one(&self.pool)
        .await?;
        Ok(inbox)
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

/// By how much an inbox's counts change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Messages that wait.
    pub(crate) pending: i64,
    /// Those of them that wake.
    pub(crate) waking: i64,
}

impl Change {
    /// Messages of these classes come into the inbox.
    pub(crate) fn of<'a>(classes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut change = Self::default();
        for class in classes {
            change.pending += 1;
            change.waking += i64::from(Class::parse(class).is_some_and(Class::wakes));
        }
        change
    }

    /// The same messages go out of it.
    pub(crate) fn out(self) -> Self {
        Self {
            pending: -self.pending,
            waking: -self.waking,
        }
    }
}

/// Changes an inbox's counts by what the same transaction changed in its messages.
pub(crate) async fn count_pending(
    tx: &mut PgConnection,
    receiver: ActorKey,
    change: Change,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE actors SET inbox_pending = inbox_pending + $3::int,
                inbox_waking = inbox_waking + $4::int
         WHERE kind = $1 AND id = $2",
    )
    .bind(receiver.kind.name())
    .bind(receiver.id)
    .bind(change.pending)
    .bind(change.waking)
    .execute(tx)
    .await?;
    Ok(())
}

/// The columns of a message, for the modules beside this one.
pub(crate) fn columns() -> &'static str {
    COLUMNS
}
