//! `optio dead`: messages that were given up.

use chrono::{DateTime, Utc};
use optio_domain::ports::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::{agent::said, api::Api, view};
use crate::{
    cli::{Dead, Meant},
    console::{Console, Tone},
    failure::Failure,
    machine::SystemClock,
};

const DEAD: &str = "/api/dead-letters";

pub(super) async fn run(api: &Api, dead: &Dead, console: &mut Console) -> Result<(), Failure> {
    match dead {
        Dead::List { agent } => list(api, agent.as_deref(), console).await,
        Dead::Show { message } => show(api, message, console).await,
        Dead::Replay(meant) => settle(api, meant, "replay", "replayed", console).await,
        Dead::Discard(meant) => settle(api, meant, "discard", "discarded", console).await,
    }
}

/// The list of all, or of one agent.
async fn path_of(api: &Api, agent: Option<&str>) -> Result<String, Failure> {
    Ok(match agent {
        Some(who) => {
            let id = api.agent_id(who).await?;
            format!("/api/persistent-agents/{id}/dead-letters")
        }
        None => DEAD.to_owned(),
    })
}

async fn list(api: &Api, agent: Option<&str>, console: &mut Console) -> Result<(), Failure> {
    let path = path_of(api, agent).await?;
    let messages = api.list(&path, "messages").await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "messages": messages }))?);
    }
    if messages.is_empty() {
        console.note("no message was given up");
        return Ok(());
    }
    let now = SystemClock.now();
    let rows: Vec<_> = messages.iter().map(|it| row(it, now)).collect();
    let head = ["MESSAGE", "AGENT", "FROM", "ATTEMPTS", "RECEIVED", "REASON"];
    Ok(console.table(&head, &rows)?)
}

fn row(message: &Value, now: DateTime<Utc>) -> (Tone, Vec<String>) {
    let from = format!(
        "{}:{}",
        view::text(message, "senderType"),
        view::text(message, "senderId")
    );
    let reason = view::text(message, "deadReason").replace('\n', " ");
    let cells = vec![
        view::text(message, "id"),
        view::text(message, "agentId"),
        from,
        view::text(message, "attempts"),
        view::ago(&message["receivedAt"], now),
        reason,
    ];
    (Tone::Plain, cells)
}

async fn show(api: &Api, message: &str, console: &mut Console) -> Result<(), Failure> {
    let id = crate::percent::encode(message.as_bytes());
    let answer = api.get(&format!("{DEAD}/{id}")).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let (message, now) = (&answer["message"], SystemClock.now());
    let from = format!(
        "{}:{}",
        view::text(message, "senderType"),
        view::text(message, "senderId")
    );
    for (name, value) in [
        ("message", view::text(message, "id")),
        ("agent", view::text(message, "agentId")),
        ("from", from),
        ("class", view::text(message, "class")),
        ("received", view::ago(&message["receivedAt"], now)),
        ("attempts", view::text(message, "attempts")),
        ("reason", view::text(message, "deadReason")),
    ] {
        console.line(&format!("  {name:<10}{value}"))?;
    }
    for turn in answer["turns"].as_array().into_iter().flatten() {
        let words = format!(
            "  turn {:<5}{}: {}",
            view::text(turn, "turnNumber"),
            view::ago(&turn["startedAt"], now),
            view::text(turn, "error")
        );
        console.line(&words)?;
    }
    console.line("")?;
    Ok(console.line(&view::text(message, "body"))?)
}

async fn settle(
    api: &Api,
    meant: &Meant,
    verb: &str,
    done: &str,
    console: &mut Console,
) -> Result<(), Failure> {
    if let Some(message) = &meant.message {
        let id = crate::percent::encode(message.as_bytes());
        let path = format!("{DEAD}/{id}/{verb}");
        let answer = api.change(Method::POST, &path, None).await?;
        return said(console, &answer, &format!("{done} {message}"));
    }
    let path = path_of(api, meant.agent.as_deref()).await?;
    let path = format!("{path}/{verb}");
    let mut count = 0;
    loop {
        let answer = api.change(Method::POST, &path, None).await?;
        count += answer["count"].as_i64().unwrap_or(0);
        if answer["more"] != true {
            break;
        }
    }
    let answer = json!({ "ok": true, "count": count });
    said(console, &answer, &format!("{done} {count} messages"))
}
