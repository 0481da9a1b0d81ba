//! From a ticket to a task, and back to the ticket: once, whatever fails in between.

use chrono::TimeDelta;
use optio_domain::{
    actor::ActorKey,
    git_host::PullPhase,
    id::{SecretId, TaskId, TrackerId},
    secret::SecretText,
    task::Intent,
    tracker::{Source, TrackerError, TrackerSpec},
};
use optio_store::{
    tasks::{TaskPage, TaskRow, WantedTasks},
    tickets::{AddedTracker, NewTracker, TicketRow, Todo, TrackerRow, WantedTickets},
};
use serde_json::{Value, json};

use super::{host::HOST, tasks::patient, world::World};

const W: &str = "default";
const EVERY: TimeDelta = TimeDelta::seconds(60);

fn busy() -> TrackerError {
    TrackerError::Busy("502".to_owned())
}

fn refused() -> TrackerError {
    TrackerError::Unauthorized {
        words: "no longer good".to_owned(),
        remedy: "give another token".to_owned(),
    }
}

impl World {
    async fn tracker(&self, source: Source, config: Value) -> TrackerId {
        let (spec, _) = TrackerSpec::read(source, config.as_object().unwrap()).unwrap();
        let token = SecretText::new("hunter2");
        let new = NewTracker {
            id: TrackerId(self.given.ids.fresh()),
            workspace: W,
            spec: &spec,
            token: Some((SecretId(self.given.ids.fresh()), &token)),
            enabled: true,
            by: "local",
            at: self.now(),
        };
        let added = self.store.add_tracker(&new).await.unwrap();
        assert!(matches!(added, AddedTracker::Yes(_)), "{added:?}");
        self.hints().look(new.id.into());
        new.id
    }

    /// A tracker of Linear whose tickets are about a repository.
    async fn linear(&self) -> TrackerId {
        let repo = format!("https://{HOST}/o/r");
        self.tracker(Source::Linear, json!({ "repoUrl": repo }))
            .await
    }

    async fn tracker_row(&self, tracker: TrackerId) -> TrackerRow {
        self.store.tracker(W, tracker).await.unwrap().unwrap()
    }

    async fn tickets(&self) -> Vec<TicketRow> {
        let wanted = WantedTickets {
            limit: 100,
            ..WantedTickets::default()
        };
        self.store.tickets(W, wanted).await.unwrap()
    }

    /// Waits until the only ticket stands so.
    async fn ticket_is<T>(&self, what: &str, look: impl Fn(&TicketRow) -> Option<T>) -> T {
        self.until(what, async || self.tickets().await.first().and_then(&look))
            .await
    }

    async fn all_tasks(&self) -> Vec<TaskRow> {
        let page = TaskPage {
            after: None,
            offset: 0,
            limit: 100,
        };
        self.store
            .tasks(W, &WantedTasks::default(), page)
            .await
            .unwrap()
    }

    /// Waits until the only ticket is a task.
    async fn started(&self) -> TaskId {
        self.ticket_is("the ticket is a task", |ticket| {
            Some(ticket.task.as_ref()?.0)
        })
        .await
    }

    async fn tracker_rests(&self, tracker: TrackerId) {
        self.until("the tracker rests", async || {
            let actor = self.store.actor(ActorKey::from(tracker)).await.unwrap()?;
            let later = actor.wait.until.is_none_or(|until| self.now() < until);
            later.then_some(())
        })
        .await;
    }

    async fn ticket_told(&self, news: &str) {
        self.ticket_is("the ticket is told", |ticket| {
            ticket
                .told
                .as_ref()
                .filter(|(told, _)| told == news)
                .map(drop)
        })
        .await;
    }

    /// The agent works, its pull request is merged, the task is done.
    async fn gets_done(&self, task: TaskId) {
        self.works(task, "aaa").await;
        self.task_is(task, "pr_opened").await;
        self.host.changes(|pull| pull.phase = PullPhase::Merged);
        self.watcher_looks(task).await;
        self.task_is(task, "completed").await;
    }
}

