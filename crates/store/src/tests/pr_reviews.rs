//! Reviews: one of each pull request, whoever begins it; drafts and wishes that overtake nobody.

use optio_domain::{
    git_host::{PullNumber, PullPhase, PullState},
    id::{PrReviewId, PullId, RepoId, RunId, SandboxId},
    pool::{Bounds, IDLE},
    pr_review::{
        Intent, Origin, PrReviewEvent, PrReviewState, RunKind,
        closing::{Closing, Past, closing},
    },
    repo::{ExternalReviewMode, RepoSpec, RepoUrl},
    run::Verdict,
};

use super::*;
use crate::{
    pr_reviews::{
        Begun, ClosedReviewRun, Edited, MovedReview, NewPrReview, PrReviewRow, PrReviewSight,
        RepoToLookAt, ReviewRunOpening,
    },
    tasks::OpenedRun,
};

const W: &str = "default";
const REPO: &str = "https://git.example/o/r";
const DRAFT: &str =
    r#"{"verdict":"comment","summary":"s","fileComments":[{"path":"a","body":"b"}]}"#;

fn pull(number: u64) -> PullState {
    PullState {
        number: PullNumber(number),
        url: format!("{REPO}/pull/{number}"),
        title: "a change\0".to_owned(),
        body: "why".to_owned(),
        author: "ada".to_owned(),
        labels: Vec::new(),
        reviewers_asked: Vec::new(),
        phase: PullPhase::Open,
        draft: false,
        head_sha: "aaa".to_owned(),
        head_branch: "feature".to_owned(),
        base_branch: "main".to_owned(),
        mergeable: None,
        merge_sha: None,
    }
}

impl World {
    async fn begun(&self, number: u64, origin: Origin) -> Begun {
        let pool = self.store.pool_of(W, REPO, fresh(), self.at).await.unwrap();
        let new = NewPrReview {
            id: PrReviewId(pool.beside(fresh())),
            fresh_pull: PullId(fresh()),
            workspace: W,
            repo_url: REPO,
            pull: &pull(number),
            origin,
            agent_type: "claude-code",
            model: None,
            pool,
            created_by: "ada",
            at: self.at,
        };
        self.store.begin_review(&new).await.unwrap()
    }

    async fn review(&self, number: u64) -> PrReviewId {
        match self.begun(number, Origin::Manual).await {
            Begun::New(row) => row.id,
            Begun::There(row) => panic!("it is there: {row:?}"),
        }
    }

    async fn review_row(&self, review: PrReviewId) -> PrReviewRow {
        self.store.pr_review(W, review).await.unwrap().unwrap()
    }

    async fn see_review(&self, review: PrReviewId) -> PrReviewSight {
        self.store.see_review(review).await.unwrap().unwrap()
    }

    async fn step_of(&self, sight: &PrReviewSight) -> Step {
        let wait = Wait::at_rest("x", "x");
        let decision = self.decision("test");
        let key = sight.review.id.into();
        let step = self.store.step(key, sight.version, &wait, &decision, true);
        step.await.unwrap()
    }

    /// Opens a run, where there is room for so many.
    async fn opened(&self, review: PrReviewId, all_max: i64) -> OpenedRun {
        let sight = self.see_review(review).await;
        let run = RunId(fresh());
        let mut step = self.step_of(&sight).await;
        let opening = ReviewRunOpening {
            review: &sight.review,
            run,
            new_sandbox: SandboxId(sight.review.pool.beside(fresh())),
            head: "aaa",
            prompt: "look",
            session: None,
            told_up_to: None,
            provision_ms: 1_000,
            duration_ms: 1_000,
            all_max,
            pool: Bounds::default(),
        };
        let opened = step.open_review_run(&opening).await.unwrap();
        if opened != OpenedRun::NoRoom {
            let event = PrReviewEvent::RunOpened { run };
            self.move_on(&mut step, sight.review.state, event).await;
            step.commit().await.unwrap();
        }
        opened
    }

    async fn move_on(&self, step: &mut Step, from: PrReviewState, event: PrReviewEvent) {
        let moved = MovedReview {
            from,
            to: from.on(event).unwrap(),
            event,
            reason: "a test",
            by: None,
        };
        step.review_state(&moved).await.unwrap();
    }

