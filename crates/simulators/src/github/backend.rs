//! Git over HTTP: `git http-backend` as a child process for each request, on the bare repositories.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::git::{command, feed};
use super::world::Caller;
use super::{Shared, heads, server};

/// Bytes of one pack that is pushed.
const PACK_BYTES_MAX: usize = 256 << 20;

/// The repository that a path of git's protocol names, with what follows it.
pub(super) fn place(path: &str) -> Option<(String, &str)> {
    let mut parts = path.strip_prefix('/')?.splitn(3, '/');
    let (owner, name, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let is_git = matches!(rest, "info/refs" | "git-upload-pack" | "git-receive-pack");
    let name = name.strip_suffix(".git").unwrap_or(name);
    is_git.then(|| (format!("{owner}/{name}").to_ascii_lowercase(), rest))
}

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
    let Ok(body) = to_bytes(body, PACK_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let text = |name: &str| {
        let value = parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut backend = command(&shared.root);
    backend
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", shared.root.as_path())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", format!("/{key}.git/{rest}"))
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", text("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text("content-encoding"))
        .env("GIT_PROTOCOL", text("git-protocol"))
        .env("REMOTE_USER", &caller.login)
        .env("REMOTE_ADDR", "127.0.0.1");
    let is_push = rest == "git-receive-pack";
    let guard = if is_push {
        Some(lock.lock().await)
    } else {
        None
    };
    let output = feed(backend, body.to_vec()).await;
    if is_push && let Err(error) = heads::refresh(shared, key, &caller.login).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "branches not read"
        );
    }
    drop(guard);
    match output {
        Ok(output) => answer(&output.stdout),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "git not started");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What a CGI program printed, as an answer.
fn answer(printed: &[u8]) -> Response {
    let gap = b"\r\n\r\n";
    let Some(at) = printed.windows(gap.len()).position(|it| it == gap) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (head, body) = (&printed[..at], printed[at + gap.len()..].to_vec());
    let mut response = Response::new(Body::from(body));
    for line in String::from_utf8_lossy(head).lines() {
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().and_then(|code| code.parse().ok());
            *response.status_mut() = code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        } else if let (Ok(name), Ok(value)) =
            (name.parse::<HeaderName>(), HeaderValue::from_str(value))
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

impl Caller {
    /// Whether this repository is open to the caller.
    pub(super) fn may_see(&self, key: &str) -> bool {
        self.repos
            .as_ref()
            .is_none_or(|repos| repos.iter().any(|it| it == key))
    }
}
