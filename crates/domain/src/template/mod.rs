//! The one template language of prompts: `{{name}}`, `{{default name "text"}}`,
//! `{{#if name}} … {{else}} … {{/if}}`, `{{#unless name}} … {{/unless}}`, nested as one likes, and `\{{` where two
//! braces are meant.
//!
//! The text is read by Handlebars' own parser, which also removes the line of a tag that stands alone in
//! it; what it may hold and what it means is decided here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Map, Value};

mod read;

/// Bytes of a template.
pub const BYTES_MAX: usize = 256 << 10;
/// Blocks within blocks.
pub const DEPTH_MAX: usize = 32;

/// Where something stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A value that a template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// Where it is asked for first.
    pub place: Place,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.place)
    }
}

/// Why a text is no template. Says where, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// It is too long.
    #[error("the template has {0} bytes; at most {BYTES_MAX} are allowed")]
    TooLong(usize),
    /// It does not parse.
    #[error(
        "{place}: {words}; write {{{{name}}}}, {{{{#if name}}}} … {{{{/if}}}}, and \\{{{{ where two braces are \
         meant"
    )]
    Syntax {
        /// Where.
        place: Place,
        /// What is wrong.
        words: String,
    },
    /// It uses something of Handlebars that prompts do not have.
    #[error(
        "{place}: `{what}` cannot be used in a prompt; there are {{{{name}}}}, {{{{default name \"text\"}}}}, \
         {{{{#if name}}}}, {{{{else}}}} and {{{{#unless name}}}}; write \\{{{{ where two braces are meant"
    )]
    NotHere {
        /// Where.
        place: Place,
        /// What it uses.
        what: String,
    },
    /// Blocks lie too deep in each other.
    #[error("blocks may lie in each other {DEPTH_MAX} times")]
    TooDeep,
    /// It asks for values that there are not.
    #[error("unknown: {}; {}; write \\{{{{ where two braces are meant", words(.unknown), known_words(.known))]
    Unknown {
        /// What it asks for.
        unknown: Vec<Asked>,
        /// What there is.
        known: Vec<String>,
    },
}

fn words(asked: &[Asked]) -> String {
    let words: Vec<String> = asked.iter().map(ToString::to_string).collect();
    words.join(", ")
}

fn known_words(known: &[String]) -> String {
    if known.is_empty() {
        return "no names are known".to_owned();
    }
    format!("known are {}", known.join(", "))
}

/// A template that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value {
        asked: Asked,
        default: Option<String>,
    },
    If {
        asked: Asked,
        wanted: bool,
        then: Vec<Self>,
        otherwise: Vec<Self>,
    },
}

/// What became of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The values it asked for and that were not there, by name: they stand in the text as they were written.
    pub missing: Vec<Asked>,
}

impl Template {
    /// Understands a text.
    ///
    /// # Errors
    /// [`BadTemplate`], which says where and what to write instead.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        if BYTES_MAX < text.len() {
            return Err(BadTemplate::TooLong(text.len()));
        }
        let parts = read::parts(text)?;
        Ok(Self { parts })
    }

    /// The values it asks for.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        let mut asked = BTreeMap::new();
        collect(&self.parts, &mut asked);
        asked.into_keys().collect()
    }

    /// Sees to it that it asks only for what there is. A name with dots is looked up in what its first part
    /// names.
    ///
    /// # Errors
    /// [`BadTemplate::Unknown`] with all that is unknown.
    pub fn check(&self, known: &[&str]) -> Result<(), BadTemplate> {
        let mut asked = BTreeMap::new();
        collect(&self.parts, &mut asked);
        let is_known = |name: &str| {
            let first = name.split('.').next().unwrap_or_default();
            known.contains(&name) || known.contains(&first)
        };
        asked.retain(|name, _| !is_known(name));
        if asked.is_empty() {
            return Ok(());
        }
        Err(BadTemplate::Unknown {
            unknown: asked.into_values().cloned().collect(),
            known: known.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    /// Puts the values in. A value that is not there stays as it was written and is named; in a condition
    /// it is false, as are an empty text, `false`, `0` and nothing.
    #[must_use]
    pub fn render(&self, values: &Map<String, Value>) -> Rendered {
        let (mut text, mut missing) = (String::new(), BTreeMap::new());
        render(&self.parts, values, &mut text, &mut missing);
        Rendered {
            text,
            missing: missing.into_values().cloned().collect(),
        }
    }
}

/// What parts ask for, each name with where it is asked for first.
fn collect<'a>(parts: &'a [Part], found: &mut BTreeMap<&'a str, &'a Asked>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value { asked, .. } => {
                found.entry(&asked.name).or_insert(asked);
            }
            Part::If {
                asked,
                then,
                otherwise,
                ..
            } => {
                found.entry(&asked.name).or_insert(asked);
                collect(then, found);
                collect(otherwise, found);
            }
        }
    }
}

fn render<'a>(
    parts: &'a [Part],
    values: &Map<String, Value>,
    text: &mut String,
    missing: &mut BTreeMap<&'a str, &'a Asked>,
) {
    for part in parts {
        match part {
            Part::Text(words) => text.push_str(words),
            Part::Value { asked, default } => {
                let value = find(&asked.name, values).map(plain);
                match (value, default) {
                    (Some(value), None) => text.push_str(&value),
                    (Some(value), Some(_)) if !value.is_empty() => text.push_str(&value),
                    (_, Some(default)) => text.push_str(default),
                    (None, None) => {
                        text.push_str(&format!("{{{{{}}}}}", asked.name));
                        missing.entry(&asked.name).or_insert(asked);
                    }
                }
            }
            Part::If {
                asked,
                wanted,
                then,
                otherwise,
            } => {
                let holds = find(&asked.name, values).is_some_and(is_true);
                let chosen = if holds == *wanted { then } else { otherwise };
                render(chosen, values, text, missing);
            }
        }
    }
}

fn find<'a>(name: &str, values: &'a Map<String, Value>) -> Option<&'a Value> {
    // A name with dots may be one name, too.
    if let Some(value) = values.get(name) {
        return Some(value);
    }
    let mut parts = name.split('.');
    let first = values.get(parts.next()?)?;
    parts.try_fold(first, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        Value::Object(members) => members.get(part),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// A value as it stands in a text: a text without its quotes, nothing as nothing, the rest as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            !matches!(plain(value).as_str(), "" | "false" | "0")
        }
    }
}

#[cfg(test)]
mod tests;
