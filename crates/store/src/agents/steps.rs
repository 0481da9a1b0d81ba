//! What a step may change about an agent.

use chrono::{DateTime, Utc};
use optio_domain::agent::{AgentState, Intent};
use serde_json::json;

use crate::{
    StoreError,
    step::{NewEvent, Step},
};

impl Step {
    /// Moves the agent from one state to another and tells the stream.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn agent_state(
        &mut self,
        from: AgentState,
        to: AgentState,
        reason: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE agents SET state = $2, open_turn = $3, updated_at = $4,
                    state_since = CASE WHEN state = $2 THEN state_since ELSE $4 END
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(to.name())
        .bind(to.turn().map(|turn| turn.0))
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        if from.name() == to.name() {
            return Ok(());
        }
        let event = NewEvent {
            actor_id: self.key.id,
            turn_id: to.turn().or(from.turn()).map(|turn| turn.0),
            type_name: "persistent_agent:state_changed",
            data: json!({
                "agentId": self.key.id, "fromState": from.name(), "toState": to.name(),
                "reason": reason,
            }),
            at: self.now,
        };
        self.tell(&[event]).await
    }

    /// Forgets what a person asked for, because it is done or cannot be.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn intent_met(&mut self, intent: Intent) -> Result<(), StoreError> {
        sqlx::query("UPDATE agents SET intent = NULL WHERE id = $1 AND intent = $2")
            .bind(self.key.id)
            .bind(intent.name())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Starts afresh: no failures, no pause and, where asked, no session.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn forgive(&mut self, forget_session: bool) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE agents SET consecutive_failures = 0, rate_limits_in_row = 0, hold_until = NULL,
                    hold_reason = NULL, session_id = CASE WHEN $2 THEN NULL ELSE session_id END
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(forget_session)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// A sandbox is wanted from now on.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn sandbox_wanted(&mut self) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sandboxes (id, actor_kind, actor_id, created_at) VALUES ($1, $2, $1, $3)
             ON CONFLICT (id) DO UPDATE SET keep_until = NULL",
        )
        .bind(self.key.id)
        .bind(self.key.kind.name())
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// How long the sandbox is kept from now on.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn sandbox_kept(&mut self, until: Option<DateTime<Utc>>) -> Result<(), StoreError> {
        sqlx::query("UPDATE sandboxes SET keep_until = $2 WHERE id = $1")
            .bind(self.key.id)
            .bind(until)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The sandbox is gone, and with it whatever ran in it.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn sandbox_gone(&mut self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sandboxes WHERE id = $1")
            .bind(self.key.id)
            .execute(&mut *self.tx)
            .await?;
        sqlx::query(
            "UPDATE runs SET state = 'ended', ended_at = $3
             WHERE actor_kind = $1 AND actor_id = $2 AND state <> 'ended' AND NOT open",
        )
        .bind(self.key.kind.name())
        .bind(self.key.id)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Removes every trace of the agent.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn purge_agent(&mut self) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM triggers WHERE target_type = 'persistent_agent' AND target_id = $1",
            "DELETE FROM messages WHERE receiver_kind = 'agent' AND receiver_id = $1",
            "DELETE FROM runs WHERE actor_kind = 'agent' AND actor_id = $1",
            "DELETE FROM refused_reports WHERE actor_kind = 'agent' AND actor_id = $1",
            "DELETE FROM events WHERE actor_id = $1",
            "DELETE FROM agents WHERE id = $1",
            "DELETE FROM actors WHERE kind = 'agent' AND id = $1",
        ] {
            sqlx::query(statement)
                .bind(self.key.id)
                .execute(&mut *self.tx)
                .await?;
        }
        let event = NewEvent {
            actor_id: self.key.id,
            turn_id: None,
            type_name: "persistent_agent:deleted",
            data: json!({ "agentId": self.key.id }),
            at: self.now,
        };
        self.tell(&[event]).await
    }
}
