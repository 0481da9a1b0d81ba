//! Which answer comes next: the rules that fire for a prompt, laid end to end.
//!
//! The simulator keeps no conversation. The number of tool results since the last prompt says how
//! many tool calls of the script are behind us; the answer is what lies up to and including the
//! next one.

use std::collections::BTreeMap;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use super::template::Vars;
use super::{Act, Input, MessageMatch, Rule, Scenario, Step, Usage, When};
use crate::model::prompt::{self, Envelope};
use crate::model::request::Asked;

/// How often each limited fault has happened, by rule and step.
pub(crate) type Tally = BTreeMap<(String, usize), u32>;

/// What a fired rule says at the end when it has nothing else to say.
const LAST_WORD: &str = "Done.";
/// What is answered to a request without tools: such calls ask for a title or a topic.
const TITLE: &str = "Simulated session";

/// One answer of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The rules that fired in this turn.
    pub(crate) rules: Vec<String>,
    /// How many tool calls of the turn are behind us.
    pub(crate) step: usize,
    pub(crate) beats: Vec<Beat>,
    pub(crate) usage: Usage,
}

/// What happens in an answer, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Beat {
    Pause(Duration),
    Think(Text),
    Say(Text),
    Tool {
        name: String,
        input: Value,
    },
    Error {
        status: u16,
        retry_after_s: Option<u64>,
    },
    Drop,
    Hang,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// The time over which the text is streamed.
    pub(crate) trickle: Duration,
}

struct Fired<'a> {
    rule: &'a Rule,
    vars: Vars,
}

/// Decides the answer. The tally is the only thing remembered from one request to the next.
pub(crate) fn answer(scenario: &Scenario, asked: &Asked, tally: &mut Tally) -> Answer {
    let mut answer = Answer {
        rules: Vec::new(),
        step: asked.results.len(),
        beats: Vec::new(),
        usage: scenario.usage,
    };
    if !asked.has_tools {
        answer.beats.push(say(TITLE.to_owned()));
        return answer;
    }
    let mut fired = fire(scenario, asked);
    answer.rules = fired.iter().map(|fired| fired.rule.name.clone()).collect();
    if !scenario.delay.is_zero() {
        answer.beats.push(Beat::Pause(scenario.delay));
    }
    let mut calls_behind = 0;
    for fired in &mut fired {
        answer.usage = fired.rule.usage.over(scenario.usage);
        for (number, step) in fired.rule.steps.iter().enumerate() {
            let is_call = matches!(step.act, Act::Tool { .. });
            if calls_behind < asked.results.len() {
                if is_call {
                    fired
                        .vars
                        .insert("result".to_owned(), asked.results[calls_behind].clone());
                    calls_behind += 1;
                }
                continue;
            }
            let Some(beat) = play(fired, number, step, tally) else {
                continue;
            };
            answer.usage = step.usage.over(fired.rule.usage.over(scenario.usage));
            let ends = is_call || matches!(beat, Beat::Error { .. } | Beat::Drop | Beat::Hang);
            answer.beats.push(beat);
            if ends {
                return answer;
            }
        }
    }
    close(&fired, &mut answer);
    answer
}

/// The last answer of a turn ends with the summaries, and never without a text.
fn close(fired: &[Fired<'_>], answer: &mut Answer) {
    let summaries: Vec<String> = fired
        .iter()
        .filter_map(|fired| {
            fired
                .rule
                .summary
                .as_ref()
                .map(|text| text.render(&fired.vars))
        })
        .filter(|text| !text.trim().is_empty())
        .collect();
    let has_spoken = answer.beats.iter().any(|beat| matches!(beat, Beat::Say(_)));
    if !summaries.is_empty() {
        answer.beats.push(say(summaries.join("\n")));
    } else if !has_spoken {
        answer.beats.push(say(LAST_WORD.to_owned()));
    }
}

fn say(text: String) -> Beat {
    Beat::Say(Text {
        text,
        trickle: Duration::ZERO,
    })
}

/// The rules that fire: for each occasion of the turn the first that matches.
fn fire<'a>(scenario: &'a Scenario, asked: &Asked) -> Vec<Fired<'a>> {
    let mission = prompt::section(&asked.prompt, prompt::MISSION);
    let inbox = prompt::section(&asked.prompt, prompt::INBOX).unwrap_or_default();
    let tick = prompt::section(&asked.prompt, prompt::TICK);
    let envelopes = prompt::envelopes(inbox);
    let mut occasions = vec![Occasion::Prompt(&asked.prompt)];
    occasions.extend(mission.map(Occasion::Mission));
    occasions.extend(envelopes.iter().map(Occasion::Message));
    occasions.extend(tick.map(Occasion::Tick));

    let who = format!("{}\n{}", asked.system, asked.role);
    let mut fired: Vec<Fired<'a>> = occasions
        .iter()
        .filter_map(|occasion| {
            scenario.rules.iter().find_map(|rule| {
                let vars = matches(rule, &who, occasion)?;
                Some(Fired { rule, vars })
            })
        })
        .collect();
    if fired.is_empty() {
        fired.push(Fired {
            rule: &scenario.default,
            vars: Vars::new(),
        });
    }
    fired
}

