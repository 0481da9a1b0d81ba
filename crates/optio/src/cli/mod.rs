//! What may be written on the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

mod agent;
mod apply;
mod files;
mod job;
mod repo;
mod review;
mod secret;
mod task;
mod template;
mod tracker;
mod trigger;
mod webhook;

pub use agent::{Agent, Create, Lifecycle, Who};
pub use apply::{Apply, Prune};
pub use files::Files;
pub use job::{Blueprint, Job, NewStartable, Run, Runs, Settings, Start, WhichRun, WhichStartable};
pub use repo::Repo;
pub use review::{Review, Verdict, WhichReview};
pub use secret::Secret;
pub use task::{NewTask, Task, WhichTask};
pub use template::{SetTemplate, Template, WhichTemplate};
pub use tracker::Tracker;
pub use trigger::{
    By, ChangedTrigger, Common, Dedup, Heard, HookSecret, Missed, Overlap, Signature, Trigger,
    TriggerKind, WhichTrigger,
};
pub use webhook::{AddWebhook, Webhook};

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not signed in or not allowed,
4 not found, 5 conflict, 130 interrupted.";

const SERVE: &str = "\
Any number of servers may share a database: each runs its share of the actors, and takes over from
one that dies. Where sandboxes are processes of this machine, all servers must run on it and share one
--data-dir; with OPTIO_RUNTIME=kubernetes they are pods. Beyond this machine it listens only with
OPTIO_ADMIN_TOKEN, which people and CI have to show. Agents that run keep the address of the API that
they were started with: where servers come and go, name one that stays with --public-url.";

/// Runs AI coding agents: as actors with an address, durable mail and a reason for every wait.
#[derive(Debug, Parser)]
#[command(name = "optio", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// Which command.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// Print for programs: JSON on the output, errors as JSON on the error stream
    #[arg(long, global = true)]
    pub json: bool,
    /// The server to talk to [env: OPTIO_SERVER, OPTIO_API_URL] [default: http://127.0.0.1:30400]
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// The token to sign in with [env: OPTIO_TOKEN, OPTIO_API_TOKEN]
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// The settings file [env: OPTIO_CONFIG] [default: $XDG_CONFIG_HOME/optio/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything on this machine: database, server, agents
    Dev(Place),
    /// Run one of several servers on a Postgres of your own (DATABASE_URL)
    #[command(after_help = SERVE)]
    Serve(Serve),
    /// Show the servers that work on the database, and how many shards each has
    Replicas,
    /// Bring up a team of agents, give it work and show the conversation
    Demo {
        /// End after the team has answered, or the task is done
        #[arg(long)]
        exit: bool,
        /// Show a task instead: from an issue to a merged pull request
        #[arg(long)]
        task: bool,
        /// Play it on this repository of the real GitHub, which is changed (needs GITHUB_TOKEN)
        #[arg(long, value_name = "URL", requires = "task")]
        repo: Option<String>,
        /// Where it runs.
        #[command(flatten)]
        place: Place,
    },
    /// Bring the database's schema up to date
    Migrate(Place),
    /// Check what Optio needs from this machine and say how to mend it
    Doctor(Place),
    /// Print the effective settings, each with its source
    Config(Place),
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Stand in for a service of the outside world
    #[command(subcommand)]
    Simulate(Simulate),
    /// Say what an actor is doing, and why it waits
    #[command(after_help = "Examples:\n  optio why vesper\n  optio why job/digest")]
    Why {
        /// A slug, agent:SLUG, agent/ID, job/NAME, blueprint/NAME, task/ID, pr-review/ID or tracker/ID
        address: String,
    },
    /// Create persistent agents, talk to them and look after them
    #[command(subcommand)]
    Agent(Agent),
    /// Give agents work on repositories that ends in merged pull requests
    #[command(subcommand)]
    Task(Task),
    /// Have pull requests of others reviewed: drafts that you change, discuss and hand in
    #[command(subcommand)]
    Review(Review),
    /// List the files that a task or the run of a job has left, or download them
    #[command(after_help = "Example:\n  optio files 0198b2f0-7f00 --download out")]
    Files(Files),
    /// Keep work that is started again and again: by hand, by a time, by a call, by a ticket
    #[command(subcommand)]
    Job(Job),
    /// Keep tasks that are made again and again, each of which ends in a pull request
    #[command(subcommand)]
    Blueprint(Blueprint),
    /// Look at runs of jobs, stop them and let them try again
    #[command(subcommand)]
    Run(Run),
    /// Have agents, jobs and blueprints started by themselves
    #[command(subcommand)]
    Trigger(Trigger),
    /// Let agents hear topics, and publish to them
    #[command(subcommand)]
    Topic(Topic),
    /// Look at messages that were given up, replay or discard them
    #[command(subcommand)]
    Dead(Dead),
    /// Add repositories that tasks work on, and decide about them
    #[command(subcommand)]
    Repo(Repo),
    /// Look for tickets that become work: GitHub, GitLab, Jira, Linear, Notion
    #[command(subcommand)]
    Tracker(Tracker),
    /// Keep what agents sign in with, sealed
    #[command(subcommand)]
    Secret(Secret),
    /// Have others told what happens, and see what became of it
    #[command(subcommand)]
    Webhook(Webhook),
    /// Keep the words that prompts begin with, and what jobs are told
    #[command(subcommand)]
    Template(Template),
    /// Make agents, jobs, blueprints, triggers and templates on the server equal to files
    #[command(after_help = apply::HELP)]
    Apply(Apply),
    /// Print the completions of a shell
    #[command(after_help = "Example:\n  optio completions bash > /etc/bash_completion.d/optio")]
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// Where Optio keeps its data and listens.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// Where everything is kept [env: OPTIO_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The address of the HTTP API [env: OPTIO_LISTEN] [default: 127.0.0.1:30400]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
}

