//! `optio review`: begin, look, change, hand in, talk.

use std::path::Path;

use chrono::{DateTime, Utc};
use optio_domain::ports::Clock;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    agent::{message, said},
    api::Api,
    input, log, view,
};
use crate::{
    cli::{Review, Verdict},
    console::{Console, Tone},
    failure::Failure,
    machine::SystemClock,
};

const REVIEWS: &str = "/api/pr-reviews";
/// Characters of an id in a list: it begins with the time, and reviews of one minute differ only behind.
const SHORT_ID: usize = 13;

pub(super) async fn run(api: &Api, review: &Review, console: &mut Console) -> Result<(), Failure> {
    match review {
        Review::Start { url } => {
            let body = json!({ "prUrl": url });
            let answer = api.change(Method::POST, REVIEWS, Some(&body)).await?;
            let shown = &answer["review"];
            let words = format!(
                "review {} is {}",
                view::text(shown, "id"),
                view::text(shown, "state")
            );
            said(console, &answer, &words)
        }
        Review::List { state, limit } => list(api, state.as_deref(), *limit, console).await,
        Review::Show(which) => show(api, &which.review, console).await,
        Review::Edit {
            review,
            summary,
            verdict,
            comments,
        } => {
            let edit = edit_of(summary.as_deref(), *verdict, comments.as_deref())?;
            let answer = api
                .change(Method::PATCH, &path(review), Some(&edit))
                .await?;
            said(console, &answer, &format!("changed the draft of {review}"))
        }
        Review::Submit(which) => act(api, &which.review, "submit", console).await,
        Review::ReReview(which) => act(api, &which.review, "re-review", console).await,
        Review::Cancel(which) => act(api, &which.review, "cancel", console).await,
        Review::Chat { review, text } => {
            let to = format!("{}/chat", path(review));
            match text {
                Some(text) => {
                    let body = json!({ "message": message(text)? });
                    let answer = api.change(Method::POST, &to, Some(&body)).await?;
                    let words =
                        format!("told {review}; `optio review chat {review}` shows the answer");
                    said(console, &answer, &words)
                }
                None => chat(api, &to, console).await,
            }
        }
        Review::Logs {
            review,
            follow: true,
        } => log::follow_path(api, &format!("{}/stream", path(review)), console).await,
        Review::Logs { review, .. } => log::all(api, &path(review), None, console).await,
    }
}

fn path(review: &str) -> String {
    format!("{REVIEWS}/{}", crate::percent::encode(review.as_bytes()))
}

fn edit_of(
    summary: Option<&str>,
    verdict: Option<Verdict>,
    comments: Option<&Path>,
) -> Result<Value, Failure> {
    let mut edit = Map::new();
    if let Some(summary) = summary {
        let text = match summary.strip_prefix('@') {
            Some(file) => input::text(Path::new(file))?,
            None => summary.to_owned(),
        };
        edit.insert("summary".to_owned(), json!(text));
    }
    if let Some(verdict) = verdict {
        edit.insert("verdict".to_owned(), json!(verdict.name()));
    }
    if let Some(file) = comments {
        let text = input::text(file)?;
        let comments: Value = serde_json::from_str(&text).map_err(|error| {
            Failure::usage(format!("{} holds no JSON: {error}", file.display()))
        })?;
        edit.insert("fileComments".to_owned(), comments);
    }
    if edit.is_empty() {
        return Err(Failure::usage(
            "nothing would change; give --summary, --verdict or --comments",
        ));
    }
    Ok(Value::Object(edit))
}

async fn list(
    api: &Api,
    state: Option<&str>,
    limit: u32,
    console: &mut Console,
) -> Result<(), Failure> {
    let state = state.map_or_else(String::new, |state| {
        format!("&state={}", crate::percent::encode(state.as_bytes()))
    });
    let answer = api.get(&format!("{REVIEWS}?limit={limit}{state}")).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let reviews = answer["reviews"].as_array().cloned().unwrap_or_default();
    if reviews.is_empty() {
        console.note("no such reviews; `optio review start` begins one");
        return Ok(());
    }
    let now = SystemClock.now();
    let rows: Vec<_> = reviews.iter().map(|review| row(review, now)).collect();
    let head = [
        "REVIEW",
        "STATE",
        "VERDICT",
        "CHANGED",
        "PULL REQUEST",
        "TITLE",
    ];
    Ok(console.table(&head, &rows)?)
}

