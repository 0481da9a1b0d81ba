//! Stand-ins that speak the real wire protocols, for tests and the demo.
//!
//! [`ModelSimulator`] answers as the Anthropic Messages API does, so that a real coding-agent CLI
//! can run against it. What it answers is written in a [`Scenario`].

mod model;
mod scenario;
#[cfg(test)]
mod tests;

pub use model::{ModelSimulator, Seen, SimulatorError};
pub use scenario::{Scenario, ScenarioError, Usage};
