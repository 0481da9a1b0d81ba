//! What a simulated GitHub holds when it starts: a file in TOML, or values of a test.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::git_host::setup::{HookSetup, RepoSetup};

const DEMO: &str = include_str!("../../scenarios/github-demo.toml");
/// Calls of one token in an hour, where nothing else is said.
const RATE_LIMIT: u64 = 5_000;

/// What a simulated GitHub holds when it starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GithubSetup {
    /// Tokens, each with the login of its holder.
    pub tokens: BTreeMap<String, String>,
    /// Calls of one token in an hour.
    pub rate_limit: u64,
    /// The app that is installed in every repository.
    pub app: Option<AppSetup>,
    /// Where events are sent.
    pub hook: Option<HookSetup>,
    /// The repositories.
    pub repos: Vec<RepoSetup>,
}

impl Default for GithubSetup {
    fn default() -> Self {
        Self {
            tokens: BTreeMap::new(),
            rate_limit: RATE_LIMIT,
            app: None,
            hook: None,
            repos: Vec::new(),
        }
    }
}

/// A GitHub App.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSetup {
    /// Its number.
    pub id: u64,
    /// Its private key as PEM. What the app signs is checked with the public half.
    pub private_key: String,
    /// Seconds that its tokens live.
    #[serde(default = "an_hour_s")]
    pub token_s: u64,
}

fn an_hour_s() -> u64 {
    3_600
}

impl std::fmt::Debug for AppSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppSetup")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl GithubSetup {
    /// One repository with one issue, as the file that is part of the program says.
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
