//! `optio agent` as it is written.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Class;

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
