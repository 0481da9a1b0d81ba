//! What Jira's refusals mean to the caller.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::git_host::GitHostError;
use serde_json::Value;

use crate::git_hosts::rest::{Dialect, Reply, WORDS_CHARS_MAX};

/// Seconds to wait where Jira does not say how long.
const WAIT_S: i64 = 60;
/// Seconds to wait at most, whatever is said.
const WAIT_S_MAX: i64 = 3_600;

/// How Jira speaks: the token goes with the address of mail of whoever made it.
pub(in super::super) const DIALECT: Dialect = Dialect {
    accept: "application/json",
    headers: &[],
    authorization: |pair| format!("Basic {pair}"),
    limit_end,
    refusal,
};

/// Until when no more calls are to be made, if this answer says so
/// (<https://developer.atlassian.com/cloud/jira/platform/rate-limiting/>).
fn limit_end(reply: &Reply, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match (reply.status, reply.number("retry-after")) {
        (429, seconds) => {
            let seconds = seconds.unwrap_or(WAIT_S).clamp(1, WAIT_S_MAX);
            Some(now + TimeDelta::seconds(seconds))
        }
        // Where it is overloaded it also says when to come again.
        (503, Some(seconds)) => Some(now + TimeDelta::seconds(seconds.clamp(1, WAIT_S_MAX))),
        _ => None,
    }
}

fn refusal(reply: &Reply, path: &str, now: DateTime<Utc>) -> GitHostError {
    if let Some(until) = limit_end(reply, now) {
        return GitHostError::RateLimited { until };
    }
    let words = words(reply);
    match reply.status {
        401 => GitHostError::Unauthorized {
            words,
            remedy:
                "check config.email and config.apiToken: the token must be that account's, and \
                     not have expired"
                    .to_owned(),
        },
        403 => GitHostError::Unauthorized {
            words,
            remedy: "give that account the right to do this in the project".to_owned(),
        },
        404 | 410 => GitHostError::NotFound(path.split('?').next().unwrap_or(path).to_owned()),
        408 | 425 | 500.. => GitHostError::Busy(format!("{} {words}", reply.status)),
        status => GitHostError::Refused(format!("{status} {words}")),
    }
}

/// What Jira said, with what it has to say of single fields.
fn words(reply: &Reply) -> String {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
    let mut words: Vec<String> = Vec::new();
    let said = body["errorMessages"].as_array().into_iter().flatten();
    words.extend(said.filter_map(|it| it.as_str().map(str::to_owned)));
    for (field, text) in body["errors"].as_object().into_iter().flatten() {
        words.push(format!("{field}: {}", text.as_str().unwrap_or_default()));
    }
    if words.is_empty() {
        return "no reason given".to_owned();
    }
    words.join("; ").chars().take(WORDS_CHARS_MAX).collect()
}
