//! Opening a turn: its row, its run, its mail and its room, in one statement.

use chrono::TimeDelta;
use optio_domain::{
    actor::ActorKey,
    agent::{AgentState, warm::Service},
    id::{AgentId, MessageId, RunId, TurnId},
    limits::{TURN_BYTES_MAX, TURN_MESSAGES_MAX},
    mail::{Candidate, Class, drain},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, FromRow, types::Json};

use crate::{
    Store, StoreError,
    actors::Version,
    agents::changed,
    mail::{self, MessageRow},
    step::{NewEvent, Step, Write, moved, told, written_and_told},
};

/// What is needed to open a turn.
#[derive(Debug)]
pub struct Opening<'a> {
    /// The agent.
    pub agent: AgentId,
    /// Where it stands.
    pub from: AgentState,
    /// The turn's identity.
    pub turn: TurnId,
    /// Its number.
    pub number: i32,
    /// What the agent is told.
    pub prompt: &'a str,
    /// The mail it is told of, as it is read; never none.
    pub mail: &'a [MessageRow],
    /// The session to resume.
    pub session: Option<&'a str>,
    /// Milliseconds until its process must have started.
    pub provision_ms: i64,
    /// Who serves its run, where that is given to a runner at once.
    pub sent: Option<&'a Service>,
    /// Turns that may be open at once, of all agents.
    pub turns_max: i64,
}

/// What became of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// The turn is open, under this epoch.
    Yes {
        /// The agent's epoch during the turn.
        epoch: i64,
        /// The version that was written.
        version: Version,
    },
    /// As many turns are open as may be; nothing was written.
    NoRoom,
}

#[derive(FromRow)]
struct Outcome {
    room: bool,
    epoch: Option<i64>,
    version: Option<i64>,
}

/// A slot is locked before anything is written and taken only if the version still is the one that was
/// read. Slots that others are taking just now are skipped, so nobody waits for anybody's commit.
const OPEN: &str = concat!(
    "WITH slot AS (
  SELECT n FROM turn_slots WHERE turn_id IS NULL AND n <= $27 ORDER BY n LIMIT 1
  FOR UPDATE SKIP LOCKED
), ",
    moved!("$25", "$28", "EXISTS (SELECT FROM slot)"),
    ", ",
    told!(),
    ", taken AS (
  UPDATE turn_slots SET turn_id = $17 FROM slot, moved WHERE turn_slots.n = slot.n
), agent AS (
  UPDATE agents SET turns_taken = $18, hold_until = NULL, hold_reason = NULL, open_turn = $17,
         state = 'provisioning', state_since = $13, updated_at = $13
  FROM moved WHERE agents.id = $2
  RETURNING agent_runtime, max_turn_duration_ms
), run AS (
  INSERT INTO runs (id, actor_kind, actor_id, sandbox_id, epoch, runtime, created_at, state, sent_at,
                    process_id, setting)
  SELECT $17, $1, $2, $2, epoch, agent_runtime, $13, CASE WHEN $26 THEN 'sent' ELSE 'unsent' END,
         CASE WHEN $26 THEN $13 END, $29, $30
  FROM agent, moved
), turn AS (
  INSERT INTO turns (id, agent_id, turn_number, epoch, wake_source, wake_payload, prompt_used, messages,
                     resumed_session, provision_until, duration_ms, started_at)
  SELECT $17, $2, $18, epoch, $19, $20, $21, -$25, $22, $23, max_turn_duration_ms, $13 FROM agent, moved
), assigned AS (
  UPDATE messages SET state = 'assigned', turn_id = $17 FROM moved WHERE seq = ANY($24)
), sandbox AS (
  INSERT INTO sandboxes (id, actor_kind, actor_id, created_at) SELECT $2, $1, $2, $13 FROM moved
  ON CONFLICT (id) DO UPDATE SET keep_until = NULL
)
SELECT EXISTS (SELECT FROM slot) AS room, (SELECT epoch FROM moved) AS epoch,
       (SELECT version FROM moved) AS version"
);

