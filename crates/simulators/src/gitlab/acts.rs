//! What somebody does, whoever it is and through whichever door.

use std::collections::{BTreeMap, VecDeque};

use super::world::{Issue, Note, Position, Project, World, now};
use super::{HOUSE, Shared, heads, reviews};
use crate::git_host::git::Git;
use crate::git_host::{CannotPlay, CheckSetup, IssueSetup, RepoSetup};

/// The source of what others than GitLab's own runners have checked.
pub(super) const EXTERNAL: &str = "external";
/// The source of what they have of a merge request.
pub(super) const MERGE_REQUEST: &str = "merge_request_event";
/// The source of what its runners have.
pub(super) const PUSH: &str = "push";

pub(super) fn cannot<T>(words: impl Into<String>) -> Result<T, CannotPlay> {
    Err(CannotPlay(words.into()))
}

pub(super) async fn add_project(shared: &Shared, setup: RepoSetup) -> Result<(), CannotPlay> {
    let is_plain = |it: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        !it.is_empty() && !it.starts_with('.') && it.chars().all(plain)
    };
    let parts: Vec<&str> = setup.name.split('/').collect();
    let (true, Some(name)) = (
        2 <= parts.len() && parts.iter().all(|part| is_plain(part)),
        parts.last(),
    ) else {
        return cannot(format!("`{}` is not group/name", setup.name));
    };
    let key = Project::key(&setup.name);
    if shared.world().projects.contains_key(&key) {
        return cannot(format!("there is a project {} already", setup.name));
    }
    let git = Git::init(shared.root.join(format!("{key}.git")), HOUSE).await?;
    let files = setup.files.into_iter().map(|(it, text)| (it, Some(text)));
    let mut files: BTreeMap<_, _> = files.collect();
    if files.is_empty() {
        files.insert("README.md".to_owned(), Some(format!("# {name}\n")));
    }
    git.commit("main", &files, "first commit", parts[0]).await?;
    let branches = git.branches().await?;
    {
        let mut world = shared.world();
        let project = Project {
            id: world.fresh(),
            path: setup.name,
            created: now(),
            git,
            lock: std::sync::Arc::default(),
            merge_method: "merge".to_owned(),
            branches,
            labels: BTreeMap::new(),
            issues: BTreeMap::new(),
            merges: BTreeMap::new(),
            pipelines: Vec::new(),
            jobs: Vec::new(),
            plays: VecDeque::from(setup.plays),
        };
        world.projects.insert(key.clone(), project);
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
    let found = {
        let world = shared.world();
        let project = world.projects.get(key);
        project.map(|it| (it.git.clone(), it.lock.clone()))
    };
    let Some((git, lock)) = found else {
        return cannot(format!("there is no project {key}"));
    };
    let _guard = lock.lock().await;
    let sha = git.commit(branch, files, message, author).await?;
    heads::refresh(shared, key, author).await?;
    Ok(sha)
}

pub(super) fn check(shared: &Shared, key: &str, sha: &str, check: &CheckSetup) -> u64 {
    let mut world = shared.world();
    let id = heads::add_job(shared, &mut world, key, sha, check, PUSH);
    if let Some(conclusion) = &check.conclusion {
        heads::end_job(shared, &mut world, key, id, conclusion);
    }
    id
}

/// Adds labels to what the project knows.
pub(super) fn learn_labels(world: &mut World, key: &str, labels: &[String]) {
    for label in labels {
        let id = world.fresh();
        if let Some(project) = world.projects.get_mut(key) {
            project.labels.entry(label.clone()).or_insert(id);
        }
    }
}

pub(super) fn add_issue(shared: &Shared, key: &str, setup: &IssueSetup) -> u64 {
    let mut world = shared.world();
    learn_labels(&mut world, key, &setup.labels);
    let id = world.fresh();
    let Some(project) = world.projects.get_mut(key) else {
        return 0;
    };
    let iid = Project::next(&project.issues);
    let mut issue = Issue::new(id, iid, &setup.title, &setup.body, &setup.author);
    issue.labels.clone_from(&setup.labels);
    project.issues.insert(iid, issue);
    shared.tell_issue(&mut world, key, iid, "open", &setup.author);
    iid
}

