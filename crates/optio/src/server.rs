//! The commands that run Optio itself.

use std::net::SocketAddr;

use crate::{config::Config, console::Console, failure::Failure};

/// Runs everything on this machine until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub async fn dev(_config: Config, _console: &mut Console) -> Result<(), Failure> {
    absent("dev")
}

/// Brings up the demo team, sends it a request and shows the conversation.
///
/// # Errors
/// When it cannot start, or the team does not answer.
pub async fn demo(_config: Config, _exit: bool, _console: &mut Console) -> Result<(), Failure> {
    absent("demo")
}

/// Brings the database's schema up to date.
///
/// # Errors
/// When the database cannot be reached or a migration fails.
pub async fn migrate(_config: Config, _console: &mut Console) -> Result<(), Failure> {
    absent("migrate")
}

/// Prints the OpenAPI document of the HTTP API.
///
/// # Errors
/// When nobody reads the output.
pub fn openapi(_console: &mut Console) -> Result<(), Failure> {
    absent("openapi")
}

/// Plays a model API from a scenario.
///
/// # Errors
/// When there is no such scenario or the address is taken.
pub async fn simulate_model(
    _scenario: Option<&str>,
    _listen: SocketAddr,
    _console: &mut Console,
) -> Result<(), Failure> {
    absent("simulate model")
}

fn absent(command: &str) -> Result<(), Failure> {
    Err(Failure::general(format!(
        "`optio {command}` is not built into this commit"
    )))
}
