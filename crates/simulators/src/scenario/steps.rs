//! From TOML to the steps of a rule.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::check::{At, Known, fields, shell, wait};
use super::template::Template;
use super::{Act, Input, ScenarioError, Step, UsagePatch};

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

pub(super) fn step(
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
