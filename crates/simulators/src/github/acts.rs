//! What somebody does, whoever it is and through whichever door.

use std::collections::{BTreeMap, VecDeque};

use serde_json::json;

use super::heads::{self, tell_pull};
use super::world::{Issue, LineComment, Repo, Review, World, now};
use super::{CannotPlay, CheckSetup, HOUSE, IssueSetup, RepoSetup, ReviewSetup, Shared, shape};
use crate::git_host::LineSetup;
use crate::git_host::git::Git;

fn cannot<T>(words: impl Into<String>) -> Result<T, CannotPlay> {
    Err(CannotPlay(words.into()))
}

pub(super) fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

pub(super) async fn add_repo(shared: &Shared, setup: RepoSetup) -> Result<(), CannotPlay> {
    let is_plain = |it: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        !it.is_empty() && !it.starts_with('.') && it.chars().all(plain)
    };
    let parts = setup
        .name
        .split_once('/')
        .filter(|(owner, name)| is_plain(owner) && is_plain(name));
    let Some((owner, name)) = parts else {
        return cannot(format!("`{}` is not owner/name", setup.name));
    };
    let key = key(&setup.name);
    if shared.world().repos.contains_key(&key) {
        return cannot(format!("there is a repository {} already", setup.name));
    }
    let git = Git::init(shared.root.join(format!("{key}.git")), HOUSE).await?;
    let mut files: BTreeMap<_, _> = setup
        .files
        .into_iter()
        .map(|(it, text)| (it, Some(text)))
        .collect();
    if files.is_empty() {
        files.insert("README.md".to_owned(), Some(format!("# {name}\n")));
    }
    git.commit("main", &files, "first commit", owner).await?;
    let branches = git.branches().await?;
    {
        let mut world = shared.world();
        let repo = Repo {
            id: world.fresh(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            created: now(),
            git,
            lock: std::sync::Arc::default(),
            branches,
            labels: BTreeMap::new(),
            issues: BTreeMap::new(),
            pulls: BTreeMap::new(),
            checks: Vec::new(),
            statuses: Vec::new(),
            plays: VecDeque::from(setup.plays),
        };
        world.repos.insert(key.clone(), repo);
    }
    for issue in &setup.issues {
        add_issue(shared, &key, issue);
    }
    Ok(())
}

pub(super) async fn push(
    shared: &Shared,
    key: &str,
    branch: &str,
    files: &BTreeMap<String, Option<String>>,
    message: &str,
    author: &str,
) -> Result<String, CannotPlay> {
    let found = shared
        .world()
        .repos
        .get(key)
        .map(|repo| (repo.git.clone(), repo.lock.clone()));
    let Some((git, lock)) = found else {
        return cannot(format!("there is no repository {key}"));
    };
    let _guard = lock.lock().await;
    let sha = git.commit(branch, files, message, author).await?;
    heads::refresh(shared, key, author).await?;
    Ok(sha)
}

pub(super) fn check(shared: &Shared, key: &str, sha: &str, check: &CheckSetup) -> u64 {
    let mut world = shared.world();
    let id = heads::add_check(shared, &mut world, key, sha, check, "in_progress");
    if let Some(conclusion) = &check.conclusion {
        heads::end_check(shared, &mut world, key, id, conclusion);
    }
    id
}

/// Adds a label to what the repository knows.
pub(super) fn learn_labels(world: &mut World, key: &str, labels: &[String]) {
    for label in labels {
        let id = world.fresh();
        if let Some(repo) = world.repos.get_mut(key) {
            repo.labels.entry(label.clone()).or_insert(id);
        }
    }
}

pub(super) fn add_issue(shared: &Shared, key: &str, setup: &IssueSetup) -> u64 {
    let mut world = shared.world();
    learn_labels(&mut world, key, &setup.labels);
    let id = world.fresh();
    let Some(repo) = world.repos.get_mut(key) else {
        return 0;
    };
    let number = repo.next_number();
    let body = Some(setup.body.as_str());
    let mut issue = Issue::new(id, number, &setup.title, body, &setup.author);
    issue.labels.clone_from(&setup.labels);
    repo.issues.insert(number, issue);
    tell_issue(shared, &mut world, key, number, "opened", &setup.author);
    number
}

