//! What the breaker writes: a pause with its reason, and the forgetting of both.

use optio_domain::agent::breaker::Trip;
use serde_json::json;

use crate::{
    StoreError,
    step::{NewEvent, Step},
};

impl Step {
    /// Writes down why the agent is paused by itself, and tells the stream.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn paused_because(&mut self, trip: &Trip) -> Result<(), StoreError> {
        self.tally.breaker_trips += 1;
        let reason = trip.to_string();
        sqlx::query("UPDATE agents SET pause_reason = $2 WHERE id = $1")
            .bind(self.key.id)
            .bind(&reason)
            .execute(&mut *self.tx)
            .await?;
        let event = NewEvent {
            actor_id: self.key.id,
            turn_id: None,
            type_name: "persistent_agent:breaker_tripped",
            data: json!({ "agentId": self.key.id, "breaker": trip.name(), "reason": reason }),
            at: self.now,
        };
        self.tell(&[event]).await
    }

    /// A person lets the agent go on: what was counted so far counts no more.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn forget_wakes(&mut self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE agents SET pause_reason = NULL, wakes_from = turns_taken WHERE id = $1",
        )
        .bind(self.key.id)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query("DELETE FROM volleys WHERE receiver_id = $1 OR sender_id = $1")
            .bind(self.key.id)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}
