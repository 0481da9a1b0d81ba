//! Pull requests: found, seen, checked, reviewed, merged or not.

use optio_domain::git_host::{
    CheckState, ChecksVerdict, DiffSide, GitHost, LineComment, MergeMethod, MergeRefused,
    NewReview, PullPhase, ReviewAct, ReviewVerdict, verdict,
};
use optio_simulators::{CheckSetup, LineSetup, ReviewSetup};

use super::{REPO, TOKEN, world};

fn check(name: &str, conclusion: Option<&str>) -> CheckSetup {
    CheckSetup {
        name: name.to_owned(),
        conclusion: conclusion.map(str::to_owned),
        summary: String::new(),
        after_ms: 0,
    }
}

fn review(author: &str, event: &str, comments: Vec<LineSetup>) -> ReviewSetup {
    ReviewSetup {
        author: author.to_owned(),
        event: event.to_owned(),
        body: format!("{author} says {event}"),
        comments,
        after_ms: 0,
    }
}

#[tokio::test]
async fn an_open_pull_request_is_found_by_its_branch_and_no_other() {
    let world = world().await;
    let find = async |branch: &str| {
        let found = world.github.open_pull_of_branch(&world.repo, branch);
        found
            .await
            .unwrap()
            .map(|pull| (pull.number, pull.head_sha))
    };
    assert_eq!(find("optio/task-1").await, None);
    let (number, sha) = world.open("optio/task-1", &[("b.txt", Some("b\n"))]).await;
    world.open("optio/task-10", &[("c.txt", Some("c\n"))]).await;
    assert_eq!(find("optio/task-1").await, Some((number, sha)));
    world.sim.close(REPO, number.0, "ada").unwrap();
    assert_eq!(find("optio/task-1").await, None);
}

