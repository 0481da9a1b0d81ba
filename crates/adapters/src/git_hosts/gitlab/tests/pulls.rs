//! Merge requests: found, seen, checked, merged or not.

use optio_domain::git_host::{
    CheckState, ChecksVerdict, GitHost, MergeMethod, MergeRefused, PullPhase,
};
use optio_simulators::CheckSetup;
use serde_json::json;

use super::{REPO, TOKEN, world};

fn check(name: &str, conclusion: Option<&str>) -> CheckSetup {
    CheckSetup {
        name: name.to_owned(),
        conclusion: conclusion.map(str::to_owned),
        summary: String::new(),
        after_ms: 0,
    }
}

#[tokio::test]
async fn an_open_merge_request_is_found_by_its_branch_and_no_other() {
    let world = world().await;
    let find = async |branch: &str| {
        let found = world.gitlab.open_pull_of_branch(&world.repo, branch).await;
        found.unwrap().map(|pull| (pull.number, pull.head_sha))
    };
    assert_eq!(find("optio/task-1").await, None);
    let (number, sha) = world.open("optio/task-1", &[("b.txt", Some("b\n"))]).await;
    world.open("optio/task-10", &[("c.txt", Some("c\n"))]).await;
    assert_eq!(find("optio/task-1").await, Some((number, sha)));
    world.sim.close_merge(REPO, number.0, "ada");
    assert_eq!(find("optio/task-1").await, None);
}

#[tokio::test]
async fn a_merge_request_is_seen_as_it_is() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let first = world.pull(number).await.mergeable;
    assert_eq!(first, None, "not known at once");
    let pull = world.known_pull(number).await;
    assert_eq!(pull.mergeable, Some(true));
    assert_eq!((pull.head_sha, pull.head_branch.as_str()), (sha, "work"));
    let (base, title) = (pull.base_branch.as_str(), pull.title.as_str());
    assert_eq!((base, title), ("main", "Work"));
    assert_eq!((pull.author.as_str(), pull.draft), ("optio-bot", false));
    assert_eq!((pull.phase, pull.merge_sha), (PullPhase::Open, None));
    let draft = json!({ "title": "Draft: Work" });
    world.call(TOKEN, "PUT", "/merge_requests/1", &draft).await;
    assert!(world.pull(number).await.draft);
    let open = world.gitlab.open_pulls(&world.repo).await.unwrap();
    assert_eq!((open.len(), open[0].mergeable), (1, None));
    world.sim.close_merge(REPO, number.0, "ada");
    assert_eq!(world.pull(number).await.phase, PullPhase::Closed);
    let open = world.gitlab.open_pulls(&world.repo).await.unwrap();
    assert!(open.is_empty());
}

#[tokio::test]
async fn a_conflict_is_real_and_named() {
    let world = world().await;
    let files = [("a.txt", Some("uno\ntwo\nthree\n"))];
    let (number, sha) = world.open("work", &files).await;
    assert_eq!(world.known_pull(number).await.mergeable, Some(true));
    world
        .push("main", &[("a.txt", Some("eins\ntwo\nthree\n"))])
        .await;
    assert_eq!(world.known_pull(number).await.mergeable, Some(false));
    let method = MergeMethod::Squash;
    let merged = world.gitlab.merge(&world.repo, number, &sha, method).await;
    assert_eq!(merged.unwrap_err(), MergeRefused::Conflict);
    let solved = [
        ("a.txt", Some("eins\ntwo\nthree\n")),
        ("b.txt", Some("b\n")),
    ];
    world.push("work", &solved).await;
    assert_eq!(world.known_pull(number).await.mergeable, Some(true));
}

#[tokio::test]
async fn each_way_of_merging_brings_the_work_to_the_base() {
    for method in [MergeMethod::Squash, MergeMethod::Merge] {
        let world = world().await;
        let (number, _) = world.open("work", &[("b.txt", Some("b\n"))]).await;
        let sha = world.push("work", &[("c.txt", Some("c\n"))]).await;
        world.push("main", &[("d.txt", Some("d\n"))]).await;
        let merge = async || {
            let merged = world.gitlab.merge(&world.repo, number, &sha, method);
            merged.await.unwrap()
        };
        let merged = merge().await;
        let pull = world.pull(number).await;
        assert_eq!(pull.phase, PullPhase::Merged);
        assert_eq!(pull.merge_sha, Some(merged.sha.clone()));
        assert_eq!(world.sim.branch(REPO, "main"), Some(merged.sha.clone()));
        for (file, text) in [("b.txt", "b"), ("c.txt", "c"), ("d.txt", "d")] {
            assert_eq!(world.sim.file(REPO, "main", file).await.unwrap(), text);
        }
        let commit = world.sim.commit(REPO, &merged.sha).await.unwrap();
        let side = commit.lines().filter_map(|it| it.strip_prefix("parent "));
        let side: Vec<&str> = side.collect();
        assert_eq!(side.len(), 2, "{method:?}");
        // With a squash, what was merged is one commit and not the head.
        assert_eq!(side[1] == sha, method == MergeMethod::Merge, "{method:?}");
        // Merging again is no mistake: the first answer may have been lost.
        assert_eq!(merge().await, merged);
    }
}