enum Occasion<'a> {
    Prompt(&'a str),
    Mission(&'a str),
    Message(&'a Envelope),
    Tick(&'a str),
}

/// The values the rule captured, if it is for this agent and this occasion.
fn matches(rule: &Rule, who: &str, occasion: &Occasion<'_>) -> Option<Vars> {
    let mut vars = Vars::new();
    match (&rule.when, occasion) {
        (When::Prompt(pattern), Occasion::Prompt(text))
        | (When::Mission(pattern), Occasion::Mission(text))
        | (When::Tick(pattern), Occasion::Tick(text)) => {
            capture(Some(pattern), text, &mut vars)?;
        }
        (When::Message(message), Occasion::Message(envelope)) => {
            matches_message(message, envelope, &mut vars)?;
        }
        (
            When::Prompt(_) | When::Mission(_) | When::Message(_) | When::Tick(_) | When::Otherwise,
            _,
        ) => return None,
    }
    // Last, because a system prompt is long and most rules have failed by now.
    capture(rule.agent.as_ref(), who, &mut vars)?;
    Some(vars)
}

fn matches_message(rule: &MessageMatch, envelope: &Envelope, vars: &mut Vars) -> Option<()> {
    let is_kind = rule.kind.as_ref().is_none_or(|kind| *kind == envelope.kind);
    let is_barred = rule
        .not_inbox
        .as_ref()
        .is_some_and(|not| not.is_match(&envelope.body));
    if !is_kind || is_barred {
        return None;
    }
    for (name, value) in [
        ("sender", &envelope.sender),
        ("body", &envelope.body),
        ("type", &envelope.kind),
        ("timestamp", &envelope.timestamp),
    ] {
        vars.insert(name.to_owned(), value.clone());
    }
    capture(rule.from.as_ref(), &envelope.sender, vars)?;
    capture(rule.inbox.as_ref(), &envelope.body, vars)
}

/// Takes the named groups. No pattern matches everything.
fn capture(pattern: Option<&Regex>, text: &str, vars: &mut Vars) -> Option<()> {
    let Some(pattern) = pattern else {
        return Some(());
    };
    let groups = pattern.captures(text)?;
    for name in pattern.capture_names().flatten() {
        let value = groups
            .name(name)
            .map(|found| found.as_str())
            .unwrap_or_default();
        vars.insert(name.to_owned(), value.to_owned());
    }
    Some(())
}

/// One step as a beat; nothing when a limited fault has happened often enough.
fn play(fired: &Fired<'_>, number: usize, step: &Step, tally: &mut Tally) -> Option<Beat> {
    let mut may = |times: Option<u32>| {
        let Some(times) = times else { return true };
        let happened = tally.entry((fired.rule.name.clone(), number)).or_default();
        let may = *happened < times;
        *happened = happened.saturating_add(u32::from(may));
        may
    };
    let text = |text: &super::Template, trickle: Duration| Text {
        text: text.render(&fired.vars),
        trickle,
    };
    match &step.act {
        Act::Pause(pause) => Some(Beat::Pause(*pause)),
        Act::Think {
            text: words,
            trickle,
        } => Some(Beat::Think(text(words, *trickle))),
        Act::Say {
            text: words,
            trickle,
        } => Some(Beat::Say(text(words, *trickle))),
        Act::Tool { name, input } => Some(Beat::Tool {
            name: name.clone(),
            input: fill(input, &fired.vars),
        }),
        Act::Error {
            status,
            retry_after_s,
            times,
        } => may(*times).then_some(Beat::Error {
            status: *status,
            retry_after_s: *retry_after_s,
        }),
        Act::Drop { times } => may(*times).then_some(Beat::Drop),
        Act::Hang { times } => may(*times).then_some(Beat::Hang),
    }
}

fn fill(input: &Input, vars: &Vars) -> Value {
    match input {
        Input::Text(text) => Value::String(text.render(vars)),
        Input::List(items) => items.iter().map(|item| fill(item, vars)).collect(),
        Input::Map(fields) => fields
            .iter()
            .map(|(key, item)| (key.clone(), fill(item, vars)))
            .collect(),
        Input::Plain(value) => value.clone(),
    }
}
