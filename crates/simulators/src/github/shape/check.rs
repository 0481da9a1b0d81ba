//! Check runs and commit statuses.

use serde_json::{Value, json};

use super::super::world::{CheckRun, Repo, Status, World, stamp};
use super::{minimal_repo, node, user};

/// The app that runs all checks.
const CHECKER: u64 = 15_368;

/// A check run.
pub(in super::super) fn check_run(world: &World, repo: &Repo, run: &CheckRun) -> Value {
    let name = repo.full_name();
    let own = format!("{}/repos/{name}/check-runs/{}", world.url, run.id);
    let html = format!("{}/{name}/runs/{}", world.url, run.id);
    let made = "2018-07-30T09:30:17Z";
    json!({
        "id": run.id, "node_id": node("CR", run.id), "head_sha": run.sha, "name": run.name,
        "external_id": "", "url": own, "html_url": html, "details_url": html,
        "status": run.status, "conclusion": run.conclusion,
        "started_at": stamp(run.started), "completed_at": run.completed.map(stamp),
        "output": {
            "title": run.name, "summary": run.summary, "text": null,
            "annotations_count": 0, "annotations_url": format!("{own}/annotations"),
        },
        "check_suite": { "id": 1 },
        "app": {
            "id": CHECKER, "slug": "github-actions", "node_id": node("A", CHECKER),
            "owner": user(world, "github"), "name": "GitHub Actions", "description": "",
            "external_url": "https://help.github.com/en/actions",
            "html_url": format!("{}/apps/github-actions", world.url),
            "created_at": made, "updated_at": made, "permissions": {}, "events": [],
        },
        "pull_requests": [],
    })
}

/// The latest status of each context, and what they say together, around the list of them.
pub(in super::super) fn combined(
    world: &World,
    repo: &Repo,
    sha: &str,
    latest: &[&Status],
) -> Value {
    let any = |words: &[&str]| latest.iter().any(|it| words.contains(&it.state.as_str()));
    let state = if any(&["failure", "error"]) {
        "failure"
    } else if latest.is_empty() || any(&["pending"]) {
        "pending"
    } else {
        "success"
    };
    let commit = format!("{}/repos/{}/commits/{sha}", world.url, repo.full_name());
    json!({
        "state": state, "statuses": [], "sha": sha, "total_count": latest.len(),
        "repository": minimal_repo(world, repo),
        "commit_url": commit, "url": format!("{commit}/status"),
    })
}

/// A commit status.
pub(in super::super) fn status(world: &World, repo: &Repo, it: &Status) -> Value {
    let api = format!(
        "{}/repos/{}/statuses/{}",
        world.url,
        repo.full_name(),
        it.sha
    );
    json!({
        "id": it.id, "node_id": node("SC", it.id), "url": api, "avatar_url": null,
        "state": it.state, "description": it.description, "target_url": it.target,
        "context": it.context, "creator": user(world, &it.creator),
        "created_at": stamp(it.at), "updated_at": stamp(it.at),
    })
}
