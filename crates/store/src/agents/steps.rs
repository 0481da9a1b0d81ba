//! What a step may change about an agent.

use chrono::{DateTime, Utc};
use optio_domain::{
    agent::{AgentState, Intent},
    notice,
};
use serde_json::json;

use uuid::Uuid;

use crate::{
    Store, StoreError,
    step::{NewEvent, Step, Write, moved, told, written_and_told},
};

const SHIFT: &str = concat!(
    "WITH ",
    moved!("0", "0", "true"),
    ", ",
    told!(),
    ", agent AS (
  UPDATE agents SET state = $17, open_turn = $18, state_since = $13, updated_at = $13
  FROM moved WHERE agents.id = $2
)
SELECT epoch FROM moved"
);

/// The event that a state has changed; none where it has not.
pub(crate) fn changed(
    agent: Uuid,
    from: AgentState,
    to: AgentState,
    reason: &str,
    at: DateTime<Utc>,
) -> Option<NewEvent> {
    (from.name() != to.name()).then(|| NewEvent {
        actor_id: agent,
        turn_id: to.turn().or(from.turn()).map(|turn| turn.0),
        type_name: "persistent_agent:state_changed",
        data: json!({
            "agentId": agent, "fromState": from.name(), "toState": to.name(), "reason": reason,
        }),
        at,
    })
}

impl Store {
    /// A step that moves an agent from one state to another and does nothing else.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when somebody else took a step since.
    pub async fn shift_agent(
        &self,
        write: &Write<'_>,
        from: AgentState,
        to: AgentState,
        reason: &str,
    ) -> Result<(), StoreError> {
        if notice::of_agent(from, to).is_some() {
            let mut step = self
                .step(
                    write.key,
                    write.read,
                    write.wait,
                    write.decision,
                    write.new_epoch,
                )
                .await?;
            step.agent_state(from, to, reason).await?;
            return step.commit().await;
        }
        let events: Vec<_> = changed(write.key.id, from, to, reason, write.decision.at)
            .into_iter()
            .collect();
        let fence = self.fence(write.key)?;
        let row: Option<(i64,)> = written_and_told(SHIFT, write, fence, &events)?
            .bind(to.name())
            .bind(to.turn().map(|turn| turn.0))
            .fetch_optional(&self.pool)
            .await?;
        match row {
            Some((_epoch,)) => Ok(()),
            None => Err(self.why_unwritten(fence, &self.pool).await?),
        }
    }
}

impl Step {
    /// Moves the agent from one state to another, and tells the stream and others.
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
        let event = changed(self.key.id, from, to, reason, self.now);
        self.tell(event.as_slice()).await?;
        self.notice_agent(from, to, reason).await
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
            "UPDATE turn_slots SET turn_id = NULL
             WHERE turn_id IN (SELECT id FROM turns WHERE agent_id = $1 AND finished_at IS NULL)",
            "DELETE FROM triggers WHERE target_type = 'persistent_agent' AND target_id = $1",
            "DELETE FROM messages WHERE receiver_kind = 'agent' AND receiver_id = $1",
            "DELETE FROM asks WHERE asker_id = $1",
            "DELETE FROM volleys WHERE receiver_id = $1 OR sender_id = $1",
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
