//! From TOML to rules. Every refusal says where, what is wrong, and what to write instead.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use regex::Regex;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::template::Template;
use super::{
    Act, Input, MessageMatch, Rule, Scenario, ScenarioError, Step, Usage, UsagePatch, When,
};

const SCENARIO_BYTES_MAX: usize = 1 << 20;
const RULES_MAX: usize = 1_000;
const STEPS_MAX: usize = 200;
/// The longest single pause; also the longest time a text may take.
const WAIT_MS_MAX: u64 = 600_000;

const FIELDS: &str = "see scenarios/README.md for the fields";

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

/// Where we are, for the error.
struct At<'a> {
    place: &'a str,
    field: &'a str,
}

impl At<'_> {
    fn wrong(&self, problem: impl Into<String>, remedy: impl Into<String>) -> ScenarioError {
        ScenarioError::Field {
            place: self.place.to_owned(),
            field: self.field.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
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
        return Err(At {
            place: top,
            field: "rule",
        }
        .wrong(problem, format!("write at most {RULES_MAX}")));
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
            return Err(At {
                place: &place,
                field: "name",
            }
            .wrong("two rules have this name", "give every rule its own name"));
        }
        rules.push(rule);
    }
    Ok(Scenario {
        name: raw.name,
        delay: wait(
            &At {
                place: top,
                field: "delay_ms",
            },
            raw.delay_ms,
        )?,
        usage: raw.usage.over(Usage::default()),
        rules,
        default: default_rule(raw.default, &calls)?,
    })
}

fn call(name: &str, table: toml::Table) -> Result<Template, ScenarioError> {
    let place = format!("call `{name}`");
    let raw: RawCall = fields(
        &At {
            place: &place,
            field: "bash",
        },
        table,
    )?;
    shell(
        &At {
            place: &place,
            field: "bash",
        },
        &raw.bash,
    )
}

fn named_rule(
    number: usize,
    table: toml::Table,
    calls: &BTreeMap<String, Template>,
) -> Result<Rule, ScenarioError> {
    let place = match table.get("name").and_then(toml::Value::as_str) {
        Some(name) if !name.trim().is_empty() => format!("rule `{name}`"),
        Some(_) | None => {
            return Err(At {
                place: &format!("rule number {}", number + 1),
                field: "name",
            }
            .wrong("the rule has no name", "add name = \"…\""));
        }
    };
    let raw: RawRule = fields(
        &At {
            place: &place,
            field: "rule",
        },
        table,
    )?;
    let when = when(&place, &raw)?;
    rule(&place, raw, when, calls)
}

