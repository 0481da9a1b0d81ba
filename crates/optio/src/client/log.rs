//! `optio agent log`: what an agent said and did, in a turn that was or as it happens.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use reqwest::Response;
use serde_json::Value;

use super::{api::Api, sse::Parser, view};
use crate::{
    console::{Console, Tone},
    failure::{Exit, Failure},
};

/// Lines that are asked for at once.
const LINES: usize = 5_000;
/// The wait before the second attempt to connect again; each further one doubles.
const RETRY_MIN: Duration = Duration::from_millis(250);
/// The longest wait between two attempts.
const RETRY_MAX: Duration = Duration::from_secs(10);

pub(super) async fn turn(
    api: &Api,
    who: &str,
    number: Option<i64>,
    console: &mut Console,
) -> Result<(), Failure> {
    let id = api.agent_id(who).await?;
    let path = format!("/api/persistent-agents/{id}/turns");
    let turns = api.list(&path, "turns").await?;
    let of = |turn: &Value| turn["turnNumber"].as_i64();
    let wanted = number.or_else(|| turns.iter().filter_map(of).max());
    let turn = turns.iter().find(|turn| of(turn) == wanted);
    let Some(turn) = turn.and_then(|turn| turn["id"].as_str()) else {
        let words = match number {
            Some(number) => format!("{who} has no turn {number}"),
            None => format!("{who} has taken no turn yet"),
        };
        return Err(Failure::new(Exit::NotFound, words));
    };
    let turn = crate::percent::encode(turn.as_bytes());
    let answer = api.get(&format!("{path}/{turn}")).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    began(&answer["turn"], console)?;
    for line in answer["logs"].as_array().into_iter().flatten() {
        print_line(line, console)?;
    }
    if answer["turn"]["finishedAt"].is_null() {
        console.note(&format!(
            "this turn is still open; follow it with `optio agent log {who} -f`"
        ));
        return Ok(());
    }
    ended(&answer["turn"], console)
}

/// Prints events until Ctrl-C, or until the server says that there is nothing more to come.
pub(super) async fn follow(api: &Api, who: &str, console: &mut Console) -> Result<(), Failure> {
    let id = api.agent_id(who).await?;
    let path = format!("/api/persistent-agents/{id}/events");
    follow_path(api, &path, console).await
}

/// The same for whatever has a stream there.
pub(super) async fn follow_path(
    api: &Api,
    path: &str,
    console: &mut Console,
) -> Result<(), Failure> {
    let mut seen = Seen::default();
    let never = |_event: &Value| false;
    seen.follow(api, path, &never, console).await
}

/// Reads what has happened there after the event of that id, until an event is the last that matters; the id of
/// the last one that was read. A program is told nothing: it asks what came of it.
pub(super) async fn follow_until(
    api: &Api,
    path: &str,
    from: String,
    is_last: &(dyn Fn(&Value) -> bool + Sync),
    console: &mut Console,
) -> Result<String, Failure> {
    let mut seen = Seen {
        last_id: Some(from.clone()),
        silent: console.is_json(),
        ..Seen::default()
    };
    seen.follow(api, path, is_last, console).await?;
    Ok(seen.last_id.unwrap_or(from))
}

/// How far a stream has been read.
#[derive(Default)]
struct Seen {
    last_id: Option<String>,
    retry: Option<Duration>,
    silent: bool,
}

/// What a connection brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brought {
    Nothing,
    Events,
    TheLast,
}

impl Seen {
    /// Reads until the last event, or until the server says that there is nothing more to come.
    async fn follow(
        &mut self,
        api: &Api,
        path: &str,
        is_last: &(dyn Fn(&Value) -> bool + Sync),
        console: &mut Console,
    ) -> Result<(), Failure> {
        let mut wait = RETRY_MIN;
        let mut connected_once = false;
        loop {
            match api.stream(path, self.last_id.as_deref()).await {
                Ok(None) => return Ok(()),
                Ok(Some(response)) => {
                    match self.read(response, is_last, console).await? {
                        Brought::TheLast => return Ok(()),
                        Brought::Events => wait = RETRY_MIN,
                        Brought::Nothing => {}
                    }
                    connected_once = true;
                }
                // What the server refuses will be refused again; a lost server may come back.
                Err(failure) if !connected_once || failure.exit != Exit::General => {
                    return Err(failure);
                }
                Err(failure) => console.note(&format!("{}; trying again", failure.message)),
            }
            tokio::time::sleep(self.retry.unwrap_or(wait)).await;
            wait = RETRY_MAX.min(wait * 2);
        }
    }

    /// Prints what comes until the connection ends, or the last event has come.
    async fn read(
        &mut self,
        response: Response,
        is_last: &(dyn Fn(&Value) -> bool + Sync),
        console: &mut Console,
    ) -> Result<Brought, Failure> {
        let mut parser = Parser::default();
        let mut bytes = response.bytes_stream();
        let mut brought = Brought::Nothing;
        while let Some(Ok(bytes)) = bytes.next().await {
            let events = parser
                .push(&bytes)
                .map_err(|error| Failure::general(error.to_string()))?;
            for event in events {
                brought = Brought::Events;
                let said = serde_json::from_str::<Value>(&event.data).unwrap_or_default();
                if !self.silent {
                    print_event(&said, console)?;
                }
                self.last_id = event.id.or(self.last_id.take());
                if is_last(&said) {
                    return Ok(Brought::TheLast);
                }
            }
            self.retry = parser.retry_ms.map(Duration::from_millis).or(self.retry);
        }
        Ok(brought)
    }
}

