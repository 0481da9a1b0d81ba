//! What people and agents have sent, and what they were told became of it: the other side of every
//! inbox.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{AgentId, MessageId},
    mail::{Class, Sender},
};

/// Everything that was ever sent.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) letters: Vec<Letter>,
    /// Promises that were broken in an answer.
    pub(crate) lies: Vec<(&'static str, String)>,
    /// Which reply each question was answered by, as its sender was told.
    answers: BTreeMap<MessageId, MessageId>,
}

/// A message, as its sender remembers it.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// Its text, which no other message has; a broadcast has the same for all.
    pub(crate) label: String,
    pub(crate) sender: Sender,
    pub(crate) key: Option<String>,
    pub(crate) class: Class,
    pub(crate) to: To,
    pub(crate) fate: Fate,
    /// Whether its place among its sender's mail is known: it is not where it was sent again.
    pub(crate) in_order: bool,
    pub(crate) purpose: Purpose,
}

/// What a message is sent for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be read.
    Plain,
    /// To be answered.
    Question {
        asker: AgentId,
        deadline: DateTime<Utc>,
    },
    /// To answer.
    Reply { ask: MessageId },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum To {
    One(AgentId),
    /// All peers; once the answer is there, those it names.
    All(Vec<AgentId>),
}

/// What its sender knows of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is on its way.
    Sending,
    /// It was accepted, under this identity where it has one receiver.
    Accepted(Option<MessageId>),
    /// It was refused.
    Refused,
    /// There was no answer.
    Unknown,
}

impl Ledger {
    /// The place of a message in the ledger, from its text.
    pub(crate) fn find(&self, label: &str) -> Option<&Letter> {
        self.letters.iter().find(|letter| letter.label == label)
    }

    /// Nobody will ever say what became of this attempt.
    pub(crate) fn is_lost(&mut self, letter: usize) {
        if let Some(letter) = self.letters.get_mut(letter)
            && !matches!(letter.fate, Fate::Accepted(_))
        {
            letter.fate = Fate::Unknown;
        }
    }

    /// It was accepted: under the same identity whenever it was sent.
    pub(crate) fn is_accepted(&mut self, letter: usize, id: Option<MessageId>) {
        let Some(letter) = self.letters.get_mut(letter) else {
            return;
        };
        if let (Fate::Accepted(Some(first)), Some(second)) = (letter.fate, id)
            && first != second
        {
            let words = format!("{} was answered with two identities", letter.label);
            self.lies.push(("one-receipt", words));
        } else {
            letter.fate = Fate::Accepted(id);
        }
    }

    /// This reply was told to be the one that was waited for.
    pub(crate) fn is_answered(&mut self, ask: MessageId, reply: MessageId) {
        let first = *self.answers.entry(ask).or_insert(reply);
        if first != reply {
            let words = format!("question {ask} was answered by {first} and by {reply}");
            self.lies.push(("answered-once", words));
        }
    }

    /// It was refused. What was accepted once cannot be refused later under the same key.
    pub(crate) fn is_refused(&mut self, letter: usize, receiver_is_there: bool, why: &str) {
        let Some(letter) = self.letters.get_mut(letter) else {
            return;
        };
        match letter.fate {
            Fate::Accepted(_) if receiver_is_there => {
                let words = format!("{} was accepted and later refused: {why}", letter.label);
                self.lies.push(("one-receipt", words));
            }
            Fate::Accepted(_) => {}
            // An earlier attempt without an answer may have been stored.
            Fate::Unknown => {}
            Fate::Sending | Fate::Refused => letter.fate = Fate::Refused,
        }
    }
}
