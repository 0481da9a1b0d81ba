//! What Linear's answers mean to the caller. Most refusals are told beside the data, with a code.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{git_host::GitHostError, tracker::TrackerError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::git_hosts::rest::{Dialect, Reply, WORDS_CHARS_MAX};

/// Seconds to wait where Linear does not say how long. Its limits are by the hour and refill steadily.
const WAIT_S: i64 = 60;
/// Milliseconds to wait at most, whatever is said.
const WAIT_MS_MAX: i64 = 3_600_000;
/// The code of a refusal because there were too many calls.
const RATE_LIMITED: &str = "RATELIMITED";
/// The headers with the moment at which a limit is refilled, in milliseconds since 1970.
const RESETS: [&str; 2] = ["x-ratelimit-requests-reset", "x-ratelimit-complexity-reset"];
/// Those with what is left of it.
const LEFT: [&str; 2] = [
    "x-ratelimit-requests-remaining",
    "x-ratelimit-complexity-remaining",
];

/// How Linear speaks. A key is shown as it is, a token of OAuth as a bearer.
pub(super) const DIALECT: Dialect = Dialect {
    accept: "application/json",
    headers: &[],
    authorization: |token| {
        if token.starts_with("lin_oauth_") {
            format!("Bearer {token}")
        } else {
            token.to_owned()
        }
    },
    limit_end,
    refusal,
};

/// Until when no more calls are to be made, if this answer says so
/// (<https://linear.app/developers/rate-limiting>). It comes with the status 400 or 429.
fn limit_end(reply: &Reply, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let number = |name: &&str| reply.header(name).and_then(|text| text.parse::<i64>().ok());
    let is_refused = reply.status == 429 || reply.body.contains(RATE_LIMITED);
    let used_up = LEFT.iter().position(|name| number(name) == Some(0));
    if !is_refused && used_up.is_none() {
        return None;
    }
    let latest = now + TimeDelta::milliseconds(WAIT_MS_MAX);
    let resets = RESETS.iter().filter_map(number);
    let reset = match used_up {
        Some(which) => number(&RESETS[which]),
        None => resets.max(),
    };
    let reset = reset.and_then(DateTime::from_timestamp_millis);
    match reset.filter(|at| now < *at) {
        Some(at) => Some(at.min(latest)),
        None => is_refused.then(|| now + TimeDelta::seconds(WAIT_S)),
    }
}

fn refusal(reply: &Reply, _path: &str, now: DateTime<Utc>) -> GitHostError {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
    if let Some(error) = body["errors"].as_array().and_then(|errors| errors.first()) {
        return of_error(error, now, limit_end(reply, now));
    }
    let words = format!("{} without a reason", reply.status);
    match reply.status {
        401 | 403 => unauthorized(words),
        429 => GitHostError::RateLimited {
            until: limit_end(reply, now).unwrap_or(now),
        },
        408 | 500.. => GitHostError::Busy(words),
        _ => GitHostError::Refused(words),
    }
}

fn unauthorized(words: String) -> GitHostError {
    GitHostError::Unauthorized {
        words,
        remedy: "check that the key is right and was not revoked (config.apiKey)".to_owned(),
    }
}

/// The class of an error as GraphQL tells it.
fn of_error(error: &Value, now: DateTime<Utc>, limit: Option<DateTime<Utc>>) -> GitHostError {
    let extensions = &error["extensions"];
    let said = extensions["userPresentableMessage"].as_str();
    let said = said
        .or(error["message"].as_str())
        .unwrap_or("no reason given");
    let words: String = said.chars().take(WORDS_CHARS_MAX).collect();
    let text = |name: &str| extensions[name].as_str().unwrap_or_default().to_uppercase();
    // The type is written with spaces, the code with underscores.
    let class = format!("{} {}", text("code"), text("type").replace(' ', "_"));
    let is = |parts: &[&str]| parts.iter().any(|part| class.contains(part));
    if is(&[RATE_LIMITED]) {
        let until = limit.unwrap_or(now + TimeDelta::seconds(WAIT_S));
        return GitHostError::RateLimited { until };
    }
    if is(&["AUTHENTICATION", "FORBIDDEN"]) {
        return unauthorized(words);
    }
    if words.contains("Entity not found") || is(&["NOT_FOUND"]) {
        return GitHostError::NotFound(words);
    }
    if is(&["INTERNAL", "NETWORK", "LOCK_TIMEOUT"]) {
        return GitHostError::Busy(words);
    }
    GitHostError::Refused(words)
}

/// The data of an answer with the status 200, which may hold errors all the same.
pub(super) fn data<T: DeserializeOwned>(
    reply: &Reply,
    now: DateTime<Utc>,
) -> Result<T, TrackerError> {
    let mut body: Value = reply.read()?;
    if let Some(error) = body["errors"].as_array().and_then(|errors| errors.first()) {
        return Err(of_error(error, now, limit_end(reply, now)).into());
    }
    serde_json::from_value(body["data"].take()).map_err(|error| {
        TrackerError::Busy(format!("the answer is not what was expected: {error}"))
    })
}
