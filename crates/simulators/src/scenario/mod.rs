//! What the simulated model answers, written as ordered rules in TOML.
//!
//! ```toml
//! name = "example"            # required
//! delay_ms = 150              # pause before every answer
//! usage = { input = 1200, output = 80, cache_read = 4000, cache_write = 0 }
//!
//! [call.send]                 # a shell command written once; every hole must be quoted
//! bash = "notify {{to:sh}} {{text:sh}}"
//!
//! [[rule]]
//! name = "greet"
//! agent = "(?i)You are Vesper"            # the system prompt and the `# Your role` section
//! from = '^agent:[^/]+/(?<asker>[a-z]+)$' # the sender of one message
//! inbox = '^Hello (?<who>.+)$'            # the body of one message
//! steps = [
//!   { think = "Somebody greets." },
//!   { call = "send", with = { to = "{{asker}}", text = "Hello {{who:line}}" } },
//! ]
//! summary = "Greeted {{who}}."
//!
//! [default]                   # when no rule fired in the turn
//! summary = "Noted."
//! ```
//!
//! A turn has *occasions*, in this order: the prompt as a whole (`prompt`), the `# Initial mission`
//! section (`mission`), each envelope of the inbox (`inbox`, `not_inbox`, `from`, `type`), and the
//! `# Tick` section (`tick`). For each occasion the first matching rule fires, so the turn's script
//! is the steps of all fired rules, in the order of the occasions, and then their summaries.
//!
//! The full list of fields is in `scenarios/README.md`.

mod builtin;
mod check;
mod parse;
mod play;
mod steps;
mod template;

use std::time::Duration;

use regex::Regex;

pub(crate) use play::{Answer, Beat, Tally, Text, answer};
use template::Template;

/// Why a scenario was refused.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The text is too long to be a scenario.
    #[error("the scenario has {bytes} bytes, at most {max} are read; split it")]
    Long {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// The text is not TOML, or a top-level field is unknown or missing.
    #[error("the scenario is not TOML with the fields name, delay_ms, usage, call, rule, default")]
    Toml(#[source] Box<toml::de::Error>),
    /// One field of one rule is wrong.
    #[error("{place}, field `{field}`: {problem}; {remedy}")]
    Field {
        /// The rule (or the other part of the scenario) at fault.
        place: String,
        /// The field at fault.
        field: String,
        /// What is wrong with it.
        problem: String,
        /// What to write instead.
        remedy: String,
    },
    /// There is no embedded scenario of this name.
    #[error("there is no scenario `{name}`; the embedded ones are {}", Scenario::builtin_names().join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
}

/// Ordered rules that say what the simulated model answers.
#[derive(Debug, Clone)]
pub struct Scenario {
    name: String,
    delay: Duration,
    usage: Usage,
    rules: Vec<Rule>,
    default: Rule,
}

/// The token counts an answer reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt that were neither read from nor written to the cache.
    pub input: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// Tokens of the prompt read from the cache.
    pub cache_read: u64,
    /// Tokens of the prompt written to the cache.
    pub cache_write: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            input: 1_200,
            output: 80,
            cache_read: 4_000,
            cache_write: 0,
        }
    }
}

impl Scenario {
    /// Reads a scenario from TOML.
    ///
    /// # Errors
    ///
    /// Says which rule and which field is wrong, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        parse::scenario(text)
    }

    /// One of the embedded scenarios.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn builtin(name: &str) -> Result<Self, ScenarioError> {
        builtin::text(name)
            .ok_or_else(|| ScenarioError::Unknown {
                name: name.to_owned(),
            })
            .and_then(Self::parse)
    }

    /// The names of the embedded scenarios.
    pub fn builtin_names() -> Vec<&'static str> {
        builtin::names()
    }

    /// The scenario's own name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[derive(Debug, Clone)]
struct Rule {
    name: String,
    agent: Option<Regex>,
    when: When,
    steps: Vec<Step>,
    summary: Option<Template>,
    usage: UsagePatch,
}

#[derive(Debug, Clone)]
enum When {
    Prompt(Regex),
    Mission(Regex),
    Message(MessageMatch),
    Tick(Regex),
    /// Nothing else fired.
    Otherwise,
}

#[derive(Debug, Clone, Default)]
struct MessageMatch {
    inbox: Option<Regex>,
    not_inbox: Option<Regex>,
    from: Option<Regex>,
    kind: Option<String>,
}

#[derive(Debug, Clone)]
struct Step {
    act: Act,
    usage: UsagePatch,
}

#[derive(Debug, Clone)]
enum Act {
    Think {
        text: Template,
        trickle: Duration,
    },
    Say {
        text: Template,
        trickle: Duration,
    },
    Tool {
        name: String,
        input: Input,
    },
    Pause(Duration),
    Error {
        status: u16,
        retry_after_s: Option<u64>,
        times: Option<u32>,
    },
    Drop {
        times: Option<u32>,
    },
    Hang {
        times: Option<u32>,
    },
}

/// A tool's input: JSON whose strings are templates.
#[derive(Debug, Clone)]
enum Input {
    Text(Template),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    Plain(serde_json::Value),
}

/// The counts a rule or a step changes.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct UsagePatch {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
}

impl UsagePatch {
    fn over(self, usage: Usage) -> Usage {
        Usage {
            input: self.input.unwrap_or(usage.input),
            output: self.output.unwrap_or(usage.output),
            cache_read: self.cache_read.unwrap_or(usage.cache_read),
            cache_write: self.cache_write.unwrap_or(usage.cache_write),
        }
    }
}
