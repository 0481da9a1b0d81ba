//! Reviews from the address of a pull request to what stands on it, with a git host and runners that are
//! played by hand.

use chrono::TimeDelta;
use optio_domain::{
    actor::ActorKey,
    git_host::{
        CheckState, GitHost as _, GitHostError, PullNumber, PullPhase, PullState, ReviewAct, Seen,
    },
    id::{PrReviewId, RepoId, RunId, SandboxId},
    pr_review::{Intent, Origin, PrReviewState},
    repo::{ExternalReviewMode, RepoSpec, RepoUrl},
    wire::{checkout::CheckoutStart, runner::RunSpec},
};
use optio_store::pr_reviews::{Begun, Edited, PrReviewRow, WantedReviews};

use super::{host::HOST, runners::Play, world::World};
use crate::{
    pr_review::{Beginning, begin},
    review_rounds::ReviewRounds,
};

const WORKSPACE: &str = "default";
const DRAFT: &str = r#"done 0.5 10 20 {"verdict":"request_changes","summary":"Not yet.","fileComments":[{"path":"a.rs","line":3,"body":"why?"}]}"#;
const APPROVAL: &str = r#"done 0.5 10 20 {"verdict":"approve","summary":"Fine."}"#;

fn url() -> RepoUrl {
    RepoUrl::parse(&format!("https://{HOST}/o/r")).unwrap()
}

impl World {
    async fn pull_state(&self, number: u64) -> PullState {
        let repo = "o/r".parse().unwrap();
        let pull = self.host.pull(&repo, PullNumber(number), None);
        match pull.await.unwrap() {
            Seen::Changed { value, .. } => value,
            Seen::Unchanged => panic!("it is always told anew"),
        }
    }

    /// A person asks for a review of a pull request.
    async fn asked_to_review(&self, number: u64) -> Begun {
        let pull = self.pull_state(number).await;
        let beginning = Beginning {
            workspace: WORKSPACE,
            repo_url: &url(),
            pull: &pull,
            origin: Origin::Manual,
            by: "local",
        };
        let begun = begin(&self.given, &beginning).await.unwrap();
        if let Begun::New(row) = &begun {
            self.hints().look(row.id.into());
            self.hints().look(row.pull.into());
        }
        begun
    }

    /// A review of the pull request of a human.
    pub(super) async fn review(&self) -> PrReviewId {
        self.host.opened_by("ada", "feature", "aaa");
        match self.asked_to_review(1).await {
            Begun::New(row) => row.id,
            Begun::There(row) => panic!("it is there already: {row:?}"),
        }
    }

    async fn review_row(&self, review: PrReviewId) -> PrReviewRow {
        let row = self.store.pr_review(WORKSPACE, review).await.unwrap();
        row.unwrap()
    }

    pub(super) async fn review_is(&self, review: PrReviewId, state: &str) -> PrReviewRow {
        self.until(format!("the review is {state}"), async || {
            let row = self.review_row(review).await;
            (row.state.name() == state).then_some(row)
        })
        .await
    }

    /// Waits until a run of a review is alive, and returns it.
    pub(super) async fn reviews(&self, review: PrReviewId) -> (SandboxId, RunId) {
        self.until("a run is alive", async || {
            let row = self.review_row(review).await;
            let PrReviewState::Reviewing { run: Some(run) } = row.state else {
                return None;
            };
            let sandbox = row.sandbox?;
            let alive = self.fleet.runs().contains(&(sandbox, run));
            alive.then_some((sandbox, run))
        })
        .await
    }

    /// The agent of a review ends its run with this answer.
    pub(super) async fn answers(&self, review: PrReviewId, answer: &'static str) {
        let (sandbox, run) = self.reviews(review).await;
        self.fleet
            .finishes(sandbox, run, &["session s-1", answer])
            .await;
    }

    async fn review_with_draft(&self) -> PrReviewId {
        let review = self.review().await;
        self.answers(review, DRAFT).await;
        self.review_is(review, "ready").await;
        review
    }

