//! Branches that moved, whoever moved them: pull requests get new heads, and plays begin.

use std::time::Duration;

use serde_json::json;

use super::world::{CheckRun, Known, World, now};
use super::{Play, Shared, acts, shape};
use crate::git_host::git::GitError;

/// Looks at the branches again, and tells what has become of them. The caller holds the lock of the
/// repository.
pub(super) async fn refresh(shared: &Shared, key: &str, by: &str) -> Result<(), GitError> {
    let Some(git) = shared.world().repos.get(key).map(|repo| repo.git.clone()) else {
        return Ok(());
    };
    let branches = git.branches().await?;
    let moved = {
        let mut world = shared.world();
        let moved = take_in(&mut world, key, branches);
        for &(number, change) in &moved {
            if change == Change::Closed {
                acts::set_open(&mut world, key, number, false);
            }
            tell_pull(shared, &mut world, key, number, change.word(), by);
        }
        moved
    };
    for (number, _) in moved.iter().filter(|(_, change)| *change == Change::Head) {
        arrived(shared, key, *number).await?;
    }
    Ok(())
}

/// What happened to a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Head,
    Closed,
}

impl Change {
    fn word(self) -> &'static str {
        match self {
            Self::Head => "synchronize",
            Self::Closed => "closed",
        }
    }
}

fn take_in(
    world: &mut World,
    key: &str,
    branches: std::collections::BTreeMap<String, String>,
) -> Vec<(u64, Change)> {
    let mut moved = Vec::new();
    let Some(repo) = world.repos.get_mut(key) else {
        return moved;
    };
    for (number, pull) in &mut repo.pulls {
        let Some(issue) = repo.issues.get_mut(number).filter(|issue| issue.open) else {
            continue;
        };
        match branches.get(&pull.head) {
            Some(sha) if *sha != pull.head_sha => {
                pull.head_sha.clone_from(sha);
                pull.known = None;
                issue.updated = now();
                moved.push((*number, Change::Head));
            }
            Some(_) => {}
            None => moved.push((*number, Change::Closed)),
        }
        if let Some(sha) = branches
            .get(&pull.base)
            .filter(|sha| **sha != pull.base_sha)
        {
            pull.base_sha.clone_from(sha);
            pull.known = None;
        }
    }
    repo.branches = branches;
    moved
}

/// Tells of a pull request.
pub(super) fn tell_pull(
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
    if let (Some(issue), Some(pull)) = (repo.issues.get(&number), repo.pulls.get(&number)) {
        let shape = shape::pull(world, repo, issue, pull, true);
        let more = json!({ "action": action, "number": number, "pull_request": shape });
        shared.tell(world, "pull_request", key, by, more);
    }
}

/// A head of a pull request is there: it gets a name of its own, and the next play begins.
pub(super) async fn arrived(shared: &Shared, key: &str, number: u64) -> Result<(), GitError> {
    let found = {
        let mut world = shared.world();
        let Some(repo) = world.repos.get_mut(key) else {
            return Ok(());
        };
        let sha = repo.pulls.get(&number).map(|pull| pull.head_sha.clone());
        let play = match repo.plays.front() {
            Some(play) if play.repeat => Some(play.clone()),
            _ => repo.plays.pop_front(),
        };
        sha.map(|sha| (repo.git.clone(), sha, play))
    };
    let Some((git, sha, play)) = found else {
        return Ok(());
    };
    let name = format!("refs/pull/{number}/head");
    git.run(&["update-ref", &name, &sha]).await?;
    if let Some(play) = play {
        perform(shared, key, number, &sha, play);
    }
    Ok(())
}

