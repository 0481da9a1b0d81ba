//! `optio task` as it is written.

use clap::{Args, Subcommand};

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
