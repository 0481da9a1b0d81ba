//! Issues, labels and comments.

use optio_domain::git_host::{GitHost, GitHostError, IssueNumber, PullNumber, Thread};
use optio_simulators::IssueSetup;
use serde_json::json;

use super::{REPO, TOKEN, world};

fn issue(title: &str, labels: &[&str]) -> IssueSetup {
    IssueSetup {
        title: title.to_owned(),
        body: "please".to_owned(),
        author: "ada".to_owned(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
    }
}

#[tokio::test]
async fn issues_of_a_label_are_all_open_ones() {
    let world = world().await;
    for number in 0..130 {
        let title = format!("issue {number}");
        let issue = issue(&title, &["optio"]);
        world.sim.add_issue(REPO, &issue).unwrap();
    }
    let closed = world.sim.add_issue(REPO, &issue("closed", &["optio"]));
    world.sim.close_issue(REPO, closed.unwrap(), "ada");
    world.sim.add_issue(REPO, &issue("x", &["bug"])).unwrap();
    let found = world.gitlab.issues_with_label(&world.repo, "optio");
    let found = found.await.unwrap();
    assert_eq!(found.len(), 130);
    let (first, author) = (found[0].title.as_str(), found[0].author.as_str());
    assert_eq!((first, author), ("issue 0", "ada"));
    assert_eq!(found[129].title, "issue 129");
}

#[tokio::test]
async fn an_issue_and_a_merge_request_of_one_number_are_two_things() {
    let world = world().await;
    let one = world.sim.add_issue(REPO, &issue("Add b", &[])).unwrap();
    let (pull, _) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    assert_eq!((one, pull), (1, PullNumber(1)));
    let on_issue = Thread::Issue(IssueNumber(1));
    let say = async |thread, body| world.gitlab.comment(&world.repo, thread, body, "m").await;
    let said = say(on_issue, "to the issue").await.unwrap();
    assert!(said.contains("/-/issues/1#note_"), "{said}");
    let said = say(pull.into(), "to the work").await.unwrap();
    assert!(said.contains("/-/merge_requests/1#note_"), "{said}");
    let labels = ["optio".to_owned(), "new: one".to_owned()];
    let add = world.gitlab.add_labels(&world.repo, pull.into(), &labels);
    add.await.unwrap();
    assert_eq!(world.pull(pull).await.labels, labels);
    let read = world.gitlab.issue(&world.repo, IssueNumber(1)).await;
    assert!(read.unwrap().labels.is_empty());
    let comments = world.gitlab.comments(&world.repo, on_issue).await.unwrap();
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.starts_with("to the issue"));
}

#[tokio::test]
async fn an_issue_is_read_and_closed_and_closing_it_again_is_no_mistake() {
    let world = world().await;
    let number = world.sim.add_issue(REPO, &issue("Add b", &["optio"]));
    let number = IssueNumber(number.unwrap());
    let read = async || world.gitlab.issue(&world.repo, number).await.unwrap();
    let before = read().await;
    let (title, body) = (before.title.as_str(), before.body.as_str());
    assert_eq!((title, body, before.open), ("Add b", "please", true));
    for _ in 0..2 {
        world.gitlab.close_issue(&world.repo, number).await.unwrap();
        assert!(!read().await.open);
    }
    let missing = world.gitlab.issue(&world.repo, IssueNumber(99)).await;
    let path = "/projects/optio%2Ftools%2Fdemo/issues/99".to_owned();
    assert_eq!(missing.unwrap_err(), GitHostError::NotFound(path));
}

#[tokio::test]
async fn a_comment_is_written_once_and_none_of_its_lines_is_a_command() {
    let world = world().await;
    let number = world.sim.add_issue(REPO, &issue("Add b", &[])).unwrap();
    let number = IssueNumber(number);
    let write = async |body: &str, mark: &str| {
        let comment = world.gitlab.comment(&world.repo, number.into(), body, mark);
        comment.await.unwrap()
    };
    let first = write("Merged.\n/close", "done-1").await;
    assert_eq!(write("Merged.\n/close", "done-1").await, first);
    assert_ne!(write("Merged.", "done-2").await, first);
    let comments = world.gitlab.comments(&world.repo, number.into()).await;
    let comments = comments.unwrap();
    assert_eq!(comments.len(), 2);
    assert!(comments[0].body.starts_with("Merged.\n\\/close"));
    let issue = world.gitlab.issue(&world.repo, number).await.unwrap();
    assert!(issue.open, "what was only said was done");
    // The simulator does what GitLab does with a line that is a command.
    let close = json!({ "body": "/close" });
    world.call(TOKEN, "POST", "/issues/1/notes", &close).await;
    assert!(!world.gitlab.issue(&world.repo, number).await.unwrap().open);
}

#[tokio::test]
async fn a_project_says_where_it_is_and_where_work_starts() {
    let world = world().await;
    let repo = world.gitlab.repo(&world.repo).await.unwrap();
    let (name, branch) = (repo.name.to_string(), repo.default_branch.as_str());
    assert_eq!((name.as_str(), branch), (REPO, "main"));
    assert_eq!(repo.clone_url, format!("{}/{REPO}.git", world.sim.url()));
    assert!(repo.private);
    let other = "optio/other".parse().unwrap();
    let missing = world.gitlab.repo(&other).await.unwrap_err();
    let path = "/projects/optio%2Fother".to_owned();
    assert_eq!(missing, GitHostError::NotFound(path));
}