    pub(super) async fn want_of_review(&self, review: PrReviewId, intent: Intent) {
        let wanted = self.store.want_review(review, intent, self.now());
        assert!(wanted.await.unwrap());
        self.hints().look(review.into());
    }

    async fn write_to(&self, review: PrReviewId, words: &str) {
        let fresh = self.given.ids.fresh();
        let message = self
            .store
            .write_to_review(review, fresh, words, "local", self.now());
        message.await.unwrap();
        self.hints().look(review.into());
    }

    async fn review_waits(&self, review: PrReviewId, reason: &str) {
        self.until(format!("the review waits for {reason}"), async || {
            let actor = self.store.actor(ActorKey::from(review)).await.unwrap();
            let wait = actor.unwrap().wait;
            wait.reason.contains(reason).then_some(())
        })
        .await;
    }

    /// The watcher of the pull request looks.
    async fn pull_is_looked_at(&self, review: PrReviewId) {
        self.pass(TimeDelta::minutes(2)).await;
        let pull = self.review_row(review).await.pull;
        self.hints().look(pull.into());
    }

    async fn head_moves(&self, review: PrReviewId, head: &str) {
        self.host
            .changes(|pull| head.clone_into(&mut pull.head_sha));
        self.pull_is_looked_at(review).await;
    }

    fn given_to(&self, sandbox: SandboxId, run: RunId) -> RunSpec {
        let specs = self.fleet.specs(sandbox);
        specs.into_iter().find(|spec| spec.run == run).unwrap()
    }

    async fn watched_repo(&self, change: impl FnOnce(&mut RepoSpec)) {
        let mut repo = RepoSpec::new(url());
        repo.external_reviews.mode = ExternalReviewMode::OnPullPost;
        change(&mut repo);
        let id = RepoId(self.given.ids.fresh());
        let added = self
            .store
            .add_repo(id, WORKSPACE, &repo, "local", self.now());
        added.await.unwrap();
    }

    /// Somebody looks at the open pull requests of what is due.
    async fn round(&self) {
        let rounds = ReviewRounds::new(self.given.clone(), self.hints());
        rounds.look_due().await.unwrap();
    }

    async fn all_reviews(&self) -> Vec<PrReviewRow> {
        let wanted = WantedReviews::default();
        let mut all = self.store.pr_reviews(WORKSPACE, &wanted, 99).await.unwrap();
        all.reverse();
        all
    }

    async fn histories(&self, review: PrReviewId) -> Vec<String> {
        let events = self.store.review_events(review).await.unwrap();
        events.into_iter().map(|event| event.to_state).collect()
    }
}

/// Every run of these worlds waits for the test.
async fn patient() -> World {
    let world = World::new().await;
    world.fleet.by_default(Play::Holds(vec!["session s-1"]));
    world
}

#[tokio::test]
async fn a_pull_request_is_reviewed_at_its_head_and_the_draft_waits_for_a_person() {
    let world = patient().await;
    let review = world.review().await;
    let (sandbox, run) = world.reviews(review).await;
    let spec = world.given_to(sandbox, run);
    let checkout = spec.checkout.unwrap();
    let sha = "aaa".to_owned();
    assert_eq!(checkout.start, CheckoutStart::Detached { sha });
    assert!(spec.secrets.contains_key("OPTIO_RUN_TOKEN"));
    assert!(spec.stdin.contains("/o/r/pull/1"), "{}", spec.stdin);
    world.answers(review, DRAFT).await;
    let row = world.review_is(review, "ready").await;
    let (draft, head) = row.draft.unwrap();
    assert_eq!((draft.summary.as_str(), head.as_str()), ("Not yet.", "aaa"));
    assert_eq!(draft.file_comments.len(), 1);
    assert_eq!(row.cost_usd.to_string(), "0.5");
    world.pass(TimeDelta::hours(1)).await;
    assert!(world.host.handed_in().is_empty(), "nobody said so");
    assert_eq!(
        world.histories(review).await,
        ["queued", "reviewing", "ready"]
    );
}

