//! How a run asks for the credentials of a repository: each time it needs them, with the token of
//! the run as bearer, and without keeping the answer.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where to ask, below the API's base URL; a POST.
pub const PATH: &str = "/api/internal/git-credentials";
/// Names the API's base URL in the environment of a run.
pub const API_URL: &str = "OPTIO_API_URL";
/// Names the run's token in its environment. A run that has one is given the credential helper and
/// the door before `gh` and `glab`.
pub const RUN_TOKEN: &str = "OPTIO_RUN_TOKEN";
/// Names, in the environment of a run, the directory of files that are kept after it. The runner sets it: only
/// it knows where the run sees its workspace.
pub const OUTPUTS_DIR: &str = "OPTIO_OUTPUTS_DIR";

/// Names, in the environment of a run, how many runs and messages of Optio's own have caused each other until
/// whatever the run causes. Whoever calls a webhook of Optio hands it on as the header [`HOPS_HEADER`].
pub const HOPS: &str = "OPTIO_HOPS";
/// The header that carries [`HOPS`].
pub const HOPS_HEADER: &str = "x-optio-hops";

/// What credentials are wanted for, as git puts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialQuestion {
    /// For example `https`.
    pub protocol: String,
    /// The host, with its port where it is not the usual one.
    pub host: String,
    /// The path without the leading slash, for example `acme/shop.git`; absent where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Credentials, for one use.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialAnswer {
    /// For example `x-access-token`.
    pub username: String,
    /// The token.
    pub password: String,
    /// When it stops working, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for CredentialAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A token belongs in no log.
        f.debug_struct("CredentialAnswer")
            .field("username", &self.username)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