fn print_event(said: &Value, console: &mut Console) -> Result<(), Failure> {
    // What is not understood is not for a person, and no JSON for a program.
    if said.is_null() {
        return Ok(());
    }
    if console.is_json() {
        return Ok(console.line(&said.to_string())?);
    }
    // What an event is about is inside it or is the event itself.
    let inner = |member: &str| {
        let part = &said[member];
        if part.is_object() {
            part.clone()
        } else {
            said.clone()
        }
    };
    match said["type"].as_str() {
        Some("persistent_agent:log" | "task:log" | "pr_review_run:log") => {
            print_line(&inner("log"), console)
        }
        Some("persistent_agent:turn_started") => began(&inner("turn"), console),
        Some("persistent_agent:turn_halted") => ended(&inner("turn"), console),
        Some("persistent_agent:message") => {
            let message = inner("message");
            let from = view::some(&message["senderName"])
                .unwrap_or_else(|| view::text(&message, "senderType"));
            let line = format!("◂ {from}: {}", view::text(&message, "body"));
            let line = console.paint(Tone::Warning, &line);
            Ok(console.line(&line)?)
        }
        Some("task:run_started" | "pr_review:run_started") => {
            let words = format!("── run {}", view::text(said, "number"));
            let words = console.paint(Tone::Strong, &words);
            Ok(console.line(&words)?)
        }
        Some("task:pull_request") => {
            let words = format!(
                "· {} is {}, checks {}, review {}",
                view::text(said, "prUrl"),
                view::text(said, "prState"),
                view::text(said, "prChecksStatus"),
                view::text(said, "prReviewStatus")
            );
            let words = console.paint(Tone::Dim, &words);
            Ok(console.line(&words)?)
        }
        Some("task:state_changed" | "workflow_run:state_changed" | "pr_review:state_changed") => {
            let words = format!(
                "· {}: {}",
                view::text(said, "toState"),
                view::text(said, "reason")
            );
            let words = console.paint(Tone::Dim, &words);
            Ok(console.line(&words)?)
        }
        Some("persistent_agent:state_changed") => {
            let to = view::some(&said["toState"]).unwrap_or_else(|| view::text(said, "state"));
            let line = console.paint(Tone::Dim, &format!("· {to}"));
            Ok(console.line(&line)?)
        }
        _ => Ok(()),
    }
}

fn began(turn: &Value, console: &mut Console) -> Result<(), Failure> {
    let mut words = format!("── turn {}", view::text(turn, "turnNumber"));
    if let Some(source) = view::some(&turn["wakeSource"]) {
        words = format!("{words}, woken by {source}");
    }
    if let Some(at) = view::some(&turn["startedAt"]) {
        words = format!("{words}, {at}");
    }
    let words = console.paint(Tone::Strong, &words);
    Ok(console.line(&words)?)
}

fn ended(turn: &Value, console: &mut Console) -> Result<(), Failure> {
    let reason = view::text(turn, "haltReason");
    let error = view::some(&turn["error"]);
    let tone = if error.is_some() {
        Tone::Bad
    } else {
        Tone::Dim
    };
    let mut words = format!("── ended: {reason}");
    if !turn["costUsd"].is_null() {
        words = format!("{words}, {}", view::dollars(&turn["costUsd"]));
    }
    if let Some(error) = error {
        words = format!("{words}: {error}");
    }
    let words = console.paint(tone, &words);
    Ok(console.line(&words)?)
}

/// Prints all that was said in the attempts of what is shown at a path.
pub(super) async fn all(
    api: &Api,
    path: &str,
    search: Option<&str>,
    console: &mut Console,
) -> Result<(), Failure> {
    let search = search.map_or_else(String::new, |text| {
        format!("&search={}", crate::percent::encode(text.as_bytes()))
    });
    let mut offset = 0;
    loop {
        let page = format!("{path}/logs?limit={LINES}&offset={offset}{search}");
        let answer = api.get(&page).await?;
        let lines = answer["logs"].as_array().cloned().unwrap_or_default();
        for line in &lines {
            if console.is_json() {
                console.line(&line.to_string())?;
            } else {
                print_line(line, console)?;
            }
        }
        if lines.len() < LINES {
            return Ok(());
        }
        offset += LINES;
    }
}

/// Prints every change of the state of what is shown at a path, oldest first.
pub(super) async fn history(
    api: &Api,
    path: &str,
    now: DateTime<Utc>,
    console: &mut Console,
) -> Result<(), Failure> {
    let events = api.get(&format!("{path}/events")).await?;
    for event in events["events"].as_array().into_iter().flatten() {
        let words = format!(
            "  {:<12}{:<17}{}",
            view::ago(&event["createdAt"], now),
            view::text(event, "toState"),
            view::some(&event["message"]).unwrap_or_default()
        );
        let words = console.paint(Tone::Dim, words.trim_end());
        console.line(&words)?;
    }
    Ok(())
}

pub(super) fn print_line(line: &Value, console: &mut Console) -> Result<(), Failure> {
    let content = view::text(line, "content");
    let (tone, mark) = match line["logType"].as_str() {
        Some("tool_use") => (Tone::Dim, "→ "),
        Some("tool_result") => (Tone::Dim, "← "),
        Some("thinking") => (Tone::Dim, "… "),
        Some("system" | "info") => (Tone::Dim, "· "),
        Some("error") => (Tone::Bad, "! "),
        _ if line["stream"] == "stderr" => (Tone::Bad, "! "),
        _ => (Tone::Plain, ""),
    };
    let painted = console.paint(tone, &format!("{mark}{}", content.trim_end_matches('\n')));
    Ok(console.line(&painted)?)
}