impl Store {
    /// Makes room for as many turns at once. Safe to call from several processes at once.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn make_room(&self, turns_max: i64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO turn_slots (n) SELECT generate_series(1, $1::int) ON CONFLICT DO NOTHING",
        )
        .bind(i32::try_from(turns_max).unwrap_or(i32::MAX))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The waiting mail that feeds the next turn, in the order in which it is to be read; none where
    /// nothing waits that wakes.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn mail_for_turn(&self, receiver: ActorKey) -> Result<Vec<MessageRow>, StoreError> {
        let columns = mail::columns();
        let of = |class: &str| {
            format!(
                "(SELECT {columns} FROM messages WHERE receiver_kind = $1 AND receiver_id = $2
                   AND class = '{class}' AND state = 'pending' ORDER BY seq LIMIT $3)"
            )
        };
        // Each class is found by index: a backlog of one does not hide another.
        let sql = [of("interrupt"), of("work"), of("notify")].join(" UNION ALL ");
        let rows: Vec<MessageRow> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(receiver.kind.name())
            .bind(receiver.id)
            .bind(TURN_MESSAGES_MAX)
            .fetch_all(&self.pool)
            .await?;
        let waiting: Vec<Candidate> = rows.iter().map(candidate).collect();
        let most = usize::try_from(TURN_MESSAGES_MAX).unwrap_or(usize::MAX);
        let mut rows: Vec<Option<MessageRow>> = rows.into_iter().map(Some).collect();
        Ok(drain(&waiting, most, TURN_BYTES_MAX)
            .into_iter()
            .filter_map(|place| rows.get_mut(place)?.take())
            .collect())
    }

    /// Opens a turn: takes room, writes the turn, assigns the mail, and wants a run.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when somebody else took a step since, [`StoreError::NotOwner`] when the
    /// actor is not ours; [`StoreError`] when the database
    /// refuses, for example because a turn is open already.
    pub async fn open_turn(
        &self,
        write: &Write<'_>,
        opening: &Opening<'_>,
    ) -> Result<Opened, StoreError> {
        let Some(first) = opening.mail.first() else {
            return Err(StoreError::Corrupt("a turn without mail".to_owned()));
        };
        let now = write.decision.at;
        let taken = mail::Change::of(opening.mail.iter().map(|row| row.class.as_str()));
        let seqs: Vec<i64> = opening.mail.iter().map(|row| row.seq).collect();
        let payload = json!({
            "messageId": MessageId(first.id), "senderType": first.sender_type,
            "senderId": first.sender_id, "payload": first.payload,
        });
        let events = told_of(opening, &first.source, taken.pending, write);
        let fence = self.fence(write.key)?;
        let outcome: Outcome = written_and_told(OPEN, write, fence, &events)?
            .bind(opening.turn.0)
            .bind(opening.number)
            .bind(&first.source)
            .bind(&payload)
            .bind(opening.prompt)
            .bind(opening.session)
            .bind(now + TimeDelta::milliseconds(opening.provision_ms))
            .bind(seqs)
            .bind(taken.out().pending)
            .bind(opening.sent.is_some())
            .bind(opening.turns_max)
            .bind(taken.out().waking)
            .bind(
                opening
                    .sent
                    .map(|service| service.process(RunId::of_turn(opening.turn)).0),
            )
            .bind(
                opening
                    .sent
                    .and_then(|service| service.setting.as_ref().map(Json)),
            )
            .fetch_one(&self.pool)
            .await?;
        match (outcome.epoch.zip(outcome.version), outcome.room) {
            (Some((epoch, version)), _) => Ok(Opened::Yes {
                epoch,
                version: Version::read(version),
            }),
            (None, true) => Err(self.why_unwritten(fence, &self.pool).await?),
            (None, false) => Ok(Opened::NoRoom),
        }
    }
}

/// An agent that need not wait in the queue is seen to pass through it.
fn told_of(opening: &Opening<'_>, source: &str, messages: i64, write: &Write<'_>) -> Vec<NewEvent> {
    let (id, now) = (opening.agent.0, write.decision.at);
    let open = AgentState::Provisioning { turn: opening.turn };
    let mut events = Vec::with_capacity(3);
    events.extend(changed(id, opening.from, AgentState::Queued, "woken", now));
    events.push(NewEvent {
        actor_id: id,
        turn_id: Some(opening.turn.0),
        type_name: "persistent_agent:turn_started",
        data: json!({
            "agentId": opening.agent, "turnId": opening.turn, "turnNumber": opening.number,
            "wakeSource": source, "messages": messages,
        }),
        at: now,
    });
    events.extend(changed(id, AgentState::Queued, open, "turn opened", now));
    events
}

impl Step {
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
}

fn candidate(row: &MessageRow) -> Candidate {
    let payload = row.payload.as_ref();
    Candidate {
        seq: row.seq,
        class: Class::parse(&row.class).unwrap_or_default(),
        bytes: row.body.len() + payload.map_or(0, |payload| payload.to_string().len()),
    }
}
