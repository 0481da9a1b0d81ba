//! Persistent agents as rows: what people wrote about them, and what the plan looks at.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::{ActorKey, Wait},
    agent::{
        AgentState, Intent, Lifecycle,
        seen::{Hold, Kept, Lingering},
        spec::AgentSpec,
    },
    id::{AgentId, RunId, TurnId},
    transcript::Facts,
    wire::runner::Ended,
};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    actors::Version,
    mail::{self, NewMessage},
    step::{NewEvent, Step},
};

/// An agent with everything the API shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentRow {
    /// Its identity.
    pub id: AgentId,
    /// Its workspace.
    pub workspace: String,
    /// What people wrote about it.
    pub spec: AgentSpec,
    /// Where it stands.
    pub state: AgentState,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// What a person asked for and is not done yet.
    pub intent: Option<Intent>,
    /// Whether it is being removed.
    pub deleting: bool,
    /// No turn before this, and why.
    pub hold: Option<Hold>,
    /// Failures in a row.
    pub consecutive_failures: i32,
    /// Rate limits in a row.
    pub rate_limits: i32,
    /// When a turn last failed.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// The class of that.
    pub last_failure_class: Option<String>,
    /// That in words.
    pub last_failure_reason: Option<String>,
    /// The vendor's session.
    pub session_id: Option<String>,
    /// Turns opened so far.
    pub turns_taken: i32,
    /// Dollars of all turns.
    pub total_cost_usd: Decimal,
    /// Tokens sent in all turns.
    pub total_input_tokens: i64,
    /// Tokens received in all turns.
    pub total_output_tokens: i64,
    /// When the last turn ended.
    pub last_turn_at: Option<DateTime<Utc>>,
    /// Who created it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Messages that wait.
    pub inbox_pending: i32,
}

#[derive(FromRow)]
struct RawAgent {
    id: Uuid,
    workspace: String,
    slug: String,
    name: String,
    description: Option<String>,
    agent_runtime: String,
    model: Option<String>,
    system_prompt: Option<String>,
    agents_md: Option<String>,
    initial_prompt: String,
    pod_lifecycle: String,
    idle_pod_timeout_ms: i64,
    max_turn_duration_ms: i64,
    max_turns: i32,
    consecutive_failure_limit: i32,
    enabled: bool,
    state: String,
    state_since: DateTime<Utc>,
    open_turn: Option<Uuid>,
    deleting: bool,
    intent: Option<String>,
    hold_until: Option<DateTime<Utc>>,
    hold_reason: Option<String>,
    consecutive_failures: i32,
    rate_limits_in_row: i32,
    last_failure_at: Option<DateTime<Utc>>,
    last_failure_class: Option<String>,
    last_failure_reason: Option<String>,
    session_id: Option<String>,
    turns_taken: i32,
    total_cost_usd: Decimal,
    total_input_tokens: i64,
    total_output_tokens: i64,
    last_turn_at: Option<DateTime<Utc>>,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    inbox_pending: i32,
}

const COLUMNS: &str = "g.id, g.workspace, g.slug, g.name, g.description, g.agent_runtime, g.model, \
    g.system_prompt, g.agents_md, g.initial_prompt, g.pod_lifecycle, g.idle_pod_timeout_ms, \
    g.max_turn_duration_ms, g.max_turns, g.consecutive_failure_limit, g.enabled, g.state, \
    g.state_since, g.open_turn, g.deleting, g.intent, g.hold_until, g.hold_reason, \
    g.consecutive_failures, g.rate_limits_in_row, g.last_failure_at, g.last_failure_class, \
    g.last_failure_reason, g.session_id, g.turns_taken, g.total_cost_usd, g.total_input_tokens, \
    g.total_output_tokens, g.last_turn_at, g.created_by, g.created_at, g.updated_at, \
    a.inbox_pending";
const FROM: &str = " FROM agents g JOIN actors a ON a.kind = 'agent' AND a.id = g.id";

