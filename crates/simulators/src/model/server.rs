//! The HTTP side of the simulated Messages API: read, decide, answer, remember.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::request::Asked;
use super::wire::{self, Frame, Head};
use super::{Seen, Shared};
use crate::scenario::{Answer, Beat, answer};

/// As large as the API itself allows.
const BODY_BYTES_MAX: usize = 32 << 20;
/// How many requests are remembered. The oldest are forgotten first.
const SEEN_MAX: usize = 4_096;
/// How much of a prompt is remembered.
const PROMPT_CHARS_MAX: usize = 16_384;
/// Lets what was written reach the client before the connection breaks.
const CUT_DELAY: Duration = Duration::from_millis(20);
/// What a token is worth when somebody asks for a count.
const BYTES_PER_TOKEN: usize = 4;
const MODELS: [(&str, &str); 3] = [
    ("claude-opus-5-5", "Claude Opus 5.5"),
    ("claude-sonnet-5-5", "Claude Sonnet 5.5"),
    ("claude-haiku-5-5", "Claude Haiku 5.5"),
];

/// What is remembered between requests.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) tally: crate::scenario::Tally,
    pub(super) seen: VecDeque<Seen>,
    pub(super) total: u64,
}

impl Shared {
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is answered, before it is put on the wire.
enum Reply {
    Json(StatusCode, Value),
    Refused {
        status: u16,
        message: String,
        retry_after_s: Option<u64>,
    },
    Model {
        answer: Answer,
        model: String,
        is_streaming: bool,
    },
}

/// Answers any request.
pub(super) async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        ..Seen::default()
    };
    let body = to_bytes(body, BODY_BYTES_MAX).await;
    let id = body.as_ref().map(|body| digest(body)).unwrap_or_default();
    let reply = match &body {
        Ok(body) => decide(&shared, &parts.method, &parts.headers, body, &mut seen),
        Err(_) => refused(413, wire::message_of(413)),
    };
    seen.status = reply.status();
    remember(&shared, seen);
    reply.send(&id, &shared.stop).await
}

fn decide(
    shared: &Shared,
    method: &Method,
    headers: &HeaderMap,
    body: &Bytes,
    seen: &mut Seen,
) -> Reply {
    let path = seen.path.trim_end_matches('/').to_owned();
    let is_known =
        matches!(path.as_str(), "/v1/messages" | "/v1/messages/count_tokens") || is_models(&path);
    if path.is_empty() && matches!(*method, Method::HEAD | Method::GET) {
        return Reply::Json(StatusCode::OK, json!({}));
    }
    if !is_known {
        return refused(404, wire::message_of(404));
    }
    if !has_key(headers) {
        return refused(401, "x-api-key header is required");
    }
    match (method, path.as_str()) {
        (&Method::POST, "/v1/messages") => messages(shared, body, seen),
        (&Method::POST, "/v1/messages/count_tokens") => {
            let tokens = (body.len() / BYTES_PER_TOKEN).max(1);
            Reply::Json(StatusCode::OK, json!({ "input_tokens": tokens }))
        }
        (&Method::GET, path) if is_models(path) => models(path),
        (_, _) => refused(405, "Method Not Allowed"),
    }
}

fn is_models(path: &str) -> bool {
    path == "/v1/models" || path.starts_with("/v1/models/")
}

/// Any key will do. A request without one is the mistake worth finding.
fn has_key(headers: &HeaderMap) -> bool {
    let given = [headers.get("x-api-key"), headers.get(header::AUTHORIZATION)];
    given.into_iter().flatten().any(|value| !value.is_empty())
}

fn messages(shared: &Shared, body: &Bytes, seen: &mut Seen) -> Reply {
    let asked = match serde_json::from_slice::<Value>(body) {
        Ok(body) => Asked::read(&body),
        Err(_) => Err("The request body is not valid JSON"),
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(message) => return refused(400, message),
    };
    let answer = answer(&shared.scenario, &asked, &mut shared.memory().tally);
    seen.model = Some(asked.model.clone());
    seen.prompt = Some(asked.prompt.chars().take(PROMPT_CHARS_MAX).collect());
    seen.rules.clone_from(&answer.rules);
    seen.step = answer.step;
    Reply::Model {
        answer,
        model: asked.model,
        is_streaming: asked.is_streaming,
    }
}

fn models(path: &str) -> Reply {
    let model = |(id, name): &(&str, &str)| json!({ "type": "model", "id": id, "display_name": name, "created_at": "2026-01-01T00:00:00Z" });
    let body = match path.strip_prefix("/v1/models/") {
        Some(wanted) => MODELS.iter().find(|(id, _)| *id == wanted).map(model),
        None => Some(json!({
            "data": MODELS.iter().map(model).collect::<Vec<_>>(),
            "has_more": false,
            "first_id": MODELS.first().map(|(id, _)| id),
            "last_id": MODELS.last().map(|(id, _)| id),
        })),
    };
    body.map_or_else(
        || refused(404, wire::message_of(404)),
        |body| Reply::Json(StatusCode::OK, body),
    )
}

