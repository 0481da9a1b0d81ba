//! `optio why`: what an actor is doing and why it waits, in sentences.

use chrono::{DateTime, Utc};
use optio_domain::{actor::ActorKind, ports::Clock};
use serde_json::Value;
use uuid::Uuid;

use super::{api::Api, kind::Kind, view};
use crate::{
    console::{Console, Tone},
    failure::Failure,
    machine::SystemClock,
};

pub(super) async fn why(api: &Api, address: &str, console: &mut Console) -> Result<(), Failure> {
    let answer = match startable(address) {
        Some((kind, name)) => {
            let shown = api.get(&kind.path_of(name)).await?;
            let id = view::text(&shown[kind.one()], "id");
            api.get(&format!("/api/actors/job/{id}")).await?
        }
        None => api.get(&path_of(address)?).await?,
    };
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    for (tone, line) in sentences(&answer, SystemClock.now()) {
        let line = console.paint(tone, &line);
        console.line(&line)?;
    }
    Ok(())
}

/// A job or a blueprint by its name or id.
fn startable(address: &str) -> Option<(Kind, &str)> {
    let (word, name) = address.split_once([':', '/'])?;
    let kind = Kind::parse(word).filter(|kind| [Kind::Job, Kind::Blueprint].contains(kind))?;
    // As actors both are jobs, and known by their id.
    let is_actor = kind == Kind::Job && name.parse::<Uuid>().is_ok();
    (!name.is_empty() && !is_actor).then_some((kind, name))
}

/// Why an actor is left alone, where it is.
pub(super) fn quarantine(actor: &Value) -> Option<String> {
    view::some(&actor["quarantine"]["reason"])
}

/// Where the API shows the actor with that address.
fn path_of(address: &str) -> Result<String, Failure> {
    let (kind, id) = address
        .split_once([':', '/'])
        .unwrap_or((ActorKind::Agent.name(), address));
    match ActorKind::parse(kind) {
        Some(kind) if !id.is_empty() => Ok(format!(
            "/api/actors/{}/{}",
            kind.name(),
            crate::percent::encode(id.as_bytes())
        )),
        _ => Err(Failure::usage(format!(
            "{address:?} is no address; write a slug, agent:SLUG, agent/ID, job/NAME, blueprint/NAME, task/ID, \
             pr-review/ID or tracker/ID"
        ))),
    }
}

/// Who it is and where it stands.
fn standing(actor: &Value) -> String {
    let text = |field| view::text(actor, field);
    format!(
        "{} is {} ({}/{}, epoch {}, version {}).",
        text("address"),
        text("state"),
        text("kind"),
        text("id"),
        text("epoch"),
        text("version"),
    )
}

fn sentences(actor: &Value, now: DateTime<Utc>) -> Vec<(Tone, String)> {
    let mut lines = vec![(Tone::Strong, standing(actor))];
    if let Some(words) = quarantine(actor) {
        let (kind, id) = (view::text(actor, "kind"), view::text(actor, "id"));
        lines.push((
            Tone::Bad,
            format!("It is in quarantine and does nothing: {words}. POST /api/actors/{kind}/{id}/lift lifts it."),
        ));
    }
    lines.push((Tone::Plain, waiting(&actor["wait"], now)));
    // Servers of before do not say.
    lines.extend(actor.get("owner").map(owned));
    let (pending, dead) = (count(&actor["pending"]), count(&actor["dead"]));
    let wait = if pending == "1" {
        "message waits"
    } else {
        "messages wait"
    };
    lines.push((Tone::Plain, format!("{pending} {wait} for it.")));
    if let Some(words) = view::some(&actor["last_failure"]) {
        let failures = count(&actor["failures"]);
        let tone = if failures == "0" {
            Tone::Dim
        } else {
            Tone::Warning
        };
        lines.push((
            tone,
            format!("Its last failure ({failures} in a row now): {words}."),
        ));
    }
    if dead != "0" {
        let words = format!("{dead} messages could not be taken in and are kept as dead letters.");
        lines.push((Tone::Warning, words));
    }
    let refused = actor["refused"].as_array().map_or(0, Vec::len);
    if refused != 0 {
        let words =
            format!("{refused} reports of runs that were over were refused; --json shows them.");
        lines.push((Tone::Dim, words));
    }
    lines.extend(decided(&actor["decisions"]));
    if let Some(words) = view::some(&actor["isolation"]) {
        lines.push((
            Tone::Dim,
            format!("How agents are kept apart from the machine: {words}."),
        ));
    }
    lines
}

