//! Whoever is due looks, without being told.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

/// A clock that is ahead by so many milliseconds.
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        now() + TimeDelta::milliseconds(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn whoever_waits_looks_once_the_clock_was_set_back() {
    let fake = Fake::resting();
    let store = optio_store::testing::database().await;
    let clock = Arc::new(Ahead(AtomicI64::new(3_600_000)));
    let later = clock.now() + TimeDelta::minutes(10);
    let waits = agent(&store, "a", later).await;
    let read = store.actor(waits.into()).await.unwrap().unwrap().version;
    let wait = Wait::until("time alone", "time", later).whatever_mail_comes();
    store.wait(waits.into(), read, &wait).await.unwrap();
    let due = agent(&store, "b", clock.now()).await;
    let kinds: Vec<Arc<dyn Kind>> = vec![Arc::<Fake>::clone(&fake)];
    let engine = Engine::start(store, Arc::<Ahead>::clone(&clock), kinds);
    let _engine = engine.await.unwrap();
    until("the timer looks", async || !fake.steps(due.0).is_empty()).await;
    assert!(fake.steps(waits.0).is_empty());
    clock.0.store(0, Ordering::SeqCst);
    until("it looks", async || !fake.steps(waits.0).is_empty()).await;
}

#[tokio::test]
async fn who_is_overdue_when_the_engine_starts_looks_at_once() {
    let fake = Fake::resting();
    let store = optio_store::testing::database().await;
    let id = agent(&store, "a", now() - TimeDelta::hours(1)).await;
    let _world = World::on(store, &fake).await;
    until("it looks", async || !fake.steps(id.0).is_empty()).await;
}

#[tokio::test]
async fn who_is_due_later_looks_then_and_not_before() {
    let fake = Fake::resting();
    let store = optio_store::testing::database().await;
    let due = Instant::now() + Duration::from_millis(400);
    let id = agent(&store, "a", now() + TimeDelta::milliseconds(400)).await;
    let _world = World::on(store, &fake).await;
    until("it looks", async || !fake.steps(id.0).is_empty()).await;
    let looked = fake.steps(id.0)[0];
    // The row holds microseconds, the two clocks are read one after the other.
    assert!(due - Duration::from_millis(5) <= looked);
    assert!(
        looked < due + Duration::from_secs(3),
        "{:?} late",
        looked - due
    );
}

#[tokio::test]
async fn an_earlier_time_wakes_a_timer_that_sleeps_until_a_later_one() {
    let soon = now() + TimeDelta::milliseconds(600);
    let fake = Fake::new(move |_, _| Ok(Progress::Rest { until: Some(soon) }));
    let store = optio_store::testing::database().await;
    let hour = now() + TimeDelta::hours(1);
    let (late, early) = (
        agent(&store, "a", hour).await,
        agent(&store, "b", hour).await,
    );
    let world = World::on(store, &fake).await;
    due_at(&world.store, early, soon).await;
    world.look(early.0);
    until("it looks by itself", async || {
        2 <= fake.steps(early.0).len()
    })
    .await;
    assert!(fake.steps(late.0).is_empty());
}

#[tokio::test]
async fn who_stays_due_does_not_stand_before_the_others() {
    let fake = Fake::resting();
    let store = optio_store::testing::database().await;
    let mut last = None;
    for n in 0..600 {
        let due = now() - TimeDelta::seconds(1_000 - n);
        last = Some(agent(&store, &format!("a{n}"), due).await);
    }
    let last = last.unwrap();
    let _world = World::on(store, &fake).await;
    until("the last looks", async || !fake.steps(last.0).is_empty()).await;
}

#[tokio::test]
async fn who_stays_due_is_told_again_but_does_not_make_the_timer_spin() {
    let fake = Fake::resting();
    let store = optio_store::testing::database().await;
    let id = agent(&store, "a", now() - TimeDelta::seconds(1)).await;
    let _world = World::on(store, &fake).await;
    until("it looks three times", async || 3 <= fake.steps(id.0).len()).await;
    let steps = fake.steps(id.0);
    assert!(
        Duration::from_millis(900) <= steps[2] - steps[1],
        "{steps:?}"
    );
}
