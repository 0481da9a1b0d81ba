//! Sending: one statement for a whole batch.

use std::sync::Arc;

use optio_domain::id::MessageId;
use sqlx::{FromRow, PgConnection, PgPool, Postgres, pool::PoolConnection};
use uuid::Uuid;

use super::{Bounds, NewMessage, PREVIEW_CHARS, Receipt};
use crate::{Store, StoreError, metrics::Counters};

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

#[derive(FromRow)]
struct Outcome {
    ord: i32,
    stored: Option<Uuid>,
    known: Option<Uuid>,
    same: Option<bool>,
    twin: bool,
    pending: Option<i32>,
    place: Option<i64>,
    hops: Option<i32>,
}

/// Counts what answers an answer: a message sent in a turn that was itself fed by the receiver. Its
/// pairs are written in one order. The parameter is the length of a window in milliseconds.
macro_rules! volleyed {
    ($window_ms:literal) => {
        concat!(
            "volleyed AS (
  INSERT INTO volleys AS v (sender_id, receiver_id, messages, since)
  SELECT t.agent_id, s.receiver_id, count(*)::int, min(s.received_at)
  FROM stored s JOIN turns t ON t.id = s.cause
  WHERE EXISTS (SELECT 1 FROM messages f JOIN turns c ON c.id = f.cause
                WHERE f.turn_id = s.cause AND c.agent_id = s.receiver_id)
  GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (receiver_id, sender_id) DO UPDATE SET
    messages = excluded.messages + CASE
      WHEN excluded.since < v.since + ",
            $window_ms,
            " * interval '1 millisecond' THEN v.messages ELSE 0 END,
    since = CASE
      WHEN excluded.since < v.since + ",
            $window_ms,
            " * interval '1 millisecond' THEN v.since ELSE excluded.since END
)"
        )
    };
}
pub(super) use volleyed;

/// One statement for a whole batch: keys that are known are answered with their first receipt, full
/// inboxes are left out, the rest is stored in the order given, counted, and told to the stream.
/// Receivers are locked in the order of their ids before their room is read, so that writers at once
/// neither pass the bound nor wait for each other in a circle. A twin repeats a key of this very
/// batch; it takes no room and is answered by the next statement.
const SEND: &str = concat!("
WITH incoming AS (
  SELECT i.*, i.key IS NOT NULL AND 1 < row_number() OVER
           (PARTITION BY i.sender_type, i.sender_id, i.key ORDER BY i.ord) AS twin
  FROM UNNEST($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[],
                       $7::text[], $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::bool[],
                       $13::uuid[], $14::timestamptz[], $15::text[], $16::uuid[], $17::uuid[],
                       $18::timestamptz[], $19::bool[])
    AS i (ord, id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, source, key,
          body, payload, broadcasted, cause, at, class, thread, in_reply_to, reply_by, late)
), known AS (
  SELECT i.ord, m.id,
         m.receiver_id = i.receiver_id AND m.body = i.body AND m.class = i.class
           AND m.payload IS NOT DISTINCT FROM i.payload AS same
  FROM incoming i JOIN messages m
    ON m.sender_type = i.sender_type AND m.sender_id = i.sender_id AND m.key = i.key
), receivers AS (
  SELECT a.kind, a.id, a.inbox_pending FROM actors a
  WHERE (a.kind, a.id) IN (SELECT receiver_kind, receiver_id FROM incoming)
  ORDER BY a.kind, a.id FOR NO KEY UPDATE
), caused AS (
  SELECT i.*, COALESCE((SELECT max(f.hops) + 1 FROM messages f
                        WHERE i.cause IS NOT NULL AND f.turn_id = i.cause), 0) AS hops
  FROM incoming i
), placed AS (
  SELECT i.*, a.inbox_pending AS pending,
         row_number() OVER (PARTITION BY i.receiver_kind, i.receiver_id ORDER BY i.ord) AS place
  FROM caused i
  JOIN receivers a ON a.kind = i.receiver_kind AND a.id = i.receiver_id
  LEFT JOIN agents g ON i.receiver_kind = 'agent' AND g.id = i.receiver_id
  WHERE NOT i.twin AND i.hops <= $22
    AND NOT EXISTS (SELECT 1 FROM known k WHERE k.ord = i.ord) AND NOT COALESCE(g.deleting, false)
), stored AS (
  INSERT INTO messages (id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, source,
                        key, body, payload, broadcasted, cause, hops, received_at, class, thread,
                        in_reply_to, reply_by, late)
  SELECT id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, source, key, body,
         payload, broadcasted, cause, hops, at, class, thread, in_reply_to, reply_by, late
  FROM placed WHERE pending + place <= $20 ORDER BY ord
  ON CONFLICT (sender_type, sender_id, key) WHERE key IS NOT NULL DO NOTHING
  RETURNING id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, body, broadcasted,
            received_at, class, thread, in_reply_to, late, cause
), ",
    volleyed!("$23"),
    ", counted AS (
  UPDATE actors a SET inbox_pending = a.inbox_pending + n.n, inbox_waking = a.inbox_waking + n.waking
  FROM (SELECT receiver_kind, receiver_id, count(*)::int AS n,
               (count(*) FILTER (WHERE class IN ('work', 'interrupt')))::int AS waking
        FROM stored GROUP BY 1, 2) n
  WHERE a.kind = n.receiver_kind AND a.id = n.receiver_id
), told AS (
  INSERT INTO events (actor_id, type, data, at)
  SELECT receiver_id,
         CASE receiver_kind WHEN 'agent' THEN 'persistent_agent' WHEN 'task' THEN 'task'
                            WHEN 'job' THEN 'workflow' ELSE 'pull_request' END || ':message',
         jsonb_build_object(CASE receiver_kind WHEN 'agent' THEN 'agentId' WHEN 'task' THEN 'taskId'
                            WHEN 'job' THEN 'workflowId' ELSE 'pullRequestId' END, receiver_id, 'messageId', id, 'senderType', sender_type,
           'senderId', sender_id, 'senderName', sender_name, 'broadcasted', broadcasted,
           'class', class, 'thread', COALESCE(thread, id), 'inReplyTo', in_reply_to, 'late', late,
           'body', left(body, $21), 'truncated', $21 < length(body)),
         received_at
  FROM stored
  UNION ALL
  SELECT t.agent_id, 'persistent_agent:message_refused',
         jsonb_build_object('agentId', t.agent_id, 'turnId', i.cause, 'hops', i.hops,
           'reason', 'it came through ' || i.hops || ' agents, one causing the next; the limit is '
             || $22),
         i.at
  FROM caused i JOIN turns t ON t.id = i.cause WHERE $22 < i.hops
)
SELECT i.ord, s.id AS stored, k.id AS known, k.same, i.twin, p.pending, p.place, i.hops
FROM caused i
LEFT JOIN stored s ON s.id = i.id
LEFT JOIN known k ON k.ord = i.ord
LEFT JOIN placed p ON p.ord = i.ord
ORDER BY i.ord");

