use chrono::{DateTime, Utc};

use super::{
    Check, CheckState, Checks, ChecksVerdict, GitToken, PullUrl, RepoName, RepoUrl, Review,
    ReviewState, ReviewVerdict, has_mark, marked, verdict,
};

fn checks(states: &[CheckState]) -> Checks {
    let run = |(number, state): (usize, &CheckState)| Check {
        name: format!("check {number}"),
        state: *state,
        word: String::new(),
        url: None,
    };
    Checks {
        runs: states.iter().enumerate().map(run).collect(),
    }
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
}

fn review(second: i64, author: &str, state: ReviewState, sha: &str) -> Review {
    Review {
        id: second.unsigned_abs(),
        author: author.to_owned(),
        state,
        body: String::new(),
        sha: sha.to_owned(),
        at: at(second),
        comments: Vec::new(),
    }
}

#[test]
fn no_checks_are_not_a_pass() {
    assert_eq!(checks(&[]).verdict(), ChecksVerdict::None);
}

#[test]
fn one_failure_decides_and_one_pending_holds_up() {
    use CheckState::{Failed, Passed, Pending};
    let verdict = |states: &[CheckState]| checks(states).verdict();
    assert_eq!(verdict(&[Passed, Pending, Failed]), ChecksVerdict::Failing);
    assert_eq!(verdict(&[Passed, Pending]), ChecksVerdict::Pending);
    assert_eq!(verdict(&[Passed, Passed]), ChecksVerdict::Passing);
}

#[test]
fn only_success_skipped_and_neutral_pass() {
    for word in ["success", "skipped", "neutral"] {
        let state = CheckState::of_run("completed", Some(word));
        assert_eq!(state, CheckState::Passed, "{word}");
    }
    let failures = ["failure", "cancelled", "timed_out", "action_required"];
    for word in failures
        .into_iter()
        .chain(["stale", "startup_failure", "new word"])
    {
        let state = CheckState::of_run("completed", Some(word));
        assert_eq!(state, CheckState::Failed, "{word}");
    }
    for status in [
        "queued",
        "in_progress",
        "waiting",
        "requested",
        "pending",
        "new word",
    ] {
        assert_eq!(
            CheckState::of_run(status, None),
            CheckState::Pending,
            "{status}"
        );
    }
    assert_eq!(CheckState::of_run("completed", None), CheckState::Pending);
    assert_eq!(CheckState::of_status("success"), CheckState::Passed);
    assert_eq!(CheckState::of_status("error"), CheckState::Failed);
    assert_eq!(CheckState::of_status("pending"), CheckState::Pending);
}

#[test]
fn the_latest_substantive_review_of_each_author_decides() {
    use ReviewState::{Approved, ChangesRequested, Commented, Dismissed};
    let mut reviews = vec![
        review(1, "ada", ChangesRequested, "a"),
        review(2, "ada", Commented, "b"),
        review(3, "bob", Approved, "b"),
    ];
    let against = ReviewVerdict::ChangesRequested {
        by: vec!["ada".into()],
    };
    assert_eq!(verdict(&reviews, "b"), against);
    reviews.push(review(4, "ada", Approved, "b"));
    let by = vec!["ada".into(), "bob".into()];
    assert_eq!(verdict(&reviews, "b"), ReviewVerdict::Approved { by });
    reviews.push(review(5, "bob", Dismissed, "b"));
    reviews.reverse();
    let by = vec!["ada".into(), "bob".into()];
    assert_eq!(verdict(&reviews, "b"), ReviewVerdict::Approved { by });
}

#[test]
fn an_approval_counts_for_its_commit_only() {
    let approved = [review(1, "ada", ReviewState::Approved, "a")];
    assert_eq!(verdict(&approved, "b"), ReviewVerdict::None);
    let refused = [review(1, "ada", ReviewState::ChangesRequested, "a")];
    let against = ReviewVerdict::ChangesRequested {
        by: vec!["ada".into()],
    };
    assert_eq!(verdict(&refused, "b"), against);
    assert_eq!(verdict(&[], "b"), ReviewVerdict::None);
}

