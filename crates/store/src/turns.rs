//! Turns: opened with their mail, closed with its fate, in one transaction each.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    agent::{
        closing::{Closing, MailFate},
        prompt,
        spec::AgentSpec,
    },
    id::{AgentId, MessageId, TurnId},
    limits::{ATTEMPTS_MAX, TURN_BYTES_MAX, TURN_MESSAGES_MAX},
    run::{HaltReason, Usage},
    transcript::Facts,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    mail::{self, MessageRow},
    step::{NewEvent, Step},
};

/// A turn as the API shows it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct TurnRow {
    /// Its identity.
    pub id: Uuid,
    /// Whose turn.
    pub agent_id: Uuid,
    /// From 1.
    pub turn_number: i32,
    /// The agent's epoch.
    pub epoch: i64,
    /// What woke the agent.
    pub wake_source: String,
    /// The message that woke it.
    pub wake_payload: Option<Value>,
    /// What the agent was told.
    pub prompt_used: String,
    /// Messages it was given.
    pub messages: i32,
    /// Why it halted.
    pub halt_reason: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// The class of that.
    pub error_class: Option<String>,
    /// Dollars.
    pub cost_usd: Option<Decimal>,
    /// Tokens sent.
    pub input_tokens: Option<i64>,
    /// Tokens received.
    pub output_tokens: Option<i64>,
    /// The model that answered.
    pub model_used: Option<String>,
    /// The vendor's session.
    pub session_id: Option<String>,
    /// The agent's last words.
    pub summary: Option<String>,
    /// When it was opened.
    pub started_at: DateTime<Utc>,
    /// When it was closed.
    pub finished_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, agent_id, turn_number, epoch, wake_source, wake_payload, prompt_used, \
    messages, halt_reason, error, error_class, cost_usd, input_tokens, output_tokens, model_used, \
    session_id, summary, started_at, finished_at";

/// What is needed to open a turn.
#[derive(Debug)]
pub struct Opening<'a> {
    /// The agent.
    pub agent: AgentId,
    /// The turn's identity.
    pub turn: TurnId,
    /// The agent's own words.
    pub spec: &'a AgentSpec,
    /// The session to resume.
    pub session: Option<&'a str>,
    /// Milliseconds until its process must have started.
    pub provision_ms: i64,
}

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

/// What a token's bearer may still do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its turn is open.
    Open {
        /// The agent's slug.
        slug: String,
        /// The agent's name.
        name: String,
    },
    /// Its turn is over.
    Ended {
        /// The turn's number.
        number: i32,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// There is no such turn.
    Unknown,
}

#[derive(FromRow)]
struct RawStanding {
    turn_number: i32,
    finished_at: Option<DateTime<Utc>>,
    epoch: i64,
    slug: String,
    name: String,
    updated_at: DateTime<Utc>,
}

impl Store {
    /// One page of an agent's turns, newest first, before turn number `before`.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn turns(
        &self,
        agent: AgentId,
        before: Option<i32>,
        limit: i64,
    ) -> Result<Vec<TurnRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM turns WHERE agent_id = $1 AND ($2::int IS NULL OR turn_number < $2)
             ORDER BY turn_number DESC LIMIT $3"
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(agent.0)
            .bind(before)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Reads one turn of an agent.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn turn(&self, agent: AgentId, turn: TurnId) -> Result<Option<TurnRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM turns WHERE agent_id = $1 AND id = $2");
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(agent.0)
            .bind(turn.0)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// Looks whether a token's turn is still open under its epoch.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn standing(
        &self,
        agent: AgentId,
        turn: TurnId,
        epoch: i64,
    ) -> Result<Standing, StoreError> {
        let row: Option<RawStanding> = sqlx::query_as(
            "SELECT t.turn_number, t.finished_at, t.epoch, g.slug, g.name, g.updated_at
                 FROM turns t JOIN agents g ON g.id = t.agent_id
                 WHERE t.id = $1 AND t.agent_id = $2",
        )
        .bind(turn.0)
        .bind(agent.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(match row {
            Some(row) if row.finished_at.is_none() && row.epoch == epoch => Standing::Open {
                slug: row.slug,
                name: row.name,
            },
            Some(row) => Standing::Ended {
                number: row.turn_number,
                at: row.finished_at.unwrap_or(row.updated_at),
            },
            None => Standing::Unknown,
        })
    }
}

/// An arbitrary number; whoever opens a turn takes this lock until its transaction ends, so that
/// the limit of open turns is never passed.
const ROOM_LOCK: i64 = 0x6f70_7469_6f01;

impl Step {
    /// Whether one more turn may be open. True holds until the end of this step.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn room_for_a_turn(&mut self, max: i64) -> Result<bool, StoreError> {
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(ROOM_LOCK)
            .execute(&mut *self.tx)
            .await?;
        let (open,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM turns WHERE finished_at IS NULL")
                .fetch_one(&mut *self.tx)
                .await?;
        Ok(open < max)
    }

