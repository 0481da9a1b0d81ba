//! An agent program whose output is plain words.

use std::collections::BTreeMap;

use optio_domain::{
    ports::{AgentCli, Launch, LaunchOrder, Reading},
    run::FailureClass,
    transcript::{End, Entry, EntryKind, Fact},
};

/// Its lines: `session ID`, `say TEXT`, `unknown-session`, `limit`, `done COST IN OUT WORDS`,
/// `failed WORDS`; anything else is garbage.
pub(crate) struct Program;

impl AgentCli for Program {
    fn runtime(&self) -> &'static str {
        "claude-code"
    }

    fn launch(&self, order: &LaunchOrder) -> Launch {
        let resume = order.resume.iter();
        Launch {
            program: "/played/agent".to_owned(),
            args: resume
                .flat_map(|session| ["--resume".to_owned(), session.clone()])
                .collect(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            stdin: order.prompt.clone(),
            files: Vec::new(),
            read_only: Vec::new(),
            speech: None,
        }
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
            "unknown-session" => Fact::SessionUnknown,
            "limit" => Fact::ApiTrouble {
                class: FailureClass::RateLimit,
                message: "429 from the model API".to_owned(),
                retry_at: None,
            },
            "done" => Fact::End(end(true, rest)),
            "failed" => Fact::End(end(false, rest)),
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

fn end(success: bool, rest: &str) -> End {
    let mut words = rest.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    End {
        success,
        cost_usd: word().parse().ok(),
        input_tokens: word().parse().ok(),
        output_tokens: word().parse().ok(),
        summary: word().to_owned(),
        class: None,
    }
}
