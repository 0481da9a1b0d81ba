//! Jobs and blueprints as clients write them.

use optio_domain::{
    agent::spec::Invalid,
    job::{JobKind, JobSpec, RETRIES_DEFAULT, RUNS_DEFAULT},
    repo::RepoUrl,
    sandbox::SandboxSpec,
    task::spec::{PRIORITY_DEFAULT, RETRIES_DEFAULT as TASK_RETRIES_DEFAULT},
};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{agents::WORKSPACE, sandbox::SandboxBody, tasks::written::agent};
use crate::{Gateway, body::present, error::ApiError};

/// The agent program where nobody names one.
const AGENT: &str = "claude-code";

/// A job, or what is to be changed about one. A member that is left out keeps what it was; `null` clears what can
/// be cleared.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct JobBody {
    /// Unique among the jobs.
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Option<Option<String>>,
    /// What the agent of each run is to do; a template over the parameters.
    pub(crate) prompt_template: Option<String>,
    /// A template of the library that takes the place of promptTemplate.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Uuid>)]
    pub(crate) prompt_template_id: Option<Option<Uuid>>,
    /// A repository that each run finds checked out.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) repo_url: Option<Option<String>>,
    /// The branch it is at; the repository's default where it is left out.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) repo_branch: Option<Option<String>>,
    /// The agent program.
    pub(crate) agent_runtime: Option<String>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) model: Option<Option<String>>,
    /// Model calls of one attempt.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<i32>)]
    pub(crate) max_turns: Option<Option<i32>>,
    /// Dollars one run may cost, such as "2.50".
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) budget_usd: Option<Option<Value>>,
    /// Runs of it at once.
    pub(crate) max_concurrent: Option<i32>,
    /// How often a failed run is tried again by itself.
    pub(crate) max_retries: Option<i32>,
    /// 1 to 1000; the lower, the sooner.
    pub(crate) priority: Option<i32>,
    /// Sandboxes kept started while nothing runs in them.
    pub(crate) warm_pool_size: Option<i32>,
    /// Sandboxes at once.
    pub(crate) max_pod_instances: Option<i32>,
    /// Runs in one sandbox at once.
    pub(crate) max_agents_per_pod: Option<i32>,
    /// Whether it can be started.
    pub(crate) enabled: Option<bool>,
    /// What each run finds: `env`, an object of variables, and `setup`, a shell script carried out first.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    pub(crate) environment_spec: Option<Option<Value>>,
    /// What is decided about the sandboxes of its runs; null is everything as the installation has it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<SandboxBody>)]
    pub(crate) sandbox: Option<Option<Value>>,
    /// JSON Schema of the parameters.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    pub(crate) params_schema: Option<Option<Value>>,
}

/// A blueprint, or what is to be changed about one; as [`JobBody`].
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BlueprintBody {
    /// Unique among the blueprints.
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Option<Option<String>>,
    /// The title of each task; a template over the parameters.
    pub(crate) title: Option<String>,
    /// What the agent of each task is to do; a template over the parameters.
    pub(crate) prompt: Option<String>,
    /// A template of the library that takes the place of prompt.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Uuid>)]
    pub(crate) prompt_template_id: Option<Option<Uuid>>,
    /// The repository.
    pub(crate) repo_url: Option<String>,
    /// The branch its tasks start from; the repository's default where it is left out.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) repo_branch: Option<Option<String>>,
    /// The agent program; the repository's where it is left out.
    pub(crate) agent_type: Option<String>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) model: Option<Option<String>>,
    /// How often a failed run is tried again by itself.
    pub(crate) max_retries: Option<i32>,
    /// 1 to 1000; the lower, the sooner.
    pub(crate) priority: Option<i32>,
    /// JSON Schema of the parameters.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    pub(crate) params_schema: Option<Option<Value>>,
    /// Whether it can be started.
    pub(crate) enabled: Option<bool>,
}

fn empty(kind: JobKind) -> JobSpec {
    JobSpec {
        kind,
        name: String::new(),
        description: None,
        title: None,
        prompt: String::new(),
        template: None,
        repo_url: None,
        base_branch: None,
        agent_type: AGENT.to_owned(),
        model: None,
        priority: PRIORITY_DEFAULT,
        retries_max: match kind {
            JobKind::Standalone => RETRIES_DEFAULT,
            JobKind::Blueprint => TASK_RETRIES_DEFAULT,
        },
        turns_max: None,
        budget_usd: None,
        runs_max: RUNS_DEFAULT,
        warm: 0,
        sandboxes_max: 1,
        runs_each_max: 2,
        environment: None,
        sandbox: SandboxSpec::default(),
        params_schema: None,
        enabled: true,
    }
}