/// The last decisions, newest first, with what they saw.
fn decided(decisions: &Value) -> Vec<(Tone, String)> {
    let decisions = decisions.as_array().map_or(&[] as &[Value], Vec::as_slice);
    let mut lines = Vec::new();
    if !decisions.is_empty() {
        lines.push((Tone::Plain, "It last decided:".to_owned()));
    }
    for decision in decisions {
        let at = view::moment(&decision["at"]).map_or_else(
            || view::text(decision, "at"),
            |at| at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        );
        let step = view::text(decision, "step");
        let seen = view::text(decision, "seen");
        lines.push((Tone::Plain, format!("  {at}  {step}")));
        lines.push((Tone::Dim, format!("      because it saw: {seen}")));
    }
    lines
}

fn waiting(wait: &Value, now: DateTime<Utc>) -> String {
    let Some(reason) = view::some(&wait["reason"]) else {
        return "It waits for nothing.".to_owned();
    };
    let holder = view::text(wait, "holder");
    let until = match view::moment(&wait["until"]) {
        Some(at) => {
            format!(
                "it looks again by itself {}",
                view::ago(&wait["until"], now)
            ) + &format!(" ({})", at.format("%Y-%m-%d %H:%M:%S UTC"))
        }
        None => "only mail or a person wakes it".to_owned(),
    };
    format!("It waits: {reason}. That is up to {holder}; {until}.")
}

/// How many, whether the API says the number or lists them.
fn count(value: &Value) -> String {
    match value.as_array() {
        Some(entries) => entries.len().to_string(),
        None => view::some(value).unwrap_or_else(|| "0".to_owned()),
    }
}

/// Which server runs it.
fn owned(owner: &Value) -> (Tone, String) {
    let Some(url) = view::some(&owner["url"]) else {
        let words = "No server runs it at this moment; one takes it within seconds.";
        return (Tone::Warning, words.to_owned());
    };
    let (replica, until) = (
        view::text(owner, "replica"),
        view::text(owner, "lease_until"),
    );
    if owner["alive"].as_bool().unwrap_or_default() {
        let words = format!("The server at {url} runs it ({replica}, lease until {until}).");
        return (Tone::Dim, words);
    }
    let words = format!(
        "The server at {url} ran it and is gone ({replica}, its lease ended at {until}); another \
         takes it within seconds."
    );
    (Tone::Warning, words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_of_every_form_lead_to_the_same_place() {
        for address in ["vesper", "agent:vesper", "agent/vesper"] {
            assert_eq!(path_of(address).unwrap(), "/api/actors/agent/vesper");
        }
        assert_eq!(path_of("../x?y").unwrap_err().exit.code(), 2);
        assert_eq!(path_of("x?y").unwrap(), "/api/actors/agent/x%3Fy");
        assert_eq!(path_of("task/1").unwrap(), "/api/actors/task/1");
        assert_eq!(path_of("ghost:1").unwrap_err().exit.code(), 2);
        assert_eq!(startable("job/a/b"), Some((Kind::Job, "a/b")));
        assert_eq!(startable("blueprint:a"), Some((Kind::Blueprint, "a")));
        let actor = "job/0190a000-0000-7000-8000-000000000001";
        for other in ["job/", "vesper", "agent/vesper", "task/1", actor] {
            assert_eq!(startable(other), None);
        }
    }

    #[test]
    fn a_wait_is_told_with_reason_holder_and_deadline() {
        let now = "2030-01-01T00:00:00Z".parse().unwrap();
        let wait = json!({"reason": "no slot is free", "holder": "the limit on running turns",
            "until": "2030-01-01T00:00:30Z"});
        assert_eq!(
            waiting(&wait, now),
            "It waits: no slot is free. That is up to the limit on running turns; it looks again \
             by itself in 30 s (2030-01-01 00:00:30 UTC)."
        );
        assert_eq!(waiting(&Value::Null, now), "It waits for nothing.");
    }

    #[test]
    fn who_runs_it_is_told_also_when_nobody_does() {
        let mut owner = json!({"replica": "r", "url": "http://127.0.0.1:1", "alive": true,
            "lease_until": "2030-01-01T00:00:00Z"});
        let (tone, words) = owned(&owner);
        assert_eq!(tone, Tone::Dim);
        let alive =
            "The server at http://127.0.0.1:1 runs it (r, lease until 2030-01-01T00:00:00Z).";
        assert_eq!(words, alive);
        owner["alive"] = json!(false);
        let (tone, words) = owned(&owner);
        assert_eq!(tone, Tone::Warning);
        assert!(words.contains("ran it and is gone"), "{words}");
        let (tone, words) = owned(&Value::Null);
        assert_eq!(tone, Tone::Warning);
        assert!(words.contains("No server runs it"), "{words}");
    }
}