impl RawAgent {
    fn read(self) -> Result<AgentRow, StoreError> {
        let open = self.open_turn.map(TurnId);
        let state = AgentState::from_parts(&self.state, open).ok_or_else(|| {
            StoreError::Corrupt(format!(
                "agent {} is {} with turn {open:?}",
                self.id, self.state
            ))
        })?;
        let pod_lifecycle = Lifecycle::parse(&self.pod_lifecycle).ok_or_else(|| {
            StoreError::Corrupt(format!(
                "agent {} has lifecycle {}",
                self.id, self.pod_lifecycle
            ))
        })?;
        Ok(AgentRow {
            id: AgentId(self.id),
            workspace: self.workspace,
            state,
            state_since: self.state_since,
            intent: self.intent.as_deref().and_then(Intent::parse),
            deleting: self.deleting,
            hold: self.hold_until.map(|until| Hold {
                until,
                reason: self.hold_reason.unwrap_or_default(),
            }),
            consecutive_failures: self.consecutive_failures,
            rate_limits: self.rate_limits_in_row,
            last_failure_at: self.last_failure_at,
            last_failure_class: self.last_failure_class,
            last_failure_reason: self.last_failure_reason,
            session_id: self.session_id,
            turns_taken: self.turns_taken,
            total_cost_usd: self.total_cost_usd,
            total_input_tokens: self.total_input_tokens,
            total_output_tokens: self.total_output_tokens,
            last_turn_at: self.last_turn_at,
            created_by: self.created_by,
            created_at: self.created_at,
            updated_at: self.updated_at,
            inbox_pending: self.inbox_pending,
            spec: AgentSpec {
                slug: self.slug,
                name: self.name,
                description: self.description,
                agent_runtime: self.agent_runtime,
                model: self.model,
                system_prompt: self.system_prompt,
                agents_md: self.agents_md,
                initial_prompt: self.initial_prompt,
                prompt_template_id: None,
                repo_id: None,
                branch: None,
                pod_lifecycle,
                idle_pod_timeout_ms: self.idle_pod_timeout_ms,
                max_turn_duration_ms: self.max_turn_duration_ms,
                max_turns: self.max_turns,
                consecutive_failure_limit: self.consecutive_failure_limit,
                enabled: self.enabled,
            },
        })
    }
}

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
    /// The open turn's row and run.
    pub turn: Option<TurnSight>,
    /// A run that is not known to be gone although its turn is closed.
    pub lingering: Option<Lingering>,
    /// Its sandbox.
    pub sandbox: Option<Kept>,
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
    quarantined_at: Option<DateTime<Utc>>,
    turns_open: i64,
    turn_number: Option<i32>,
    provision_until: Option<DateTime<Utc>>,
    duration_ms: Option<i64>,
    sent_at: Option<DateTime<Utc>>,
    run_started_at: Option<DateTime<Utc>>,
    ended: Option<Json<Ended>>,
    facts: Option<Json<Facts>>,
    lingering_run: Option<Uuid>,
    stop_asked_at: Option<DateTime<Utc>>,
    sandbox: Option<Uuid>,
    keep_until: Option<DateTime<Utc>>,
}

