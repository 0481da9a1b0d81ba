//! The HTTP side: who asks, whether they may now, what is answered, in which pages, and whether it is
//! what they have already.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use serde_json::Value;

use super::wire::{Answer, Call, Refusal, Reply};
use super::world::{Caller, World, now};
use super::{Shared, app, backend, routes};
use crate::git_host::faults::{FaultKind, pause};
use crate::git_host::http::{self, cut, query};
use crate::git_host::{Asked, backend::place, door, keep};

/// As large as GitHub allows.
const BODY_BYTES_MAX: usize = 25 << 20;
/// Entries of a page, unless told otherwise, and at most.
const PAGE: (usize, usize) = (30, 100);
/// Where the API is below the address of a GitHub Enterprise Server.
const ENTERPRISE: &str = "/api/v3";

/// Answers any request.
pub(super) async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if let Some(path) = path.strip_prefix(door::PREFIX) {
        return door::serve(&shared, path, request).await;
    }
    if let Some((key, rest)) = place(&path) {
        return backend::serve(&shared, &key, rest, request).await;
    }
    let stop = shared.stop.clone();
    tokio::select! {
        () = stop.cancelled() => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        response = api(&shared, request) => response,
    }
}

async fn api(shared: &Shared, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let path = path.strip_prefix(ENTERPRISE).unwrap_or(path).to_owned();
    let fault = shared
        .world()
        .faults
        .of_request(parts.method.as_str(), &path);
    let caller = caller(shared, &parts.headers);
    let mut answer = match &fault {
        Some(FaultKind::Status { status }) => Err(Refusal::new(*status, "Server Error")),
        Some(FaultKind::RateLimit) => {
            use_up(shared, caller.as_ref());
            Ok(Reply::Nothing)
        }
        Some(FaultKind::SecondaryLimit { .. }) => Err(Refusal::new(
            403,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        )),
        Some(FaultKind::Slow { ms }) => {
            tokio::time::sleep(pause(*ms)).await;
            Ok(Reply::Nothing)
        }
        _ => Ok(Reply::Nothing),
    };
    if answer.is_ok() {
        let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
        answer = allowed(shared, caller.as_ref(), &path);
        if let (Ok(_), Some(caller)) = (&answer, caller.clone()) {
            let call = Call {
                method: parts.method.clone(),
                path: http::parts(&path),
                query: query(&parts.uri),
                body: serde_json::from_slice(&body).unwrap_or(Value::Null),
                caller,
            };
            answer = routes::route(shared, &call).await;
        }
    }
    let known = parts.headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|value| value.to_str().ok());
    let mut response = respond(shared, &parts.uri, answer, known);
    count(shared, caller.as_ref(), &path, &mut response);
    remember(shared, parts.method.as_str(), &parts.uri, &response);
    if let Some(FaultKind::SecondaryLimit { retry_after_s }) = fault {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, retry_after_s.into());
    }
    if fault == Some(FaultKind::LostAnswer) {
        return cut();
    }
    response
}

/// Who asks, if the credentials are good.
pub(super) fn caller(shared: &Shared, headers: &HeaderMap) -> Option<Caller> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    let token = if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
        pair.split_once(':')?.1.to_owned()
    } else {
        rest.trim().to_owned()
    };
    let world = shared.world();
    if let Some(login) = world.tokens.get(&token) {
        return Some(Caller {
            login: login.clone(),
            repos: None,
            token,
            is_app: false,
        });
    }
    let signed = world.app.as_ref().filter(|_| token.contains('.'));
    let signed = signed.and_then(|app| app::signed_by(app, &token));
    signed.or_else(|| app::holder(&world, &token))
}

fn allowed(shared: &Shared, caller: Option<&Caller>, path: &str) -> Answer {
    let Some(caller) = caller else {
        return Err(Refusal::new(401, "Bad credentials"));
    };
    let mut world = shared.world();
    let used = world.used_now(&caller.token);
    if world.rate_limit <= used && path != "/rate_limit" {
        return Err(Refusal::new(403, "API rate limit exceeded"));
    }
    Ok(Reply::Nothing)
}

fn use_up(shared: &Shared, caller: Option<&Caller>) {
    if let Some(caller) = caller {
        let mut world = shared.world();
        let limit = world.rate_limit;
        world.used_now(&caller.token);
        world.used.insert(caller.token.clone(), limit);
    }
}

impl World {
    /// How many calls the token has made in this hour.
    pub(super) fn used_now(&mut self, token: &str) -> u64 {
        if self.reset.is_none_or(|reset| reset <= now()) {
            self.used.clear();
            self.reset = Some(now() + TimeDelta::hours(1));
        }
        self.used.get(token).copied().unwrap_or(0)
    }
}

fn respond(shared: &Shared, uri: &Uri, answer: Answer, known: Option<&str>) -> Response {
    let (status, body, link) = match answer {
        Ok(Reply::One(status, body)) => (status, body, None),
        Ok(Reply::Nothing) => return StatusCode::NO_CONTENT.into_response(),
        Ok(Reply::List(list, around)) => {
            let page = http::page(uri, list, PAGE);
            let link = page.link(&shared.world().url, uri);
            let page = page.list;
            let body = match around {
                Some((mut around, field)) => {
                    around[field] = Value::Array(page);
                    around
                }
                None => Value::Array(page),
            };
            (StatusCode::OK, body, link)
        }
        Err(refusal) => {
            let code = StatusCode::from_u16(refusal.status);
            (
                code.unwrap_or(StatusCode::BAD_REQUEST),
                refusal.body(),
                None,
            )
        }
    };
    let body = body.to_string();
    let hash = http::digest(&body);
    let tag = format!("W/\"{hash}\"");
    let is_known = status == StatusCode::OK && known.is_some_and(|known| known.contains(&hash));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
        (status, kind, body).into_response()
    };
    let mut set = |name, value: String| {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    };
    if status == StatusCode::OK {
        set(header::ETAG, tag);
    }
    if let Some(link) = link {
        set(header::LINK, link);
    }
    response
}

/// Counts the call, unless the caller knew the answer, and says how many are left.
fn count(shared: &Shared, caller: Option<&Caller>, path: &str, response: &mut Response) {
    let Some(caller) = caller else { return };
    let mut world = shared.world();
    let mut used = world.used_now(&caller.token);
    let is_free = response.status() == StatusCode::NOT_MODIFIED || path == "/rate_limit";
    if !is_free && used < world.rate_limit {
        used += 1;
        world.used.insert(caller.token.clone(), used);
    }
    let reset = world
        .reset
        .map_or(0, |reset| reset.timestamp().unsigned_abs());
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", world.rate_limit.into());
    headers.insert("x-ratelimit-remaining", (world.rate_limit - used).into());
    headers.insert("x-ratelimit-used", used.into());
    headers.insert("x-ratelimit-reset", reset.into());
    headers.insert("x-ratelimit-resource", HeaderValue::from_static("core"));
}

fn remember(shared: &Shared, method: &str, uri: &Uri, response: &Response) {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let status = response.status();
    tracing::debug!(method, path, status = status.as_u16(), "github asked");
    let asked = Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        status: status.as_u16(),
        counted: status != StatusCode::NOT_MODIFIED,
    };
    keep(&mut shared.world().seen, asked);
}
