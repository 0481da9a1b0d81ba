//! What must be true at every moment, and what once everything is at rest. Each invariant has a name,
//! so that a mutation of the code can say which of them it breaks.

use std::collections::{BTreeMap, BTreeSet};

use optio_domain::{
    id::{AgentId, RunId},
    limits::Limits,
    mail::Class,
    wire::runner::Happening,
};
use optio_store::testing::{ActorSeen, MessageSeen, Snapshot, TurnSeen};

use crate::{
    fleet::Fleet,
    history::short,
    ledger::{Fate, Ledger, To},
    waits,
};

/// A promise that does not hold.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub(crate) invariant: &'static str,
    pub(crate) words: String,
}

/// Everything an invariant looks at.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// What is committed.
    pub(crate) seen: &'a Snapshot,
    /// What people and agents remember.
    pub(crate) ledger: &'a Ledger,
    /// What really runs.
    pub(crate) fleet: &'a Fleet,
    pub(crate) limits: &'a Limits,
    pub(crate) agents: &'a [AgentId],
}

pub(crate) type Held = Result<(), String>;
type Invariant = fn(&View<'_>) -> Held;

/// The invariants that hold at every moment, each by its name.
const ALWAYS: [(&str, Invariant); 16] = [
    (
        "conservation",
        nothing_accepted_is_lost_and_nothing_is_invented,
    ),
    ("one-receipt", a_key_stands_for_one_message),
    ("counted", an_inbox_counts_what_waits),
    ("failure-gives-back", only_a_turn_that_succeeded_consumes),
    (
        "consumed-once",
        what_is_consumed_fed_exactly_one_successful_turn,
    ),
    ("fifo", mail_of_one_sender_is_read_in_its_order),
    ("one-open-turn", an_agent_has_at_most_one_open_turn),
    ("turn-numbers", turns_are_numbered_without_holes),
    ("room", no_more_turns_are_open_than_there_is_room),
    ("next-wake", whoever_is_not_at_rest_has_a_next_wake),
    ("reports-once", every_report_is_taken_in_once),
    (
        "one-process",
        a_run_is_one_process_and_an_agent_has_one_at_a_time,
    ),
    (
        "honest-halt",
        a_turn_is_natural_only_if_its_program_finished,
    ),
    ("waited-for", waits::a_question_is_waited_for),
    ("answered-once", waits::a_wait_ends_once),
    ("no-circle", waits::no_circle_of_waits_is_closed),
];

/// The names of all invariants.
pub const INVARIANTS: [&str; 22] = [
    "conservation",
    "one-receipt",
    "counted",
    "failure-gives-back",
    "consumed-once",
    "fifo",
    "one-open-turn",
    "turn-numbers",
    "room",
    "next-wake",
    "reports-once",
    "one-process",
    "honest-halt",
    "waited-for",
    "answered-once",
    "no-circle",
    "stale-changes-nothing",
    "tokens",
    "no-falls",
    "fencing",
    "no-process-left",
    "liveness",
];

/// Holds what is seen against every invariant; `closed` is what the runs of closed turns had told
/// when they were closed.
pub(crate) fn check(view: &View<'_>, closed: &BTreeMap<RunId, i64>) -> Result<(), Broken> {
    let broken = |invariant, words| Broken { invariant, words };
    if let Some((invariant, words)) = view.ledger.lies.first() {
        return Err(broken(*invariant, words.clone()));
    }
    for (invariant, holds) in ALWAYS {
        holds(view).map_err(|words| broken(invariant, words))?;
    }
    what_is_closed_stays_closed(view, closed)
        .map_err(|words| broken("stale-changes-nothing", words))
}

/// Remembers what runs had told when their turns were closed.
pub(crate) fn remember(seen: &Snapshot, closed: &mut BTreeMap<RunId, i64>) {
    for run in seen.runs.iter().filter(|run| !run.open) {
        closed.entry(RunId(run.id)).or_insert(run.lines);
    }
}

/// Once everything outside has done its work, nothing is left to do.
pub(crate) fn at_rest(view: &View<'_>) -> Result<(), Broken> {
    let broken = |invariant| move |words| Broken { invariant, words };
    no_process_is_left(view).map_err(broken("no-process-left"))?;
    nothing_is_stuck(view).map_err(broken("liveness"))
}

pub(crate) fn ensure(holds: bool, words: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(words()) }
}

