//! The last count: receipts, ledgers and database must say the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    ledger::{Ledger, TurnLedger},
    load::Receipts,
    schedule::Plan,
};
use crate::world::query;

/// Everybody who still has something to do.
pub(super) const NOT_AT_REST: &str = "
    SELECT g.slug, g.state, g.open_turn, a.inbox_pending, a.wait_reason, g.hold_until
    FROM agents g JOIN actors a ON a.id = g.id
    WHERE g.open_turn IS NOT NULL OR g.state NOT IN ('idle', 'paused') OR 0 < a.inbox_pending
       OR EXISTS (SELECT 1 FROM messages m WHERE m.receiver_id = g.id
                  AND m.state IN ('pending', 'assigned'))";

const MESSAGES: &str = "
    SELECT coalesce(json_agg(m ORDER BY m.seq), '[]') FROM (
        SELECT m.seq, m.id, g.slug AS receiver, m.key, m.body, m.state, m.attempts,
               m.turn_id AS turn, m.cause, m.dead_reason
        FROM messages m JOIN agents g ON g.id = m.receiver_id
        WHERE m.sender_type <> 'system') m";

const TURNS: &str = "
    SELECT coalesce(json_agg(t ORDER BY t.agent, t.number), '[]') FROM (
        SELECT t.id, g.slug AS agent, t.turn_number AS number, t.halt_reason AS halt,
               t.error_class AS class, t.finished_at IS NULL AS open,
               (SELECT count(*) FROM events e
                WHERE e.turn_id = t.id AND e.type = 'persistent_agent:turn_halted') AS halted
        FROM turns t JOIN agents g ON g.id = t.agent_id) t";

const COUNTERS: &str = "
    SELECT coalesce(json_agg(c), '[]') FROM (
        SELECT g.slug AS agent, a.inbox_pending AS counted,
               (SELECT count(*) FROM messages m
                WHERE m.receiver_id = a.id AND m.state = 'pending') AS pending
        FROM actors a JOIN agents g ON g.id = a.id) c";

/// What an agent noted of a turn it never began.
static NOTHING: TurnLedger = TurnLedger {
    begins: 0,
    seen: Vec::new(),
    well: false,
    ends: 0,
};

#[derive(Debug, Deserialize)]
struct Message {
    seq: i64,
    id: String,
    receiver: String,
    key: Option<String>,
    body: String,
    state: String,
    turn: Option<String>,
    cause: Option<String>,
    dead_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Turn {
    id: String,
    agent: String,
    number: i64,
    halt: Option<String>,
    class: Option<String>,
    open: bool,
    halted: i64,
}

#[derive(Debug, Deserialize)]
struct Counter {
    agent: String,
    counted: i64,
    pending: i64,
}

/// What the count brought.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) facts: Vec<String>,
    pub(super) violations: Vec<String>,
}

impl Found {
    pub(super) fn in_words(&self, plan: &Plan) -> String {
        format!(
            "chaos: seed {}, {} replicas, {} agents, {} clients, {} s\n  {}",
            plan.seed,
            plan.replicas,
            plan.agents,
            plan.clients,
            plan.lasts.as_secs(),
            self.facts.join("\n  ")
        )
    }

    fn wrong(&mut self, words: String) {
        self.violations.push(words);
    }

    /// A process that ended although nobody wanted it to is started again, and told.
    pub(super) fn take_falls(&mut self, falls: &[String]) {
        let mut counts: BTreeMap<&String, u64> = BTreeMap::new();
        for fall in falls {
            *counts.entry(fall).or_default() += 1;
        }
        self.facts.push(format!("ended by themselves: {counts:?}"));
    }

    /// No fault from outside is an error of ours, and nothing may panic.
    pub(super) fn take_logs(&mut self, logs: &str) {
        let bad = |line: &&str| line.contains(" ERROR ") || line.contains("panicked at");
        let bad: Vec<&str> = logs.lines().filter(bad).take(20).collect();
        for line in bad {
            self.wrong(format!("in a log: {line}"));
        }
    }
}

