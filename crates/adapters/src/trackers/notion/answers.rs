//! What Notion's refusals mean to the caller.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::git_host::GitHostError;
use serde_json::Value;

use crate::git_hosts::rest::{Dialect, Reply, WORDS_CHARS_MAX, as_bearer};

/// Seconds to wait where Notion does not say how long.
const WAIT_S: i64 = 60;
/// Seconds to wait at most, whatever is said.
const WAIT_S_MAX: i64 = 3_600;

/// How Notion speaks, in the version in which a database is queried itself.
pub(in super::super) const DIALECT: Dialect = Dialect {
    accept: "application/json",
    headers: &[("notion-version", "2022-06-28")],
    authorization: as_bearer,
    limit_end,
    refusal,
};

/// Until when no more calls are to be made, if this answer says so
/// (<https://developers.notion.com/reference/request-limits>).
fn limit_end(reply: &Reply, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match (reply.status, reply.number("retry-after")) {
        (429 | 529, seconds) => {
            let seconds = seconds.unwrap_or(WAIT_S).clamp(1, WAIT_S_MAX);
            Some(now + TimeDelta::seconds(seconds))
        }
        _ => None,
    }
}

fn refusal(reply: &Reply, path: &str, now: DateTime<Utc>) -> GitHostError {
    if let Some(until) = limit_end(reply, now) {
        return GitHostError::RateLimited { until };
    }
    let body: Value = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
    let said = body["message"].as_str().unwrap_or("no reason given");
    let words: String = said.chars().take(WORDS_CHARS_MAX).collect();
    match reply.status {
        401 => GitHostError::Unauthorized {
            words,
            remedy: "check that the key is right and was not revoked (config.apiKey)".to_owned(),
        },
        403 => GitHostError::Unauthorized {
            words,
            remedy: "give the integration the right to read and change content and comments"
                .to_owned(),
        },
        // Notion says the same where the integration was not let in.
        404 => GitHostError::NotFound(format!(
            "{}; connect the database to the integration",
            path.split('?').next().unwrap_or(path)
        )),
        // Somebody else changed the same thing at the same time.
        408 | 409 | 500.. => GitHostError::Busy(format!("{} {words}", reply.status)),
        status => GitHostError::Refused(format!("{status} {words}")),
    }
}
