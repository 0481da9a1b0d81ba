//! The merge of a merge request, by the rules of GitLab.

use super::super::git::{self, Order};
use super::super::heads;
use super::super::wire::{Answer, Call, Refusal};
use super::super::world::{Merge, World, now};
use super::super::{Shared, acts};
use super::{git_of, merges};
use crate::git_host::merge::{Words, closes};

/// Merges a merge request.
pub(super) async fn merge(shared: &Shared, key: &str, iid: u64, call: &Call) -> Answer {
    let (git, lock) = git_of(shared, key)?;
    let _guard = lock.lock().await;
    heads::look(shared, key, iid).await?;
    let (order, closes) = order(&shared.world(), key, iid, call)?;
    let Some((merge_sha, squash_sha)) = git::merge(&git, &order).await? else {
        return Err(Refusal::new(422, "Branch cannot be merged"));
    };
    let by = &call.by;
    {
        let mut world = shared.world();
        if let Some(merge) = world.merge_mut(key, iid) {
            merge.merged = Some(Merge {
                merge_sha,
                squash_sha,
                by: by.clone(),
                at: now(),
            });
            merge.issue.open = false;
            merge.issue.updated = now();
        }
        shared.tell_merge(&mut world, key, iid, "merge", by);
        for issue in closes {
            acts::set_issue_open(shared, &mut world, key, issue, false, by);
        }
    }
    heads::refresh(shared, key, by).await?;
    merges::show(shared, key, iid)
}

fn order(world: &World, key: &str, iid: u64, call: &Call) -> Result<(Order, Vec<u64>), Refusal> {
    let project = &world.projects[key];
    let merge = project.merges.get(&iid).ok_or_else(Refusal::missing)?;
    let issue = &merge.issue;
    let (squash, forward) = (call.is("squash"), project.merge_method == "ff");
    let is_behind = merge.known.is_some_and(|known| known.is_behind);
    if !issue.open || merge.is_draft() || forward && is_behind {
        return Err(Refusal::new(405, "405 Method Not Allowed"));
    }
    if merge.known.is_some_and(|known| !known.merges) {
        return Err(Refusal::new(422, "Branch cannot be merged"));
    }
    if call.text("sha").is_some_and(|sha| sha != merge.sha) {
        let words = format!("SHA does not match HEAD of source branch: {}", merge.sha);
        return Err(Refusal::new(409, words));
    }
    let message = format!(
        "Merge branch '{}' into '{}'\n\n{}\n\nSee merge request {}!{iid}",
        merge.source, merge.target, issue.title, project.path
    );
    let order = Order {
        target: merge.target.clone(),
        target_sha: merge.target_sha.clone(),
        sha: merge.sha.clone(),
        squash,
        forward,
        words: Words {
            message: call
                .text("merge_commit_message")
                .map_or(message, str::to_owned),
            author: call.by.clone(),
        },
        squash_words: Words {
            message: issue.title.clone(),
            author: issue.author.clone(),
        },
    };
    Ok((order, closes(&issue.body)))
}