#[tokio::test]
async fn an_answer_without_a_draft_fails_in_clear_words_and_a_person_may_try_again() {
    let world = patient().await;
    let review = world.review().await;
    world.answers(review, "done 0 0 0 Looks good to me!").await;
    let row = world.review_is(review, "failed").await;
    let (words, class) = row.error.unwrap();
    assert!(words.contains("handed in no draft"), "{words}");
    assert_eq!(class, "protocol");
    world.want_of_review(review, Intent::Rereview).await;
    world.answers(review, APPROVAL).await;
    let row = world.review_is(review, "ready").await;
    assert_eq!((row.error, row.engaged), (None, true));
}

#[tokio::test]
async fn an_edited_draft_is_handed_in_once_at_the_head_that_was_reviewed() {
    let world = patient().await;
    let review = world.review_with_draft().await;
    let edited = world.store.edit_review(review, world.now(), |mut draft| {
        "Not yet, sorry.".clone_into(&mut draft.summary);
        Ok::<_, ()>(draft)
    });
    assert!(matches!(edited.await.unwrap(), Some(Edited::Yes(_))));
    world.head_moves(review, "bbb").await;
    world.review_is(review, "stale").await;
    world.want_of_review(review, Intent::Submit).await;
    let row = world.review_is(review, "stale").await;
    assert_eq!(row.revision, 2);
    let row = world.until("it is handed in", async || {
        let row = world.review_row(review).await;
        row.submitted_at.is_some().then_some(row)
    });
    let row = row.await;
    assert_eq!((row.intent, row.auto_submitted), (None, false));
    let handed_in = world.host.handed_in();
    assert_eq!(handed_in.len(), 1);
    let new = &handed_in[0];
    assert_eq!(
        (new.act, new.sha.as_str(), new.comments.len()),
        (ReviewAct::RequestChanges, "aaa", 1)
    );
    assert!(new.body.starts_with("Not yet, sorry."));
    // What was reviewed is not the head: that is said as soon as it is handed in.
    world.review_is(review, "stale").await;
}

#[tokio::test]
async fn a_lost_answer_of_the_host_hands_nothing_in_twice() {
    let mut world = patient().await;
    let review = world.review_with_draft().await;
    world.host.answers_reviews([None]);
    world.want_of_review(review, Intent::Submit).await;
    world.review_waits(review, "the answer was lost").await;
    world.stop().await;
    world.start_again().await;
    world.pass(TimeDelta::seconds(16)).await;
    let row = world.review_is(review, "submitted").await;
    assert_eq!(world.host.handed_in().len(), 1);
    assert_eq!(row.submitted_url, None, "its mark was found");
}

#[tokio::test]
async fn what_a_host_refuses_is_said_in_another_way_and_then_told_to_the_person() {
    let world = patient().await;
    let review = world.review_with_draft().await;
    let no = || Some(GitHostError::Refused("not so".to_owned()));
    world.host.answers_reviews([no(), no(), no(), no()]);
    world.want_of_review(review, Intent::Submit).await;
    let row = world.until("it is refused", async || {
        let row = world.review_row(review).await;
        row.submit_error.is_some().then_some(row)
    });
    let row = row.await;
    assert_eq!((row.state.name(), row.intent), ("ready", None));
    assert!(row.submit_error.unwrap().contains("not so"));
    world.host.answers_reviews([no(), no(), no()]);
    world.want_of_review(review, Intent::Submit).await;
    world.review_is(review, "submitted").await;
    let handed_in = world.host.handed_in();
    assert_eq!(handed_in.len(), 1);
    assert_eq!(handed_in[0].act, ReviewAct::Comment);
    assert!(handed_in[0].body.starts_with("**request_changes**"));
    assert!(handed_in[0].body.contains("**a.rs:3**: why?"));
}

