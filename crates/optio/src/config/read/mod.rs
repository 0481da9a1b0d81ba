//! From texts to typed settings. Every wrong value is collected, with its place and its remedy.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use optio_domain::{
    limits::{Limits, OFF_AT_ZERO},
    notice::guard::PrivateHosts,
    ownership::Role,
    secret::{Ring, SecretKey},
};
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

mod cluster;

use super::{
    Bwrap, ClientConfig, Config, Credentials, Encryption, GitHubAccess, GitLabAccess, Host, Layers,
    Secret, TokenKey, TrackerAddresses, layers::Source,
};

/// Reads values and remembers what was wrong with them.
struct Reader<'a> {
    layers: &'a Layers,
    problems: Vec<String>,
}

pub(super) fn server(layers: &Layers, host: &Host) -> Result<Config, Vec<String>> {
    let mut read = Reader {
        layers,
        problems: Vec::new(),
    };
    let listen = read.listen();
    let api_internal_url = read.url("api_internal_url");
    let runtime = read.runtime(api_internal_url.as_deref().unwrap_or_default());
    let limits = read.limits();
    let config = Config {
        listen,
        public_url: read
            .url("public_url")
            .unwrap_or_else(|| format!("http://{}", reachable(listen))),
        advertise_url: read.runner_url("advertise_url"),
        role: read.role(),
        data_dir: read.directory("data_dir", &host.cwd),
        tools_dir: read.directory("tools_dir", &host.cwd),
        database_url: read.database_url(),
        log: read.log(),
        limits,
        credentials: Credentials {
            anthropic_api_key: read.secret("anthropic_api_key"),
            claude_code_oauth_token: read.secret("claude_code_oauth_token"),
            anthropic_base_url: read.url("anthropic_base_url"),
        },
        github: read.github(&host.cwd),
        gitlab: read.gitlab(),
        trackers: TrackerAddresses {
            linear_api_url: read.url("linear_api_url"),
            notion_api_url: read.url("notion_api_url"),
        },
        webhook_private_hosts: read.private_hosts(),
        token_key: read.token_key(),
        encryption: read.encryption(&host.cwd),
        agent_uid: read.agent_uid(host),
        bwrap: read.bwrap(&host.cwd),
        schedule_rate: read.schedule_rate(),
        admin_token: read.admin_token(),
        auth_disabled: read.flag("auth_disabled"),
        api_internal_url,
        runtime,
    };
    if read.problems.is_empty() {
        Ok(config)
    } else {
        Err(read.problems)
    }
}

pub(super) fn client(layers: &Layers) -> Result<ClientConfig, Vec<String>> {
    let mut read = Reader {
        layers,
        problems: Vec::new(),
    };
    let server = read.url("server").unwrap_or_default();
    let token = read.secret("token");
    if read.problems.is_empty() {
        Ok(ClientConfig { server, token })
    } else {
        Err(read.problems)
    }
}

/// Where a process of this machine reaches a server that listens there.
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port())
    } else {
        listen
    }
}

