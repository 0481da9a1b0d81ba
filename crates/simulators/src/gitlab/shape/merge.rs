//! How GitLab shows a merge request.

use serde_json::{Value, json};

use super::super::reviews::may_approve;
use super::super::world::{MergeRequest, Project, Version, World, stamp};
use super::{notes_of_people, references, times, user};

pub(in super::super) fn merge_url(world: &World, project: &Project, iid: u64) -> String {
    format!("{}/{}/-/merge_requests/{iid}", world.url, project.path)
}

/// What stands in the way of a merge, in GitLab's word.
pub(in super::super) fn detailed(project: &Project, it: &MergeRequest) -> &'static str {
    let forward = project.merge_method == "ff";
    match (it.state(), it.known) {
        ("opened", _) if it.is_draft() => "draft_status",
        ("opened", None) => "checking",
        ("opened", Some(known)) if !known.merges => "conflict",
        ("opened", Some(known)) if forward && known.is_behind => "need_rebase",
        ("opened", Some(_)) => "mergeable",
        _ => "not_open",
    }
}

/// A merge request; in full with what is not in lists.
pub(in super::super) fn merge(
    world: &World,
    project: &Project,
    it: &MergeRequest,
    in_full: bool,
) -> Value {
    let issue = &it.issue;
    let merged = it.merged.as_ref();
    let merged_by = merged.map(|merged| user(world, &merged.by));
    let reviewers: Vec<Value> = it.reviewers.keys().map(|by| user(world, by)).collect();
    let status = match it.known {
        None => "checking",
        Some(known) if known.merges => "can_be_merged",
        Some(_) => "cannot_be_merged",
    };
    let mut shape = json!({
        "id": issue.id, "iid": issue.iid, "project_id": project.id, "title": issue.title,
        "description": issue.body, "state": it.state(), "created_at": stamp(issue.created),
        "updated_at": stamp(issue.updated), "merged_by": merged_by, "merge_user": merged_by,
        "merged_at": merged.map(|merged| stamp(merged.at)), "closed_by": null,
        "closed_at": issue.closed.filter(|_| merged.is_none()).map(stamp),
        "target_branch": it.target, "source_branch": it.source,
        "user_notes_count": notes_of_people(issue), "upvotes": 0, "downvotes": 0,
        "author": user(world, &issue.author), "assignees": [], "assignee": null,
        "reviewers": reviewers, "source_project_id": project.id, "target_project_id": project.id,
        "labels": issue.labels, "draft": it.is_draft(), "work_in_progress": it.is_draft(),
        "milestone": null, "merge_when_pipeline_succeeds": false, "merge_status": status,
        "detailed_merge_status": detailed(project, it), "sha": it.sha,
        "merge_commit_sha": merged.and_then(|merged| merged.merge_sha.clone()),
        "squash_commit_sha": merged.and_then(|merged| merged.squash_sha.clone()),
        "discussion_locked": null, "should_remove_source_branch": null,
        "force_remove_source_branch": false, "reference": format!("!{}", issue.iid),
        "references": references('!', project, issue.iid),
        "web_url": merge_url(world, project, issue.iid), "time_stats": times(), "squash": false,
        "squash_on_merge": false, "prepared_at": stamp(issue.created),
        "task_completion_status": { "count": 0, "completed_count": 0 },
        "has_conflicts": it.known.is_some_and(|known| !known.merges),
        "blocking_discussions_resolved": true, "approvals_before_merge": null,
        "imported": false, "imported_from": "none",
    });
    if in_full {
        add_rest(world, project, it, &mut shape);
    }
    shape
}

fn add_rest(world: &World, project: &Project, it: &MergeRequest, shape: &mut Value) {
    let base = it.versions.last().map(|version| version.base.clone());
    let pipelines = project.pipelines.iter().rev();
    let mut pipelines = pipelines.filter(|pipeline| pipeline.sha == it.sha);
    let head = pipelines
        .next()
        .map(|found| super::pipeline(world, project, found));
    let rest = json!({
        "subscribed": false, "changes_count": "1", "latest_build_started_at": null,
        "latest_build_finished_at": null, "first_deployed_to_production_at": null,
        "pipeline": head, "head_pipeline": null, "merge_error": null,
        "diff_refs": { "base_sha": base, "head_sha": it.sha, "start_sha": base },
        "first_contribution": false, "user": { "can_merge": true }, "rebase_in_progress": false,
    });
    if let (Some(shape), Value::Object(rest)) = (shape.as_object_mut(), rest) {
        shape.extend(rest);
    }
}

/// Who approves of a merge request, as somebody sees it.
pub(in super::super) fn approvals(
    world: &World,
    project: &Project,
    it: &MergeRequest,
    by: &str,
) -> Value {
    let approver = |(login, at): (&String, &chrono::DateTime<chrono::Utc>)| json!({ "user": user(world, login), "approved_at": stamp(*at) });
    let approved_by: Vec<Value> = it.approvals.iter().map(approver).collect();
    let issue = &it.issue;
    json!({
        "id": issue.id, "iid": issue.iid, "project_id": project.id, "title": issue.title,
        "description": issue.body, "state": it.state(), "created_at": stamp(issue.created),
        "updated_at": stamp(issue.updated), "merge_status": "can_be_merged", "approved": true,
        "approvals_required": 0, "approvals_left": 0, "approved_by": approved_by,
        "user_has_approved": it.approvals.contains_key(by), "user_can_approve": may_approve(it, by),
    })
}

pub(in super::super) fn version(it: &Version, merge: &MergeRequest) -> Value {
    json!({
        "id": it.id, "head_commit_sha": it.head, "base_commit_sha": it.base,
        "start_commit_sha": it.base, "created_at": stamp(it.at), "merge_request_id": merge.issue.id,
        "state": "collected", "real_size": "1", "patch_id_sha": null,
    })
}
