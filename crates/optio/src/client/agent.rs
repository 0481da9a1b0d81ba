//! `optio agent`: create, look, talk, steer.

use std::io::Read;

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use optio_domain::ports::Clock;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{api::Api, view};
use crate::{
    cli::{Class, Create},
    console::{Console, Tone},
    failure::Failure,
    machine::SystemClock,
};

const AGENTS: &str = "/api/persistent-agents";

pub(super) async fn list(api: &Api, console: &mut Console) -> Result<(), Failure> {
    let agents = api.list(AGENTS, "agents").await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "agents": agents }))?);
    }
    if agents.is_empty() {
        console.note("no agents yet; `optio agent create` makes one");
        return Ok(());
    }
    let now = SystemClock.now();
    let rows: Vec<_> = agents.iter().map(|agent| row(agent, now)).collect();
    let head = ["SLUG", "STATE", "LIFECYCLE", "COST", "PENDING", "LAST TURN"];
    Ok(console.table(&head, &rows)?)
}

fn row(agent: &Value, now: DateTime<Utc>) -> (Tone, Vec<String>) {
    let cells = vec![
        view::text(agent, "slug"),
        view::text(agent, "state"),
        view::text(agent, "podLifecycle"),
        view::dollars(&agent["totalCostUsd"]),
        pending(agent).unwrap_or_else(|| view::NOTHING.to_owned()),
        view::ago(&agent["lastTurnAt"], now),
    ];
    (tone(agent), cells)
}

fn tone(agent: &Value) -> Tone {
    match agent["state"].as_str() {
        Some("running" | "provisioning") => Tone::Good,
        Some("queued" | "paused") => Tone::Warning,
        Some("failed") => Tone::Bad,
        Some("archived") => Tone::Dim,
        _ => Tone::Plain,
    }
}

/// Waiting messages, beside the agent or inside it.
fn pending(agent: &Value) -> Option<String> {
    view::some(&agent["inbox"]["pending"]).or_else(|| view::some(&agent["inboxPending"]))
}

pub(super) async fn show(api: &Api, who: &str, console: &mut Console) -> Result<(), Failure> {
    let id = api.agent_id(who).await?;
    let answer = api.get(&format!("{AGENTS}/{id}")).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let (agent, now) = (&answer["agent"], SystemClock.now());
    let title = format!(
        "{} ({})",
        view::text(agent, "slug"),
        view::text(agent, "name")
    );
    let title = console.paint(Tone::Strong, &title);
    console.line(&title)?;
    if let Some(description) = view::some(&agent["description"]) {
        console.line(&description)?;
    }
    let state = console.paint(tone(agent), &view::text(agent, "state"));
    let inbox = &answer["inbox"];
    let mut pending = pending(&answer).unwrap_or_else(|| view::NOTHING.to_owned());
    if !inbox["oldest"].is_null() {
        pending = format!("{pending}, the oldest {}", view::ago(&inbox["oldest"], now));
    }
    let last_turn = view::ago(&agent["lastTurnAt"], now);
    let sandbox = view::decided(&agent["sandbox"]).map(|words| ("sandbox", words));
    let rows = [
        ("id", view::text(agent, "id")),
        ("state", state),
        ("lifecycle", view::text(agent, "podLifecycle")),
        ("program", view::text(agent, "agentRuntime")),
        (
            "model",
            view::some(&agent["model"]).unwrap_or_else(|| "the program's default".to_owned()),
        ),
        ("cost", view::dollars(&agent["totalCostUsd"])),
        ("mail", pending),
        ("last turn", last_turn),
        (
            "failures in a row",
            view::text(agent, "consecutiveFailures"),
        ),
    ];
    for (name, value) in rows.into_iter().chain(sandbox) {
        console.line(&format!("  {name:<18}{value}"))?;
    }
    if let Some(reason) = view::some(&agent["lastFailureReason"]) {
        let reason = console.paint(Tone::Bad, &reason);
        console.line(&format!("  {:<18}{reason}", "last failure"))?;
    }
    Ok(())
}

pub(super) async fn create(
    api: &Api,
    create: &Create,
    console: &mut Console,
) -> Result<(), Failure> {
    let body = body_of(create)?;
    let answer = api.change(Method::POST, AGENTS, Some(&body)).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let agent = &answer["agent"];
    let (slug, id) = (view::text(agent, "slug"), view::text(agent, "id"));
    Ok(console.line(&format!("created {slug} ({id})"))?)
}

