//! Git over HTTP: `git http-backend` as a child process for each request, on the bare repositories.

use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::git::{command, feed};

/// Bytes of one pack that is pushed.
const PACK_BYTES_MAX: usize = 256 << 20;

/// The repository that a path of git's protocol names, with what follows it.
pub(crate) fn place(path: &str) -> Option<(String, &str)> {
    let path = path.strip_prefix('/')?;
    let services = ["info/refs", "git-upload-pack", "git-receive-pack"];
    let rest = services.into_iter().find(|it| path.ends_with(it))?;
    let name = path.strip_suffix(rest)?.strip_suffix('/')?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    name.contains('/')
        .then(|| (name.to_ascii_lowercase(), rest))
}

/// A request of git that may be answered.
pub(crate) struct Asking<'a> {
    /// Where the repositories are.
    pub(crate) root: &'a Path,
    /// Which one.
    pub(crate) key: &'a str,
    /// What is wanted of it.
    pub(crate) rest: &'a str,
    /// Who asks.
    pub(crate) login: &'a str,
    pub(crate) parts: &'a Parts,
}

/// The body of a request, if it is not too large.
pub(crate) async fn pack(body: Body) -> Option<Vec<u8>> {
    let read = to_bytes(body, PACK_BYTES_MAX).await;
    read.ok().map(|body| body.to_vec())
}

/// Answers a request of git.
pub(crate) async fn serve(asking: Asking<'_>, body: Vec<u8>) -> Response {
    let parts = asking.parts;
    let text = |name: &str| {
        let value = parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut backend = command(asking.root);
    backend
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", asking.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", format!("/{}.git/{}", asking.key, asking.rest))
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", text("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text("content-encoding"))
        .env("GIT_PROTOCOL", text("git-protocol"))
        .env("REMOTE_USER", asking.login)
        .env("REMOTE_ADDR", "127.0.0.1");
    match feed(backend, body).await {
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
