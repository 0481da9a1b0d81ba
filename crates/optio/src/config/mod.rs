//! The settings: defaults, then a file, then the environment, then flags. The core is pure: whoever
//! calls it hands in what was found, and everything that is wrong is said at once.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use optio_domain::{limits::Limits, notice::guard::PrivateHosts, ownership::Role, secret::Ring};

use crate::failure::Failure;

mod layers;
mod read;
mod setting;
mod show;
pub mod surroundings;
mod toml_file;

pub use layers::{Layers, Source};

/// What was found outside, before anyone has looked at it.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Values of flags: the setting, the flag's name, the value.
    pub flags: Vec<(&'static str, &'static str, String)>,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// The settings file, where there is one: its path and text.
    pub file: Option<(PathBuf, String)>,
    /// Facts about the machine and the user.
    pub host: Host,
}

/// Facts about the machine and the user that defaults depend on.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Whether we are root.
    pub root: bool,
    /// The working directory, which relative paths start from.
    pub cwd: PathBuf,
}

/// Text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever must use it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What agent tokens are signed with. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKey(pub [u8; 32]);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Where the keys of secrets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// In these settings.
    Given(Ring),
    /// In this file.
    File(PathBuf),
    /// Nobody has said so.
    Unset,
}

/// How agents get at their model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// A key of the Anthropic API.
    pub anthropic_api_key: Option<Secret>,
    /// A token of a Claude subscription.
    pub claude_code_oauth_token: Option<Secret>,
    /// Another address of the API.
    pub anthropic_base_url: Option<String>,
}

impl Credentials {
    /// Whether agents can call a model at all.
    #[must_use]
    pub fn are_there(&self) -> bool {
        self.anthropic_api_key.is_some() || self.claude_code_oauth_token.is_some()
    }
}

/// How GitHub is spoken to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitHubAccess {
    /// A personal access token.
    pub token: Option<Secret>,
    /// A GitHub App: its number, and the file with its private key.
    pub app: Option<(u64, PathBuf)>,
    /// Where its repositories are, such as `https://github.com`.
    pub url: Option<String>,
    /// What it signs its webhooks with.
    pub webhook_secret: Option<Secret>,
    /// The base of its API.
    pub api_url: Option<String>,
}

/// How GitLab is spoken to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitLabAccess {
    /// A personal, group or project access token.
    pub token: Option<Secret>,
    /// Where its projects are, such as `https://gitlab.com`.
    pub url: Option<String>,
    /// What it sends along with its webhooks.
    pub webhook_secret: Option<Secret>,
    /// The base of its API.
    pub api_url: Option<String>,
}

/// Where trackers are that have one address for everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackerAddresses {
    /// Linear's API; its own where none is given.
    pub linear_api_url: Option<String>,
    /// The base of Notion's API; its own where none is given.
    pub notion_api_url: Option<String>,
}

/// Which bubblewrap keeps local agents apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bwrap {
    /// The one in `PATH`.
    InPath,
    /// This one.
    At(PathBuf),
    /// None: agents are not kept apart from the machine.
    Off,
}

impl Bwrap {
    /// The program, where there is one.
    #[must_use]
    pub fn program(&self, search_path: &[PathBuf]) -> Option<PathBuf> {
        match self {
            Self::InPath => surroundings::find_program("bwrap", search_path),
            Self::At(program) => Some(program.clone()),
            Self::Off => None,
        }
    }
}

/// The settings of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address of the HTTP API.
    pub listen: SocketAddr,
    /// The API's address as agents reach it.
    pub public_url: String,
    /// Our own address as runners and other control planes reach it; none means where we listen.
    pub advertise_url: Option<String>,
    /// What `optio serve` does.
    pub role: Role,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Where the agent programs are.
    pub tools_dir: PathBuf,
    /// The database; none means the embedded one.
    pub database_url: Option<Secret>,
    /// Which log lines are written.
    pub log: String,
    /// Limits.
    pub limits: Limits,
    /// How agents get at their model.
    pub credentials: Credentials,
    /// How GitHub is spoken to.
    pub github: GitHubAccess,
    /// How GitLab is spoken to.
    pub gitlab: GitLabAccess,
    /// Where the other trackers of tickets are.
    pub trackers: TrackerAddresses,
    /// The hosts that notices may go to although they are not on the public internet.
    pub webhook_private_hosts: PrivateHosts,
    /// What agent tokens are signed with; none means a key kept in the data directory.
    pub token_key: Option<TokenKey>,
    /// Where the keys of secrets are.
    pub encryption: Encryption,
    /// The user agents run as; none means our own.
    pub agent_uid: Option<u32>,
    /// Which bubblewrap.
    pub bwrap: Bwrap,
    /// How many times faster than ours the time of schedules passes: for trying them out.
    pub schedule_rate: u32,
    /// What people and CI show to be let in; none means that whoever reaches the port is the owner.
    pub admin_token: Option<Secret>,
    /// Whether others than this machine may reach the port although nobody is asked who they are.
    pub auth_disabled: bool,
    /// The API's address as sandboxes reach it, where that is not the public one.
    pub api_internal_url: Option<String>,
    /// Where sandboxes are.
    pub runtime: Runtime,
}

/// Where sandboxes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// Processes of this machine.
    Process,
    /// Pods of a cluster.
    Kubernetes(Box<optio_adapters::sandboxes::kubernetes::Settings>),
}

/// The settings of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// The server's address, without a slash at its end.
    pub server: String,
    /// What to sign in with.
    pub token: Option<Secret>,
}

/// The settings that are in force, and where each came from.
#[derive(Debug, Clone)]
pub struct Settings {
    layers: Layers,
    host: Host,
}

impl Settings {
    /// Lays what was found over the defaults.
    ///
    /// # Errors
    /// Everything that is unknown, not readable or contradictory, at once.
    pub fn load(found: Found) -> Result<Self, Failure> {
        let host = found.host.clone();
        let layers = Layers::new(found).map_err(refused)?;
        Ok(Self { layers, host })
    }

    /// The settings of a server.
    ///
    /// # Errors
    /// Every value that is wrong, at once.
    pub fn server(&self) -> Result<Config, Failure> {
        read::server(&self.layers, &self.host).map_err(refused)
    }

    /// Whether somebody chose the value of a setting.
    #[must_use]
    pub fn is_chosen(&self, key: &str) -> bool {
        let given = self.layers.get(key);
        given.is_some_and(|given| given.source != Source::Default)
    }

    /// The settings of a client.
    ///
    /// # Errors
    /// Every value that is wrong, at once.
    pub fn client(&self) -> Result<ClientConfig, Failure> {
        read::client(&self.layers).map_err(refused)
    }

    /// Every setting with its value and source, secrets masked.
    #[must_use]
    pub fn shown(&self) -> Vec<show::Shown> {
        show::shown(&self.layers)
    }
}

fn refused(problems: Vec<String>) -> Failure {
    let count = match problems.len() {
        1 => "one setting is wrong".to_owned(),
        many => format!("{many} settings are wrong"),
    };
    Failure::usage(format!("{count}; nothing was started")).with(problems)
}

#[cfg(test)]
mod tests;