/// Stores batches one after the other, over one connection as long as they follow each other: taking
/// a connection and giving it back each ask the database whether it lives.
#[derive(Debug)]
pub struct MailWriter {
    pool: PgPool,
    counters: Arc<Counters>,
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
        bounds: Bounds,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut connection = match self.held.take() {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        let stored = send(&mut connection, batch, bounds).await?;
        self.counters.accepted(batch, &stored);
        // After an error it is not kept: it may be the connection's.
        self.held = Some(connection);
        Ok(stored)
    }

    /// Gives the connection back: nothing is to be stored for a while.
    pub fn rest(&mut self) {
        self.held = None;
    }
}

/// As [`Store::send`], inside somebody else's transaction.
pub(crate) async fn send(
    connection: &mut PgConnection,
    batch: &[NewMessage],
    bounds: Bounds,
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
        .bind(column(batch, |m| m.marks.class.name()))
        .bind(column(batch, |m| m.marks.thread.map(|id| id.0)))
        .bind(column(batch, |m| m.marks.in_reply_to.map(|id| id.0)))
        .bind(column(batch, |m| m.marks.reply_by))
        .bind(column(batch, |m| m.marks.late))
        .bind(bounds.inbox_max)
        .bind(PREVIEW_CHARS)
        .bind(bounds.hops_max)
        .bind(bounds.volley_window_ms)
        .fetch_all(connection)
        .await?;
    Ok(rows.iter().map(|row| outcome(row, batch, bounds)).collect())
}

impl Store {
    /// For whoever stores many batches.
    #[must_use]
    pub fn mail_writer(&self) -> MailWriter {
        MailWriter {
            pool: self.pool.clone(),
            counters: Arc::clone(&self.counters),
            held: None,
        }
    }

    /// Stores a batch in one statement, in the order given. The answers are in the same order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database is away: then nothing is known to be stored.
    pub async fn send(
        &self,
        batch: &[NewMessage],
        bounds: impl Into<Bounds>,
    ) -> Result<Vec<Stored>, StoreError> {
        self.mail_writer().send(batch, bounds.into()).await
    }
}

fn column<'a, T>(batch: &'a [NewMessage], get: impl Fn(&'a NewMessage) -> T) -> Vec<T> {
    batch.iter().map(get).collect()
}

fn outcome(row: &Outcome, batch: &[NewMessage], bounds: Bounds) -> Stored {
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
    if let Some(hops) = row.hops.filter(|hops| bounds.hops_max < *hops) {
        return Stored::Refused(StoreError::Hops(hops));
    }
    match (row.pending, row.place) {
        (Some(pending), Some(place))
            if i64::from(bounds.inbox_max) < i64::from(pending) + place =>
        {
            Stored::Refused(StoreError::InboxFull(i64::from(pending)))
        }
        (Some(_), Some(_)) => Stored::Again,
        _ => Stored::Refused(StoreError::NoReceiver),
    }
}
