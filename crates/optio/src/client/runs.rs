//! `optio run`: runs of jobs, and the tasks that were made of blueprints.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::ports::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::{agent::said, api::Api, kind::Kind, log, view};
use crate::{
    cli::Run,
    console::{Console, Tone},
    failure::Failure,
    machine::SystemClock,
};

/// Where the API keeps runs of jobs.
pub(super) const RUNS: &str = "/api/workflow-runs";
/// Characters of an id in a list: it begins with the time, and runs of one minute differ only behind.
pub(super) const SHORT_ID: usize = 13;
/// Characters of parameters in one line.
const PARAMS_CHARS_MAX: usize = 100;

pub(super) async fn run(api: &Api, run: &Run, console: &mut Console) -> Result<(), Failure> {
    match run {
        Run::List { state, limit } => list(api, state.as_deref(), *limit, console).await,
        Run::Show(which) => show(api, &which.run, console).await,
        Run::Logs {
            run, follow: true, ..
        } => {
            let stream = format!("/api/tasks/{}/stream", encoded(run));
            log::follow_path(api, &stream, console).await
        }
        Run::Logs { run, search, .. } => {
            let path = format!("{RUNS}/{}", encoded(run));
            log::all(api, &path, search.as_deref(), console).await
        }
        Run::Cancel(which) => act(api, &which.run, "cancel", console).await,
        Run::Retry(which) => act(api, &which.run, "retry", console).await,
    }
}

fn encoded(run: &str) -> String {
    crate::percent::encode(run.as_bytes())
}

async fn list(
    api: &Api,
    state: Option<&str>,
    limit: u32,
    console: &mut Console,
) -> Result<(), Failure> {
    let state = state.map_or_else(String::new, |state| format!("&state={}", encoded(state)));
    let path = format!("/api/tasks/search?taskType=job&limit={limit}{state}");
    let answer = api.get(&path).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let runs = answer["tasks"].as_array().cloned().unwrap_or_default();
    table(&runs, console)
}

/// The runs of one job, or the tasks of one blueprint.
pub(super) async fn of(
    api: &Api,
    kind: Kind,
    name: &str,
    limit: u32,
    console: &mut Console,
) -> Result<(), Failure> {
    let runs = latest(api, kind, name, limit).await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "runs": runs }))?);
    }
    table(&runs, console)
}

/// The same without printing them, newest first.
pub(super) async fn latest(
    api: &Api,
    kind: Kind,
    name: &str,
    limit: u32,
) -> Result<Vec<Value>, Failure> {
    let path = match kind {
        Kind::Blueprint => {
            let shown = api.get(&kind.path_of(name)).await?;
            let id = view::text(&shown[kind.one()], "id");
            format!("/api/tasks/{}/runs", encoded(&id))
        }
        Kind::Template | Kind::Agent | Kind::Job => {
            format!("{}/runs?limit={limit}", kind.path_of(name))
        }
    };
    let mut runs = match api.get(&path).await?["runs"].take() {
        Value::Array(runs) => runs,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Vec::new()
        }
    };
    runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(runs)
}

pub(super) fn table(runs: &[Value], console: &mut Console) -> Result<(), Failure> {
    if runs.is_empty() {
        console.note("no such runs; `optio job run` starts one");
        return Ok(());
    }
    let now = SystemClock.now();
    let rows: Vec<_> = runs.iter().map(|run| row(run, now)).collect();
    let head = ["RUN", "STATE", "BY", "COST", "STARTED", "TOOK", "TITLE"];
    Ok(console.table(&head, &rows)?)
}

fn row(run: &Value, now: DateTime<Utc>) -> (Tone, Vec<String>) {
    let id: String = view::text(run, "id").chars().take(SHORT_ID).collect();
    let cells = vec![
        id,
        state(run).to_owned(),
        by(run),
        view::dollars(&run["costUsd"]),
        view::ago(&run["createdAt"], now),
        took(run, now),
        view::text(run, "title").replace('\n', " "),
    ];
    (tone(run), cells)
}

/// The finer of the two words that there may be.
fn state(run: &Value) -> &str {
    let finer = run["detailedState"].as_str();
    finer
        .or_else(|| run["state"].as_str())
        .unwrap_or(view::NOTHING)
}

/// Who started it.
fn by(run: &Value) -> String {
    if run["triggerId"].is_null() {
        view::text(run, "createdBy")
    } else {
        "trigger".to_owned()
    }
}