/// Tells of an issue.
pub(super) fn tell_issue(
    shared: &Shared,
    world: &mut World,
    key: &str,
    number: u64,
    action: &str,
    by: &str,
) {
    let Some(repo) = world.repos.get(key) else {
        return;
    };
    if let Some(issue) = repo.issues.get(&number) {
        let shape = shape::issue(world, repo, issue);
        let more = json!({ "action": action, "issue": shape });
        shared.tell(world, "issues", key, by, more);
    }
}

/// Opens or closes. Answers whether that changed anything.
pub(super) fn set_open(world: &mut World, key: &str, number: u64, open: bool) -> bool {
    let issues = world.repos.get_mut(key).map(|repo| &mut repo.issues);
    let Some(issue) = issues.and_then(|issues| issues.get_mut(&number)) else {
        return false;
    };
    let changes = issue.open != open;
    if changes {
        issue.open = open;
        issue.updated = now();
        issue.closed = (!open).then(now);
    }
    changes
}

pub(super) fn close(shared: &Shared, key: &str, number: u64, by: &str) {
    let mut world = shared.world();
    if !set_open(&mut world, key, number, false) {
        return;
    }
    let is_pull = world
        .repos
        .get(key)
        .is_some_and(|repo| repo.pulls.contains_key(&number));
    if is_pull {
        tell_pull(shared, &mut world, key, number, "closed", by);
    } else {
        tell_issue(shared, &mut world, key, number, "closed", by);
    }
}

/// Submits a review of a commit, or of the head as it is.
pub(super) fn review(
    shared: &Shared,
    key: &str,
    number: u64,
    sha: Option<&str>,
    it: &ReviewSetup,
) -> Result<u64, CannotPlay> {
    let state = match it.event.as_str() {
        "APPROVE" => "APPROVED",
        "REQUEST_CHANGES" => "CHANGES_REQUESTED",
        "COMMENT" => "COMMENTED",
        other => {
            return cannot(format!(
                "`{other}` is not APPROVE, REQUEST_CHANGES or COMMENT"
            ));
        }
    };
    let mut world = shared.world();
    let id = world.fresh();
    let ids: Vec<u64> = it.comments.iter().map(|_| world.fresh()).collect();
    let repo = world.repos.get_mut(key);
    let found =
        repo.and_then(|repo| Some((repo.pulls.get_mut(&number)?, repo.issues.get_mut(&number)?)));
    let Some((pull, issue)) = found else {
        return cannot(format!("there is no pull request {key}#{number}"));
    };
    if issue.author == it.author && state != "COMMENTED" {
        let what = if state == "APPROVED" {
            "approve"
        } else {
            "request changes on"
        };
        return cannot(format!("Can not {what} your own pull request"));
    }
    // Whoever has reviewed is no longer asked to.
    pull.asked.retain(|login| *login != it.author);
    let line = |(id, line): (&u64, &LineSetup)| LineComment {
        id: *id,
        path: line.path.clone(),
        line: line.line,
        side: line.side.clone(),
        body: line.body.clone(),
    };
    pull.reviews.push(Review {
        id,
        author: it.author.clone(),
        state,
        body: it.body.clone(),
        sha: sha.map_or_else(|| pull.head_sha.clone(), str::to_owned),
        at: now(),
        comments: ids.iter().zip(&it.comments).map(line).collect(),
    });
    issue.updated = now();
    tell_review(shared, &mut world, key, number, id, &it.author);
    Ok(id)
}

fn tell_review(shared: &Shared, world: &mut World, key: &str, number: u64, id: u64, by: &str) {
    let Some(repo) = world.repos.get(key) else {
        return;
    };
    let (Some(pull), Some(issue)) = (repo.pulls.get(&number), repo.issues.get(&number)) else {
        return;
    };
    let Some(review) = pull.reviews.iter().find(|review| review.id == id) else {
        return;
    };
    let mut shape = shape::review(world, repo, number, review);
    // In events the state is written small.
    shape["state"] = json!(review.state.to_ascii_lowercase());
    let pull = shape::pull(world, repo, issue, pull, false);
    let more = json!({ "action": "submitted", "review": shape, "pull_request": pull });
    shared.tell(world, "pull_request_review", key, by, more);
}
