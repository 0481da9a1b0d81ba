//! Keeps count of a dialogue: when the program has begun, when it is done, and when it may be given
//! the next input.

use std::collections::{BTreeSet, VecDeque};

use optio_domain::id::MessageId;
use optio_domain::wire::runner::Dialogue;

use crate::mark;

/// Inputs that may wait for their turn.
const WAITING_MAX: usize = 64;

/// The dialogue of one run.
#[derive(Debug)]
pub struct Talk<'a> {
    dialogue: &'a Dialogue,
    /// Ends that are still to come: one for the run, one for each input that was written.
    owed: u32,
    /// Whether the program works on what it was last told.
    begun: bool,
    /// Whether it ever began.
    ever_begun: bool,
    waiting: VecDeque<(MessageId, String)>,
    known: BTreeSet<MessageId>,
}

impl<'a> Talk<'a> {
    /// A dialogue in which the run's own words were written just now.
    #[must_use]
    pub fn new(dialogue: &'a Dialogue) -> Self {
        Self {
            dialogue,
            owed: 1,
            begun: false,
            ever_begun: false,
            waiting: VecDeque::new(),
            known: BTreeSet::new(),
        }
    }

    /// Takes in a line of output; whether the program is done with everything it was told.
    pub fn hear(&mut self, line: &[u8]) -> bool {
        if mark::is(&self.dialogue.ends, line) {
            self.owed = self.owed.saturating_sub(1);
            self.begun = false;
            return self.owed == 0;
        }
        if mark::is(&self.dialogue.begins, line) {
            (self.begun, self.ever_begun) = (true, true);
        }
        false
    }

    /// Whether the program has begun with anything in this run.
    #[must_use]
    pub fn ever_begun(&self) -> bool {
        self.ever_begun
    }

    /// Lets an input wait for its turn. One that is known already is ignored.
    ///
    /// # Errors
    /// Why it cannot be taken.
    pub fn offer(&mut self, input: MessageId, text: String) -> Result<(), &'static str> {
        if self.known.contains(&input) {
            return Ok(());
        }
        if WAITING_MAX <= self.waiting.len() {
            return Err("too many inputs wait for this run");
        }
        self.known.insert(input);
        self.waiting.push_back((input, text));
        Ok(())
    }

    /// The next input, where it may be written now: while the program works on the last thing it
    /// was told. Two in one moment would be one interruption, and the first would not be cut short.
    pub fn due(&mut self) -> Option<(MessageId, String)> {
        if !self.begun || self.owed != 1 {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.owed += 1;
        Some(next)
    }
}
