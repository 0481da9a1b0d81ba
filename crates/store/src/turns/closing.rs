//! Closing a turn: its outcome, the fate of its mail, and what it means for the agent, in one
//! statement.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use optio_domain::{
    agent::{
        AgentState,
        closing::{Closing, MailFate},
        warm::WarmProcess,
    },
    id::{AgentId, TurnId},
    limits::ATTEMPTS_MAX,
    run::Usage,
    transcript::Facts,
};
use serde_json::json;
use sqlx::{FromRow, Postgres, postgres::PgArguments, query::QueryAs, types::Json};

use crate::{
    Store, StoreError,
    agents::changed,
    metrics::Tally,
    notices::{Noticed, noticed},
    ownership::Fence,
    step::{NewEvent, Step, Write, moved, told, written_and_told},
};

/// What is needed to close a turn.
#[derive(Debug)]
pub struct Closed<'a> {
    /// The agent.
    pub agent: AgentId,
    /// The turn.
    pub turn: TurnId,
    /// Where the agent stands.
    pub from: AgentState,
    /// Where it goes.
    pub to: AgentState,
    /// Why it goes there, in a word.
    pub reason: &'a str,
    /// What closing means.
    pub closing: &'a Closing,
    /// What its output told.
    pub facts: &'a Facts,
    /// How long the sandbox is kept from now on.
    pub keep: Keep,
    /// The process that waits in it for the next turn.
    pub warm: Option<&'a WarmProcess>,
}

/// How long a sandbox is kept once its turn is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Until then; `None` is without end.
    Until(Option<DateTime<Utc>>),
    /// As it is: what becomes of it is decided elsewhere.
    AsItIs,
}

/// What a closing leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Aftermath {
    /// The agent's epoch from now on.
    pub epoch: i64,
    /// Messages in its inbox now that wake.
    pub waking: i32,
    /// Whether agents wait for the room that this turn had.
    pub queue: bool,
    /// Messages the turn has consumed.
    pub consumed: i64,
    /// Messages that were given up with it.
    pub given_up: i64,
}

impl Aftermath {
    fn tally(self) -> Tally {
        Tally {
            consumed: self.consumed.unsigned_abs(),
            given_up: self.given_up.unsigned_abs(),
            ..Tally::default()
        }
    }
}

/// What the turn was given while it ran and did not take goes back as if nothing had been, however it
/// went. How many of the turn's messages go back is counted before they do: only a step of this agent can
/// touch them, and there is no other on this version.
const CLOSE: &str = concat!(
    "WITH untaken AS (
  SELECT message_id FROM steered_messages WHERE turn_id = $17 AND taken_at IS NULL
), mail AS (
  SELECT count(*)::int AS back, count(*) FILTER (WHERE class IN ('work', 'interrupt'))::int AS waking
  FROM messages
  WHERE turn_id = $17 AND state = 'assigned'
    AND ($18 = 'untouched' OR $18 = 'given back' AND attempts + 1 < $19
         OR id IN (SELECT message_id FROM untaken))
), fate AS (
  SELECT seq, CASE WHEN id IN (SELECT message_id FROM untaken) THEN 'untouched' ELSE $18 END AS fate
  FROM messages WHERE turn_id = $17 AND state = 'assigned'
), ",
    moved!(
        "(SELECT back FROM mail)",
        "(SELECT waking FROM mail)",
        "EXISTS (SELECT FROM turns WHERE id = $17 AND finished_at IS NULL)"
    ),
    ", ",
    told!(),
    ", turn AS (
  UPDATE turns SET halt_reason = $20, error = $21, error_class = $22, cost_usd = $23, input_tokens = $24,
         output_tokens = $25, model_used = $26, session_id = $27, summary = $28, finished_at = $13
  FROM moved WHERE id = $17
), run AS (
  UPDATE runs SET open = false, state = CASE state WHEN 'unsent' THEN 'ended' ELSE state END,
         ended_at = CASE state WHEN 'unsent' THEN $13 ELSE ended_at END
  FROM moved WHERE id = $17
), slot AS (
  UPDATE turn_slots SET turn_id = NULL FROM moved WHERE turn_id = $17
), settled AS (
  UPDATE messages SET
         attempts = attempts + CASE fate WHEN 'given back' THEN 1 ELSE 0 END,
         failed_turns = CASE fate WHEN 'given back' THEN failed_turns || $17 ELSE failed_turns END,
         processed_at = CASE fate WHEN 'consumed' THEN $13 END,
         state = CASE WHEN fate = 'consumed' THEN 'consumed'
                      WHEN fate = 'untouched' OR attempts + 1 < $19 THEN 'pending' ELSE 'dead' END,
         dead_reason = CASE WHEN fate = 'given back' AND $19 <= attempts + 1
           THEN 'given to ' || (attempts + 1) || ' turns that failed; the last one: ' || $21 END
  FROM moved, fate WHERE messages.seq = fate.seq
  RETURNING messages.id, messages.state, messages.dead_reason
), died AS (
  INSERT INTO events (actor_id, turn_id, type, data, at)
  SELECT $2, $17, 'persistent_agent:dead_letter',
         jsonb_build_object('agentId', $2, 'messageId', id, 'reason', dead_reason), $13
  FROM settled WHERE state = 'dead'
), agent AS (
  UPDATE agents SET state = $29, open_turn = NULL, updated_at = $13, state_since = $13, last_turn_at = $13,
         consecutive_failures = $30, rate_limits_in_row = $31, hold_until = $32, hold_reason = $33,
         session_id = CASE WHEN $34 THEN NULL ELSE COALESCE($27, session_id) END,
         total_cost_usd = total_cost_usd + COALESCE($23, 0),
         total_input_tokens = total_input_tokens + COALESCE($24, 0),
         total_output_tokens = total_output_tokens + COALESCE($25, 0),
         last_failure_at = CASE WHEN $22 IS NULL THEN last_failure_at ELSE $13 END,
         last_failure_class = COALESCE($22, last_failure_class),
         last_failure_reason = COALESCE($21, last_failure_reason)
  FROM moved WHERE agents.id = $2
), sandbox AS (
  UPDATE sandboxes SET keep_until = CASE WHEN $35 THEN $36 ELSE keep_until END, warm = $37
  FROM moved WHERE id = $2
), ",
    noticed!(),
    "
