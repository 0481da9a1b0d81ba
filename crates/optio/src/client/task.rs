//! `optio task`: create, look, talk, steer.

use chrono::{DateTime, Utc};
use optio_domain::{
    ports::Clock,
    repo::{GitPlatform, RepoUrl},
};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    agent::{message, said},
    api::Api,
    log, view,
};
use crate::{
    cli::{NewTask, Task},
    console::{Console, Tone},
    failure::Failure,
    machine::SystemClock,
};

const TASKS: &str = "/api/tasks";
/// Characters of an id in a list: it begins with the time, and tasks of one minute differ only behind.
const SHORT_ID: usize = 13;
/// Characters of a title that is made of the prompt.
const TITLE_CHARS_MAX: usize = 80;

pub(super) async fn run(api: &Api, task: &Task, console: &mut Console) -> Result<(), Failure> {
    match task {
        Task::Create(new) => create(api, new, console).await,
        Task::List {
            state,
            search,
            repo,
            limit,
        } => {
            let query = [
                ("state", state.as_deref()),
                ("q", search.as_deref()),
                ("repoUrl", repo.as_deref()),
                ("limit", Some(&*limit.to_string())),
            ];
            list(api, &query, console).await
        }
        Task::Show(which) => show(api, &which.task, console).await,
        Task::Logs {
            task, follow: true, ..
        } => log::follow_path(api, &format!("{}/stream", path(task)), console).await,
        Task::Logs { task, search, .. } => {
            log::all(api, &path(task), search.as_deref(), console).await
        }
        Task::Message {
            task,
            text,
            interrupt,
        } => {
            let mode = if *interrupt { "interrupt" } else { "soft" };
            let body = json!({ "content": message(text)?, "mode": mode });
            let to = format!("{}/message", path(task));
            let answer = api.change(Method::POST, &to, Some(&body)).await?;
            said(console, &answer, &format!("told {task}"))
        }
        Task::Cancel(which) => act(api, &which.task, "cancel", None, console).await,
        Task::Retry(which) => act(api, &which.task, "retry", None, console).await,
        Task::Redo(which) => act(api, &which.task, "force-redo", None, console).await,
        Task::Resume { task, words } => {
            let body = json!({ "prompt": words });
            act(api, task, "resume", Some(&body), console).await
        }
        Task::Review(which) => {
            let to = format!("{}/review", path(&which.task));
            let answer = api.change(Method::POST, &to, None).await?;
            let words = format!("the review is task {}", view::text(&answer, "reviewTaskId"));
            said(console, &answer, &words)
        }
    }
}

fn path(task: &str) -> String {
    format!("{TASKS}/{}", crate::percent::encode(task.as_bytes()))
}

async fn create(api: &Api, new: &NewTask, console: &mut Console) -> Result<(), Failure> {
    let prompt = message(&new.prompt)?;
    let first_line = prompt.trim().lines().next().unwrap_or_default();
    let title: String = match &new.title {
        Some(title) => title.clone(),
        None => first_line.chars().take(TITLE_CHARS_MAX).collect(),
    };
    let mut depends_on = Vec::new();
    for task in &new.depends_on {
        let answer = api.get(&path(task)).await?;
        depends_on.push(answer["task"]["id"].clone());
    }
    let given = [
        ("title", Some(json!(title))),
        ("prompt", Some(json!(prompt))),
        ("repoUrl", Some(json!(new.repo))),
        ("repoBranch", new.branch.as_ref().map(|it| json!(it))),
        ("agentType", new.agent.as_ref().map(|it| json!(it))),
        ("model", new.model.as_ref().map(|it| json!(it))),
        ("priority", new.priority.map(|it| json!(it))),
        ("maxRetries", new.max_retries.map(|it| json!(it))),
        (
            "dependsOn",
            (!depends_on.is_empty()).then(|| json!(depends_on)),
        ),
        ("ticketSource", new.issue.map(|_| json!(tracker(&new.repo)))),
        (
            "ticketExternalId",
            new.issue.map(|it| json!(it.to_string())),
        ),
    ];
    let fields: Map<String, Value> = given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    let body = Value::Object(fields);
    let answer = api.change(Method::POST, TASKS, Some(&body)).await?;
    let id = view::text(&answer["task"], "id");
    said(console, &answer, &format!("created task {id}"))
}

/// Where the issues of a repository are: on its own host.
fn tracker(repo: &str) -> &'static str {
    let host = RepoUrl::parse(repo).map(|url| GitPlatform::of_host(url.host()));
    host.unwrap_or(GitPlatform::GitHub).name()
}