#[tokio::test]
async fn a_pull_request_is_seen_as_it_is() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    assert_eq!(
        world.pull(number).await.mergeable,
        None,
        "not known at once"
    );
    let pull = world.known_pull(number).await;
    assert_eq!(pull.mergeable, Some(true));
    assert_eq!((pull.head_sha, pull.head_branch.as_str()), (sha, "work"));
    assert_eq!(
        (pull.base_branch.as_str(), pull.title.as_str()),
        ("main", "Work")
    );
    assert_eq!((pull.author.as_str(), pull.draft), ("optio-bot", false));
    assert_eq!((pull.phase, pull.merge_sha), (PullPhase::Open, None));
    world.sim.close(REPO, number.0, "ada").unwrap();
    assert_eq!(world.pull(number).await.phase, PullPhase::Closed);
    assert!(
        world
            .github
            .open_pulls(&world.repo)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_conflict_is_real_and_named() {
    let world = world().await;
    let (number, sha) = world
        .open("work", &[("a.txt", Some("uno\ntwo\nthree\n"))])
        .await;
    assert_eq!(world.known_pull(number).await.mergeable, Some(true));
    let files = [("a.txt", Some("eins\ntwo\nthree\n"))];
    world
        .sim
        .push(REPO, "main", &files, "meanwhile", "ada")
        .await
        .unwrap();
    assert_eq!(world.known_pull(number).await.mergeable, Some(false));
    let merged = world
        .github
        .merge(&world.repo, number, &sha, MergeMethod::Squash)
        .await;
    assert_eq!(merged.unwrap_err(), MergeRefused::Conflict);
    // Solved as git would have it: the branch has what main has.
    world
        .push(
            "work",
            &[
                ("a.txt", Some("eins\ntwo\nthree\n")),
                ("b.txt", Some("b\n")),
            ],
        )
        .await;
    assert_eq!(world.known_pull(number).await.mergeable, Some(true));
}

#[tokio::test]
async fn each_way_of_merging_brings_the_work_to_the_base() {
    for (method, parents) in [
        (MergeMethod::Squash, 1),
        (MergeMethod::Merge, 2),
        (MergeMethod::Rebase, 1),
    ] {
        let world = world().await;
        let (number, _) = world.open("work", &[("b.txt", Some("b\n"))]).await;
        let sha = world.push("work", &[("c.txt", Some("c\n"))]).await;
        let files = [("d.txt", Some("d\n"))];
        world
            .sim
            .push(REPO, "main", &files, "meanwhile", "ada")
            .await
            .unwrap();
        let merged = world
            .github
            .merge(&world.repo, number, &sha, method)
            .await
            .unwrap();
        let pull = world.pull(number).await;
        assert_eq!(
            (pull.phase, pull.merge_sha),
            (PullPhase::Merged, Some(merged.sha.clone()))
        );
        assert_eq!(world.sim.branch(REPO, "main"), Some(merged.sha.clone()));
        for (file, text) in [("b.txt", "b"), ("c.txt", "c"), ("d.txt", "d")] {
            assert_eq!(world.sim.file(REPO, "main", file).await.unwrap(), text);
        }
        let commit = world.sim.commit(REPO, &merged.sha).await.unwrap();
        let found = commit
            .lines()
            .filter(|line| line.starts_with("parent "))
            .count();
        assert_eq!(found, parents, "{method:?}");
        // Merging again is no mistake: the first answer may have been lost.
        let again = world
            .github
            .merge(&world.repo, number, &sha, method)
            .await
            .unwrap();
        assert_eq!(again, merged);
    }
}

#[tokio::test]
async fn a_head_that_was_not_seen_is_not_merged() {
    let world = world().await;
    let (number, stale) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    world.push("work", &[("c.txt", Some("c\n"))]).await;
    let before = world.sim.branch(REPO, "main");
    let merged = world
        .github
        .merge(&world.repo, number, &stale, MergeMethod::Squash)
        .await;
    assert_eq!(merged.unwrap_err(), MergeRefused::Moved);
    assert_eq!(world.sim.branch(REPO, "main"), before);
    let sha = world.pull(number).await.head_sha;
    world.sim.close(REPO, number.0, "ada").unwrap();
    let merged = world
        .github
        .merge(&world.repo, number, &sha, MergeMethod::Squash)
        .await;
    assert_eq!(merged.unwrap_err(), MergeRefused::Closed);
}

#[tokio::test]
async fn checks_are_all_pages_of_runs_and_the_statuses() {
    let world = world().await;
    let (_, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let read = async || world.github.checks(&world.repo, &sha).await.unwrap();
    assert_eq!(read().await.verdict(), ChecksVerdict::None);
    for number in 0..250 {
        let check = check(&format!("check {number}"), Some("success"));
        world.sim.check(REPO, &sha, &check).unwrap();
    }
    assert_eq!(read().await.runs.len(), 250);
    assert_eq!(read().await.verdict(), ChecksVerdict::Passing);
    let open = world.sim.check(REPO, &sha, &check("slow", None)).unwrap();
    assert_eq!(read().await.verdict(), ChecksVerdict::Pending);
    world.sim.end_check(REPO, open, "neutral");
    let client = reqwest::Client::new();
    let status = client
        .post(format!("{}/repos/{REPO}/statuses/{sha}", world.sim.url()))
        .bearer_auth(TOKEN)
        .json(&serde_json::json!({ "state": "error", "context": "old ci" }));
    assert_eq!(status.send().await.unwrap().status(), 201);
    let checks = read().await;
    assert_eq!(
        (checks.runs.len(), checks.verdict()),
        (252, ChecksVerdict::Failing)
    );
    let failed: Vec<_> = checks
        .failed()
        .map(|run| (run.name.as_str(), run.word.as_str()))
        .collect();
    assert_eq!(failed, [("old ci", "error")]);
    let slow = checks.runs.iter().find(|run| run.name == "slow").unwrap();
    assert_eq!(slow.state, CheckState::Passed);
}

#[tokio::test]
async fn reviews_come_with_their_lines_and_mean_what_they_say() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let read = async || world.github.reviews(&world.repo, number).await.unwrap();
    assert!(read().await.is_empty());
    let line = LineSetup {
        path: "b.txt".to_owned(),
        line: 1,
        side: "RIGHT".to_owned(),
        body: "why b?".to_owned(),
    };
    let asked = review("ada", "REQUEST_CHANGES", vec![line]);
    world.sim.review(REPO, number.0, &asked).unwrap();
    let reviews = read().await;
    assert_eq!(reviews[0].body, "ada says REQUEST_CHANGES");
    assert_eq!(reviews[0].comments.len(), 1);
    let line = &reviews[0].comments[0];
    assert_eq!(
        (line.path.as_str(), line.line, line.body.as_str()),
        ("b.txt", Some(1), "why b?")
    );
    let against = ReviewVerdict::ChangesRequested {
        by: vec!["ada".to_owned()],
    };
    assert_eq!(verdict(&reviews, &sha), against);
    world
        .sim
        .review(REPO, number.0, &review("ada", "APPROVE", vec![]))
        .unwrap();
    world
        .sim
        .review(REPO, number.0, &review("bob", "COMMENT", vec![]))
        .unwrap();
    let by = vec!["ada".to_owned()];
    assert_eq!(verdict(&read().await, &sha), ReviewVerdict::Approved { by });
    let moved = world.push("work", &[("c.txt", Some("c\n"))]).await;
    assert_eq!(verdict(&read().await, &moved), ReviewVerdict::None);
}

#[tokio::test]
async fn our_own_review_is_a_real_one() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let comment = LineComment {
        path: "b.txt".to_owned(),
        line: 1,
        side: DiffSide::Right,
        body: "hm".to_owned(),
    };
    let mut ours = NewReview {
        sha: sha.clone(),
        act: ReviewAct::Comment,
        body: "looks fine".to_owned(),
        comments: vec![comment],
    };
    let url = world
        .github
        .submit_review(&world.repo, number, &ours)
        .await
        .unwrap();
    assert!(url.contains("/pull/1#pullrequestreview-"), "{url}");
    let reviews = world.github.reviews(&world.repo, number).await.unwrap();
    assert_eq!(
        (reviews[0].author.as_str(), reviews[0].sha.as_str()),
        ("optio-bot", sha.as_str())
    );
    assert_eq!(reviews[0].comments[0].body, "hm");
    ours.act = ReviewAct::Approve;
    let own = world
        .github
        .submit_review(&world.repo, number, &ours)
        .await
        .unwrap_err();
    assert!(
        own.to_string()
            .contains("Can not approve your own pull request"),
        "{own}"
    );
}