/// Opens or closes. Answers whether that changed anything.
fn set_open(issue: &mut Issue, open: bool) -> bool {
    let changes = issue.open != open;
    if changes {
        issue.open = open;
        issue.updated = now();
        issue.closed = (!open).then(now);
    }
    changes
}

pub(super) fn set_issue_open(
    shared: &Shared,
    world: &mut World,
    key: &str,
    iid: u64,
    open: bool,
    by: &str,
) {
    let issues = world.projects.get_mut(key).map(|it| &mut it.issues);
    let issue = issues.and_then(|issues| issues.get_mut(&iid));
    if issue.is_some_and(|issue| set_open(issue, open)) {
        let action = if open { "reopen" } else { "close" };
        shared.tell_issue(world, key, iid, action, by);
    }
}

pub(super) fn set_merge_open(
    shared: &Shared,
    world: &mut World,
    key: &str,
    iid: u64,
    open: bool,
    by: &str,
) {
    let merge = world.merge_mut(key, iid).filter(|it| it.merged.is_none());
    if merge.is_some_and(|merge| set_open(&mut merge.issue, open)) {
        let action = if open { "reopen" } else { "close" };
        shared.tell_merge(world, key, iid, action, by);
    }
}

/// An issue or a merge request: they are numbered apart.
pub(super) type Place = (bool, u64);

pub(super) fn place_mut<'a>(
    world: &'a mut World,
    key: &str,
    (on_merge, iid): Place,
) -> Option<&'a mut Issue> {
    let project = world.projects.get_mut(key)?;
    if on_merge {
        project.merges.get_mut(&iid).map(|it| &mut it.issue)
    } else {
        project.issues.get_mut(&iid)
    }
}

/// What GitLab itself writes down.
pub(super) fn note_down(world: &mut World, key: &str, place: Place, by: &str, body: &str) -> u64 {
    let id = world.fresh();
    if let Some(issue) = place_mut(world, key, place) {
        issue.notes.push(Note {
            id,
            author: by.to_owned(),
            body: body.to_owned(),
            at: now(),
            system: true,
            position: None,
        });
        issue.updated = now();
    }
    id
}

/// What a person writes. Lines that are commands are done and not kept; answers the note's number,
/// unless there was nothing but commands.
pub(super) fn write(
    shared: &Shared,
    world: &mut World,
    key: &str,
    place: Place,
    by: &str,
    (body, position): (&str, Option<Position>),
) -> Option<u64> {
    let is_command = |line: &&str| line.starts_with('/');
    let commands: Vec<&str> = body.lines().filter(is_command).collect();
    let said: Vec<&str> = body.lines().filter(|line| !is_command(line)).collect();
    let said = said.join("\n").trim().to_owned();
    let id = world.fresh();
    let issue = place_mut(world, key, place)?;
    let is_said = !said.is_empty();
    if is_said {
        issue.updated = now();
        issue.notes.push(Note {
            id,
            author: by.to_owned(),
            body: said,
            at: now(),
            system: false,
            position,
        });
        shared.tell_note(world, key, place, id);
    }
    for command in commands {
        obey(shared, world, key, place, by, command);
    }
    is_said.then_some(id)
}

/// The commands that are understood: to close, and how a review is meant.
fn obey(
    shared: &Shared,
    world: &mut World,
    key: &str,
    (on_merge, iid): Place,
    by: &str,
    command: &str,
) {
    match (command.trim(), on_merge) {
        ("/close", true) => set_merge_open(shared, world, key, iid, false, by),
        ("/close", false) => set_issue_open(shared, world, key, iid, false, by),
        ("/submit_review requested_changes", true) => {
            reviews::ask_for_changes(shared, world, key, iid, by);
        }
        _ => tracing::debug!(command, "not a command that is understood"),
    }
}