fn rows<T: for<'de> Deserialize<'de>>(url: &str, sql: &str) -> Vec<T> {
    let text = query(url, sql);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Compares everything with everything.
pub(super) fn settle(url: &str, receipts: &Receipts, ledger: &Ledger) -> Found {
    let messages: Vec<Message> = rows(url, MESSAGES);
    let turns: Vec<Turn> = rows(url, TURNS);
    let mut found = Found::default();
    count(&mut found, &messages, &turns, receipts, ledger);
    sent_is_stored(&mut found, &messages, receipts, ledger);
    fates(&mut found, &messages);
    let by_turn = well_ended(&mut found, &messages, &turns, ledger);
    order(&mut found, &messages, &turns, &by_turn);
    for counter in rows::<Counter>(url, COUNTERS) {
        if counter.counted != counter.pending {
            let Counter {
                agent,
                counted,
                pending,
            } = counter;
            found.wrong(format!(
                "{agent}: the inbox counts {counted}, and {pending} messages wait"
            ));
        }
    }
    for odd in receipts.odd.iter().chain(&ledger.odd) {
        found.wrong(format!("an answer or a note nobody expects: {odd}"));
    }
    found
}

fn count(
    found: &mut Found,
    messages: &[Message],
    turns: &[Turn],
    receipts: &Receipts,
    ledger: &Ledger,
) {
    let state = |state: &str| messages.iter().filter(|it| it.state == state).count();
    let known = receipts
        .all
        .iter()
        .filter(|it| it.message.is_some())
        .count()
        + ledger
            .sent
            .values()
            .filter(|it| it.message.is_some())
            .count();
    let mut halts: BTreeMap<String, u64> = BTreeMap::new();
    for turn in turns {
        let halt = turn.halt.clone().unwrap_or_else(|| "open".to_owned());
        let class = turn.class.as_ref().map(|class| format!(" {class}"));
        *halts.entry(halt + &class.unwrap_or_default()).or_default() += 1;
    }
    found.facts.push(format!(
        "{} messages: {known} with a receipt, {} whose sender never heard; {} consumed, {} dead, {} \
         pending, {} assigned",
        messages.len(),
        messages.len().saturating_sub(known),
        state("consumed"),
        state("dead"),
        state("pending"),
        state("assigned"),
    ));
    found
        .facts
        .push(format!("{} turns: {halts:?}", turns.len()));
    found
        .facts
        .push(format!("clients heard: {:?}", receipts.answers));
    found
        .facts
        .push(format!("agents noted: {:?}", ledger.words));
}

/// What was acknowledged is stored once, as it was sent; what is stored was sent.
fn sent_is_stored(found: &mut Found, messages: &[Message], receipts: &Receipts, ledger: &Ledger) {
    let mut tried: BTreeMap<&str, (&str, Option<&String>, Option<&String>)> = BTreeMap::new();
    for it in &receipts.all {
        tried.insert(&it.key, (&it.body, it.message.as_ref(), None));
        if it.message.is_none() {
            found.wrong(format!("a client never heard what became of {}", it.key));
        }
    }
    for it in ledger.sent.values() {
        tried.insert(&it.key, (&it.body, it.message.as_ref(), Some(&it.turn)));
    }
    let mut stored: BTreeMap<&str, &Message> = BTreeMap::new();
    let mut bodies = BTreeSet::new();
    for message in messages {
        if !bodies.insert(&message.body) {
            found.wrong(format!("stored twice: {message:?}"));
        }
        if let Some(key) = &message.key {
            stored.insert(key, message);
        }
        let known = message.key.as_ref().and_then(|key| tried.get(&**key));
        match known {
            None => found.wrong(format!("nobody sent {message:?}")),
            Some((body, _, cause)) => {
                if **body != message.body || *cause != message.cause.as_ref() {
                    found.wrong(format!("sent as {body:?} in {cause:?}: {message:?}"));
                }
            }
        }
    }
    for (key, (body, receipt, _)) in tried {
        let Some(receipt) = receipt else { continue };
        if stored.get(key).is_none_or(|row| row.id != *receipt) {
            let row = stored.get(key);
            found.wrong(format!(
                "lost: {key} {body} was acknowledged as {receipt}: {row:?}"
            ));
        }
    }
}

/// Everything that was accepted was consumed, or is dead and says why.
fn fates(found: &mut Found, messages: &[Message]) {
    for message in messages {
        let told = match message.state.as_str() {
            "consumed" => message.turn.is_some(),
            "dead" => message.dead_reason.is_some(),
            _ => false,
        };
        if !told {
            found.wrong(format!("no end: {message:?}"));
        }
    }
}

/// Every turn was carried out at most once; a good one read exactly what it consumed. For each
/// message, its place in the order in which it was read.
fn well_ended<'a>(
    found: &mut Found,
    messages: &'a [Message],
    turns: &[Turn],
    ledger: &'a Ledger,
) -> BTreeMap<&'a str, usize> {
    let mut places = BTreeMap::new();
    let known: BTreeSet<&str> = turns.iter().map(|turn| &*turn.id).collect();
    for id in ledger.turns.keys().filter(|id| !known.contains(&***id)) {
        found.wrong(format!("a ledger has a turn nobody knows: {id}"));
    }
    for turn in turns {
        let noted = ledger.turns.get(&turn.id).unwrap_or(&NOTHING);
        if turn.open || turn.halted != 1 {
            found.wrong(format!("ended {} times: {turn:?}", turn.halted));
        }
        if 1 < noted.begins || 1 < noted.ends {
            found.wrong(format!("carried out twice: {turn:?} {noted:?}"));
        }
        let consumed: BTreeSet<&str> = messages
            .iter()
            .filter(|it| it.state == "consumed" && it.turn.as_ref() == Some(&turn.id))
            .map(|it| &*it.body)
            .collect();
        if turn.halt.as_deref() != Some("natural") {
            if !consumed.is_empty() {
                found.wrong(format!(
                    "consumed by a turn that failed: {turn:?} {consumed:?}"
                ));
            }
            continue;
        }
        let seen: BTreeSet<&str> = noted.seen.iter().map(|body| &**body).collect();
        if !noted.well || seen != consumed || seen.len() != noted.seen.len() {
            found.wrong(format!("read {noted:?}, consumed {consumed:?}: {turn:?}"));
        }
        for (place, body) in noted.seen.iter().enumerate() {
            if places.insert(&**body, place).is_some() {
                found.wrong(format!("in two good turns: {body} {turn:?}"));
            }
        }
    }
    places
}

