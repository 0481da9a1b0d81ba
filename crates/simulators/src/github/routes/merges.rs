//! The merge of a pull request, by the rules of GitHub.

use axum::http::StatusCode;
use serde_json::json;

use super::super::heads::{self, tell_pull};
use super::super::wire::{Answer, Call, Refusal, Reply};
use super::super::world::{Merge, World, now};
use super::super::{Shared, acts};
use super::git_of;
use crate::git_host::merge::{Words, closes};

/// What is to be merged, if it may be.
struct Order {
    head_sha: String,
    base: String,
    base_sha: String,
    words: Words,
    closes: Vec<u64>,
}

/// Merges a pull request.
pub(super) async fn merge(shared: &Shared, key: &str, number: u64, call: &Call) -> Answer {
    let method = call.text("merge_method").unwrap_or("merge").to_owned();
    if !["merge", "squash", "rebase"].contains(&method.as_str()) {
        return Err(Refusal::invalid("PullRequest", "merge_method", "invalid"));
    }
    let (git, lock) = git_of(shared, key)?;
    let _guard = lock.lock().await;
    let order = order(&shared.world(), key, number, &method, call)?;
    let made = git
        .merge(
            &order.base,
            &order.base_sha,
            &order.head_sha,
            &method,
            &order.words,
        )
        .await?;
    let Some(sha) = made else {
        heads::look(shared, key, number).await?;
        return Err(Refusal::new(405, "Pull Request is not mergeable"));
    };
    let by = &call.caller.login;
    {
        let mut world = shared.world();
        let pulls = world.repos.get_mut(key).map(|repo| &mut repo.pulls);
        if let Some(pull) = pulls.and_then(|pulls| pulls.get_mut(&number)) {
            pull.merged = Some(Merge {
                sha: sha.clone(),
                by: by.clone(),
                at: now(),
            });
        }
        acts::set_open(&mut world, key, number, false);
        tell_pull(shared, &mut world, key, number, "closed", by);
    }
    for issue in order.closes {
        acts::close(shared, key, issue, by);
    }
    heads::refresh(shared, key, by).await?;
    let body = json!({ "sha": sha, "merged": true, "message": "Pull Request successfully merged" });
    Ok(Reply::One(StatusCode::OK, body))
}

fn order(
    world: &World,
    key: &str,
    number: u64,
    method: &str,
    call: &Call,
) -> Result<Order, Refusal> {
    let repo = &world.repos[key];
    let pull = repo.pulls.get(&number).ok_or_else(Refusal::missing)?;
    let issue = &repo.issues[&number];
    if !issue.open {
        return Err(Refusal::new(405, "Pull Request is not mergeable"));
    }
    if pull.draft {
        return Err(Refusal::new(405, "Pull Request is still a draft"));
    }
    if call.text("sha").is_some_and(|sha| sha != pull.head_sha) {
        let words = "Head branch was modified. Review and try the merge again.";
        return Err(Refusal::new(409, words));
    }
    let title = match method {
        "merge" => format!(
            "Merge pull request #{number} from {}/{}",
            repo.owner, pull.head
        ),
        _ => format!("{} (#{number})", issue.title),
    };
    let title = call.text("commit_title").map_or(title, str::to_owned);
    let text = call.text("commit_message").unwrap_or_default();
    let author = if method == "squash" {
        &issue.author
    } else {
        &call.caller.login
    };
    Ok(Order {
        head_sha: pull.head_sha.clone(),
        base: pull.base.clone(),
        base_sha: pull.base_sha.clone(),
        words: Words {
            message: format!("{title}\n\n{text}").trim().to_owned(),
            author: author.clone(),
        },
        closes: closes(issue.body.as_deref().unwrap_or_default()),
    })
}
