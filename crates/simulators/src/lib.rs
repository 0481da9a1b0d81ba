//! Stand-ins that speak the real wire protocols, for tests and the demo.
//!
//! [`ModelSimulator`] answers as the Anthropic Messages API does, so that a real coding-agent CLI
//! can run against it. What it answers is written in a [`Scenario`]. [`GithubSimulator`] is a GitHub,
//! [`GitlabSimulator`] a GitLab, each with its REST API, real git over HTTP and webhooks; a
//! [`GithubSetup`] and a [`GitlabSetup`] say what they hold. [`LinearSimulator`], [`JiraSimulator`] and
//! [`NotionSimulator`] are trackers of tickets. [`WebhookReceiver`] takes what Optio tells others.

// The answers of GitLab have more fields in one object than the macro can take with the usual limit.
#![recursion_limit = "256"]

mod git_host;
mod github;
mod gitlab;
mod jira;
mod linear;
mod model;
mod notion;
mod scenario;
#[cfg(test)]
mod tests;
mod tracker;
mod webhooks;

pub use git_host::{
    Asked, CannotPlay, CheckSetup, Delivery, Fault, FaultKind, HookSetup, IssueSetup, LineSetup,
    Play, RepoSetup, ReviewSetup,
};
pub use github::{AppSetup, GithubSetup, GithubSimulator};
pub use gitlab::{GitlabSetup, GitlabSimulator};
pub use jira::{JiraSetup, JiraSimulator};
pub use linear::{LinearSetup, LinearSimulator};
pub use model::{ModelSimulator, Seen, SimulatorError};
pub use notion::{NotionSetup, NotionSimulator};
pub use scenario::{Scenario, ScenarioError, Usage};
pub use tracker::{TicketSeen, TicketSetup};
pub use webhooks::{Received, Reply, Signature, WebhookReceiver};
