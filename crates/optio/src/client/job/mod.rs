//! `optio job` and `optio blueprint`: what can be started again and again.

use reqwest::Method;
use serde_json::{Value, json};

use super::{agent::said, api::Api, kind::Kind, runs, view};
use crate::{
    cli::{Blueprint, Job, NewStartable, Settings},
    console::{Console, Tone},
    failure::Failure,
    machine::SystemClock,
};
use chrono::{DateTime, Utc};
use optio_domain::ports::Clock;

mod show;
mod start;
pub(super) mod written;

pub(super) async fn run(api: &Api, job: &Job, console: &mut Console) -> Result<(), Failure> {
    match job {
        Job::Add(new) => add(api, Kind::Job, new, console).await,
        Job::List => list(api, console).await,
        Job::Show(which) => show::show(api, Kind::Job, &which.name, console).await,
        Job::Set(settings) => set(api, Kind::Job, settings, console).await,
        Job::Rm(which) => remove(api, Kind::Job, &which.name, console).await,
        Job::Clone(which) => {
            let path = format!("{}/clone", Kind::Job.path_of(&which.name));
            let answer = api.change(Method::POST, &path, None).await?;
            let copy = view::text(&answer["workflow"], "name");
            let words = format!("{} is copied to {copy}, which is disabled", which.name);
            said(console, &answer, &words)
        }
        Job::Run(order) => start::start(api, Kind::Job, order, console).await,
        Job::Runs(which) => runs::of(api, Kind::Job, &which.name, which.limit, console).await,
    }
}

pub(super) async fn blueprint(
    api: &Api,
    blueprint: &Blueprint,
    console: &mut Console,
) -> Result<(), Failure> {
    let kind = Kind::Blueprint;
    match blueprint {
        Blueprint::Add(new) => add(api, kind, new, console).await,
        Blueprint::List => list_blueprints(api, console).await,
        Blueprint::Show(which) => show::show(api, kind, &which.name, console).await,
        Blueprint::Set(settings) => set(api, kind, settings, console).await,
        Blueprint::Rm(which) => remove(api, kind, &which.name, console).await,
        Blueprint::Run(order) => start::start(api, kind, order, console).await,
        Blueprint::Runs(which) => runs::of(api, kind, &which.name, which.limit, console).await,
    }
}

async fn add(
    api: &Api,
    kind: Kind,
    new: &NewStartable,
    console: &mut Console,
) -> Result<(), Failure> {
    let mut body = written::settings(kind, &new.settings)?;
    written::put(&mut body, "name", json!(new.name))?;
    let body = Value::Object(body);
    let answer = api.change(Method::POST, kind.path(), Some(&body)).await?;
    let words = format!(
        "added {} {}",
        kind.word(),
        view::text(&answer[kind.one()], "name")
    );
    said(console, &answer, &words)
}

async fn set(
    api: &Api,
    kind: Kind,
    settings: &Settings,
    console: &mut Console,
) -> Result<(), Failure> {
    let body = Value::Object(written::settings(kind, &settings.settings)?);
    let path = kind.path_of(&settings.name);
    let answer = api.change(Method::PATCH, &path, Some(&body)).await?;
    let words = format!(
        "changed {} {}",
        kind.word(),
        view::text(&answer[kind.one()], "name")
    );
    said(console, &answer, &words)
}

async fn remove(api: &Api, kind: Kind, name: &str, console: &mut Console) -> Result<(), Failure> {
    api.change(Method::DELETE, &kind.path_of(name), None)
        .await?;
    let words = format!("removed {} {name}", kind.word());
    said(console, &json!({ "ok": true }), &words)
}

async fn list(api: &Api, console: &mut Console) -> Result<(), Failure> {
    let jobs = Kind::Job.all(api).await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "workflows": jobs }))?);
    }
    if jobs.is_empty() {
        console.note("no jobs yet; `optio job add` adds one");
        return Ok(());
    }
    let triggers = api.list("/api/triggers", "triggers").await?;
    let now = SystemClock.now();
    let rows: Vec<_> = jobs
        .iter()
        .map(|job| {
            let mut cells = vec![view::text(job, "name"), state(job).to_owned()];
            cells.push(tally(job));
            cells.push(view::dollars(&job["totalCost"]));
            cells.push(view::ago(&job["lastRunAt"], now));
            cells.push(next_of(&triggers, job, now));
            (tone(job), cells)
        })
        .collect();
    let head = ["NAME", "STATE", "RUNS", "COST", "LAST RUN", "NEXT"];
    Ok(console.table(&head, &rows)?)
}

async fn list_blueprints(api: &Api, console: &mut Console) -> Result<(), Failure> {
    let blueprints = Kind::Blueprint.all(api).await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "taskConfigs": blueprints }))?);
    }
    if blueprints.is_empty() {
        console.note("no blueprints yet; `optio blueprint add` adds one");
        return Ok(());
    }
    let triggers = api.list("/api/triggers", "triggers").await?;
    let now = SystemClock.now();
    let rows: Vec<_> = blueprints
        .iter()
        .map(|blueprint| {
            let cells = vec![
                view::text(blueprint, "name"),
                state(blueprint).to_owned(),
                next_of(&triggers, blueprint, now),
                view::text(blueprint, "repoUrl"),
            ];
            (tone(blueprint), cells)
        })
        .collect();
    Ok(console.table(&["NAME", "STATE", "NEXT", "REPOSITORY"], &rows)?)
}

/// Whether it can be started.
fn state(startable: &Value) -> &'static str {
    match startable["enabled"].as_bool() {
        Some(false) => "disabled",
        Some(true) | None => "enabled",
    }
}

fn tone(startable: &Value) -> Tone {
    match startable["enabled"].as_bool() {
        Some(false) => Tone::Dim,
        Some(true) | None => Tone::Plain,
    }
}

/// How its runs ended: "12, 1 failed".
fn tally(job: &Value) -> String {
    let failed = job["failedCount"].as_i64().filter(|count| 0 < *count);
    let all = view::text(job, "runCount");
    failed.map_or_else(|| all.clone(), |failed| format!("{all}, {failed} failed"))
}

/// When a time starts it next.
fn next_of(triggers: &[Value], startable: &Value, now: DateTime<Utc>) -> String {
    let its = triggers
        .iter()
        .filter(|it| it["targetId"] == startable["id"] && it["enabled"] == true);
    let next = its.filter_map(|it| view::moment(&it["nextFireAt"])).min();
    next.map_or_else(|| view::NOTHING.to_owned(), |at| view::ago(&json!(at), now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_fire_of_a_job_is_the_first_of_its_enabled_triggers() {
        let now = "2030-01-01T00:00:00Z".parse().unwrap();
        let fires = |target: &str, enabled: bool, at: &str| json!({ "targetId": target, "enabled": enabled, "nextFireAt": at });
        let triggers = [
            fires("a", true, "2030-01-01T03:00:00Z"),
            fires("a", true, "2030-01-01T02:00:00Z"),
            fires("a", false, "2030-01-01T01:00:00Z"),
            fires("b", true, "2030-01-01T00:30:00Z"),
            json!({ "targetId": "a", "enabled": true, "nextFireAt": null }),
        ];
        assert_eq!(next_of(&triggers, &json!({ "id": "a" }), now), "in 2 h");
        assert_eq!(next_of(&triggers, &json!({ "id": "c" }), now), "-");
    }
}
