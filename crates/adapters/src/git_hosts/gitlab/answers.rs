//! What GitLab's refusals mean to the caller.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::git_host::GitHostError;
use serde_json::Value;

use crate::git_hosts::rest::{Dialect, Reply, WORDS_CHARS_MAX, as_bearer};

/// Seconds to wait where GitLab wants us to wait and does not say how long; its limits are by the
/// minute.
const WAIT_S: i64 = 60;
/// Seconds to wait at most, whatever is said.
const WAIT_S_MAX: i64 = 86_400;

/// How GitLab speaks.
pub(super) const DIALECT: Dialect = Dialect {
    accept: "application/json",
    headers: &[],
    authorization: as_bearer,
    limit_end,
    refusal,
};

/// Until when no more calls are to be made, if this answer says so
/// (<https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers>).
/// gitlab.com leaves the headers out of some answers.
fn limit_end(reply: &Reply, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let is_refused = reply.status == 429;
    if is_refused && let Some(seconds) = reply.number("retry-after") {
        return Some(now + TimeDelta::seconds(seconds.clamp(1, WAIT_S_MAX)));
    }
    if is_refused || reply.number("ratelimit-remaining") == Some(0) {
        let reset = reply
            .number("ratelimit-reset")
            .and_then(|at| DateTime::from_timestamp(at, 0));
        let latest = now + TimeDelta::seconds(WAIT_S_MAX);
        // By a clock of ours that is fast, the time may have come when the host says it has not.
        return match reset.filter(|at| now < *at) {
            None => is_refused.then(|| now + TimeDelta::seconds(WAIT_S)),
            Some(reset) => Some(reset.min(latest)),
        };
    }
    None
}

/// The class of a refusal. GitLab answers 401 to a token that it does not take and also to one whose
/// holder may not do a thing, such as merge into a protected branch.
fn refusal(reply: &Reply, path: &str, now: DateTime<Utc>) -> GitHostError {
    let words = words(reply);
    match reply.status {
        429 => GitHostError::RateLimited {
            until: limit_end(reply, now).unwrap_or(now),
        },
        401 => GitHostError::Unauthorized {
            words,
            remedy:
                "check that the token is right and has not expired, and that its holder may do \
                     this"
                    .to_owned(),
        },
        403 => GitHostError::Unauthorized {
            words,
            remedy: "give the token the scopes api and write_repository, and its holder the role \
                     Developer or, to merge into a protected branch, Maintainer"
                .to_owned(),
        },
        404 | 410 => GitHostError::NotFound(path.split('?').next().unwrap_or(path).to_owned()),
        408 | 425 | 500.. => GitHostError::Busy(format!("{} {words}", reply.status)),
        status => GitHostError::Refused(format!("{status} {words}")),
    }
}

/// What the host said: a text, or texts for single fields
/// (<https://docs.gitlab.com/api/rest/troubleshooting/#validation-errors>).
pub(super) fn words(reply: &Reply) -> String {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
    let mut found = Vec::new();
    for field in ["message", "error", "error_description"] {
        gather(&body[field], "", &mut found);
    }
    if found.is_empty() {
        found.push("no reason given".to_owned());
    }
    found.join("; ").chars().take(WORDS_CHARS_MAX).collect()
}

fn gather(value: &Value, field: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if field.is_empty() => found.push(text.clone()),
        Value::String(text) => found.push(format!("{field} {text}")),
        Value::Array(list) => list.iter().for_each(|it| gather(it, field, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, it)| gather(it, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let header = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), value.parse().unwrap())
        };
        Reply {
            status,
            headers: headers.iter().map(header).collect::<HeaderMap>(),
            body: body.to_owned(),
        }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    #[test]
    fn the_end_of_a_limit_is_what_the_headers_say_and_never_far() {
        let end = |status, headers: &[_]| {
            let end = limit_end(&reply(status, headers, "Retry later\n"), now());
            end.map(|end| (end - now()).num_seconds())
        };
        assert_eq!(end(429, &[("retry-after", "30")]), Some(30));
        assert_eq!(end(429, &[("retry-after", "99999999")]), Some(WAIT_S_MAX));
        assert_eq!(end(429, &[("ratelimit-reset", "1700000042")]), Some(42));
        assert_eq!(end(429, &[("ratelimit-reset", "17")]), Some(WAIT_S));
        assert_eq!(end(429, &[]), Some(WAIT_S));
        let last = [
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", "1700000042"),
        ];
        assert_eq!(end(200, &last), Some(42));
        assert_eq!(end(200, &[("ratelimit-remaining", "1")]), None);
        assert_eq!(end(500, &[("retry-after", "30")]), None);
    }

    #[test]
    fn each_way_of_wording_a_refusal_is_read() {
        let said = |body: &str| words(&reply(400, &[], body));
        assert_eq!(said(r#"{"message":"404 Not found"}"#), "404 Not found");
        let fields = r#"{"message":{"title":["can't be blank"],"base":["no"]}}"#;
        assert_eq!(said(fields), "base no; title can't be blank");
        let list = r#"{"message":["Another open merge request already exists: !7"]}"#;
        assert_eq!(said(list), "Another open merge request already exists: !7");
        let expired = r#"{"error":"invalid_token","error_description":"Token is expired."}"#;
        assert_eq!(said(expired), "invalid_token; Token is expired.");
        assert_eq!(said("Retry later\n"), "no reason given");
    }
}
