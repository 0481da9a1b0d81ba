//! The client commands: they speak the HTTP API and print what it says, and decide nothing.

use crate::{
    cli::{Agent, Command, Global},
    console::Console,
    failure::Failure,
};

mod agent;
mod api;
mod apply;
mod ask;
mod dead;
mod files;
mod input;
mod job;
mod kind;
mod log;
mod replicas;
mod repo;
mod review;
mod runs;
mod secret;
mod sse;
mod task;
mod template;
mod topic;
mod tracker;
mod trigger;
mod typed;
mod view;
mod webhook;
mod why;

pub use api::Api;

/// Runs a client command. The others are not for here and do nothing.
///
/// # Errors
/// What the server refused, or why it was not reached.
pub async fn run(
    api: &Api,
    command: &Command,
    global: &Global,
    console: &mut Console,
) -> Result<(), Failure> {
    debug_assert_eq!(global.json, console.is_json());
    match command {
        Command::Agent(Agent::Create(create)) => agent::create(api, create, console).await,
        Command::Agent(Agent::List) => agent::list(api, console).await,
        Command::Agent(Agent::Show(who)) => agent::show(api, &who.agent, console).await,
        Command::Agent(Agent::Send { agent, text, class }) => {
            agent::send(api, agent, text, *class, console).await
        }
        Command::Agent(Agent::Ask {
            agent,
            text,
            timeout,
        }) => ask::ask(api, agent, text, *timeout, console).await,
        Command::Task(task) => task::run(api, task, console).await,
        Command::Review(review) => review::run(api, review, console).await,
        Command::Files(files) => files::run(api, files, console).await,
        Command::Job(job) => job::run(api, job, console).await,
        Command::Blueprint(blueprint) => job::blueprint(api, blueprint, console).await,
        Command::Run(run) => runs::run(api, run, console).await,
        Command::Trigger(trigger) => trigger::run(api, trigger, console).await,
        Command::Topic(topic) => topic::run(api, topic, console).await,
        Command::Dead(dead) => dead::run(api, dead, console).await,
        Command::Repo(repo) => repo::run(api, repo, console).await,
        Command::Secret(secret) => secret::run(api, secret, console).await,
        Command::Tracker(tracker) => tracker::run(api, tracker, console).await,
        Command::Webhook(webhook) => webhook::run(api, webhook, console).await,
        Command::Template(template) => template::run(api, template, console).await,
        Command::Agent(Agent::Log {
            agent,
            follow: true,
            ..
        }) => log::follow(api, agent, console).await,
        Command::Agent(Agent::Log { agent, turn, .. }) => {
            log::turn(api, agent, *turn, console).await
        }
        Command::Agent(Agent::Pause(who)) => {
            agent::control(api, &who.agent, "pause", console).await
        }
        Command::Agent(Agent::Resume(who)) => {
            agent::control(api, &who.agent, "resume", console).await
        }
        Command::Agent(Agent::Restart(who)) => {
            agent::control(api, &who.agent, "restart", console).await
        }
        Command::Agent(Agent::Archive(who)) => {
            agent::control(api, &who.agent, "archive", console).await
        }
        Command::Agent(Agent::Delete(who)) => agent::delete(api, &who.agent, console).await,
        Command::Apply(apply) => apply::apply(api, apply, console).await,
        Command::Why { address } => why::why(api, address, console).await,
        Command::Replicas => replicas::list(api, console).await,
        Command::Dev(_)
        | Command::Serve(_)
        | Command::Demo { .. }
        | Command::Migrate(_)
        | Command::Doctor(_)
        | Command::Config(_)
        | Command::Openapi
        | Command::Simulate(_)
        | Command::Completions { .. } => Ok(()),
    }
}
