//! Broadcasts: one message for every peer, or for none.

use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::AgentId,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{NewMessage, PREVIEW_CHARS};
use crate::{Store, StoreError};

impl Store {
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
            .bind(message.marks.class.name())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let kind = ActorKind::Agent;
        let keys = ids.into_iter().map(|id| ActorKey { kind, id }).collect();
        Ok((count, keys))
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
                        key, body, payload, broadcasted, cause, hops, received_at, class)
  SELECT gen_random_uuid(), 'agent', g.id, 'agent', $2, $3, 'agent', $4 || '#' || g.slug, $5, $6,
         true, $7,
         COALESCE((SELECT max(f.hops) + 1 FROM messages f WHERE f.turn_id = $7), 0), $8, $10
  FROM agents g WHERE g.id = ANY($1) ORDER BY g.id
  RETURNING id, receiver_id
), counted AS (
  UPDATE actors a SET inbox_pending = a.inbox_pending + 1,
         inbox_waking = a.inbox_waking + CASE WHEN $10 IN ('work', 'interrupt') THEN 1 ELSE 0 END
  FROM stored s WHERE a.kind = 'agent' AND a.id = s.receiver_id
)
INSERT INTO events (actor_id, type, data, at)
SELECT receiver_id, 'persistent_agent:message',
       jsonb_build_object('agentId', receiver_id, 'messageId', id, 'senderType', 'agent',
         'senderId', $2, 'senderName', $3, 'broadcasted', true,
         'class', $10, 'thread', id, 'inReplyTo', NULL, 'late', false,
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
