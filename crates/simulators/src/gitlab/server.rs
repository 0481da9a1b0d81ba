//! The HTTP side: who asks, whether they may now, what is answered, in which pages, and whether it is
//! what they have already.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use serde_json::Value;

use super::wire::{Answer, Call, Refusal, Reply};
use super::world::{World, now};
use super::{Shared, git, routes};
use crate::git_host::faults::{FaultKind, pause};
use crate::git_host::http::{self, Page, cut, query};
use crate::git_host::{Asked, backend::place, door, keep};

const BODY_BYTES_MAX: usize = 25 << 20;
/// Entries of a page, unless told otherwise, and at most.
const PAGE: (usize, usize) = (20, 100);
/// Where the API is.
const API: &str = "/api/v4";

/// Answers any request.
pub(super) async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if let Some(path) = path.strip_prefix(door::PREFIX) {
        return door::serve(&shared, path, request).await;
    }
    if let Some((key, rest)) = place(&path) {
        return git::serve(&shared, &key, rest, request).await;
    }
    let Some(path) = path.strip_prefix(API).map(str::to_owned) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let stop = shared.stop.clone();
    tokio::select! {
        () = stop.cancelled() => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        response = api(&shared, &path, request) => response,
    }
}

async fn api(shared: &Shared, path: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str();
    let fault = shared.world().faults.of_request(method, path);
    let caller = caller(shared, &parts.headers);
    let mut answer = match &fault {
        Some(FaultKind::Status { status }) => Err(Refusal::new(*status, "500 Error")),
        Some(FaultKind::RateLimit) => {
            use_up(shared, caller.as_ref());
            Ok(Reply::Nothing)
        }
        Some(FaultKind::SecondaryLimit { .. }) => Err(Refusal::new(429, "Retry later")),
        Some(FaultKind::Slow { ms }) => {
            tokio::time::sleep(pause(*ms)).await;
            Ok(Reply::Nothing)
        }
        _ => Ok(Reply::Nothing),
    };
    if answer.is_ok() {
        let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
        answer = allowed(shared, caller.as_ref());
        if let (Ok(_), Some((by, _))) = (&answer, caller.clone()) {
            let call = Call {
                method: parts.method.clone(),
                path: http::parts(path),
                query: query(&parts.uri),
                body: serde_json::from_slice(&body).unwrap_or(Value::Null),
                by,
            };
            answer = routes::route(shared, &call).await;
        }
    }
    let known = parts.headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|value| value.to_str().ok());
    let mut response = respond(shared, &parts.uri, answer, known);
    count(shared, caller.as_ref(), &mut response);
    remember(shared, method, &parts.uri, &response);
    if let Some(FaultKind::SecondaryLimit { retry_after_s }) = fault {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, retry_after_s.into());
    }
    if fault == Some(FaultKind::LostAnswer) {
        return cut();
    }
    response
}

/// Who asks and with which token, if it is good: in the header of GitLab's own, as bearer, or as the
/// password of git, under any name.
pub(super) fn caller(shared: &Shared, headers: &HeaderMap) -> Option<(String, String)> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let token = match (text("private-token"), text("authorization")) {
        (Some(token), _) => token.to_owned(),
        (None, authorization) => {
            let (scheme, rest) = authorization?.split_once(' ')?;
            if scheme.eq_ignore_ascii_case("basic") {
                let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
                pair.split_once(':')?.1.to_owned()
            } else {
                rest.trim().to_owned()
            }
        }
    };
    let login = shared.world().tokens.get(&token).cloned()?;
    Some((login, token))
}

fn allowed(shared: &Shared, caller: Option<&(String, String)>) -> Answer {
    let Some((_, token)) = caller else {
        return Err(Refusal::new(401, "401 Unauthorized"));
    };
    let mut world = shared.world();
    if world.rate_limit <= world.used_now(token) {
        return Err(Refusal::new(429, "Retry later"));
    }
    Ok(Reply::Nothing)
}

fn use_up(shared: &Shared, caller: Option<&(String, String)>) {
    if let Some((_, token)) = caller {
        let mut world = shared.world();
        let limit = world.rate_limit;
        world.used_now(token);
        world.used.insert(token.clone(), limit);
    }
}

impl World {
    /// How many calls the token has made in this minute.
    fn used_now(&mut self, token: &str) -> u64 {
        if self.reset.is_none_or(|reset| reset <= now()) {
            self.used.clear();
            self.reset = Some(now() + TimeDelta::minutes(1));
        }
        self.used.get(token).copied().unwrap_or(0)
    }
}

fn respond(shared: &Shared, uri: &Uri, answer: Answer, known: Option<&str>) -> Response {
    let (status, body, page) = match answer {
        Ok(Reply::One(status, body)) => (status, body.to_string(), None),
        Ok(Reply::Nothing) => return StatusCode::NO_CONTENT.into_response(),
        Ok(Reply::List(list)) => {
            let mut page = http::page(uri, list, PAGE);
            let body = Value::Array(std::mem::take(&mut page.list));
            (StatusCode::OK, body.to_string(), Some(page))
        }
        // The counter stands before the API and has no JSON to say.
        Err(refusal) if refusal.status == 429 => {
            return (StatusCode::TOO_MANY_REQUESTS, "Retry later\n").into_response();
        }
        Err(refusal) => {
            let code = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
            (code, refusal.body().to_string(), None)
        }
    };
    let tag = format!("W/\"{}\"", http::digest(&body));
    let is_known = status == StatusCode::OK && known == Some(tag.as_str());
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, "application/json")];
        (status, kind, body).into_response()
    };
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = value.parse() {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, value);
        }
    };
    if status == StatusCode::OK {
        set("etag", tag);
    }
    if let Some(page) = page {
        let url = shared.world().url.clone();
        page_headers(&page, &url, uri, set);
    }
    response
}

fn page_headers(page: &Page, url: &str, uri: &Uri, mut set: impl FnMut(&'static str, String)) {
    let beside = |is: bool, number: usize| match is {
        true => number.to_string(),
        false => String::new(),
    };
    set("x-page", page.number.to_string());
    set("x-per-page", page.size.to_string());
    set("x-total", page.total.to_string());
    set("x-total-pages", page.last.to_string());
    set(
        "x-next-page",
        beside(page.number < page.last, page.number + 1),
    );
    set(
        "x-prev-page",
        beside(1 < page.number, page.number.saturating_sub(1)),
    );
    if let Some(link) = page.link(url, uri) {
        set("link", link);
    }
}

/// Counts the call, also where the caller knew the answer, and says how many are left.
fn count(shared: &Shared, caller: Option<&(String, String)>, response: &mut Response) {
    let Some((_, token)) = caller else { return };
    let mut world = shared.world();
    let mut used = world.used_now(token);
    if used < world.rate_limit {
        used += 1;
        world.used.insert(token.clone(), used);
    }
    let reset = world.reset.map_or(0, |reset| reset.timestamp());
    let left_s = reset.saturating_sub(now().timestamp()).max(1);
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", world.rate_limit.into());
    headers.insert("ratelimit-observed", used.into());
    headers.insert("ratelimit-remaining", (world.rate_limit - used).into());
    headers.insert("ratelimit-reset", reset.into());
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, left_s.into());
    }
}

fn remember(shared: &Shared, method: &str, uri: &Uri, response: &Response) {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let status = response.status().as_u16();
    tracing::debug!(method, path, status, "gitlab asked");
    let asked = Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        status,
        counted: true,
    };
    keep(&mut shared.world().seen, asked);
}
