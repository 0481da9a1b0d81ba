//! What calls cost, and what happens when they fail.

use optio_domain::git_host::{GitHost, GitHostError, MergeMethod, Seen};
use optio_simulators::{CheckSetup, Fault, FaultKind, GitlabSetup};

use super::{REPO, adapter, world, world_with};
use crate::git_hosts::gitlab::{BadSettings, GitLab, GitLabSettings, Token};

fn fault(kind: FaultKind, of: &str, times: u32) -> Fault {
    Fault {
        kind,
        method: None,
        of: of.to_owned(),
        times,
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    world.known_pull(number).await;
    let seen = world.gitlab.pull(&world.repo, number, None).await.unwrap();
    let Seen::Changed { value, etag } = seen else {
        panic!("nothing was known");
    };
    for number in 0..150 {
        let check = CheckSetup {
            name: format!("job {number}"),
            conclusion: Some("failed".to_owned()),
            summary: String::new(),
            after_ms: 0,
        };
        world.sim.check(REPO, &sha, &check).unwrap();
    }
    let look = async || world.gitlab.pull(&world.repo, number, etag.as_ref()).await;
    // The pipeline is a part of it.
    assert!(matches!(look().await.unwrap(), Seen::Changed { .. }));
    let first = world.gitlab.checks(&world.repo, &sha).await.unwrap();
    let again = world.gitlab.checks(&world.repo, &sha).await.unwrap();
    assert_eq!((first.runs.len(), &first), (150, &again));
    assert_eq!(world.asked("/statuses", 304), 2, "both pages");
    let seen = world.gitlab.pull(&world.repo, number, None).await.unwrap();
    let Seen::Changed { etag: now, .. } = seen else {
        panic!("nothing was known");
    };
    let look = async || world.gitlab.pull(&world.repo, number, now.as_ref()).await;
    assert!(matches!(look().await.unwrap(), Seen::Unchanged));
    world.push("work", &[("c.txt", Some("c\n"))]).await;
    let moved = look().await.unwrap().changed().unwrap();
    assert_ne!(moved.head_sha, value.head_sha);
}

#[tokio::test]
async fn nothing_is_asked_while_the_limit_is_used_up() {
    let setup = GitlabSetup {
        rate_limit: 2,
        ..GitlabSetup::default()
    };
    let world = world_with(setup).await;
    let call = async || world.gitlab.repo(&world.repo).await;
    call().await.unwrap();
    // The second call is answered, and says that it was the last one.
    call().await.unwrap();
    let GitHostError::RateLimited { until } = call().await.unwrap_err() else {
        panic!("not limited");
    };
    let now = optio_domain::ports::Clock::now(&*world.clock);
    let latest = now + chrono::TimeDelta::seconds(61);
    assert!(now < until && until < latest, "{until}");
    assert_eq!(world.sim.asked().len(), 2, "none was sent in vain");
    world.wait(62);
    assert!(matches!(
        call().await,
        Err(GitHostError::RateLimited { .. })
    ));
    let asked = world.sim.asked().len();
    assert_eq!(asked, 3, "after the time has come we ask again");
}

#[tokio::test]
async fn too_many_calls_at_once_are_waited_for() {
    let world = world().await;
    let limit = FaultKind::SecondaryLimit { retry_after_s: 30 };
    world.sim.fail(fault(limit, "", 1));
    let call = async || world.gitlab.repo(&world.repo).await;
    for _ in 0..2 {
        assert!(matches!(
            call().await,
            Err(GitHostError::RateLimited { .. })
        ));
    }
    assert_eq!(world.sim.asked().len(), 1);
    world.wait(31);
    call().await.unwrap();
}

#[tokio::test]
async fn a_server_that_fails_is_busy_and_a_list_that_cannot_be_read_is_not_empty() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    for (of, times) in [("/statuses", 1), ("/pipelines", 1)] {
        let broken = FaultKind::Status { status: 502 };
        world.sim.fail(fault(broken, of, times));
        let checks = world.gitlab.checks(&world.repo, &sha).await;
        assert!(matches!(checks, Err(GitHostError::Busy(_))), "{checks:?}");
    }
    world.gitlab.checks(&world.repo, &sha).await.unwrap();
    for of in ["/notes", "/approvals", "/reviewers"] {
        let broken = FaultKind::Status { status: 500 };
        world.sim.fail(fault(broken, of, 1));
        let reviews = world.gitlab.reviews(&world.repo, number).await;
        assert!(matches!(reviews, Err(GitHostError::Busy(_))), "{reviews:?}");
    }
}

#[tokio::test]
async fn a_gitlab_that_has_no_reviewers_has_approvals() {
    let world = world().await;
    let (number, _) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let old = FaultKind::Status { status: 404 };
    world.sim.fail(fault(old, "/reviewers", 1));
    let reviews = world.gitlab.reviews(&world.repo, number).await.unwrap();
    assert!(reviews.is_empty());
}

#[tokio::test]
async fn a_merge_whose_answer_is_lost_is_found_to_be_done() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    world.sim.fail(fault(FaultKind::LostAnswer, "/merge", 1));
    let merge = async || {
        let method = MergeMethod::Squash;
        world.gitlab.merge(&world.repo, number, &sha, method).await
    };
    let first = merge().await.unwrap_err().to_string();
    assert!(
        first.starts_with("the git host could not answer"),
        "{first}"
    );
    let merged = merge().await.unwrap();
    assert_eq!(world.sim.branch(REPO, "main"), Some(merged.sha));
}

#[tokio::test]
async fn a_wrong_token_is_refused_in_words_that_do_not_name_it() {
    let world = world().await;
    let gitlab = adapter(&world.sim, "glpat-wrong", &world.clock);
    let error = gitlab.repo(&world.repo).await.unwrap_err();
    let words = error.to_string();
    assert!(words.contains("check that the token is right"), "{words}");
    assert!(!format!("{error:?} {gitlab:?}").contains("glpat-wrong"));
}

#[tokio::test]
async fn a_host_that_is_not_there_is_busy() {
    let world = world().await;
    let gitlab = adapter(&world.sim, super::TOKEN, &world.clock);
    world.sim.stop().await;
    let error = gitlab.repo(&world.repo).await.unwrap_err();
    assert!(matches!(error, GitHostError::Busy(_)), "{error:?}");
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_refused_at_once() {
    let clock = || std::sync::Arc::new(super::Hands::default());
    let refused = |api_url: &str, token: &str| {
        let settings = GitLabSettings {
            host: "gitlab.com".to_owned(),
            api_url: api_url.to_owned(),
            token: Token::Given(token.to_owned()),
        };
        assert!(!format!("{settings:?}").contains("glpat"));
        GitLab::new(settings, clock()).err()
    };
    let api = "https://gitlab.com/api/v4";
    assert_eq!(refused(api, "glpat-a\n"), None);
    assert_eq!(refused(api, " "), Some(BadSettings::Token));
    assert_eq!(refused(api, "glpat a"), Some(BadSettings::Token));
    let bad = Some(BadSettings::ApiUrl("gitlab.com".to_owned()));
    assert_eq!(refused("gitlab.com", "glpat-a"), bad);
}
