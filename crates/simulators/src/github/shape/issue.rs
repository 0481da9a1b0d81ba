//! Issues, labels and comments.

use serde_json::{Value, json};

use super::super::world::{Comment, Issue, Repo, World, stamp};
use super::{node, user};

/// An issue, or the side of a pull request that is like one.
pub(in super::super) fn issue(world: &World, repo: &Repo, issue: &Issue) -> Value {
    let name = repo.full_name();
    let api = format!("{}/repos/{name}", world.url);
    let own = format!("{api}/issues/{}", issue.number);
    let pull = repo.pulls.get(&issue.number);
    let kind = if pull.is_some() { "pull" } else { "issues" };
    let html = format!("{}/{name}/{kind}/{}", world.url, issue.number);
    let mut shape = json!({
        "url": own, "repository_url": api,
        "labels_url": format!("{own}/labels{{/name}}"),
        "comments_url": format!("{own}/comments"),
        "events_url": format!("{own}/events"),
        "html_url": html,
        "id": issue.id, "node_id": node("I", issue.id), "number": issue.number,
        "title": issue.title, "body": issue.body,
        "user": user(world, &issue.author),
        "labels": labels(world, repo, &issue.labels),
        "state": if issue.open { "open" } else { "closed" },
        "state_reason": if issue.open { Value::Null } else { json!("completed") },
        "locked": false, "assignee": null, "assignees": [], "milestone": null,
        "comments": issue.comments.len(), "author_association": "MEMBER",
        "created_at": stamp(issue.created), "updated_at": stamp(issue.updated),
        "closed_at": issue.closed.map(stamp), "closed_by": null,
    });
    if let Some(pull) = pull {
        let api = format!("{api}/pulls/{}", issue.number);
        shape["draft"] = json!(pull.draft);
        shape["pull_request"] = json!({
            "url": api, "html_url": html,
            "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
            "merged_at": pull.merged.as_ref().map(|merged| stamp(merged.at)),
        });
    }
    shape
}

/// A label.
pub(in super::super) fn label(world: &World, repo: &Repo, name: &str) -> Value {
    let id = repo.labels.get(name).copied().unwrap_or_default();
    json!({
        "id": id, "node_id": node("LA", id), "name": name, "color": "ededed",
        "url": format!("{}/repos/{}/labels/{name}", world.url, repo.full_name()),
        "default": false, "description": "",
    })
}

/// The labels of something.
pub(super) fn labels(world: &World, repo: &Repo, names: &[String]) -> Value {
    names.iter().map(|name| label(world, repo, name)).collect()
}

/// A comment on an issue or a pull request.
pub(in super::super) fn comment(world: &World, repo: &Repo, on: &Issue, it: &Comment) -> Value {
    let name = repo.full_name();
    let api = format!("{}/repos/{name}/issues", world.url);
    let kind = if repo.pulls.contains_key(&on.number) {
        "pull"
    } else {
        "issues"
    };
    json!({
        "id": it.id, "node_id": node("IC", it.id),
        "url": format!("{api}/comments/{}", it.id),
        "html_url": format!("{}/{name}/{kind}/{}#issuecomment-{}", world.url, on.number, it.id),
        "issue_url": format!("{api}/{}", on.number),
        "user": user(world, &it.author), "body": it.body,
        "author_association": "MEMBER", "performed_via_github_app": null,
        "created_at": stamp(it.at), "updated_at": stamp(it.at),
    })
}
