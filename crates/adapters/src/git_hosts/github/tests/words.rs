//! Issues, labels and comments.

use optio_domain::git_host::{GitHost, GitHostError, IssueNumber};
use optio_simulators::IssueSetup;

use super::{REPO, world};

fn issue(title: &str, labels: &[&str]) -> IssueSetup {
    IssueSetup {
        title: title.to_owned(),
        body: "please".to_owned(),
        author: "ada".to_owned(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
    }
}

#[tokio::test]
async fn issues_of_a_label_are_all_open_ones_and_no_pull_requests() {
    let world = world().await;
    for number in 0..130 {
        world
            .sim
            .add_issue(REPO, &issue(&format!("issue {number}"), &["optio"]))
            .unwrap();
    }
    let closed = world
        .sim
        .add_issue(REPO, &issue("closed", &["optio"]))
        .unwrap();
    world.sim.close(REPO, closed, "ada").unwrap();
    world
        .sim
        .add_issue(REPO, &issue("another", &["bug"]))
        .unwrap();
    let (pull, _) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let labels = ["optio".to_owned(), "new: one".to_owned()];
    world
        .github
        .add_labels(&world.repo, pull.as_issue(), &labels)
        .await
        .unwrap();
    assert_eq!(world.pull(pull).await.labels, labels);
    let found = world
        .github
        .issues_with_label(&world.repo, "optio")
        .await
        .unwrap();
    assert_eq!(found.len(), 130);
    assert_eq!(
        (found[0].title.as_str(), found[0].author.as_str()),
        ("issue 0", "ada")
    );
    assert_eq!(found[129].title, "issue 129");
    let odd = world
        .github
        .issues_with_label(&world.repo, "new: one")
        .await
        .unwrap();
    assert!(odd.is_empty(), "only the pull request bears it");
}

#[tokio::test]
async fn an_issue_is_read_and_closed_and_closing_it_again_is_no_mistake() {
    let world = world().await;
    let number = IssueNumber(
        world
            .sim
            .add_issue(REPO, &issue("Add b", &["optio"]))
            .unwrap(),
    );
    let read = async || world.github.issue(&world.repo, number).await.unwrap();
    let before = read().await;
    assert_eq!(
        (before.title.as_str(), before.body.as_str(), before.open),
        ("Add b", "please", true)
    );
    for _ in 0..2 {
        world.github.close_issue(&world.repo, number).await.unwrap();
        assert!(!read().await.open);
    }
    let missing = world
        .github
        .issue(&world.repo, IssueNumber(99))
        .await
        .unwrap_err();
    assert_eq!(
        missing,
        GitHostError::NotFound("/repos/optio/demo/issues/99".to_owned())
    );
}

#[tokio::test]
async fn a_comment_is_written_once_however_often_it_is_asked_for() {
    let world = world().await;
    let number = IssueNumber(world.sim.add_issue(REPO, &issue("Add b", &[])).unwrap());
    let write = async |body: &str, mark: &str| {
        world
            .github
            .comment(&world.repo, number.into(), body, mark)
            .await
            .unwrap()
    };
    let first = write("Merged.", "done-1").await;
    assert_eq!(write("Merged.", "done-1").await, first);
    assert_ne!(write("Merged.", "done-2").await, first);
    let comments = world
        .github
        .comments(&world.repo, number.into())
        .await
        .unwrap();
    assert_eq!(comments.len(), 2);
    assert!(
        comments[0].body.starts_with("Merged."),
        "{}",
        comments[0].body
    );
}

#[tokio::test]
async fn a_repository_says_where_it_is_and_where_work_starts() {
    let world = world().await;
    let repo = world.github.repo(&world.repo).await.unwrap();
    assert_eq!(
        (repo.name.to_string().as_str(), repo.default_branch.as_str()),
        (REPO, "main")
    );
    assert_eq!(repo.clone_url, format!("{}/{REPO}.git", world.sim.url()));
    let other = "optio/other".parse().unwrap();
    let missing = world.github.repo(&other).await.unwrap_err();
    assert_eq!(
        missing,
        GitHostError::NotFound("/repos/optio/other".to_owned())
    );
}
