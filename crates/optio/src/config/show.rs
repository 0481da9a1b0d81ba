//! The effective settings with their sources, secrets masked.

use serde_json::{Value, json};

use super::{layers::Layers, read, setting::Show};

/// One setting as a person may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub key: String,
    /// Its value, masked where it is secret; none where it is not set.
    pub value: Option<String>,
    /// Where it was set.
    pub source: String,
    /// The variables of the environment that set it.
    pub env: Vec<String>,
}

impl Shown {
    /// The form for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "key": self.key,
            "value": self.value.as_deref().map(read::as_json),
            "source": self.source,
            "env": self.env,
        })
    }
}

pub(super) fn shown(layers: &Layers) -> Vec<Shown> {
    layers
        .settings
        .iter()
        .map(|setting| {
            let given = layers.get(&setting.key);
            Shown {
                key: setting.key.clone(),
                value: given.map(|given| masked(setting.show, &given.text)),
                source: given.map_or_else(
                    || unset(&setting.key).to_owned(),
                    |it| it.source.to_string(),
                ),
                env: setting.env.clone(),
            }
        })
        .collect()
}

/// What holds where a setting is not set.
fn unset(key: &str) -> &'static str {
    match key {
        "public_url" => "not set: http:// and the address of listen",
        "database_url" => "not set: an own Postgres in data_dir",
        "token_key" => "not set: a key kept in data_dir",
        "encryption_key" | "encryption_key_file" => {
            "not set: optio dev keeps a key in data_dir, optio serve needs one"
        }
        "agent_uid" => "not set: agents run as this user",
        "bwrap" => "not set: the bwrap in PATH",
        _ => "not set",
    }
}

fn masked(show: Show, text: &str) -> String {
    match show {
        Show::Plain => text.to_owned(),
        Show::Masked => "***".to_owned(),
        Show::Url => without_password(text),
    }
}

/// Hides the password of a URL, in the authority as in the query.
fn without_password(url: &str) -> String {
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    let mut shown = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let authority = match authority.rsplit_once('@') {
                Some((user, host)) => {
                    let user = user.split_once(':').map_or(user, |(name, _)| name);
                    format!("{user}:***@{host}")
                }
                None => authority.to_owned(),
            };
            let slash = if rest.contains('/') { "/" } else { "" };
            format!("{scheme}://{authority}{slash}{path}")
        }
        // What is not a URL may be anything, a password too.
        None => return "***".to_owned(),
    };
    if !query.is_empty() {
        let parts: Vec<String> = query
            .split('&')
            .map(|part| match part.split_once('=') {
                Some((name, _)) if name.contains("password") || name.contains("key") => {
                    format!("{name}=***")
                }
                _ => part.to_owned(),
            })
            .collect();
        shown = format!("{shown}?{}", parts.join("&"));
    }
    shown
}
