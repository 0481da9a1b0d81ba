//! Who may use git on a simulated GitHub, and what a push leads to.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::world::Caller;
use super::{Shared, heads, server};
use crate::git_host::backend::{self, Asking};

/// Answers a request of git.
pub(super) async fn serve(shared: &Shared, key: &str, rest: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(caller) = server::caller(shared, &parts.headers) else {
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"GitHub\"")];
        return (StatusCode::UNAUTHORIZED, ask, "invalid credentials\n").into_response();
    };
    let known = shared.world().repos.get(key).map(|repo| repo.lock.clone());
    let Some(lock) = known.filter(|_| caller.may_see(key)) else {
        return (StatusCode::NOT_FOUND, "Repository not found.\n").into_response();
    };
    let Some(body) = backend::pack(body).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let asking = Asking {
        root: &shared.root,
        key,
        rest,
        login: &caller.login,
        parts: &parts,
    };
    if rest != "git-receive-pack" {
        return backend::serve(asking, body).await;
    }
    let _guard = lock.lock().await;
    let answer = backend::serve(asking, body).await;
    if let Err(error) = heads::refresh(shared, key, &caller.login).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "branches not read"
        );
    }
    answer
}

impl Caller {
    /// Whether this repository is open to the caller.
    pub(super) fn may_see(&self, key: &str) -> bool {
        self.repos
            .as_ref()
            .is_none_or(|repos| repos.iter().any(|it| it == key))
    }
}
