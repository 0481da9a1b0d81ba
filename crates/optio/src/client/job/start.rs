//! `optio job run`: starts a run, and follows it to its end where somebody waits for it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    super::{api::Api, input, kind::Kind, log, runs, view},
    written,
};
use crate::{cli::Start, console::Console, failure::Failure};

/// The id before that of the first event of a stream.
const BEGINNING: &str = "0";
/// The wait before a run that went on after all is looked at again.
const SETTLE: Duration = Duration::from_millis(250);

pub(super) async fn start(
    api: &Api,
    kind: Kind,
    order: &Start,
    console: &mut Console,
) -> Result<(), Failure> {
    let path = kind.path_of(&order.name);
    let params = params(api, kind, &path, order).await?;
    let body = json!({ "params": params });
    let (to, id) = match kind {
        Kind::Blueprint => (format!("{path}/run"), "/taskId"),
        Kind::Template | Kind::Agent | Kind::Job => (format!("{path}/runs"), "/run/id"),
    };
    let answer = api.change(Method::POST, &to, Some(&body)).await?;
    let run = answer.pointer(id).and_then(Value::as_str);
    let run = run.ok_or_else(|| Failure::general("the server started something without an id"))?;
    let run = view::clean(run);
    if order.wait {
        return wait(api, kind, &run, console).await;
    }
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    console.line(&run)?;
    let family = match kind {
        Kind::Blueprint => "task",
        Kind::Template | Kind::Agent | Kind::Job => "run",
    };
    console.note(&format!(
        "`optio {family} logs {run} -f` shows what it does"
    ));
    Ok(())
}

/// The parameters of the file, then those of the command line, which win.
async fn params(
    api: &Api,
    kind: Kind,
    path: &str,
    order: &Start,
) -> Result<Map<String, Value>, Failure> {
    let mut params = match &order.file {
        None => Map::new(),
        Some(file) => match input::json(file)? {
            Value::Object(params) => params,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                let words = format!("{} must hold an object of parameters", file.display());
                return Err(Failure::usage(words));
            }
        },
    };
    if !order.params.is_empty() {
        let shown = api.get(path).await?;
        let schema = &shown[kind.one()]["paramsSchema"];
        params.extend(written::params(schema, &order.params)?);
    }
    Ok(params)
}

/// Follows a run until nothing more happens without a person.
async fn wait(api: &Api, kind: Kind, run: &str, console: &mut Console) -> Result<(), Failure> {
    if !console.is_json() {
        console.line(run)?;
    }
    let path = format!("/api/tasks/{run}");
    let mut seen = BEGINNING.to_owned();
    let task = loop {
        seen = log::follow_until(api, &format!("{path}/stream"), seen, &rests, console).await?;
        let answer = api.get(&path).await?;
        if word(&answer["task"]).is_some_and(is_rest) {
            break answer["task"].clone();
        }
        // It went on meanwhile: a person had it tried again.
        tokio::time::sleep(SETTLE).await;
    };
    if console.is_json() {
        let shown = match kind {
            Kind::Blueprint => json!({ "task": task }),
            Kind::Template | Kind::Agent | Kind::Job => {
                api.get(&format!("{}/{run}", runs::RUNS)).await?
            }
        };
        console.json(&shown)?;
    } else {
        let words = format!(
            "── {}, {}",
            view::text(&task, "state"),
            view::dollars(&task["costUsd"])
        );
        let words = console.paint(runs::tone(&task), &words);
        console.line(&words)?;
    }
    verdict(run, &task)
}

/// Whether an event says that nothing more happens without a person.
fn rests(event: &Value) -> bool {
    let changed = ["task:state_changed", "workflow_run:state_changed"];
    let is_change = event["type"]
        .as_str()
        .is_some_and(|it| changed.contains(&it));
    is_change && event["toState"].as_str().is_some_and(is_rest)
}

fn word(task: &Value) -> Option<&str> {
    task["state"].as_str()
}

fn is_rest(state: &str) -> bool {
    [
        "completed",
        "pr_opened",
        "failed",
        "cancelled",
        "needs_attention",
    ]
    .contains(&state)
}

/// Whether it came out well: done, or with a pull request that is open.
fn verdict(run: &str, task: &Value) -> Result<(), Failure> {
    let state = word(task).unwrap_or_default();
    if ["completed", "pr_opened"].contains(&state) {
        return Ok(());
    }
    let why = view::some(&task["errorMessage"]).or_else(|| view::some(&task["stateReason"]));
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let state = match state {
        "needs_attention" => "needs a person",
        "cancelled" => "was cancelled",
        _ => "failed",
    };
    let remedy = view::some(&task["errorRemedy"]).map(|it| format!("to do: {it}"));
    Err(Failure::general(format!("run {run} {state}{why}")).with(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_came_out_badly_says_why_and_what_to_do() {
        let task = |state: &str| json!({ "state": state, "errorMessage": "no key", "errorRemedy": "set one" });
        assert_eq!(verdict("r", &task("completed")), Ok(()));
        assert_eq!(verdict("r", &task("pr_opened")), Ok(()));
        let failure = verdict("r", &task("failed")).unwrap_err();
        assert_eq!(failure.message, "run r failed: no key");
        assert_eq!(failure.details, ["to do: set one"]);
        let failure = verdict("r", &task("cancelled")).unwrap_err();
        assert_eq!(failure.message, "run r was cancelled: no key");
    }

    #[test]
    fn only_a_change_to_a_state_of_rest_ends_the_wait() {
        let event = |kind: &str, to: &str| json!({ "type": kind, "toState": to });
        assert!(rests(&event("workflow_run:state_changed", "completed")));
        assert!(rests(&event("task:state_changed", "pr_opened")));
        assert!(!rests(&event("workflow_run:state_changed", "queued")));
        assert!(!rests(&event("task:log", "completed")));
    }
}