fn turn_of<'a>(seen: &'a Snapshot, message: &MessageSeen) -> Option<&'a TurnSeen> {
    let turn = message.turn_id?;
    seen.turns.iter().find(|it| it.id == turn)
}

/// What is read by turns; a stop is done the moment it is accepted.
fn mail(seen: &Snapshot) -> impl Iterator<Item = &MessageSeen> {
    seen.messages.iter().filter(|it| it.class != "stop")
}

fn is_open(turn: &TurnSeen) -> bool {
    turn.finished_at.is_none()
}

fn succeeded(turn: &TurnSeen) -> bool {
    turn.halt_reason.as_deref() == Some("natural")
}

/// Whose rows are still there; whoever was deleted took its mail along.
fn present(view: &View<'_>) -> BTreeSet<AgentId> {
    view.seen.actors.iter().map(|it| AgentId(it.id)).collect()
}

/// Every accepted message is in its receiver's inbox exactly once, in whatever state; one that was
/// refused is not; one without an answer at most once; a broadcast reached all whom its answer names.
/// And nothing is there that nobody sent.
fn nothing_accepted_is_lost_and_nothing_is_invented(view: &View<'_>) -> Held {
    let present = present(view);
    let mut copies: BTreeMap<(&str, AgentId), usize> = BTreeMap::new();
    for message in &view.seen.messages {
        let copy = (message.body.as_str(), AgentId(message.receiver_id));
        *copies.entry(copy).or_default() += 1;
        let known = message.source == "schedule"
            || waits::is_notice(view.seen, message)
            || view.ledger.find(&message.body).is_some();
        ensure(known, || format!("nobody sent {}", message.body))?;
    }
    let count = |label: &str, agent| copies.get(&(label, agent)).copied().unwrap_or(0);
    for letter in &view.ledger.letters {
        let label = letter.label.as_str();
        let (whole, all) = match &letter.to {
            To::One(agent) => (vec![*agent], false),
            To::All(peers) => (peers.clone(), true),
        };
        for agent in whole.into_iter().filter(|agent| present.contains(agent)) {
            let copies = count(label, agent);
            let holds = match letter.fate {
                Fate::Accepted(_) => copies == 1,
                Fate::Refused => copies == 0,
                Fate::Unknown | Fate::Sending => copies <= 1,
            };
            ensure(holds, || {
                format!("{label} is {:?} and there {copies} times", letter.fate)
            })?;
        }
        for agent in view
            .agents
            .iter()
            .filter(|_| all && letter.fate == Fate::Refused)
        {
            ensure(count(label, *agent) == 0, || {
                format!("{label} was refused and reached somebody")
            })?;
        }
    }
    Ok(())
}

/// A sender's key is stored once.
fn a_key_stands_for_one_message(view: &View<'_>) -> Held {
    let mut known = BTreeSet::new();
    for message in &view.seen.messages {
        let Some(key) = &message.key else { continue };
        ensure(known.insert((&message.sender_id, key)), || {
            format!("{} has stored the key {key} twice", message.sender_id)
        })?;
    }
    Ok(())
}