#[tokio::test]
async fn a_ticket_with_the_label_becomes_a_task_and_is_told_what_came_of_it() {
    let world = patient().await;
    world.trackers.has("ENG-1", world.now(), |_| {});
    world.trackers.hears("ENG-1", world.now(), "Only for GET.");
    world
        .trackers
        .has("ENG-2", world.now(), |ticket| ticket.labels.clear());
    let tracker = world.linear().await;
    let task = world.started().await;
    let row = world.task_row(task).await;
    let spec = row.spec;
    assert_eq!(
        (spec.title.as_str(), spec.ticket_id.as_deref()),
        ("ticket ENG-1", Some("ENG-1"))
    );
    assert_eq!(spec.ticket_source.as_deref(), Some("linear"));
    for words in ["Do it well.", "grace", "Only for GET."] {
        assert!(spec.prompt.contains(words), "{}", spec.prompt);
    }
    assert_eq!(row.created_by, "tracker:linear");
    world.ticket_told("started").await;
    world.gets_done(task).await;
    world.ticket_told("done").await;
    let comments = world.trackers.comments();
    let said: Vec<&str> = comments.iter().map(|(_, words)| words.as_str()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("Optio has started to work on this"),
        "{said:?}"
    );
    assert_eq!(
        said[1],
        format!("Done by https://{HOST}/o/r/pull/1. [done:{task}]")
    );
    assert!(!world.trackers.is_open("ENG-1"));
    assert_eq!(world.tickets().await.len(), 1);
    world.tracker_rests(tracker).await;
    let tokens = world.trackers.tokens();
    assert!(
        tokens
            .iter()
            .all(|token| token.as_deref() == Some("hunter2"))
    );
}

#[tokio::test]
async fn a_ticket_is_one_task_however_often_it_is_seen_and_changed() {
    let world = patient().await;
    world.trackers.has("ENG-1", world.now(), |_| {});
    let tracker = world.linear().await;
    let task = world.started().await;
    world.ticket_told("started").await;
    world.want_of_task(task, Intent::Cancel, None).await;
    world.task_is(task, "cancelled").await;
    for round in 0..3 {
        world.trackers.has("ENG-1", world.now(), |ticket| {
            ticket.title = format!("round {round}");
        });
        world.pass(EVERY).await;
        world
            .ticket_is("it is seen again", |ticket| {
                (ticket.title == format!("round {round}")).then_some(())
            })
            .await;
        world.tracker_rests(tracker).await;
    }
    assert_eq!(world.all_tasks().await.len(), 1);
}

#[tokio::test]
async fn another_control_plane_goes_on_where_the_first_one_was_cut_off() {
    let mut world = patient().await;
    world.trackers.has("ENG-1", world.now(), |_| {});
    // The comment is taken, and the control plane ends before it knows.
    world.trackers.loses(1);
    world.linear().await;
    world
        .ticket_is("the answer is lost", |ticket| ticket.trouble.clone())
        .await;
    world.start_again().await;
    world.pass(EVERY).await;
    world.ticket_told("started").await;
    assert_eq!(world.trackers.comments().len(), 1, "it is said once");
    assert_eq!(world.all_tasks().await.len(), 1);
}

#[tokio::test]
async fn labels_choose_the_agent_and_what_cannot_be_is_said_and_tried_again_once_it_has_changed() {
    let world = patient().await;
    let label = |label: &'static str| {
        move |ticket: &mut optio_domain::tracker::Ticket| ticket.labels.push(label.to_owned())
    };
    world.trackers.has("ENG-1", world.now(), |ticket| {
        ticket
            .labels
            .extend(["codex".to_owned(), "gemini".to_owned()]);
    });
    let tracker = world.linear().await;
    let trouble = world
        .ticket_is("it is no work", |ticket| ticket.trouble.clone())
        .await;
    assert!(trouble.contains("ask for two agent programs"), "{trouble}");
    let stuck = world.tickets().await.remove(0);
    assert_eq!(stuck.todo, Some((Todo::Take, None)));
    world.tracker_rests(tracker).await;
    world.trackers.has(
        "ENG-1",
        world.now() + TimeDelta::seconds(1),
        label("claude"),
    );
    world.pass(EVERY).await;
    let task = world.started().await;
    assert_eq!(world.task_row(task).await.spec.agent_type, "claude-code");
}

