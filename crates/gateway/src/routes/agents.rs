//! `/api/persistent-agents`: create, list, show, change, delete.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::{
    agent::{AgentState, Intent},
    id::{AgentId, MessageId},
    mail::{Marks, Sender, WakeSource},
    run::FailureClass,
    sandbox::SandboxSpec,
};
use optio_store::{agents::AgentRow, mail::NewMessage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    sandbox::{self, SandboxBody},
    written::{ChangedAgent, NewAgent},
};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::{Caller, Person},
    error::{ApiError, Problem},
    page::{self, Page},
};

/// The one workspace there is.
pub(crate) const WORKSPACE: &str = "default";
/// Where a page of agents ended: its last one's creation, and id.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct After(
    #[serde(deserialize_with = "page::storable")] pub(crate) DateTime<Utc>,
    pub(crate) Uuid,
);
/// Agents of a page without a limit: older clients do not page.
const PAGE: i64 = 1_000;

/// A persistent agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentView {
    id: Uuid,
    workspace_id: Option<Uuid>,
    slug: String,
    name: String,
    description: Option<String>,
    agent_runtime: String,
    model: Option<String>,
    system_prompt: Option<String>,
    agents_md: Option<String>,
    initial_prompt: String,
    prompt_template_id: Option<Uuid>,
    repo_id: Option<Uuid>,
    branch: Option<String>,
    pod_lifecycle: &'static str,
    idle_pod_timeout_ms: i64,
    max_turn_duration_ms: i64,
    max_turns: i32,
    consecutive_failure_limit: i32,
    enabled: bool,
    /// What is decided about its sandbox; what is left out is as the installation has it.
    #[schema(value_type = SandboxBody)]
    sandbox: SandboxSpec,
    /// idle, queued, provisioning, running, paused, failed or archived.
    state: &'static str,
    state_since: DateTime<Utc>,
    /// What a person asked for and is not done yet.
    control_intent: Option<&'static str>,
    /// Why it was paused by itself; resuming it lifts that. Null where a person paused it.
    pause_reason: Option<String>,
    /// No turn before this.
    reconcile_backoff_until: Option<DateTime<Utc>>,
    hold_reason: Option<String>,
    /// Dollars, as a decimal string.
    total_cost_usd: String,
    total_input_tokens: i64,
    total_output_tokens: i64,
    turns_taken: i32,
    consecutive_failures: i32,
    last_failure_at: Option<DateTime<Utc>>,
    /// auth, rate_limit, agent_missing, crash, timeout, silence, output_limit, budget, protocol,
    /// max_turns, context, api, session, sandbox or storage.
    last_failure_class: Option<String>,
    last_failure_reason: Option<String>,
    last_failure_remedy: Option<&'static str>,
    last_turn_at: Option<DateTime<Utc>>,
    /// The vendor's session the next turn resumes.
    session_id: Option<String>,
    /// Messages that wait.
    inbox_pending: i32,
    /// Those of them that wake: work and interrupts.
    inbox_waking: i32,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl AgentView {
    pub(crate) fn of(row: AgentRow) -> Self {
        let remedy = row.last_failure_class.as_deref().and_then(remedy);
        let (until, reason) = row
            .hold
            .map_or((None, None), |h| (Some(h.until), Some(h.reason)));
        Self {
            id: row.id.0,
            workspace_id: None,
            slug: row.spec.slug,
            name: row.spec.name,
            description: row.spec.description,
            agent_runtime: row.spec.agent_runtime,
            model: row.spec.model,
            system_prompt: row.spec.system_prompt,
            agents_md: row.spec.agents_md,
            initial_prompt: row.spec.initial_prompt,
            prompt_template_id: row.spec.prompt_template_id,
            repo_id: row.spec.repo_id,
            branch: row.spec.branch,
            pod_lifecycle: row.spec.pod_lifecycle.name(),
            idle_pod_timeout_ms: row.spec.idle_pod_timeout_ms,
            max_turn_duration_ms: row.spec.max_turn_duration_ms,
            max_turns: row.spec.max_turns,
            consecutive_failure_limit: row.spec.consecutive_failure_limit,
            enabled: row.spec.enabled,
            sandbox: row.spec.sandbox,
            state: row.state.name(),
            state_since: row.state_since,
            control_intent: row.intent.map(Intent::name),
            pause_reason: row.pause_reason,
            reconcile_backoff_until: until,
            hold_reason: reason,
            total_cost_usd: row.total_cost_usd.to_string(),
            total_input_tokens: row.total_input_tokens,
            total_output_tokens: row.total_output_tokens,
            turns_taken: row.turns_taken,
            consecutive_failures: row.consecutive_failures,
            last_failure_at: row.last_failure_at,
            last_failure_class: row.last_failure_class,
            last_failure_reason: row.last_failure_reason,
            last_failure_remedy: remedy,
            last_turn_at: row.last_turn_at,
            session_id: row.session_id,
            inbox_pending: row.inbox_pending,
            inbox_waking: row.inbox_waking,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// What a person can do about a class of failure.
pub(crate) fn remedy(class: &str) -> Option<&'static str> {
    let class: FailureClass = serde_json::from_value(class.into()).ok()?;
    Some(class.remedy())
}

/// OneAgent agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneAgent {
    agent: AgentView,
}

/// OneAgent agent and its inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentShown {
    agent: AgentView,
    inbox: InboxView,
}

