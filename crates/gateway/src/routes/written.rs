//! What people write about an agent.

use optio_domain::{
    agent::{
        Lifecycle,
        spec::{AgentSpec, Invalid},
    },
    sandbox::SandboxSpec,
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::sandbox::SandboxBody;
use crate::{body::present, error::ApiError};

/// Both bodies list all their members: a flattened one would lose its name in an error.
macro_rules! written {
    ($(#[$about:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name {
            $($own)*
            #[serde(default, deserialize_with = "present")]
            description: Option<Option<String>>,
            agent_runtime: Option<String>,
            #[serde(default, deserialize_with = "present")]
            model: Option<Option<String>>,
            #[serde(default, deserialize_with = "present")]
            system_prompt: Option<Option<String>>,
            #[serde(default, deserialize_with = "present")]
            agents_md: Option<Option<String>>,
            prompt_template_id: Option<Uuid>,
            repo_id: Option<Uuid>,
            branch: Option<String>,
            /// always-on, sticky or on-demand.
            pod_lifecycle: Option<String>,
            #[schema(exclusive_minimum = 0)]
            idle_pod_timeout_ms: Option<i64>,
            #[schema(exclusive_minimum = 0)]
            max_turn_duration_ms: Option<i64>,
            #[schema(exclusive_minimum = 0)]
            max_turns: Option<i32>,
            #[schema(exclusive_minimum = 0)]
            consecutive_failure_limit: Option<i32>,
            enabled: Option<bool>,
            /// What is decided about its sandbox; null is everything as the installation has it.
            #[serde(default, deserialize_with = "present")]
            #[schema(value_type = Option<SandboxBody>)]
            sandbox: Option<Option<Value>>,
        }

        impl From<$name> for Said {
            fn from(body: $name) -> Self {
                Self {
                    description: body.description,
                    agent_runtime: body.agent_runtime,
                    model: body.model,
                    system_prompt: body.system_prompt,
                    agents_md: body.agents_md,
                    prompt_template_id: body.prompt_template_id,
                    repo_id: body.repo_id,
                    branch: body.branch,
                    pod_lifecycle: body.pod_lifecycle,
                    idle_pod_timeout_ms: body.idle_pod_timeout_ms,
                    max_turn_duration_ms: body.max_turn_duration_ms,
                    max_turns: body.max_turns,
                    consecutive_failure_limit: body.consecutive_failure_limit,
                    enabled: body.enabled,
                    sandbox: body.sandbox,
                }
            }
        }
    };
}

written! {
    /// A new agent.
    NewAgent {
        #[schema(pattern = "^[a-z0-9][a-z0-9-]*$", min_length = 1, max_length = 63)]
        slug: String,
        #[schema(min_length = 1)]
        name: String,
        #[schema(min_length = 1)]
        initial_prompt: String,
    }
}

written! {
    /// A changed agent; `null` clears a member that may be empty.
    ChangedAgent {
        #[schema(min_length = 1)]
        name: Option<String>,
        #[schema(min_length = 1)]
        initial_prompt: Option<String>,
    }
}

impl NewAgent {
    /// The agent, checked.
    pub(crate) fn spec(self) -> Result<AgentSpec, ApiError> {
        let spec = AgentSpec::new(&self.slug, &self.name, &self.initial_prompt);
        Said::from(self).apply(spec)
    }
}

impl ChangedAgent {
    /// The agent as it is from now on, checked.
    pub(crate) fn spec(mut self, mut spec: AgentSpec) -> Result<AgentSpec, ApiError> {
        set(&mut spec.name, self.name.take());
        set(&mut spec.initial_prompt, self.initial_prompt.take());
        Said::from(self).apply(spec)
    }
}

/// What both may say.
struct Said {
    description: Option<Option<String>>,
    agent_runtime: Option<String>,
    model: Option<Option<String>>,
    system_prompt: Option<Option<String>>,
    agents_md: Option<Option<String>>,
    prompt_template_id: Option<Uuid>,
    repo_id: Option<Uuid>,
    branch: Option<String>,
    pod_lifecycle: Option<String>,
    idle_pod_timeout_ms: Option<i64>,
    max_turn_duration_ms: Option<i64>,
    max_turns: Option<i32>,
    consecutive_failure_limit: Option<i32>,
    enabled: Option<bool>,
    sandbox: Option<Option<Value>>,
}

impl Said {
    /// Applies what was said and checks the whole.
    fn apply(self, mut spec: AgentSpec) -> Result<AgentSpec, ApiError> {
        set(&mut spec.description, self.description);
        set(&mut spec.agent_runtime, self.agent_runtime);
        set(&mut spec.model, self.model);
        set(&mut spec.system_prompt, self.system_prompt);
        set(&mut spec.agents_md, self.agents_md);
        set(&mut spec.idle_pod_timeout_ms, self.idle_pod_timeout_ms);
        set(&mut spec.max_turn_duration_ms, self.max_turn_duration_ms);
        set(&mut spec.max_turns, self.max_turns);
        set(
            &mut spec.consecutive_failure_limit,
            self.consecutive_failure_limit,
        );
        set(&mut spec.enabled, self.enabled);
        spec.prompt_template_id = self.prompt_template_id;
        spec.repo_id = self.repo_id;
        spec.branch = self.branch;
        let mut broken = Vec::new();
        if let Some(text) = &self.pod_lifecycle {
            match Lifecycle::parse(text) {
                Some(lifecycle) => spec.pod_lifecycle = lifecycle,
                None => {
                    let rule = format!("must be always-on, sticky or on-demand, not `{text}`");
                    broken.push(Invalid::new("podLifecycle", rule));
                }
            }
        }
        match self.sandbox.map(|it| SandboxSpec::read(it.as_ref())) {
            Some(Ok(sandbox)) => spec.sandbox = sandbox,
            Some(Err(more)) => broken.extend(more),
            None => {}
        }
        if let Err(more) = spec.check() {
            broken.extend(more);
        }
        if broken.is_empty() {
            Ok(spec)
        } else {
            Err(ApiError::Invalid(broken))
        }
    }
}

fn set<T>(field: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *field = said;
    }
}