/// Runs the checks of a play at once, and its reviews when they are over.
fn perform(shared: &Shared, key: &str, number: u64, sha: &str, play: Play) {
    let begun: Vec<_> = {
        let mut world = shared.world();
        let begin = |check| {
            let id = add_check(shared, &mut world, key, sha, check, "in_progress");
            (id, check.clone())
        };
        play.checks.iter().map(begin).collect()
    };
    let (shared, key, sha) = (shared.clone(), key.to_owned(), sha.to_owned());
    tokio::spawn(async move {
        let stop = shared.stop.clone();
        let acts = async {
            for (id, check) in begun {
                tokio::time::sleep(Duration::from_millis(check.after_ms)).await;
                if let Some(conclusion) = &check.conclusion {
                    let mut world = shared.world();
                    end_check(&shared, &mut world, &key, id, conclusion);
                }
            }
            for review in play.reviews {
                tokio::time::sleep(Duration::from_millis(review.after_ms)).await;
                let submitted = acts::review(&shared, &key, number, Some(&sha), &review);
                if let Err(error) = submitted {
                    tracing::warn!(%error, "the play's review was refused");
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = acts => {}
        }
    });
}

/// A check run begins.
pub(super) fn add_check(
    shared: &Shared,
    world: &mut World,
    key: &str,
    sha: &str,
    check: &super::CheckSetup,
    status: &str,
) -> u64 {
    let id = world.fresh();
    if let Some(repo) = world.repos.get_mut(key) {
        // Of checks with one name only the latest is shown.
        repo.checks
            .retain(|it| it.sha != sha || it.name != check.name);
        repo.checks.push(CheckRun {
            id,
            name: check.name.clone(),
            sha: sha.to_owned(),
            status: status.to_owned(),
            conclusion: None,
            summary: check.summary.clone(),
            started: now(),
            completed: None,
        });
    }
    tell_check(shared, world, key, id, "created");
    id
}

/// A check run ends.
pub(super) fn end_check(shared: &Shared, world: &mut World, key: &str, id: u64, conclusion: &str) {
    let Some(repo) = world.repos.get_mut(key) else {
        return;
    };
    if let Some(run) = repo.checks.iter_mut().find(|run| run.id == id) {
        "completed".clone_into(&mut run.status);
        run.conclusion = Some(conclusion.to_owned());
        run.completed = Some(now());
    }
    tell_check(shared, world, key, id, "completed");
}

fn tell_check(shared: &Shared, world: &mut World, key: &str, id: u64, action: &str) {
    let Some(repo) = world.repos.get(key) else {
        return;
    };
    let Some(run) = repo.checks.iter().find(|run| run.id == id) else {
        return;
    };
    let mut shape = shape::check_run(world, repo, run);
    let of_head = repo
        .pulls
        .iter()
        .filter(|(_, pull)| pull.head_sha == run.sha);
    let pulls: Vec<_> = of_head
        .map(|(number, _)| json!({ "number": number }))
        .collect();
    shape["pull_requests"] = json!(pulls);
    shape["check_suite"]["head_sha"] = json!(run.sha);
    shape["check_suite"]["pull_requests"] = json!(pulls);
    let more = json!({ "action": action, "check_run": shape });
    shared.tell(world, "check_run", key, "github-actions[bot]", more);
}

/// Lets git say whether the head of a pull request merges, and remembers it for these commits.
pub(super) async fn look(shared: &Shared, key: &str, number: u64) -> Result<(), GitError> {
    let found = {
        let world = shared.world();
        let repo = world.repos.get(key);
        let pull = repo.and_then(|repo| Some((repo, repo.pulls.get(&number)?)));
        pull.map(|(repo, it)| (repo.git.clone(), it.base_sha.clone(), it.head_sha.clone()))
    };
    let Some((git, base, head)) = found else {
        return Ok(());
    };
    let known = Known {
        mergeable: git.merges(&base, &head).await?,
        extent: git.extent(&base, &head).await?,
    };
    let mut world = shared.world();
    let pulls = world.repos.get_mut(key).map(|repo| &mut repo.pulls);
    if let Some(pull) = pulls.and_then(|pulls| pulls.get_mut(&number))
        && pull.base_sha == base
        && pull.head_sha == head
    {
        pull.known = Some(known);
    }
    Ok(())
}
