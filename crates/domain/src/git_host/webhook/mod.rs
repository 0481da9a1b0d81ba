//! What a host tells by itself, over HTTP and in JSON: as GitHub does it, signed, and as [`gitlab`] does.
//!
//! An event says where to look, not what is so: it may be late, repeated or lost. Whoever is told
//! looks for itself.

mod bodies;
mod gitlab;
#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use self::bodies::{
    CommentBody, Frame, IssueBody, PullBody, ReviewBody, RunBody, StatusBody, SuiteBody,
};
pub use gitlab::{gitlab_delivery, is_token, read_gitlab_event};

use super::{IssueNumber, PullNumber, RepoName};

/// How the header with the signature begins.
const SCHEME: &str = "sha256=";

/// Whether the body was signed with the secret, by the header `X-Hub-Signature-256`. The bytes are
/// those that came in; the time it takes tells nothing about the right signature.
#[must_use]
pub fn is_signed(secret: &[u8], body: &[u8], header: &str) -> bool {
    let signature = header.strip_prefix(SCHEME).and_then(unhex);
    let (Some(signature), Ok(mut mac)) = (signature, Hmac::<Sha256>::new_from_slice(secret)) else {
        return false;
    };
    if secret.is_empty() {
        return false;
    }
    mac.update(body);
    mac.verify_slice(&signature).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() % 2 == 1 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(pair).collect()
}

/// An event, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEvent {
    /// Where it happened.
    pub repo: RepoName,
    /// What was done, in the host's word, such as `opened`. Empty where there is no such word.
    pub action: String,
    /// Whose doing it was.
    pub sender: String,
    /// What it is about.
    pub about: About,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A pull request: its head, its state, its labels.
    Pull {
        /// Which.
        number: PullNumber,
        /// The head it has now.
        head_sha: String,
    },
    /// A review of a pull request.
    Review {
        /// Of which.
        number: PullNumber,
    },
    /// What was checked of a commit.
    Checks {
        /// The commit.
        sha: String,
        /// The pull requests it is the head of, as far as the host tells.
        pulls: Vec<PullNumber>,
    },
    /// Commits that were pushed to a branch.
    Push {
        /// The commit the branch was at.
        before: String,
        /// The commit it is at now.
        after: String,
    },
    /// An issue.
    Issue {
        /// Which.
        number: IssueNumber,
        /// Its labels.
        labels: Vec<String>,
    },
    /// A comment.
    Comment {
        /// On which issue or pull request.
        number: IssueNumber,
        /// Whether that is a pull request.
        on_pull: bool,
    },
}

/// A body that is not what its event should be.
#[derive(Debug, thiserror::Error)]
#[error("the body is no event `{event}`")]
pub struct BadEvent {
    /// The name of the event.
    event: String,
    /// Where it is wrong.
    #[source]
    source: serde_json::Error,
}

/// Reads an event by its name, the header `X-GitHub-Event`. `None` for events that nobody here acts
/// on.
///
/// # Errors
/// When the body is not what such an event should be.
pub fn read_event(event: &str, body: &[u8]) -> Result<Option<HostEvent>, BadEvent> {
    let bad = |source| BadEvent {
        event: event.chars().take(60).collect(),
        source,
    };
    let read = match event {
        "pull_request" => about::<PullBody>(body),
        "pull_request_review" => about::<ReviewBody>(body),
        "check_run" => about::<RunBody>(body),
        "check_suite" => about::<SuiteBody>(body),
        "status" => about::<StatusBody>(body),
        "issues" => about::<IssueBody>(body),
        "issue_comment" => about::<CommentBody>(body),
        _ => return Ok(None),
    };
    let (frame, about) = read.map_err(bad)?;
    Ok(Some(HostEvent {
        repo: frame.repository.full_name,
        action: frame.action,
        sender: frame.sender.login,
        about,
    }))
}

fn about<T>(body: &[u8]) -> Result<(Frame, About), serde_json::Error>
where
    T: for<'de> Deserialize<'de> + Into<About>,
{
    let frame = serde_json::from_slice(body)?;
    let about: T = serde_json::from_slice(body)?;
    Ok((frame, about.into()))
}
