//! What GitLab tells by itself. Nothing of it is signed: a secret stands in a header
//! (<https://docs.gitlab.com/user/project/integrations/webhooks/>), and the kind of an event is in its
//! body (<https://docs.gitlab.com/user/project/integrations/webhook_events/>).

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{About, BadEvent, HostEvent};
use crate::git_host::{IssueNumber, PullNumber, RepoName};

/// Whether the header `X-Gitlab-Token` holds the secret. How long it takes tells nothing about the
/// secret; an empty secret is nobody's.
#[must_use]
pub fn is_token(secret: &[u8], header: &[u8]) -> bool {
    // Codes of both under a key that whoever asks does not know: comparing those is comparing the two.
    let code = |text: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(text);
        Some(mac)
    };
    let (Some(given), Some(own)) = (code(header), code(secret)) else {
        return false;
    };
    !secret.is_empty() && given.verify(&own.finalize().into_bytes()).is_ok()
}

/// What tells one event from another, of the headers `Idempotency-Key` and `X-Gitlab-Event-UUID`. The
/// first, which GitLab sends since 17.4, stays the same when an event is sent again. The other is the
/// identity of the cause only, and one cause may have several events for one receiver
/// (`lib/gitlab/web_hooks/recursion_detection/uuid.rb` of GitLab): the body tells those apart. `None`
/// where there is neither.
#[must_use]
pub fn gitlab_delivery(key: Option<&str>, cause: Option<&str>, body: &[u8]) -> Option<String> {
    let given = |text: &&str| !text.is_empty();
    if let Some(key) = key.filter(given) {
        return Some(key.to_owned());
    }
    let cause = cause.filter(given)?;
    let digest = Sha256::digest(body);
    let digest = digest.iter().map(|byte| format!("{byte:02x}"));
    Some(format!("{cause}-{}", digest.collect::<String>()))
}

/// The kinds of event that somebody here acts on.
const KINDS: [&str; 6] = [
    "build",
    "issue",
    "merge_request",
    "note",
    "pipeline",
    "push",
];

/// Reads an event of GitLab. `None` for events that nobody here acts on.
///
/// # Errors
/// When the body is not what such an event should be.
pub fn read_gitlab_event(body: &[u8]) -> Result<Option<HostEvent>, BadEvent> {
    let bad = |event: &str, source| BadEvent {
        event: event.chars().take(60).collect(),
        source,
    };
    let Kind { object_kind: kind } =
        serde_json::from_slice(body).map_err(|source| bad("of GitLab", source))?;
    if !KINDS.contains(&kind.as_str()) {
        return Ok(None);
    }
    let event: Event = serde_json::from_slice(body).map_err(|source| bad(&kind, source))?;
    let frame: Frame = serde_json::from_slice(body).map_err(|source| bad(&kind, source))?;
    let Some((about, action)) = understood(event) else {
        return Ok(None);
    };
    let sender = frame.user.map(|user| user.username).or(frame.user_username);
    Ok(Some(HostEvent {
        repo: frame.project.path_with_namespace,
        action,
        sender: sender.unwrap_or_default(),
        about,
    }))
}

#[derive(Deserialize)]
struct Kind {
    object_kind: String,
}

/// What all events have.
#[derive(Deserialize)]
struct Frame {
    project: Project,
    /// Who did it, but for pushes.
    #[serde(default)]
    user: Option<User>,
    /// Who pushed.
    #[serde(default)]
    user_username: Option<String>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(deserialize_with = "super::bodies::repo_name")]
    path_with_namespace: RepoName,
}

