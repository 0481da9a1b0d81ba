//! Events of a simulated GitLab, with the secret of whoever takes them.

use serde_json::{Value, json};

use super::world::{MergeRequest, Note, Pipeline, Project, World, stamp};
use super::{Shared, shape};
use crate::git_host::hooks::Event;

/// How a kind of event is called in the header.
fn title(kind: &str) -> &'static str {
    match kind {
        "merge_request" => "Merge Request Hook",
        "note" => "Note Hook",
        "pipeline" => "Pipeline Hook",
        "push" => "Push Hook",
        _ => "Issue Hook",
    }
}

impl Shared {
    /// Something happened in a project. What is special to it is in `more`.
    fn tell(&self, world: &mut World, kind: &str, key: &str, by: &str, more: Value) {
        let Some(hook) = world.hook.clone() else {
            return;
        };
        let fate = world.faults.of_event(kind);
        let number = world.fresh();
        let Some(project) = world.projects.get(key) else {
            return;
        };
        let mut body = more;
        body["object_kind"] = json!(kind);
        body["project"] = shape::hook_project(world, project);
        if kind != "push" {
            body["user"] = shape::user(world, by);
        }
        let attributes = &body["object_attributes"];
        let action = attributes["action"]
            .as_str()
            .or(attributes["status"].as_str());
        let action = action.unwrap_or_default().to_owned();
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let headers = vec![
            ("user-agent", "GitLab/simulated".to_owned()),
            ("x-gitlab-event", title(kind).to_owned()),
            ("x-gitlab-event-uuid", id.clone()),
            ("idempotency-key", id.clone()),
            ("x-gitlab-instance", world.url.clone()),
            ("x-gitlab-token", hook.secret.clone()),
        ];
        let event = Event {
            id,
            name: kind.to_owned(),
            action,
            body: body.to_string(),
            url: hook.url,
            headers,
            fate,
        };
        // Nobody listens any more only when the simulator ends.
        drop(self.events.send(event));
    }

    /// Tells of a merge request.
    pub(super) fn tell_merge(
        &self,
        world: &mut World,
        key: &str,
        iid: u64,
        action: &str,
        by: &str,
    ) {
        let found = world
            .projects
            .get(key)
            .and_then(|it| Some((it, it.merges.get(&iid)?)));
        let Some((project, merge)) = found else {
            return;
        };
        let mut attributes = hook_merge(world, project, merge);
        attributes["action"] = json!(action);
        let labels = hook_labels(project, &merge.issue.labels);
        let more = json!({ "event_type": "merge_request", "object_attributes": attributes,
            "labels": labels, "changes": {}, "repository": hook_repository(world, project) });
        self.tell(world, "merge_request", key, by, more);
    }

    /// Tells of an issue.
    pub(super) fn tell_issue(
        &self,
        world: &mut World,
        key: &str,
        iid: u64,
        action: &str,
        by: &str,
    ) {
        let found = world
            .projects
            .get(key)
            .and_then(|it| Some((it, it.issues.get(&iid)?)));
        let Some((project, issue)) = found else {
            return;
        };
        let mut attributes = shape::issue(world, project, issue);
        attributes["action"] = json!(action);
        let more = json!({ "event_type": "issue", "object_attributes": attributes,
            "labels": hook_labels(project, &issue.labels), "changes": {},
            "repository": hook_repository(world, project) });
        self.tell(world, "issue", key, by, more);
    }

    /// Tells of a note that a person wrote, on an issue or a merge request.
    pub(super) fn tell_note(
        &self,
        world: &mut World,
        key: &str,
        (on_merge, iid): (bool, u64),
        note: u64,
    ) {
        let Some(project) = world.projects.get(key) else {
            return;
        };
        let mut more =
            json!({ "event_type": "note", "repository": hook_repository(world, project) });
        let find = |notes: &[Note]| notes.iter().position(|it| it.id == note);
        let (found, kind, on) = match (project.merges.get(&iid), project.issues.get(&iid)) {
            (Some(merge), _) if on_merge => {
                let shape = hook_merge(world, project, merge);
                let at = find(&merge.issue.notes);
                (
                    at.map(|at| &merge.issue.notes[at]),
                    "MergeRequest",
                    ("merge_request", shape),
                )
            }
            (_, Some(issue)) if !on_merge => {
                let shape = shape::issue(world, project, issue);
                let at = find(&issue.notes);
                (at.map(|at| &issue.notes[at]), "Issue", ("issue", shape))
            }
            _ => return,
        };
        let Some(note) = found else { return };
        more["object_attributes"] = json!({
            "id": note.id, "note": note.body, "noteable_type": kind, "action": "create",
            "author_id": World::user(&note.author), "created_at": stamp(note.at), "system": false,
        });
        more[on.0] = on.1;
        let by = note.author.clone();
        self.tell(world, "note", key, &by, more);
    }

    /// Tells of a pipeline.
    pub(super) fn tell_pipeline(&self, world: &mut World, key: &str, pipeline: &Pipeline) {
        let Some(project) = world.projects.get(key) else {
            return;
        };
        let mut attributes = shape::pipeline(world, project, pipeline);
        attributes["detailed_status"] = attributes["status"].clone();
        let more = json!({ "object_attributes": attributes, "merge_request": null,
            "commit": { "id": pipeline.sha }, "builds": [] });
        self.tell(world, "pipeline", key, "ci", more);
    }

    /// Tells of commits that were pushed.
    pub(super) fn tell_push(
        &self,
        world: &mut World,
        key: &str,
        branch: &str,
        (before, after): (&str, &str),
        by: &str,
    ) {
        let more = json!({
            "event_name": "push", "before": before, "after": after, "checkout_sha": after,
            "ref": format!("refs/heads/{branch}"), "user_id": World::user(by), "user_name": by,
            "user_username": by, "commits": [], "total_commits_count": 1,
        });
        self.tell(world, "push", key, by, more);
    }
}

fn hook_repository(world: &World, project: &Project) -> Value {
    let name = project.path.rsplit('/').next();
    json!({ "name": name, "homepage": format!("{}/{}", world.url, project.path) })
}

fn hook_labels(project: &Project, labels: &[String]) -> Value {
    let label = |name: &String| {
        let id = project.labels.get(name).copied().unwrap_or_default();
        json!({ "id": id, "title": name, "color": "#428BCA", "project_id": project.id })
    };
    labels.iter().map(label).collect()
}

fn hook_merge(world: &World, project: &Project, merge: &MergeRequest) -> Value {
    let (issue, place) = (&merge.issue, shape::hook_project(world, project));
    let url = shape::merge_url(world, project, issue.iid);
    json!({
        "id": issue.id, "iid": issue.iid, "title": issue.title, "description": issue.body,
        "state": merge.state(), "source_branch": merge.source, "target_branch": merge.target,
        "source_project_id": project.id, "target_project_id": project.id, "url": url,
        "author_id": World::user(&issue.author), "created_at": stamp(issue.created),
        "updated_at": stamp(issue.updated), "draft": merge.is_draft(),
        "work_in_progress": merge.is_draft(), "source": place, "target": place,
        "merge_commit_sha": merge.merged.as_ref().and_then(|it| it.merge_sha.clone()),
        "detailed_merge_status": shape::detailed(project, merge),
        "last_commit": { "id": merge.sha, "url": format!("{}/{}/-/commit/{}", world.url, project.path, merge.sha) },
    })
}