#[tokio::test]
async fn a_new_head_makes_a_persons_review_stale_until_it_is_reviewed_again() {
    let world = patient().await;
    let review = world.review_with_draft().await;
    world.head_moves(review, "bbb").await;
    world.review_is(review, "stale").await;
    world.want_of_review(review, Intent::Rereview).await;
    let (sandbox, run) = world.reviews(review).await;
    let spec = world.given_to(sandbox, run);
    let sha = "bbb".to_owned();
    assert_eq!(
        spec.checkout.unwrap().start,
        CheckoutStart::Detached { sha }
    );
    assert!(spec.stdin.contains("Not yet."), "it knows the old draft");
    world.answers(review, APPROVAL).await;
    let row = world.review_is(review, "ready").await;
    assert_eq!(row.draft.unwrap().1, "bbb");
    assert_eq!(row.auto_reviews, 0);
}

#[tokio::test]
async fn a_cancelled_review_ends_its_process_and_may_be_begun_again_by_a_person() {
    let world = patient().await;
    let review = world.review().await;
    let (sandbox, run) = world.reviews(review).await;
    world.want_of_review(review, Intent::Cancel).await;
    world.review_is(review, "cancelled").await;
    world
        .until("the process is gone", async || {
            world.fleet.run(sandbox).is_none().then_some(())
        })
        .await;
    let runs = world.store.review_runs(review, 9).await.unwrap();
    assert_eq!((runs[0].id, runs[0].state.as_str()), (run.0, "cancelled"));
    let Begun::New(again) = world.asked_to_review(1).await else {
        panic!("a cancelled one is over");
    };
    assert_ne!(again.id, review);
    let Begun::There(there) = world.asked_to_review(1).await else {
        panic!("one at a time");
    };
    assert_eq!((there.id, there.engaged), (again.id, true));
}

#[tokio::test]
async fn a_merge_ends_a_review_and_its_run() {
    let world = patient().await;
    let review = world.review().await;
    let (sandbox, _run) = world.reviews(review).await;
    world.host.changes(|pull| pull.phase = PullPhase::Merged);
    world.pull_is_looked_at(review).await;
    let row = world.review_is(review, "cancelled").await;
    assert!(row.state_reason.unwrap().contains("merged"));
    world
        .until("the process is gone", async || {
            world.fleet.run(sandbox).is_none().then_some(())
        })
        .await;
}

#[tokio::test]
async fn people_talk_to_the_agent_in_its_session_and_it_may_change_the_draft() {
    let world = patient().await;
    let review = world.review_with_draft().await;
    world.write_to(review, "Is line 3 really wrong?").await;
    let (sandbox, run) = world.reviews(review).await;
    let spec = world.given_to(sandbox, run);
    assert_eq!(spec.args, ["--resume", "s-1"], "the same session");
    assert!(spec.stdin.contains("Is line 3 really wrong?"));
    world.answers(review, "done 0 0 0 Yes, it is.").await;
    let row = world.review_is(review, "ready").await;
    assert_eq!((row.revision, row.engaged), (1, true));
    world.write_to(review, "It is not. Approve.").await;
    world.answers(review, APPROVAL).await;
    let row = world.until("the draft is another one", async || {
        let row = world.review_row(review).await;
        (row.revision == 2).then_some(row)
    });
    assert_eq!(row.await.draft.unwrap().0.summary, "Fine.");
    let said: Vec<(String, String)> = world
        .store
        .review_chat(review)
        .await
        .unwrap()
        .into_iter()
        .map(|it| (it.role, it.content))
        .collect();
    let expected = [
        ("user", "Is line 3 really wrong?"),
        ("assistant", "Yes, it is."),
        ("user", "It is not. Approve."),
        ("assistant", "I have changed the draft."),
    ];
    assert_eq!(
        said,
        expected.map(|(who, what)| (who.to_owned(), what.to_owned()))
    );
}

