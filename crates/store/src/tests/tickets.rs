//! Tickets: seen once, work once, told once, and rounds of which nothing is lost.

use optio_domain::{
    id::{TaskId, TicketId, TrackerId},
    task::{
        seen::TaskType,
        spec::{PRIORITY_DEFAULT, TaskSpec},
    },
    tracker::{News, Source, Ticket, TrackerSpec, plan::Setback},
};

use super::{
    trackers::{W, github, linear, sealed},
    *,
};
use crate::{
    tasks::NewTask,
    tickets::{
        Begins, NewWork, PageRead, Started, TicketRow, Todo, TrackerRow, TrackerSight,
        WantedTickets,
    },
};

const REPO: &str = "https://github.com/ada/engine";

fn ticket(id: &str, at: DateTime<Utc>) -> Ticket {
    Ticket {
        id: id.to_owned(),
        key: format!("#{id}"),
        url: format!("{REPO}/issues/{id}"),
        title: format!("ticket {id}"),
        body: String::new(),
        author: "ada".to_owned(),
        labels: vec!["optio".to_owned(), "bug".to_owned()],
        open: true,
        changed_at: at,
        repo_url: None,
    }
}

impl World {
    async fn sight(&self, tracker: TrackerId) -> TrackerSight {
        let sight = self.store.see_tracker(tracker, TimeDelta::minutes(1)).await;
        sight.unwrap().unwrap()
    }

    async fn tracker_step(&self, tracker: TrackerId) -> Step {
        let sight = self.sight(tracker).await;
        let (wait, decision) = (Wait::at_rest("x", "x"), self.decision("test"));
        let step = self
            .store
            .step(tracker.into(), sight.version, &wait, &decision, false);
        step.await.unwrap()
    }

    async fn page(&self, tracker: TrackerId, tickets: &[Ticket], next: Option<&str>) {
        let tickets: Vec<_> = tickets
            .iter()
            .map(|ticket| (TicketId(fresh()), ticket.clone()))
            .collect();
        let mut step = self.tracker_step(tracker).await;
        step.tracker_page(&PageRead {
            tickets: &tickets,
            next,
            pages_taken: 1,
        })
        .await
        .unwrap();
        step.commit().await.unwrap();
    }

    async fn tickets(&self) -> Vec<TicketRow> {
        let wanted = WantedTickets {
            limit: 100,
            ..WantedTickets::default()
        };
        self.store.tickets(W, wanted).await.unwrap()
    }

    async fn only(&self) -> TicketRow {
        let mut tickets = self.tickets().await;
        assert_eq!(tickets.len(), 1, "{tickets:?}");
        tickets.remove(0)
    }

    /// A ticket that waits, of a new tracker.
    async fn waiting(&self, spec: &TrackerSpec) -> (TrackerRow, TicketId) {
        let row = self.tracker(spec, None).await;
        self.page(row.id, &[ticket("7", self.at)], None).await;
        let (id, due) = self.sight(row.id).await.seen.to_take.unwrap();
        assert_eq!(due, self.at);
        (row, id)
    }

    fn task_spec(&self, source: Source) -> TaskSpec {
        TaskSpec {
            kind: TaskType::Coding,
            title: "ticket 7".to_owned(),
            prompt: "ticket 7".to_owned(),
            repo_url: REPO.to_owned(),
            base_branch: "main".to_owned(),
            agent_type: "claude-code".to_owned(),
            model: None,
            priority: PRIORITY_DEFAULT,
            retries_max: 1,
            ticket_source: Some(source.name().to_owned()),
            ticket_id: Some("7".to_owned()),
            metadata: None,
            parent: None,
            blocks_parent: false,
            head: None,
        }
    }