fn row(review: &Value, now: DateTime<Utc>) -> (Tone, Vec<String>) {
    let id: String = view::text(review, "id").chars().take(SHORT_ID).collect();
    let cells = vec![
        id,
        view::text(review, "state"),
        view::text(review, "verdict"),
        view::ago(&review["stateSince"], now),
        view::text(review, "prUrl"),
        view::text(review, "prTitle").replace('\n', " "),
    ];
    (tone(review), cells)
}

fn tone(review: &Value) -> Tone {
    match review["state"].as_str() {
        Some("ready" | "reviewing") => Tone::Good,
        Some("queued" | "waiting_ci" | "stale") => Tone::Warning,
        Some("failed") => Tone::Bad,
        Some("submitted" | "cancelled") => Tone::Dim,
        _ => Tone::Plain,
    }
}

async fn show(api: &Api, review: &str, console: &mut Console) -> Result<(), Failure> {
    let answer = api.get(&path(review)).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let shown = &answer["review"];
    let now = SystemClock.now();
    let title = console.paint(Tone::Strong, &view::text(shown, "prTitle"));
    console.line(&title)?;
    let state = console.paint(tone(shown), &view::text(shown, "state"));
    let mut rows = vec![
        ("id", view::text(shown, "id")),
        ("pull request", view::text(shown, "prUrl")),
        (
            "state",
            format!("{state}, {}", view::ago(&shown["stateSince"], now)),
        ),
        ("because", view::text(shown, "stateReason")),
        ("head", view::text(shown, "headSha")),
        ("runs", view::text(shown, "runsTaken")),
        ("cost", view::dollars(&shown["costUsd"])),
    ];
    if let Some(reason) = view::some(&shown["pendingReason"]) {
        rows.insert(3, ("waits for", reason));
    }
    if let Some(url) = view::some(&shown["submittedUrl"]) {
        rows.push(("handed in", url));
    }
    if let Some(error) = view::some(&shown["errorMessage"]) {
        let error = console.paint(Tone::Bad, &error);
        rows.push(("last failure", error));
    }
    for (name, value) in rows {
        console.line(&format!("  {name:<14}{value}"))?;
    }
    draft(shown, console)?;
    log::history(api, &path(review), now, console).await
}

/// The draft, as it would be handed in.
fn draft(shown: &Value, console: &mut Console) -> Result<(), Failure> {
    let Some(verdict) = view::some(&shown["verdict"]) else {
        return Ok(());
    };
    let verdict = console.paint(Tone::Strong, &verdict);
    console.line("")?;
    console.line(&format!("  {verdict}"))?;
    for line in view::text(shown, "summary").lines() {
        console.line(&format!("  {line}"))?;
    }
    for comment in shown["fileComments"].as_array().into_iter().flatten() {
        let line = view::some(&comment["line"]).map_or_else(String::new, |it| format!(":{it}"));
        let place = format!("{}{line}", view::text(comment, "path"));
        let place = console.paint(Tone::Warning, &place);
        console.line(&format!("  {place}  {}", view::text(comment, "body")))?;
    }
    Ok(console.line("")?)
}

async fn chat(api: &Api, path: &str, console: &mut Console) -> Result<(), Failure> {
    let answer = api.get(path).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    for message in answer["messages"].as_array().into_iter().flatten() {
        let (tone, who) = match message["role"].as_str() {
            Some("assistant") => (Tone::Plain, "agent"),
            _ => (Tone::Warning, "you"),
        };
        let words = format!("◂ {who}: {}", view::text(message, "content"));
        let words = console.paint(tone, &words);
        console.line(&words)?;
    }
    Ok(())
}

async fn act(api: &Api, review: &str, verb: &str, console: &mut Console) -> Result<(), Failure> {
    let to = format!("{}/{verb}", path(review));
    let answer = api.change(Method::POST, &to, Some(&json!({}))).await?;
    let state = view::text(&answer["review"], "state");
    said(console, &answer, &format!("review {review} is {state}"))
}