fn refused(status: u16, message: &str) -> Reply {
    Reply::Refused {
        status,
        message: message.to_owned(),
        retry_after_s: None,
    }
}

fn remember(shared: &Shared, mut seen: Seen) {
    tracing::debug!(method = %seen.method, path = %seen.path, status = seen.status, rules = ?seen.rules, step = seen.step, "model asked");
    let mut memory = shared.memory();
    memory.total += 1;
    seen.number = memory.total;
    if SEEN_MAX <= memory.seen.len() {
        memory.seen.pop_front();
    }
    memory.seen.push_back(seen);
}

fn digest(body: &[u8]) -> String {
    Sha256::digest(body)
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The pauses at the head of an answer, and whether it is refused behind them. A refusal must come
/// as a status, and a status cannot come after the first event.
fn opening(answer: &Answer) -> (Duration, Option<(u16, Option<u64>)>) {
    let mut pause = Duration::ZERO;
    for beat in &answer.beats {
        match beat {
            Beat::Pause(more) => pause += *more,
            Beat::Error {
                status,
                retry_after_s,
            } => return (pause, Some((*status, *retry_after_s))),
            Beat::Think(_) | Beat::Say(_) | Beat::Tool { .. } | Beat::Drop | Beat::Hang => break,
        }
    }
    (pause, None)
}

impl Reply {
    fn status(&self) -> u16 {
        match self {
            Self::Json(status, _) => status.as_u16(),
            Self::Refused { status, .. } => *status,
            Self::Model { answer, .. } => opening(answer).1.map_or(200, |(status, _)| status),
        }
    }

    async fn send(self, id: &str, stop: &CancellationToken) -> Response {
        match self {
            Self::Json(status, body) => json_response(status, id, &body),
            Self::Refused {
                status,
                message,
                retry_after_s,
            } => error_response(status, &message, retry_after_s, id),
            Self::Model {
                answer,
                model,
                is_streaming,
            } => {
                let head = Head { id, model: &model };
                let (pause, error) = opening(&answer);
                if let Some((status, retry_after_s)) = error {
                    wait(pause, stop).await;
                    return error_response(status, wire::message_of(status), retry_after_s, id);
                }
                if is_streaming {
                    return stream(wire::frames(&answer, head), id, stop.clone());
                }
                in_one_piece(&answer, head, stop).await
            }
        }
    }
}

async fn in_one_piece(answer: &Answer, head: Head<'_>, stop: &CancellationToken) -> Response {
    for beat in &answer.beats {
        match beat {
            Beat::Pause(pause) => wait(*pause, stop).await,
            Beat::Think(text) | Beat::Say(text) => wait(text.trickle, stop).await,
            Beat::Tool { .. } => {}
            Beat::Error {
                status,
                retry_after_s,
            } => {
                let message = wire::message_of(*status);
                return error_response(*status, message, *retry_after_s, head.id);
            }
            Beat::Drop => return stream(vec![Frame::Cut], head.id, stop.clone()),
            Beat::Hang => return stream(vec![Frame::Silence], head.id, stop.clone()),
        }
    }
    json_response(StatusCode::OK, head.id, &wire::whole(answer, head))
}

async fn wait(pause: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

fn stream(frames: Vec<Frame>, id: &str, stop: CancellationToken) -> Response {
    let body = async_stream::stream! {
        for frame in frames {
            if stop.is_cancelled() {
                yield Err(io::Error::from(io::ErrorKind::ConnectionAborted));
                return;
            }
            match frame {
                Frame::Event { name, data } => yield Ok(Bytes::from(wire::bytes(name, &data))),
                Frame::Pause(pause) => wait(pause, &stop).await,
                Frame::Cut => {
                    wait(CUT_DELAY, &stop).await;
                    yield Err(io::Error::from(io::ErrorKind::ConnectionReset));
                    return;
                }
                Frame::Silence => {
                    stop.cancelled().await;
                    yield Err(io::Error::from(io::ErrorKind::ConnectionAborted));
                    return;
                }
            }
        }
    };
    let headers = [
        (
            header::CONTENT_TYPE.as_str(),
            "text/event-stream; charset=utf-8".to_owned(),
        ),
        (header::CACHE_CONTROL.as_str(), "no-cache".to_owned()),
        ("request-id", format!("req_{id}")),
    ];
    (headers, Body::from_stream(body)).into_response()
}

fn json_response(status: StatusCode, id: &str, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/json".to_owned()),
        ("request-id", format!("req_{id}")),
    ];
    (status, headers, body.to_string()).into_response()
}

fn error_response(status: u16, message: &str, retry_after_s: Option<u64>, id: &str) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(code, id, &wire::error_body(status, message, id));
    if let Some(seconds) = retry_after_s {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The lock around what is remembered. It is never held across an await.
pub(super) type Memories = Mutex<Memory>;