impl Store {
    /// Creates an agent with its actor and its mission as its first message.
    ///
    /// # Errors
    /// [`StoreError::SlugTaken`].
    pub async fn create_agent(
        &self,
        id: AgentId,
        workspace: &str,
        spec: &AgentSpec,
        created_by: &str,
        mission: &NewMessage,
    ) -> Result<AgentRow, StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("INSERT INTO actors (kind, id, wake_at) VALUES ('agent', $1, $2)")
            .bind(id.0)
            .bind(mission.at)
            .execute(&mut *tx)
            .await?;
        let inserted = sqlx::query(
            "INSERT INTO agents (id, workspace, slug, name, description, agent_runtime, model,
                system_prompt, agents_md, initial_prompt, pod_lifecycle, idle_pod_timeout_ms,
                max_turn_duration_ms, max_turns, consecutive_failure_limit, enabled, state_since,
                created_by, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                $18, $17, $17)",
        )
        .bind(id.0)
        .bind(workspace)
        .bind(&spec.slug)
        .bind(&spec.name)
        .bind(&spec.description)
        .bind(&spec.agent_runtime)
        .bind(&spec.model)
        .bind(&spec.system_prompt)
        .bind(&spec.agents_md)
        .bind(&spec.initial_prompt)
        .bind(spec.pod_lifecycle.name())
        .bind(spec.idle_pod_timeout_ms)
        .bind(spec.max_turn_duration_ms)
        .bind(spec.max_turns)
        .bind(spec.consecutive_failure_limit)
        .bind(spec.enabled)
        .bind(mission.at)
        .bind(created_by)
        .execute(&mut *tx)
        .await;
        if let Err(error) = inserted {
            let taken = error
                .as_database_error()
                .is_some_and(|e| e.is_unique_violation());
            return Err(if taken {
                StoreError::SlugTaken(spec.slug.clone())
            } else {
                error.into()
            });
        }
        mail::insert(&mut tx, mission).await?;
        let row = fetch(&mut tx, id).await?;
        tx.commit().await?;
        row.ok_or(StoreError::Moved)
    }

    /// Reads an agent; one that is being removed does not exist.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn agent(&self, id: AgentId) -> Result<Option<AgentRow>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        fetch(&mut connection, id).await
    }

    /// Finds an agent by its slug.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn agent_by_slug(
        &self,
        workspace: &str,
        slug: &str,
    ) -> Result<Option<AgentRow>, StoreError> {
        let mut query = select();
        query
            .push(" WHERE NOT g.deleting AND g.workspace = ")
            .push_bind(workspace);
        query.push(" AND g.slug = ").push_bind(slug);
        let row: Option<RawAgent> = query.build_query_as().fetch_optional(&self.pool).await?;
        row.map(RawAgent::read).transpose()
    }

    /// One page of a workspace's agents in the order of their creation, after `cursor`.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn agents(
        &self,
        workspace: &str,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<AgentRow>, StoreError> {
        let mut query = select();
        query
            .push(" WHERE NOT g.deleting AND g.workspace = ")
            .push_bind(workspace);
        if let Some((at, id)) = after {
            query.push(" AND (").push_bind(at).push(", ").push_bind(id);
            query.push(") < (g.created_at, g.id)");
        }
        query
            .push(" ORDER BY g.created_at, g.id LIMIT ")
            .push_bind(limit);
        let rows: Vec<RawAgent> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(RawAgent::read).collect()
    }

    /// How many agents stand where.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn agent_stats(&self, workspace: &str) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT state, count(*) FROM agents WHERE NOT deleting AND workspace = $1 GROUP BY 1",
        )
        .bind(workspace)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Writes what people say about an agent, from its next turn on.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away. `None` when the agent is gone.
    pub async fn change_agent(
        &self,
        id: AgentId,
        spec: &AgentSpec,
        now: DateTime<Utc>,
    ) -> Result<Option<AgentRow>, StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query(
            "UPDATE agents SET name = $2, description = $3, agent_runtime = $4, model = $5,
                system_prompt = $6, agents_md = $7, initial_prompt = $8, pod_lifecycle = $9,
                idle_pod_timeout_ms = $10, max_turn_duration_ms = $11, max_turns = $12,
                consecutive_failure_limit = $13, enabled = $14, updated_at = $15
             WHERE id = $1 AND NOT deleting",
        )
        .bind(id.0)
        .bind(&spec.name)
        .bind(&spec.description)
        .bind(&spec.agent_runtime)
        .bind(&spec.model)
        .bind(&spec.system_prompt)
        .bind(&spec.agents_md)
        .bind(&spec.initial_prompt)
        .bind(spec.pod_lifecycle.name())
        .bind(spec.idle_pod_timeout_ms)
        .bind(spec.max_turn_duration_ms)
        .bind(spec.max_turns)
        .bind(spec.consecutive_failure_limit)
        .bind(spec.enabled)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        moved(&mut tx, id.into(), now).await?;
        let row = fetch(&mut tx, id).await?;
        tx.commit().await?;
        row.filter(|row| !row.deleting)
            .map_or(Ok(None), |row| Ok(Some(row)))
    }

    /// Writes down what a person wants. False when the agent is gone.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn want(
        &self,
        id: AgentId,
        intent: Intent,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let done = sqlx::query(
            "UPDATE agents SET intent = $2, deleting = deleting OR $2 = 'delete', updated_at = $3
             WHERE id = $1 AND NOT deleting",
        )
        .bind(id.0)
        .bind(intent.name())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        moved(&mut tx, id.into(), now).await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Reads everything an agent's plan looks at.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn see_agent(&self, id: AgentId) -> Result<Option<AgentSight>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(COLUMNS);
        query.push(
            ", a.version, a.epoch, a.wake_at, a.wait_reason, a.wait_holder, a.quarantined_at,
             (SELECT count(*) FROM turns o WHERE o.finished_at IS NULL) AS turns_open,
             t.turn_number, t.provision_until, t.duration_ms, r.sent_at,
             r.started_at AS run_started_at, r.ended, r.facts, l.id AS lingering_run,
             l.stop_asked_at, s.id AS sandbox, s.keep_until",
        );
        query.push(FROM);
        query.push(
            " LEFT JOIN turns t ON t.id = g.open_turn
              LEFT JOIN runs r ON r.id = g.open_turn
              LEFT JOIN LATERAL (SELECT id, stop_asked_at FROM runs
                 WHERE actor_kind = 'agent' AND actor_id = g.id AND state <> 'ended' AND NOT open
                 LIMIT 1) l ON true
              LEFT JOIN sandboxes s ON s.id = g.id
             WHERE g.id = ",
        );
        query.push_bind(id.0);
        let row: Option<RawSight> = query.build_query_as().fetch_optional(&self.pool).await?;
        row.map(read_sight).transpose()
    }

    /// Agents in the queue, the longest waiting first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn queued_agents(&self, max: i64) -> Result<Vec<AgentId>, StoreError> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM agents WHERE state = 'queued' ORDER BY state_since LIMIT $1",
        )
        .bind(max)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id,)| AgentId(id)).collect())
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
        });
    Ok(AgentSight {
        version: Version::read(row.version),
        epoch: row.epoch,
        wait: Wait {
            reason: row.wait_reason,
            holder: row.wait_holder,
            until: row.wake_at,
        },
        quarantined: row.quarantined_at.is_some(),
        turns_open: row.turns_open,
        turn,
        lingering: row.lingering_run.map(|run| Lingering {
            run: RunId(run),
            stop_asked: row.stop_asked_at,
        }),
        sandbox: row.sandbox.map(|_id| Kept {
            until: row.keep_until,
        }),
        agent: row.agent.read()?,
    })
}

fn select() -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(FROM);
    query
}

async fn fetch(connection: &mut PgConnection, id: AgentId) -> Result<Option<AgentRow>, StoreError> {
    let mut query = select();
    query
        .push(" WHERE NOT g.deleting AND g.id = ")
        .push_bind(id.0);
    let row: Option<RawAgent> = query.build_query_as().fetch_optional(connection).await?;
    row.map(RawAgent::read).transpose()
}

/// Whoever is deciding about this actor has now read something old; and it is due to look again.
async fn moved(
    connection: &mut PgConnection,
    key: ActorKey,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE actors SET version = version + 1, wake_at = $3 WHERE kind = $1 AND id = $2",
    )
    .bind(key.kind.name())
    .bind(key.id)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

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
