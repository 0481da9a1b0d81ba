//! Who is let in at all, where not everybody is: whoever reaches the port has to show the token of the
//! installation, unless what is asked for has a proof of its own.

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use optio_domain::{
    secret::SecretText,
    wire::{credentials, runner},
};

use crate::{
    Gateway,
    caller::{agent, agent_token, bearer},
    error::ApiError,
    web,
};

/// What is open to everybody: it tells nothing, or asks for a proof of its own (the token of a runner, of a
/// run, of a pod; a signature).
const OPEN: [&str; 9] = [
    "/api/health",
    "/docs",
    "/openapi.json",
    runner::PATH,
    runner::TOKEN_PATH,
    credentials::PATH,
    "/api/webhooks/github",
    "/api/webhooks/gitlab",
    "/api/webhooks/slack/actions",
];
/// Below it are the webhooks of triggers, each with its own secret.
const OPEN_BELOW: &str = "/api/hooks/";

pub(crate) async fn layer(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Response {
    let Some(wanted) = gateway.admin_token().cloned() else {
        return next.run(request).await;
    };
    // The UI is nothing secret, and asks for the token by itself.
    if web::is_page(request.method(), request.uri().path()) {
        return next.run(request).await;
    }
    let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
    match admitted(&gateway, &wanted, &path, &headers).await {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn admitted(
    gateway: &Gateway,
    wanted: &SecretText,
    path: &str,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    if OPEN.contains(&path) || path.starts_with(OPEN_BELOW) {
        return Ok(());
    }
    if let Some(token) = agent_token(headers) {
        // What an agent may is asked later; here, whether it is one.
        return agent(&token, gateway).await.map(drop);
    }
    let shown = bearer(headers).unwrap_or_default();
    if optio_domain::git_host::is_token(wanted.reveal().as_bytes(), shown.as_bytes()) {
        return Ok(());
    }
    Err(ApiError::Unauthorized(
        "this Optio asks who you are: send its admin token as `Authorization: Bearer …` (OPTIO_TOKEN for the \
         command line)"
            .to_owned(),
    ))
}