/// However it is written, it is one repository.
fn plainly(url: &str) -> Result<String, ApiError> {
    Ok(RepoUrl::parse(url)?.as_str().to_owned())
}

fn dollars(value: Option<Value>) -> Result<Option<Decimal>, ApiError> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => String::new(),
    };
    let dollars: Result<Decimal, _> = text.parse();
    dollars
        .map(Some)
        .map_err(|_bad| Invalid::new("budgetUsd", "must be dollars, such as \"2.50\"").into())
}

impl JobBody {
    /// The job as it is from now on, checked.
    pub(crate) fn spec(self, before: Option<JobSpec>) -> Result<JobSpec, ApiError> {
        let mut spec = before.unwrap_or_else(|| empty(JobKind::Standalone));
        put(&mut spec.name, self.name);
        put(&mut spec.description, self.description);
        put(&mut spec.prompt, self.prompt_template);
        put(&mut spec.template, self.prompt_template_id);
        if let Some(url) = self.repo_url {
            spec.repo_url = url.as_deref().map(plainly).transpose()?;
        }
        put(&mut spec.base_branch, self.repo_branch);
        put(&mut spec.agent_type, self.agent_runtime);
        put(&mut spec.model, self.model);
        put(&mut spec.turns_max, self.max_turns);
        if let Some(budget) = self.budget_usd {
            spec.budget_usd = dollars(budget)?;
        }
        put(&mut spec.runs_max, self.max_concurrent);
        put(&mut spec.retries_max, self.max_retries);
        put(&mut spec.priority, self.priority);
        put(&mut spec.warm, self.warm_pool_size);
        put(&mut spec.sandboxes_max, self.max_pod_instances);
        put(&mut spec.runs_each_max, self.max_agents_per_pod);
        put(&mut spec.enabled, self.enabled);
        put(&mut spec.environment, self.environment_spec);
        if let Some(sandbox) = self.sandbox {
            spec.sandbox = SandboxSpec::read(sandbox.as_ref()).map_err(ApiError::Invalid)?;
        }
        put(&mut spec.params_schema, self.params_schema);
        checked(spec)
    }
}

impl BlueprintBody {
    /// The blueprint as it is from now on, checked.
    pub(crate) async fn spec(
        self,
        gateway: &Gateway,
        before: Option<JobSpec>,
    ) -> Result<JobSpec, ApiError> {
        let is_new = before.is_none();
        let mut spec = before.unwrap_or_else(|| empty(JobKind::Blueprint));
        put(&mut spec.name, self.name);
        put(&mut spec.description, self.description);
        spec.title = self.title.or(spec.title);
        put(&mut spec.prompt, self.prompt);
        put(&mut spec.template, self.prompt_template_id);
        if let Some(url) = self.repo_url {
            spec.repo_url = Some(plainly(&url)?);
        }
        put(&mut spec.base_branch, self.repo_branch);
        match (self.agent_type, &spec.repo_url) {
            (Some(agent), _) => spec.agent_type = agent,
            (None, Some(url)) if is_new => {
                let store = &gateway.world().store;
                let repo = store.repo_defaults(WORKSPACE, url).await?;
                put(&mut spec.agent_type, repo.agent);
            }
            (None, _) => {}
        }
        put(&mut spec.model, self.model);
        put(&mut spec.retries_max, self.max_retries);
        put(&mut spec.priority, self.priority);
        put(&mut spec.params_schema, self.params_schema);
        put(&mut spec.enabled, self.enabled);
        if spec.title.is_none() {
            return Err(Invalid::new("title", "is missing").into());
        }
        checked(spec)
    }
}

fn put<T>(field: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *field = said;
    }
}

/// The names of the fields are those of the API for jobs; a blueprint's prompt has another.
fn checked(spec: JobSpec) -> Result<JobSpec, ApiError> {
    spec.check().map_err(|mut broken| {
        for it in &mut broken {
            if spec.kind == JobKind::Blueprint && it.field == "promptTemplate" {
                it.field = "prompt";
            }
        }
        ApiError::Invalid(broken)
    })?;
    agent(&spec.agent_type)?;
    Ok(spec)
}
