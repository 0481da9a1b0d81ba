//! The outside world, played by hand: a clock that stands still, ids that count, and an agent
//! program whose output is plain words.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    id::MessageId,
    ports::{AgentCli, Capabilities, Clock, Ids, Launch, LaunchOrder, Reading, Speech},
    run::FailureClass,
    transcript::{End, Entry, EntryKind, Fact},
    wire::runner::Mark,
};
use uuid::Uuid;

/// A clock that stands still until it is moved.
pub(crate) struct FakeClock(Mutex<DateTime<Utc>>);

impl FakeClock {
    pub(crate) fn new() -> Self {
        Self(Mutex::new("2026-01-01T12:00:00Z".parse().unwrap()))
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// Ids that count.
#[derive(Default)]
pub(crate) struct FakeIds(AtomicU64);

impl Ids for FakeIds {
    fn fresh(&self) -> Uuid {
        let number = u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1;
        // Ids that are made beside another one differ before their last byte.
        Uuid::from_u128(number << 16 | number)
    }
}

/// An agent program. Its lines: `session ID`, `model NAME`, `say TEXT`, `unknown-session`,
/// `limit [WHEN]`, `done COST IN OUT WORDS`, `failed WORDS`.
pub(crate) struct FakeCli;

impl AgentCli for FakeCli {
    fn runtime(&self) -> &'static str {
        "claude-code"
    }

    fn launch(&self, order: &LaunchOrder) -> Launch {
        let resume = order.resume.iter();
        Launch {
            program: "/fake/agent".to_owned(),
            args: resume
                .flat_map(|session| ["--resume".to_owned(), session.clone()])
                .collect(),
            env: BTreeMap::new(),
            secrets: BTreeMap::from([("FAKE_KEY".to_owned(), "the server's".to_owned())]),
            stdin: order.prompt.clone(),
            files: Vec::new(),
            read_only: Vec::new(),
            speech: order.kept.then(|| Speech {
                begins: Mark(BTreeMap::new()),
                ends: Mark(BTreeMap::new()),
            }),
        }
    }

    fn credentials(&self) -> &'static [&'static str] {
        &["FAKE_KEY", "FAKE_TOKEN"]
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            warm: true,
            steerable: true,
            interrupt: true,
            set_model: true,
        }
    }

    fn next(&self, prompt: &str, set_model: Option<Option<&str>>) -> String {
        format!("{set_model:?} {prompt}")
    }

    fn interrupt(&self, _message: MessageId, text: &str) -> String {
        format!("interrupt {text}")
    }

    fn read(&self, line: &str) -> Reading {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let fact = match word {
            "say" => {
                let entry = Entry {
                    kind: EntryKind::Text,
                    content: rest.to_owned(),
                    metadata: None,
                };
                return Reading {
                    entries: vec![entry],
                    ..Reading::default()
                };
            }
            "session" => Fact::Session(rest.to_owned()),
            "model" => Fact::Model(rest.to_owned()),
            "unknown-session" => Fact::SessionUnknown,
            "limit" => Fact::ApiTrouble {
                class: FailureClass::RateLimit,
                message: "429 from the model API".to_owned(),
                retry_at: rest.parse().ok(),
            },
            "done" => Fact::End(done(rest)),
            "failed" => Fact::End(End {
                success: false,
                summary: rest.to_owned(),
                cost_usd: None,
                input_tokens: None,
                output_tokens: None,
                class: None,
            }),
            _ => {
                return Reading {
                    garbage: true,
                    ..Reading::default()
                };
            }
        };
        Reading {
            facts: vec![fact],
            ..Reading::default()
        }
    }
}

fn done(rest: &str) -> End {
    let mut words = rest.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    End {
        success: true,
        cost_usd: word().parse().ok(),
        input_tokens: word().parse().ok(),
        output_tokens: word().parse().ok(),
        summary: word().to_owned(),
        class: None,
    }
}
