//! What a simulated GitLab holds when it starts: a file in TOML, or values of a test.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::git_host::setup::{HookSetup, RepoSetup};

const DEMO: &str = include_str!("../../scenarios/gitlab-demo.toml");
/// Calls of one token in a minute, where nothing else is said: what gitlab.com allows.
const RATE_LIMIT: u64 = 2_000;

/// What a simulated GitLab holds when it starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GitlabSetup {
    /// Tokens, each with the user name of its holder.
    pub tokens: BTreeMap<String, String>,
    /// Calls of one token in a minute.
    pub rate_limit: u64,
    /// Where events are sent, and the secret that is sent along.
    pub hook: Option<HookSetup>,
    /// The projects. In their plays a check ends as a job does (`success`, `failed`, `canceled`).
    pub repos: Vec<RepoSetup>,
}

impl Default for GitlabSetup {
    fn default() -> Self {
        Self {
            tokens: BTreeMap::new(),
            rate_limit: RATE_LIMIT,
            hook: None,
            repos: Vec::new(),
        }
    }
}

impl GitlabSetup {
    /// One project with one issue, as the file that is part of the program says.
    ///
    /// # Errors
    /// Never, as a test sees to.
    pub fn demo() -> Result<Self, String> {
        Self::parse(DEMO)
    }

    /// Reads a file in TOML.
    ///
    /// # Errors
    /// What is wrong and where, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}
