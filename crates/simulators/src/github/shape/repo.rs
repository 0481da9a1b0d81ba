//! Repositories and references.

use serde_json::{Map, Value, json};

use super::super::world::{Repo, World, stamp};
use super::{extend, node, user};

/// The addresses that begin with the repository's own, with what follows it.
const URLS: [(&str, &str); 38] = [
    ("url", ""),
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("svn_url", ".svn"),
];

/// A repository as other things name it.
pub(in super::super) fn minimal_repo(world: &World, repo: &Repo) -> Value {
    let api = format!("{}/repos/{}", world.url, repo.full_name());
    let mut shape = Map::new();
    for (field, end) in URLS {
        shape.insert(field.to_owned(), json!(format!("{api}{end}")));
    }
    let more = json!({
        "id": repo.id,
        "node_id": node("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name(),
        "owner": user(world, &repo.owner),
        "private": true,
        "html_url": format!("{}/{}", world.url, repo.full_name()),
        "description": null,
        "fork": false,
    });
    if let Value::Object(more) = more {
        shape.extend(more);
    }
    Value::Object(shape)
}

/// A repository in full.
pub(in super::super) fn repo(world: &World, repo: &Repo) -> Value {
    let mut shape = minimal_repo(world, repo);
    let open = repo.issues.values().filter(|issue| issue.open).count();
    let git = format!("{}/{}.git", world.url, repo.full_name());
    let created = stamp(repo.created);
    let more = json!({
        "clone_url": git, "git_url": git, "ssh_url": git, "mirror_url": null,
        "default_branch": "main", "homepage": null, "language": null, "license": null,
        "archived": false, "disabled": false, "visibility": "private",
        "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false,
        "has_downloads": false, "has_discussions": false,
        "forks": 0, "forks_count": 0, "open_issues": open, "open_issues_count": open,
        "size": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
        "network_count": 0, "subscribers_count": 0,
        "allow_squash_merge": true, "allow_merge_commit": true, "allow_rebase_merge": true,
        "pushed_at": created, "created_at": created, "updated_at": created,
    });
    extend(&mut shape, more);
    shape
}

/// A branch as a reference.
pub(in super::super) fn git_ref(world: &World, repo: &Repo, branch: &str, sha: &str) -> Value {
    let api = format!("{}/repos/{}/git", world.url, repo.full_name());
    json!({
        "ref": format!("refs/heads/{branch}"),
        "node_id": format!("REF_{branch}"),
        "url": format!("{api}/refs/heads/{branch}"),
        "object": { "type": "commit", "sha": sha, "url": format!("{api}/commits/{sha}") },
    })
}
