//! Publications: one message for everybody who hears a topic, or for nobody. A broadcast is the
//! publication to the topic of all peers.

use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::AgentId,
    mail::Topic,
};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Bounds, NewMessage, PREVIEW_CHARS, send::volleyed};
use crate::{Store, StoreError};

/// Who is to get a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// Of which workspace.
    pub workspace: String,
    /// Whoever hears this topic.
    pub topic: Topic,
    /// The agent that publishes: what it does never wakes it.
    pub publisher: Option<AgentId>,
}

/// What became of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// How many have it.
    pub delivered: i64,
    /// Who has to look; nobody where its key was known.
    pub receivers: Vec<ActorKey>,
    /// Whether the publisher hears the topic too and was left out.
    pub skipped_self: bool,
}

impl Store {
    /// Stores one message for every enabled agent that hears a topic, or for none.
    ///
    /// # Errors
    /// [`StoreError::InboxFull`] when any inbox is full, [`StoreError::FanOut`] when there are too
    /// many receivers, [`StoreError::Hops`] when the chain is too long.
    pub async fn publish(
        &self,
        message: &NewMessage,
        audience: &Audience,
        bounds: Bounds,
        fan_out_max: i64,
    ) -> Result<Published, StoreError> {
        let mut tx = self.pool.begin().await?;
        // Locked first: whoever sends to these inboxes or repeats this publication at the same time
        // waits here, and then sees what we did.
        let receivers = lock(&mut tx, audience).await?;
        let skipped_self = hears(&mut tx, audience).await?;
        if let Some(delivered) = before(&mut tx, message, &audience.topic).await? {
            return Ok(Published {
                delivered,
                receivers: Vec::new(),
                skipped_self,
            });
        }
        let count = i64::try_from(receivers.len()).unwrap_or(i64::MAX);
        if fan_out_max < count {
            return Err(StoreError::FanOut(count));
        }
        let fullest = receivers.iter().map(|(_, pending)| *pending).max();
        if let Some(fullest) = fullest.filter(|fullest| bounds.inbox_max <= *fullest) {
            return Err(StoreError::InboxFull(i64::from(fullest)));
        }
        let hops = hops(&mut tx, message).await?;
        if bounds.hops_max < hops {
            refuse(&mut tx, message, audience, hops).await?;
            tx.commit().await?;
            return Err(StoreError::Hops(hops));
        }
        let ids: Vec<Uuid> = receivers.into_iter().map(|(id, _)| id).collect();
        store(&mut tx, message, &audience.topic, hops, &ids, bounds).await?;
        tx.commit().await?;
        self.counters.accepted_all(message.marks.class, count);
        let kind = ActorKind::Agent;
        Ok(Published {
            delivered: count,
            receivers: ids.into_iter().map(|id| ActorKey { kind, id }).collect(),
            skipped_self,
        })
    }
}

async fn lock(tx: &mut PgConnection, audience: &Audience) -> Result<Vec<(Uuid, i32)>, StoreError> {
    let statement = if audience.topic.is_all() {
        PEERS
    } else {
        SUBSCRIBERS
    };
    Ok(sqlx::query_as(statement)
        .bind(&audience.workspace)
        .bind(audience.publisher.map(|agent| agent.0))
        .bind(audience.topic.name())
        .fetch_all(tx)
        .await?)
}

/// The enabled agents of a workspace, locked in the order in which every writer locks.
const PEERS: &str = "
SELECT a.id, a.inbox_pending FROM agents g JOIN actors a ON a.kind = 'agent' AND a.id = g.id
WHERE g.workspace = $1 AND g.id IS DISTINCT FROM $2 AND g.enabled AND NOT g.deleting
  AND g.state <> 'archived' AND $3::text IS NOT NULL
ORDER BY a.kind, a.id FOR NO KEY UPDATE OF a";

/// Those of them that have subscribed.
const SUBSCRIBERS: &str = "
SELECT a.id, a.inbox_pending
FROM subscriptions s JOIN agents g ON g.id = s.agent_id
JOIN actors a ON a.kind = 'agent' AND a.id = g.id
WHERE s.workspace = $1 AND s.topic = $3 AND g.id IS DISTINCT FROM $2 AND g.enabled
  AND NOT g.deleting AND g.state <> 'archived'
ORDER BY a.kind, a.id FOR NO KEY UPDATE OF a";

async fn hears(tx: &mut PgConnection, audience: &Audience) -> Result<bool, StoreError> {
    let Some(publisher) = audience.publisher else {
        return Ok(false);
    };
    if audience.topic.is_all() {
        return Ok(true);
    }
    let (hears,): (bool,) = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM subscriptions
                        WHERE workspace = $1 AND topic = $2 AND agent_id = $3)",
    )
    .bind(&audience.workspace)
    .bind(audience.topic.name())
    .bind(publisher.0)
    .fetch_one(tx)
    .await?;
    Ok(hears)
}