#[derive(Deserialize)]
struct User {
    /// Events of jobs name nobody so.
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
#[serde(tag = "object_kind", rename_all = "snake_case")]
enum Event {
    Build {
        sha: String,
        build_status: String,
    },
    Issue {
        object_attributes: Numbered,
        #[serde(default)]
        labels: Vec<Label>,
    },
    MergeRequest {
        object_attributes: Merge,
    },
    Note {
        object_attributes: Note,
        merge_request: Option<Numbered>,
        issue: Option<Numbered>,
    },
    Pipeline {
        object_attributes: Pipeline,
        merge_request: Option<Numbered>,
    },
    Push {
        before: String,
        after: String,
    },
}

#[derive(Deserialize)]
struct Numbered {
    iid: u64,
    #[serde(default)]
    action: Option<String>,
}

#[derive(Deserialize)]
struct Label {
    title: String,
}

#[derive(Deserialize)]
struct Merge {
    iid: u64,
    #[serde(default)]
    action: Option<String>,
    last_commit: Commit,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
}

#[derive(Deserialize)]
struct Note {
    #[serde(default)]
    action: Option<String>,
}

#[derive(Deserialize)]
struct Pipeline {
    sha: String,
    status: String,
}

/// What an event is about, and what was done. `None` where that is nothing we know: a comment on a
/// commit or a snippet.
fn understood(event: Event) -> Option<(About, String)> {
    Some(match event {
        Event::Build { sha, build_status } => {
            let pulls = Vec::new();
            (About::Checks { sha, pulls }, build_status)
        }
        Event::Issue {
            object_attributes: it,
            labels,
        } => {
            let number = IssueNumber(it.iid);
            let labels = labels.into_iter().map(|label| label.title).collect();
            (
                About::Issue { number, labels },
                it.action.unwrap_or_default(),
            )
        }
        Event::MergeRequest {
            object_attributes: it,
        } => {
            let (number, action) = (PullNumber(it.iid), it.action.unwrap_or_default());
            let about = match action.as_str() {
                // Two words for one more approval, and two for one less.
                "approval" | "approved" | "unapproval" | "unapproved" => About::Review { number },
                _ => About::Pull {
                    number,
                    head_sha: it.last_commit.id,
                },
            };
            (about, action)
        }
        Event::Note {
            object_attributes: it,
            merge_request,
            issue,
        } => {
            let on_pull = merge_request.is_some();
            let number = IssueNumber(merge_request.or(issue)?.iid);
            (
                About::Comment { number, on_pull },
                it.action.unwrap_or_default(),
            )
        }
        Event::Pipeline {
            object_attributes: it,
            merge_request,
        } => {
            let pulls = merge_request.map(|it| PullNumber(it.iid));
            let (sha, pulls) = (it.sha, pulls.into_iter().collect());
            (About::Checks { sha, pulls }, it.status)
        }
        Event::Push { before, after } => (About::Push { before, after }, String::new()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_the_secret_itself_opens() {
        assert!(is_token(b"hush", b"hush"));
        for header in [&b""[..], b"hus", b"hush ", b"HUSH", b"sha256=hush"] {
            assert!(!is_token(b"hush", header), "{header:?}");
        }
        assert!(!is_token(b"", b""), "no secret is nobody's");
    }

    #[test]
    fn an_event_that_is_sent_again_is_the_same_and_another_of_the_same_cause_is_not() {
        let of = gitlab_delivery;
        assert_eq!(of(Some("k"), Some("c"), b"a").as_deref(), Some("k"));
        assert_eq!(of(None, Some("c"), b"a"), of(Some(""), Some("c"), b"a"));
        assert_ne!(of(None, Some("c"), b"a"), of(None, Some("c"), b"b"));
        assert_ne!(of(None, Some("c"), b"a"), of(None, Some("d"), b"a"));
        assert_eq!(of(None, None, b"a"), None);
    }

    fn read(mut body: Value) -> HostEvent {
        body["project"] = json!({ "path_with_namespace": "acme/tools/shop" });
        read_gitlab_event(body.to_string().as_bytes())
            .unwrap()
            .unwrap()
    }

    fn by_ada(mut body: Value) -> HostEvent {
        body["user"] = json!({ "username": "ada", "name": "Ada" });
        let event = read(body);
        assert_eq!(event.sender, "ada");
        assert_eq!(event.repo.to_string(), "acme/tools/shop");
        event
    }

    #[test]
    fn a_merge_request_is_a_pull_request_and_its_approval_a_review() {
        let number = PullNumber(7);
        let merge = |action: &str| {
            json!({ "object_kind": "merge_request", "object_attributes":
                { "iid": 7, "id": 99, "action": action, "last_commit": { "id": "abc" } } })
        };
        let head_sha = "abc".to_owned();
        let event = by_ada(merge("update"));
        assert_eq!(event.about, About::Pull { number, head_sha });
        assert_eq!(event.action, "update");
        for action in ["approval", "approved", "unapproval", "unapproved"] {
            assert_eq!(by_ada(merge(action)).about, About::Review { number });
        }
    }

    #[test]
    fn a_comment_says_whether_it_is_on_a_merge_request() {
        let note = |on: &str| json!({ "object_kind": "note", "object_attributes": { "action": "create" }, on: { "iid": 3 } });
        let number = IssueNumber(3);
        let on_pull = |on_pull| About::Comment { number, on_pull };
        assert_eq!(by_ada(note("merge_request")).about, on_pull(true));
        assert_eq!(by_ada(note("issue")).about, on_pull(false));
        let mut commit = note("commit");
        commit["commit"] = json!({ "id": "abc" });
        commit["project"] = json!({ "path_with_namespace": "a/b" });
        let read = read_gitlab_event(commit.to_string().as_bytes());
        assert_eq!(read.unwrap(), None);
    }

    #[test]
    fn pipelines_and_jobs_are_checks_of_their_commit() {
        let checks = |pulls: &[u64]| About::Checks {
            sha: "abc".to_owned(),
            pulls: pulls.iter().map(|&it| PullNumber(it)).collect(),
        };
        let mut body = json!({ "object_kind": "pipeline", "merge_request": null,
            "object_attributes": { "sha": "abc", "status": "failed" } });
        let event = by_ada(body.clone());
        assert_eq!(
            (event.about, event.action.as_str()),
            (checks(&[]), "failed")
        );
        body["merge_request"] = json!({ "iid": 7 });
        assert_eq!(by_ada(body).about, checks(&[7]));
        let body = json!({ "object_kind": "build", "sha": "abc", "build_status": "running",
            "user": { "id": 1, "name": "Ada" } });
        assert_eq!(read(body).about, checks(&[]));
    }

    #[test]
    fn a_push_says_which_head_was_there_before() {
        let body = json!({ "object_kind": "push", "before": "abc", "after": "def", "user_username": "ada" });
        let event = read(body);
        assert_eq!(event.sender, "ada");
        let (before, after) = ("abc".to_owned(), "def".to_owned());
        assert_eq!(event.about, About::Push { before, after });
    }

    #[test]
    fn an_issue_comes_with_its_labels() {
        let body = json!({ "object_kind": "issue", "labels": [{ "title": "optio" }],
            "object_attributes": { "iid": 3, "action": "open" } });
        let (number, labels) = (IssueNumber(3), vec!["optio".to_owned()]);
        assert_eq!(by_ada(body).about, About::Issue { number, labels });
    }

    #[test]
    fn an_event_nobody_acts_on_is_not_read_and_a_broken_one_is_an_error() {
        let read = |body: &Value| read_gitlab_event(body.to_string().as_bytes());
        assert_eq!(read(&json!({ "object_kind": "wiki_page" })).unwrap(), None);
        let error = read(&json!({ "object_kind": "push" })).unwrap_err();
        assert_eq!(error.to_string(), "the body is no event `push`");
        let evil = json!({ "object_kind": "push", "before": "a", "after": "b",
            "project": { "path_with_namespace": "../etc" } });
        assert!(read(&evil).is_err());
        assert!(read_gitlab_event(b"push").is_err());
    }
}
