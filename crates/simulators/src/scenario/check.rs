//! What every field goes through on its way in, and the shape of a refusal.

use std::collections::BTreeSet;
use std::time::Duration;

use regex::Regex;
use serde::de::DeserializeOwned;

use super::template::Template;
use super::{ScenarioError, When};

/// The longest single pause; also the longest time a text may take.
const WAIT_MS_MAX: u64 = 600_000;

const FIELDS: &str = "see scenarios/README.md for the fields";

/// Where we are, for the error.
pub(super) struct At<'a> {
    place: &'a str,
    field: &'a str,
}

impl<'a> At<'a> {
    pub(super) fn new(place: &'a str, field: &'a str) -> Self {
        Self { place, field }
    }

    pub(super) fn wrong(
        &self,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> ScenarioError {
        ScenarioError::Field {
            place: self.place.to_owned(),
            field: self.field.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// The names a rule's templates may use.
pub(super) struct Known(BTreeSet<String>);

impl Known {
    pub(super) fn of(agent: Option<&Regex>, when: &When) -> Self {
        let mut names = BTreeSet::from(["result".to_owned()]);
        let mut take = |pattern: Option<&Regex>| {
            for name in pattern.into_iter().flat_map(Regex::capture_names).flatten() {
                names.insert(name.to_owned());
            }
        };
        take(agent);
        match when {
            When::Prompt(pattern) | When::Mission(pattern) | When::Tick(pattern) => {
                take(Some(pattern));
            }
            When::Message(message) => {
                take(message.inbox.as_ref());
                take(message.from.as_ref());
                names.extend(["sender", "body", "type", "timestamp"].map(str::to_owned));
            }
            When::Otherwise => {}
        }
        Self(names)
    }

    pub(super) fn template(&self, at: &At<'_>, text: &str) -> Result<Template, ScenarioError> {
        let template = template(at, text)?;
        self.check(at, &template)?;
        Ok(template)
    }

    pub(super) fn check(&self, at: &At<'_>, template: &Template) -> Result<(), ScenarioError> {
        let unknown = template
            .names()
            .into_iter()
            .find(|name| !self.0.contains(*name));
        unknown.map_or(Ok(()), |name| {
            let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
            Err(at.wrong(
                format!("`{{{{{name}}}}}` has no value here"),
                format!(
                    "capture it with (?<{name}>…), or use one of {}",
                    names.join(", ")
                ),
            ))
        })
    }
}

pub(super) fn fields<T: DeserializeOwned>(
    at: &At<'_>,
    table: toml::Table,
) -> Result<T, ScenarioError> {
    table
        .try_into()
        .map_err(|error: toml::de::Error| at.wrong(error.message(), FIELDS))
}

pub(super) fn pattern(at: &At<'_>, text: Option<&str>) -> Result<Option<Regex>, ScenarioError> {
    text.map(Regex::new).transpose().map_err(|error| {
        let problem = error.to_string();
        let short = problem.lines().last().unwrap_or("not a pattern").trim();
        at.wrong(
            short,
            "write a regular expression of the Rust `regex` crate in '…'",
        )
    })
}

pub(super) fn template(at: &At<'_>, text: &str) -> Result<Template, ScenarioError> {
    Template::parse(text).map_err(|problem| at.wrong(problem, "mend the template"))
}

pub(super) fn shell(at: &At<'_>, text: &str) -> Result<Template, ScenarioError> {
    let template = template(at, text)?;
    if let Some(name) = template.unquoted() {
        let problem = format!("`{{{{{name}}}}}` would reach the shell unquoted");
        return Err(at.wrong(
            problem,
            format!("write `{{{{{name}:sh}}}}`, outside of quotes"),
        ));
    }
    Ok(template)
}

pub(super) fn wait(at: &At<'_>, ms: u64) -> Result<Duration, ScenarioError> {
    if WAIT_MS_MAX < ms {
        let problem = format!("{ms} ms is too long a wait");
        return Err(at.wrong(problem, format!("wait at most {WAIT_MS_MAX} ms")));
    }
    Ok(Duration::from_millis(ms))
}
