use serde_json::{Value, json};

use super::{About, IssueNumber, PullNumber, is_signed, read_event};

/// The example that GitHub's documentation gives.
const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const SECRET: &[u8] = b"It's a Secret to Everybody";

#[test]
fn what_github_signs_is_recognised_and_nothing_else() {
    assert!(is_signed(SECRET, b"Hello, World!", SIGNATURE));
    assert!(!is_signed(SECRET, b"Hello, World?", SIGNATURE));
    assert!(!is_signed(b"another", b"Hello, World!", SIGNATURE));
    let sha1 = SIGNATURE.replace("sha256", "sha1");
    for header in [
        "",
        "sha256=",
        "sha256=zz",
        "sha256=é",
        &SIGNATURE[..70],
        &sha1,
    ] {
        assert!(!is_signed(SECRET, b"Hello, World!", header), "{header}");
    }
}

#[test]
fn without_a_secret_nothing_is_signed() {
    let mac = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    assert!(!is_signed(b"", b"", mac));
}

fn read(event: &str, mut body: Value) -> About {
    body["repository"] = json!({ "full_name": "optio/demo" });
    body["sender"] = json!({ "login": "ada" });
    let read = read_event(event, body.to_string().as_bytes())
        .unwrap()
        .unwrap();
    assert_eq!((read.repo.owner(), read.repo.name()), ("optio", "demo"));
    assert_eq!(read.sender, "ada");
    read.about
}

#[test]
fn each_event_says_where_to_look() {
    let pull = json!({ "pull_request": { "number": 7, "head": { "sha": "abc" } } });
    let (number, head_sha) = (PullNumber(7), "abc".to_owned());
    assert_eq!(
        read("pull_request", pull.clone()),
        About::Pull { number, head_sha }
    );
    assert_eq!(read("pull_request_review", pull), About::Review { number });
    let checked = json!({ "head_sha": "abc", "pull_requests": [{ "number": 7 }] });
    let (sha, pulls) = ("abc".to_owned(), vec![number]);
    let about = About::Checks {
        sha: sha.clone(),
        pulls,
    };
    assert_eq!(read("check_run", json!({ "check_run": checked })), about);
    assert_eq!(
        read("check_suite", json!({ "check_suite": checked })),
        about
    );
    let about = About::Checks {
        sha,
        pulls: Vec::new(),
    };
    assert_eq!(
        read("status", json!({ "sha": "abc", "state": "success" })),
        about
    );
    let issue = json!({ "issue": { "number": 3, "labels": [{ "name": "optio" }] } });
    let (number, labels) = (IssueNumber(3), vec!["optio".to_owned()]);
    assert_eq!(
        read("issues", issue.clone()),
        About::Issue { number, labels }
    );
    let on_pull = false;
    assert_eq!(
        read("issue_comment", issue),
        About::Comment { number, on_pull }
    );
    let issue = json!({ "issue": { "number": 3, "pull_request": { "url": "u" } } });
    let on_pull = true;
    assert_eq!(
        read("issue_comment", issue),
        About::Comment { number, on_pull }
    );
}

#[test]
fn an_event_nobody_acts_on_is_not_read_and_a_broken_one_is_an_error() {
    assert!(read_event("ping", b"{}").unwrap().is_none());
    let error = read_event("pull_request", b"{}").unwrap_err();
    assert_eq!(error.to_string(), "the body is no event `pull_request`");
    let evil = json!({
        "repository": { "full_name": "../etc" }, "sender": { "login": "x" }, "sha": "abc",
    });
    assert!(read_event("status", evil.to_string().as_bytes()).is_err());
}
