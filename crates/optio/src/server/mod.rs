//! The commands that run Optio itself.

use std::{net::SocketAddr, path::Path};

use optio_domain::ownership::Role;
use optio_simulators::{ModelSimulator, Scenario};
use optio_store::Store;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::{Config, Secret},
    console::{Console, Tone},
    failure::Failure,
};

mod database;
mod demo;
mod hosts;
mod key;
mod logs;
mod plane;
mod rounds;
mod simulate;
mod vault;

use database::Database;
use plane::ControlPlane;
pub use simulate::{simulate_github, simulate_gitlab};

/// Connections of a command that does one thing.
const FEW: u32 = 2;
/// The scenario of a simulator that was not given one.
const SCENARIO: &str = "forge";

/// Runs everything on this machine until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub async fn dev(config: Config, console: &mut Console) -> Result<(), Failure> {
    logs::begin(&config.log);
    let place = config.data_dir.display().to_string();
    let credentials = config.credentials.clone();
    let plane = ControlPlane::start(config, Role::All).await?;
    console.line(&console.paint(Tone::Strong, &format!("Optio listens on {}", plane.url())))?;
    console.note(&format!(
        "API: {}/docs · data: {place} · {}",
        plane.url(),
        plane.isolation()
    ));
    let given = credentials.are_there() || credentials.anthropic_base_url.is_some();
    if !given && !plane.has_stored_credentials().await {
        console.note(
            "No model credentials: keep one with `optio secret set ANTHROPIC_API_KEY` (or \
             CLAUDE_CODE_OAUTH_TOKEN), or try without a model: run `optio simulate model`, and start this with \
             ANTHROPIC_BASE_URL=http://127.0.0.1:30410 ANTHROPIC_API_KEY=none",
        );
    }
    console.note("Next: optio apply -f examples/persistent-agents/forge/agents · Ctrl-C stops");
    stop_asked().await;
    let open = plane.stop(false).await?;
    if 0 < open {
        console.note(&format!(
            "{open} turns go on without us; the next `optio dev` with this data directory takes them up"
        ));
    }
    Ok(())
}

/// Runs one of several control planes on a database that is there, until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub async fn serve(
    config: Config,
    public_url_is_chosen: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    logs::begin(&config.log);
    if config.database_url.is_none() {
        return Err(Failure::usage(
            "optio serve needs a Postgres: set DATABASE_URL; `optio dev` starts one of its own",
        ));
    }
    vault::require(&config)?;
    if config.role == Role::Actors && !public_url_is_chosen {
        return Err(Failure::usage(
            "with --role actors agents cannot reach the API here: name a server that has it with \
             --public-url",
        ));
    }
    let role = config.role;
    let plane = ControlPlane::start(config, role).await?;
    console.line(&console.paint(Tone::Strong, &format!("Optio listens on {}", plane.url())))?;
    console.note(&format!("role: {} · {}", role.name(), plane.isolation()));
    stop_asked().await;
    let open = plane.stop(false).await?;
    if 0 < open {
        console.note(&format!("{open} turns go on without us"));
    }
    Ok(())
}

/// Brings up the demo team, sends it a request and shows the conversation.
///
/// # Errors
/// When it cannot start, or the team does not answer.
pub async fn demo(config: Config, exit: bool, console: &mut Console) -> Result<(), Failure> {
    // The conversation is what a person came for.
    logs::begin(if config.log == "info" {
        "warn"
    } else {
        &config.log
    });
    demo::run(config, exit, console).await
}

/// Shows a task from an issue to a merged pull request; on the real GitHub where a repository is named.
///
/// # Errors
/// When it cannot start, or the task does not end well.
pub async fn demo_task(
    config: Config,
    repo: Option<&str>,
    exit: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    logs::begin(if config.log == "info" {
        "warn"
    } else {
        &config.log
    });
    demo::task::run(config, repo, exit, console).await
}

/// Brings the database's schema up to date.
///
/// # Errors
/// When the database cannot be reached or a migration fails.
pub async fn migrate(config: Config, console: &mut Console) -> Result<(), Failure> {
    logs::begin(&config.log);
    let database = Database::open(&config).await?;
    let store = connect(database.url(), FEW).await?;
    store
        .migrate()
        .await
        .map_err(|error| Failure::general(error.to_string()))?;
    store.close().await;
    database.close().await?;
    console.line("the schema is up to date")?;
    Ok(())
}

/// Prints the OpenAPI document of the HTTP API.
///
/// # Errors
/// When nobody reads the output.
pub fn openapi(console: &mut Console) -> Result<(), Failure> {
    Ok(console.text(&optio_gateway::openapi())?)
}

/// Plays a model API from a scenario.
///
/// # Errors
/// When there is no such scenario or the address is taken.
pub async fn simulate_model(
    scenario: Option<&str>,
    listen: SocketAddr,
    console: &mut Console,
) -> Result<(), Failure> {
    let scenario = scenario_of(scenario.unwrap_or(SCENARIO))?;
    let name = scenario.name().to_owned();
    let simulator = simulator(listen, scenario).await?;
    console.line(&format!(
        "the model simulator plays `{name}` on {}",
        simulator.url()
    ))?;
    console.note(&format!(
        "point agents at it: ANTHROPIC_BASE_URL={} ANTHROPIC_API_KEY=none optio dev · Ctrl-C stops",
        simulator.url()
    ));
    stop_asked().await;
    simulator.stop().await;
    Ok(())
}

async fn simulator(listen: SocketAddr, scenario: Scenario) -> Result<ModelSimulator, Failure> {
    ModelSimulator::start(listen, scenario)
        .await
        .map_err(|error| Failure::general(error.to_string()))
}

fn scenario_of(name: &str) -> Result<Scenario, Failure> {
    let names = Scenario::builtin_names();
    if names.contains(&name) {
        return Scenario::builtin(name).map_err(|error| Failure::general(error.to_string()));
    }
    let text = std::fs::read_to_string(Path::new(name)).map_err(|error| {
        let known = names.join(", ");
        Failure::usage(format!(
            "there is no scenario `{name}` ({error}); built in are: {known}"
        ))
    })?;
    Scenario::parse(&text).map_err(|error| Failure::usage(format!("{name}: {error}")))
}

async fn connect(url: &Secret, connections_max: u32) -> Result<Store, Failure> {
    Store::connect(url.reveal(), connections_max)
        .await
        .map_err(|error| {
            let source = std::error::Error::source(&error);
            let why = source.map_or_else(String::new, |source| format!(": {source}"));
            Failure::general(format!("the database cannot be reached: {error}{why}"))
                .with(["check that Postgres runs and that DATABASE_URL names it".to_owned()])
        })
}

/// Waits until somebody presses Ctrl-C or asks this process to end.
async fn stop_asked() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
