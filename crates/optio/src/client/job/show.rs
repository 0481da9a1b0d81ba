//! One job or blueprint: what it is, what starts it, what it did, and why it does not move.

use chrono::{DateTime, Utc};
use optio_domain::ports::Clock;
use serde_json::{Value, json};

use super::{
    super::{api::Api, kind::Kind, runs, trigger, view, why},
    state, tally, tone,
};
use crate::{
    console::{Console, Tone},
    failure::Failure,
    machine::SystemClock,
};

/// Runs that are shown with it.
const RUNS_SHOWN: u32 = 5;

/// What is known of a job or a blueprint.
struct Known {
    shown: Value,
    triggers: Vec<Value>,
    runs: Vec<Value>,
    actor: Value,
}

pub(super) async fn show(
    api: &Api,
    kind: Kind,
    name: &str,
    console: &mut Console,
) -> Result<(), Failure> {
    let known = look(api, kind, name).await?;
    if console.is_json() {
        let answer = json!({
            kind.one(): known.shown, "triggers": known.triggers, "runs": known.runs, "actor": known.actor,
        });
        return Ok(console.json(&answer)?);
    }
    let now = SystemClock.now();
    let (shown, actor) = (&known.shown, &known.actor);
    let title = console.paint(Tone::Strong, &view::text(shown, "name"));
    console.line(&title)?;
    if let Some(description) = view::some(&shown["description"]) {
        console.line(&description)?;
    }
    let mut rows = vec![("id", view::text(shown, "id"))];
    rows.push(("state", console.paint(tone(shown), state(shown))));
    rows.push(("waits for", waits(&actor["wait"], now)));
    rows.extend(mail(actor));
    rows.extend(settings(kind, shown, now));
    for (name, value) in rows {
        console.line(&format!("  {name:<14}{value}"))?;
    }
    texts(kind, shown, console)?;
    if !known.triggers.is_empty() {
        console.line("")?;
        trigger::of_one(&known.triggers, console)?;
    }
    if !known.runs.is_empty() {
        console.line("")?;
        runs::table(&known.runs, console)?;
    }
    Ok(())
}

async fn look(api: &Api, kind: Kind, name: &str) -> Result<Known, Failure> {
    let shown = api.get(&kind.path_of(name)).await?[kind.one()].take();
    let id = view::text(&shown, "id");
    let triggers = format!("{}/triggers", kind.path_of(&id));
    Ok(Known {
        triggers: api.list(&triggers, "triggers").await?,
        runs: runs::latest(api, kind, &id, RUNS_SHOWN).await?,
        actor: api.get(&format!("/api/actors/job/{id}")).await?,
        shown,
    })
}

fn waits(wait: &Value, now: DateTime<Utc>) -> String {
    let Some(reason) = view::some(&wait["reason"]) else {
        return "nothing".to_owned();
    };
    let until = match view::moment(&wait["until"]) {
        Some(at) if now < at => format!(", looks again {}", view::ago(&wait["until"], now)),
        Some(_) => ", looks again now".to_owned(),
        None => String::new(),
    };
    format!("{reason} (up to {}{until})", view::text(wait, "holder"))
}

/// Fires that are not answered, and those that could not be.
fn mail(actor: &Value) -> Vec<(&'static str, String)> {
    let count = |member: &str| actor[member].as_i64().unwrap_or_default();
    let mut rows = Vec::new();
    if 0 < count("pending") {
        rows.push(("fires waiting", count("pending").to_string()));
    }
    if 0 < count("dead") {
        let words = format!("{}; `optio dead list` says why", count("dead"));
        rows.push(("fires refused", words));
    }
    rows.extend(why::quarantine(actor).map(|words| ("quarantine", words)));
    rows
}

/// What was decided about it, as far as it was.
fn settings(kind: Kind, shown: &Value, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if kind == Kind::Job {
        rows.push(("runs", tally(shown)));
        rows.push(("last run", view::ago(&shown["lastRunAt"], now)));
        rows.push(("cost", view::dollars(&shown["totalCost"])));
    }
    let labels = [
        ("program", "agentRuntime"),
        ("program", "agentType"),
        ("model", "model"),
        ("repository", "repoUrl"),
        ("branch", "repoBranch"),
        ("budget of one", "budgetUsd"),
        ("runs at once", "maxConcurrent"),
        ("retries", "maxRetries"),
        ("priority", "priority"),
        ("kept warm", "warmPoolSize"),
        ("template", "promptTemplateId"),
    ];
    rows.extend(
        labels
            .into_iter()
            .filter_map(|(label, member)| Some((label, view::some(&shown[member])?))),
    );
    rows.extend(parameters(&shown["paramsSchema"]).map(|words| ("parameters", words)));
    rows.extend(environment(&shown["environmentSpec"]).map(|words| ("finds", words)));
    rows.extend(view::decided(&shown["sandbox"]).map(|words| ("sandbox", words)));
    rows
}

/// The parameters by name: those that must be given, then those that may, in brackets.
fn parameters(schema: &Value) -> Option<String> {
    let names = schema["properties"].as_object()?.keys();
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|it| it.iter().any(|it| it == name));
    let (must, may): (Vec<&String>, Vec<&String>) = names.partition(|name| is_required(name));
    let must = must.into_iter().map(|name| view::clean(name));
    let words: Vec<String> = must
        .chain(
            may.into_iter()
                .map(|name| format!("[{}]", view::clean(name))),
        )
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Its variables by name, since their values may be nobody's business, and whether a script prepares its directory.
fn environment(spec: &Value) -> Option<String> {
    let names = spec["env"].as_object().into_iter().flatten();
    let mut words: Vec<String> = names.map(|(name, _)| view::clean(name)).collect();
    words.extend(spec["setup"].as_str().map(|_| "a setup script".to_owned()));
    (!words.is_empty()).then(|| words.join(", "))
}

/// What its agents are told.
fn texts(kind: Kind, shown: &Value, console: &mut Console) -> Result<(), Failure> {
    let members = match kind {
        Kind::Blueprint => ["title", "prompt"],
        Kind::Template | Kind::Agent | Kind::Job => ["title", "promptTemplate"],
    };
    for member in members {
        let Some(text) = view::some(&shown[member]) else {
            continue;
        };
        console.line("")?;
        for line in text.lines() {
            let line = console.paint(Tone::Dim, &format!("  {line}"));
            console.line(line.trim_end())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_may_be_left_out_are_in_brackets_and_values_of_variables_are_not_shown() {
        let schema =
            json!({ "required": ["service"], "properties": { "depth": {}, "service": {} } });
        assert_eq!(parameters(&schema).unwrap(), "service, [depth]");
        assert_eq!(parameters(&json!({})), None);
        let spec = json!({ "env": { "TOKEN": "hunter2" }, "setup": "npm ci" });
        assert_eq!(environment(&spec).unwrap(), "TOKEN, a setup script");
    }

    #[test]
    fn why_it_does_not_move_is_said_with_holder_and_deadline() {
        let now = "2030-01-01T00:00:00Z".parse().unwrap();
        let wait = json!({ "reason": "2 runs of it to end", "holder": "its runs", "until": "2030-01-01T00:10:00Z" });
        let words = "2 runs of it to end (up to its runs, looks again in 10 min)";
        assert_eq!(waits(&wait, now), words);
        let rows = mail(&json!({ "pending": 2, "dead": 1, "quarantine": null }));
        assert_eq!(rows[0], ("fires waiting", "2".to_owned()));
        assert_eq!(rows.len(), 2);
    }
}
