//! Jobs, blueprints and runs as clients see them.

use chrono::{DateTime, Utc};
use optio_domain::{job::JobSpec, sandbox::SandboxSpec, task::TaskState};
use optio_store::{
    jobs::{JobNumbers, JobRow},
    tasks::TaskRow,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{agents::remedy, sandbox::SandboxBody};

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobView {
    id: Uuid,
    /// Always `standalone`.
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    description: Option<String>,
    prompt_template: String,
    prompt_template_id: Option<Uuid>,
    /// The repository its runs find, where they find one.
    repo_url: Option<String>,
    repo_branch: Option<String>,
    agent_runtime: String,
    model: Option<String>,
    max_turns: Option<i32>,
    /// Dollars, as a decimal string.
    budget_usd: Option<String>,
    max_concurrent: i32,
    max_retries: i32,
    priority: i32,
    warm_pool_size: i32,
    max_pod_instances: i32,
    max_agents_per_pod: i32,
    enabled: bool,
    environment_spec: Option<Value>,
    /// What is decided about the sandboxes of its runs; what is left out is as the installation has it.
    #[schema(value_type = SandboxBody)]
    sandbox: SandboxSpec,
    params_schema: Option<Value>,
    /// All its runs.
    run_count: i64,
    /// Those that succeeded.
    success_count: i64,
    /// Those that failed or were cancelled.
    failed_count: i64,
    /// When the last one was started.
    last_run_at: Option<DateTime<Utc>>,
    /// Dollars of all of them, as a decimal string.
    total_cost: String,
    /// Milliseconds of one in the mean.
    avg_duration_ms: Option<i64>,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl JobView {
    pub(crate) fn of(row: JobRow, numbers: Option<&JobNumbers>) -> Self {
        let none = JobNumbers::default();
        let numbers = numbers.unwrap_or(&none);
        let JobSpec {
            kind: _,
            name,
            description,
            title: _,
            prompt,
            template,
            repo_url,
            base_branch,
            agent_type,
            model,
            priority,
            retries_max,
            turns_max,
            budget_usd,
            runs_max,
            warm,
            sandboxes_max,
            runs_each_max,
            environment,
            sandbox,
            params_schema,
            enabled,
        } = row.spec;
        Self {
            id: row.id.0,
            kind: "standalone",
            name,
            description,
            prompt_template: prompt,
            prompt_template_id: template,
            repo_url,
            repo_branch: base_branch,
            agent_runtime: agent_type,
            model,
            max_turns: turns_max,
            budget_usd: budget_usd.map(|budget| budget.to_string()),
            max_concurrent: runs_max,
            max_retries: retries_max,
            priority,
            warm_pool_size: warm,
            max_pod_instances: sandboxes_max,
            max_agents_per_pod: runs_each_max,
            enabled,
            environment_spec: environment,
            sandbox,
            params_schema,
            run_count: numbers.runs,
            success_count: numbers.completed,
            failed_count: numbers.failed,
            last_run_at: numbers.last_run_at,
            total_cost: numbers.cost_usd.to_string(),
            avg_duration_ms: numbers.mean_ms,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A blueprint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlueprintView {
    id: Uuid,
    /// Always `repo-blueprint`.
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    description: Option<String>,
    title: Option<String>,
    prompt: String,
    prompt_template_id: Option<Uuid>,
    repo_url: Option<String>,
    repo_branch: Option<String>,
    agent_type: String,
    model: Option<String>,
    max_retries: i32,
    priority: i32,
    params_schema: Option<Value>,
    enabled: bool,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl BlueprintView {
    pub(crate) fn of(row: JobRow) -> Self {
        Self {
            id: row.id.0,
            kind: "repo-blueprint",
            name: row.spec.name,
            description: row.spec.description,
            title: row.spec.title,
            prompt: row.spec.prompt,
            prompt_template_id: row.spec.template,
            repo_url: row.spec.repo_url,
            repo_branch: row.spec.base_branch,
            agent_type: row.spec.agent_type,
            model: row.spec.model,
            max_retries: row.spec.retries_max,
            priority: row.spec.priority,
            params_schema: row.spec.params_schema,
            enabled: row.spec.enabled,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A run of a job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunView {
    id: Uuid,
    workflow_id: Option<Uuid>,
    /// The trigger that started it; null where a person did.
    trigger_id: Option<Uuid>,
    title: String,
    /// What its agent is told.
    prompt: String,
    /// queued, running, completed or failed.
    state: &'static str,
    /// The same more finely: pending, queued, provisioning, running, completed, failed or cancelled.
    detailed_state: &'static str,
    /// Why it is in that state, in words.
    state_reason: Option<String>,
    params: Value,
    /// `summary`: the last words of its agent; its files are at `…/files`. Null before its end.
    output: Option<Value>,
    /// Dollars, as a decimal string.
    cost_usd: String,
    input_tokens: i64,
    output_tokens: i64,
    model_used: Option<String>,
    error_message: Option<String>,
    error_class: Option<String>,
    error_remedy: Option<&'static str>,
    session_id: Option<String>,
    pod_name: Option<String>,
    retry_count: i32,
    max_retries: i32,
    /// Attempts so far.
    attempts: i32,
    created_by: String,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A run's state in the four words that clients know.
pub(crate) fn run_state(state: TaskState) -> &'static str {
    match state {
        TaskState::Pending
        | TaskState::WaitingOnDeps
        | TaskState::Queued
        | TaskState::Provisioning { .. } => "queued",
        TaskState::Running { .. } | TaskState::NeedsAttention | TaskState::PrOpened => "running",
        TaskState::Completed => "completed",
        TaskState::Failed | TaskState::Cancelled => "failed",
    }
}

impl RunView {
    pub(crate) fn of(row: TaskRow) -> Self {
        let (words, error_class) = row
            .error
            .map_or((None, None), |(words, class)| (Some(words), Some(class)));
        let error_message = match row.state {
            TaskState::Cancelled => Some(format!(
                "Cancelled: {}",
                row.state_reason.as_deref().unwrap_or("by a person")
            )),
            TaskState::Completed => None,
            TaskState::Pending
            | TaskState::WaitingOnDeps
            | TaskState::Queued
            | TaskState::Provisioning { .. }
            | TaskState::Running { .. }
            | TaskState::NeedsAttention
            | TaskState::PrOpened
            | TaskState::Failed => words,
        };
        let origin = row.origin;
        Self {
            id: row.id.0,
            workflow_id: origin.as_ref().map(|origin| origin.job.0),
            trigger_id: origin.as_ref().and_then(|origin| Some(origin.trigger?.0)),
            title: row.spec.title,
            prompt: row.spec.prompt,
            state: run_state(row.state),
            detailed_state: row.state.name(),
            state_reason: row.state_reason,
            params: origin.map_or(Value::Null, |origin| Value::Object(origin.params)),
            output: row.summary.map(|summary| json!({ "summary": summary })),
            cost_usd: row.cost_usd.to_string(),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            model_used: row.model_used,
            error_message,
            error_remedy: error_class.as_deref().and_then(remedy),
            error_class,
            session_id: row.session_id,
            pod_name: row.sandbox.map(|sandbox| sandbox.to_string()),
            retry_count: row.retries,
            max_retries: row.spec.retries_max,
            attempts: row.runs_taken,
            created_by: row.created_by,
            started_at: row.started_at,
            finished_at: row.finished_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
