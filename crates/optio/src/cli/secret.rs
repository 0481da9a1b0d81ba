//! `optio secret` as it is written.

use std::path::PathBuf;

use clap::Subcommand;

const SET: &str = "\
The line end after a value that comes from the input is not a part of it.

Examples:
  optio secret set ANTHROPIC_API_KEY
  pass show anthropic | optio secret set ANTHROPIC_API_KEY
  optio secret set DEPLOY_KEY --from-file id_ed25519 --scope https://github.com/owner/name";

const ROTATE: &str = "\
Where the key lies in a file, the server makes a new one. Where it is set in the environment, set
OPTIO_ENCRYPTION_KEY to a new key and OPTIO_ENCRYPTION_KEY_PREVIOUS to the one before, start every
server again, and then do this. A change that was cut short is finished by doing it again.";

/// What can be done with secrets.
#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Keep a value, read from the input, from a file, or typed unseen
    #[command(after_help = SET)]
    Set {
        /// Its name: that of a variable of the environment
        name: String,
        /// For what it is: global, workspace, user, or the URL of a repository [default: global]
        #[arg(long)]
        scope: Option<String>,
        /// A file with the value, taken as it is
        #[arg(long, value_name = "FILE")]
        from_file: Option<PathBuf>,
    },
    /// List the secrets, without their values
    List {
        /// Those of one scope
        #[arg(long)]
        scope: Option<String>,
    },
    /// Remove a secret
    Rm {
        /// Its name
        name: String,
        /// For what it is [default: global]
        #[arg(long)]
        scope: Option<String>,
    },
    /// Seal every secret with another key, while all is in use
    #[command(after_help = ROTATE)]
    RotateKey,
}