/// The number of a message between its sender and its receiver, and the pair.
fn number(body: &str) -> Option<((&str, &str), u64)> {
    let mut fields = body.split('|').skip(1);
    let pair = (fields.next()?, fields.next()?);
    Some((pair, fields.next()?.parse().ok()?))
}

/// When a message was read, the turn and its place in it, and its number between the two.
type Read = (i64, usize, u64);

/// Between a sender and a receiver, messages are stored and read in the order in which they were
/// sent.
fn order(found: &mut Found, messages: &[Message], turns: &[Turn], places: &BTreeMap<&str, usize>) {
    let numbers: BTreeMap<&str, i64> = turns.iter().map(|it| (&*it.id, it.number)).collect();
    let agents: BTreeMap<&str, &str> = turns.iter().map(|it| (&*it.id, &*it.agent)).collect();
    let mut stored: BTreeMap<(&str, &str), (i64, u64)> = BTreeMap::new();
    let mut read: BTreeMap<(&str, &str), Vec<Read>> = BTreeMap::new();
    for message in messages {
        let Some((pair, number)) = number(&message.body) else {
            found.wrong(format!("not one of ours: {message:?}"));
            continue;
        };
        if let Some((seq, before)) = stored.insert(pair, (message.seq, number))
            && number <= before
        {
            found.wrong(format!(
                "stored out of order after {seq} ({before}): {message:?}"
            ));
        }
        let Some(turn) = message
            .turn
            .as_ref()
            .filter(|_| message.state == "consumed")
        else {
            continue;
        };
        if agents.get(&**turn) != Some(&&*message.receiver) {
            found.wrong(format!("read by somebody else: {message:?}"));
        }
        let place = places.get(&*message.body).copied().unwrap_or_default();
        let turn = numbers.get(&**turn).copied().unwrap_or_default();
        read.entry(pair).or_default().push((turn, place, number));
    }
    for (pair, mut mail) in read {
        mail.sort_unstable();
        if let Some(two) = mail.windows(2).find(|two| two[1].2 <= two[0].2) {
            found.wrong(format!("read out of order between {pair:?}: {two:?}"));
        }
    }
}