fn default_rule(
    table: Option<toml::Table>,
    calls: &BTreeMap<String, Template>,
) -> Result<Rule, ScenarioError> {
    let place = "the default rule";
    let mut raw: RawRule = fields(
        &At {
            place,
            field: "default",
        },
        table.unwrap_or_default(),
    )?;
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
        return Err(At { place, field }.wrong(
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
        return Err(At {
            place,
            field: "inbox",
        }
        .wrong(
            "a rule is for exactly one kind of occasion",
            "write one of prompt, mission, tick, or some of inbox, not_inbox, from, type",
        ));
    }
    if is_message {
        return message(place, raw).map(When::Message);
    }
    let turn_level = [
        pattern(
            &At {
                place,
                field: "prompt",
            },
            raw.prompt.as_deref(),
        )?
        .map(When::Prompt),
        pattern(
            &At {
                place,
                field: "mission",
            },
            raw.mission.as_deref(),
        )?
        .map(When::Mission),
        pattern(
            &At {
                place,
                field: "tick",
            },
            raw.tick.as_deref(),
        )?
        .map(When::Tick),
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
        return Err(At {
            place,
            field: "type",
        }
        .wrong(
            format!("`{kind}` is not a type of message"),
            "write \"instruction\" or \"broadcast\"",
        ));
    }
    Ok(MessageMatch {
        inbox: pattern(
            &At {
                place,
                field: "inbox",
            },
            raw.inbox.as_deref(),
        )?,
        not_inbox: pattern(
            &At {
                place,
                field: "not_inbox",
            },
            raw.not_inbox.as_deref(),
        )?,
        from: pattern(
            &At {
                place,
                field: "from",
            },
            raw.from.as_deref(),
        )?,
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
        return Err(At {
            place,
            field: "steps",
        }
        .wrong(problem, format!("write at most {STEPS_MAX}")));
    }
    let agent = pattern(
        &At {
            place,
            field: "agent",
        },
        raw.agent.as_deref(),
    )?;
    let known = Known::of(agent.as_ref(), &when);
    let mut steps = Vec::new();
    for (number, table) in raw.steps.into_iter().enumerate() {
        let field = format!("steps[{number}]");
        steps.push(step(
            &At {
                place,
                field: &field,
            },
            table,
            calls,
            &known,
        )?);
    }
    let at = At {
        place,
        field: "summary",
    };
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

/// The names a rule's templates may use.
struct Known(BTreeSet<String>);

impl Known {
    fn of(agent: Option<&Regex>, when: &When) -> Self {
        let mut names = BTreeSet::from(["result".to_owned()]);
        let mut take = |pattern: Option<&Regex>| {
            for name in pattern.into_iter().flat_map(Regex::capture_names).flatten() {
                names.insert(name.to_owned());
            }
        };
        take(agent);
        match when {
            When::Prompt(pattern) | When::Mission(pattern) | When::Tick(pattern) => {
                take(Some(pattern));
            }
            When::Message(message) => {
                take(message.inbox.as_ref());
                take(message.from.as_ref());
                names.extend(["sender", "body", "type", "timestamp"].map(str::to_owned));
            }
            When::Otherwise => {}
        }
        Self(names)
    }

    fn template(&self, at: &At<'_>, text: &str) -> Result<Template, ScenarioError> {
        let template = template(at, text)?;
        self.check(at, &template)?;
        Ok(template)
    }

    fn check(&self, at: &At<'_>, template: &Template) -> Result<(), ScenarioError> {
        let unknown = template
            .names()
            .into_iter()
            .find(|name| !self.0.contains(*name));
        unknown.map_or(Ok(()), |name| {
            let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
            Err(at.wrong(
                format!("`{{{{{name}}}}}` has no value here"),
                format!(
                    "capture it with (?<{name}>…), or use one of {}",
                    names.join(", ")
                ),
            ))
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    think: Option<String>,
    say: Option<String>,
    bash: Option<String>,
    call: Option<String>,
    #[serde(default)]
    with: BTreeMap<String, String>,
    tool: Option<String>,
    input: Option<serde_json::Value>,
    delay_ms: Option<u64>,
    trickle_ms: Option<u64>,
    error: Option<u16>,
    retry_after: Option<u64>,
    drop: Option<bool>,
    hang: Option<bool>,
    times: Option<u32>,
    #[serde(default)]
    usage: UsagePatch,
}

fn step(
    at: &At<'_>,
    table: toml::Table,
    calls: &BTreeMap<String, Template>,
    known: &Known,
) -> Result<Step, ScenarioError> {
    let raw: RawStep = fields(at, table)?;
    only_with(at, &raw)?;
    let trickle = wait(at, raw.trickle_ms.unwrap_or_default())?;
    let times = raw.times;
    let mut acts = Vec::new();
    if let Some(text) = &raw.think {
        acts.push(Act::Think {
            text: known.template(at, text)?,
            trickle,
        });
    }
    if let Some(text) = &raw.say {
        acts.push(Act::Say {
            text: known.template(at, text)?,
            trickle,
        });
    }
    if let Some(command) = &raw.bash {
        let command = shell(at, command)?;
        known.check(at, &command)?;
        acts.push(bash(command));
    }
    if let Some(name) = &raw.call {
        acts.push(bash(called(at, name, &raw.with, calls, known)?));
    }
    if let Some(name) = raw.tool {
        let input = raw.input.unwrap_or_else(|| serde_json::json!({}));
        acts.push(Act::Tool {
            name,
            input: tool_input(at, input, known)?,
        });
    }
    if let Some(ms) = raw.delay_ms {
        acts.push(Act::Pause(wait(at, ms)?));
    }
    if let Some(status) = raw.error {
        if !matches!(status, 400 | 401 | 403 | 404 | 413 | 429 | 500 | 529) {
            return Err(at.wrong(
                format!("the API has no error {status}"),
                "use 400, 401, 403, 404, 413, 429, 500 or 529",
            ));
        }
        acts.push(Act::Error {
            status,
            retry_after_s: raw.retry_after,
            times,
        });
    }
    acts.extend((raw.drop == Some(true)).then_some(Act::Drop { times }));
    acts.extend((raw.hang == Some(true)).then_some(Act::Hang { times }));
    let found = acts.len();
    let mut acts = acts.into_iter();
    match (acts.next(), found) {
        (Some(act), 1) => Ok(Step {
            act,
            usage: raw.usage,
        }),
        (Some(_) | None, _) => Err(at.wrong(
            format!("a step does exactly one thing, this one does {found}"),
            "write one of think, say, bash, call, tool, delay_ms, error, drop = true, hang = true",
        )),
    }
}

/// Refuses a detail that would silently do nothing.
fn only_with(at: &At<'_>, raw: &RawStep) -> Result<(), ScenarioError> {
    let speaks = raw.say.is_some() || raw.think.is_some();
    let fails = raw.error.is_some() || raw.drop == Some(true) || raw.hang == Some(true);
    let idle = [
        (
            raw.trickle_ms.is_some() && !speaks,
            "trickle_ms",
            "say or think",
        ),
        (
            raw.retry_after.is_some() && raw.error.is_none(),
            "retry_after",
            "error",
        ),
        (
            raw.times.is_some() && !fails,
            "times",
            "error, drop or hang",
        ),
        (!raw.with.is_empty() && raw.call.is_none(), "with", "call"),
        (raw.input.is_some() && raw.tool.is_none(), "input", "tool"),
    ];
    idle.into_iter()
        .find(|(is_idle, ..)| *is_idle)
        .map_or(Ok(()), |(_, detail, main)| {
            Err(at.wrong(
                format!("`{detail}` has no effect here"),
                format!("use it with {main}, or remove it"),
            ))
        })
}

fn called(
    at: &At<'_>,
    name: &str,
    with: &BTreeMap<String, String>,
    calls: &BTreeMap<String, Template>,
    known: &Known,
) -> Result<Template, ScenarioError> {
    let Some(command) = calls.get(name) else {
        let names: Vec<&str> = calls.keys().map(String::as_str).collect();
        return Err(at.wrong(
            format!("there is no call `{name}`"),
            format!("add [call.{name}], or use one of: {}", names.join(", ")),
        ));
    };
    let wanted: BTreeSet<&str> = command.names().into_iter().collect();
    let given: BTreeSet<&str> = with.keys().map(String::as_str).collect();
    if wanted != given {
        let wanted: Vec<&str> = wanted.into_iter().collect();
        return Err(at.wrong(
            format!("`with` does not fit the call `{name}`"),
            format!("give exactly: {}", wanted.join(", ")),
        ));
    }
    let given = with
        .iter()
        .map(|(key, text)| Ok((key.clone(), known.template(at, text)?)))
        .collect::<Result<BTreeMap<_, _>, ScenarioError>>()?;
    Ok(command.give(&given))
}

fn bash(command: Template) -> Act {
    let input = Input::Map(vec![("command".to_owned(), Input::Text(command))]);
    Act::Tool {
        name: "Bash".to_owned(),
        input,
    }
}

fn tool_input(
    at: &At<'_>,
    value: serde_json::Value,
    known: &Known,
) -> Result<Input, ScenarioError> {
    use serde_json::Value as V;
    Ok(match value {
        V::String(text) => Input::Text(known.template(at, &text)?),
        V::Array(items) => Input::List(
            items
                .into_iter()
                .map(|item| tool_input(at, item, known))
                .collect::<Result<_, _>>()?,
        ),
        V::Object(map) => Input::Map(
            map.into_iter()
                .map(|(key, item)| Ok((key, tool_input(at, item, known)?)))
                .collect::<Result<_, ScenarioError>>()?,
        ),
        plain @ (V::Null | V::Bool(_) | V::Number(_)) => Input::Plain(plain),
    })
}

fn fields<T: DeserializeOwned>(at: &At<'_>, table: toml::Table) -> Result<T, ScenarioError> {
    table
        .try_into()
        .map_err(|error: toml::de::Error| at.wrong(error.message(), FIELDS))
}

fn pattern(at: &At<'_>, text: Option<&str>) -> Result<Option<Regex>, ScenarioError> {
    text.map(Regex::new).transpose().map_err(|error| {
        let problem = error.to_string();
        let short = problem.lines().last().unwrap_or("not a pattern").trim();
        at.wrong(
            short,
            "write a regular expression of the Rust `regex` crate in '…'",
        )
    })
}

fn template(at: &At<'_>, text: &str) -> Result<Template, ScenarioError> {
    Template::parse(text).map_err(|problem| at.wrong(problem, "mend the template"))
}

fn shell(at: &At<'_>, text: &str) -> Result<Template, ScenarioError> {
    let template = template(at, text)?;
    if let Some(name) = template.unquoted() {
        let problem = format!("`{{{{{name}}}}}` would reach the shell unquoted");
        return Err(at.wrong(
            problem,
            format!("write `{{{{{name}:sh}}}}`, outside of quotes"),
        ));
    }
    Ok(template)
}

fn wait(at: &At<'_>, ms: u64) -> Result<Duration, ScenarioError> {
    if WAIT_MS_MAX < ms {
        let problem = format!("{ms} ms is too long a wait");
        return Err(at.wrong(problem, format!("wait at most {WAIT_MS_MAX} ms")));
    }
    Ok(Duration::from_millis(ms))
}
