//! How GitLab shows what it has.

mod merge;

use serde_json::{Value, json};

use super::world::{Issue, Job, Note, Pipeline, Project, World, stamp};

pub(super) use merge::{approvals, detailed, merge, merge_url, version};

pub(super) fn user(world: &World, login: &str) -> Value {
    json!({
        "id": World::user(login), "username": login, "name": login, "state": "active",
        "locked": false, "avatar_url": format!("{}/uploads/{login}.png", world.url),
        "web_url": format!("{}/{login}", world.url),
    })
}

pub(super) fn project(world: &World, it: &Project) -> Value {
    let (group, name) = it.path.rsplit_once('/').unwrap_or(("", &it.path));
    let page = format!("{}/{}", world.url, it.path);
    json!({
        "id": it.id, "name": name, "path": name, "description": null, "path_with_namespace": it.path,
        "name_with_namespace": it.path.replace('/', " / "), "default_branch": "main",
        "created_at": stamp(it.created), "last_activity_at": stamp(it.created), "web_url": page,
        "http_url_to_repo": format!("{page}.git"), "topics": [], "tag_list": [],
        "ssh_url_to_repo": format!("ssh://git@{}/{}.git", world.url.trim_start_matches("http://"), it.path),
        "readme_url": format!("{page}/-/blob/main/README.md"), "avatar_url": null, "forks_count": 0,
        "star_count": 0, "visibility": "private", "merge_method": it.merge_method, "empty_repo": false,
        "archived": false, "squash_option": "default_off", "issues_enabled": true,
        "merge_requests_enabled": true, "open_issues_count": it.issues.values().filter(|it| it.open).count(),
        "namespace": { "id": 1, "name": group, "path": group, "kind": "group", "full_path": group,
            "parent_id": null, "avatar_url": null, "web_url": format!("{}/groups/{group}", world.url) },
    })
}

/// A project as events name it.
pub(super) fn hook_project(world: &World, it: &Project) -> Value {
    let (group, name) = it.path.rsplit_once('/').unwrap_or(("", &it.path));
    let page = format!("{}/{}", world.url, it.path);
    json!({
        "id": it.id, "name": name, "description": null, "web_url": page, "avatar_url": null,
        "git_ssh_url": "", "git_http_url": format!("{page}.git"), "namespace": group,
        "visibility_level": 0, "path_with_namespace": it.path, "default_branch": "main",
    })
}

pub(super) fn branch(world: &World, project: &Project, name: &str, sha: &str) -> Value {
    json!({
        "name": name, "merged": false, "protected": name == "main", "default": name == "main",
        "developers_can_push": true, "developers_can_merge": true, "can_push": true,
        "web_url": format!("{}/{}/-/tree/{name}", world.url, project.path),
        "commit": { "id": sha, "short_id": &sha[..8.min(sha.len())] },
    })
}

pub(super) fn label(project: &Project, name: &str) -> Value {
    let id = project.labels.get(name).copied().unwrap_or_default();
    json!({ "id": id, "name": name, "description": null, "description_html": "",
        "text_color": "#FFFFFF", "color": "#428BCA" })
}

fn references(mark: char, project: &Project, iid: u64) -> Value {
    let short = format!("{mark}{iid}");
    json!({ "short": short, "relative": short, "full": format!("{}{short}", project.path) })
}

fn times() -> Value {
    json!({ "time_estimate": 0, "total_time_spent": 0, "human_time_estimate": null,
        "human_total_time_spent": null })
}

fn notes_of_people(issue: &Issue) -> usize {
    issue.notes.iter().filter(|note| !note.system).count()
}

pub(super) fn issue(world: &World, project: &Project, it: &Issue) -> Value {
    let page = format!("{}/{}/-/issues/{}", world.url, project.path, it.iid);
    let api = format!("{}/api/v4/projects/{}", world.url, project.id);
    let own = format!("{api}/issues/{}", it.iid);
    json!({
        "id": it.id, "iid": it.iid, "project_id": project.id, "title": it.title,
        "description": it.body, "state": if it.open { "opened" } else { "closed" },
        "created_at": stamp(it.created), "updated_at": stamp(it.updated),
        "closed_at": it.closed.map(stamp), "closed_by": null, "labels": it.labels,
        "milestone": null, "assignees": [], "assignee": null, "author": user(world, &it.author),
        "type": "ISSUE", "issue_type": "issue", "user_notes_count": notes_of_people(it), "upvotes": 0,
        "downvotes": 0, "merge_requests_count": 0, "due_date": null, "confidential": false,
        "discussion_locked": null, "web_url": page, "time_stats": times(), "has_tasks": false,
        "task_status": "", "task_completion_status": { "count": 0, "completed_count": 0 },
        "references": references('#', project, it.iid), "severity": "UNKNOWN", "moved_to_id": null,
        "subscribed": false, "weight": null, "service_desk_reply_to": null,
        "_links": { "self": own, "notes": format!("{own}/notes"),
            "award_emoji": format!("{own}/award_emoji"), "project": api },
    })
}

/// A note on an issue or a merge request.
pub(super) fn note(world: &World, project: &Project, on: (bool, &Issue), it: &Note) -> Value {
    let (on_merge, issue) = on;
    let mut shape = json!({
        "id": it.id, "body": it.body, "attachment": null, "author": user(world, &it.author),
        "type": it.position.as_ref().map(|_| "DiffNote"), "created_at": stamp(it.at),
        "updated_at": stamp(it.at), "system": it.system, "noteable_id": issue.id,
        "noteable_type": if on_merge { "MergeRequest" } else { "Issue" }, "noteable_iid": issue.iid,
        "project_id": project.id, "resolvable": it.position.is_some(), "confidential": false,
        "internal": false, "imported": false, "imported_from": "none", "commands_changes": {},
    });
    if let Some(at) = &it.position {
        shape["resolved"] = json!(false);
        shape["position"] = json!({
            "position_type": "text", "base_sha": at.version.base, "start_sha": at.version.base,
            "head_sha": at.version.head, "old_path": at.path, "new_path": at.path,
            "old_line": at.old_line, "new_line": at.new_line, "line_range": null,
        });
    }
    shape
}

pub(super) fn pipeline(world: &World, project: &Project, it: &Pipeline) -> Value {
    json!({
        "id": it.id, "iid": it.iid, "project_id": project.id, "sha": it.sha, "ref": it.branch,
        "status": project.status(it), "source": it.source, "created_at": stamp(it.created),
        "updated_at": stamp(it.updated), "name": null,
        "web_url": format!("{}/{}/-/pipelines/{}", world.url, project.path, it.id),
    })
}

pub(super) fn status(world: &World, project: &Project, it: &Job) -> Value {
    let page = format!("{}/{}/-/jobs/{}", world.url, project.path, it.id);
    json!({
        "id": it.id, "sha": it.sha, "ref": it.branch, "status": it.status, "name": it.name,
        "target_url": it.target.clone().unwrap_or(page), "description": it.description,
        "created_at": stamp(it.started), "started_at": stamp(it.started),
        "finished_at": it.finished.map(stamp), "allow_failure": false, "coverage": null,
        "pipeline_id": it.pipeline, "author": user(world, &it.author),
    })
}
