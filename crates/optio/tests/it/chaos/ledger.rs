//! What the agents themselves wrote down.

use std::{collections::BTreeMap, fs, path::Path};

/// What one agent wrote down about one turn.
#[derive(Debug, Default)]
pub(super) struct TurnLedger {
    /// How often a process began it.
    pub(super) begins: usize,
    /// Bodies, in the order in which they were read.
    pub(super) seen: Vec<String>,
    /// Whether the program came to its good end.
    pub(super) well: bool,
    /// How often it came to an end.
    pub(super) ends: usize,
}

/// A message an agent sent, or tried to.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) turn: String,
    pub(super) key: String,
    pub(super) body: String,
    /// The message, where the agent was told.
    pub(super) message: Option<String>,
}

/// The ledgers of all agents.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) turns: BTreeMap<String, TurnLedger>,
    pub(super) sent: BTreeMap<String, Sent>,
    /// How often which word was written.
    pub(super) words: BTreeMap<String, u64>,
    pub(super) odd: Vec<String>,
}

impl Ledger {
    /// Reads one agent's ledger, where it ever began.
    pub(super) fn read(&mut self, file: &Path) {
        let text = fs::read_to_string(file).unwrap_or_default();
        for line in text.lines() {
            self.take(line);
        }
    }

    fn take(&mut self, line: &str) {
        let fields: Vec<&str> = line.split(' ').collect();
        *self.words.entry(fields[0].to_owned()).or_default() += 1;
        let of_turn = |ledger: &mut Self, change: fn(&mut TurnLedger)| {
            change(ledger.turns.entry(fields[1].to_owned()).or_default());
        };
        match fields[..] {
            ["begin", ..] => of_turn(self, |turn| turn.begins += 1),
            ["seen", turn, body] => {
                let turn = self.turns.entry(turn.to_owned()).or_default();
                turn.seen.push(body.to_owned());
            }
            ["try", turn, key, body] => {
                let sent = Sent {
                    turn: turn.to_owned(),
                    key: key.to_owned(),
                    body: body.to_owned(),
                    message: None,
                };
                if self.sent.insert(key.to_owned(), sent).is_some() {
                    self.odd.push(format!("a key was used twice: {line}"));
                }
            }
            ["sent", _, key, message] => match self.sent.get_mut(key) {
                Some(sent) => sent.message = Some(message.to_owned()),
                None => self.odd.push(format!("never tried: {line}")),
            },
            ["end", _, "well"] => of_turn(self, |turn| {
                turn.well = true;
                turn.ends += 1;
            }),
            ["end", _, "failed"] => of_turn(self, |turn| turn.ends += 1),
            ["later" | "stale" | "unknown", ..] => {}
            _ => self.odd.push(line.to_owned()),
        }
    }
}