/// How long it ran, or has run so far.
fn took(run: &Value, now: DateTime<Utc>) -> String {
    let end = view::moment(&run["finishedAt"]).or_else(|| view::moment(&run["completedAt"]));
    match view::moment(&run["startedAt"]) {
        Some(start) => view::span((end.unwrap_or(now) - start).max(TimeDelta::zero())),
        None => view::NOTHING.to_owned(),
    }
}

pub(super) fn tone(run: &Value) -> Tone {
    match state(run) {
        "running" | "provisioning" | "pr_opened" => Tone::Good,
        "pending" | "waiting_on_deps" | "queued" | "needs_attention" => Tone::Warning,
        "failed" => Tone::Bad,
        "cancelled" => Tone::Dim,
        _ => Tone::Plain,
    }
}

async fn show(api: &Api, run: &str, console: &mut Console) -> Result<(), Failure> {
    let answer = api.get(&format!("{RUNS}/{}", encoded(run))).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let (shown, now) = (&answer["run"], SystemClock.now());
    let id = view::text(shown, "id");
    let task = api.get(&format!("/api/tasks/{}", encoded(&id))).await?;
    let title = console.paint(Tone::Strong, &view::text(shown, "title"));
    console.line(&title)?;
    let mut rows = vec![("id", id.clone())];
    rows.push(("state", console.paint(tone(shown), state(shown))));
    rows.extend(facts(shown, &task["pendingReason"], now));
    if let Some(error) = view::some(&shown["errorMessage"]) {
        rows.push(("failure", console.paint(Tone::Bad, &error)));
        rows.extend(view::some(&shown["errorRemedy"]).map(|it| ("to do", it)));
    }
    for (name, value) in rows {
        console.line(&format!("  {name:<14}{value}"))?;
    }
    if let Some(words) = view::some(&shown["output"]["summary"]) {
        console.line("")?;
        for line in words.lines() {
            console.line(&format!("  {line}"))?;
        }
        console.line("")?;
    }
    let path = format!("/api/tasks/{}", encoded(&id));
    log::history(api, &path, now, console).await
}

/// What is to be said of every run, as far as it is known.
fn facts(run: &Value, pending: &Value, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let mut known = |name, value: &Value| rows.extend(view::some(value).map(|it| (name, it)));
    known("because", &run["stateReason"]);
    known("waits for", pending);
    known("job", &run["workflowId"]);
    known("trigger", &run["triggerId"]);
    known("model", &run["modelUsed"]);
    known("attempts", &run["attempts"]);
    rows.push(("started by", by(run)));
    rows.push(("created", view::ago(&run["createdAt"], now)));
    rows.push(("took", took(run, now)));
    rows.push(("cost", view::dollars(&run["costUsd"])));
    for (name, value) in run["params"].as_object().into_iter().flatten() {
        let value = view::some(value).unwrap_or_else(|| "null".to_owned());
        rows.push((
            "parameter",
            format!("{} = {}", view::clean(name), short(&value)),
        ));
    }
    rows
}

/// One line of a text.
fn short(text: &str) -> String {
    let line = text.replace('\n', " ");
    if line.chars().count() <= PARAMS_CHARS_MAX {
        return line;
    }
    let begin: String = line.chars().take(PARAMS_CHARS_MAX).collect();
    format!("{begin}…")
}

async fn act(api: &Api, run: &str, verb: &str, console: &mut Console) -> Result<(), Failure> {
    let to = format!("{RUNS}/{}/{verb}", encoded(run));
    let answer = api.change(Method::POST, &to, Some(&json!({}))).await?;
    let words = format!("run {run} is {}", state(&answer["run"]));
    said(console, &answer, &words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_in_one_line_whoever_lists_it() {
        let now = "2030-01-01T01:00:00Z".parse().unwrap();
        let run = json!({
            "id": "0190a000-0000-7000-8000-000000000001", "detailedState": "provisioning", "state": "queued",
            "triggerId": "t", "createdBy": "trigger", "costUsd": "0.10", "createdAt": "2030-01-01T00:00:00Z",
            "startedAt": "2030-01-01T00:30:00Z", "finishedAt": "2030-01-01T00:32:00Z", "title": "a\nb",
        });
        let (tone, cells) = row(&run, now);
        assert_eq!(tone, Tone::Good);
        let told = [
            "0190a000-0000",
            "provisioning",
            "trigger",
            "$0.10",
            "1 h ago",
            "2 min",
            "a b",
        ];
        assert_eq!(cells, told);
        let waits = json!({ "id": "x", "state": "queued", "createdBy": "local", "costUsd": "0" });
        assert_eq!(
            row(&waits, now).1[1..6],
            ["queued", "local", "$0", "-", "-"]
        );
    }
}