/// One of several servers.
#[derive(Debug, Clone, Default, Args)]
pub struct Serve {
    /// Where it runs.
    #[command(flatten)]
    pub place: Place,
    /// Where runners and the other servers reach this one [env: OPTIO_ADVERTISE_URL] [default: where
    /// it listens]
    #[arg(long, value_name = "URL")]
    pub advertise_url: Option<String>,
    /// Where agents reach the API [env: OPTIO_PUBLIC_URL] [default: where it listens]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// all; gateway: serves people and runs no actors; actors: runs actors and serves their runners
    /// [env: OPTIO_ROLE] [default: all]
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
}

/// Stand-ins.
#[derive(Debug, Subcommand)]
pub enum Simulate {
    /// Speak the protocol of a model API from a scenario, without a model
    Model {
        /// A scenario's name or a file with one
        #[arg(long, value_name = "NAME|FILE")]
        scenario: Option<String>,
        /// Where to listen
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:30410")]
        listen: SocketAddr,
    },
    /// Speak GitHub's REST API and git over HTTP, with checks and reviews that a scenario plays
    Github {
        /// A file with what it holds and plays [default: one repository with one issue]
        #[arg(long, value_name = "FILE")]
        scenario: Option<PathBuf>,
        /// Where to listen
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:30420")]
        listen: SocketAddr,
    },
    /// Speak GitLab's REST API and git over HTTP, with pipelines and reviews that a scenario plays
    Gitlab {
        /// A file with what it holds and plays [default: one project with one issue]
        #[arg(long, value_name = "FILE")]
        scenario: Option<PathBuf>,
        /// Where to listen
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:30430")]
        listen: SocketAddr,
    },
}

/// What a message does to its receiver.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Class {
    /// Wakes it
    Work,
    /// Is read with whatever wakes it next
    Notify,
    /// Wakes it and is read first
    Interrupt,
    /// Ends its open turn
    Stop,
}

/// What can be done with topics.
#[derive(Debug, Subcommand)]
pub enum Topic {
    /// List the topics that agents hear
    List,
    /// List the agents that hear a topic
    Show {
        /// Its name
        topic: String,
    },
    /// Let an agent hear a topic
    Subscribe {
        /// Its name
        topic: String,
        /// Slug or id
        agent: String,
    },
    /// Let an agent hear a topic no more
    Unsubscribe {
        /// Its name
        topic: String,
        /// Slug or id
        agent: String,
    },
    /// Send a message to every agent that hears a topic; `all` is heard by all
    #[command(after_help = "Example:\n  optio topic publish builds \"main is red\"")]
    Publish {
        /// Its name
        topic: String,
        /// The message; - reads it from the input
        text: String,
        /// What it does to the agents
        #[arg(long, value_enum)]
        class: Option<Class>,
    },
}

/// What can be done with messages that were given up.
#[derive(Debug, Subcommand)]
pub enum Dead {
    /// List them
    List {
        /// Those of one agent: slug or id
        #[arg(long)]
        agent: Option<String>,
    },
    /// Show one with the turns that failed with it
    Show {
        /// Its id
        message: String,
    },
    /// Put them back into their inboxes
    Replay(Meant),
    /// Give them up for good; their records stay
    Discard(Meant),
}

/// Which messages are meant.
#[derive(Debug, Args)]
pub struct Meant {
    /// The id of one
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub message: Option<String>,
    /// All of them, or all of one agent
    #[arg(long)]
    pub all: bool,
    /// Those of one agent: slug or id
    #[arg(long, requires = "all")]
    pub agent: Option<String>,
}
