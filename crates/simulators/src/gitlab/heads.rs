//! Branches that moved, whoever moved them: merge requests get new heads, and plays begin.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::{Job, Known, Pipeline, Version, World, now};
use super::{Shared, acts, reviews};
use crate::git_host::git::GitError;
use crate::git_host::{CheckSetup, Play};

/// The commit of a branch that is not there.
const NOWHERE: &str = "0000000000000000000000000000000000000000";

/// Looks at the branches again, and tells what has become of them. The caller holds the lock of the
/// project.
pub(super) async fn refresh(shared: &Shared, key: &str, by: &str) -> Result<(), GitError> {
    let Some(git) = shared.world().projects.get(key).map(|it| it.git.clone()) else {
        return Ok(());
    };
    let branches = git.branches().await?;
    let moved = {
        let mut world = shared.world();
        for (branch, before, after) in pushed(&world, key, &branches) {
            shared.tell_push(&mut world, key, &branch, (&before, &after), by);
        }
        let moved = take_in(&mut world, key, branches);
        for &(iid, change) in &moved {
            match change {
                Change::Head => shared.tell_merge(&mut world, key, iid, "update", by),
                Change::Gone => acts::set_merge_open(shared, &mut world, key, iid, false, by),
            }
        }
        moved
    };
    for (iid, _) in moved.iter().filter(|(_, change)| *change == Change::Head) {
        arrived(shared, key, *iid).await?;
    }
    Ok(())
}

/// What happened to a merge request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Head,
    Gone,
}

/// Branches with where they were and where they are.
fn pushed(
    world: &World,
    key: &str,
    branches: &BTreeMap<String, String>,
) -> Vec<(String, String, String)> {
    let Some(project) = world.projects.get(key) else {
        return Vec::new();
    };
    let moved = branches.iter().filter_map(|(name, after)| {
        let before = project.branches.get(name).map_or(NOWHERE, String::as_str);
        (before != after).then(|| (name.clone(), before.to_owned(), after.clone()))
    });
    moved.collect()
}

fn take_in(world: &mut World, key: &str, branches: BTreeMap<String, String>) -> Vec<(u64, Change)> {
    let mut moved = Vec::new();
    let Some(project) = world.projects.get_mut(key) else {
        return moved;
    };
    let open = project.merges.iter_mut().filter(|(_, it)| it.issue.open);
    for (iid, merge) in open {
        match branches.get(&merge.source) {
            Some(sha) if *sha != merge.sha => {
                merge.sha.clone_from(sha);
                merge.known = None;
                merge.issue.updated = now();
                moved.push((*iid, Change::Head));
            }
            Some(_) => {}
            None => moved.push((*iid, Change::Gone)),
        }
        let target = branches.get(&merge.target);
        if let Some(sha) = target.filter(|sha| **sha != merge.target_sha) {
            merge.target_sha.clone_from(sha);
            merge.known = None;
        }
    }
    project.branches = branches;
    moved
}

/// A head of a merge request is there: it gets a name and a version of its own, and the next play
/// begins.
pub(super) async fn arrived(shared: &Shared, key: &str, iid: u64) -> Result<(), GitError> {
    let found = {
        let mut world = shared.world();
        let Some(project) = world.projects.get_mut(key) else {
            return Ok(());
        };
        let heads = project.merges.get(&iid);
        let heads = heads.map(|it| (it.sha.clone(), it.target_sha.clone()));
        let play = match project.plays.front() {
            Some(play) if play.repeat => Some(play.clone()),
            _ => project.plays.pop_front(),
        };
        heads.map(|(sha, target)| (project.git.clone(), sha, target, play))
    };
    let Some((git, sha, target, play)) = found else {
        return Ok(());
    };
    let name = format!("refs/merge-requests/{iid}/head");
    git.run(&["update-ref", &name, &sha]).await?;
    let base = git.run(&["merge-base", &target, &sha]).await?;
    {
        let mut world = shared.world();
        let version = Version {
            id: world.fresh(),
            head: sha.clone(),
            base,
            at: now(),
        };
        if let Some(merge) = world.merge_mut(key, iid) {
            merge.versions.push(version);
        }
    }
    if let Some(play) = play {
        perform(shared, key, iid, &sha, play);
    }
    Ok(())
}

