//! What people think of a merge request: approvals, and how reviewers stand.

use super::Shared;
use super::acts::{cannot, note_down, write};
use super::world::{MergeRequest, Position, Reviewer, World, now};
use crate::git_host::{CannotPlay, LineSetup, ReviewSetup};

/// Reviews as a person: says what there is to say, and decides. Where a head is given, it must still be
/// that.
pub(super) fn submit(
    shared: &Shared,
    key: &str,
    iid: u64,
    sha: Option<&str>,
    it: &ReviewSetup,
) -> Result<u64, CannotPlay> {
    let mut world = shared.world();
    let Some(merge) = world.merge_mut(key, iid) else {
        return cannot(format!("there is no merge request {key}!{iid}"));
    };
    if sha.is_some_and(|sha| sha != merge.sha) {
        return cannot("SHA does not match HEAD of source branch");
    }
    let places: Vec<Option<Position>> = it.comments.iter().map(|at| place(merge, at)).collect();
    if it.event != "COMMENT" {
        let new = Reviewer {
            state: "unreviewed",
            at: now(),
        };
        merge.reviewers.entry(it.author.clone()).or_insert(new);
    }
    let mut last = 0;
    for (line, at) in it.comments.iter().zip(places) {
        let Some(at) = at else {
            return cannot(format!("{} has no such line", line.path));
        };
        let said = (line.body.as_str(), Some(at));
        last = write(shared, &mut world, key, (true, iid), &it.author, said).unwrap_or(last);
    }
    if !it.body.is_empty() {
        let said = (it.body.as_str(), None);
        last = write(shared, &mut world, key, (true, iid), &it.author, said).unwrap_or(last);
    }
    match it.event.as_str() {
        "COMMENT" => Ok(last),
        "APPROVE" => match approve(shared, &mut world, key, iid, &it.author) {
            Some(id) => Ok(id),
            None => cannot(format!("{} may not approve", it.author)),
        },
        "REQUEST_CHANGES" => Ok(ask_for_changes(shared, &mut world, key, iid, &it.author)),
        other => cannot(format!(
            "`{other}` is not APPROVE, REQUEST_CHANGES or COMMENT"
        )),
    }
}

/// A line of the latest version.
fn place(merge: &MergeRequest, line: &LineSetup) -> Option<Position> {
    let is_new = line.side == "RIGHT";
    Some(Position {
        version: merge.versions.last()?.clone(),
        path: line.path.clone(),
        new_line: is_new.then_some(line.line),
        old_line: (!is_new).then_some(line.line),
    })
}

/// Whether somebody may approve of it now: not its author, and not twice.
pub(super) fn may_approve(merge: &MergeRequest, by: &str) -> bool {
    merge.issue.open && merge.issue.author != by && !merge.approvals.contains_key(by)
}

/// Approves. Answers the number of what is noted down; `None` if it may not be.
pub(super) fn approve(
    shared: &Shared,
    world: &mut World,
    key: &str,
    iid: u64,
    by: &str,
) -> Option<u64> {
    let merge = world.merge_mut(key, iid)?;
    if !may_approve(merge, by) {
        return None;
    }
    merge.approvals.insert(by.to_owned(), now());
    if let Some(reviewer) = merge.reviewers.get_mut(by) {
        reviewer.state = "approved";
    }
    let words = "approved this merge request";
    let id = note_down(world, key, (true, iid), by, words);
    shared.tell_merge(world, key, iid, "approved", by);
    Some(id)
}

/// Takes an approval back. Answers whether there was one.
pub(super) fn unapprove(shared: &Shared, world: &mut World, key: &str, iid: u64, by: &str) -> bool {
    let Some(merge) = world.merge_mut(key, iid) else {
        return false;
    };
    if merge.approvals.remove(by).is_none() {
        return false;
    }
    if let Some(reviewer) = merge.reviewers.get_mut(by) {
        reviewer.state = "unapproved";
    }
    let words = "unapproved this merge request";
    note_down(world, key, (true, iid), by, words);
    shared.tell_merge(world, key, iid, "unapproved", by);
    true
}

/// Asks for changes, which only a reviewer can. Answers the number of what is noted down.
pub(super) fn ask_for_changes(
    shared: &Shared,
    world: &mut World,
    key: &str,
    iid: u64,
    by: &str,
) -> u64 {
    let Some(merge) = world.merge_mut(key, iid) else {
        return 0;
    };
    let Some(reviewer) = merge.reviewers.get_mut(by) else {
        return 0;
    };
    reviewer.state = "requested_changes";
    merge.approvals.remove(by);
    let id = note_down(world, key, (true, iid), by, "requested changes");
    shared.tell_merge(world, key, iid, "update", by);
    id
}