    async fn new_task<'a>(&self, spec: &'a TaskSpec) -> NewTask<'a> {
        let pool = self
            .store
            .pool_of(W, &spec.repo_url, fresh(), self.at)
            .await;
        let pool = pool.unwrap();
        NewTask {
            id: TaskId(pool.beside(fresh())),
            workspace: W,
            spec,
            pool,
            depends_on: &[],
            origin: None,
            created_by: "tracker",
            at: self.at,
        }
    }

    /// The ticket becomes a task.
    async fn handle(
        &self,
        tracker: TrackerId,
        ticket: TicketId,
        source: Source,
    ) -> Result<Started, StoreError> {
        let spec = self.task_spec(source);
        let task = self.new_task(&spec).await;
        let mut step = self.tracker_step(tracker).await;
        let work = NewWork {
            ticket,
            external_id: "7",
            source,
            begins: Begins::Task(task),
        };
        let started = step.ticket_handled(&work).await?;
        step.commit().await?;
        Ok(started)
    }

    async fn finish(&self, task: TaskId, words: &str) -> Vec<TrackerId> {
        let actor = self.store.actor(task.into()).await.unwrap().unwrap();
        let (wait, decision) = (Wait::at_rest("x", "x"), self.decision("test"));
        let step = self
            .store
            .step(task.into(), actor.version, &wait, &decision, false);
        let mut step = step.await.unwrap();
        let trackers = step.task_tickets_done(words).await.unwrap();
        step.commit().await.unwrap();
        trackers
    }
}

#[tokio::test]
async fn a_ticket_that_was_seen_is_not_seen_twice() {
    let (world, _) = sealed().await;
    let row = world.tracker(&github("engine"), None).await;
    let all = [
        ticket("7", world.at),
        ticket("8", world.at),
        ticket("7", world.at),
    ];
    world.page(row.id, &all, None).await;
    world.page(row.id, &all[..1], None).await;
    let tickets = world.tickets().await;
    assert_eq!(tickets.len(), 2);
    let seven = tickets.iter().find(|it| it.external_id == "7").unwrap();
    assert_eq!(
        (seven.key.as_str(), seven.labels.len(), seven.open),
        ("#7", 2, true)
    );
    assert_eq!(seven.todo, Some((Todo::Take, Some(world.at))));
    assert_eq!(
        (seven.handled_at, &seven.task, &seven.told),
        (None, &None, &None)
    );
}

#[tokio::test]
async fn one_that_is_closed_when_it_is_first_seen_is_not_kept_and_one_that_closes_is_no_work() {
    let (world, _) = sealed().await;
    let row = world.tracker(&github("engine"), None).await;
    let closed = |id: &str, at| Ticket {
        open: false,
        ..ticket(id, at)
    };
    world
        .page(
            row.id,
            &[closed("6", world.at), ticket("7", world.at)],
            None,
        )
        .await;
    assert_eq!(world.only().await.external_id, "7");
    world
        .page(row.id, &[closed("7", world.later(9))], None)
        .await;
    let over = world.only().await;
    assert_eq!((over.open, over.todo), (false, None));
    world
        .page(row.id, &[ticket("7", world.later(5))], None)
        .await;
    assert!(!world.only().await.open, "an older answer changes nothing");
    world
        .page(row.id, &[ticket("7", world.later(10))], None)
        .await;
    assert_eq!(world.only().await.todo, Some((Todo::Take, Some(world.at))));
}

#[tokio::test]
async fn the_newest_change_counts_once_the_whole_round_was_read() {
    let (world, _) = sealed().await;
    let row = world.tracker(&github("engine"), None).await;
    let cursor = async || {
        let sight = world.sight(row.id).await;
        (sight.since, sight.page, sight.seen.told)
    };
    world
        .page(row.id, &[ticket("7", world.later(50))], Some("2"))
        .await;
    assert_eq!(cursor().await, (None, Some("2".to_owned()), false));
    let later = World {
        at: world.later(60),
        ..world.clone()
    };
    later.store.ask_trackers(&[row.id], later.at).await.unwrap();
    later
        .page(row.id, &[ticket("8", world.later(40))], None)
        .await;
    assert_eq!(
        cursor().await,
        (Some(world.later(50)), None, true),
        "who asked after it began is not answered by it"
    );
    later.page(row.id, &[], None).await;
    assert_eq!(cursor().await, (Some(world.later(50)), None, false));
}