#[tokio::test]
async fn a_conversation_that_breaks_off_loses_neither_draft_nor_words() {
    let world = patient().await;
    let review = world.review_with_draft().await;
    world.write_to(review, "Why?").await;
    world.answers(review, "unknown-session").await;
    let (sandbox, run) = world.reviews(review).await;
    let spec = world.given_to(sandbox, run);
    assert!(spec.args.is_empty(), "a fresh session");
    assert!(spec.stdin.contains("Why?") && spec.stdin.contains("Not yet."));
    world.answers(review, "done 0 0 0 Because.").await;
    let row = world.review_is(review, "ready").await;
    assert_eq!(row.draft.unwrap().0.summary, "Not yet.");
    assert_eq!(world.store.review_chat(review).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_control_plane_that_comes_back_finds_the_run_where_it_is() {
    let mut world = patient().await;
    let review = world.review().await;
    let (sandbox, run) = world.reviews(review).await;
    world.stop().await;
    world.start_again().await;
    assert_eq!(world.fleet.run(sandbox), Some(run), "the agent went on");
    world.fleet.finishes(sandbox, run, &[DRAFT]).await;
    world.review_is(review, "ready").await;
    assert_eq!(world.store.review_runs(review, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn failed_runs_are_tried_again_and_then_given_up() {
    let world = patient().await;
    let review = world.review().await;
    for pause in [5, 10, 20] {
        world.answers(review, "failed no idea").await;
        world.review_waits(review, "a pause before retry").await;
        world.pass(TimeDelta::seconds(pause)).await;
    }
    world.answers(review, "failed still no idea").await;
    let row = world.review_is(review, "failed").await;
    assert!(row.error.unwrap().0.contains("still no idea"));
}

#[tokio::test]
async fn a_repository_that_posts_has_each_pull_request_reviewed_once_after_its_checks() {
    let world = patient().await;
    world.watched_repo(|_| {}).await;
    world.host.opened_by("ada", "feature", "aaa");
    world.host.opened_by("optio", "optio/task-1", "ccc");
    world.host.checks("aaa", CheckState::Pending);
    world.round().await;
    let all = world.all_reviews().await;
    assert_eq!(all.len(), 1, "its own are left out: {all:?}");
    let review = all[0].id;
    assert_eq!(all[0].origin, Origin::Auto);
    world.review_is(review, "waiting_ci").await;
    world.host.checks("aaa", CheckState::Passed);
    world.pull_is_looked_at(review).await;
    world.answers(review, APPROVAL).await;
    let row = world.review_is(review, "submitted").await;
    assert!(row.auto_submitted && !row.engaged);
    world.pass(TimeDelta::minutes(2)).await;
    world.round().await;
    assert_eq!(world.all_reviews().await.len(), 1);
    assert_eq!(world.host.handed_in().len(), 1);
}

#[tokio::test]
async fn two_who_look_at_one_moment_begin_one_review() {
    let world = patient().await;
    world.watched_repo(|_| {}).await;
    world.host.opened_by("ada", "feature", "aaa");
    tokio::join!(world.round(), world.round());
    let pull = world.pull_state(1).await;
    let repo_url = url();
    let beginning = Beginning {
        workspace: WORKSPACE,
        repo_url: &repo_url,
        pull: &pull,
        origin: Origin::Auto,
        by: "optio",
    };
    let again = || begin(&world.given, &beginning);
    let (one, two) = tokio::join!(again(), again());
    assert!(matches!(one.unwrap(), Begun::There(_)));
    assert!(matches!(two.unwrap(), Begun::There(_)));
    assert_eq!(world.all_reviews().await.len(), 1);
}

#[tokio::test]
async fn a_new_head_is_reviewed_again_by_itself_up_to_the_cap() {
    let world = patient().await;
    world
        .watched_repo(|repo| {
            repo.external_reviews.wait_for_ci = false;
            repo.max_auto_resumes = Some(1);
        })
        .await;
    world.host.opened_by("ada", "feature", "aaa");
    world.round().await;
    let review = world.all_reviews().await[0].id;
    world.answers(review, APPROVAL).await;
    world.review_is(review, "submitted").await;
    world.head_moves(review, "bbb").await;
    world.answers(review, DRAFT).await;
    let row = world.until("the second is handed in", async || {
        let row = world.review_row(review).await;
        (row.submitted_revision == Some(2)).then_some(row)
    });
    assert_eq!(row.await.auto_reviews, 1);
    world.head_moves(review, "ccc").await;
    world.review_is(review, "stale").await;
    assert_eq!(world.host.handed_in().len(), 2);
}

#[tokio::test]
async fn a_person_who_acts_stops_what_happens_by_itself() {
    let world = patient().await;
    world
        .watched_repo(|repo| repo.external_reviews.wait_for_ci = false)
        .await;
    world.host.opened_by("ada", "feature", "aaa");
    world.round().await;
    let review = world.all_reviews().await[0].id;
    world.reviews(review).await;
    world.write_to(review, "Mind the locks.").await;
    world.answers(review, DRAFT).await;
    world.answers(review, "done 0 0 0 I do.").await;
    world.review_is(review, "ready").await;
    world.head_moves(review, "bbb").await;
    world.review_is(review, "stale").await;
    assert!(world.host.handed_in().is_empty());
}

#[tokio::test]
async fn on_request_only_those_are_reviewed_in_which_we_are_asked() {
    let world = patient().await;
    world
        .watched_repo(|repo| repo.external_reviews.mode = ExternalReviewMode::OnRequest)
        .await;
    world.host.opened_by("ada", "feature", "aaa");
    world.round().await;
    assert!(world.all_reviews().await.is_empty());
    world
        .host
        .changes(|pull| pull.reviewers_asked = vec!["optio".to_owned()]);
    world.pass(TimeDelta::minutes(2)).await;
    world.round().await;
    let all = world.all_reviews().await;
    assert_eq!(all.len(), 1);
    world.pull_is_looked_at(all[0].id).await;
    world.answers(all[0].id, APPROVAL).await;
    world.review_is(all[0].id, "ready").await;
    world.pass(TimeDelta::minutes(1)).await;
    assert!(world.host.handed_in().is_empty(), "a person decides");
}

#[tokio::test]
async fn a_host_that_is_limited_is_looked_at_when_the_limit_ends() {
    let world = patient().await;
    world.watched_repo(|_| {}).await;
    world.host.opened_by("ada", "feature", "aaa");
    let until = world.now() + TimeDelta::minutes(30);
    world.host.refuses([GitHostError::RateLimited { until }]);
    world.round().await;
    world.pass(TimeDelta::minutes(29)).await;
    world.round().await;
    assert!(world.all_reviews().await.is_empty());
    world.pass(TimeDelta::minutes(1)).await;
    world.round().await;
    assert_eq!(world.all_reviews().await.len(), 1);
}

#[tokio::test]
async fn there_are_never_more_runs_of_reviews_than_there_may_be() {
    let world = World::with(optio_domain::limits::Limits {
        reviews_running_max: 1,
        ..optio_domain::limits::Limits::default()
    })
    .await;
    world.fleet.by_default(Play::Holds(vec![]));
    let mut reviews = Vec::new();
    for number in 1..=2 {
        world.host.opened_by("ada", "feature", "aaa");
        let Begun::New(row) = world.asked_to_review(number).await else {
            panic!("it is a new one");
        };
        reviews.push(row.id);
        // Who is asked first need not come first: the second waits until the first has the room.
        world.reviews(reviews[0]).await;
    }
    world.review_waits(reviews[1], "1 of 1 reviews").await;
    world.answers(reviews[0], APPROVAL).await;
    world.reviews(reviews[1]).await;
}