/// `inbox_pending` is the number of pending messages, `inbox_waking` of those that wake.
fn an_inbox_counts_what_waits(view: &View<'_>) -> Held {
    for actor in &view.seen.actors {
        let mail = view.seen.messages.iter();
        let waits = mail.filter(|it| it.receiver_id == actor.id && it.state == "pending");
        let wakes = waits
            .clone()
            .filter(|it| matches!(it.class.as_str(), "work" | "interrupt"));
        let (waiting, waking) = (waits.count(), wakes.count());
        let counts = (i64::try_from(waiting), i64::try_from(waking));
        ensure(
            counts == (Ok(actor.inbox_pending), Ok(actor.inbox_waking)),
            || {
                format!(
                    "{} counts {} waiting messages, {} of which wake it, and has {waiting} and {waking}",
                    actor.slug, actor.inbox_pending, actor.inbox_waking
                )
            },
        )?;
    }
    Ok(())
}

/// A message is consumed by a turn that succeeded and by no other; one that feeds a turn feeds an open
/// one.
fn only_a_turn_that_succeeded_consumes(view: &View<'_>) -> Held {
    for message in mail(view.seen) {
        let turn = turn_of(view.seen, message);
        let halt = turn
            .and_then(|it| it.halt_reason.as_deref())
            .unwrap_or("not over");
        match message.state.as_str() {
            "consumed" => ensure(turn.is_some_and(succeeded), || {
                format!("{} was consumed by a turn that is {halt}", message.body)
            })?,
            "assigned" => ensure(turn.is_some_and(is_open), || {
                format!("{} feeds a turn that is {halt}", message.body)
            })?,
            _ => {}
        }
    }
    Ok(())
}

/// A consumed message was in the prompt of exactly one successful turn: the one it says. Any other was
/// in none.
fn what_is_consumed_fed_exactly_one_successful_turn(view: &View<'_>) -> Held {
    // A schedule says the same each time: its messages are told apart by their keys alone.
    for message in mail(view.seen).filter(|it| it.source != "schedule") {
        let turns = view
            .seen
            .turns
            .iter()
            .filter(|turn| turn.agent_id == message.receiver_id);
        let fed: Vec<_> = turns
            .filter(|turn| succeeded(turn) && turn.prompt.contains(&message.body))
            .map(|turn| turn.id)
            .collect();
        let expected: Vec<_> = match message.state.as_str() {
            "consumed" => message.turn_id.into_iter().collect(),
            _ => Vec::new(),
        };
        ensure(fed == expected, || {
            let numbers: Vec<_> = fed.iter().map(|turn| short(*turn)).collect();
            format!(
                "{} is {} and fed the successful turns [{}]",
                message.body,
                message.state,
                numbers.join(" ")
            )
        })?;
    }
    Ok(())
}

/// Of two messages of one sender and one class to one receiver the earlier is read in an earlier turn, or before the
/// other in the same one.
fn mail_of_one_sender_is_read_in_its_order(view: &View<'_>) -> Held {
    for agent in view.agents {
        let mut last: BTreeMap<(String, Class), (&str, Option<Place>)> = BTreeMap::new();
        for letter in view
            .ledger
            .letters
            .iter()
            .filter(|it| it.in_order && it.class != Class::Stop)
        {
            let to_agent = match &letter.to {
                To::One(receiver) => receiver == agent,
                To::All(peers) => peers.contains(agent),
            };
            let message = view.seen.messages.iter().find(|it| {
                to_agent
                    && it.receiver_id == agent.0
                    && it.body == letter.label
                    && it.state != "dead"
            });
            let Some(message) = message else { continue };
            let place = place(view.seen, message);
            let sender = (letter.sender.to_string(), letter.class);
            if let Some((earlier, before)) = last.get(&sender) {
                let holds = match (before, place) {
                    (_, None) => true,
                    (None, Some(_)) => false,
                    (Some(before), Some(place)) => *before < place,
                };
                ensure(holds, || {
                    format!(
                        "{} was read before {earlier} of the same sender",
                        letter.label
                    )
                })?;
            }
            last.insert(sender, (&letter.label, place));
        }
    }
    Ok(())
}

/// A turn's number and a place in its prompt.
type Place = (i64, usize);

