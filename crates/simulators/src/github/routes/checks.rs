//! Check runs and commit statuses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::wire::{Answer, Call, Refusal, Reply, created, ok};
use super::super::world::{Status, World, now};
use super::super::{Shared, heads, shape};
use super::parse;
use crate::git_host::CheckSetup;

const STATES: [&str; 4] = ["error", "failure", "pending", "success"];

pub(super) fn route(shared: &Shared, key: &str, rest: &[&str], call: &Call) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", ["commits", name, "check-runs"]) => runs(&shared.world(), key, name),
        ("GET", ["commits", name, "status"]) => combined(&shared.world(), key, name),
        ("POST", ["check-runs"]) => begin(shared, key, call),
        ("GET", ["check-runs", id]) => show(&shared.world(), key, parse(id)?),
        ("PATCH", ["check-runs", id]) => {
            let id = parse(id)?;
            let mut world = shared.world();
            if let Some(conclusion) = call.text("conclusion") {
                heads::end_check(shared, &mut world, key, id, conclusion);
            }
            show(&world, key, id)
        }
        ("POST", ["statuses", sha]) => set_status(shared, key, sha, call),
        _ => Err(Refusal::missing()),
    }
}

fn commit(world: &World, key: &str, name: &str) -> Result<String, Refusal> {
    let sha = world.repos[key].resolve(name);
    sha.ok_or_else(|| Refusal::new(422, format!("No commit found for SHA: {name}")))
}

fn runs(world: &World, key: &str, name: &str) -> Answer {
    let sha = commit(world, key, name)?;
    let repo = &world.repos[key];
    let runs = repo.checks.iter().rev().filter(|run| run.sha == sha);
    let list: Vec<Value> = runs.map(|run| shape::check_run(world, repo, run)).collect();
    let around = json!({ "total_count": list.len(), "check_runs": [] });
    Ok(Reply::List(list, Some((around, "check_runs"))))
}

fn show(world: &World, key: &str, id: u64) -> Answer {
    let repo = &world.repos[key];
    let run = repo.checks.iter().find(|run| run.id == id);
    ok(shape::check_run(
        world,
        repo,
        run.ok_or_else(Refusal::missing)?,
    ))
}

fn begin(shared: &Shared, key: &str, call: &Call) -> Answer {
    let sha = call.needed("CheckRun", "head_sha")?;
    let check = CheckSetup {
        name: call.needed("CheckRun", "name")?.to_owned(),
        conclusion: None,
        summary: call.body["output"]["summary"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        after_ms: 0,
    };
    let mut world = shared.world();
    let status = call.text("status").unwrap_or("queued");
    let id = heads::add_check(shared, &mut world, key, sha, &check, status);
    if let Some(conclusion) = call.text("conclusion") {
        heads::end_check(shared, &mut world, key, id, conclusion);
    }
    let repo = &world.repos[key];
    let run = repo.checks.iter().find(|run| run.id == id);
    created(shape::check_run(
        &world,
        repo,
        run.ok_or_else(Refusal::missing)?,
    ))
}

fn combined(world: &World, key: &str, name: &str) -> Answer {
    let sha = commit(world, key, name)?;
    let repo = &world.repos[key];
    let mut latest: BTreeMap<&str, &Status> = BTreeMap::new();
    for status in repo.statuses.iter().filter(|it| it.sha == sha) {
        latest.insert(&status.context, status);
    }
    let latest: Vec<&Status> = latest.into_values().collect();
    let around = shape::combined(world, repo, &sha, &latest);
    let list = latest
        .iter()
        .map(|it| shape::status(world, repo, it))
        .collect();
    Ok(Reply::List(list, Some((around, "statuses"))))
}

fn set_status(shared: &Shared, key: &str, sha: &str, call: &Call) -> Answer {
    let state = call.needed("Status", "state")?;
    if !STATES.contains(&state) {
        return Err(Refusal::invalid("Status", "state", "invalid"));
    }
    let mut world = shared.world();
    let status = Status {
        id: world.fresh(),
        sha: sha.to_owned(),
        state: state.to_owned(),
        context: call.text("context").unwrap_or("default").to_owned(),
        description: call.text("description").map(str::to_owned),
        target: call.text("target_url").map(str::to_owned),
        creator: call.caller.login.clone(),
        at: now(),
    };
    let Some(repo) = world.repos.get_mut(key) else {
        return Err(Refusal::missing());
    };
    repo.statuses.push(status);
    let repo = &world.repos[key];
    let made = repo
        .statuses
        .last()
        .map(|it| shape::status(&world, repo, it));
    let mut event = made.clone().unwrap_or_default();
    event["sha"] = json!(sha);
    event["name"] = json!(repo.full_name());
    shared.tell(&mut world, "status", key, &call.caller.login, event);
    created(made.unwrap_or_default())
}
