//! Stand-ins for the outside world, started by hand.

use std::{net::SocketAddr, path::Path};

use optio_simulators::{GithubSetup, GithubSimulator};

use super::stop_asked;
use crate::{console::Console, failure::Failure};

/// Plays GitHub from a scenario.
///
/// # Errors
/// When the scenario cannot be read, the address is taken, or there is no git.
pub async fn simulate_github(
    scenario: Option<&Path>,
    listen: SocketAddr,
    console: &mut Console,
) -> Result<(), Failure> {
    let setup = setup_of(scenario)?;
    let repos: Vec<String> = setup.repos.iter().map(|repo| repo.name.clone()).collect();
    let token = setup.tokens.keys().next().cloned();
    let started = GithubSimulator::start(listen, setup).await;
    let simulator = started.map_err(|error| {
        let source = std::error::Error::source(&error);
        let why = source.map_or_else(String::new, |source| format!(": {source}"));
        Failure::general(format!("{error}{why}"))
    })?;
    let url = simulator.url();
    console.line(&format!("the GitHub simulator listens on {url}"))?;
    let repos = repos.join(", ");
    let token = token.unwrap_or_else(|| "none".to_owned());
    console.note(&format!(
        "repositories: {repos} · a token: {token} · Ctrl-C stops"
    ));
    stop_asked().await;
    simulator.stop().await;
    Ok(())
}

fn setup_of(scenario: Option<&Path>) -> Result<GithubSetup, Failure> {
    let Some(file) = scenario else {
        return GithubSetup::demo().map_err(Failure::general);
    };
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
    GithubSetup::parse(&text).map_err(|error| Failure::usage(format!("{name}: {error}")))
}
