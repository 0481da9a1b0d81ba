//! What must be true of questions with a deadline.

use std::collections::{BTreeMap, BTreeSet};

use optio_domain::id::{AgentId, MessageId};
use optio_store::testing::{AskSeen, MessageSeen, Snapshot};
use uuid::Uuid;

use crate::{
    history::short,
    invariants::{Held, View, ensure},
    ledger::{Fate, Letter, Purpose},
};

/// Whether this is what an asker is told of its question's timeout, and there is such a question.
pub(crate) fn is_notice(seen: &Snapshot, message: &MessageSeen) -> bool {
    let mut asks = seen.asks.iter();
    message.sender_id == "ask" && asks.any(|ask| notice_of(ask, message))
}

fn notice_of(ask: &AskSeen, message: &MessageSeen) -> bool {
    let key = format!("{}@timeout", ask.id);
    message.sender_id == "ask" && message.key.as_ref() == Some(&key)
}

/// A question is stored with the wait for its reply, or not at all.
pub(crate) fn a_question_is_waited_for(view: &View<'_>) -> Held {
    let there: BTreeSet<_> = view.seen.actors.iter().map(|it| it.id).collect();
    let waits: BTreeMap<_, _> = view.seen.asks.iter().map(|it| (it.id, it)).collect();
    let questions = view.ledger.letters.iter().filter_map(question);
    for (letter, asker) in questions.filter(|(_, asker)| there.contains(&asker.0)) {
        let mut mail = view.seen.messages.iter();
        let stored = mail.find(|it| it.body == letter.label).map(|it| it.id);
        let told = match letter.fate {
            Fate::Accepted(id) => id.map(|id| id.0),
            Fate::Refused | Fate::Sending | Fate::Unknown => None,
        };
        for id in stored.into_iter().chain(told) {
            let wait = waits.get(&id);
            ensure(wait.is_some_and(|it| it.asker_id == Some(asker.0)), || {
                format!("{} is asked and nobody waits for the reply", letter.label)
            })?;
        }
    }
    Ok(())
}

fn question(letter: &Letter) -> Option<(&Letter, AgentId)> {
    match letter.purpose {
        Purpose::Question { asker, .. } => Some((letter, asker)),
        Purpose::Plain | Purpose::Reply { .. } => None,
    }
}

/// A wait ends once: by the reply that was waited for, or by a timeout of which the asker is told once;
/// a reply after it is late and says so.
pub(crate) fn a_wait_ends_once(view: &View<'_>) -> Held {
    let there: BTreeSet<_> = view.seen.actors.iter().map(|it| Some(it.id)).collect();
    for ask in &view.seen.asks {
        let mail = || view.seen.messages.iter();
        let notices = mail().filter(|it| notice_of(ask, it)).count();
        let reply = mail().find(|it| Some(it.id) == ask.reply_id);
        let asker_reads = there.contains(&ask.asker_id);
        let kept = !asker_reads
            || ask.reply_id.is_none()
            || reply.is_some_and(|it| Some(it.receiver_id) == ask.asker_id && it.late == ask.late);
        let holds = match (ask.state.as_str(), ask.reply_id) {
            ("open", None) => notices == 0,
            ("answered", Some(_)) => notices == 0 && !ask.late,
            ("timed_out", reply) => {
                notices == usize::from(asker_reads) && ask.late == reply.is_some()
            }
            _ => false,
        };
        ensure(holds && kept, || {
            format!(
                "question {} is {}, its reply is {:?}, late: {}, and {notices} timeouts were told",
                short(ask.id),
                ask.state,
                ask.reply_id.map(short),
                ask.late
            )
        })?;
    }
    Ok(())
}

/// Nobody waits for itself over others: in no circle of open waits did the last one begin before the
/// first was over.
pub(crate) fn no_circle_of_waits_is_closed(view: &View<'_>) -> Held {
    let open: Vec<_> = view
        .seen
        .asks
        .iter()
        .filter(|it| it.state == "open")
        .collect();
    for first in &open {
        if let Some(circle) = circle(&open, &mut vec![first]) {
            let ids: Vec<_> = circle.iter().map(|it| short(it.id)).collect();
            return Err(format!("the waits [{}] are a circle", ids.join(" ")));
        }
    }
    Ok(())
}

fn circle<'a>(open: &[&'a AskSeen], path: &mut Vec<&'a AskSeen>) -> Option<Vec<&'a AskSeen>> {
    let (first, last) = (*path.first()?, *path.last()?);
    if Some(last.asked_id) == first.asker_id {
        return Some(path.clone());
    }
    for next in open.iter().filter(|it| it.asker_id == Some(last.asked_id)) {
        // Waits that never were at the same time, by the clock of whoever began the later one, are
        // no circle.
        let met = |it: &&AskSeen| it.asked_at < next.deadline && next.asked_at < it.deadline;
        if path.iter().all(|it| it.asker_id != next.asker_id) && path.iter().all(met) {
            path.push(next);
            if let Some(found) = circle(open, path) {
                return Some(found);
            }
            path.pop();
        }
    }
    None
}

/// A question that waits although its time is over by every clock and all is at rest.
pub(crate) fn still_waits(seen: &Snapshot) -> Option<Uuid> {
    let mut open = seen.asks.iter().filter(|it| it.state == "open");
    open.next().map(|it| it.id)
}

/// The identity of an accepted question, and who is to reply.
pub(crate) fn accepted(letter: &Letter) -> Option<MessageId> {
    match (&letter.purpose, letter.fate) {
        (Purpose::Question { .. }, Fate::Accepted(id)) => id,
        _ => None,
    }
}
