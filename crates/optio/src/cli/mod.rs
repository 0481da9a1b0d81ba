//! What may be written on the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

mod repo;
mod review;
mod secret;
mod template;

pub use repo::Repo;
pub use review::{Review, Verdict, WhichReview};
pub use secret::Secret;
pub use template::{SetTemplate, Template, WhichTemplate};

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not signed in or not allowed,
4 not found, 5 conflict, 130 interrupted.";

const SERVE: &str = "\
Any number of servers may share a database: each runs its share of the actors, and takes over from
one that dies. Sandboxes are processes of this machine, so that all servers must run on it and share
one --data-dir. It listens on this machine only, because there is no login yet. Agents that run keep
the address of the API that they were started with: where servers come and go, name one that stays
with --public-url.";

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
    #[command(after_help = "Examples:\n  optio why vesper\n  optio why agent:vesper")]
    Why {
        /// A slug, agent:SLUG, agent/ID, task/ID or pr-review/ID
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
    /// Let agents hear topics, and publish to them
    #[command(subcommand)]
    Topic(Topic),
    /// Look at messages that were given up, replay or discard them
    #[command(subcommand)]
    Dead(Dead),
    /// Add repositories that tasks work on, and decide about them
    #[command(subcommand)]
    Repo(Repo),
    /// Keep what agents sign in with, sealed
    #[command(subcommand)]
    Secret(Secret),
    /// Keep the words that prompts begin with, and what jobs are told
    #[command(subcommand)]
    Template(Template),
    /// Make the agents on the server equal to files
    #[command(after_help = "Example:\n  optio apply -f examples/persistent-agents/forge/agents")]
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

/// What can be done with persistent agents.
#[derive(Debug, Subcommand)]
pub enum Agent {
    /// Create an agent; it takes its first turn at once
    Create(Box<Create>),
    /// List the agents
    List,
    /// Show one agent
    Show(Who),
    /// Send an agent a message
    #[command(after_help = "Example:\n  optio agent send vesper \"add /healthz\"")]
    Send {
        /// Slug or id
        agent: String,
        /// The message; - reads it from the input
        text: String,
        /// What it does to the agent
        #[arg(long, value_enum)]
        class: Option<Class>,
    },
    /// Ask an agent and wait for its reply
    #[command(after_help = "Example:\n  optio agent ask vesper \"which port?\" --timeout 120")]
    Ask {
        /// Slug or id
        agent: String,
        /// The question; - reads it from the input
        text: String,
        /// Seconds to wait for the reply [default: the server's]
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(1..=31_536_000))]
        timeout: Option<i64>,
    },
    /// Print what an agent said and did in a turn, the last one by default
    Log {
        /// Slug or id
        agent: String,
        /// Go on with what happens now, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
        /// The number of the turn
        #[arg(long, value_name = "N", conflicts_with = "follow")]
        turn: Option<i64>,
    },
    /// Stop an agent and let its mail wait
    Pause(Who),
    /// Let a paused or failed agent go on
    Resume(Who),
    /// Stop an agent and start it afresh, with its mail
    Restart(Who),
    /// Stop an agent for good and keep its history
    Archive(Who),
    /// Remove an agent with its history
    Delete(Who),
}

/// What can be done with tasks.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Create a task; it runs as soon as there is room
    #[command(
        after_help = "Example:\n  optio task create --repo https://github.com/acme/shop --title \"Add /healthz\" \"It answers 200.\""
    )]
    Create(Box<NewTask>),
    /// List the tasks, newest first
    List {
        /// Only those in this state
        #[arg(long)]
        state: Option<String>,
        /// Only those with this text in title or prompt
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only those of this repository
        #[arg(long, value_name = "URL")]
        repo: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show one task: its state, its pull request, its history
    Show(WhichTask),
    /// Print what a task's agent said and did
    Logs {
        /// Id, or its first eight digits or more
        task: String,
        /// Go on with what happens now, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
        /// Only lines with this text
        #[arg(long, value_name = "TEXT", conflicts_with = "follow")]
        search: Option<String>,
    },
    /// Write to a task: one that runs is told at once, any other goes on with it
    Message {
        /// Id, or its first eight digits or more
        task: String,
        /// The message; - reads it from the input
        text: String,
        /// Interrupt what the agent does
        #[arg(long)]
        interrupt: bool,
    },
    /// Stop a task for good; its process is gone within seconds
    Cancel(WhichTask),
    /// Let a failed or cancelled task go on from where it is
    Retry(WhichTask),
    /// Let a task that needs attention or has failed go on
    Resume {
        /// Id, or its first eight digits or more
        task: String,
        /// What the agent is told first
        words: Option<String>,
    },
    /// Begin a task afresh at its base branch; what is in its worktree is thrown away
    Redo(WhichTask),
    /// Have the review agent look at a task's pull request
    Review(WhichTask),
}

