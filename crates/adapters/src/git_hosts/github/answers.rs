//! What GitHub's refusals mean to the caller.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::git_host::GitHostError;
use serde_json::Value;

use crate::git_hosts::rest::{Dialect, Reply, WORDS_CHARS_MAX, as_bearer};

/// Seconds to wait where GitHub wants us to wait and does not say how long.
const WAIT_S: i64 = 60;
/// How GitHub speaks.
pub(super) const DIALECT: Dialect = Dialect {
    accept: "application/vnd.github+json",
    headers: &[],
    authorization: as_bearer,
    limit_end,
    refusal,
};

/// Until when no more calls are to be made, if this answer says so.
fn limit_end(reply: &Reply, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let is_refused = matches!(reply.status, 403 | 429);
    if is_refused && let Some(seconds) = reply.number("retry-after") {
        return Some(now + TimeDelta::seconds(seconds.clamp(1, 86_400)));
    }
    let a_while = now + TimeDelta::seconds(WAIT_S);
    if reply.number("x-ratelimit-remaining") == Some(0) {
        let reset = reply
            .number("x-ratelimit-reset")
            .and_then(|at| DateTime::from_timestamp(at, 0));
        // By a clock of ours that is fast, the time may have come when the host says it has not.
        return match reset.filter(|at| now < *at) {
            None => is_refused.then_some(a_while),
            known => known,
        };
    }
    let says_so = reply.body.contains("secondary rate limit");
    (reply.status == 429 || is_refused && says_so).then_some(a_while)
}

/// The class of a refusal.
fn refusal(reply: &Reply, path: &str, now: DateTime<Utc>) -> GitHostError {
    let words = words(reply);
    match reply.status {
        403 | 429 => match limit_end(reply, now) {
            Some(until) => GitHostError::RateLimited { until },
            None => GitHostError::Unauthorized {
                words,
                remedy: "give the token or the app the right to do this".to_owned(),
            },
        },
        401 => GitHostError::Unauthorized {
            words,
            remedy: "check that the token is right and has not expired".to_owned(),
        },
        404 | 410 => GitHostError::NotFound(path.split('?').next().unwrap_or(path).to_owned()),
        408 | 425 | 500.. => GitHostError::Busy(format!("{} {words}", reply.status)),
        status => GitHostError::Refused(format!("{status} {words}")),
    }
}

/// What the host said, with what it has to say of single fields.
pub(super) fn words(reply: &Reply) -> String {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
    let mut words = vec![
        body["message"]
            .as_str()
            .unwrap_or("no reason given")
            .to_owned(),
    ];
    for error in body["errors"].as_array().into_iter().flatten() {
        let text = |name: &str| error[name].as_str().unwrap_or_default();
        words.push(match (error.as_str(), text("message")) {
            (Some(text), _) => text.to_owned(),
            (None, "") => format!("{} {}", text("field"), text("code")),
            (None, message) => message.to_owned(),
        });
    }
    words.join("; ").chars().take(WORDS_CHARS_MAX).collect()
}
