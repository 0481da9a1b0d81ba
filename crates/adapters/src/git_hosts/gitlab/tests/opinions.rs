//! What people think of a merge request, and what we say of one.

use optio_domain::git_host::{
    DiffSide, GitHost, LineComment, NewReview, PullNumber, Review, ReviewAct, ReviewState,
    ReviewVerdict, verdict,
};
use optio_simulators::{LineSetup, ReviewSetup};
use serde_json::json;

use super::{ADAS, REPO, World, adapter, world};

fn review(author: &str, event: &str, comments: Vec<LineSetup>) -> ReviewSetup {
    ReviewSetup {
        author: author.to_owned(),
        event: event.to_owned(),
        body: format!("{author} says {event}"),
        comments,
        after_ms: 0,
    }
}

fn line(path: &str, line: u64, body: &str) -> LineComment {
    LineComment {
        path: path.to_owned(),
        line,
        side: DiffSide::Right,
        body: body.to_owned(),
    }
}

impl World {
    fn says(&self, number: PullNumber, author: &str, event: &str) {
        let said = review(author, event, Vec::new());
        self.sim.review(REPO, number.0, &said).unwrap();
    }

    async fn reviews(&self, number: PullNumber) -> Vec<Review> {
        self.gitlab.reviews(&self.repo, number).await.unwrap()
    }
}

fn approved(by: &str) -> ReviewVerdict {
    let by = vec![by.to_owned()];
    ReviewVerdict::Approved { by }
}

fn refused(by: &str) -> ReviewVerdict {
    let by = vec![by.to_owned()];
    ReviewVerdict::ChangesRequested { by }
}

#[tokio::test]
async fn reviews_come_with_their_lines_and_mean_what_they_say() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    assert!(world.reviews(number).await.is_empty());
    let why = LineSetup {
        path: "b.txt".to_owned(),
        line: 1,
        side: "RIGHT".to_owned(),
        body: "why b?".to_owned(),
    };
    let asked = review("ada", "REQUEST_CHANGES", vec![why]);
    world.sim.review(REPO, number.0, &asked).unwrap();
    let reviews = world.reviews(number).await;
    assert_eq!(reviews.len(), 1, "{reviews:?}");
    assert_eq!(reviews[0].body, "ada says REQUEST_CHANGES");
    let line = &reviews[0].comments[0];
    let said = (line.path.as_str(), line.line, line.body.as_str());
    assert_eq!(said, ("b.txt", Some(1), "why b?"));
    assert_eq!(verdict(&reviews, &sha), refused("ada"));
    let first = reviews[0].id;
    // Asked for again after a push, it is another request with words of its own.
    let moved = world.push("work", &[("c.txt", Some("c\n"))]).await;
    world.says(number, "ada", "REQUEST_CHANGES");
    let reviews = world.reviews(number).await;
    assert_eq!(verdict(&reviews, &moved), refused("ada"));
    assert_eq!(reviews[0].state, ReviewState::Dismissed);
    assert_ne!(reviews[1].id, first);
    world.says(number, "ada", "APPROVE");
    world.says(number, "bob", "COMMENT");
    let reviews = world.reviews(number).await;
    assert_eq!(verdict(&reviews, &moved), approved("ada"));
}

#[tokio::test]
async fn an_approval_counts_for_the_head_it_was_given_for_though_gitlab_keeps_it() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    world.says(number, "ada", "APPROVE");
    assert_eq!(verdict(&world.reviews(number).await, &sha), approved("ada"));
    let moved = world.push("work", &[("c.txt", Some("c\n"))]).await;
    let reviews = world.reviews(number).await;
    assert_eq!(reviews[0].state, ReviewState::Approved, "GitLab keeps it");
    assert_eq!(verdict(&reviews, &moved), ReviewVerdict::None);
    assert!(world.sim.unapprove(REPO, number.0, "ada"));
    let reviews = world.reviews(number).await;
    assert_eq!(verdict(&reviews, &sha), ReviewVerdict::None, "taken back");
}

