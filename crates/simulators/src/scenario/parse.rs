//! From TOML to rules. Every refusal says where, what is wrong, and what to write instead.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::check::{At, Known, fields, pattern, shell, wait};
use super::steps::step;
use super::template::Template;
use super::{MessageMatch, Rule, Scenario, ScenarioError, Usage, UsagePatch, When};

const SCENARIO_BYTES_MAX: usize = 1 << 20;
const RULES_MAX: usize = 1_000;
const STEPS_MAX: usize = 200;
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    name: String,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    usage: UsagePatch,
    #[serde(default)]
    call: BTreeMap<String, toml::Table>,
    #[serde(default)]
    rule: Vec<toml::Table>,
    default: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    bash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    #[serde(default)]
    name: String,
    agent: Option<String>,
    prompt: Option<String>,
    mission: Option<String>,
    tick: Option<String>,
    inbox: Option<String>,
    not_inbox: Option<String>,
    from: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    steps: Vec<toml::Table>,
    summary: Option<String>,
    #[serde(default)]
    usage: UsagePatch,
}

pub(super) fn scenario(text: &str) -> Result<Scenario, ScenarioError> {
    if SCENARIO_BYTES_MAX < text.len() {
        return Err(ScenarioError::Long {
            bytes: text.len(),
            max: SCENARIO_BYTES_MAX,
        });
    }
    let raw: RawScenario =
        toml::from_str(text).map_err(|error| ScenarioError::Toml(Box::new(error)))?;
    let top = "the scenario";
    if RULES_MAX < raw.rule.len() {
        let problem = format!("there are {} rules", raw.rule.len());
        return Err(At::new(top, "rule").wrong(problem, format!("write at most {RULES_MAX}")));
    }
    let calls = raw
        .call
        .into_iter()
        .map(|(name, table)| Ok((name.clone(), call(&name, table)?)))
        .collect::<Result<BTreeMap<_, _>, ScenarioError>>()?;
    let mut rules = Vec::new();
    let mut names = BTreeSet::new();
    for (number, table) in raw.rule.into_iter().enumerate() {
        let rule = named_rule(number, table, &calls)?;
        if !names.insert(rule.name.clone()) {
            let place = format!("rule `{}`", rule.name);
            return Err(At::new(&place, "name")
                .wrong("two rules have this name", "give every rule its own name"));
        }
        rules.push(rule);
    }
    Ok(Scenario {
        name: raw.name,
        delay: wait(&At::new(top, "delay_ms"), raw.delay_ms)?,
        usage: raw.usage.over(Usage::default()),
        rules,
        default: default_rule(raw.default, &calls)?,
    })
}

fn call(name: &str, table: toml::Table) -> Result<Template, ScenarioError> {
    let place = format!("call `{name}`");
    let raw: RawCall = fields(&At::new(&place, "bash"), table)?;
    shell(&At::new(&place, "bash"), &raw.bash)
}

fn named_rule(
    number: usize,
    table: toml::Table,
    calls: &BTreeMap<String, Template>,
) -> Result<Rule, ScenarioError> {
    let place = match table.get("name").and_then(toml::Value::as_str) {
        Some(name) if !name.trim().is_empty() => format!("rule `{name}`"),
        Some(_) | None => {
            let place = format!("rule number {}", number + 1);
            return Err(At::new(&place, "name").wrong("the rule has no name", "add name = \"…\""));
        }
    };
    let raw: RawRule = fields(&At::new(&place, "rule"), table)?;
    let when = when(&place, &raw)?;
    rule(&place, raw, when, calls)
}

fn default_rule(
    table: Option<toml::Table>,
    calls: &BTreeMap<String, Template>,
) -> Result<Rule, ScenarioError> {
    let place = "the default rule";
    let mut raw: RawRule = fields(&At::new(place, "default"), table.unwrap_or_default())?;
    let matchers = [
        ("agent", &raw.agent),
        ("prompt", &raw.prompt),
        ("mission", &raw.mission),
        ("tick", &raw.tick),
        ("inbox", &raw.inbox),
        ("not_inbox", &raw.not_inbox),
        ("from", &raw.from),
        ("type", &raw.kind),
    ];
    if let Some((field, _)) = matchers.into_iter().find(|(_, given)| given.is_some()) {
        return Err(At::new(place, field).wrong(
            "the default rule matches everything",
            "make it a [[rule]] or remove the field",
        ));
    }
    "default".clone_into(&mut raw.name);
    rule(place, raw, When::Otherwise, calls)
}

/// Which occasion the rule is for. It must be exactly one.
fn when(place: &str, raw: &RawRule) -> Result<When, ScenarioError> {
    let of_message = [&raw.inbox, &raw.not_inbox, &raw.from, &raw.kind];
    let is_message = of_message.into_iter().any(Option::is_some);
    let kinds = [
        raw.prompt.is_some(),
        raw.mission.is_some(),
        raw.tick.is_some(),
        is_message,
    ];
    if kinds.into_iter().filter(|given| *given).count() != 1 {
        return Err(At::new(place, "inbox").wrong(
            "a rule is for exactly one kind of occasion",
            "write one of prompt, mission, tick, or some of inbox, not_inbox, from, type",
        ));
    }
    if is_message {
        return message(place, raw).map(When::Message);
    }
    let turn_level = [
        pattern(&At::new(place, "prompt"), raw.prompt.as_deref())?.map(When::Prompt),
        pattern(&At::new(place, "mission"), raw.mission.as_deref())?.map(When::Mission),
        pattern(&At::new(place, "tick"), raw.tick.as_deref())?.map(When::Tick),
    ];
    Ok(turn_level
        .into_iter()
        .flatten()
        .next()
        .unwrap_or(When::Otherwise))
}

fn message(place: &str, raw: &RawRule) -> Result<MessageMatch, ScenarioError> {
    if let Some(kind) = raw.kind.as_deref()
        && !matches!(kind, "instruction" | "broadcast")
    {
        return Err(At::new(place, "type").wrong(
            format!("`{kind}` is not a type of message"),
            "write \"instruction\" or \"broadcast\"",
        ));
    }
    Ok(MessageMatch {
        inbox: pattern(&At::new(place, "inbox"), raw.inbox.as_deref())?,
        not_inbox: pattern(&At::new(place, "not_inbox"), raw.not_inbox.as_deref())?,
        from: pattern(&At::new(place, "from"), raw.from.as_deref())?,
        kind: raw.kind.clone(),
    })
}

fn rule(
    place: &str,
    raw: RawRule,
    when: When,
    calls: &BTreeMap<String, Template>,
) -> Result<Rule, ScenarioError> {
    if STEPS_MAX < raw.steps.len() {
        let problem = format!("there are {} steps", raw.steps.len());
        return Err(At::new(place, "steps").wrong(problem, format!("write at most {STEPS_MAX}")));
    }
    let agent = pattern(&At::new(place, "agent"), raw.agent.as_deref())?;
    let known = Known::of(agent.as_ref(), &when);
    let mut steps = Vec::new();
    for (number, table) in raw.steps.into_iter().enumerate() {
        let field = format!("steps[{number}]");
        steps.push(step(&At::new(place, &field), table, calls, &known)?);
    }
    let at = At::new(place, "summary");
    let summary = raw
        .summary
        .map(|text| known.template(&at, &text))
        .transpose()?;
    Ok(Rule {
        name: raw.name,
        agent,
        when,
        steps,
        summary,
        usage: raw.usage,
    })
}
