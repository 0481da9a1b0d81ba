//! Stand-ins that speak the real wire protocols, for tests and the demo.
//!
//! [`ModelSimulator`] answers as the Anthropic Messages API does, so that a real coding-agent CLI
//! can run against it. What it answers is written in a [`Scenario`]. [`GithubSimulator`] is a GitHub
//! with its REST API, real git over HTTP and webhooks; a [`GithubSetup`] says what it holds.

mod github;
mod model;
mod scenario;
#[cfg(test)]
mod tests;

pub use github::{
    AppSetup, Asked, CannotPlay, CheckSetup, Delivery, Fault, FaultKind, GithubSetup,
    GithubSimulator, HookSetup, IssueSetup, LineSetup, Play, RepoSetup, ReviewSetup,
};
pub use model::{ModelSimulator, Seen, SimulatorError};
pub use scenario::{Scenario, ScenarioError, Usage};