/// The fields of a new agent: those of the file, then those of the flags.
fn body_of(create: &Create) -> Result<Value, Failure> {
    let mut fields = match &create.file {
        None => Map::new(),
        Some(path) => match super::input::json(path)? {
            Value::Object(fields) => fields,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                return Err(Failure::usage(format!(
                    "{} must hold one JSON object",
                    path.display()
                )));
            }
        },
    };
    let manual = match &create.agents_md {
        Some(path) => Some(super::input::text(path)?),
        None => None,
    };
    let lifecycle = create.lifecycle.and_then(|it| it.to_possible_value());
    let given = [
        ("slug", create.slug.as_ref().map(|it| json!(it))),
        ("name", create.name.as_ref().map(|it| json!(it))),
        (
            "description",
            create.description.as_ref().map(|it| json!(it)),
        ),
        ("initialPrompt", create.prompt.as_ref().map(|it| json!(it))),
        (
            "systemPrompt",
            create.system_prompt.as_ref().map(|it| json!(it)),
        ),
        ("agentsMd", manual.map(|it| json!(it))),
        ("agentRuntime", create.runtime.as_ref().map(|it| json!(it))),
        ("model", create.model.as_ref().map(|it| json!(it))),
        ("podLifecycle", lifecycle.map(|it| json!(it.get_name()))),
        ("maxTurns", create.max_turns.map(|it| json!(it))),
        (
            "maxTurnDurationMs",
            create
                .turn_seconds_max
                .map(|it| json!(it.saturating_mul(1_000))),
        ),
    ];
    for (field, value) in given {
        if let Some(value) = value {
            fields.insert(field.to_owned(), value);
        }
    }
    if !fields.contains_key("name")
        && let Some(slug) = fields.get("slug").cloned()
    {
        fields.insert("name".to_owned(), slug);
    }
    Ok(Value::Object(fields))
}

/// The text of a message: what is given, or the input.
pub(super) fn message(text: &str) -> Result<String, Failure> {
    let text = if text == "-" {
        let mut input = String::new();
        std::io::stdin().read_to_string(&mut input)?;
        input
    } else {
        text.to_owned()
    };
    if text.trim().is_empty() {
        return Err(Failure::usage(
            "there is nothing to send: the message is empty",
        ));
    }
    Ok(text)
}

/// The body of a message of a class.
pub(super) fn classed(text: &str, class: Option<Class>) -> Value {
    let mut body = json!({ "body": text });
    if let Some(class) = class.and_then(|it| it.to_possible_value()) {
        body["class"] = json!(class.get_name());
    }
    body
}

pub(super) async fn send(
    api: &Api,
    who: &str,
    text: &str,
    class: Option<Class>,
    console: &mut Console,
) -> Result<(), Failure> {
    let body = classed(&message(text)?, class);
    let id = api.agent_id(who).await?;
    let path = format!("{AGENTS}/{id}/messages");
    let answer = api.change(Method::POST, &path, Some(&body)).await?;
    let follow = format!("`optio agent log {who} -f` shows what it does");
    let words = match (answer["stopped"].as_bool(), answer["delivery"].as_str()) {
        (Some(true), _) => format!("stopped {who}: its turn ends and its mail goes back"),
        (Some(false), _) => format!("{who} has no open turn; there was nothing to stop"),
        (None, Some("running-turn")) => format!("sent to {who} in its running turn; {follow}"),
        (None, Some(_)) => format!("sent to {who}: the first mail of its next turn; {follow}"),
        (None, None) => format!("sent to {who}; {follow}"),
    };
    said(console, &answer, &words)
}

pub(super) async fn control(
    api: &Api,
    who: &str,
    intent: &str,
    console: &mut Console,
) -> Result<(), Failure> {
    let id = api.agent_id(who).await?;
    let path = format!("{AGENTS}/{id}/control");
    let body = json!({ "intent": intent });
    let answer = api.change(Method::POST, &path, Some(&body)).await?;
    said(console, &answer, &format!("{intent} {who}: accepted"))
}

pub(super) async fn delete(api: &Api, who: &str, console: &mut Console) -> Result<(), Failure> {
    let id = api.agent_id(who).await?;
    let path = format!("{AGENTS}/{id}");
    api.change(Method::DELETE, &path, None).await?;
    said(console, &json!({"ok": true}), &format!("deleted {who}"))
}

pub(super) fn said(console: &mut Console, answer: &Value, words: &str) -> Result<(), Failure> {
    if console.is_json() {
        return Ok(console.json(answer)?);
    }
    Ok(console.line(words)?)
}
