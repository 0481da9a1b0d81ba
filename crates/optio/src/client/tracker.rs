//! `optio tracker`: where tickets are looked for. Tokens go to the server and are never shown.

use std::path::Path;

use chrono::{DateTime, Utc};
use optio_domain::{ports::Clock as _, tracker::Source};
use reqwest::Method;
use serde_json::{Value, json};

use super::{agent::said, api::Api, repo, secret, view};
use crate::{
    cli::Tracker,
    console::{Console, Tone},
    failure::{Exit, Failure},
    machine::SystemClock,
};

const TRACKERS: &str = "/api/tickets/providers";
/// Characters of an id that are shown, and by which a tracker may be named.
const SHORT: usize = 13;

pub(super) async fn run(
    api: &Api,
    tracker: &Tracker,
    console: &mut Console,
) -> Result<(), Failure> {
    match tracker {
        Tracker::Add {
            source,
            settings,
            with_token,
            token_file,
        } => {
            let mut config = repo::body_of(settings)?;
            if *with_token || token_file.is_some() {
                let field = token_field(source)?;
                let token = token(source, token_file.as_deref(), console).await?;
                config.insert(field.to_owned(), Value::from(token));
            }
            let body = json!({ "source": source, "config": config });
            let answer = api.change(Method::POST, TRACKERS, Some(&body)).await?;
            let words = format!("added {}", named(&answer["provider"]));
            said(console, &answer, &words)
        }
        Tracker::List => list(api, console).await,
        Tracker::Rm { tracker } => {
            let path = path_of(api, tracker).await?;
            api.change(Method::DELETE, &path, None).await?;
            let words = format!("removed {tracker}");
            said(console, &json!({ "ok": true }), &words)
        }
        Tracker::Sync => sync(api, console).await,
        Tracker::Enable { tracker } => {
            let path = format!("{}/re-enable", path_of(api, tracker).await?);
            let answer = api.change(Method::PATCH, &path, None).await?;
            let words = format!("enabled {}", named(&answer["provider"]));
            said(console, &answer, &words)
        }
    }
}

fn token_field(source: &str) -> Result<&'static str, Failure> {
    let known = Source::parse(source).map(Source::token_field);
    known.ok_or_else(|| {
        let names: Vec<&str> = Source::ALL.iter().map(|source| source.name()).collect();
        Failure::usage(format!(
            "{source:?} is no tracker; there are: {}",
            names.join(", ")
        ))
    })
}

/// A line end after it is no part of it, wherever it comes from.
async fn token(
    source: &str,
    file: Option<&Path>,
    console: &mut Console,
) -> Result<String, Failure> {
    let what = format!("the token of {source}");
    let token = secret::value(&what, file, console).await?;
    Ok(token.trim().to_owned())
}

/// A tracker in words: its source, and its id where it is named by it.
fn named(tracker: &Value) -> String {
    let id: String = view::text(tracker, "id").chars().take(SHORT).collect();
    format!("{} {id}", view::text(tracker, "source"))
}

/// What is looked at, in the members that tell one place from another.
fn place(config: &Value) -> String {
    let members = [
        "owner",
        "repo",
        "host",
        "projectPath",
        "baseUrl",
        "projectKey",
        "teamId",
        "projectId",
        "databaseId",
    ];
    let parts: Vec<&str> = members
        .iter()
        .filter_map(|member| config[*member].as_str())
        .collect();
    parts.join(" ")
}

async fn list(api: &Api, console: &mut Console) -> Result<(), Failure> {
    let trackers = api.list(TRACKERS, "providers").await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "providers": trackers }))?);
    }
    if trackers.is_empty() {
        console.note("no trackers yet; `optio tracker add` adds one");
        return Ok(());
    }
    let now = SystemClock.now();
    let rows: Vec<_> = trackers.iter().map(|tracker| row(tracker, now)).collect();
    console.table(&["ID", "SOURCE", "PLACE", "LABEL", "STATE", "READ"], &rows)?;
    for tracker in &trackers {
        if let Some(words) = view::some(&tracker["lastError"]) {
            console.note(&format!("{}: {words}", named(tracker)));
        }
    }
    Ok(())
}

fn row(tracker: &Value, now: DateTime<Utc>) -> (Tone, Vec<String>) {
    let failures = tracker["consecutiveFailures"].as_i64().unwrap_or_default();
    let (tone, state) = match (tracker["enabled"] == true, failures) {
        (true, 0) => (Tone::Plain, "enabled".to_owned()),
        (true, failures) => (Tone::Bad, format!("failed {failures} times")),
        (false, 0) => (Tone::Dim, "disabled".to_owned()),
        (false, _) => (Tone::Bad, "left alone".to_owned()),
    };
    let config = &tracker["config"];
    let cells = vec![
        view::text(tracker, "id").chars().take(SHORT).collect(),
        view::text(tracker, "source"),
        place(config),
        view::text(config, "label"),
        state,
        view::ago(&tracker["lastSyncedAt"], now),
    ];
    (tone, cells)
}

async fn sync(api: &Api, console: &mut Console) -> Result<(), Failure> {
    let path = "/api/tickets/sync";
    let answer = api.change(Method::POST, path, None).await?;
    let count = answer["synced"].as_i64().unwrap_or_default();
    let words = match count {
        1 => "1 ticket became work".to_owned(),
        count => format!("{count} tickets became work"),
    };
    said(console, &answer, &words)?;
    for tracker in answer["providers"].as_array().into_iter().flatten() {
        match view::some(&tracker["error"]) {
            Some(error) => console.note(&format!("{}: {error}", named(tracker))),
            None if tracker["done"] == false => {
                console.note(&format!("{}: it goes on", named(tracker)));
            }
            None => {}
        }
    }
    Ok(())
}

/// The path of the tracker whose id begins so.
async fn path_of(api: &Api, tracker: &str) -> Result<String, Failure> {
    let trackers = api.list(TRACKERS, "providers").await?;
    let begins = |it: &&Value| {
        let id = it["id"].as_str().unwrap_or_default();
        !tracker.is_empty() && id.starts_with(tracker)
    };
    let found: Vec<&Value> = trackers.iter().filter(begins).collect();
    match found.as_slice() {
        [one] => Ok(format!("{TRACKERS}/{}", view::text(one, "id"))),
        [] => Err(Failure::new(
            Exit::NotFound,
            format!("there is no tracker {tracker:?}; `optio tracker list` shows those there are"),
        )),
        many => Err(Failure::usage(format!(
            "{tracker:?} may be one of several; name more of its id"
        ))
        .with(many.iter().map(|it| view::text(it, "id")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracker_is_shown_by_its_place_and_its_state() {
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let mut tracker = json!({ "id": "0190a000-0000-7000-8000-000000000009", "source": "jira",
            "enabled": true, "consecutiveFailures": 0, "lastSyncedAt": null,
            "config": { "baseUrl": "https://a.b", "projectKey": "SHOP", "label": "optio" } });
        let (tone, cells) = row(&tracker, now);
        assert_eq!(tone, Tone::Plain);
        assert_eq!(
            cells[..5],
            [
                "0190a000-0000",
                "jira",
                "https://a.b SHOP",
                "optio",
                "enabled"
            ]
        );
        tracker["consecutiveFailures"] = json!(5);
        assert_eq!(row(&tracker, now).1[4], "failed 5 times");
        tracker["enabled"] = json!(false);
        assert_eq!(row(&tracker, now).1[4], "left alone");
        assert_eq!(token_field("linear").unwrap(), "apiKey");
        assert_eq!(token_field("svn").unwrap_err().exit, Exit::Usage);
    }
}
