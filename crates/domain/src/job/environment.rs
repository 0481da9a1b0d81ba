//! What each run of a job finds beside its parameters: environment variables, a script that prepares its
//! directory, and connections: servers of the Model Context Protocol whose tools its agent has.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::{Host, Url};

use crate::{agent::spec::Invalid, sandbox::Destination};

/// The field as people write it.
const FIELD: &str = "environmentSpec";
/// Bytes of a setup script.
const SETUP_BYTES_MAX: usize = 64 << 10;
/// Variables of one job.
const VARIABLES_MAX: usize = 100;
/// Servers of tools of one job.
const CONNECTIONS_MAX: usize = 20;
/// What only Optio sets.
const OURS: &str = "OPTIO_";
/// What decides how a program runs rather than what it finds; a person has no business there.
const NOT_HERE: [&str; 5] = ["HOME", "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "SHELL"];

/// What each run finds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Environment {
    /// Environment variables; not for secrets, which are stored apart.
    pub variables: BTreeMap<String, String>,
    /// A shell script that is carried out in the run's directory before its agent starts.
    pub setup: Option<String>,
    /// Servers of tools by name, each as the protocol's clients write it: `command`, `args` and `env`, or `type` and
    /// `url`. `${NAME}` in a text stands for a variable of the run, such as a stored secret.
    pub connections: Map<String, Value>,
}

impl Environment {
    /// Reads what a person has written: `{"env": {…}, "setup": "…", "mcpServers": {…}}`.
    ///
    /// # Errors
    /// The rule that it breaks. A member that nothing would come of is refused.
    pub fn read(spec: Option<&Value>) -> Result<Self, Invalid> {
        let Some(spec) = spec else {
            return Ok(Self::default());
        };
        let wrong = |rule: String| Invalid::new(FIELD, rule);
        let Some(spec) = spec.as_object() else {
            return Err(wrong(
                "must be an object with `env`, `setup` and `mcpServers`".to_owned(),
            ));
        };
        if let Some(unknown) = spec
            .keys()
            .find(|key| !["env", "setup", "mcpServers"].contains(&key.as_str()))
        {
            return Err(wrong(format!(
                "has `{unknown}`, which this version does nothing with; there are `env`, `setup` and `mcpServers`"
            )));
        }
        Ok(Self {
            variables: variables(spec.get("env"))?,
            setup: setup(spec.get("setup"))?,
            connections: connections(spec.get("mcpServers"))?,
        })
    }

    /// Where its connections are, as far as addresses say so: what has a name is looked up where it is called.
    #[must_use]
    pub fn destinations(&self) -> Vec<Destination> {
        let urls = self.connections.values();
        let urls = urls.filter_map(|server| server.get("url")?.as_str());
        urls.filter_map(address).collect()
    }
}

fn address(url: &str) -> Option<Destination> {
    let url = Url::parse(url).ok()?;
    let cidr = match url.host()? {
        Host::Ipv4(address) => format!("{address}/32"),
        Host::Ipv6(address) => format!("{address}/128"),
        Host::Domain(_) => return None,
    };
    Some(Destination {
        cidr,
        port: url.port_or_known_default(),
    })
}

fn variables(env: Option<&Value>) -> Result<BTreeMap<String, String>, Invalid> {
    let wrong = |rule: String| Err(Invalid::new(FIELD, rule));
    let Some(env) = env.filter(|it| !it.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let Some(env) = env.as_object() else {
        return wrong("`env` must be an object of names and texts".to_owned());
    };
    if VARIABLES_MAX < env.len() {
        return wrong(format!("`env` may have {VARIABLES_MAX} variables"));
    }
    let mut variables = BTreeMap::new();
    for (name, value) in env {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = name.chars().next().is_some_and(|c| !c.is_ascii_digit());
        if !begins || !name.chars().all(plain) {
            return wrong(format!(
                "`env` has `{name}`, which is no name of a variable: letters, digits and _"
            ));
        }
        if name.starts_with(OURS) || NOT_HERE.contains(&name.as_str()) {
            return wrong(format!("`env` has `{name}`, which Optio sets by itself"));
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(it) => it.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return wrong(format!("`env.{name}` must be a text"));
            }
        };
        if text.contains('\0') {
            return wrong(format!("`env.{name}` must not hold the character NUL"));
        }
        variables.insert(name.clone(), text);
    }
    Ok(variables)
}

