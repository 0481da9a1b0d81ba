//! What an agent said and did, in one vocabulary for every vendor.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::run::FailureClass;

/// The kinds of transcript entry, in the seed's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// What the agent says.
    Text,
    /// What it thinks.
    Thinking,
    /// A tool it calls.
    ToolUse,
    /// What the tool answered.
    ToolResult,
    /// The program itself: session started, settings.
    System,
    /// Usage, end of run and other notes.
    Info,
    /// Something went wrong.
    Error,
}

impl EntryKind {
    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Thinking => "thinking",
            Self::ToolUse => "tool_use",
            Self::ToolResult => "tool_result",
            Self::System => "system",
            Self::Info => "info",
            Self::Error => "error",
        }
    }
}

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// The text a person reads.
    pub content: String,
    /// The rest, for programs.
    pub metadata: Option<serde_json::Value>,
}

/// What the control plane must remember of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The vendor's session, to be resumed by the next turn.
    Session(String),
    /// The vendor does not know the session we asked it to resume.
    SessionUnknown,
    /// The model that answers.
    Model(String),
    /// The model API refused or failed; the vendor may still retry.
    ApiTrouble {
        /// Its class.
        class: FailureClass,
        /// In words.
        message: String,
        /// When it can be tried again, where the vendor says so.
        retry_at: Option<DateTime<Utc>>,
    },
    /// The vendor's own terminal event.
    End(End),
}

/// A vendor's terminal event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Whether the vendor calls it a success.
    pub success: bool,
    /// The final text.
    pub summary: String,
    /// Dollars of this run alone, where the vendor says so.
    pub cost_usd: Option<Decimal>,
    /// Tokens sent, cached ones included.
    pub input_tokens: Option<i64>,
    /// Tokens received.
    pub output_tokens: Option<i64>,
    /// The class of failure, where it is none of the API's.
    pub class: Option<FailureClass>,
}

/// Everything the lines of a run have told so far. Folded line by line and kept with the run, so
/// that another process can go on where one was killed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The vendor's session.
    pub session: Option<String>,
    /// The vendor did not know the session we asked for.
    pub session_unknown: bool,
    /// The model that answered.
    pub model: Option<String>,
    /// The last trouble of the model API.
    pub trouble: Option<Trouble>,
    /// The terminal event, once it came.
    pub end: Option<End>,
    /// The last lines of standard error, for whoever has to explain a crash.
    pub stderr_tail: Vec<String>,
    /// Lines of standard output that were not of the vendor's format.
    pub garbage_lines: u64,
    /// Lines of standard output in all.
    pub lines: u64,
}

/// Trouble with the model API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Its class.
    pub class: FailureClass,
    /// In words.
    pub message: String,
    /// When it can be tried again.
    pub retry_at: Option<DateTime<Utc>>,
}

impl End {
    /// A process may end several pieces of work one after the other: the last one says how it went,
    /// and what each of them used adds up.
    fn after(self, before: Option<Self>) -> Self {
        let Some(before) = before else {
            return self.within_bounds();
        };
        let sum = Self {
            cost_usd: both(before.cost_usd, self.cost_usd, Decimal::saturating_add),
            input_tokens: both(before.input_tokens, self.input_tokens, i64::saturating_add),
            output_tokens: both(
                before.output_tokens,
                self.output_tokens,
                i64::saturating_add,
            ),
            ..self
        };
        sum.within_bounds()
    }

    /// Nobody uses so much in one run. A program that says so must not make the sums overflow that
    /// are kept of its agent: the row could not be read, or not be written, ever again.
    fn within_bounds(self) -> Self {
        let tokens = |count: i64| count.clamp(0, TOKENS_MAX);
        Self {
            cost_usd: self.cost_usd.map(|cost| cost.min(COST_USD_MAX.into())),
            input_tokens: self.input_tokens.map(tokens),
            output_tokens: self.output_tokens.map(tokens),
            ..self
        }
    }
}

fn both<T>(a: Option<T>, b: Option<T>, add: impl Fn(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(add(a, b)),
        (one, other) => one.or(other),
    }
}

/// Tokens of one run, in either direction, that are believed.
const TOKENS_MAX: i64 = 1_000_000_000_000;
/// Dollars of one run that are believed.
const COST_USD_MAX: i64 = 1_000_000;
const STDERR_LINES_KEPT: usize = 5;
const STDERR_CHARS_KEPT: usize = 500;

impl Facts {
    /// Takes in one fact.
    pub fn learn(&mut self, fact: Fact) {
        match fact {
            Fact::Session(session) => self.session = Some(session),
            Fact::SessionUnknown => self.session_unknown = true,
            Fact::Model(model) => self.model = Some(model),
            Fact::ApiTrouble {
                class,
                message,
                retry_at,
            } => {
                let known = self.trouble.take().and_then(|old| old.retry_at);
                let retry_at = retry_at.or(known);
                self.trouble = Some(Trouble {
                    class,
                    message,
                    retry_at,
                });
            }
            Fact::End(end) => self.end = Some(end.after(self.end.take())),
        }
    }

    /// Takes in one line of standard error.
    pub fn hear_stderr(&mut self, line: &str) {
        if self.stderr_tail.len() == STDERR_LINES_KEPT {
            self.stderr_tail.remove(0);
        }
        self.stderr_tail
            .push(line.chars().take(STDERR_CHARS_KEPT).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_ends_used_adds_up_and_the_last_one_says_how_it_went() {
        let end = |success, cost: i64, input_tokens| End {
            success,
            summary: String::new(),
            cost_usd: Some(cost.into()),
            input_tokens,
            output_tokens: None,
            class: None,
        };
        let mut facts = Facts::default();
        facts.learn(Fact::End(end(false, 2, None)));
        facts.learn(Fact::End(end(true, 3, Some(7))));
        assert_eq!(
            facts.end,
            Some(End {
                cost_usd: Some(5.into()),
                ..end(true, 0, Some(7))
            })
        );
    }

    #[test]
    fn what_no_run_can_use_is_not_believed() {
        let boast = End {
            success: true,
            summary: String::new(),
            cost_usd: Some(Decimal::MAX),
            input_tokens: Some(i64::MAX),
            output_tokens: Some(i64::MAX),
            class: None,
        };
        let mut facts = Facts::default();
        facts.learn(Fact::End(boast.clone()));
        let once = facts.end.clone().unwrap();
        assert_eq!(once.cost_usd, Some(COST_USD_MAX.into()));
        assert_eq!(once.input_tokens, Some(TOKENS_MAX));
        facts.learn(Fact::End(boast));
        assert_eq!(facts.end, Some(once));
    }
}
