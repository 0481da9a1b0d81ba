//! Inboxes: idempotent, bounded, in order; and what becomes of a message.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::{AgentId, MessageId, TurnId},
    mail::{Letter, Sender, WakeSource},
};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, pool::PoolConnection};
use uuid::Uuid;

use crate::{Store, StoreError};

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

/// What became of one message of a batch.
#[derive(Debug)]
pub enum Stored {
    /// It is durable.
    Done(Receipt),
    /// Its key was stored by somebody else while this batch ran: ask again.
    Again,
    /// It was refused.
    Refused(StoreError),
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

#[derive(FromRow)]
struct Outcome {
    ord: i32,
    stored: Option<Uuid>,
    known: Option<Uuid>,
    same: Option<bool>,
    twin: bool,
    pending: Option<i32>,
    place: Option<i64>,
}

/// One statement for a whole batch: keys that are known are answered with their first receipt, full
/// inboxes are left out, the rest is stored in the order given, counted, and told to the stream.
/// Receivers are locked in the order of their ids before their room is read, so that writers at once
/// neither pass the bound nor wait for each other in a circle. A twin repeats a key of this very
/// batch; it takes no room and is answered by the next statement.
const SEND: &str = "
WITH incoming AS (
  SELECT i.*, i.key IS NOT NULL AND 1 < row_number() OVER
           (PARTITION BY i.sender_type, i.sender_id, i.key ORDER BY i.ord) AS twin
  FROM UNNEST($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[],
                       $7::text[], $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::bool[],
                       $13::uuid[], $14::timestamptz[])
    AS i (ord, id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, source, key,
          body, payload, broadcasted, cause, at)
), known AS (
  SELECT i.ord, m.id,
         m.receiver_id = i.receiver_id AND m.body = i.body
           AND m.payload IS NOT DISTINCT FROM i.payload AS same
  FROM incoming i JOIN messages m
    ON m.sender_type = i.sender_type AND m.sender_id = i.sender_id AND m.key = i.key
), receivers AS (
  SELECT a.kind, a.id, a.inbox_pending FROM actors a
  WHERE (a.kind, a.id) IN (SELECT receiver_kind, receiver_id FROM incoming)
  ORDER BY a.kind, a.id FOR NO KEY UPDATE
), placed AS (
  SELECT i.*, a.inbox_pending AS pending,
         row_number() OVER (PARTITION BY i.receiver_kind, i.receiver_id ORDER BY i.ord) AS place,
         COALESCE((SELECT max(f.hops) + 1 FROM messages f
                   WHERE i.cause IS NOT NULL AND f.turn_id = i.cause), 0) AS hops
  FROM incoming i
  JOIN receivers a ON a.kind = i.receiver_kind AND a.id = i.receiver_id
  LEFT JOIN agents g ON i.receiver_kind = 'agent' AND g.id = i.receiver_id
  WHERE NOT i.twin AND NOT EXISTS (SELECT 1 FROM known k WHERE k.ord = i.ord) AND NOT COALESCE(g.deleting, false)
), stored AS (
  INSERT INTO messages (id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, source,
                        key, body, payload, broadcasted, cause, hops, received_at)
  SELECT id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, source, key, body,
         payload, broadcasted, cause, hops, at
  FROM placed WHERE pending + place <= $15 ORDER BY ord
  ON CONFLICT (sender_type, sender_id, key) WHERE key IS NOT NULL DO NOTHING
  RETURNING id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, body, broadcasted,
            received_at
), counted AS (
  UPDATE actors a SET inbox_pending = a.inbox_pending + n.n
  FROM (SELECT receiver_kind, receiver_id, count(*)::int AS n FROM stored GROUP BY 1, 2) n
  WHERE a.kind = n.receiver_kind AND a.id = n.receiver_id
), told AS (
  INSERT INTO events (actor_id, type, data, at)
  SELECT receiver_id, 'persistent_agent:message',
         jsonb_build_object('agentId', receiver_id, 'messageId', id, 'senderType', sender_type,
           'senderId', sender_id, 'senderName', sender_name, 'broadcasted', broadcasted,
           'body', left(body, $16), 'truncated', $16 < length(body)),
         received_at
  FROM stored
)
SELECT i.ord, s.id AS stored, k.id AS known, k.same, i.twin, p.pending, p.place
FROM incoming i
LEFT JOIN stored s ON s.id = i.id
LEFT JOIN known k ON k.ord = i.ord
LEFT JOIN placed p ON p.ord = i.ord
ORDER BY i.ord";

/// Stores batches one after the other, over one connection as long as they follow each other: taking
/// a connection and giving it back each ask the database whether it lives.
#[derive(Debug)]
pub struct MailWriter {
    pool: PgPool,
    held: Option<PoolConnection<Postgres>>,
}

impl MailWriter {
    /// As [`Store::send`].
    ///
    /// # Errors
    /// As [`Store::send`].
    pub async fn send(
        &mut self,
        batch: &[NewMessage],
        inbox_max: i32,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut connection = match self.held.take() {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        let stored = send(&mut connection, batch, inbox_max).await?;
        // After an error it is not kept: it may be the connection's.
        self.held = Some(connection);
        Ok(stored)
    }

    /// Gives the connection back: nothing is to be stored for a while.
    pub fn rest(&mut self) {
        self.held = None;
    }
}

async fn send(
    connection: &mut PgConnection,
    batch: &[NewMessage],
    inbox_max: i32,
) -> Result<Vec<Stored>, StoreError> {
    let ords: Vec<i32> = (0..).take(batch.len()).collect();
    let rows: Vec<Outcome> = sqlx::query_as(SEND)
        .bind(ords)
        .bind(column(batch, |m| m.id.0))
        .bind(column(batch, |m| m.receiver.kind.name()))
        .bind(column(batch, |m| m.receiver.id))
        .bind(column(batch, |m| m.sender.type_name()))
        .bind(column(batch, |m| m.sender.id()))
        .bind(column(batch, |m| m.sender_name.as_deref()))
        .bind(column(batch, |m| m.source.name()))
        .bind(column(batch, |m| m.key.as_deref()))
        .bind(column(batch, |m| m.body.as_str()))
        .bind(column(batch, |m| m.payload.as_ref()))
        .bind(column(batch, |m| m.broadcasted))
        .bind(column(batch, |m| m.cause.map(|turn| turn.0)))
        .bind(column(batch, |m| m.at))
        .bind(inbox_max)
        .bind(PREVIEW_CHARS)
        .fetch_all(connection)
        .await?;
    Ok(rows
        .iter()
        .map(|row| outcome(row, batch, inbox_max))
        .collect())
}

impl Store {
    /// Stores a batch in one statement, in the order given. The answers are in the same order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database is away: then nothing is known to be stored.
    pub async fn send(
        &self,
        batch: &[NewMessage],
        inbox_max: i32,
    ) -> Result<Vec<Stored>, StoreError> {
        self.mail_writer().send(batch, inbox_max).await
    }