/// Where a message was read for good, or is being read: the turn's number and the place in its prompt.
fn place(seen: &Snapshot, message: &MessageSeen) -> Option<Place> {
    let reads = matches!(message.state.as_str(), "consumed" | "assigned");
    let turn = turn_of(seen, message).filter(|_| reads)?;
    Some((turn.turn_number, turn.prompt.find(&message.body)?))
}

/// An agent has one open turn in the states that have one, and none in the others.
fn an_agent_has_at_most_one_open_turn(view: &View<'_>) -> Held {
    for actor in &view.seen.actors {
        let turns = view
            .seen
            .turns
            .iter()
            .filter(|turn| turn.agent_id == actor.id);
        let open = turns.filter(|turn| is_open(turn)).count();
        let expected = usize::from(matches!(actor.state.as_str(), "provisioning" | "running"));
        ensure(open == expected, || {
            format!(
                "{} is {} and has {open} open turns",
                actor.slug, actor.state
            )
        })?;
    }
    Ok(())
}

fn turns_are_numbered_without_holes(view: &View<'_>) -> Held {
    for actor in &view.seen.actors {
        let turns = view
            .seen
            .turns
            .iter()
            .filter(|turn| turn.agent_id == actor.id);
        let numbers: Vec<i64> = turns.map(|turn| turn.turn_number).collect();
        let expected: Vec<i64> = (1..=actor.turns_taken).collect();
        ensure(numbers == expected, || {
            format!("{} has the turns {numbers:?}", actor.slug)
        })?;
    }
    Ok(())
}

fn no_more_turns_are_open_than_there_is_room(view: &View<'_>) -> Held {
    let open = view.seen.turns.iter().filter(|turn| is_open(turn)).count();
    let room = view.limits.turns_running_max;
    ensure(i64::try_from(open).is_ok_and(|open| open <= room), || {
        format!("{open} turns are open where there is room for {room}")
    })
}

/// An open turn, a place in the queue, a wish, a pause, a sandbox with a window and a run that may
/// still be alive: each has a time at which somebody looks again.
fn whoever_is_not_at_rest_has_a_next_wake(view: &View<'_>) -> Held {
    for actor in &view.seen.actors {
        let lingers = view
            .seen
            .runs
            .iter()
            .any(|run| run.actor_id == actor.id && !run.open && run.state != "ended");
        let waits = matches!(actor.state.as_str(), "queued" | "provisioning" | "running")
            || actor.intent.is_some()
            || lingers
            || (actor.state == "idle" && actor.keep_until.is_some());
        let quiet = actor.quarantined || actor.wake_at.is_some();
        ensure(!waits || quiet, || {
            format!(
                "{} is {}, waits for {:?}, and nothing wakes it",
                actor.slug, actor.state, actor.wait_reason
            )
        })?;
    }
    Ok(())
}

/// Every line a runner has reported is stored once, as it was said, and what was understood of a run
/// is what it said up to the last acknowledgement.
fn every_report_is_taken_in_once(view: &View<'_>) -> Held {
    for run in &view.seen.runs {
        let id = RunId(run.id);
        if view.fleet.is_lost(id) {
            continue;
        }
        let said = view.fleet.said(id);
        let lines: Vec<(i64, String)> = said
            .iter()
            .filter(|event| event.seq <= run.acked_seq)
            .filter_map(|event| {
                let Happening::Stdout { line, .. } = &event.what else {
                    return None;
                };
                (!line.is_empty()).then(|| (event.seq, line.clone()))
            })
            .collect();
        let told: Vec<(i64, String)> = lines
            .iter()
            .filter_map(|(seq, line)| Some((*seq, line.strip_prefix("say ")?.to_owned())))
            .collect();
        let stored: Vec<(i64, String)> = view
            .seen
            .reports
            .iter()
            .filter(|report| {
                report.run == run.id && !report.content.starts_with("The run was ended")
            })
            .map(|report| (report.seq, report.content.clone()))
            .collect();
        // Of a closed run only what came before its end counts.
        let whole = if run.open {
            stored.len() == told.len()
        } else {
            true
        };
        ensure(whole && told.starts_with(&stored), || {
            format!(
                "run {} said {told:?} and {stored:?} is stored",
                short(run.id)
            )
        })?;
        let understood = usize::try_from(run.lines).unwrap_or(0);
        let exactly = understood == lines.len();
        ensure(exactly || (!run.open && understood < lines.len()), || {
            format!(
                "of {} lines of run {} {understood} were understood",
                lines.len(),
                short(run.id)
            )
        })?;
    }
    Ok(())
}

