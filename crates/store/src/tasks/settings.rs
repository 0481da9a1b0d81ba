//! What a repository's settings mean for its tasks.

use optio_domain::{pool::Bounds, task::policy::Policy};

use crate::{Store, StoreError};

/// The settings of a repository as its tasks need them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepoSettings {
    /// How its tasks go on.
    pub policy: Policy,
    /// How large its pool may grow.
    pub pool: Bounds,
    /// Its own words for its agents.
    pub prompt: Option<String>,
    /// Its own words for its reviewers.
    pub review_prompt: Option<String>,
    /// The agent program that reviews, where it is another one.
    pub review_agent: Option<String>,
    /// The model that reviews.
    pub review_model: Option<String>,
}

/// What a task of a repository is, where its creator does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoDefaults {
    /// The branch it starts from.
    pub branch: String,
    /// The agent program.
    pub agent: Option<String>,
    /// The model.
    pub model: Option<String>,
}

impl Store {
    /// What a task of a repository is, where its creator does not say.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn repo_defaults(
        &self,
        _workspace: &str,
        _repo_url: &str,
    ) -> Result<RepoDefaults, StoreError> {
        Ok(RepoDefaults {
            branch: "main".to_owned(),
            agent: None,
            model: None,
        })
    }

    /// The settings of a repository; the defaults where it is not registered.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn repo_settings(
        &self,
        _workspace: &str,
        _repo_url: &str,
    ) -> Result<RepoSettings, StoreError> {
        Ok(RepoSettings::default())
    }
}