#[test]
fn an_address_names_host_and_repository() {
    let wanted = RepoUrl {
        host: "github.com".into(),
        repo: RepoName::new("optio", "demo").unwrap(),
    };
    let forms = [
        "https://github.com/optio/demo",
        "https://GitHub.com/optio/demo.git",
        "https://github.com/optio/demo/",
        "git@github.com:optio/demo.git",
        "ssh://git@github.com/optio/demo",
    ];
    for form in forms {
        assert_eq!(form.parse::<RepoUrl>().as_ref(), Ok(&wanted), "{form}");
    }
    let nested: RepoUrl = "https://git.example:8443/a/b/c".parse().unwrap();
    assert_eq!((nested.repo.owner(), nested.repo.name()), ("a/b", "c"));
    assert_eq!(nested.host, "git.example:8443");
}

#[test]
fn what_could_be_taken_for_something_else_is_no_repository() {
    let bad = [
        "",
        "a",
        "a/",
        "/b",
        "a/..",
        "../b",
        "a/b?c",
        "a/--upload-pack=x",
        "a b/c",
        "a/b.git",
        "a/b#c",
    ];
    for text in bad {
        assert!(text.parse::<RepoName>().is_err(), "{text}");
    }
    assert!("optio/.github".parse::<RepoName>().is_ok());
}

#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    let error = "https://me:hunter2@github.com/a/b"
        .parse::<RepoUrl>()
        .unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn a_mark_is_found_again_and_not_taken_for_another() {
    let text = marked("Merged in --> #7.", "close:task-7");
    assert!(has_mark(&text, "close:task-7"));
    assert!(has_mark(&format!("{text}\n"), "close:task-7"));
    assert!(!has_mark(&text, "close:task-77"));
    assert!(!has_mark(&text, "task-7"));
    assert!(!has_mark(
        "quoted <!-- optio:close.task.7 --> by somebody",
        "close:task-7"
    ));
}

#[test]
fn a_token_is_not_printed() {
    let token = GitToken {
        username: "x-access-token".into(),
        secret: "ghs_secret".into(),
        expires_at: None,
    };
    assert!(!format!("{token:?}").contains("ghs_secret"));
}

#[test]
fn a_pull_request_is_found_by_its_address_however_it_was_copied() {
    for text in [
        "https://github.com/ada/engine/pull/7",
        " https://github.com/ada/engine/pull/7/files#diff-1 ",
        "https://github.com/ada/engine/pull/7?w=1",
    ] {
        let url: PullUrl = text.parse().unwrap();
        assert_eq!(url.repo_url, "https://github.com/ada/engine");
        assert_eq!(
            (url.repo.repo.to_string().as_str(), url.number.0),
            ("ada/engine", 7)
        );
    }
    let merge = "https://gitlab.com/acme/shop/-/merge_requests/12/diffs";
    let merge: PullUrl = merge.parse().unwrap();
    assert_eq!(
        (merge.repo_url.as_str(), merge.number.0),
        ("https://gitlab.com/acme/shop", 12)
    );
    let local: PullUrl = "http://127.0.0.1:3000/a/b/pull/1".parse().unwrap();
    assert_eq!(local.repo.host, "127.0.0.1:3000");
}

#[test]
fn what_is_no_address_of_a_pull_request_is_refused() {
    for text in [
        "",
        "ada/engine#7",
        "https://github.com/ada/engine",
        "https://github.com/ada/engine/issues/7",
        "https://github.com/ada/engine/pull/",
        "https://github.com/ada/engine/pull/0",
        "https://github.com/ada/engine/pull/-7",
        "https://github.com/ada/engine/pull/99999999999999999999",
        "https://github.com/../engine/pull/7",
        "https://me:hunter2@github.com/ada/engine/pull/7",
        "file:///ada/engine/pull/7",
    ] {
        assert!(text.parse::<PullUrl>().is_err(), "{text}");
    }
}
