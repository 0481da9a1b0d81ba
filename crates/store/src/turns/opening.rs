//! Opening a turn: the oldest mail, the prompt, and a run, in one transaction.

use chrono::TimeDelta;
use optio_domain::{
    agent::{prompt, spec::AgentSpec},
    id::{AgentId, MessageId, TurnId},
    limits::{TURN_BYTES_MAX, TURN_MESSAGES_MAX},
    mail::{Candidate, Class, drain},
};
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::{
    StoreError,
    mail::{self, MessageRow},
    step::{NewEvent, Step},
};

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
            "UPDATE actors a SET (inbox_pending, inbox_waking) = (
               SELECT count(*), count(*) FILTER (WHERE m.class IN ('work', 'interrupt'))
               FROM messages m
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
    /// the mail, and wants a run. Returns false, having written nothing, when no mail waits that
    /// wakes.
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

    /// The oldest of each class, each found by index: a backlog of one does not hide another.
    async fn take_mail(&mut self) -> Result<Vec<MessageRow>, StoreError> {
        let columns = mail::columns();
        let of = |class: &str| {
            format!(
                "(SELECT {columns} FROM messages WHERE receiver_kind = $1 AND receiver_id = $2
                   AND class = '{class}' AND state = 'pending' ORDER BY seq LIMIT $3)"
            )
        };
        let sql = [of("interrupt"), of("work"), of("notify")].join(" UNION ALL ");
        let rows: Vec<MessageRow> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(self.key.kind.name())
            .bind(self.key.id)
            .bind(TURN_MESSAGES_MAX)
            .fetch_all(&mut *self.tx)
            .await?;
        let waiting: Vec<Candidate> = rows.iter().map(candidate).collect();
        let most = usize::try_from(TURN_MESSAGES_MAX).unwrap_or(usize::MAX);
        let mut rows: Vec<Option<MessageRow>> = rows.into_iter().map(Some).collect();
        Ok(drain(&waiting, most, TURN_BYTES_MAX)
            .into_iter()
            .filter_map(|place| rows.get_mut(place)?.take())
            .collect())
    }

    async fn assign(&mut self, mail: &[MessageRow], turn: TurnId) -> Result<(), StoreError> {
        let seqs: Vec<i64> = mail.iter().map(|row| row.seq).collect();
        let taken = mail::Change::of(mail.iter().map(|row| row.class.as_str()));
        sqlx::query("UPDATE messages SET state = 'assigned', turn_id = $2 WHERE seq = ANY($1)")
            .bind(seqs)
            .bind(turn.0)
            .execute(&mut *self.tx)
            .await?;
        mail::count_pending(&mut self.tx, self.key, taken.out()).await
    }
}

fn candidate(row: &MessageRow) -> Candidate {
    let payload = row.payload.as_ref();
    Candidate {
        seq: row.seq,
        class: Class::parse(&row.class).unwrap_or_default(),
        bytes: row.body.len() + payload.map_or(0, |payload| payload.to_string().len()),
    }
}