async fn hops(tx: &mut PgConnection, message: &NewMessage) -> Result<i32, StoreError> {
    let Some(cause) = message.cause else {
        return Ok(0);
    };
    let (hops,): (Option<i32>,) =
        sqlx::query_as("SELECT max(hops) + 1 FROM messages WHERE turn_id = $1")
            .bind(cause.0)
            .fetch_one(tx)
            .await?;
    Ok(hops.unwrap_or(0))
}

async fn refuse(
    tx: &mut PgConnection,
    message: &NewMessage,
    audience: &Audience,
    hops: i32,
) -> Result<(), StoreError> {
    let Some(publisher) = audience.publisher else {
        return Ok(());
    };
    let reason = StoreError::Hops(hops).to_string();
    sqlx::query(
        "INSERT INTO events (actor_id, type, data, at)
         VALUES ($1, 'persistent_agent:message_refused', $2, $3)",
    )
    .bind(publisher.0)
    .bind(json!({
        "agentId": publisher, "turnId": message.cause, "hops": hops, "reason": reason,
        "topic": audience.topic.name(),
    }))
    .bind(message.at)
    .execute(tx)
    .await?;
    Ok(())
}

async fn store(
    tx: &mut PgConnection,
    message: &NewMessage,
    topic: &Topic,
    hops: i32,
    receivers: &[Uuid],
    bounds: Bounds,
) -> Result<(), StoreError> {
    sqlx::query(PUBLISH)
        .bind(receivers)
        .bind(message.sender.type_name())
        .bind(message.sender.id())
        .bind(message.sender_name.as_deref())
        .bind(message.source.name())
        .bind(message.key.as_deref())
        .bind(&message.body)
        .bind(&message.payload)
        .bind(topic.is_all())
        .bind(message.cause.map(|turn| turn.0))
        .bind(hops)
        .bind(message.at)
        .bind(message.marks.class.name())
        .bind(topic.name())
        .bind(PREVIEW_CHARS)
        .bind(bounds.volley_window_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// Stores for every receiver, tells the stream, counts the inboxes.
const PUBLISH: &str = concat!(
    "
WITH stored AS (
  INSERT INTO messages (id, receiver_kind, receiver_id, sender_type, sender_id, sender_name, source,
                        key, body, payload, broadcasted, cause, hops, received_at, class, topic)
  SELECT gen_random_uuid(), 'agent', g.id, $2, $3, $4, $5, $6 || '#' || g.slug, $7, $8, $9, $10, $11,
         $12, $13, $14
  FROM agents g WHERE g.id = ANY($1) ORDER BY g.id
  RETURNING id, receiver_id, received_at, cause
), ",
    volleyed!("$16"),
    ", counted AS (
  UPDATE actors a SET inbox_pending = a.inbox_pending + 1,
         inbox_waking = a.inbox_waking + CASE WHEN $13 IN ('work', 'interrupt') THEN 1 ELSE 0 END
  FROM stored s WHERE a.kind = 'agent' AND a.id = s.receiver_id
)
INSERT INTO events (actor_id, type, data, at)
SELECT receiver_id, 'persistent_agent:message',
       jsonb_build_object('agentId', receiver_id, 'messageId', id, 'senderType', $2,
         'senderId', $3, 'senderName', $4, 'broadcasted', $9, 'class', $13, 'thread', id,
         'inReplyTo', NULL, 'late', false, 'topic', $14,
         'body', left($7, $15), 'truncated', $15 < length($7)),
       $12
FROM stored"
);

/// How many got a publication with this key, where there was one.
async fn before(
    tx: &mut PgConnection,
    message: &NewMessage,
    topic: &Topic,
) -> Result<Option<i64>, StoreError> {
    let Some(key) = &message.key else {
        return Ok(None);
    };
    let (before, same): (i64, Option<bool>) = sqlx::query_as(
        "SELECT count(*), bool_and(body = $4 AND payload IS NOT DISTINCT FROM $5
                                   AND class = $6 AND topic = $7)
         FROM messages WHERE sender_type = $1 AND sender_id = $2 AND starts_with(key, $3)",
    )
    .bind(message.sender.type_name())
    .bind(message.sender.id())
    .bind(format!("{key}#"))
    .bind(&message.body)
    .bind(&message.payload)
    .bind(message.marks.class.name())
    .bind(topic.name())
    .fetch_one(tx)
    .await?;
    match same {
        None => Ok(None),
        Some(true) => Ok(Some(before)),
        Some(false) => Err(StoreError::KeyReused(message.sender.clone())),
    }
}