#[tokio::test]
async fn without_a_repository_there_is_no_work_until_a_person_names_one() {
    let world = patient().await;
    world.trackers.has("ENG-1", world.now(), |_| {});
    let tracker = world.tracker(Source::Linear, json!({})).await;
    let trouble = world
        .ticket_is("it is no work", |ticket| ticket.trouble.clone())
        .await;
    assert!(trouble.contains("set repoUrl of the tracker"), "{trouble}");
    let changed = world.store.change_tracker(
        W,
        tracker,
        SecretId(world.given.ids.fresh()),
        world.now(),
        |row| {
            let mut spec = row.spec.clone();
            let url = format!("https://{HOST}/o/r");
            spec.repo_url = Some(optio_domain::repo::RepoUrl::parse(&url).unwrap());
            Ok::<_, ()>(optio_store::tickets::TrackerChange {
                spec,
                token: None,
                enabled: true,
            })
        },
    );
    changed.await.unwrap();
    world.hints().look(tracker.into());
    world.started().await;
}

#[tokio::test]
async fn a_ticket_that_closes_before_its_turn_is_no_work() {
    let world = patient().await;
    world.trackers.has("ENG-1", world.now(), |_| {});
    // The first look finds it; then it cannot be read for a while.
    world.trackers.lets_pass(1);
    world.trackers.refuses([busy()]);
    let tracker = world.linear().await;
    world
        .ticket_is("it could not be read", |ticket| ticket.trouble.clone())
        .await;
    world
        .trackers
        .has("ENG-1", world.now(), |ticket| ticket.open = false);
    world.tracker_rests(tracker).await;
    world.pass(EVERY).await;
    world
        .ticket_is("it is over", |ticket| {
            (!ticket.open && ticket.todo.is_none()).then_some(())
        })
        .await;
    assert!(world.all_tasks().await.is_empty());
}

#[tokio::test]
async fn many_tickets_are_read_page_by_page_and_no_more_pages_at_once_than_it_may() {
    let world = patient().await;
    for number in 0..5 {
        world
            .trackers
            .has(&format!("ENG-{number}"), world.now(), |_| {});
    }
    world.trackers.pages_of(1);
    let config = json!({ "repoUrl": format!("https://{HOST}/o/r"), "maxPages": 2 });
    let tracker = world.tracker(Source::Linear, config).await;
    world
        .until("two are read", async || {
            (world.tickets().await.len() == 2).then_some(())
        })
        .await;
    world.tracker_rests(tracker).await;
    assert_eq!(world.tickets().await.len(), 2, "the others have to wait");
    assert_eq!(world.tracker_row(tracker).await.synced_at, None);
    for read in [4, 5] {
        world.pass(EVERY).await;
        world
            .until(format!("{read} are read"), async || {
                (world.tickets().await.len() == read).then_some(())
            })
            .await;
    }
    world
        .until("all are tasks", async || {
            (world.all_tasks().await.len() == 5).then_some(())
        })
        .await;
    assert!(world.tracker_row(tracker).await.synced_at.is_some());
}

#[tokio::test]
async fn after_five_failures_in_a_row_it_is_left_alone_with_the_reason_until_a_person_enables_it() {
    let world = patient().await;
    world.trackers.refuses((0..5).map(|_| refused()));
    let tracker = world.linear().await;
    for failure in 1..=5 {
        let row = world
            .until(format!("failure {failure}"), async || {
                let row = world.tracker_row(tracker).await;
                (row.failures == failure).then_some(row)
            })
            .await;
        assert_eq!(row.enabled, failure < 5);
        world.tracker_rests(tracker).await;
        world.pass(EVERY).await;
    }
    let row = world.tracker_row(tracker).await;
    let (words, _) = row.last_error.unwrap();
    assert!(
        words.contains("no longer good; give another token"),
        "{words}"
    );
    let wait = world
        .store
        .actor(tracker.into())
        .await
        .unwrap()
        .unwrap()
        .wait;
    assert!(
        wait.reason.contains("left alone after 5 failures"),
        "{}",
        wait.reason
    );
    assert!(wait.reason.contains("no longer good"), "{}", wait.reason);
    let asked = world.trackers.calls().len();
    world.pass(TimeDelta::days(1)).await;
    world.tracker_rests(tracker).await;
    assert_eq!(
        world.trackers.calls().len(),
        asked,
        "nobody is asked any more"
    );
    world.trackers.has("ENG-1", world.now(), |_| {});
    world
        .store
        .enable_tracker(W, tracker, world.now())
        .await
        .unwrap()
        .unwrap();
    world.hints().look(tracker.into());
    world.started().await;
    assert_eq!(world.tracker_row(tracker).await.failures, 0);
}