    /// For whoever stores many batches.
    #[must_use]
    pub fn mail_writer(&self) -> MailWriter {
        MailWriter {
            pool: self.pool.clone(),
            held: None,
        }
    }

    /// Stores one message for every enabled peer of an agent, or for none.
    ///
    /// # Errors
    /// [`StoreError::InboxFull`] when any peer's inbox is full, [`StoreError::FanOut`] when there
    /// are too many peers.
    pub async fn broadcast(
        &self,
        message: &NewMessage,
        sender: AgentId,
        workspace: &str,
        inbox_max: i32,
        fan_out_max: i64,
    ) -> Result<(i64, Vec<ActorKey>), StoreError> {
        let mut tx = self.pool.begin().await?;
        // Locked first: whoever sends to these inboxes or repeats this broadcast at the same time
        // waits here, and then sees what we did.
        let peers: Vec<(Uuid, i32)> = sqlx::query_as(PEERS)
            .bind(workspace)
            .bind(sender.0)
            .fetch_all(&mut *tx)
            .await?;
        if let Some(before) = broadcast_before(&mut tx, message).await? {
            return Ok((before, Vec::new()));
        }
        let count = i64::try_from(peers.len()).unwrap_or(i64::MAX);
        if fan_out_max < count {
            return Err(StoreError::FanOut(count));
        }
        let fullest = peers.iter().map(|(_, pending)| *pending).max();
        if let Some(fullest) = fullest.filter(|fullest| inbox_max <= *fullest) {
            return Err(StoreError::InboxFull(i64::from(fullest)));
        }
        let ids: Vec<Uuid> = peers.into_iter().map(|(id, _)| id).collect();
        sqlx::query(BROADCAST)
            .bind(&ids)
            .bind(message.sender.id())
            .bind(message.sender_name.as_deref())
            .bind(message.key.as_deref())
            .bind(&message.body)
            .bind(&message.payload)
            .bind(message.cause.map(|turn| turn.0))
            .bind(message.at)
            .bind(PREVIEW_CHARS)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let kind = ActorKind::Agent;
        let keys = ids.into_iter().map(|id| ActorKey { kind, id }).collect();
        Ok((count, keys))
    }

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

/// The enabled peers of an agent, locked in the order in which every writer locks.
const PEERS: &str = "
SELECT a.id, a.inbox_pending FROM agents g JOIN actors a ON a.kind = 'agent' AND a.id = g.id
WHERE g.workspace = $1 AND g.id <> $2 AND g.enabled AND NOT g.deleting AND g.state <> 'archived'
ORDER BY a.kind, a.id FOR NO KEY UPDATE OF a";

/// Stores for every peer, tells the stream, counts the inboxes.
const BROADCAST: &str = "
WITH stored AS (
  INSERT INTO messages (id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, source,
                        key, body, payload, broadcasted, cause, hops, received_at)
  SELECT gen_random_uuid(), 'agent', g.id, 'agent', $2, $3, 'agent', $4 || '#' || g.slug, $5, $6,
         true, $7,
         COALESCE((SELECT max(f.hops) + 1 FROM messages f WHERE f.turn_id = $7), 0), $8
  FROM agents g WHERE g.id = ANY($1) ORDER BY g.id
  RETURNING id, receiver_id
), counted AS (
  UPDATE actors a SET inbox_pending = a.inbox_pending + 1
  FROM stored s WHERE a.kind = 'agent' AND a.id = s.receiver_id
)
INSERT INTO events (actor_id, type, data, at)
SELECT receiver_id, 'persistent_agent:message',
       jsonb_build_object('agentId', receiver_id, 'messageId', id, 'senderType', 'agent',
         'senderId', $2, 'senderName', $3, 'broadcasted', true,
         'body', left($5, $9), 'truncated', $9 < length($5)),
       $8
FROM stored";

/// How many got a broadcast with this key, where there was one.
async fn broadcast_before(
    tx: &mut PgConnection,
    message: &NewMessage,
) -> Result<Option<i64>, StoreError> {
    let Some(key) = &message.key else {
        return Ok(None);
    };
    let (before, same): (i64, Option<bool>) = sqlx::query_as(
        "SELECT count(*), bool_and(body = $3 AND payload IS NOT DISTINCT FROM $4) FROM messages
         WHERE sender_type = 'agent' AND sender_id = $1 AND starts_with(key, $2)",
    )
    .bind(message.sender.id())
    .bind(format!("{key}#"))
    .bind(&message.body)
    .bind(&message.payload)
    .fetch_one(tx)
    .await?;
    match same {
        None => Ok(None),
        Some(true) => Ok(Some(before)),
        Some(false) => Err(StoreError::KeyReused(message.sender.clone())),
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

fn column<'a, T>(batch: &'a [NewMessage], get: impl Fn(&'a NewMessage) -> T) -> Vec<T> {
    batch.iter().map(get).collect()
}

fn outcome(row: &Outcome, batch: &[NewMessage], inbox_max: i32) -> Stored {
    if let Some(id) = row.stored {
        return Stored::Done(Receipt {
            id: MessageId(id),
            repeated: false,
        });
    }
    match (row.known, row.same) {
        (Some(id), Some(true)) => {
            return Stored::Done(Receipt {
                id: MessageId(id),
                repeated: true,
            });
        }
        (Some(_), _) => {
            let sender = usize::try_from(row.ord).ok().and_then(|ord| batch.get(ord));
            return Stored::Refused(sender.map_or(StoreError::NoReceiver, |message| {
                StoreError::KeyReused(message.sender.clone())
            }));
        }
        (None, _) if row.twin => return Stored::Again,
        (None, _) => {}
    }
    match (row.pending, row.place) {
        (Some(pending), Some(place)) if i64::from(inbox_max) < i64::from(pending) + place => {
            Stored::Refused(StoreError::InboxFull(i64::from(pending)))
        }
        (Some(_), Some(_)) => Stored::Again,
        _ => Stored::Refused(StoreError::NoReceiver),
    }
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
