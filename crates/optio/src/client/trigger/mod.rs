//! `optio trigger`: by what agents, jobs and blueprints are started.

use chrono::{DateTime, Utc};
use clap::ValueEnum as _;
use optio_domain::ports::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::{agent::said, api::Api, kind::Kind, runs::SHORT_ID, view};
use crate::{
    cli::{By, ChangedTrigger, Trigger, TriggerKind},
    console::{Console, Tone},
    failure::{Exit, Failure},
    machine::SystemClock,
};

mod owner;
pub(super) mod told;
mod written;

use owner::Owner;

const TRIGGERS: &str = "/api/triggers";
/// Digits of an id that are enough where no other begins so.
const PREFIX_CHARS_MIN: usize = 8;

pub(super) async fn run(
    api: &Api,
    trigger: &Trigger,
    console: &mut Console,
) -> Result<(), Failure> {
    match trigger {
        Trigger::List { owner, kind } => list(api, owner.as_deref(), *kind, console).await,
        Trigger::Add { owner, by } => add(api, owner, by, console).await,
        Trigger::Show(which) => show(api, &which.trigger, console).await,
        Trigger::Set(changed) => set(api, changed, console).await,
        Trigger::Rm(which) => {
            let (path, _trigger) = find(api, &which.trigger).await?;
            api.change(Method::DELETE, &path, None).await?;
            let words = format!("removed trigger {}", which.trigger);
            said(console, &json!({ "ok": true }), &words)
        }
        Trigger::Preview { cron, timezone } => {
            preview(api, cron, timezone.as_deref(), console).await
        }
    }
}

async fn list(
    api: &Api,
    owner: Option<&str>,
    kind: Option<TriggerKind>,
    console: &mut Console,
) -> Result<(), Failure> {
    let value = kind.and_then(|kind| kind.to_possible_value());
    let kind = value.as_ref().map(|it| it.get_name());
    let triggers = match owner {
        Some(owner) => {
            let path = Owner::parse(owner)?.triggers();
            let mut triggers = api.list(&path, "triggers").await?;
            triggers.retain(|it| kind.is_none_or(|kind| it["type"] == kind));
            triggers
        }
        None => {
            let of = kind.map_or_else(String::new, |kind| format!("?type={kind}"));
            api.list(&format!("{TRIGGERS}{of}"), "triggers").await?
        }
    };
    if console.is_json() {
        return Ok(console.json(&json!({ "triggers": triggers }))?);
    }
    if triggers.is_empty() {
        console.note("no such triggers; `optio trigger add` adds one");
        return Ok(());
    }
    let names = owner::names(api, &triggers).await?;
    let now = SystemClock.now();
    let rows: Vec<_> = triggers
        .iter()
        .map(|trigger| {
            let (tone, mut cells) = row(trigger, now);
            cells.insert(1, names.of(trigger));
            (tone, cells)
        })
        .collect();
    let head = ["TRIGGER", "STARTS", "TYPE", "WHEN", "NEXT", "LAST OUTCOME"];
    Ok(console.table(&head, &rows)?)
}

/// The triggers of one thing that is shown anyway.
pub(super) fn of_one(triggers: &[Value], console: &mut Console) -> Result<(), Failure> {
    let now = SystemClock.now();
    let rows: Vec<_> = triggers.iter().map(|trigger| row(trigger, now)).collect();
    Ok(console.table(&["TRIGGER", "TYPE", "WHEN", "NEXT", "LAST OUTCOME"], &rows)?)
}

fn row(trigger: &Value, now: DateTime<Utc>) -> (Tone, Vec<String>) {
    let id: String = view::text(trigger, "id").chars().take(SHORT_ID).collect();
    let next = if trigger["enabled"] == false {
        "disabled".to_owned()
    } else {
        view::ago(&trigger["nextFireAt"], now)
    };
    let cells = vec![
        id,
        view::text(trigger, "type"),
        told::when(&trigger["type"], &trigger["config"]),
        next,
        told::outcome(trigger, now),
    ];
    (told::tone(trigger), cells)
}

async fn add(api: &Api, owner: &str, by: &By, console: &mut Console) -> Result<(), Failure> {
    let owner = Owner::parse(owner)?;
    let body = written::new(by, console).await?;
    let answer = api
        .change(Method::POST, &owner.triggers(), Some(&body))
        .await?;
    let trigger = &answer["trigger"];
    let id = view::text(trigger, "id");
    let mut words = format!("added trigger {id}");
    if let Some(at) = view::some(&trigger["nextFireAt"]) {
        let next = told::moment(
            &json!(at),
            &trigger["config"]["timezone"],
            SystemClock.now(),
        );
        words = format!("{words}; it fires {next}");
    } else if trigger["type"] == "webhook" {
        let when = told::when(&trigger["type"], &trigger["config"]);
        words = format!("{words}; it is called with POST {when}");
    }
    said(console, &answer, &words)
}