#[tokio::test]
async fn a_success_begins_the_count_of_failures_anew_and_a_rate_limit_is_none() {
    let world = patient().await;
    let until = world.now() + TimeDelta::minutes(7);
    world
        .trackers
        .refuses([busy(), TrackerError::RateLimited { until }]);
    let tracker = world.linear().await;
    world
        .until("it has failed once", async || {
            (world.tracker_row(tracker).await.failures == 1).then_some(())
        })
        .await;
    world.tracker_rests(tracker).await;
    world.pass(EVERY).await;
    let held = world
        .until("it is held", async || {
            let hold = world.tracker_row(tracker).await.hold;
            hold.filter(|(at, _)| *at == until)
        })
        .await;
    assert!(held.1.contains("rate limit"), "{}", held.1);
    let asked = world.trackers.calls().len();
    world
        .store
        .ask_trackers(&[tracker], world.now())
        .await
        .unwrap();
    world.hints().look(tracker.into());
    world.tracker_rests(tracker).await;
    assert_eq!(
        world.trackers.calls().len(),
        asked,
        "the limit holds whatever is said"
    );
    world.pass(TimeDelta::minutes(7)).await;
    world
        .until("it was looked at", async || {
            world.tracker_row(tracker).await.synced_at
        })
        .await;
    let row = world.tracker_row(tracker).await;
    assert_eq!((row.failures, row.hold, row.last_error), (0, None, None));
}

#[tokio::test]
async fn a_tracker_that_fails_holds_up_no_task_and_what_could_not_be_told_is_seen() {
    let world = patient().await;
    world.trackers.has("ENG-1", world.now(), |_| {});
    let tracker = world.linear().await;
    let task = world.started().await;
    world.ticket_told("started").await;
    world.tracker_rests(tracker).await;
    let look_and_tell = (0..40).map(|_| refused());
    world.trackers.refuses(look_and_tell);
    world.gets_done(task).await;
    let untold = world
        .ticket_is("it could not be told", |ticket| {
            let waits = matches!(ticket.todo, Some((Todo::TellDone, _)));
            ticket.trouble.clone().filter(|_| waits)
        })
        .await;
    assert!(untold.contains("no longer good"), "{untold}");
    for _ in 0..12 {
        world.tracker_rests(tracker).await;
        world.pass(EVERY).await;
    }
    world.tracker_rests(tracker).await;
    assert!(world.trackers.is_open("ENG-1"));
    assert!(!world.tracker_row(tracker).await.enabled);
    let given_up = world.tickets().await.remove(0);
    assert!(
        matches!(given_up.todo, Some((Todo::TellDone, _))),
        "{given_up:?}"
    );
    assert!(given_up.trouble.is_some());
    // The person gives another token, and everything is told after all.
    world.trackers.forgives();
    world
        .store
        .enable_tracker(W, tracker, world.now())
        .await
        .unwrap()
        .unwrap();
    world.hints().look(tracker.into());
    world.ticket_told("done").await;
    assert!(!world.trackers.is_open("ENG-1"));
}

#[tokio::test]
async fn whoever_is_told_that_something_has_changed_looks_at_once() {
    let world = patient().await;
    let tracker = world.linear().await;
    world
        .until("it was looked at", async || {
            world.tracker_row(tracker).await.synced_at
        })
        .await;
    world.tracker_rests(tracker).await;
    world.trackers.has("ENG-1", world.now(), |_| {});
    world
        .store
        .ask_trackers(&[tracker], world.now())
        .await
        .unwrap();
    world.hints().look(tracker.into());
    world.started().await;
    assert_eq!(world.tracker_row(tracker).await.asked_at, None);
}

#[tokio::test]
async fn a_removed_tracker_is_gone_and_its_tasks_go_on() {
    let world = patient().await;
    world.trackers.has("ENG-1", world.now(), |_| {});
    let tracker = world.linear().await;
    let task = world.started().await;
    world.ticket_told("started").await;
    world.tracker_rests(tracker).await;
    assert!(world.store.delete_tracker(W, tracker).await.unwrap());
    world.gets_done(task).await;
    world.pass(EVERY).await;
    assert!(world.tickets().await.is_empty());
    assert!(
        world.trackers.is_open("ENG-1"),
        "nobody is left who could tell it"
    );
}
