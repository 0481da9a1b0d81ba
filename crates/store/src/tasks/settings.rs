//! What a repository's settings mean for its tasks.

use optio_domain::{
    job::environment::Environment,
    pool::Bounds,
    repo::{ExternalReviews, RepoSpec, RepoUrl},
    task::{policy::Policy, seen::TaskType},
};

use super::TaskRow;
use crate::{Store, StoreError};

/// The agent program whose model a repository names.
const CLAUDE: &str = "claude-code";
/// The branch of a repository that nobody has registered.
const BRANCH: &str = "main";

/// The settings of a repository as its tasks need them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepoSettings {
    /// How its tasks go on.
    pub policy: Policy,
    /// How large its pool may grow.
    pub pool: Bounds,
    /// How its tests are run.
    pub test_command: Option<String>,
    /// The agent program that reviews, where it is another one.
    pub review_agent: Option<String>,
    /// The model that reviews.
    pub review_model: Option<String>,
    /// Which pull requests of others are reviewed by themselves.
    pub external_reviews: ExternalReviews,
    /// What each run of a job finds.
    pub environment: Environment,
}

/// What a task of a repository is, where its creator does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoDefaults {
    /// The branch it starts from.
    pub branch: String,
    /// The agent program.
    pub agent: Option<String>,
    /// The model of Claude Code.
    pub model: Option<String>,
}

impl RepoDefaults {
    /// The model for a program: a repository names one for Claude Code alone.
    #[must_use]
    pub fn model_of(&self, agent: &str) -> Option<String> {
        self.model.clone().filter(|_| agent == CLAUDE)
    }
}

impl Store {
    /// What a task of a repository is, where its creator does not say.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn repo_defaults(
        &self,
        workspace: &str,
        repo_url: &str,
    ) -> Result<RepoDefaults, StoreError> {
        let known = self.repo_spec(workspace, repo_url).await?;
        Ok(known.map_or_else(
            || RepoDefaults {
                branch: BRANCH.to_owned(),
                agent: None,
                model: None,
            },
            |spec| RepoDefaults {
                branch: spec.default_branch,
                agent: Some(spec.default_agent_type),
                model: Some(spec.claude_model),
            },
        ))
    }

    /// The settings of a repository; the defaults where it is not registered.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn repo_settings(
        &self,
        workspace: &str,
        repo_url: &str,
    ) -> Result<RepoSettings, StoreError> {
        let known = self.repo_spec(workspace, repo_url).await?;
        Ok(
            known.map_or_else(RepoSettings::default, |spec| RepoSettings {
                policy: Policy::of(&spec),
                pool: Bounds {
                    sandboxes_max: i64::from(spec.max_pod_instances),
                    runs_each_max: i64::from(spec.max_agents_per_pod),
                },
                review_model: Some(spec.review_model).filter(|_| {
                    spec.review_agent_type
                        .as_deref()
                        .is_none_or(|agent| agent == CLAUDE)
                }),
                test_command: spec.test_command,
                review_agent: spec.review_agent_type,
                external_reviews: spec.external_reviews,
                environment: Environment::default(),
            }),
        )
    }

    /// What governs a task: its job's settings, or its repository's.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_settings(&self, task: &TaskRow) -> Result<RepoSettings, StoreError> {
        let job = task.origin.as_ref().map(|origin| origin.job);
        let (TaskType::Job, Some(job)) = (task.spec.kind, job) else {
            return self
                .repo_settings(&task.workspace, &task.spec.repo_url)
                .await;
        };
        let job = self.job(job).await?;
        Ok(job.map_or_else(RepoSettings::default, |job| RepoSettings {
            policy: Policy::of_job(&job.spec),
            pool: Bounds {
                sandboxes_max: i64::from(job.spec.sandboxes_max),
                runs_each_max: i64::from(job.spec.runs_each_max),
            },
            // It was read when it was written.
            environment: Environment::read(job.spec.environment.as_ref()).unwrap_or_default(),
            ..RepoSettings::default()
        }))
    }

    async fn repo_spec(
        &self,
        workspace: &str,
        repo_url: &str,
    ) -> Result<Option<RepoSpec>, StoreError> {
        let Ok(url) = RepoUrl::parse(repo_url) else {
            return Ok(None);
        };
        let row = self.repo_at(workspace, &url).await?;
        Ok(row.map(|row| row.spec))
    }
}
