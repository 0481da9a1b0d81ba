//! `optio job`, `optio blueprint` and `optio run` as they are written.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const OF_JOBS: &str = "\
Settings are those of the API, as NAME=VALUE: texts as they are, all others as JSON, null for none, and NAME=@FILE
for what a file says: name, description, promptTemplate, promptTemplateId, repoUrl, repoBranch, agentRuntime, model,
maxTurns, budgetUsd, maxConcurrent, maxRetries, priority, warmPoolSize, maxPodInstances, maxAgentsPerPod,
environmentSpec, sandbox, paramsSchema, enabled.

Examples:
  optio job add digest promptTemplate=@digest.md budgetUsd=2.50
  optio job set digest paramsSchema=@params.json maxConcurrent=1";

const OF_BLUEPRINTS: &str = "\
Settings are those of the API, as NAME=VALUE: texts as they are, all others as JSON, null for none, and NAME=@FILE
for what a file says: name, description, title, prompt, promptTemplateId, repoUrl, repoBranch, agentType, model,
maxRetries, priority, paramsSchema, enabled.

Example:
  optio blueprint add updates repoUrl=https://github.com/acme/shop title=\"Update {{what}}\" prompt=@update.md";

const RUN: &str = "\
What paramsSchema calls a number, a truth, a list or an object is read as JSON, everything else as text;
PARAM=@FILE is what a file says. The id of the run is printed, and nothing else.

Examples:
  optio job run digest day=Monday
  optio job run digest --params params.json --wait";

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub enum Job {
    /// Add a job
    #[command(after_help = OF_JOBS)]
    Add(NewStartable),
    /// List the jobs, newest first
    List,
    /// Show a job: its settings, its triggers, its last runs, and why it does not move
    Show(WhichStartable),
    /// Change a job; runs that were started keep what they were told
    #[command(after_help = OF_JOBS)]
    Set(Settings),
    /// Remove a job with its triggers, and cancel its runs
    Rm(WhichStartable),
    /// Copy a job, disabled, with its triggers but for webhooks
    Clone(WhichStartable),
    /// Start a run
    #[command(after_help = RUN)]
    Run(Start),
    /// List the runs of a job, newest first
    Runs(Runs),
}

/// What can be done with blueprints.
#[derive(Debug, Subcommand)]
pub enum Blueprint {
    /// Add a blueprint
    #[command(after_help = OF_BLUEPRINTS)]
    Add(NewStartable),
    /// List the blueprints, newest first
    List,
    /// Show a blueprint: its settings, its triggers, its last tasks, and why it does not move
    Show(WhichStartable),
    /// Change a blueprint; tasks that were made of it stay as they are
    #[command(after_help = OF_BLUEPRINTS)]
    Set(Settings),
    /// Remove a blueprint with its triggers; tasks that were made of it go on
    Rm(WhichStartable),
    /// Make a task of a blueprint
    #[command(after_help = RUN)]
    Run(Start),
    /// List the tasks that were made of a blueprint, newest first
    Runs(Runs),
}

/// What can be done with runs of jobs.
#[derive(Debug, Subcommand)]
pub enum Run {
    /// List the runs of all jobs, newest first
    List {
        /// Only those in this state
        #[arg(long)]
        state: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show one run: its state, its parameters, what came of it, its history
    Show(WhichRun),
    /// Print what a run's agent said and did
    Logs {
        /// Id, or its first eight digits or more
        run: String,
        /// Go on with what happens now, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
        /// Only lines with this text
        #[arg(long, value_name = "TEXT", conflicts_with = "follow")]
        search: Option<String>,
    },
    /// Stop a run for good; its process is gone within seconds
    Cancel(WhichRun),
    /// Let a failed or cancelled run try again
    Retry(WhichRun),
}

/// A new job or blueprint.
#[derive(Debug, Args)]
pub struct NewStartable {
    /// Its name
    pub name: String,
    /// What is decided about it
    #[arg(value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
}

/// Which job or blueprint.
#[derive(Debug, Args)]
pub struct WhichStartable {
    /// Name or id
    pub name: String,
}

/// What is to be changed.
#[derive(Debug, Args)]
pub struct Settings {
    /// Name or id
    pub name: String,
    /// What is decided about it
    #[arg(value_name = "NAME=VALUE", required = true)]
    pub settings: Vec<String>,
}

/// A run to be started.
#[derive(Debug, Args)]
pub struct Start {
    /// Name or id
    pub name: String,
    /// Its parameters
    #[arg(value_name = "PARAM=VALUE")]
    pub params: Vec<String>,
    /// A JSON file with an object of parameters; - reads the input
    #[arg(long = "params", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Follow what its agent says and does; fail if the run fails
    #[arg(long)]
    pub wait: bool,
}

/// Which runs.
#[derive(Debug, Args)]
pub struct Runs {
    /// Name or id
    pub name: String,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// Which run.
#[derive(Debug, Args)]
pub struct WhichRun {
    /// Id, or its first eight digits or more
    pub run: String,
}
