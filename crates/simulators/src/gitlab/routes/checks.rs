//! Pipelines, and statuses of commits.

use serde_json::Value;

use super::super::wire::{Answer, Call, Refusal, Reply, created, ok};
use super::super::world::MergeRequest;
use super::super::{Shared, acts, heads, shape};
use super::parse;
use crate::git_host::CheckSetup;

const STATES: [&str; 6] = [
    "pending", "running", "success", "failed", "canceled", "skipped",
];

pub(super) fn route(shared: &Shared, key: &str, rest: &[&str], call: &Call) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", ["pipelines"]) => {
            let world = shared.world();
            let project = &world.projects[key];
            let sha = call.text("sha");
            let fits = project.pipelines.iter().rev();
            let fits = fits.filter(|it| sha.is_none_or(|sha| it.sha == sha));
            let list = fits.map(|it| shape::pipeline(&world, project, it));
            Ok(Reply::List(list.collect()))
        }
        ("GET", ["pipelines", id]) => {
            let (world, id) = (shared.world(), parse(id)?);
            let project = &world.projects[key];
            let found = project.pipelines.iter().find(|it| it.id == id);
            let found = found.ok_or_else(Refusal::missing)?;
            ok(shape::pipeline(&world, project, found))
        }
        ("GET", ["repository", "commits", sha, "statuses"]) => {
            let world = shared.world();
            let project = &world.projects[key];
            let fits = project.jobs.iter().filter(|it| it.sha == *sha);
            let list = fits.map(|it| shape::status(&world, project, it));
            Ok(Reply::List(list.collect()))
        }
        ("GET", ["repository", "commits", sha, "merge_requests"]) => {
            let world = shared.world();
            let project = &world.projects[key];
            let has = |it: &&MergeRequest| it.versions.iter().any(|of| of.head == *sha);
            let list = project.merges.values().filter(has);
            let list = list.map(|it| shape::merge(&world, project, it, false));
            Ok(Reply::List(list.collect()))
        }
        ("POST", ["statuses", sha]) => set_status(shared, key, sha, call),
        _ => Err(Refusal::missing()),
    }
}

fn set_status(shared: &Shared, key: &str, sha: &str, call: &Call) -> Answer {
    let state = call.needed("state")?;
    if !STATES.contains(&state) {
        return Err(Refusal::new(
            400,
            "400 Bad request - state does not have a valid value",
        ));
    }
    let name = call.text("name").or(call.text("context"));
    let check = CheckSetup {
        name: name.unwrap_or("default").to_owned(),
        conclusion: None,
        summary: call.text("description").unwrap_or_default().to_owned(),
        after_ms: 0,
    };
    let mut world = shared.world();
    let id = heads::add_job(shared, &mut world, key, sha, &check, acts::EXTERNAL);
    heads::end_job(shared, &mut world, key, id, state);
    let shown = |it: &Value| it["id"] == id;
    let project = &world.projects[key];
    let mut jobs = project
        .jobs
        .iter()
        .map(|it| shape::status(&world, project, it));
    created(jobs.find(shown).unwrap_or_default())
}