SELECT epoch, waking, EXISTS (SELECT FROM agents WHERE state = 'queued') AS queue,
       (SELECT count(*) FROM settled WHERE state = 'consumed') AS consumed,
       (SELECT count(*) FROM settled WHERE state = 'dead') AS given_up
FROM moved"
);

impl Store {
    /// Closes a turn: outcome, cost, session, the fate of its mail, and what it means for the agent.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when somebody else took a step since, or the turn is closed already.
    pub async fn close_turn(
        &self,
        write: &Write<'_>,
        closed: &Closed<'_>,
    ) -> Result<Aftermath, StoreError> {
        let events = told_of(write, closed);
        let fence = self.fence(write.key)?;
        let noticed = noticed_of(write, closed, &events);
        let closing = close(write, closed, fence, &events, &noticed)?;
        match closing.fetch_optional(&self.pool).await? {
            Some(aftermath) => {
                self.counters.tally(aftermath.tally());
                Ok(aftermath)
            }
            None => Err(self.why_unwritten(fence, &self.pool).await?),
        }
    }

    /// Begins a step of several statements by closing a turn.
    ///
    /// # Errors
    /// As [`Store::close_turn`].
    pub async fn closing_step(
        &self,
        write: &Write<'_>,
        closed: &Closed<'_>,
    ) -> Result<Step, StoreError> {
        let fence = self.fence(write.key)?;
        let mut tx = self.pool.begin().await?;
        let events = told_of(write, closed);
        let noticed = noticed_of(write, closed, &events);
        let closing = close(write, closed, fence, &events, &noticed)?;
        let Some(done) = closing.fetch_optional(&mut *tx).await? else {
            return Err(self.why_unwritten(fence, &mut *tx).await?);
        };
        Ok(Step {
            tx,
            key: write.key,
            epoch: done.epoch,
            version: write.read.number() + 1,
            now: write.decision.at,
            tally: done.tally(),
            counters: Arc::clone(&self.counters),
        })
    }
}

fn close<'q>(
    write: &'q Write<'_>,
    closed: &'q Closed<'_>,
    fence: Fence,
    events: &'q [NewEvent],
    noticed: &'q Noticed,
) -> Result<QueryAs<'q, Postgres, Aftermath, PgArguments>, StoreError> {
    let (closing, facts) = (closed.closing, closed.facts);
    let usage = usage(facts);
    let failure = closing.failure.as_ref();
    let (keeps, keep) = match closed.keep {
        Keep::Until(until) => (true, until),
        Keep::AsItIs => (false, None),
    };
    Ok(written_and_told(CLOSE, write, fence, events)?
        .bind(closed.turn.0)
        .bind(match closing.mail {
            MailFate::Consumed => "consumed",
            MailFate::GivenBack => "given back",
            MailFate::Untouched => "untouched",
        })
        .bind(ATTEMPTS_MAX)
        .bind(closing.halt.name())
        .bind(failure.map(|failure| failure.message.as_str()))
        .bind(failure.map(|failure| failure.class.name()))
        .bind(usage.cost_usd)
        .bind(usage.input_tokens)
        .bind(usage.output_tokens)
        .bind(&facts.model)
        .bind(&facts.session)
        .bind(facts.end.as_ref().map(|end| end.summary.as_str()))
        .bind(closed.to.name())
        .bind(closing.failures)
        .bind(closing.rate_limits)
        .bind(closing.hold.as_ref().map(|hold| hold.until))
        .bind(closing.hold.as_ref().map(|hold| hold.reason.as_str()))
        .bind(closing.forget_session)
        .bind(keeps)
        .bind(keep)
        .bind(closed.warm.map(Json))
        .bind(&noticed.events)
        .bind(&noticed.ids))
}

fn noticed_of(write: &Write<'_>, closed: &Closed<'_>, events: &[NewEvent]) -> Noticed {
    let version = write.read.number() + 1;
    Noticed::of_close(write.key, version, events, closed.from, closed.to)
}

fn told_of(write: &Write<'_>, closed: &Closed<'_>) -> Vec<NewEvent> {
    let failure = closed.closing.failure.as_ref();
    let usage = usage(closed.facts);
    let now = write.decision.at;
    let halted = NewEvent {
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
            "summary": closed.facts.end.as_ref().map(|end| &end.summary),
        }),
        at: now,
    };
    let changed = changed(closed.agent.0, closed.from, closed.to, closed.reason, now);
    [halted].into_iter().chain(changed).collect()
}

/// What a run used: nothing is known before its terminal event.
fn usage(facts: &Facts) -> Usage {
    facts.end.as_ref().map_or_else(Usage::default, |end| Usage {
        cost_usd: end.cost_usd,
        input_tokens: end.input_tokens,
        output_tokens: end.output_tokens,
    })
}