#[tokio::test]
async fn our_own_review_is_a_real_one() {
    let world = world().await;
    let (number, sha) = world.open_as(ADAS, "work", &[("b.txt", Some("b\n"))]).await;
    let ours = NewReview {
        sha: sha.clone(),
        act: ReviewAct::Approve,
        body: "looks fine\n/merge".to_owned(),
        comments: vec![line("b.txt", 1, "hm"), line("b.txt", 0, "and all of it")],
    };
    let send = async |review: &NewReview| {
        let sent = world.gitlab.submit_review(&world.repo, number, review);
        sent.await
    };
    let url = send(&ours).await.unwrap();
    assert!(url.contains("/-/merge_requests/1#note_"), "{url}");
    let reviews = world.reviews(number).await;
    assert_eq!(reviews.len(), 1, "{reviews:?}");
    assert_eq!(reviews[0].author, "optio-bot");
    assert_eq!(reviews[0].sha, sha);
    assert_eq!(reviews[0].comments[0].body, "hm");
    // What has no place in the diff is said below it.
    let body = "looks fine\n\\/merge\n\n`b.txt:0`: and all of it";
    assert_eq!(reviews[0].body, body);
    assert_eq!(verdict(&reviews, &sha), approved("optio-bot"));
    // Once more is no mistake.
    send(&NewReview {
        comments: Vec::new(),
        ..ours.clone()
    })
    .await
    .unwrap();
    world.push("work", &[("c.txt", Some("c\n"))]).await;
    let stale = send(&ours).await.unwrap_err();
    assert!(stale.to_string().contains("has moved"), "{stale}");
}

#[tokio::test]
async fn changes_are_asked_for_where_we_are_a_reviewer_and_said_where_we_are_not() {
    let world = world().await;
    let (number, sha) = world.open_as(ADAS, "work", &[("b.txt", Some("b\n"))]).await;
    let ours = NewReview {
        sha: sha.clone(),
        act: ReviewAct::RequestChanges,
        body: "not yet".to_owned(),
        comments: Vec::new(),
    };
    let send = async || {
        let sent = world.gitlab.submit_review(&world.repo, number, &ours);
        sent.await.unwrap()
    };
    send().await;
    assert_eq!(
        verdict(&world.reviews(number).await, &sha),
        ReviewVerdict::None
    );
    let comments = world.gitlab.comments(&world.repo, number.into()).await;
    assert_eq!(comments.unwrap()[0].body, "not yet");
    let me = format!("{}/api/v4/user", world.sim.url());
    let me = world.http.get(me).header("private-token", super::TOKEN);
    let me: serde_json::Value = me.send().await.unwrap().json().await.unwrap();
    let reviewer = json!({ "reviewer_ids": [me["id"]] });
    world
        .call(ADAS, "PUT", "/merge_requests/1", &reviewer)
        .await;
    send().await;
    let reviews = world.reviews(number).await;
    assert_eq!(verdict(&reviews, &sha), refused("optio-bot"));
}

#[tokio::test]
async fn nobody_decides_about_his_own_merge_request_and_nothing_is_said_for_nothing() {
    let world = world().await;
    let (number, sha) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let mut ours = NewReview {
        sha,
        act: ReviewAct::Approve,
        body: "fine".to_owned(),
        comments: Vec::new(),
    };
    for act in [ReviewAct::Approve, ReviewAct::RequestChanges] {
        ours.act = act;
        let sent = world.gitlab.submit_review(&world.repo, number, &ours);
        let refused = sent.await.unwrap_err();
        assert!(refused.to_string().contains("his own"), "{refused}");
    }
    let comments = world.gitlab.comments(&world.repo, number.into()).await;
    assert!(comments.unwrap().is_empty());
    ours.act = ReviewAct::Comment;
    let sent = world.gitlab.submit_review(&world.repo, number, &ours);
    sent.await.unwrap();
    // Another account may.
    ours.act = ReviewAct::Approve;
    let ada = adapter(&world.sim, ADAS, &world.clock);
    ada.submit_review(&world.repo, number, &ours).await.unwrap();
    let reviews = world.reviews(number).await;
    assert_eq!(verdict(&reviews, &ours.sha), approved("ada"));
}
