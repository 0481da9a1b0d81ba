//! One layer over the other: for each setting the value that wins, and where it was set.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    Found,
    setting::{self, Aliases, LIMIT_ENV, Setting},
    toml_file,
};

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nowhere.
    Default,
    /// In the settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In the environment, by this variable.
    Env(String),
    /// On the command line, by this flag.
    Flag(&'static str),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// A value and where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) text: String,
    pub(super) source: Source,
}

/// The winning value of each setting.
#[derive(Debug, Clone)]
pub struct Layers {
    pub(super) settings: Vec<Setting>,
    values: BTreeMap<String, Given>,
}

impl Layers {
    pub(super) fn new(found: Found) -> Result<Self, Vec<String>> {
        let settings = setting::all();
        let mut layers = Self {
            values: defaults(&found),
            settings,
        };
        let mut problems = layers.lay_file(found.file);
        problems.extend(layers.lay_environment(&found.env));
        for (key, flag, text) in found.flags {
            layers.put(key, text, Source::Flag(flag));
        }
        if problems.is_empty() {
            Ok(layers)
        } else {
            Err(problems)
        }
    }

    /// The value of a setting, where it has one.
    pub(super) fn get(&self, key: &str) -> Option<&Given> {
        self.values.get(key)
    }

    fn put(&mut self, key: &str, text: String, source: Source) {
        self.values.insert(key.to_owned(), Given { text, source });
    }

    fn lay_file(&mut self, file: Option<(PathBuf, String)>) -> Vec<String> {
        let Some((path, text)) = file else {
            return Vec::new();
        };
        let (entries, broken) = toml_file::read(&text);
        let mut problems: Vec<String> = broken
            .into_iter()
            .map(|(line, problem)| format!("{}:{line}: {problem}", path.display()))
            .collect();
        for entry in entries {
            if self.settings.iter().any(|known| known.key == entry.key) {
                let source = Source::File {
                    path: path.clone(),
                    line: entry.line,
                };
                self.put(&entry.key, entry.text, source);
            } else {
                let place = format!("{}:{}", path.display(), entry.line);
                let remedy = self.remedy(&entry.key);
                problems.push(format!("{place}: unknown setting {}; {remedy}", entry.key));
            }
        }
        problems
    }

    fn lay_environment(&mut self, env: &BTreeMap<String, String>) -> Vec<String> {
        let mut problems = Vec::new();
        for setting in self.settings.clone() {
            // Empty means not set: that is how compose files and shells leave a variable out.
            let given: Vec<(&String, &String)> = setting
                .env
                .iter()
                .filter_map(|name| env.get_key_value(name))
                .filter(|(_, text)| !text.is_empty())
                .collect();
            let Some((name, text)) = given.first() else {
                continue;
            };
            if setting.aliases == Aliases::MustAgree
                && let Some((other, _)) = given.iter().find(|(_, another)| another != text)
            {
                problems.push(format!(
                    "environment {name} and {other} set {} to different values; unset one",
                    setting.key
                ));
            }
            self.put(&setting.key, (*text).clone(), Source::Env((*name).clone()));
        }
        // Other names are not ours to judge; these are.
        for name in env.keys().filter(|name| name.starts_with(LIMIT_ENV)) {
            let known = |setting: &Setting| setting.env.contains(name);
            if !self.settings.iter().any(known) {
                let key = format!("limits.{}", name[LIMIT_ENV.len()..].to_lowercase());
                problems.push(format!(
                    "environment {name}: there is no such limit; {}",
                    self.remedy(&key)
                ));
            }
        }
        problems
    }

    /// What to do about an unknown key: the closest known one, or where to find them.
    fn remedy(&self, unknown: &str) -> String {
        let closest = self
            .settings
            .iter()
            .map(|known| (distance(&known.key, unknown), &known.key))
            .min();
        match closest {
            Some((edits, known)) if edits <= 3 => format!("did you mean {known}?"),
            _ => "remove it, or see `optio config` for the settings there are".to_owned(),
        }
    }
}

fn defaults(found: &Found) -> BTreeMap<String, Given> {
    let home = |variable: &str, below_home: &str| {
        let set = found.env.get(variable).filter(|path| !path.is_empty());
        set.map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(found.env.get("HOME")?).join(below_home)))
    };
    let base = if found.host.root {
        Some(PathBuf::from("/var/lib/optio"))
    } else {
        home("XDG_DATA_HOME", ".local/share").map(|share| share.join("optio"))
    };
    let mut values = BTreeMap::new();
    let mut put = |key: &str, text: String| {
        let source = Source::Default;
        values.insert(key.to_owned(), Given { text, source });
    };
    put("listen", "127.0.0.1:30400".to_owned());
    put("log", "info".to_owned());
    put("server", "http://127.0.0.1:30400".to_owned());
    if let Some(base) = base {
        put("data_dir", base.join("dev").display().to_string());
        put("tools_dir", base.join("tools").display().to_string());
    }
    if found.host.root {
        put("agent_uid", "61000".to_owned());
    }
    for (name, value) in setting::limit_defaults() {
        put(&format!("limits.{name}"), value);
    }
    values
}

/// How many letters must change to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, another) in other.iter().enumerate() {
            let change = diagonal + usize::from(letter != *another);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