/// An inbox in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InboxView {
    /// Messages that wait.
    pending: i64,
    /// Since when the oldest waits.
    oldest: Option<DateTime<Utc>>,
    /// Messages that were given up.
    dead: i64,
}

/// A page of agents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyAgents {
    agents: Vec<AgentView>,
    /// Hand it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists agents in the order of their creation.
#[utoipa::path(get, path = "/api/persistent-agents", tag = "agents", params(Page),
    responses((status = 200, body = ManyAgents), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(page): Params<Page>,
) -> Result<Json<ManyAgents>, ApiError> {
    let limit = page.limit(PAGE, PAGE)?;
    let after = page.cursor()?.map(|After(at, id)| (at, id));
    let rows = gateway
        .world()
        .store
        .agents(WORKSPACE, after, limit)
        .await?;
    let next_cursor = page::next(&rows, limit, |row| After(row.created_at, row.id.0));
    Ok(Json(ManyAgents {
        agents: rows.into_iter().map(AgentView::of).collect(),
        next_cursor,
    }))
}

/// How many agents stand where.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct StatsView {
    total: i64,
    idle: i64,
    queued: i64,
    provisioning: i64,
    running: i64,
    paused: i64,
    failed: i64,
    archived: i64,
}

/// Counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    stats: StatsView,
}

/// Counts agents by state.
#[utoipa::path(get, path = "/api/persistent-agents/stats", tag = "agents",
    responses((status = 200, body = Stats)))]