/// Runs the jobs of a play at once, and its reviews when they are over.
fn perform(shared: &Shared, key: &str, iid: u64, sha: &str, play: Play) {
    let begun: Vec<(u64, CheckSetup)> = {
        let mut world = shared.world();
        let begin = |check: &CheckSetup| {
            let id = add_job(shared, &mut world, key, sha, check, "push");
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
                    end_job(&shared, &mut shared.world(), &key, id, conclusion);
                }
            }
            for review in play.reviews {
                tokio::time::sleep(Duration::from_millis(review.after_ms)).await;
                let submitted = reviews::submit(&shared, &key, iid, Some(&sha), &review);
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

/// The pipeline of a commit, which begins where there is none.
pub(super) fn pipeline(
    world: &mut World,
    key: &str,
    sha: &str,
    source: &'static str,
) -> Option<Pipeline> {
    let id = world.fresh();
    let project = world.projects.get_mut(key)?;
    let known = project.pipelines.iter().rev();
    let mut known = known.filter(|it| it.sha == sha && it.source == source);
    if let Some(known) = known.next() {
        return Some(known.clone());
    }
    let mut branches = project.branches.iter();
    let branch = branches.find(|(_, at)| *at == sha).map(|(name, _)| name);
    let made = Pipeline {
        id,
        iid: u64::try_from(project.pipelines.len()).unwrap_or_default() + 1,
        sha: sha.to_owned(),
        branch: branch.map_or_else(|| "main".to_owned(), Clone::clone),
        source,
        created: now(),
        updated: now(),
        failed: false,
    };
    project.pipelines.push(made.clone());
    Some(made)
}

/// A job of a commit's pipeline begins.
pub(super) fn add_job(
    shared: &Shared,
    world: &mut World,
    key: &str,
    sha: &str,
    check: &CheckSetup,
    source: &'static str,
) -> u64 {
    let id = world.fresh();
    let Some(pipeline) = pipeline(world, key, sha, source) else {
        return id;
    };
    if let Some(project) = world.projects.get_mut(key) {
        // Of jobs with one name only the latest is shown.
        let again = |it: &Job| it.pipeline == pipeline.id && it.name == check.name;
        project.jobs.retain(|it| !again(it));
        project.jobs.push(Job {
            id,
            pipeline: pipeline.id,
            sha: sha.to_owned(),
            branch: pipeline.branch.clone(),
            name: check.name.clone(),
            status: "running".to_owned(),
            description: Some(check.summary.clone()).filter(|it| !it.is_empty()),
            target: None,
            author: "ci".to_owned(),
            started: now(),
            finished: None,
        });
    }
    shared.tell_pipeline(world, key, &pipeline);
    id
}

/// A job ends.
pub(super) fn end_job(shared: &Shared, world: &mut World, key: &str, id: u64, status: &str) {
    let Some(project) = world.projects.get_mut(key) else {
        return;
    };
    let Some(job) = project.jobs.iter_mut().find(|job| job.id == id) else {
        return;
    };
    status.clone_into(&mut job.status);
    job.finished = Some(now());
    let of = job.pipeline;
    let pipeline = project.pipelines.iter_mut().find(|it| it.id == of);
    let Some(pipeline) = pipeline else { return };
    pipeline.updated = now();
    let pipeline = pipeline.clone();
    shared.tell_pipeline(world, key, &pipeline);
}

/// Lets git say whether the head of a merge request merges, and remembers it for these commits.
pub(super) async fn look(shared: &Shared, key: &str, iid: u64) -> Result<(), GitError> {
    let found = {
        let world = shared.world();
        let project = world.projects.get(key);
        let merge = project.and_then(|it| Some((it, it.merges.get(&iid)?)));
        merge.map(|(project, it)| (project.git.clone(), it.target_sha.clone(), it.sha.clone()))
    };
    let Some((git, target, sha)) = found else {
        return Ok(());
    };
    let known = Known {
        merges: git.merges(&target, &sha).await?,
        is_behind: git.is_ahead(&sha, &target).await?,
    };
    let mut world = shared.world();
    if let Some(merge) = world.merge_mut(key, iid)
        && merge.target_sha == target
        && merge.sha == sha
    {
        merge.known = Some(known);
    }
    Ok(())
}
