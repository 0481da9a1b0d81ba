//! Merge requests: list, open, show, change.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::wire::{Answer, Call, Refusal, Reply, created, ok};
use super::super::world::{Issue, MergeRequest, Pipeline, Project, Reviewer, World, now};
use super::super::{Shared, acts, git, heads, shape};
use super::{git_of, issues, merging, parse};

pub(super) async fn route(shared: &Shared, key: &str, rest: &[&str], call: &Call) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => list(shared, key, call),
        ("POST", []) => open(shared, key, call).await,
        ("GET", [iid]) => show(shared, key, parse(iid)?),
        ("PUT", [iid]) => change(shared, key, parse(iid)?, call),
        ("PUT", [iid, "merge"]) => merging::merge(shared, key, parse(iid)?, call).await,
        ("GET", [iid, "versions"]) => {
            let world = shared.world();
            let merge = world.projects[key].merges.get(&parse(iid)?);
            let merge = merge.ok_or_else(Refusal::missing)?;
            let list = merge.versions.iter().rev();
            let list = list.map(|it| shape::version(it, merge)).collect();
            Ok(Reply::List(list))
        }
        ("GET", [iid, "pipelines"]) => {
            let world = shared.world();
            let project = &world.projects[key];
            let merge = project.merges.get(&parse(iid)?);
            let merge = merge.ok_or_else(Refusal::missing)?;
            let merged = git::merged_name(merge.issue.iid);
            let has = |sha: &str| merge.versions.iter().any(|it| it.head == sha);
            let is_its = |it: &&Pipeline| it.branch == merged || has(&it.sha);
            let list = project.pipelines.iter().rev().filter(is_its);
            let list = list.map(|it| shape::pipeline(&world, project, it));
            Ok(Reply::List(list.collect()))
        }
        _ => Err(Refusal::missing()),
    }
}

fn list(shared: &Shared, key: &str, call: &Call) -> Answer {
    let world = shared.world();
    let project = &world.projects[key];
    let state = call.text("state").unwrap_or("all");
    let is = |field: &str, value: &str| call.text(field).is_none_or(|it| it == value);
    let fits = |it: &&MergeRequest| {
        let of_state = state == "all" || state == it.state();
        of_state && is("source_branch", &it.source) && is("target_branch", &it.target)
    };
    let found = project.merges.values().filter(fits);
    let show = |it: &MergeRequest| shape::merge(&world, project, it, false);
    let mut list: Vec<Value> = found.map(show).collect();
    if call.text("sort") != Some("asc") {
        list.reverse();
    }
    Ok(Reply::List(list))
}

fn shown(world: &World, key: &str, iid: u64) -> Result<Value, Refusal> {
    let project = &world.projects[key];
    let merge = project.merges.get(&iid).ok_or_else(Refusal::missing)?;
    Ok(shape::merge(world, project, merge, true))
}

/// A merge request in full. What git has to say of it comes with a later look, as with GitLab.
pub(super) fn show(shared: &Shared, key: &str, iid: u64) -> Answer {
    let world = shared.world();
    let body = shown(&world, key, iid)?;
    let merge = &world.projects[key].merges[&iid];
    if merge.known.is_none() && merge.issue.open {
        let (shared, key) = (shared.clone(), key.to_owned());
        tokio::spawn(async move {
            if let Err(error) = heads::look(&shared, &key, iid).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "git did not look");
            }
        });
    }
    ok(body)
}

async fn open(shared: &Shared, key: &str, call: &Call) -> Answer {
    let title = call.needed("title")?.to_owned();
    let source = call.needed("source_branch")?.to_owned();
    let target = call.needed("target_branch")?.to_owned();
    let (_, lock) = git_of(shared, key)?;
    let _guard = lock.lock().await;
    let sha = |branch: &str| {
        let sha = shared.world().projects[key].branches.get(branch).cloned();
        sha.ok_or_else(|| Refusal::new(400, format!("400 Bad request - no branch {branch}")))
    };
    let (sha, target_sha) = (sha(&source)?, sha(&target)?);
    let by = &call.by;
    let iid = {
        let mut world = shared.world();
        let id = world.fresh();
        let Some(project) = world.projects.get_mut(key) else {
            return Err(Refusal::missing());
        };
        let is_open =
            |it: &&MergeRequest| it.issue.open && it.source == source && it.target == target;
        if let Some(other) = project.merges.values().find(is_open) {
            let words = format!(
                "Another open merge request already exists for this source branch: !{}",
                other.issue.iid
            );
            return Err(Refusal::new(409, vec![words]));
        }
        let iid = Project::next(&project.merges);
        let body = call.text("description").unwrap_or_default();
        let merge = MergeRequest {
            issue: Issue::new(id, iid, &title, body, by),
            source,
            sha,
            target,
            target_sha,
            merged: None,
            known: None,
            versions: Vec::new(),
            approvals: BTreeMap::new(),
            reviewers: named(&world.tokens, call),
        };
        if let Some(project) = world.projects.get_mut(key) {
            project.merges.insert(iid, merge);
        }
        shared.tell_merge(&mut world, key, iid, "open", by);
        iid
    };
    heads::arrived(shared, key, iid).await?;
    let world = shared.world();
    created(shown(&world, key, iid)?)
}

/// The reviewers that a call names by their numbers: holders of tokens.
fn named(tokens: &BTreeMap<String, String>, call: &Call) -> BTreeMap<String, Reviewer> {
    let ids = call.body["reviewer_ids"].as_array();
    let is_named = |login: &&String| {
        let number = World::user(login);
        ids.is_some_and(|ids| ids.iter().any(|it| *it == number))
    };
    let reviewer = |login: &String| {
        let (state, at) = ("unreviewed", now());
        (login.clone(), Reviewer { state, at })
    };
    tokens.values().filter(is_named).map(reviewer).collect()
}

fn change(shared: &Shared, key: &str, iid: u64, call: &Call) -> Answer {
    let mut world = shared.world();
    issues::edit(&mut world, key, (true, iid), call)?;
    let reviewers = named(&world.tokens, call);
    if let Some(merge) = world.merge_mut(key, iid) {
        for (login, reviewer) in reviewers {
            merge.reviewers.entry(login).or_insert(reviewer);
        }
    }
    match call.text("state_event") {
        Some(event @ ("close" | "reopen")) => {
            let open = event == "reopen";
            acts::set_merge_open(shared, &mut world, key, iid, open, &call.by);
        }
        _ => shared.tell_merge(&mut world, key, iid, "update", &call.by),
    }
    ok(shown(&world, key, iid)?)
}