/// Which task.
#[derive(Debug, Args)]
pub struct WhichTask {
    /// Id, or its first eight digits or more
    pub task: String,
}

/// A task to be created.
#[derive(Debug, Args)]
pub struct NewTask {
    /// What the agent is to do; - reads it from the input
    pub prompt: String,
    /// The repository
    #[arg(long, value_name = "URL")]
    pub repo: String,
    /// One line for people [default: the first line of what is to be done]
    #[arg(long)]
    pub title: Option<String>,
    /// The branch it starts from and merges into [default: the repository's]
    #[arg(long)]
    pub branch: Option<String>,
    /// The agent program [default: the repository's]
    #[arg(long)]
    pub agent: Option<String>,
    /// The model [default: the agent program's own]
    #[arg(long)]
    pub model: Option<String>,
    /// 1 to 1000; the lower, the sooner
    #[arg(long, value_name = "N")]
    pub priority: Option<i64>,
    /// How often a failed run is tried again by itself
    #[arg(long, value_name = "N")]
    pub max_retries: Option<i64>,
    /// A task that has to be completed first; may be given several times
    #[arg(long = "depends-on", value_name = "TASK")]
    pub depends_on: Vec<String>,
    /// The number of the issue it is about, in the same repository
    #[arg(long, value_name = "NUMBER")]
    pub issue: Option<u64>,
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

/// One agent.
#[derive(Debug, Args)]
pub struct Who {
    /// Slug or id
    pub agent: String,
}

/// A new agent: a file, flags, or both; a flag wins.
#[derive(Debug, Clone, Default, Args)]
pub struct Create {
    /// Its address: lower-case letters, digits and dashes
    #[arg(required_unless_present = "file")]
    pub slug: Option<String>,
    /// A JSON file with the fields of the API; - reads the input
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Its name for people [default: the slug]
    #[arg(long)]
    pub name: Option<String>,
    /// What it is for
    #[arg(long)]
    pub description: Option<String>,
    /// Its mission, given once
    #[arg(long, value_name = "TEXT", required_unless_present = "file")]
    pub prompt: Option<String>,
    /// Its role
    #[arg(long, value_name = "TEXT")]
    pub system_prompt: Option<String>,
    /// A file with its manual
    #[arg(long, value_name = "FILE")]
    pub agents_md: Option<PathBuf>,
    /// Which agent program
    #[arg(long)]
    pub runtime: Option<String>,
    /// Which model
    #[arg(long)]
    pub model: Option<String>,
    /// How long its sandbox is kept
    #[arg(long, value_enum)]
    pub lifecycle: Option<Lifecycle>,
    /// Model calls in one turn
    #[arg(long, value_name = "N")]
    pub max_turns: Option<i32>,
    /// Seconds a turn may take
    #[arg(long, value_name = "SECONDS")]
    pub turn_seconds_max: Option<i64>,
}

/// How long a sandbox is kept.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Lifecycle {
    /// Always
    AlwaysOn,
    /// For a while after each turn
    Sticky,
    /// For one turn
    OnDemand,
}

/// Files to apply.
#[derive(Debug, Args)]
pub struct Apply {
    /// A JSON file with one agent, or a directory of such files; - reads the input
    #[arg(short, long = "file", value_name = "FILE|DIR", required = true, num_args = 1..)]
    pub files: Vec<PathBuf>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}
