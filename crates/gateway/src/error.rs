//! Every status code and every error text, in one place: problem+json (RFC 9457) that also carries
//! the `error` member older clients read.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use optio_domain::agent::spec::Invalid;
use optio_runtime::SendError;
use optio_store::{StoreError, secrets::SecretError};
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which a refused sender should come again.
const INBOX_RETRY_S: u32 = 5;
const BUSY_RETRY_S: u32 = 1;
const AWAY_RETRY_S: u32 = 2;
const KEY_RETRY_S: u32 = 30;

/// Why a request was not carried out.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// 400: fields that break their rules.
    Invalid(Vec<Invalid>),
    /// 400: the request makes no sense, in words.
    BadRequest(String),
    /// 401: no, unknown or ended credentials, in words.
    Unauthorized(String),
    /// 403: known, but not allowed.
    Forbidden(String),
    /// 404: there is no such thing.
    Missing(String),
    /// 405: what is there does not answer to this method.
    NotAllowed(String),
    /// 409: it contradicts what is.
    Conflict(String),
    /// 413: too large; the limit in bytes.
    TooLarge(usize),
    /// 422: it is well formed and allowed, but would do harm; in words.
    Unprocessable(String),
    /// 422: the idempotency key belongs to another request.
    KeyReused(String),
    /// 429: come again after so many seconds.
    TooMany(String, u32),
    /// 503: come again after so many seconds.
    Unavailable(String, u32),
    /// 500: a person must look; the words are for the log only.
    Internal(String),
}

/// What a refused request gets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What was wrong, where, and what to do.
    detail: String,
    /// The same as `detail`.
    error: String,
    /// The fields that break their rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
}

/// A field that breaks its rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Which field.
    field: String,
    /// The rule.
    rule: String,
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(vec![invalid])
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let words = error.to_string();
        match error {
            StoreError::SlugTaken(slug) => Self::Conflict(format!(
                "the slug `{slug}` is taken; choose another, or change that agent"
            )),
            StoreError::NameTaken { .. } => {
                Self::Conflict(format!("{words}; choose another, or change that one"))
            }
            StoreError::PathTaken(_) => Self::Conflict(format!("{words}; choose another path")),
            StoreError::NoReceiver => Self::Missing("there is no such receiver".to_owned()),
            StoreError::InboxFull(pending) => Self::TooMany(
                format!("the inbox is full: {pending} messages wait; send again later"),
                INBOX_RETRY_S,
            ),
            StoreError::KeyReused(_) => Self::KeyReused(format!("{words}; use a new key")),
            StoreError::FanOut(_) | StoreError::TooMany(_) => Self::BadRequest(words),
            StoreError::UnknownTask(_) => {
                Self::BadRequest(format!("dependsOn: {words}; nothing was created"))
            }
            StoreError::TaskCircle(_) => Self::BadRequest(format!("{words}; nothing was stored")),
            StoreError::TicketTaken(_) => {
                Self::Conflict(format!("{words}; look at that task, or cancel it first"))
            }
            StoreError::Cycle(_) => Self::Conflict(format!(
                "{words}; reply to what you were asked first, or send a message without waiting"
            )),
            StoreError::AsksOpen(_) => Self::TooMany(
                format!("{words} (limits.asks_open_max); ask again once some are answered"),
                INBOX_RETRY_S,
            ),
            StoreError::Answered => Self::Conflict(words),
            StoreError::Hops(_) => Self::Unprocessable(format!(
                "{words}; this chain of messages ends here, and only somebody who is not an agent \
                 can begin another (limits.hops_max)"
            )),
            StoreError::Moved | StoreError::NotOwner => Self::Unavailable(
                "somebody else changed it at the same moment; try again".to_owned(),
                BUSY_RETRY_S,
            ),
            StoreError::Unavailable(_) => Self::Unavailable(
                "the database is not available; nothing was accepted, try again".to_owned(),
                AWAY_RETRY_S,
            ),
            StoreError::Corrupt(_) => Self::Internal(words),
            StoreError::Failed(source) => Self::Internal(format!("{words}: {source}")),
        }
    }
}

impl From<SecretError> for ApiError {
    fn from(error: SecretError) -> Self {
        let words = error.to_string();
        match error {
            SecretError::Store(error) => error.into(),
            SecretError::NoKey(_) => Self::Unavailable(
                format!("{words}; start it again with the keys the other servers have"),
                KEY_RETRY_S,
            ),
            SecretError::WrongKey(_) => Self::Unavailable(words, KEY_RETRY_S),
            SecretError::Keys(_) => Self::Conflict(words),
            SecretError::Unopened(_) => Self::Conflict(format!(
                "{words}; set them again or remove them, then repeat this"
            )),
            SecretError::Full(_) => Self::Conflict(format!(
                "{words}; remove some that nobody needs (`optio secret rm`)"
            )),
            SecretError::Rotating => Self::Conflict(format!("{words}; wait until that is over")),
        }
    }
}

impl From<SendError> for ApiError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Busy => Self::Unavailable(
                "too many messages wait to be written; try again".to_owned(),
                BUSY_RETRY_S,
            ),
            SendError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut retry_s = None;
        let mut errors = Vec::new();
        let (status, detail) = match self {
            Self::Invalid(broken) => {
                errors = broken
                    .iter()
                    .map(|i| FieldProblem {
                        field: i.field.to_owned(),
                        rule: i.rule.clone(),
                    })
                    .collect();
                let all: Vec<String> = broken.iter().map(ToString::to_string).collect();
                (StatusCode::BAD_REQUEST, all.join("; "))
            }
            Self::BadRequest(words) => (StatusCode::BAD_REQUEST, words),
            Self::Unauthorized(words) => (StatusCode::UNAUTHORIZED, words),
            Self::Forbidden(words) => (StatusCode::FORBIDDEN, words),
            Self::Missing(words) => (StatusCode::NOT_FOUND, words),
            Self::NotAllowed(words) => (StatusCode::METHOD_NOT_ALLOWED, words),
            Self::Conflict(words) => (StatusCode::CONFLICT, words),
            Self::TooLarge(max) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the request is larger than the limit of {max} bytes; send less at once"),
            ),
            Self::Unprocessable(words) | Self::KeyReused(words) => {
                (StatusCode::UNPROCESSABLE_ENTITY, words)
            }
            Self::TooMany(words, after) => {
                retry_s = Some(after);
                (StatusCode::TOO_MANY_REQUESTS, words)
            }
            Self::Unavailable(words, after) => {
                retry_s = Some(after);
                (StatusCode::SERVICE_UNAVAILABLE, words)
            }
            Self::Internal(words) => {
                tracing::error!(reason = words, "a request failed");
                let words =
                    "something is wrong on our side; the log of the control plane says what";
                (StatusCode::INTERNAL_SERVER_ERROR, words.to_owned())
            }
        };
        respond(status, detail, errors, retry_s)
    }
}

fn respond(
    status: StatusCode,
    detail: String,
    errors: Vec<FieldProblem>,
    retry_s: Option<u32>,
) -> Response {
    let problem = Problem {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        error: detail.clone(),
        detail,
        errors,
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (status, body).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    if let Some(after) = retry_s {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(after));
    }
    response
}