fn setup(setup: Option<&Value>) -> Result<Option<String>, Invalid> {
    match setup {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= SETUP_BYTES_MAX => {
            Ok(Some(text.clone()).filter(|text| !text.trim().is_empty()))
        }
        Some(_) => Err(Invalid::new(
            FIELD,
            format!("`setup` must be a shell script of at most {SETUP_BYTES_MAX} bytes"),
        )),
    }
}

fn connections(servers: Option<&Value>) -> Result<Map<String, Value>, Invalid> {
    let wrong = |rule: String| Err(Invalid::new(FIELD, rule));
    let Some(servers) = servers.filter(|it| !it.is_null()) else {
        return Ok(Map::new());
    };
    let Some(servers) = servers.as_object() else {
        return wrong("`mcpServers` must be an object of names and servers".to_owned());
    };
    if CONNECTIONS_MAX < servers.len() {
        return wrong(format!("`mcpServers` may have {CONNECTIONS_MAX} servers"));
    }
    for (name, server) in servers {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(plain) {
            return wrong(format!(
                "`mcpServers` has `{name}`; a name has letters, digits, _ and -"
            ));
        }
        let text = |field: &str| server.get(field).and_then(Value::as_str);
        if text("command").is_none() && text("url").is_none() {
            return wrong(format!(
                "`mcpServers.{name}` needs `command`, which is started, or `url`, which is called"
            ));
        }
    }
    Ok(servers.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_and_a_script_are_read_and_what_nothing_comes_of_is_refused() {
        let spec = json!({
            "env": { "TZ": "UTC", "N": 3 }, "setup": "npm ci",
            "mcpServers": { "files": { "command": "npx", "args": ["files"] } },
        });
        let read = Environment::read(Some(&spec)).unwrap();
        assert_eq!(read.variables["N"], "3");
        assert_eq!(read.setup.as_deref(), Some("npm ci"));
        assert_eq!(read.connections["files"]["command"], "npx");
        for bad in [
            json!([]),
            json!({ "image": "x" }),
            json!({ "env": { "1A": "x" } }),
            json!({ "env": { "OPTIO_API_URL": "x" } }),
            json!({ "env": { "PATH": "/tmp" } }),
            json!({ "env": { "A": {} } }),
            json!({ "setup": 3 }),
            json!({ "mcpServers": [] }),
            json!({ "mcpServers": { "a b": { "command": "x" } } }),
            json!({ "mcpServers": { "a": { "args": [] } } }),
        ] {
            assert!(Environment::read(Some(&bad)).is_err(), "{bad}");
        }
        assert_eq!(Environment::read(None), Ok(Environment::default()));
    }

    #[test]
    fn a_connection_at_an_address_is_a_destination() {
        let spec = json!({ "mcpServers": {
            "a": { "type": "http", "url": "http://10.1.2.3:8080/mcp" },
            "b": { "type": "http", "url": "https://[fd00::7]/mcp" },
            "c": { "type": "http", "url": "https://tools.example.org/mcp" },
            "d": { "command": "tool" },
        } });
        let found = Environment::read(Some(&spec)).unwrap().destinations();
        let all: Vec<_> = found.iter().map(|it| (it.cidr.as_str(), it.port)).collect();
        assert_eq!(
            all,
            [("10.1.2.3/32", Some(8080)), ("fd00::7/128", Some(443))]
        );
    }
}
