//! What an agent's plan looks at, read in one statement.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::Wait,
    agent::{
        breaker::{Volley, Wakes},
        seen::{Kept, Lingering},
        warm::{Setting, WarmProcess},
    },
    id::{AgentId, RunId, TurnId},
    limits::Limits,
    transcript::Facts,
    wire::runner::Ended,
};
use sqlx::{FromRow, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use super::{AgentRow, COLUMNS, FROM, RawAgent};
use crate::{Store, StoreError, actors::Version};

/// Everything about an agent that its plan looks at, read in one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentSight {
    /// The agent.
    pub agent: AgentRow,
    /// The version that was read.
    pub version: Version,
    /// Its incarnation.
    pub epoch: i64,
    /// What its row says it waits for.
    pub wait: Wait,
    /// Whether it is left alone.
    pub quarantined: bool,
    /// Turns that are open, of all agents.
    pub turns_open: i64,
    /// Whether other agents wait for room.
    pub others_queued: bool,
    /// The open turn's row and run.
    pub turn: Option<TurnSight>,
    /// A run that is not known to be gone although its turn is closed.
    pub lingering: Option<Lingering>,
    /// Its sandbox.
    pub sandbox: Option<Kept>,
    /// Interrupts that wait while its turn is open.
    pub interrupts_pending: i64,
    /// Whether a stop message wants the open turn ended.
    pub stop: bool,
    /// How often it was woken lately; looked at while mail waits for a turn.
    pub wakes: Wakes,
    /// The process that waits in it for the next turn.
    pub warm: Option<WarmProcess>,
}

/// The open turn as the plan looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnSight {
    /// Which.
    pub turn: TurnId,
    /// Its number.
    pub number: i32,
    /// When its process must have started.
    pub provision_until: DateTime<Utc>,
    /// Milliseconds it may take.
    pub duration_ms: i64,
    /// When its run was given to a runner.
    pub sent_at: Option<DateTime<Utc>>,
    /// When its process started.
    pub started_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub ended: Option<Ended>,
    /// What its output told.
    pub facts: Facts,
    /// The process that serves it, as far as it is known.
    pub process: Option<RunId>,
    /// What that process is set to, where it is kept.
    pub setting: Option<Setting>,
    /// Since when something it was given while it ran is not answered.
    pub unanswered_since: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct RawSight {
    #[sqlx(flatten)]
    agent: RawAgent,
    version: i64,
    epoch: i64,
    wake_at: Option<DateTime<Utc>>,
    wait_reason: String,
    wait_holder: String,
    heeds_mail: bool,
    quarantined_at: Option<DateTime<Utc>>,
    turns_open: i64,
    others_queued: bool,
    turn_number: Option<i32>,
    provision_until: Option<DateTime<Utc>>,
    duration_ms: Option<i64>,
    sent_at: Option<DateTime<Utc>>,
    run_started_at: Option<DateTime<Utc>>,
    ended: Option<Json<Ended>>,
    facts: Option<Json<Facts>>,
    lingering_run: Option<Uuid>,
    stop_asked_at: Option<DateTime<Utc>>,
    kept_sandbox: Option<Uuid>,
    keep_until: Option<DateTime<Utc>>,
    interrupts_pending: i64,
    stop: bool,
    turns_since: Option<DateTime<Utc>>,
    volley_sender: Option<String>,
    volley_messages: Option<i32>,
    volley_since: Option<DateTime<Utc>>,
    warm: Option<Json<WarmProcess>>,
    process_id: Option<Uuid>,
    setting: Option<Json<Setting>>,
    unanswered_since: Option<DateTime<Utc>>,
}

