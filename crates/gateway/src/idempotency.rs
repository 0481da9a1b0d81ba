//! `Idempotency-Key` for every mutating request: the same key gets the first answer again.

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use optio_store::{idempotency::Key, retention::Keep};

use crate::{Gateway, body, error::ApiError};

/// The header.
const HEADER: &str = "idempotency-key";
/// Characters of a key.
pub(crate) const KEY_CHARS_MAX: usize = 255;
/// Bytes of an answer that are kept.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Answers a repeated request with the first answer. Sending a message is left to the inbox, which
/// keeps the key with the message itself.
pub(crate) async fn layer(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Response {
    let mutating = matches!(
        *request.method(),
        Method::POST | Method::PATCH | Method::DELETE
    );
    let path = request.uri().path();
    let mail = ["/messages", "/ask", "/publish"]
        .iter()
        .any(|end| path.ends_with(end))
        || path.starts_with("/api/internal/");
    match key_of(&request) {
        Ok(Some(key)) if mutating && !mail => match once(&gateway, &key, request, next).await {
            Ok(response) => response,
            Err(error) => error.into_response(),
        },
        Ok(_) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// The key of a request, where it has one.
pub(crate) fn key_of(request: &Request) -> Result<Option<String>, ApiError> {
    read_key(request.headers())
}

/// Reads the key from the headers.
pub(crate) fn read_key(headers: &axum::http::HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(HEADER) else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default();
    // `#` and `@` divide the keys we make ourselves.
    let fits = !key.is_empty() && key.len() <= KEY_CHARS_MAX && !key.contains(['#', '@']);
    if fits {
        return Ok(Some(key.to_owned()));
    }
    Err(ApiError::BadRequest(format!(
        "Idempotency-Key: must be 1 to {KEY_CHARS_MAX} visible characters without # and @"
    )))
}

async fn once(
    gateway: &Gateway,
    key: &str,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (parts, sent) = request.into_parts();
    let max = gateway.world().limits.body_bytes_max;
    let bytes = body::read(Request::from_parts(parts.clone(), sent), max).await?;
    let store = &gateway.world().store;
    let caller = "local";
    let fingerprint = fingerprint(gateway, &parts, &bytes);
    match store
        .take_key(
            caller,
            key,
            &fingerprint,
            Keep::from(&gateway.world().limits).answers,
            gateway.world().clock.now(),
        )
        .await?
    {
        Key::Answered { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let kind = if status.is_success() {
                "application/json"
            } else {
                "application/problem+json"
            };
            return Ok((
                status,
                [
                    (header::CONTENT_TYPE.as_str(), kind),
                    ("idempotency-replayed", "true"),
                ],
                body,
            )
                .into_response());
        }
        Key::Other => {
            let words = "this Idempotency-Key was used for another request; use a new key";
            return Err(ApiError::KeyReused(words.to_owned()));
        }
        Key::Busy => {
            let words = "the first request with this Idempotency-Key is still being answered";
            return Err(ApiError::Conflict(words.to_owned()));
        }
        Key::Fresh => {}
    }
    let request = Request::from_parts(parts, Body::from(bytes));
    let (gateway, key) = (gateway.clone(), key.to_owned());
    // A client that goes away ends its request; this one must be finished, so that its answer is
    // there when the client comes again.
    let finished = tokio::spawn(async move {
        let response = next.run(request).await;
        keep(&gateway, caller, &key, response).await
    });
    match finished.await {
        Ok(answer) => answer,
        Err(fallen) => std::panic::resume_unwind(fallen.into_panic()),
    }
}

/// Keeps an answer that would be the same again; forgets one that may be better next time.
async fn keep(
    gateway: &Gateway,
    caller: &str,
    key: &str,
    response: Response,
) -> Result<Response, ApiError> {
    let store = &gateway.world().store;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        store.free_key(caller, key).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, ANSWER_BYTES_MAX)
        .await
        .map_err(|error| ApiError::Internal(format!("an answer could not be kept: {error}")))?;
    store
        .keep_answer(caller, key, status.as_u16(), &bytes)
        .await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// What the request is known by. Its body may hold a secret, which nobody who reads the database may
/// guess at: without our key the fingerprint says nothing.
fn fingerprint(gateway: &Gateway, parts: &Parts, body: &[u8]) -> String {
    let target = parts.uri.path_and_query();
    let target = target.map_or(parts.uri.path(), |target| target.as_str());
    let head = format!("{}\0{target}\0", parts.method);
    let signer = &gateway.world().signer;
    signer.fingerprint(&[head.as_bytes(), body].concat())
}
