//! Stand-ins for the outside world, started by hand.

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use optio_simulators::{
    GithubSetup, GithubSimulator, GitlabSetup, GitlabSimulator, RepoSetup, SimulatorError,
};

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
    let setup = setup_of(scenario, GithubSetup::demo, GithubSetup::parse)?;
    let holds = holds(&setup.repos, &setup.tokens);
    let started = GithubSimulator::start(listen, setup).await;
    let simulator = started.map_err(|error| failed(&error))?;
    let url = simulator.url();
    console.line(&format!("the GitHub simulator listens on {url}"))?;
    console.note(&holds);
    stop_asked().await;
    simulator.stop().await;
    Ok(())
}

/// Plays GitLab from a scenario.
///
/// # Errors
/// When the scenario cannot be read, the address is taken, or there is no git.
pub async fn simulate_gitlab(
    scenario: Option<&Path>,
    listen: SocketAddr,
    console: &mut Console,
) -> Result<(), Failure> {
    let setup = setup_of(scenario, GitlabSetup::demo, GitlabSetup::parse)?;
    let holds = holds(&setup.repos, &setup.tokens);
    let started = GitlabSimulator::start(listen, setup).await;
    let simulator = started.map_err(|error| failed(&error))?;
    let url = simulator.url();
    console.line(&format!("the GitLab simulator listens on {url}"))?;
    console.note(&holds);
    stop_asked().await;
    simulator.stop().await;
    Ok(())
}

fn holds(repos: &[RepoSetup], tokens: &BTreeMap<String, String>) -> String {
    let repos: Vec<&str> = repos.iter().map(|repo| repo.name.as_str()).collect();
    let token = tokens.keys().next().map_or("none", String::as_str);
    format!(
        "repositories: {} · a token: {token} · Ctrl-C stops",
        repos.join(", ")
    )
}

fn failed(error: &SimulatorError) -> Failure {
    let source = std::error::Error::source(error);
    let why = source.map_or_else(String::new, |source| format!(": {source}"));
    Failure::general(format!("{error}{why}"))
}

fn setup_of<S>(
    scenario: Option<&Path>,
    demo: impl FnOnce() -> Result<S, String>,
    parse: impl FnOnce(&str) -> Result<S, String>,
) -> Result<S, Failure> {
    let Some(file) = scenario else {
        return demo().map_err(Failure::general);
    };
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
    parse(&text).map_err(|error| Failure::usage(format!("{name}: {error}")))
}
