//! `/api/internal/git-credentials`: what a run with a worktree asks for each time it speaks to its git host.

use axum::{Json, extract::State, http::HeaderMap};
use chrono::{DateTime, Utc};
use optio_domain::{
    git_host::{GitHostError, RepoUrl},
    wire::credentials::CredentialAnswer,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Gateway,
    body::Body,
    caller::bearer,
    error::{ApiError, Problem},
};

/// What credentials are wanted for, as git puts it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CredentialQuestion {
    /// For example `https`.
    #[expect(dead_code, reason = "part of the question, and not of the answer")]
    protocol: String,
    /// The host, with its port where it is not the usual one.
    host: String,
    /// The path without the leading slash, for example `acme/shop.git`.
    path: Option<String>,
}

/// Credentials, for one use.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GivenCredential {
    /// For example `x-access-token`.
    username: String,
    /// The token.
    password: String,
    /// When it stops working, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
}

impl From<CredentialAnswer> for GivenCredential {
    fn from(answer: CredentialAnswer) -> Self {
        Self {
            username: answer.username,
            password: answer.password,
            expires_at: answer.expires_at,
        }
    }
}

/// Hands out the credentials of one repository to an open run of a task or a review, for one use. The bearer is the
/// run's `OPTIO_RUN_TOKEN`, which is worthless once the run is closed.
#[utoipa::path(post, path = "/api/internal/git-credentials", tag = "internal", request_body = CredentialQuestion,
    responses((status = 200, body = GivenCredential), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 503, body = Problem)))]
pub(crate) async fn ask(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    Body(question): Body<CredentialQuestion>,
) -> Result<Json<GivenCredential>, ApiError> {
    let token = bearer(&headers).ok_or_else(|| {
        ApiError::Unauthorized("no run token: send OPTIO_RUN_TOKEN as bearer".to_owned())
    })?;
    let world = gateway.world();
    let claims = world
        .signer
        .read_run(&token)
        .map_err(|_unknown| ApiError::Unauthorized("the run token is unknown".to_owned()))?;
    let run = world
        .store
        .repo_of_run(claims.owner, claims.run, claims.epoch)
        .await?;
    let run = run.ok_or_else(|| {
        ApiError::Unauthorized("the run is over, and its token with it".to_owned())
    })?;
    let repo: RepoUrl = run
        .repo_url
        .parse()
        .map_err(|error| ApiError::Internal(format!("a run's repository: {error}")))?;
    meant(&question, &repo)?;
    let host = world.hosts.of(&repo).ok_or_else(|| {
        ApiError::Missing(format!(
            "no git host `{}` is configured; set its token",
            repo.host
        ))
    })?;
    let token = host.token_for(&repo.repo).await;
    let token = token.map_err(|error| no_token(&repo, &error))?;
    let answer = CredentialAnswer {
        username: token.username,
        password: token.secret,
        expires_at: token.expires_at,
    };
    Ok(Json(answer.into()))
}

/// Seconds after which a run should ask again.
const RETRY_S: u32 = 5;

/// Whoever asks again for what passes by itself, and not for what a person has to mend.
fn no_token(repo: &RepoUrl, error: &GitHostError) -> ApiError {
    let words = format!("no credentials for {}: {error}", repo.repo);
    match error {
        GitHostError::Busy(_) | GitHostError::RateLimited { .. } => {
            ApiError::Unavailable(words, RETRY_S)
        }
        GitHostError::NotFound(_)
        | GitHostError::Unauthorized { .. }
        | GitHostError::Refused(_) => ApiError::Forbidden(words),
    }
}

/// Credentials are for the run's own repository and no other.
fn meant(question: &CredentialQuestion, repo: &RepoUrl) -> Result<(), ApiError> {
    let path = question.path.as_deref().map(|path| {
        let path = path.trim_matches('/');
        path.strip_suffix(".git")
            .unwrap_or(path)
            .to_ascii_lowercase()
    });
    let own = repo.repo.to_string().to_ascii_lowercase();
    let host = question.host.eq_ignore_ascii_case(&repo.host);
    if host && path.is_none_or(|path| path.is_empty() || path == own) {
        return Ok(());
    }
    Err(ApiError::Forbidden(format!(
        "this run may only ask for the credentials of {own} on {}",
        repo.host
    )))
}