    async fn closed(&self, review: PrReviewId, closing: &Closing) {
        let sight = self.see_review(review).await;
        let run = sight.run.clone().unwrap();
        let mut step = self.step_of(&sight).await;
        step.close_review_run(&ClosedReviewRun {
            run: run.run,
            head: &run.head,
            closing,
            facts: &Facts::default(),
            keep_until: self.at + IDLE,
        })
        .await
        .unwrap();
        let from = sight.review.state;
        self.move_on(&mut step, from, closing.event).await;
        step.commit().await.unwrap();
    }

    async fn with_draft(&self) -> PrReviewId {
        let review = self.review(7).await;
        self.opened(review, 9).await;
        let past = Past {
            kind: RunKind::Initial,
            answer: DRAFT,
            retries: 0,
            rate_limits: 0,
        };
        self.closed(review, &closing(&Verdict::Done, past, self.at))
            .await;
        review
    }

    async fn watched(&self, mode: ExternalReviewMode) -> RepoId {
        let mut spec = RepoSpec::new(RepoUrl::parse(REPO).unwrap());
        spec.external_reviews.mode = mode;
        let id = RepoId(fresh());
        let added = self.store.add_repo(id, W, &spec, "ada", self.at);
        added.await.unwrap();
        id
    }

    async fn due(&self, at: DateTime<Utc>) -> Vec<RepoToLookAt> {
        let every = TimeDelta::minutes(2);
        let due = self.store.take_repos_to_look_at(at, every, 9);
        due.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_begin_at_once_one_does_and_each_pull_request_has_one() {
    let world = World::new().await;
    let tries = (0..8).map(|n| {
        let world = world.clone();
        let origin = if n % 2 == 0 {
            Origin::Auto
        } else {
            Origin::Manual
        };
        tokio::spawn(async move { world.begun(7, origin).await })
    });
    let mut new = 0;
    for begun in tries.collect::<Vec<_>>() {
        new += u32::from(matches!(begun.await.unwrap(), Begun::New(_)));
    }
    assert_eq!(new, 1);
    assert!(matches!(world.begun(8, Origin::Auto).await, Begun::New(_)));
}

#[tokio::test]
async fn a_cancelled_review_is_begun_again_by_a_person_alone() {
    let world = World::new().await;
    let review = world.review(7).await;
    let sight = world.see_review(review).await;
    let mut step = world.step_of(&sight).await;
    let from = sight.review.state;
    world
        .move_on(&mut step, from, PrReviewEvent::Cancelled)
        .await;
    step.commit().await.unwrap();
    assert!(matches!(
        world.begun(7, Origin::Auto).await,
        Begun::There(_)
    ));
    assert!(matches!(
        world.begun(7, Origin::Manual).await,
        Begun::New(_)
    ));
}

#[tokio::test]
async fn a_review_is_of_one_workspace_and_comes_back_as_it_was_written() {
    let world = World::new().await;
    let review = world.with_draft().await;
    assert_eq!(world.store.pr_review("other", review).await.unwrap(), None);
    let row = world.review_row(review).await;
    assert_eq!(row.state, PrReviewState::Ready);
    assert_eq!((row.title.as_str(), row.number), ("a change\u{fffd}", 7));
    let (draft, head) = row.draft.unwrap();
    assert_eq!((draft.file_comments.len(), head.as_str()), (1, "aaa"));
    let runs = world.store.review_runs(review, 9).await.unwrap();
    assert_eq!((runs.len(), runs[0].state.as_str()), (1, "completed"));
    let found = world
        .store
        .reviews_of_pulls(W, REPO, &[7, 8])
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn room_is_taken_once_and_the_sandbox_is_that_of_the_pool() {
    let world = World::new().await;
    let (one, two) = (world.review(7).await, world.review(8).await);
    let OpenedRun::At(first) = world.opened(one, 1).await else {
        panic!("there is room");
    };
    assert_eq!(world.opened(two, 1).await, OpenedRun::NoRoom);
    assert_eq!(world.opened(two, 2).await, OpenedRun::At(first));
    let three = world.review(9).await;
    assert_eq!(
        world.opened(three, 9).await,
        OpenedRun::NoRoom,
        "two runs in one sandbox is what a pool holds"
    );
}

#[tokio::test]
async fn a_wish_and_an_edit_make_a_step_that_has_not_seen_them_write_nothing() {
    let world = World::new().await;
    let review = world.with_draft().await;
    let before = world.see_review(review).await;
    let edited = world.store.edit_review(review, world.at, |mut draft| {
        "other".clone_into(&mut draft.summary);
        Ok::<_, ()>(draft)
    });
    let Some(Edited::Yes(row)) = edited.await.unwrap() else {
        panic!("it has a draft");
    };
    assert_eq!((row.revision, row.engaged), (2, true));
    let (wait, decision) = (Wait::at_rest("x", "x"), world.decision("test"));
    let late = world
        .store
        .step(review.into(), before.version, &wait, &decision, false);
    assert!(matches!(late.await, Err(StoreError::Moved)));
    world
        .store
        .want_review(review, Intent::Submit, world.at)
        .await
        .unwrap();
    let refused = world.store.edit_review(review, world.at, Ok::<_, ()>);
    let refused = refused.await.unwrap();
    assert!(
        matches!(refused, Some(Edited::NoDraft(_))),
        "it is being handed in"
    );
}

#[tokio::test]
async fn an_edit_that_is_refused_changes_nothing() {
    let world = World::new().await;
    let review = world.with_draft().await;
    let edited = world.store.edit_review(review, world.at, |_| Err("no"));
    assert_eq!(edited.await.unwrap(), Some(Edited::Refused("no")));
    let row = world.review_row(review).await;
    assert_eq!((row.revision, row.engaged), (1, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_look_one_takes_a_repository_and_it_is_due_again_later() {
    let world = World::new().await;
    world.watched(ExternalReviewMode::OnPullHold).await;
    let takers = (0..8).map(|_| {
        let world = world.clone();
        tokio::spawn(async move { world.due(world.at).await.len() })
    });
    let mut taken = 0;
    for taker in takers.collect::<Vec<_>>() {
        taken += taker.await.unwrap();
    }
    assert_eq!(taken, 1);
    assert!(world.due(world.later(119)).await.is_empty());
    let urls = [REPO.to_owned()];
    let now = world.later(60);
    world.store.look_at_repos_now(&urls, now).await.unwrap();
    assert_eq!(world.due(now).await.len(), 1, "a webhook came");
    assert_eq!(world.due(world.later(181)).await.len(), 1);
}

#[tokio::test]
async fn a_repository_that_wants_nothing_reviewed_is_never_due() {
    let world = World::new().await;
    let repo = world.watched(ExternalReviewMode::Off).await;
    assert!(world.due(world.later(9_999)).await.is_empty());
    let turned = async |mode| {
        let changed = world.store.change_repo(W, repo, world.at, |mut spec| {
            spec.external_reviews.mode = mode;
            Ok::<_, ()>(spec)
        });
        changed.await.unwrap().unwrap().unwrap();
    };
    turned(ExternalReviewMode::OnRequest).await;
    assert_eq!(world.due(world.at).await.len(), 1);
    turned(ExternalReviewMode::Off).await;
    assert!(world.due(world.later(9_999)).await.is_empty());
}

#[tokio::test]
async fn a_run_token_opens_its_repository_while_its_run_is_open_and_no_longer() {
    let world = World::new().await;
    let review = world.review(7).await;
    world.opened(review, 9).await;
    let sight = world.see_review(review).await;
    let run = sight.run.unwrap().run;
    let repo = async |owner, epoch| {
        let repo = world.store.repo_of_run(owner, run, epoch).await.unwrap();
        repo.map(|repo| repo.repo_url)
    };
    assert_eq!(repo(review.0, sight.epoch).await.as_deref(), Some(REPO));
    assert_eq!(repo(review.0, sight.epoch + 1).await, None);
    assert_eq!(repo(fresh(), sight.epoch).await, None);
    let over = optio_domain::pr_review::closing::dropped(PrReviewEvent::Cancelled, "over");
    world.closed(review, &over).await;
    assert_eq!(repo(review.0, sight.epoch).await, None);
}
