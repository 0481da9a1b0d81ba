//! Persistent agents as rows: what people wrote about them, and where they stand.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::ActorKey,
    agent::{AgentState, Intent, Lifecycle, seen::Hold, spec::AgentSpec},
    id::{AgentId, TurnId},
    sandbox::SandboxSpec,
};
use rust_decimal::Decimal;
use sqlx::{
    FromRow, PgConnection, Postgres, QueryBuilder, postgres::PgArguments, query::Query, types::Json,
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    mail::{self, NewMessage},
};

mod breaker;
mod sight;
mod steps;

pub use sight::{AgentSight, TurnSight};
pub(crate) use steps::changed;

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
    /// Why it was paused by itself; `None` where a person paused it, or it is not paused.
    pub pause_reason: Option<String>,
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
    /// Those of them that are a reason to open a turn.
    pub inbox_waking: i32,
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
    sandbox: Json<SandboxSpec>,
    state: String,
    state_since: DateTime<Utc>,
    open_turn: Option<Uuid>,
    deleting: bool,
    pause_reason: Option<String>,
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
    inbox_waking: i32,
}

const COLUMNS: &str = "g.id, g.workspace, g.slug, g.name, g.description, g.agent_runtime, g.model, \
    g.system_prompt, g.agents_md, g.initial_prompt, g.pod_lifecycle, g.idle_pod_timeout_ms, \
    g.max_turn_duration_ms, g.max_turns, g.consecutive_failure_limit, g.enabled, g.sandbox, g.state, \
    g.state_since, g.open_turn, g.deleting, \
    g.pause_reason, g.intent, g.hold_until, g.hold_reason, \
    g.consecutive_failures, g.rate_limits_in_row, g.last_failure_at, g.last_failure_class, \
    g.last_failure_reason, g.session_id, g.turns_taken, g.total_cost_usd, g.total_input_tokens, \
    g.total_output_tokens, g.last_turn_at, g.created_by, g.created_at, g.updated_at, \
    a.inbox_pending, a.inbox_waking";
const FROM: &str = " FROM agents g JOIN actors a ON a.kind = 'agent' AND a.id = g.id";

const INSERT: &str = "INSERT INTO agents (id, state_since, created_at, updated_at, slug, name, \
    description, agent_runtime, model, system_prompt, agents_md, initial_prompt, pod_lifecycle, \
    idle_pod_timeout_ms, max_turn_duration_ms, max_turns, consecutive_failure_limit, enabled, \
    sandbox, workspace, created_by) \
    VALUES ($1, $2, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
const UPDATE: &str = "UPDATE agents SET updated_at = $2, slug = $3, name = $4, description = $5, \
    agent_runtime = $6, model = $7, system_prompt = $8, agents_md = $9, initial_prompt = $10, \
    pod_lifecycle = $11, idle_pod_timeout_ms = $12, max_turn_duration_ms = $13, max_turns = $14, \
    consecutive_failure_limit = $15, enabled = $16, sandbox = $17 WHERE id = $1 AND NOT deleting";

/// A statement whose first parameters are the identity, the time, and what people say.
fn with_spec<'q>(
    statement: &'static str,
    id: AgentId,
    spec: &'q AgentSpec,
    at: DateTime<Utc>,
) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(statement)
        .bind(id.0)
        .bind(at)
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
        .bind(Json(&spec.sandbox))
}

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
            pause_reason: self.pause_reason,
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
            inbox_waking: self.inbox_waking,
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
                sandbox: self.sandbox.0,
            },
        })
    }
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
        let inserted = with_spec(INSERT, id, spec, mission.at)
            .bind(workspace)
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
        moved(&mut tx, id.into(), now).await?;
        with_spec(UPDATE, id, spec, now).execute(&mut *tx).await?;
        let row = fetch(&mut tx, id).await?;
        tx.commit().await?;
        Ok(row)
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
        moved(&mut tx, id.into(), now).await?;
        let done = sqlx::query(
            "UPDATE agents SET intent = $2, deleting = deleting OR $2 = 'delete', updated_at = $3
             WHERE id = $1 AND NOT deleting",
        )
        .bind(id.0)
        .bind(intent.name())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Agents in the queue, the longest waiting first: as many as there is room for. Whoever is left
    /// alone keeps its place and stands in nobody's way.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn next_in_queue(&self, turns_max: i64) -> Result<Vec<AgentId>, StoreError> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT g.id FROM agents g JOIN actors a ON a.kind = 'agent' AND a.id = g.id
             WHERE g.state = 'queued' AND a.quarantined_at IS NULL ORDER BY g.state_since, g.id
             LIMIT (SELECT GREATEST($1 - count(*), 0) FROM turns WHERE finished_at IS NULL)",
        )
        .bind(turns_max)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id,)| AgentId(id)).collect())
    }
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
/// Comes before any other row of the actor is touched, as in a step: who locks them the other way
/// round meets a step in a deadlock.
pub(crate) async fn moved(
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