impl Reader<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.layers.get(key).map(|given| given.text.as_str())
    }

    fn secret(&self, key: &str) -> Option<Secret> {
        self.text(key).map(Secret::new)
    }

    /// Notes what is wrong with a setting, never its value: that may be a secret.
    fn wrong(&mut self, key: &str, rule: &str) {
        let source = match self.layers.get(key) {
            Some(given) => given.source.clone(),
            None => Source::Default,
        };
        self.problems.push(format!("{source}: {key} {rule}"));
    }

    fn listen(&mut self) -> SocketAddr {
        let parsed = self.text("listen").and_then(|text| text.parse().ok());
        parsed.unwrap_or_else(|| {
            self.wrong(
                "listen",
                "must be an IP address and a port, as in 127.0.0.1:30400",
            );
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
        })
    }

    fn directory(&mut self, key: &str, cwd: &Path) -> PathBuf {
        match self.text(key) {
            Some(text) if !text.is_empty() => cwd.join(text),
            _ => {
                self.wrong(key, "has no default without HOME; name a directory");
                PathBuf::new()
            }
        }
    }

    fn url(&mut self, key: &str) -> Option<String> {
        let url = self.text(key)?.trim_end_matches('/').to_owned();
        let host = ["http://", "https://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme));
        if host.is_none_or(|host| host.is_empty() || host.contains(char::is_whitespace)) {
            self.wrong(key, "must start with http:// or https:// and name a host");
        }
        Some(url)
    }

    /// Runners speak plain WebSockets.
    fn runner_url(&mut self, key: &str) -> Option<String> {
        let url = self.url(key)?;
        if url.starts_with("https://") {
            self.wrong(key, "must start with http://, which is what runners dial");
        }
        Some(url)
    }

    fn role(&mut self) -> Role {
        match self.text("role").map(Role::parse) {
            None => Role::All,
            Some(Some(role)) => role,
            Some(None) => {
                self.wrong("role", "must be all, gateway or actors");
                Role::All
            }
        }
    }

    fn database_url(&mut self) -> Option<Secret> {
        let url = self.secret("database_url")?;
        let schemes = ["postgres://", "postgresql://"];
        if !schemes.iter().any(|it| url.reveal().starts_with(it)) {
            self.wrong("database_url", "must start with postgres://");
        }
        Some(url)
    }

    fn log(&mut self) -> String {
        let log = self.text("log").unwrap_or_default().to_owned();
        if EnvFilter::try_new(&log).is_err() {
            self.wrong(
                "log",
                "must be a level (error, warn, info, debug, trace) or targets with levels, as in \
                 info,optio_runtime=debug",
            );
        }
        log
    }

    fn limits(&mut self) -> Limits {
        let mut limits = Limits::default();
        for name in super::setting::limit_defaults().into_keys() {
            let key = format!("limits.{name}");
            let number = self.text(&key).and_then(|text| text.parse::<u64>().ok());
            // The domain's own type says how large each may be.
            let least = u64::from(!OFF_AT_ZERO.contains(&name.as_str()));
            let accepted = number.filter(|number| least <= *number).and_then(|number| {
                let mut all = serde_json::to_value(limits).ok()?;
                all[&name] = json!(number);
                serde_json::from_value(all).ok()
            });
            match accepted {
                Some(changed) => limits = changed,
                None if least == 0 => self.wrong(&key, "must be a whole number, and not huge"),
                None => self.wrong(&key, "must be a whole number greater than 0, and not huge"),
            }
        }
        if limits.body_bytes_max < limits.message_bytes_max {
            self.contradiction("limits.message_bytes_max", "limits.body_bytes_max");
        }
        if limits.body_bytes_max < limits.payload_bytes_max {
            self.contradiction("limits.payload_bytes_max", "limits.body_bytes_max");
        }
        if limits.lease_ms_max < limits.lease_renewal_ms.saturating_mul(2) {
            self.wrong(
                "limits.lease_ms_max",
                "must be at least twice limits.lease_renewal_ms, so that one renewal may fail; raise \
                 this or lower that",
            );
        }
        if limits.ask_ms_max < limits.ask_ms_default {
            self.wrong(
                "limits.ask_ms_default",
                "must not be above limits.ask_ms_max; raise that or lower this",
            );
        }
        limits
    }

    fn contradiction(&mut self, small: &str, large: &str) {
        self.wrong(
            small,
            &format!(
                "must not be above {large}, which is what carries it; raise that or lower this"
            ),
        );
    }

    fn token_key(&mut self) -> Option<TokenKey> {
        let hex = self.text("token_key")?;
        let key = bytes_of_hex(hex);
        if key.is_none() {
            self.wrong(
                "token_key",
                "must be 64 hexadecimal digits; `openssl rand -hex 32` makes one",
            );
        }
        key.map(TokenKey)
    }

    fn github(&mut self, cwd: &Path) -> GitHubAccess {
        let id = self.text("github_app_id").map(str::parse::<u64>);
        if let Some(Err(_)) = &id {
            self.wrong("github_app_id", "must be the number of a GitHub App");
        }
        let file = self
            .text("github_app_private_key_file")
            .map(|file| cwd.join(file));
        if file.is_some() != id.is_some() {
            let rule = "and github_app_private_key_file belong together; set both or none";
            self.wrong("github_app_id", rule);
        }
        GitHubAccess {
            token: self.secret("github_token"),
            app: id.and_then(Result::ok).zip(file),
            webhook_secret: self.secret("github_webhook_secret"),
            url: self.url("github_url"),
            api_url: self.url("github_api_url"),
        }
    }

    fn gitlab(&mut self) -> GitLabAccess {
        GitLabAccess {
            token: self.secret("gitlab_token"),
            webhook_secret: self.secret("gitlab_webhook_secret"),
            url: self.url("gitlab_url"),
            api_url: self.url("gitlab_api_url"),
        }
    }

    fn private_hosts(&mut self) -> PrivateHosts {
        let hosts = self.text("webhook_private_hosts").unwrap_or_default();
        PrivateHosts::parse(hosts).unwrap_or_else(|_entry| {
            self.wrong(
                "webhook_private_hosts",
                "must be host names and addresses with commas between them, without ports; * is every host",
            );
            PrivateHosts::default()
        })
    }

    fn encryption(&mut self, cwd: &Path) -> Encryption {
        let newest = self.encryption_key("encryption_key");
        let previous = self.encryption_key("encryption_key_previous");
        let is_set = |key| self.layers.get(key).is_some();
        let file = self.text("encryption_key_file").map(|file| cwd.join(file));
        if is_set("encryption_key_previous") && !is_set("encryption_key") {
            let rule = "needs encryption_key, which it was before; a file holds both by itself";
            self.wrong("encryption_key_previous", rule);
        }
        if file.is_some() && self.layers.get("encryption_key").is_some() {
            let rule = "and encryption_key are both set; unset the one without the key in use";
            self.wrong("encryption_key_file", rule);
        }
        match (newest, file) {
            (Some(newest), _) => {
                Encryption::Given(Ring::new(newest, previous.into_iter().collect()))
            }
            (None, Some(file)) => Encryption::File(file),
            (None, None) => Encryption::Unset,
        }
    }

    fn encryption_key(&mut self, key: &str) -> Option<SecretKey> {
        let read = SecretKey::parse(self.text(key)?);
        if let Err(weak) = &read {
            self.wrong(key, &weak.to_string());
        }
        read.ok()
    }

    fn agent_uid(&mut self, host: &Host) -> Option<u32> {
        let uid = self.text("agent_uid")?.parse::<u32>().ok();
        if uid.is_none_or(|uid| uid == 0) {
            self.wrong("agent_uid", "must be the number of a user other than root");
        } else if !host.root {
            self.wrong(
                "agent_uid",
                "needs Optio to run as root, because only root may start processes of another \
                 user; remove it or run as root",
            );
        }
        uid
    }

    /// Short ones can be guessed.
    fn admin_token(&mut self) -> Option<Secret> {
        let token = self.secret("admin_token")?;
        if token.reveal().len() < ADMIN_TOKEN_CHARS_MIN
            || token.reveal().chars().any(|it| !it.is_ascii_graphic())
        {
            let rule = format!(
                "must have at least {ADMIN_TOKEN_CHARS_MIN} printable characters without blanks; \
                 `openssl rand -hex 32` makes one"
            );
            self.wrong("admin_token", &rule);
        }
        Some(token)
    }

    fn flag(&mut self, key: &str) -> bool {
        match self.text(key) {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(_) => {
                self.wrong(key, "must be true or false");
                false
            }
        }
    }

    fn schedule_rate(&mut self) -> u32 {
        let rate = self.text("schedule_rate").map(str::parse);
        match rate {
            None => 1,
            Some(Ok(rate)) if (1..=SCHEDULE_RATE_MAX).contains(&rate) => rate,
            Some(_) => {
                let rule = format!("must be a whole number from 1 to {SCHEDULE_RATE_MAX}");
                self.wrong("schedule_rate", &rule);
                1
            }
        }
    }

    fn bwrap(&mut self, cwd: &Path) -> Bwrap {
        match self.text("bwrap") {
            None => Bwrap::InPath,
            Some("off") => Bwrap::Off,
            Some(path) if path.contains('/') => Bwrap::At(cwd.join(path)),
            Some(_) => {
                self.wrong("bwrap", "must be a path to bubblewrap, or off");
                Bwrap::InPath
            }
        }
    }
}

/// Characters of the token by which people and CI are let in.
const ADMIN_TOKEN_CHARS_MIN: usize = 24;
/// How much faster schedules may see time pass: a day in less than a second.
const SCHEDULE_RATE_MAX: u32 = 100_000;

fn bytes_of_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// A setting's value, for whoever prints all of them.
pub(super) fn as_json(text: &str) -> Value {
    text.parse::<u64>()
        .map_or_else(|_| json!(text), |number| json!(number))
}
