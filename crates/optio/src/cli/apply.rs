//! `optio apply` as it is written.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The long form of its help.
pub(super) const HELP: &str = "\
A file holds one object or a list of them: bodies of the API, with `kind` (agent, job, blueprint, template) where
that is not to be seen, and `triggers` inside what they start. MEMBERFrom: {\"env\": NAME} or {\"file\": PATH} takes
the text of MEMBER from elsewhere; the secret of a webhook may stand in a file only so (config.secretFrom).
What a file leaves out stays as it is on the server. docs/jobs.md says more.

Examples:
  optio apply -f examples/persistent-agents/forge/agents
  optio apply -f ops -R --dry-run
  optio apply -f ops -R --prune job,trigger";

/// Files to apply.
#[derive(Debug, Args)]
pub struct Apply {
    /// A JSON file, or a directory of such files; - reads the input
    #[arg(short, long = "file", value_name = "FILE|DIR", required = true, num_args = 1..)]
    pub files: Vec<PathBuf>,
    /// Look into the directories of a directory, too
    #[arg(short = 'R', long)]
    pub recursive: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Remove what is on the server and not in the files; of triggers those of what has `triggers` in the files
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    pub prune: Vec<Prune>,
    /// Set the secrets of webhooks anew; without this a webhook that has one keeps it
    #[arg(long)]
    pub renew_secrets: bool,
    /// Do not ask before something is removed
    #[arg(short, long)]
    pub yes: bool,
}

/// What may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Prune {
    /// Persistent agents
    Agent,
    /// Jobs
    Job,
    /// Blueprints
    Blueprint,
    /// Prompt templates of the library
    Template,
    /// Triggers
    Trigger,
}
