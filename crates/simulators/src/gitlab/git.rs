//! Who may use git on a simulated GitLab, what a push leads to, and how commits get into a branch.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::{Shared, heads, server};
use crate::git_host::backend::{self, Asking};
use crate::git_host::git::{Git, GitError};
use crate::git_host::merge::Words;

/// Answers a request of git.
pub(super) async fn serve(shared: &Shared, key: &str, rest: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((login, _)) = server::caller(shared, &parts.headers) else {
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"GitLab\"")];
        return (StatusCode::UNAUTHORIZED, ask, "HTTP Basic: Access denied\n").into_response();
    };
    let lock = {
        let world = shared.world();
        world.projects.get(key).map(|it| it.lock.clone())
    };
    let Some(lock) = lock else {
        let words = "The project you were looking for could not be found.\n";
        return (StatusCode::NOT_FOUND, words).into_response();
    };
    let Some(body) = backend::pack(body).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let asking = Asking {
        root: &shared.root,
        key,
        rest,
        login: &login,
        parts: &parts,
    };
    if rest != "git-receive-pack" {
        return backend::serve(asking, body).await;
    }
    let _guard = lock.lock().await;
    let answer = backend::serve(asking, body).await;
    if let Err(error) = heads::refresh(shared, key, &login).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "branches not read"
        );
    }
    answer
}

/// What is to get into a branch.
pub(super) struct Order {
    pub(super) target: String,
    pub(super) target_sha: String,
    pub(super) sha: String,
    pub(super) squash: bool,
    /// Without a merge commit.
    pub(super) forward: bool,
    pub(super) words: Words,
    pub(super) squash_words: Words,
}

/// The commits that were made: of the merge, and of the squash.
pub(super) type Made = (Option<String>, Option<String>);

/// Gets it there. `None` where it conflicts.
pub(super) async fn merge(git: &Git, order: &Order) -> Result<Option<Made>, GitError> {
    let Order {
        target, target_sha, ..
    } = order;
    if !git.merges(target_sha, &order.sha).await? {
        return Ok(None);
    }
    let squashed = match order.squash {
        true => Some(squash(git, order).await?),
        false => None,
    };
    let head = squashed.as_ref().unwrap_or(&order.sha);
    if order.forward {
        let name = format!("refs/heads/{target}");
        git.run(&["update-ref", &name, head, target_sha]).await?;
        return Ok(Some((None, squashed)));
    }
    let made = git
        .merge(target, target_sha, head, "merge", &order.words)
        .await?;
    Ok(made.map(|made| (Some(made), squashed)))
}

/// One commit of all, where they parted from the target.
async fn squash(git: &Git, order: &Order) -> Result<String, GitError> {
    let base = git
        .run(&["merge-base", &order.target_sha, &order.sha])
        .await?;
    let tree = format!("{}^{{tree}}", order.sha);
    let tree = git.run(&["rev-parse", &tree]).await?;
    git.commit_tree(&tree, &[&base], &order.squash_words).await
}

/// What the merge of a merge request is called before it is merged.
pub(super) fn merged_name(iid: u64) -> String {
    format!("refs/merge-requests/{iid}/merge")
}

/// What the head would be in its target. `None` where it conflicts.
pub(super) async fn merged(
    git: &Git,
    iid: u64,
    target: &str,
    sha: &str,
) -> Result<Option<String>, GitError> {
    let Some(tree) = git.merged_tree(target, sha).await? else {
        return Ok(None);
    };
    let words = Words {
        message: format!("Merge {sha} into {target}"),
        author: "gitlab".to_owned(),
    };
    let merged = git.commit_tree(&tree, &[target, sha], &words).await?;
    git.run(&["update-ref", &merged_name(iid), &merged]).await?;
    Ok(Some(merged))
}