    /// Counts the waiting mail anew, where the count and the mail disagree.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn recount_inbox(&mut self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE actors a SET inbox_pending = (SELECT count(*) FROM messages m
               WHERE m.receiver_kind = a.kind AND m.receiver_id = a.id AND m.state = 'pending')
             WHERE kind = $1 AND id = $2",
        )
        .bind(self.key.kind.name())
        .bind(self.key.id)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Opens a turn: takes the oldest waiting mail within the limits, writes the prompt, assigns
    /// the mail, and wants a run. Returns false, having written nothing, when no mail waits.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses, for example because a turn is open already.
    pub async fn open_turn(&mut self, opening: &Opening<'_>) -> Result<bool, StoreError> {
        let mail = self.take_mail().await?;
        let Some(first) = mail.first() else {
            return Ok(false);
        };
        let letters: Vec<_> = mail.iter().map(MessageRow::letter).collect();
        let count = i32::try_from(mail.len()).unwrap_or(i32::MAX);
        let payload = json!({
            "messageId": MessageId(first.id), "senderType": first.sender_type,
            "senderId": first.sender_id, "payload": first.payload,
        });
        let (number,): (i32,) = sqlx::query_as(
            "WITH agent AS (
               UPDATE agents SET turns_taken = turns_taken + 1, hold_until = NULL, hold_reason = NULL
               WHERE id = $2 RETURNING turns_taken, agent_runtime, max_turn_duration_ms
             ), run AS (
               INSERT INTO runs (id, actor_kind, actor_id, sandbox_id, epoch, runtime, created_at)
               SELECT $1, 'agent', $2, $2, $3, agent_runtime, $9 FROM agent
             )
             INSERT INTO turns (id, agent_id, turn_number, epoch, wake_source, wake_payload,
                prompt_used, messages, resumed_session, provision_until, duration_ms, started_at)
             SELECT $1, $2, turns_taken, $3, $4, $5, $6, $7, $8, $10, max_turn_duration_ms, $9
             FROM agent RETURNING turn_number",
        )
        .bind(opening.turn.0)
        .bind(opening.agent.0)
        .bind(self.epoch)
        .bind(&first.source)
        .bind(&payload)
        .bind(prompt::assemble(opening.spec, &letters))
        .bind(count)
        .bind(opening.session)
        .bind(self.now)
        .bind(self.now + TimeDelta::milliseconds(opening.provision_ms))
        .fetch_one(&mut *self.tx)
        .await?;
        self.assign(&mail, opening.turn).await?;
        let event = NewEvent {
            actor_id: opening.agent.0,
            turn_id: Some(opening.turn.0),
            type_name: "persistent_agent:turn_started",
            data: json!({
                "agentId": opening.agent, "turnId": opening.turn, "turnNumber": number,
                "wakeSource": first.source, "messages": count,
            }),
            at: self.now,
        };
        self.tell(&[event]).await?;
        Ok(true)
    }

    async fn take_mail(&mut self) -> Result<Vec<MessageRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM messages
             WHERE receiver_kind = $1 AND receiver_id = $2 AND state = 'pending'
             ORDER BY seq LIMIT $3",
            mail::columns()
        );
        let mut rows: Vec<MessageRow> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(self.key.kind.name())
            .bind(self.key.id)
            .bind(TURN_MESSAGES_MAX)
            .fetch_all(&mut *self.tx)
            .await?;
        let mut bytes = 0;
        let fit = rows
            .iter()
            .take_while(|row| {
                bytes += row.body.len();
                bytes <= TURN_BYTES_MAX
            })
            .count();
        rows.truncate(fit.max(1));
        Ok(rows)
    }

    async fn assign(&mut self, mail: &[MessageRow], turn: TurnId) -> Result<(), StoreError> {
        let seqs: Vec<i64> = mail.iter().map(|row| row.seq).collect();
        let taken = i64::try_from(seqs.len()).unwrap_or(0);
        sqlx::query("UPDATE messages SET state = 'assigned', turn_id = $2 WHERE seq = ANY($1)")
            .bind(seqs)
            .bind(turn.0)
            .execute(&mut *self.tx)
            .await?;
        mail::count_pending(&mut self.tx, self.key, -taken).await
    }

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
                 RETURNING id, state"
            }
            MailFate::GivenBack => {
                "UPDATE messages SET attempts = attempts + 1,
                        state = CASE WHEN attempts + 1 < $3 THEN 'pending' ELSE 'dead' END,
                        dead_reason = CASE WHEN attempts + 1 < $3 THEN NULL
                          ELSE 'given to ' || (attempts + 1) || ' turns that failed; the last one: ' || $4 END
                 WHERE turn_id = $1 AND state = 'assigned' AND $2::timestamptz IS NOT NULL
                 RETURNING id, state"
            }
            MailFate::Untouched => {
                "UPDATE messages SET state = 'pending'
                 WHERE turn_id = $1 AND state = 'assigned'
                   AND ($2::timestamptz, $3::int, $4::text) IS NOT NULL
                 RETURNING id, state"
            }
        };
        let rows: Vec<(Uuid, String)> = sqlx::query_as(statement)
            .bind(closed.turn.0)
            .bind(self.now)
            .bind(ATTEMPTS_MAX)
            .bind(reason)
            .fetch_all(&mut *self.tx)
            .await?;
        let back = rows.iter().filter(|(_, state)| state == "pending").count();
        mail::count_pending(&mut self.tx, self.key, i64::try_from(back).unwrap_or(0)).await?;
        let dead: Vec<NewEvent> = rows
            .iter()
            .filter(|(_, state)| state == "dead")
            .map(|(id, _)| NewEvent {
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

/// A closing that a person caused: the mail goes back as if nothing had been.
#[must_use]
pub fn cancelled(failures: i32) -> Closing {
    Closing {
        event: optio_domain::agent::AgentEvent::TurnClosed,
        halt: HaltReason::Cancelled,
        failure: None,
        mail: MailFate::Untouched,
        failures,
        rate_limits: 0,
        hold: None,
        forget_session: false,
    }
}