async fn show(api: &Api, which: &str, console: &mut Console) -> Result<(), Failure> {
    let (_path, trigger) = find(api, which).await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "trigger": trigger }))?);
    }
    let names = owner::names(api, std::slice::from_ref(&trigger)).await?;
    let now = SystemClock.now();
    let title = console.paint(
        Tone::Strong,
        &format!(
            "{} starts {}",
            view::text(&trigger, "type"),
            names.of(&trigger)
        ),
    );
    console.line(&title)?;
    let state = match trigger["enabled"].as_bool() {
        Some(false) => "disabled",
        Some(true) | None => "enabled",
    };
    let mut rows = vec![
        ("id".to_owned(), view::text(&trigger, "id")),
        (
            "state".to_owned(),
            console.paint(told::tone(&trigger), state),
        ),
    ];
    if let Some(reason) = view::some(&trigger["disabledReason"]) {
        rows.push(("because".to_owned(), console.paint(Tone::Bad, &reason)));
    }
    rows.extend(told::settings(&trigger));
    rows.push(("fires so far".to_owned(), view::text(&trigger, "fireCount")));
    rows.push((
        "last fire".to_owned(),
        view::ago(&trigger["lastFiredAt"], now),
    ));
    rows.push(("last outcome".to_owned(), told::outcome(&trigger, now)));
    for at in trigger["nextFires"].as_array().into_iter().flatten() {
        let at = told::moment(at, &trigger["config"]["timezone"], now);
        rows.push(("fires".to_owned(), at));
    }
    for (name, value) in rows {
        console.line(&format!("  {name:<19}{value}"))?;
    }
    Ok(())
}

async fn set(api: &Api, changed: &ChangedTrigger, console: &mut Console) -> Result<(), Failure> {
    let (path, trigger) = find(api, &changed.trigger).await?;
    let body = written::changed(&trigger, changed, console).await?;
    let answer = api.change(Method::PATCH, &path, Some(&body)).await?;
    let words = format!("changed trigger {}", changed.trigger);
    said(console, &answer, &words)
}

async fn preview(
    api: &Api,
    cron: &str,
    timezone: Option<&str>,
    console: &mut Console,
) -> Result<(), Failure> {
    let tried = json!({ "cronExpression": cron, "timezone": timezone });
    let path = format!("{TRIGGERS}/preview");
    let answer = api.change(Method::POST, &path, Some(&tried)).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let now = SystemClock.now();
    for at in answer["nextFires"].as_array().into_iter().flatten() {
        console.line(&told::moment(at, &tried["timezone"], now))?;
    }
    Ok(())
}

/// The trigger with that id, that beginning of an id, or that path, and where it is changed.
async fn find(api: &Api, which: &str) -> Result<(String, Value), Failure> {
    let triggers = api.list(TRIGGERS, "triggers").await?;
    let trigger = one(&triggers, which)?.clone();
    let path = owner::path_of(&trigger)?;
    Ok((path, trigger))
}

fn one<'a>(triggers: &'a [Value], which: &str) -> Result<&'a Value, Failure> {
    let which_id = which.to_ascii_lowercase();
    let begins = |it: &Value| {
        PREFIX_CHARS_MIN <= which.len()
            && it["id"]
                .as_str()
                .is_some_and(|id| id.starts_with(&which_id))
    };
    let is_meant = |it: &&Value| begins(it) || it["config"]["path"] == which;
    let found: Vec<&Value> = triggers.iter().filter(is_meant).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure::new(
            Exit::NotFound,
            format!("there is no trigger {which:?}; `optio trigger list` shows those there are"),
        )),
        many => Err(
            Failure::usage(format!("{which:?} may be one of several triggers"))
                .with(many.iter().map(|it| view::text(it, "id"))),
        ),
    }
}

/// What the owner of a trigger is called by people.
pub(super) fn kind_of(trigger: &Value) -> Option<Kind> {
    let target = trigger["targetType"].as_str()?;
    Kind::ALL
        .into_iter()
        .find(|kind| kind.target().is_some_and(|it| it.name() == target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_found_by_its_id_the_begin_of_it_or_its_path() {
        let trigger = |id: &str, path: &str| json!({ "id": id, "config": { "path": path } });
        let triggers = [
            trigger("0190a000-0000-7000-8000-000000000001", "alerts"),
            trigger("0190a000-0001-7000-8000-000000000001", "triage"),
        ];
        for which in [
            "0190a000-0000",
            "0190A000-0000-7000-8000-000000000001",
            "alerts",
        ] {
            assert_eq!(one(&triggers, which).unwrap()["config"]["path"], "alerts");
        }
        assert_eq!(one(&triggers, "0190a000").unwrap_err().exit, Exit::Usage);
        for unknown in ["0190", "alert", ""] {
            assert_eq!(one(&triggers, unknown).unwrap_err().exit, Exit::NotFound);
        }
    }
}