#[tokio::test]
async fn a_rebase_is_refused_with_clear_words_but_where_a_project_only_fast_forwards() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let method = MergeMethod::Rebase;
    let merge = async || world.gitlab.merge(&world.repo, number, &sha, method).await;
    let refused = merge().await.unwrap_err();
    let words = "GitLab rebases by changing the head that was judged";
    assert!(refused.to_string().contains(words), "{refused}");
    assert_eq!(world.asked("/merge", 405), 0, "it was not even tried");
    world.sim.only_forward(REPO, true).unwrap();
    let merged = merge().await.unwrap();
    assert_eq!(merged.sha, sha, "the head itself is what the base is at");
    assert_eq!(world.sim.branch(REPO, "main"), Some(sha.clone()));
}

#[tokio::test]
async fn what_has_to_be_rebased_first_does_not_merge_as_it_is() {
    let world = world().await;
    world.sim.only_forward(REPO, true).unwrap();
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    assert_eq!(world.known_pull(number).await.mergeable, Some(true));
    world.push("main", &[("d.txt", Some("d\n"))]).await;
    assert_eq!(world.known_pull(number).await.mergeable, Some(false));
    let method = MergeMethod::Merge;
    let merged = world.gitlab.merge(&world.repo, number, &sha, method).await;
    assert_eq!(merged.unwrap_err(), MergeRefused::Conflict);
}

#[tokio::test]
async fn a_head_that_was_not_seen_is_not_merged_and_a_draft_says_why() {
    let world = world().await;
    let (number, stale) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let sha = world.push("work", &[("c.txt", Some("c\n"))]).await;
    let before = world.sim.branch(REPO, "main");
    let merge = async |sha: &str| {
        let merge = world
            .gitlab
            .merge(&world.repo, number, sha, MergeMethod::Squash);
        merge.await.unwrap_err()
    };
    assert_eq!(merge(&stale).await, MergeRefused::Moved);
    assert_eq!(world.sim.branch(REPO, "main"), before);
    let draft = json!({ "title": "Draft: Work" });
    world.call(TOKEN, "PUT", "/merge_requests/1", &draft).await;
    let refused = merge(&sha).await;
    assert!(refused.to_string().contains("draft_status"), "{refused}");
    world.sim.close_merge(REPO, number.0, "ada");
    assert_eq!(merge(&sha).await, MergeRefused::Closed);
}

#[tokio::test]
async fn checks_are_all_pages_of_jobs_and_of_what_others_have_set() {
    let world = world().await;
    let (_, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let read = async || world.gitlab.checks(&world.repo, &sha).await.unwrap();
    assert_eq!(read().await.verdict(), ChecksVerdict::None);
    for number in 0..250 {
        let check = check(&format!("job {number}"), Some("success"));
        world.sim.check(REPO, &sha, &check).unwrap();
    }
    assert_eq!(read().await.runs.len(), 250);
    assert_eq!(read().await.verdict(), ChecksVerdict::Passing);
    let open = world.sim.check(REPO, &sha, &check("slow", None)).unwrap();
    assert_eq!(read().await.verdict(), ChecksVerdict::Pending);
    world.sim.end_check(REPO, open, "skipped");
    let failed = json!({ "state": "failed", "name": "old ci" });
    let path = format!("/statuses/{sha}");
    world.call(TOKEN, "POST", &path, &failed).await;
    let checks = read().await;
    assert_eq!(checks.runs.len(), 252);
    let failed = checks.failed().map(|run| (&*run.name, &*run.word));
    assert_eq!(failed.collect::<Vec<_>>(), [("old ci", "failed")]);
    let slow = checks.runs.iter().find(|run| run.name == "slow").unwrap();
    assert_eq!(slow.state, CheckState::Passed);
}

#[tokio::test]
async fn a_pipeline_that_fails_without_a_job_is_a_failed_check() {
    let world = world().await;
    let (_, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    world.sim.break_pipeline(REPO, &sha).unwrap();
    let checks = world.gitlab.checks(&world.repo, &sha).await.unwrap();
    assert_eq!(checks.verdict(), ChecksVerdict::Failing);
    assert_eq!(checks.runs[0].name, "pipeline");
}

#[tokio::test]
async fn a_pipeline_of_merged_results_is_of_the_head_that_it_merges() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    world.push("main", &[("d.txt", Some("d\n"))]).await;
    let red = check("ci", Some("failed"));
    world
        .sim
        .merged_results(REPO, number.0, &red)
        .await
        .unwrap();
    let verdict = async |sha: &str| {
        let checks = world.gitlab.checks(&world.repo, sha).await;
        checks.unwrap().verdict()
    };
    assert_eq!(verdict(&sha).await, ChecksVerdict::Failing);
    let moved = world.push("work", &[("c.txt", Some("c\n"))]).await;
    assert_eq!(
        verdict(&moved).await,
        ChecksVerdict::None,
        "not of this head"
    );
    let green = check("ci", Some("success"));
    world
        .sim
        .merged_results(REPO, number.0, &green)
        .await
        .unwrap();
    assert_eq!(verdict(&moved).await, ChecksVerdict::Passing);
}
