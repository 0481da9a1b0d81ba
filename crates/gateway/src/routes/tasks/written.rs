//! A task as clients write it.

use optio_domain::{
    agent::spec::{Invalid, RUNTIMES},
    id::TaskId,
    repo::RepoUrl,
    task::{
        seen::TaskType,
        spec::{DEPENDENCIES_MAX, PRIORITY_DEFAULT, RETRIES_DEFAULT, TaskSpec},
    },
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::agents::WORKSPACE;
use crate::{Gateway, body::text, error::ApiError};

/// The agent program of a task whose creator and repository name none.
const AGENT: &str = "claude-code";

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewTaskBody {
    /// repo-task, which it is where it is left out, repo-blueprint or standalone.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// The name of a blueprint or a job; its title where it is left out.
    pub(super) name: Option<String>,
    /// What a blueprint or a job is for.
    pub(super) description: Option<String>,
    /// Whether a blueprint or a job can be started.
    pub(super) enabled: Option<bool>,
    /// One line for people.
    pub(super) title: Option<String>,
    /// What the agent is to do.
    pub(super) prompt: String,
    /// The repository, such as `https://github.com/owner/name`.
    pub(super) repo_url: Option<String>,
    /// The branch it starts from and merges into; the repository's default branch where it is left out.
    pub(super) repo_branch: Option<String>,
    /// The agent program; the repository's where it is left out.
    pub(super) agent_type: Option<String>,
    /// The model; the agent program's own where it is left out.
    pub(super) model: Option<String>,
    /// How often a failed run is tried again by itself, 0 to 10.
    pub(super) max_retries: Option<i32>,
    /// 1 to 1000; the lower, the sooner.
    pub(super) priority: Option<i32>,
    /// Where its ticket is, such as `github`.
    ticket_source: Option<String>,
    /// Its ticket's name there.
    ticket_external_id: Option<String>,
    /// Whatever its creator wants to find again.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Tasks that have to be completed first.
    depends_on: Option<Vec<Uuid>>,
}

impl NewTaskBody {
    pub(super) fn depends_on(&self) -> Vec<TaskId> {
        let ids = self.depends_on.iter().flatten();
        ids.map(|id| TaskId(*id)).collect()
    }

    /// The task, checked.
    pub(super) async fn spec(self, gateway: &Gateway) -> Result<TaskSpec, ApiError> {
        let missing = |field| ApiError::from(Invalid::new(field, "is missing"));
        if DEPENDENCIES_MAX < self.depends_on.as_ref().map_or(0, Vec::len) {
            let rule = format!("must not name more than {DEPENDENCIES_MAX} tasks");
            return Err(Invalid::new("dependsOn", rule).into());
        }
        let repo_url = self.repo_url.ok_or_else(|| missing("repoUrl"))?;
        // However it is written, it is one repository.
        let repo_url = RepoUrl::parse(&repo_url)?.as_str().to_owned();
        text(
            "prompt",
            &self.prompt,
            gateway.world().limits.message_bytes_max,
        )?;
        let repo = gateway
            .world()
            .store
            .repo_defaults(WORKSPACE, &repo_url)
            .await?;
        let agent_type = self
            .agent_type
            .or_else(|| repo.agent.clone())
            .unwrap_or_else(|| AGENT.to_owned());
        let spec = TaskSpec {
            kind: TaskType::Coding,
            title: self.title.ok_or_else(|| missing("title"))?,
            prompt: self.prompt,
            base_branch: self.repo_branch.unwrap_or_else(|| repo.branch.clone()),
            repo_url,
            model: self.model.or_else(|| repo.model_of(&agent_type)),
            agent_type,
            priority: self.priority.unwrap_or(PRIORITY_DEFAULT),
            retries_max: self.max_retries.unwrap_or(RETRIES_DEFAULT),
            ticket_source: self.ticket_source,
            ticket_id: self.ticket_external_id,
            metadata: self.metadata.map(Value::Object),
            parent: None,
            blocks_parent: false,
            head: None,
        };
        spec.check()?;
        agent(&spec.agent_type)?;
        Ok(spec)
    }
}

/// Refuses an agent program that this version cannot run.
pub(crate) fn agent(name: &str) -> Result<(), ApiError> {
    if RUNTIMES.contains(&name) {
        return Ok(());
    }
    let rule = format!("must be one of {}, not `{name}`", RUNTIMES.join(", "));
    Err(Invalid::new("agentType", rule).into())
}