impl Store {
    /// Reads everything an agent's plan looks at.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn see_agent(&self, id: AgentId) -> Result<Option<AgentSight>, StoreError> {
        self.see_agent_within(id, Limits::default().wake_turns_max)
            .await
    }

    /// The same, with the time of the oldest of its last `turns_max` turns. Found by the turn's
    /// number, so that no history is counted.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn see_agent_within(
        &self,
        id: AgentId,
        turns_max: i32,
    ) -> Result<Option<AgentSight>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(COLUMNS);
        query.push(
            ", a.version, a.epoch, a.wake_at, a.wait_reason, a.wait_holder, a.heeds_mail,
             a.quarantined_at,
             (SELECT count(*) FROM turns o WHERE o.finished_at IS NULL) AS turns_open,
             EXISTS (SELECT FROM agents q WHERE q.state = 'queued' AND q.id <> g.id) AS others_queued,
             t.turn_number, t.provision_until, t.duration_ms, r.sent_at,
             r.started_at AS run_started_at, r.ended, r.facts, l.id AS lingering_run,
             l.stop_asked_at, s.id AS kept_sandbox, s.keep_until, s.warm, r.process_id, r.setting,
             (SELECT min(given_at) FROM steered_messages d
               WHERE d.turn_id = g.open_turn AND d.taken_at IS NULL) AS unanswered_since,
             COALESCE(g.stop_turn = g.open_turn, false) AS stop,
             CASE WHEN g.open_turn IS NULL THEN 0 ELSE
               (SELECT count(*) FROM messages i WHERE i.receiver_kind = 'agent'
                  AND i.receiver_id = g.id AND i.class = 'interrupt' AND i.state = 'pending')
             END AS interrupts_pending,
             n.started_at AS turns_since, v.sender AS volley_sender,
             v.messages AS volley_messages, v.since AS volley_since",
        );
        query.push(FROM);
        query.push(
            " LEFT JOIN turns t ON t.id = g.open_turn
              LEFT JOIN runs r ON r.id = g.open_turn
              LEFT JOIN LATERAL (SELECT id, stop_asked_at FROM runs
                 WHERE actor_kind = 'agent' AND actor_id = g.id AND state <> 'ended' AND NOT open
                 LIMIT 1) l ON true
              LEFT JOIN sandboxes s ON s.id = g.id
              LEFT JOIN turns n ON g.state IN ('idle', 'queued') AND 0 < a.inbox_waking AND n.agent_id = g.id
                AND g.wakes_from < n.turn_number AND n.turn_number = g.turns_taken + 1 - ",
        );
        query.push_bind(turns_max);
        query.push(
            " LEFT JOIN LATERAL (SELECT p.workspace || '/' || p.slug AS sender, w.messages, w.since
                 FROM volleys w JOIN agents p ON p.id = w.sender_id
                 WHERE g.state IN ('idle', 'queued') AND 0 < a.inbox_waking AND w.receiver_id = g.id
                 ORDER BY w.messages DESC LIMIT 1) v ON true
             WHERE g.id = ",
        );
        query.push_bind(id.0);
        let row: Option<RawSight> = query.build_query_as().fetch_optional(&self.pool).await?;
        row.map(read_sight).transpose()
    }
}

fn read_sight(row: RawSight) -> Result<AgentSight, StoreError> {
    let turn = row
        .agent
        .open_turn
        .zip(row.turn_number)
        .map(|(turn, number)| TurnSight {
            turn: TurnId(turn),
            number,
            provision_until: row
                .provision_until
                .unwrap_or(row.agent.state_since + TimeDelta::minutes(2)),
            duration_ms: row.duration_ms.unwrap_or(row.agent.max_turn_duration_ms),
            sent_at: row.sent_at,
            started_at: row.run_started_at,
            ended: row.ended.map(|json| json.0),
            facts: row.facts.map(|json| json.0).unwrap_or_default(),
            process: row.process_id.map(RunId),
            setting: row.setting.map(|json| json.0),
            unanswered_since: row.unanswered_since,
        });
    Ok(AgentSight {
        version: Version::read(row.version),
        epoch: row.epoch,
        wait: Wait {
            reason: row.wait_reason,
            holder: row.wait_holder,
            until: row.wake_at,
            heeds_mail: row.heeds_mail,
        },
        quarantined: row.quarantined_at.is_some(),
        turns_open: row.turns_open,
        others_queued: row.others_queued,
        turn,
        lingering: row.lingering_run.map(|run| Lingering {
            run: RunId(run),
            stop_asked: row.stop_asked_at,
        }),
        sandbox: row.kept_sandbox.map(|_id| Kept {
            until: row.keep_until,
        }),
        interrupts_pending: row.interrupts_pending,
        stop: row.stop,
        wakes: Wakes {
            turns_since: row.turns_since,
            volley: row
                .volley_sender
                .zip(row.volley_messages)
                .zip(row.volley_since)
                .map(|((sender, messages), since)| Volley {
                    sender,
                    messages,
                    since,
                }),
        },
        warm: row.warm.map(|json| json.0),
        agent: row.agent.read()?,
    })
}