pub(crate) async fn stats(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<Stats>, ApiError> {
    let mut stats = StatsView::default();
    for (state, count) in gateway.world().store.agent_stats(WORKSPACE).await? {
        stats.total += count;
        let field = match state.as_str() {
            "idle" => &mut stats.idle,
            "queued" => &mut stats.queued,
            "provisioning" => &mut stats.provisioning,
            "running" => &mut stats.running,
            "paused" => &mut stats.paused,
            "failed" => &mut stats.failed,
            _ => &mut stats.archived,
        };
        *field += count;
    }
    Ok(Json(Stats { stats }))
}

/// Shows one agent, by id or slug.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}", tag = "agents",
    params(("agent" = String, Path, description = "id or slug")),
    responses((status = 200, body = AgentShown), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
) -> Result<Json<AgentShown>, ApiError> {
    let row = find(&gateway, &agent).await?;
    let inbox = gateway.world().store.inbox(row.id.into()).await?;
    let inbox = InboxView {
        pending: inbox.pending,
        oldest: inbox.oldest,
        dead: inbox.dead,
    };
    Ok(Json(AgentShown {
        agent: AgentView::of(row),
        inbox,
    }))
}

/// Finds an agent by id or slug.
pub(crate) async fn find(gateway: &Gateway, agent: &str) -> Result<AgentRow, ApiError> {
    let store = &gateway.world().store;
    let row = match agent.parse::<AgentId>() {
        Ok(id) => store.agent(id).await?,
        Err(_slug) => store.agent_by_slug(WORKSPACE, agent).await?,
    };
    row.ok_or_else(|| ApiError::Missing(format!("there is no agent `{agent}`")))
}

/// Creates an agent. Its initial prompt is its first message, so that its first turn starts at once.
#[utoipa::path(post, path = "/api/persistent-agents", tag = "agents", request_body = NewAgent,
    responses((status = 201, body = OneAgent), (status = 400, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Body(new): Body<NewAgent>,
) -> Result<(StatusCode, Json<OneAgent>), ApiError> {
    let spec = new.spec()?;
    sandbox::carried_out(&gateway, &spec.sandbox)?;
    let world = gateway.world();
    let id = AgentId(world.ids.fresh());
    let mission = NewMessage {
        id: MessageId(world.ids.fresh()),
        receiver: id.into(),
        sender: Sender::System("initial".to_owned()),
        sender_name: None,
        source: WakeSource::Initial,
        key: None,
        body: spec.initial_prompt.clone(),
        payload: None,
        broadcasted: false,
        marks: Marks::default(),
        cause: None,
        at: world.clock.now(),
    };
    let created_by = Sender::User(person).to_string();
    let row = world
        .store
        .create_agent(id, WORKSPACE, &spec, &created_by, &mission)
        .await?;
    gateway.hints().look(id.into());
    world.stream.hint();
    Ok((
        StatusCode::CREATED,
        Json(OneAgent {
            agent: AgentView::of(row),
        }),
    ))
}

/// Changes an agent, from its next turn on. The slug stays.
#[utoipa::path(patch, path = "/api/persistent-agents/{agent}", tag = "agents",
    params(("agent" = String, Path, description = "id or slug")), request_body = ChangedAgent,
    responses((status = 200, body = OneAgent), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    _caller: Person,
    Named(agent): Named<String>,
    Body(change): Body<ChangedAgent>,
) -> Result<Json<OneAgent>, ApiError> {
    let row = find(&gateway, &agent).await?;
    if row.state == AgentState::Archived {
        return Err(ApiError::Conflict(
            "the agent is archived, which is final".to_owned(),
        ));
    }
    let spec = change.spec(row.spec)?;
    sandbox::carried_out(&gateway, &spec.sandbox)?;
    let world = gateway.world();
    let row = world
        .store
        .change_agent(row.id, &spec, world.clock.now())
        .await?;
    let row = row.ok_or_else(|| ApiError::Missing(format!("there is no agent `{agent}`")))?;
    gateway.hints().look(row.id.into());
    Ok(Json(OneAgent {
        agent: AgentView::of(row),
    }))
}

/// Deletes an agent: its process ends, then every trace of it is removed.
#[utoipa::path(delete, path = "/api/persistent-agents/{agent}", tag = "agents",
    params(("agent" = String, Path, description = "id or slug")),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    caller: Caller,
    Named(agent): Named<String>,
) -> Result<StatusCode, ApiError> {
    let Caller::Person(_) = caller else {
        return Err(ApiError::Forbidden(
            "agents cannot delete agents".to_owned(),
        ));
    };
    let row = find(&gateway, &agent).await?;
    let world = gateway.world();
    if !world
        .store
        .want(row.id, Intent::Delete, world.clock.now())
        .await?
    {
        return Err(ApiError::Missing(format!("there is no agent `{agent}`")));
    }
    gateway.hints().look(row.id.into());
    Ok(StatusCode::NO_CONTENT)
}
