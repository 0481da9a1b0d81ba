//! `optio repo` as it is written.

use clap::Subcommand;

const SETTINGS: &str = "\
Settings are those of the API, as NAME=VALUE: true, false, numbers and JSON objects as they are, null for none,
and NAME=@FILE for what a file says. `optio repo show` lists them.

Examples:
  optio repo add https://github.com/owner/name testCommand=\"make test\"
  optio repo set owner/name autoMerge=true reviewPromptTemplate=@review.md
  optio repo set owner/name externalReviewMode=on_pr_hold externalReviewFilters='{\"skipDrafts\":false}'
  optio repo set owner/name 'sandbox={\"imagePreset\":\"rust\",\"memoryLimit\":\"8Gi\"}'";

/// What can be done with repositories.
#[derive(Debug, Subcommand)]
pub enum Repo {
    /// Add a repository
    #[command(after_help = SETTINGS)]
    Add {
        /// Its address, with https or ssh
        url: String,
        /// What is decided about it
        #[arg(value_name = "NAME=VALUE")]
        settings: Vec<String>,
    },
    /// List the repositories
    List,
    /// Show a repository with its settings
    Show {
        /// Owner and name, address or id
        repo: String,
    },
    /// Decide about a repository
    #[command(after_help = SETTINGS)]
    Set {
        /// Owner and name, address or id
        repo: String,
        /// What is decided about it
        #[arg(value_name = "NAME=VALUE", required = true)]
        settings: Vec<String>,
    },
    /// Remove a repository with its settings
    Rm {
        /// Owner and name, address or id
        repo: String,
    },
}
