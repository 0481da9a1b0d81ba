//! One message as a part of a larger write.

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Change, NewMessage, PREVIEW_CHARS, count_pending};
use crate::StoreError;

/// Stores one message inside somebody else's transaction, whatever room there is: for what Optio
/// itself says, at most once per reason. A known key stores nothing.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    message: &NewMessage,
) -> Result<bool, StoreError> {
    if !put(tx, message, "pending", None).await? {
        return Ok(false);
    }
    let change = Change::of([message.marks.class.name()]);
    count_pending(tx, message.receiver, change).await?;
    tell(tx, message).await?;
    Ok(true)
}

/// Writes the row alone. False where its key is known.
pub(super) async fn put(
    tx: &mut PgConnection,
    message: &NewMessage,
    state: &str,
    turn: Option<uuid::Uuid>,
) -> Result<bool, StoreError> {
    let marks = &message.marks;
    let done = sqlx::query(
        "INSERT INTO messages (id, receiver_kind, receiver_id, sender_type, sender_id, sender_name,
                               source, key, body, payload, received_at, class, thread, in_reply_to,
                               late, cause, hops, state, turn_id, processed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                 COALESCE((SELECT max(f.hops) + 1 FROM messages f WHERE f.turn_id = $16), 0),
                 $17, $18, CASE WHEN $17 = 'consumed' THEN $11 END)
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
    .bind(marks.class.name())
    .bind(marks.thread.map(|id| id.0))
    .bind(marks.in_reply_to.map(|id| id.0))
    .bind(marks.late)
    .bind(message.cause.map(|turn| turn.0))
    .bind(state)
    .bind(turn)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Tells the stream.
pub(super) async fn tell(tx: &mut PgConnection, message: &NewMessage) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO events (actor_id, type, data, at) VALUES ($1, 'persistent_agent:message', $2, $3)",
    )
    .bind(message.receiver.id)
    .bind(shown(message))
    .bind(message.at)
    .execute(tx)
    .await?;
    Ok(())
}

fn shown(message: &NewMessage) -> Value {
    let chars = usize::try_from(PREVIEW_CHARS).unwrap_or(0);
    let preview: String = message.body.chars().take(chars).collect();
    json!({
        "agentId": message.receiver.id, "messageId": message.id, "broadcasted": false,
        "class": message.marks.class.name(), "thread": message.marks.thread.unwrap_or(message.id),
        "inReplyTo": message.marks.in_reply_to, "late": message.marks.late,
        "senderType": message.sender.type_name(), "senderId": message.sender.id(),
        "senderName": message.sender_name, "truncated": preview.len() < message.body.len(),
        "body": preview,
    })
}
