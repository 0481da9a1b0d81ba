//! Pull requests and their reviews.

use serde_json::{Value, json};

use super::super::world::{Issue, LineComment, Pull, Repo, Review, World, stamp};
use super::issue::labels;
use super::{extend, node, repo as full_repo, user};

/// A pull request; as lists show it, or whole.
pub(in super::super) fn pull(
    world: &World,
    repo: &Repo,
    issue: &Issue,
    pull: &Pull,
    whole: bool,
) -> Value {
    let name = repo.full_name();
    let repo_api = format!("{}/repos/{name}", world.url);
    let own = format!("{repo_api}/pulls/{}", issue.number);
    let as_issue = format!("{repo_api}/issues/{}", issue.number);
    let html = format!("{}/{name}/pull/{}", world.url, issue.number);
    let statuses = format!("{repo_api}/statuses/{}", pull.head_sha);
    let link = |href: &str| json!({ "href": href });
    let side = |branch: &str, sha: &str| {
        json!({
            "label": format!("{}:{branch}", repo.owner), "ref": branch, "sha": sha,
            "user": user(world, &repo.owner), "repo": full_repo(world, repo),
        })
    };
    let asked: Vec<Value> = pull.asked.iter().map(|it| user(world, it)).collect();
    let merge_sha = pull.merged.as_ref().map(|merged| merged.sha.clone());
    let mut shape = json!({
        "url": own, "id": issue.id, "node_id": node("PR", issue.id), "html_url": html,
        "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
        "issue_url": as_issue, "commits_url": format!("{own}/commits"),
        "review_comments_url": format!("{own}/comments"),
        "review_comment_url": format!("{repo_api}/pulls/comments{{/number}}"),
        "comments_url": format!("{as_issue}/comments"), "statuses_url": statuses,
        "number": issue.number, "state": if issue.open { "open" } else { "closed" },
        "locked": false, "title": issue.title, "body": issue.body,
        "user": user(world, &issue.author), "labels": labels(world, repo, &issue.labels),
    });
    let more = json!({
        "milestone": null, "assignee": null, "assignees": [], "requested_reviewers": asked,
        "requested_teams": [], "draft": pull.draft, "author_association": "MEMBER",
        "auto_merge": null, "active_lock_reason": null,
        "created_at": stamp(issue.created), "updated_at": stamp(issue.updated),
        "closed_at": issue.closed.map(stamp),
        "merged_at": pull.merged.as_ref().map(|merged| stamp(merged.at)),
        "merge_commit_sha": merge_sha,
        "head": side(&pull.head, &pull.head_sha), "base": side(&pull.base, &pull.base_sha),
    });
    extend(&mut shape, more);
    shape["_links"] = json!({
        "self": link(&own), "html": link(&html), "issue": link(&as_issue),
        "comments": link(&format!("{as_issue}/comments")),
        "review_comments": link(&format!("{own}/comments")),
        "review_comment": link(&format!("{repo_api}/pulls/comments{{/number}}")),
        "commits": link(&format!("{own}/commits")), "statuses": link(&statuses),
    });
    if whole {
        add_whole(&mut shape, world, issue, pull);
    }
    shape
}

/// What lists do not show.
fn add_whole(shape: &mut Value, world: &World, issue: &Issue, pull: &Pull) {
    let mergeable = match (&pull.known, issue.open) {
        (Some(known), true) => json!(known.mergeable),
        (_, _) => Value::Null,
    };
    let word = match (&mergeable, pull.draft) {
        (Value::Bool(false), _) => "dirty",
        (Value::Bool(true), true) => "draft",
        (Value::Bool(true), false) => "clean",
        _ => "unknown",
    };
    let [files, added, removed, commits] = pull.known.map(|known| known.extent).unwrap_or_default();
    let on_lines: usize = pull.reviews.iter().map(|it| it.comments.len()).sum();
    let more = json!({
        "merged": pull.merged.is_some(), "mergeable": mergeable, "rebaseable": mergeable,
        "mergeable_state": word, "maintainer_can_modify": false,
        "merged_by": pull.merged.as_ref().map(|merged| user(world, &merged.by)),
        "comments": issue.comments.len(), "review_comments": on_lines,
        "commits": commits, "additions": added, "deletions": removed, "changed_files": files,
    });
    extend(shape, more);
}

/// A review that was submitted.
pub(in super::super) fn review(world: &World, repo: &Repo, number: u64, it: &Review) -> Value {
    let name = repo.full_name();
    let pull = format!("{}/repos/{name}/pulls/{number}", world.url);
    let html = format!(
        "{}/{name}/pull/{number}#pullrequestreview-{}",
        world.url, it.id
    );
    json!({
        "id": it.id, "node_id": node("PRR", it.id), "user": user(world, &it.author),
        "body": it.body, "state": it.state, "html_url": html, "pull_request_url": pull,
        "author_association": "MEMBER", "submitted_at": stamp(it.at), "commit_id": it.sha,
        "_links": { "html": { "href": html }, "pull_request": { "href": pull } },
    })
}

/// A comment of a review on a line.
pub(in super::super) fn line_comment(
    world: &World,
    repo: &Repo,
    number: u64,
    review: &Review,
    it: &LineComment,
) -> Value {
    let name = repo.full_name();
    let pull = format!("{}/repos/{name}/pulls/{number}", world.url);
    let own = format!("{}/repos/{name}/pulls/comments/{}", world.url, it.id);
    let html = format!("{}/{name}/pull/{number}#discussion_r{}", world.url, it.id);
    json!({
        "url": own, "html_url": html, "pull_request_url": pull,
        "id": it.id, "node_id": node("PRRC", it.id), "pull_request_review_id": review.id,
        "diff_hunk": "@@ -1 +1 @@", "path": it.path, "line": it.line, "side": it.side,
        "original_line": it.line, "position": it.line, "original_position": it.line,
        "start_line": null, "original_start_line": null, "start_side": null,
        "subject_type": "line", "commit_id": review.sha, "original_commit_id": review.sha,
        "user": user(world, &review.author), "body": it.body, "author_association": "MEMBER",
        "created_at": stamp(review.at), "updated_at": stamp(review.at),
        "_links": {
            "self": { "href": own }, "html": { "href": html }, "pull_request": { "href": pull },
        },
    })
}
