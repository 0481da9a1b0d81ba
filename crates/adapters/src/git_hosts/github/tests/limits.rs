//! What calls cost, and what happens when they fail.

use optio_domain::git_host::{GitHost, GitHostError, MergeMethod, Seen};
use optio_simulators::{Fault, FaultKind, GithubSetup};

use super::{Credentials, REPO, TOKEN, adapter, is_unchanged, world, world_with};

fn fault(kind: FaultKind, of: &str, times: u32) -> Fault {
    Fault {
        kind,
        method: None,
        of: of.to_owned(),
        times,
    }
}

#[tokio::test]
async fn looking_at_what_has_not_changed_costs_nothing() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    world.known_pull(number).await;
    let Seen::Changed { value, etag } = world.github.pull(&world.repo, number, None).await.unwrap()
    else {
        panic!("nothing was known");
    };
    world.github.checks(&world.repo, &sha).await.unwrap();
    world.github.reviews(&world.repo, number).await.unwrap();
    let before = world.sim.used(TOKEN);
    for _ in 0..5 {
        let seen = world
            .github
            .pull(&world.repo, number, etag.as_ref())
            .await
            .unwrap();
        assert!(is_unchanged(&seen));
        world.github.checks(&world.repo, &sha).await.unwrap();
        world.github.reviews(&world.repo, number).await.unwrap();
    }
    assert_eq!(world.sim.used(TOKEN), before);
    // Nor does it for whoever has kept nothing: the adapter has.
    let again = world.github.pull(&world.repo, number, None).await.unwrap();
    assert_eq!(again.changed().as_ref(), Some(&value));
    assert_eq!(world.sim.used(TOKEN), before);
    world.push("work", &[("c.txt", Some("c\n"))]).await;
    let seen = world
        .github
        .pull(&world.repo, number, etag.as_ref())
        .await
        .unwrap();
    assert_ne!(seen.changed().unwrap().head_sha, value.head_sha);
    assert_eq!(world.sim.used(TOKEN), before + 1);
}

#[tokio::test]
async fn what_is_kept_is_as_whole_as_what_was_sent() {
    let world = world().await;
    let (_, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    for number in 0..150 {
        let check = optio_simulators::CheckSetup {
            name: format!("check {number}"),
            conclusion: Some("failure".to_owned()),
            summary: String::new(),
            after_ms: 0,
        };
        world.sim.check(REPO, &sha, &check).unwrap();
    }
    let first = world.github.checks(&world.repo, &sha).await.unwrap();
    let again = world.github.checks(&world.repo, &sha).await.unwrap();
    assert_eq!(first.runs.len(), 150);
    assert_eq!(first, again);
    assert_eq!(world.asked("check-runs", 304), 2);
}

#[tokio::test]
async fn nothing_is_asked_while_the_limit_is_used_up() {
    let setup = GithubSetup {
        rate_limit: 3,
        ..GithubSetup::default()
    };
    let world = world_with(setup, Credentials::Token(TOKEN.to_owned())).await;
    let check = async || world.github.checks(&world.repo, &"a".repeat(40)).await;
    check().await.unwrap();
    // The third call is answered, and says that it was the last one.
    let last = world.github.issues_with_label(&world.repo, "x").await;
    last.unwrap();
    let GitHostError::RateLimited { until } = check().await.unwrap_err() else {
        panic!("not limited");
    };
    let now = optio_domain::ports::Clock::now(&*world.clock);
    assert!(
        now < until && until < now + chrono::TimeDelta::minutes(61),
        "{until}"
    );
    assert_eq!(world.sim.asked().len(), 3, "none was sent in vain");
    world.wait(3_700);
    assert!(matches!(
        check().await,
        Err(GitHostError::RateLimited { .. })
    ));
    assert_eq!(
        world.sim.asked().len(),
        4,
        "after the time has come we ask again"
    );
}

#[tokio::test]
async fn a_secondary_limit_is_waited_for() {
    let world = world().await;
    world.sim.fail(fault(
        FaultKind::SecondaryLimit { retry_after_s: 30 },
        "",
        1,
    ));
    let call = async || world.github.repo(&world.repo).await;
    assert!(matches!(
        call().await,
        Err(GitHostError::RateLimited { .. })
    ));
    assert!(matches!(
        call().await,
        Err(GitHostError::RateLimited { .. })
    ));
    assert_eq!(world.sim.asked().len(), 1);
    world.wait(31);
    call().await.unwrap();
}

#[tokio::test]
async fn a_server_that_fails_is_busy_and_a_list_that_cannot_be_read_is_not_empty() {
    let world = world().await;
    let (_, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    world
        .sim
        .fail(fault(FaultKind::Status { status: 502 }, "/status", 1));
    let checks = world.github.checks(&world.repo, &sha).await;
    assert!(matches!(checks, Err(GitHostError::Busy(_))), "{checks:?}");
    world.github.checks(&world.repo, &sha).await.unwrap();
}

#[tokio::test]
async fn a_merge_whose_answer_is_lost_is_found_to_be_done() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    world.sim.fail(fault(FaultKind::LostAnswer, "/merge", 1));
    let merge = async || {
        world
            .github
            .merge(&world.repo, number, &sha, MergeMethod::Squash)
            .await
    };
    let first = merge().await.unwrap_err();
    assert!(
        first
            .to_string()
            .starts_with("the git host could not answer"),
        "{first}"
    );
    let merged = merge().await.unwrap();
    assert_eq!(world.sim.branch(REPO, "main"), Some(merged.sha));
}

#[tokio::test]
async fn a_wrong_token_is_refused_in_words_that_do_not_name_it() {
    let world = world().await;
    let wrong = Credentials::Token("ghp_wrong".to_owned());
    let github = adapter(&world.sim, wrong, &world.clock);
    let error = github.repo(&world.repo).await.unwrap_err();
    assert!(
        matches!(error, GitHostError::Unauthorized { .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("check that the token is right"),
        "{error}"
    );
    assert!(!format!("{error:?} {github:?}").contains("ghp_wrong"));
}

#[tokio::test]
async fn a_host_that_is_not_there_is_busy() {
    let world = world().await;
    let github = adapter(
        &world.sim,
        Credentials::Token(TOKEN.to_owned()),
        &world.clock,
    );
    world.sim.stop().await;
    let error = github.repo(&world.repo).await.unwrap_err();
    assert!(matches!(error, GitHostError::Busy(_)), "{error:?}");
}