#[tokio::test]
async fn many_who_say_that_something_has_changed_move_a_tracker_once() {
    let (world, _) = sealed().await;
    let row = world.tracker(&github("engine"), None).await;
    let version = async || world.sight(row.id).await.version;
    world.store.ask_trackers(&[row.id], world.at).await.unwrap();
    let asked = version().await;
    for second in 1..5 {
        world
            .store
            .ask_trackers(&[row.id], world.later(second))
            .await
            .unwrap();
    }
    assert_eq!(version().await, asked);
    let row = world.store.tracker(W, row.id).await.unwrap().unwrap();
    assert_eq!(row.asked_at, Some(world.later(4)));
    let labels = |label: &str| vec![label.to_owned()];
    let of = async |place: &str, label: &str| world.store.trackers_of(place, &labels(label)).await;
    assert_eq!(of("github:ada/engine", "OPTIO").await.unwrap(), [row.id]);
    assert!(of("github:ada/engine", "bug").await.unwrap().is_empty());
    assert!(of("github:ada/other", "optio").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_ticket_becomes_exactly_one_task_whoever_comes_at_the_same_time() {
    let (world, _) = sealed().await;
    let (row, id) = world.waiting(&linear()).await;
    let spec = world.task_spec(Source::Linear);
    let stale = world.sight(row.id).await.version;
    let started = world.handle(row.id, id, Source::Linear).await.unwrap();
    let (wait, decision) = (Wait::at_rest("x", "x"), world.decision("test"));
    let late = world
        .store
        .step(row.id.into(), stale, &wait, &decision, false)
        .await;
    assert!(matches!(late, Err(StoreError::Moved)));
    let again = world.handle(row.id, id, Source::Linear).await;
    assert!(matches!(again, Err(StoreError::Moved)), "{again:?}");
    assert_eq!(world.number("SELECT count(*) FROM tasks").await, 1);
    let handled = world.only().await;
    assert_eq!(
        handled.task,
        Some((started.task.unwrap(), "pending".to_owned()))
    );
    assert_eq!(
        (handled.handled_at, started.woken),
        (Some(world.at), vec![started.task.unwrap().into()])
    );
    assert_eq!(handled.todo, Some((Todo::TellStarted, Some(world.at))));
    let changed = ticket("7", world.later(9));
    world.page(row.id, &[changed], None).await;
    assert_eq!(
        world.only().await.todo,
        handled.todo,
        "what was handled stays so"
    );
    let task = world
        .store
        .task(started.task.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((task.spec, task.created_by.as_str()), (spec, "tracker"));
}

#[tokio::test]
async fn an_issue_that_a_person_has_made_a_task_of_is_that_task() {
    let (world, _) = sealed().await;
    let (row, id) = world.waiting(&github("engine")).await;
    let spec = world.task_spec(Source::GitHub);
    let by_hand = world.new_task(&spec).await;
    let by_hand = world.store.create_task(&by_hand).await.unwrap().id;
    let started = world.handle(row.id, id, Source::GitHub).await.unwrap();
    assert_eq!((started.task, started.woken), (Some(by_hand), Vec::new()));
    assert_eq!(world.number("SELECT count(*) FROM tasks").await, 1);
    assert_eq!(
        world.only().await.todo,
        None,
        "that person was told already"
    );
    let ids = ["7".to_owned(), "8".to_owned()];
    let found = world
        .store
        .tasks_of_tickets(W, REPO, "github", &ids)
        .await
        .unwrap();
    assert_eq!(found, [("7".to_owned(), by_hand, "pending".to_owned())]);
}

#[tokio::test]
async fn what_is_done_is_told_by_its_tracker_which_is_woken() {
    let (world, _) = sealed().await;
    let (row, id) = world.waiting(&linear()).await;
    let started = world.handle(row.id, id, Source::Linear).await.unwrap();
    let task = started.task.unwrap();
    assert_eq!(
        world.store.tracker_of_task(task).await.unwrap(),
        Some(row.id)
    );
    let before = world.sight(row.id).await.version;
    assert_eq!(world.finish(task, "Done by x.").await, [row.id]);
    assert_ne!(world.sight(row.id).await.version, before);
    let sight = world.store.see_ticket(id).await.unwrap().unwrap();
    assert_eq!(
        (sight.news, sight.words.as_str()),
        (Some(News::Done), "Done by x.")
    );
    assert_eq!((sight.task, sight.external_id.as_str()), (Some(task), "7"));
    let mut step = world.tracker_step(row.id).await;
    step.ticket_told(id, News::Started).await.unwrap();
    step.commit().await.unwrap();
    assert!(
        world.only().await.todo.is_some(),
        "older news is no longer what it is told"
    );
    let mut step = world.tracker_step(row.id).await;
    step.ticket_told(id, News::Done).await.unwrap();
    step.commit().await.unwrap();
    let told = world.only().await;
    assert_eq!(
        (told.told, told.todo),
        (Some(("done".to_owned(), world.at)), None)
    );
}

#[tokio::test]
async fn failures_are_counted_held_and_given_up_until_a_person_mends_them() {
    let (world, _) = sealed().await;
    let (row, id) = world.waiting(&linear()).await;
    let fail = async |setback| {
        let mut step = world.tracker_step(row.id).await;
        step.tracker_failed("no token", setback).await.unwrap();
        step.ticket_trouble(id, "not now", None).await.unwrap();
        step.commit().await.unwrap();
        world.store.tracker(W, row.id).await.unwrap().unwrap()
    };
    let held = fail(Setback::Hold(world.later(9))).await;
    assert_eq!(
        (held.failures, held.enabled, held.last_error),
        (0, true, None)
    );
    assert_eq!(held.hold, Some((world.later(9), "no token".to_owned())));
    let failed = fail(Setback::Again(world.later(60))).await;
    assert_eq!((failed.failures, failed.enabled), (1, true));
    assert_eq!(failed.last_error, Some(("no token".to_owned(), world.at)));
    let off = fail(Setback::GiveUp).await;
    assert_eq!((off.failures, off.enabled, off.hold), (2, false, None));
    let stuck = world.only().await;
    assert_eq!(
        (stuck.todo, stuck.trouble.as_deref()),
        (Some((Todo::Take, None)), Some("not now"))
    );
    world.store.ask_trackers(&[row.id], world.at).await.unwrap();
    let off = world.store.tracker(W, row.id).await.unwrap().unwrap();
    assert_eq!(off.asked_at, None, "one that is disabled is asked nothing");
    let later = world.later(100);
    assert!(
        world
            .store
            .enable_tracker("another", row.id, later)
            .await
            .unwrap()
            .is_none()
    );
    let on = world
        .store
        .enable_tracker(W, row.id, later)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((on.failures, on.enabled, on.last_error), (0, true, None));
    let mended = world.only().await;
    assert_eq!(
        (mended.todo, mended.trouble),
        (Some((Todo::Take, Some(later))), None)
    );
}

#[tokio::test]
async fn what_could_not_become_work_is_tried_again_once_the_ticket_has_changed() {
    let (world, _) = sealed().await;
    let (row, id) = world.waiting(&linear()).await;
    let mut step = world.tracker_step(row.id).await;
    step.ticket_trouble(id, "no repository", None)
        .await
        .unwrap();
    step.commit().await.unwrap();
    world.page(row.id, &[ticket("7", world.at)], None).await;
    let same = world.only().await;
    assert_eq!(
        (same.todo, same.trouble.is_some()),
        (Some((Todo::Take, None)), true)
    );
    world
        .page(row.id, &[ticket("7", world.later(1))], None)
        .await;
    let changed = world.only().await;
    assert_eq!(
        (changed.todo, changed.trouble),
        (Some((Todo::Take, Some(world.at))), None)
    );
    let mut step = world.tracker_step(row.id).await;
    step.ticket_over(id).await.unwrap();
    step.commit().await.unwrap();
    assert_eq!(world.only().await.todo, None);
}

#[tokio::test]
async fn tickets_are_listed_page_by_page_and_those_of_another_workspace_are_not() {
    let (world, _) = sealed().await;
    let row = world.tracker(&github("engine"), None).await;
    let all: Vec<Ticket> = (0..5).map(|id| ticket(&id.to_string(), world.at)).collect();
    world.page(row.id, &all, None).await;
    let mut wanted = WantedTickets {
        tracker: Some(row.id),
        after: None,
        limit: 2,
    };
    let mut seen = Vec::new();
    loop {
        let page = world.store.tickets(W, wanted).await.unwrap();
        let Some(last) = page.last() else { break };
        wanted.after = Some((last.first_at, last.id.0));
        seen.extend(page.into_iter().map(|ticket| ticket.external_id));
    }
    seen.sort();
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
    wanted.after = None;
    assert!(
        world
            .store
            .tickets("another", wanted)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        world
            .store
            .tickets_handled_since(W, world.at)
            .await
            .unwrap(),
        0
    );
}