async fn list(
    api: &Api,
    query: &[(&str, Option<&str>)],
    console: &mut Console,
) -> Result<(), Failure> {
    let parts: Vec<String> = query
        .iter()
        .filter_map(|(name, value)| {
            Some(format!(
                "{name}={}",
                crate::percent::encode((*value)?.as_bytes())
            ))
        })
        .collect();
    let answer = api
        .get(&format!("{TASKS}/search?{}", parts.join("&")))
        .await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let tasks = answer["tasks"].as_array().cloned().unwrap_or_default();
    if tasks.is_empty() {
        console.note("no such tasks; `optio task create` makes one");
        return Ok(());
    }
    let now = SystemClock.now();
    let rows: Vec<_> = tasks.iter().map(|task| row(task, now)).collect();
    let head = ["TASK", "STATE", "PULL REQUEST", "COST", "CHANGED", "TITLE"];
    Ok(console.table(&head, &rows)?)
}

fn row(task: &Value, now: DateTime<Utc>) -> (Tone, Vec<String>) {
    let id: String = view::text(task, "id").chars().take(SHORT_ID).collect();
    let cells = vec![
        id,
        view::text(task, "state"),
        view::text(task, "prUrl"),
        view::dollars(&task["costUsd"]),
        view::ago(&task["stateSince"], now),
        view::text(task, "title").replace('\n', " "),
    ];
    (tone(task), cells)
}

fn tone(task: &Value) -> Tone {
    match task["state"].as_str() {
        Some("running" | "provisioning" | "pr_opened") => Tone::Good,
        Some("needs_attention" | "waiting_on_deps" | "queued") => Tone::Warning,
        Some("failed") => Tone::Bad,
        Some("cancelled" | "completed") => Tone::Dim,
        _ => Tone::Plain,
    }
}

async fn show(api: &Api, task: &str, console: &mut Console) -> Result<(), Failure> {
    let answer = api.get(&path(task)).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let shown = &answer["task"];
    let now = SystemClock.now();
    let title = console.paint(Tone::Strong, &view::text(shown, "title"));
    console.line(&title)?;
    let state = console.paint(tone(shown), &view::text(shown, "state"));
    let mut rows = vec![
        ("id", view::text(shown, "id")),
        (
            "state",
            format!("{state}, {}", view::ago(&shown["stateSince"], now)),
        ),
        ("because", view::text(shown, "stateReason")),
        ("repository", view::text(shown, "repoUrl")),
        (
            "branch",
            format!(
                "{} → {}",
                view::text(shown, "workBranch"),
                view::text(shown, "repoBranch")
            ),
        ),
        ("program", view::text(shown, "agentType")),
        ("runs", view::text(shown, "runsTaken")),
        ("cost", view::dollars(&shown["costUsd"])),
    ];
    if let Some(reason) = view::some(&answer["pendingReason"]) {
        rows.insert(3, ("waits for", reason));
    }
    if let Some(url) = view::some(&shown["prUrl"]) {
        let words = format!(
            "{url}, {}, checks {}, review {}",
            view::text(shown, "prState"),
            view::text(shown, "prChecksStatus"),
            view::text(shown, "prReviewStatus")
        );
        rows.push(("pull request", words));
    }
    let kept = (
        shown["unpushedCommits"].as_i64(),
        shown["dirtyFiles"].as_i64(),
    );
    if let (Some(commits), Some(files)) = kept
        && 0 < commits + files
    {
        rows.push(("not pushed", format!("{commits} commits, {files} files")));
    }
    if let Some(state) = view::some(&answer["worktree"]["state"]) {
        rows.push(("worktree", worktree(&state, &answer["worktree"])));
    }
    if let Some(error) = view::some(&shown["errorMessage"]) {
        let error = console.paint(Tone::Bad, &error);
        rows.push(("last failure", error));
        rows.push(("to do", view::text(shown, "errorRemedy")));
    }
    for (name, value) in rows {
        console.line(&format!("  {name:<14}{value}"))?;
    }
    log::history(api, &path(task), now, console).await
}

/// How its worktree stands, and until when or why.
fn worktree(state: &str, worktree: &Value) -> String {
    let reason = view::some(&worktree["reason"]);
    let due = view::some(&worktree["dueAt"]).filter(|_| state == "kept");
    match (reason, due) {
        (Some(reason), _) => format!("{state}: {reason}"),
        (None, Some(due)) => format!("{state} until {due}"),
        (None, None) => state.to_owned(),
    }
}

async fn act(
    api: &Api,
    task: &str,
    verb: &str,
    body: Option<&Value>,
    console: &mut Console,
) -> Result<(), Failure> {
    let empty = json!({});
    let to = format!("{}/{verb}", path(task));
    let body = Some(body.unwrap_or(&empty));
    let answer = api.change(Method::POST, &to, body).await?;
    let words = format!("task {task} is {}", view::text(&answer["task"], "state"));
    said(console, &answer, &words)
}
