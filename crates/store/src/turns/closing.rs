//! Closing a turn: its outcome, the fate of its mail, and what it means for the agent, in one
//! transaction.

use optio_domain::{
    agent::closing::{Closing, MailFate},
    id::{AgentId, TurnId},
    limits::ATTEMPTS_MAX,
    run::Usage,
    transcript::Facts,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    StoreError, mail,
    step::{NewEvent, Step},
};

/// What is needed to close a turn.
#[derive(Debug)]
pub struct Closed<'a> {
    /// The agent.
    pub agent: AgentId,
    /// The turn.
    pub turn: TurnId,
    /// What closing means.
    pub closing: &'a Closing,
    /// What its output told.
    pub facts: &'a Facts,
}

impl Step {
    /// Closes a turn: outcome, cost, session, the fate of its mail, and what it means for the agent.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when the turn is closed already.
    pub async fn close_turn(&mut self, closed: &Closed<'_>) -> Result<(), StoreError> {
        let (closing, facts) = (closed.closing, closed.facts);
        let usage = usage(facts);
        let summary = facts.end.as_ref().map(|end| end.summary.as_str());
        let error = closing
            .failure
            .as_ref()
            .map(|failure| failure.message.as_str());
        let class = closing.failure.as_ref().map(|failure| failure.class.name());
        let done = sqlx::query(
            "UPDATE turns SET halt_reason = $2, error = $3, error_class = $4, cost_usd = $5,
                    input_tokens = $6, output_tokens = $7, model_used = $8, session_id = $9,
                    summary = $10, finished_at = $11
             WHERE id = $1 AND finished_at IS NULL",
        )
        .bind(closed.turn.0)
        .bind(closing.halt.name())
        .bind(error)
        .bind(class)
        .bind(usage.cost_usd)
        .bind(usage.input_tokens)
        .bind(usage.output_tokens)
        .bind(&facts.model)
        .bind(&facts.session)
        .bind(summary)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Moved);
        }
        sqlx::query("UPDATE runs SET open = false WHERE id = $1")
            .bind(closed.turn.0)
            .execute(&mut *self.tx)
            .await?;
        self.settle_mail(closed).await?;
        self.settle_agent(closed, &usage).await?;
        self.tell_halt(closed, &usage, summary).await
    }

    async fn settle_mail(&mut self, closed: &Closed<'_>) -> Result<(), StoreError> {
        let reason = closed
            .closing
            .failure
            .as_ref()
            .map_or("no reason", |f| f.message.as_str());
        let statement = match closed.closing.mail {
            MailFate::Consumed => {
                "UPDATE messages SET state = 'consumed', processed_at = $2
                 WHERE turn_id = $1 AND state = 'assigned' AND ($3::int, $4::text) IS NOT NULL
                 RETURNING id, state, class"
            }
            MailFate::GivenBack => {
                "UPDATE messages SET attempts = attempts + 1, failed_turns = failed_turns || $1,
                        state = CASE WHEN attempts + 1 < $3 THEN 'pending' ELSE 'dead' END,
                        dead_reason = CASE WHEN attempts + 1 < $3 THEN NULL
                          ELSE 'given to ' || (attempts + 1) || ' turns that failed; the last one: ' || $4 END
                 WHERE turn_id = $1 AND state = 'assigned' AND $2::timestamptz IS NOT NULL
                 RETURNING id, state, class"
            }
            MailFate::Untouched => {
                "UPDATE messages SET state = 'pending'
                 WHERE turn_id = $1 AND state = 'assigned'
                   AND ($2::timestamptz, $3::int, $4::text) IS NOT NULL
                 RETURNING id, state, class"
            }
        };
        let rows: Vec<(Uuid, String, String)> = sqlx::query_as(statement)
            .bind(closed.turn.0)
            .bind(self.now)
            .bind(ATTEMPTS_MAX)
            .bind(reason)
            .fetch_all(&mut *self.tx)
            .await?;
        let back = rows.iter().filter(|(_, state, _)| state == "pending");
        let back = mail::Change::of(back.map(|(_, _, class)| class.as_str()));
        mail::count_pending(&mut self.tx, self.key, back).await?;
        let dead: Vec<NewEvent> = rows
            .iter()
            .filter(|(_, state, _)| state == "dead")
            .map(|(id, ..)| NewEvent {
                actor_id: closed.agent.0,
                turn_id: Some(closed.turn.0),
                type_name: "persistent_agent:dead_letter",
                data: json!({ "agentId": closed.agent, "messageId": id, "reason": reason }),
                at: self.now,
            })
            .collect();
        self.tell(&dead).await
    }

    async fn settle_agent(&mut self, closed: &Closed<'_>, usage: &Usage) -> Result<(), StoreError> {
        let closing = closed.closing;
        let failure = closing.failure.as_ref();
        sqlx::query(
            "UPDATE agents SET consecutive_failures = $2, rate_limits_in_row = $3, hold_until = $4,
                    hold_reason = $5, last_turn_at = $6, updated_at = $6,
                    session_id = CASE WHEN $7 THEN NULL ELSE COALESCE($8, session_id) END,
                    total_cost_usd = total_cost_usd + COALESCE($9, 0),
                    total_input_tokens = total_input_tokens + COALESCE($10, 0),
                    total_output_tokens = total_output_tokens + COALESCE($11, 0),
                    last_failure_at = CASE WHEN $12::text IS NULL THEN last_failure_at ELSE $6 END,
                    last_failure_class = COALESCE($12, last_failure_class),
                    last_failure_reason = COALESCE($13, last_failure_reason)
             WHERE id = $1",
        )
        .bind(closed.agent.0)
        .bind(closing.failures)
        .bind(closing.rate_limits)
        .bind(closing.hold.as_ref().map(|hold| hold.until))
        .bind(closing.hold.as_ref().map(|hold| hold.reason.as_str()))
        .bind(self.now)
        .bind(closing.forget_session)
        .bind(&closed.facts.session)
        .bind(usage.cost_usd)
        .bind(usage.input_tokens)
        .bind(usage.output_tokens)
        .bind(failure.map(|failure| failure.class.name()))
        .bind(failure.map(|failure| failure.message.as_str()))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn tell_halt(
        &mut self,
        closed: &Closed<'_>,
        usage: &Usage,
        summary: Option<&str>,
    ) -> Result<(), StoreError> {
        let failure = closed.closing.failure.as_ref();
        let event = NewEvent {
            actor_id: closed.agent.0,
            turn_id: Some(closed.turn.0),
            type_name: "persistent_agent:turn_halted",
            data: json!({
                "agentId": closed.agent, "turnId": closed.turn,
                "haltReason": closed.closing.halt.name(),
                "error": failure.map(|failure| &failure.message),
                "errorClass": failure.map(|failure| failure.class.name()),
                "remedy": failure.map(|failure| failure.class.remedy()),
                "costUsd": usage.cost_usd.map(|cost| cost.to_string()),
                "summary": summary,
            }),
            at: self.now,
        };
        self.tell(&[event]).await
    }
}

/// What a run used: nothing is known before its terminal event.
fn usage(facts: &Facts) -> Usage {
    facts.end.as_ref().map_or_else(Usage::default, |end| Usage {
        cost_usd: end.cost_usd,
        input_tokens: end.input_tokens,
        output_tokens: end.output_tokens,
    })
}
