//! From the command line to the command, and from its outcome to the exit code.

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use serde_json::Value;

use crate::{
    cli::{Cli, Command, Global, Place, Serve, Simulate},
    client,
    config::{Config, Settings, surroundings},
    console::{Console, Tone},
    doctor,
    failure::{Exit, Failure},
    server,
};

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let env = surroundings::environment();
    let no_color = env.get("NO_COLOR").is_some_and(|text| !text.is_empty());
    let mut console = Console::terminal(cli.global.json, no_color);
    let serve = if let Command::Serve(serve) = &cli.command {
        serve.clone()
    } else {
        Serve::default()
    };
    let settings = |place: &Place| {
        let found = surroundings::gather(&cli.global, place, &serve, env.clone())?;
        Settings::load(found)
    };
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::general(format!("no runtime: {error}")))
        .and_then(|runtime| {
            runtime.block_on(command(&cli.command, &settings, &cli.global, &mut console))
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.failure(&failure);
            ExitCode::from(failure.exit.code())
        }
    }
}

async fn command(
    command: &Command,
    settings: &dyn Fn(&Place) -> Result<Settings, Failure>,
    global: &Global,
    console: &mut Console,
) -> Result<(), Failure> {
    let here = Place::default();
    let config = |place: &Place| -> Result<Config, Failure> { settings(place)?.server() };
    // The demo's team must not move in with agents somebody works with, unless told to.
    let demo = |place: &Place| -> Result<Config, Failure> {
        let settings = settings(place)?;
        let mut config = settings.server()?;
        if !settings.is_chosen("data_dir") {
            config.data_dir.set_file_name("demo");
        }
        Ok(config)
    };
    match command {
        Command::Dev(place) => server::dev(config(place)?, console).await,
        Command::Serve(serve) => {
            let settings = settings(&serve.place)?;
            server::serve(
                settings.server()?,
                settings.is_chosen("public_url"),
                console,
            )
            .await
        }
        Command::Demo {
            exit,
            task: true,
            repo,
            place,
        } => server::demo_task(demo(place)?, repo.as_deref(), *exit, console).await,
        Command::Demo { exit, place, .. } => server::demo(demo(place)?, *exit, console).await,
        Command::Migrate(place) => server::migrate(config(place)?, console).await,
        Command::Doctor(place) => doctor::run(&config(place)?, console),
        Command::Config(place) => show(&settings(place)?, console),
        Command::Openapi => server::openapi(console),
        Command::Simulate(Simulate::Model { scenario, listen }) => {
            server::simulate_model(scenario.as_deref(), *listen, console).await
        }
        Command::Simulate(Simulate::Github { scenario, listen }) => {
            server::simulate_github(scenario.as_deref(), *listen, console).await
        }
        Command::Simulate(Simulate::Gitlab { scenario, listen }) => {
            server::simulate_gitlab(scenario.as_deref(), *listen, console).await
        }
        Command::Completions { shell } => completions(*shell, console),
        Command::Agent(_)
        | Command::Task(_)
        | Command::Review(_)
        | Command::Files(_)
        | Command::Job(_)
        | Command::Blueprint(_)
        | Command::Run(_)
        | Command::Trigger(_)
        | Command::Topic(_)
        | Command::Dead(_)
        | Command::Repo(_)
        | Command::Secret(_)
        | Command::Tracker(_)
        | Command::Webhook(_)
        | Command::Template(_)
        | Command::Apply(_)
        | Command::Replicas
        | Command::Why { .. } => {
            let api = client::Api::new(settings(&here)?.client()?)?;
            tokio::select! {
                done = client::run(&api, command, global, console) => done,
                _ = tokio::signal::ctrl_c() => Err(Failure::new(Exit::Interrupted, "interrupted")),
            }
        }
    }
}

/// Prints the settings, then refuses those that are wrong, so that a person sees both.
fn show(settings: &Settings, console: &mut Console) -> Result<(), Failure> {
    let shown = settings.shown();
    if console.is_json() {
        console.json(&Value::Array(shown.iter().map(|it| it.to_json()).collect()))?;
    } else {
        let rows: Vec<_> = shown
            .iter()
            .map(|it| {
                let tone = if it.source == "default" || it.value.is_none() {
                    Tone::Dim
                } else {
                    Tone::Plain
                };
                let value = it.value.clone().unwrap_or_else(|| "-".to_owned());
                (tone, vec![it.key.clone(), value, it.source.clone()])
            })
            .collect();
        console.table(&["SETTING", "VALUE", "SOURCE"], &rows)?;
    }
    settings.server()?;
    settings.client()?;
    Ok(())
}

fn completions(shell: clap_complete::Shell, console: &mut Console) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "optio", &mut script);
    console.text(&String::from_utf8_lossy(&script))?;
    Ok(())
}
