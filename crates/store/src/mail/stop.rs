//! Stop messages: recorded, and the open turn is marked, in one transaction.

use optio_domain::id::{MessageId, TurnId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{NewMessage, Receipt, insert};
use crate::{Store, StoreError, agents};

/// What became of a stop message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// The message, as it is recorded.
    pub receipt: Receipt,
    /// The turn that it ends; `None` where none was open, and then it has no effect.
    pub turn: Option<TurnId>,
}

impl Store {
    /// Records a stop message as consumed and asks for the end of the turn that is open now. A turn
    /// that is opened later is not meant.
    ///
    /// # Errors
    /// [`StoreError::NoReceiver`], [`StoreError::KeyReused`], or the database is away.
    pub async fn send_stop(&self, message: &NewMessage) -> Result<Stopped, StoreError> {
        let mut tx = self.pool.begin().await?;
        // Locked first, as in a step: the turn that is open now stays open until we are done.
        let open: Option<(Option<Uuid>,)> = sqlx::query_as(
            "SELECT g.open_turn FROM actors a JOIN agents g ON g.id = a.id
             WHERE a.kind = $1 AND a.id = $2 AND NOT g.deleting FOR NO KEY UPDATE OF a",
        )
        .bind(message.receiver.kind.name())
        .bind(message.receiver.id)
        .fetch_optional(&mut *tx)
        .await?;
        let (open,) = open.ok_or(StoreError::NoReceiver)?;
        if !insert::put(&mut tx, message, "consumed", open).await? {
            return before(&mut tx, message).await;
        }
        insert::tell(&mut tx, message).await?;
        if let Some(turn) = open {
            agents::moved(&mut tx, message.receiver, message.at).await?;
            sqlx::query("UPDATE agents SET stop_turn = $2 WHERE id = $1 AND open_turn = $2")
                .bind(message.receiver.id)
                .bind(turn)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(Stopped {
            receipt: Receipt {
                id: message.id,
                repeated: false,
            },
            turn: open.map(TurnId),
        })
    }
}

/// What the same sender's first message with this key did.
async fn before(tx: &mut PgConnection, message: &NewMessage) -> Result<Stopped, StoreError> {
    let first: Option<(Uuid, Option<Uuid>, bool)> = sqlx::query_as(
        "SELECT id, turn_id, class = 'stop' AND receiver_id = $4 AND body = $5
                AND payload IS NOT DISTINCT FROM $6
         FROM messages WHERE sender_type = $1 AND sender_id = $2 AND key = $3",
    )
    .bind(message.sender.type_name())
    .bind(message.sender.id())
    .bind(&message.key)
    .bind(message.receiver.id)
    .bind(&message.body)
    .bind(&message.payload)
    .fetch_optional(tx)
    .await?;
    match first {
        Some((id, turn, true)) => Ok(Stopped {
            receipt: Receipt {
                id: MessageId(id),
                repeated: true,
            },
            turn: turn.map(TurnId),
        }),
        Some(_) => Err(StoreError::KeyReused(message.sender.clone())),
        None => Err(StoreError::Moved),
    }
}
