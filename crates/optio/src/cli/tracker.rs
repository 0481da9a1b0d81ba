//! `optio tracker` as it is written.

use std::path::PathBuf;

use clap::Subcommand;

const ADD: &str = "\
A ticket that bears the label (label=optio) and is open becomes one task; labels codex, copilot, gemini, opencode
and claude choose the agent program. The token is read from the input, from a file, or typed unseen.

  github   owner=NAME repo=NAME (without --with-token it uses GITHUB_TOKEN of the server)
  gitlab   host=gitlab.com projectPath=GROUP/NAME
  jira     baseUrl=https://SITE.atlassian.net email=WHO [projectKey=KEY] [doneStatusName=...] [todoStatusName=...]
  linear   [teamId=ID] [projectId=ID]
  notion   databaseId=ID [statusProperty=Status] [doneValue=Done] [titleProperty=...]
  all      [label=optio] [maxPages=10]; jira, linear and notion: [repoUrl=URL]

Examples:
  optio tracker add github owner=acme repo=shop
  pass show linear | optio tracker add linear --with-token repoUrl=https://github.com/acme/shop
  optio tracker add jira --token-file jira.token baseUrl=https://acme.atlassian.net email=ada@acme.example";

/// What can be done with trackers.
#[derive(Debug, Subcommand)]
pub enum Tracker {
    /// Look for tickets at a place from now on
    #[command(after_help = ADD)]
    Add {
        /// github, gitlab, jira, linear or notion
        source: String,
        /// What is decided about it
        #[arg(value_name = "NAME=VALUE")]
        settings: Vec<String>,
        /// Give it a token of its own, read from the input or typed unseen
        #[arg(long)]
        with_token: bool,
        /// Give it the token in this file
        #[arg(long, value_name = "FILE", conflicts_with = "with_token")]
        token_file: Option<PathBuf>,
    },
    /// List the trackers, and why those that fail do
    List,
    /// Remove a tracker with its token; what became of its tickets stays
    Rm {
        /// Its id, or the beginning of it
        tracker: String,
    },
    /// Have all of them look at once
    Sync,
    /// Let one go on that was left alone after failures, and try again what was tried in vain
    Enable {
        /// Its id, or the beginning of it
        tracker: String,
    },
}
