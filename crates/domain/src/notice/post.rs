//! One request that carries a notice, and how it went.

use chrono::{DateTime, Utc};

use super::{
    Notice, WebhookUrl,
    retry::{Outcome, RetryAfter},
    signature,
    slack::{self, Message},
};
use crate::{secret::SecretText, wire::credentials::HOPS_HEADER};

/// How we call ourselves.
const USER_AGENT: &str = concat!("Optio/", env!("CARGO_PKG_VERSION"));

/// One request. Neither its address nor its signatures are printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Post {
    /// Where it goes.
    pub url: WebhookUrl,
    /// Its headers, by their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// What it says, as JSON.
    pub body: String,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Post")
            .field("url", &self.url)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

impl Post {
    /// A delivery of a notice to a webhook: signed with each of its secrets, the newest first.
    #[must_use]
    pub fn webhook(
        notice: &Notice,
        url: WebhookUrl,
        secrets: &[SecretText],
        at: DateTime<Utc>,
    ) -> Self {
        let body = notice.body();
        let timestamp = at.timestamp();
        let mut headers = plain_headers();
        headers.extend([
            ("webhook-id", notice.id.to_string()),
            ("webhook-timestamp", timestamp.to_string()),
            ("x-optio-event", notice.event.clone()),
            (HOPS_HEADER, notice.hops.saturating_add(1).to_string()),
        ]);
        if let Some(newest) = secrets.first() {
            let standard = signature::standard(secrets, notice.id, timestamp, &body);
            headers.push(("webhook-signature", standard));
            headers.push(("x-optio-signature", signature::seed(newest, &body)));
        }
        Self { url, headers, body }
    }

    /// Anything else, as JSON.
    #[must_use]
    pub fn plain(url: WebhookUrl, body: &serde_json::Value) -> Self {
        Self {
            url,
            headers: plain_headers(),
            body: body.to_string(),
        }
    }

    /// A delivery of a notice to Slack.
    #[must_use]
    pub fn slack(notice: &Notice, url: WebhookUrl, message: &Message<'_>) -> Self {
        Self::plain(url, &slack::message(notice, message))
    }
}

fn plain_headers() -> Vec<(&'static str, String)> {
    vec![
        ("content-type", "application/json".to_owned()),
        ("user-agent", USER_AGENT.to_owned()),
    ]
}

/// What a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// The beginning of its body.
    pub excerpt: String,
    /// When it wants to be asked again.
    pub retry_after: Option<RetryAfter>,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// It may not go there, or cannot be sent as it is; a person has to change something.
    #[error("{0}")]
    Refused(String),
    /// Its name leads to where it may not go, for now.
    #[error("{0}")]
    Misled(String),
    /// Nobody knows where the host is.
    #[error("the host could not be found: {0}")]
    Unresolved(String),
    /// Nobody is there.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("no answer within {0} ms (limits.webhook_ms_max)")]
    TimedOut(u64),
    /// The connection ended, or what came was no answer.
    #[error("the connection failed: {0}")]
    Broken(String),
}

/// How one attempt ended.
pub type Attempt = Result<Answered, Unsent>;

/// What an attempt means for the next one.
#[must_use]
pub fn outcome(attempt: &Attempt) -> Outcome {
    match attempt {
        Ok(answered) => Outcome::Answered {
            status: answered.status,
            retry_after: answered.retry_after,
        },
        Err(Unsent::Refused(_)) => Outcome::Unsendable,
        Err(
            Unsent::Misled(_)
            | Unsent::Unresolved(_)
            | Unsent::Unreachable(_)
            | Unsent::TimedOut(_)
            | Unsent::Broken(_),
        ) => Outcome::Unanswered,
    }
}

/// What went wrong with an attempt, in words for a person; nothing where it was taken.
#[must_use]
pub fn trouble(attempt: &Attempt) -> Option<String> {
    let words = match attempt {
        Ok(Answered {
            status: 200..300, ..
        }) => return None,
        Ok(Answered {
            status: 300..400, ..
        }) => {
            "the receiver answered with a redirect, and none is followed: set the webhook to the \
               address that it leads to"
                .to_owned()
        }
        Ok(Answered { status: 410, .. }) => {
            "the receiver answered 410, which means that it is gone: it is told nothing any more"
                .to_owned()
        }
        Ok(answered) => format!("the receiver answered {}", answered.status),
        Err(unsent) => unsent.to_string(),
    };
    Some(words)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::id::NoticeId;

    fn notice() -> Notice {
        Notice {
            id: NoticeId(Uuid::from_u128(7)),
            event: "task.failed".to_owned(),
            at: "2026-01-01T12:00:00.123456Z".parse().unwrap(),
            data: json!({ "taskId": "t" }),
            hops: 2,
        }
    }

    fn post(secrets: &[&str]) -> Post {
        let secrets: Vec<SecretText> = secrets.iter().copied().map(SecretText::new).collect();
        let url = WebhookUrl::parse("url", "https://example.com/in").unwrap();
        let at = "2026-01-01T13:00:00Z".parse().unwrap();
        Post::webhook(&notice(), url, &secrets, at)
    }

    fn header<'a>(post: &'a Post, name: &str) -> Option<&'a str> {
        let mut headers = post.headers.iter();
        headers
            .find(|(it, _)| *it == name)
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_delivery_says_what_it_is_and_is_the_same_each_time() {
        let post = post(&["new", "old"]);
        assert_eq!(
            post.body,
            r#"{"event":"task.failed","timestamp":"2026-01-01T12:00:00.123Z","data":{"taskId":"t"}}"#
        );
        let id = Uuid::from_u128(7).to_string();
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-optio-event", "task.failed"),
            ("x-optio-hops", "3"),
            ("webhook-id", &id),
            // Of this attempt: a receiver refuses old ones.
            ("webhook-timestamp", "1767272400"),
            (
                "x-optio-signature",
                &signature::seed(&SecretText::new("new"), &post.body),
            ),
        ] {
            assert_eq!(header(&post, name), Some(value), "{name}");
        }
        let signatures = header(&post, "webhook-signature").unwrap();
        assert_eq!(signatures.split(' ').count(), 2);
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        let post = post(&[]);
        assert_eq!(header(&post, "x-optio-signature"), None);
        assert_eq!(header(&post, "webhook-signature"), None);
        assert!(header(&post, "webhook-id").is_some());
    }

    #[test]
    fn neither_addresses_nor_signatures_are_printed() {
        let post = post(&["hunter2"]);
        let printed = format!("{post:?}");
        let signature = header(&post, "x-optio-signature").unwrap();
        assert!(
            !printed.contains("/in") && !printed.contains(signature),
            "{printed}"
        );
    }

    #[test]
    fn a_redirect_is_no_success_and_says_what_to_do() {
        let answered = |status| {
            Ok(Answered {
                status,
                excerpt: String::new(),
                retry_after: None,
                took_ms: 1,
            })
        };
        assert_eq!(trouble(&answered(204)), None);
        assert!(
            trouble(&answered(302))
                .unwrap()
                .contains("none is followed")
        );
        assert!(trouble(&answered(500)).unwrap().contains("500"));
        let refused = Err(Unsent::Refused("no".to_owned()));
        assert_eq!(outcome(&refused), Outcome::Unsendable);
        assert_eq!(outcome(&Err(Unsent::TimedOut(1))), Outcome::Unanswered);
    }
}