/// Nobody starts a run twice, and no agent has two processes at once.
fn a_run_is_one_process_and_an_agent_has_one_at_a_time(view: &View<'_>) -> Held {
    if let Some(run) = view.fleet.started_twice().first() {
        return Err(format!(
            "two processes were started for run {}",
            short(run.0)
        ));
    }
    let mut places = BTreeSet::new();
    for (sandbox, run) in view.fleet.processes() {
        ensure(places.insert(sandbox), || {
            format!(
                "an agent has two processes, the second of run {}",
                short(run.0)
            )
        })?;
    }
    Ok(())
}

fn a_turn_is_natural_only_if_its_program_finished(view: &View<'_>) -> Held {
    for turn in view.seen.turns.iter().filter(|turn| succeeded(turn)) {
        ensure(view.fleet.succeeded(RunId(turn.id)), || {
            format!(
                "turn {} is natural and its program never finished",
                short(turn.id)
            )
        })?;
    }
    Ok(())
}

/// What a run says after its turn was closed changes nothing.
fn what_is_closed_stays_closed(view: &View<'_>, closed: &BTreeMap<RunId, i64>) -> Held {
    for run in &view.seen.runs {
        let Some(lines) = closed.get(&RunId(run.id)) else {
            continue;
        };
        ensure(!run.open && *lines == run.lines, || {
            format!("run {} was closed and has learned more", short(run.id))
        })?;
    }
    Ok(())
}

/// No process outlives its turn for longer than it takes to stop it.
fn no_process_is_left(view: &View<'_>) -> Held {
    for (_, run) in view.fleet.processes() {
        let wanted = view.seen.runs.iter().any(|it| it.id == run.0 && it.open);
        ensure(wanted, || {
            format!("the process of run {} outlived its turn", short(run.0))
        })?;
    }
    Ok(())
}

/// Nobody who takes turns has mail, nobody has an open turn, a wish or an old run, and whoever was to
/// be deleted is gone.
fn nothing_is_stuck(view: &View<'_>) -> Held {
    if let Some(ask) = waits::still_waits(view.seen) {
        return Err(format!("question {} never ends", short(ask)));
    }
    for actor in &view.seen.actors {
        let takes_turns = actor.enabled && matches!(actor.state.as_str(), "idle" | "queued");
        let reads = !takes_turns || (actor.inbox_waking == 0 && actor.state == "idle");
        let lingers = view
            .seen
            .runs
            .iter()
            .any(|run| run.actor_id == actor.id && run.state != "ended");
        let is_quiet = !matches!(actor.state.as_str(), "provisioning" | "running" | "queued");
        ensure(
            reads && is_quiet && actor.intent.is_none() && !lingers,
            || stuck(actor, lingers),
        )?;
    }
    Ok(())
}

fn stuck(actor: &ActorSeen, lingers: bool) -> String {
    format!(
        "{} is stuck: {}, {} messages wait, asked for {:?}, an old run {}; it waits for {:?} until {:?}",
        actor.slug,
        actor.state,
        actor.inbox_pending,
        actor.intent,
        if lingers {
            "lingers"
        } else {
            "does not linger"
        },
        actor.wait_reason,
        actor.wake_at,
    )
}
