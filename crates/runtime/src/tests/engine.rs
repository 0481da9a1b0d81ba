//! Actors in memory: woken, put to sleep, restarted, left alone.

use super::*;

/// Who holds a fake while nobody is active: the test and the supervisor.
const NOBODY_ACTIVE: usize = 2;

async fn asleep(fake: &Arc<Fake>) {
    until("everybody sleeps", async || {
        Arc::strong_count(fake) == NOBODY_ACTIVE
    })
    .await;
}

#[tokio::test]
async fn a_look_activates_and_rest_frees_the_memory() {
    let fake = Fake::gated(0, |_, _| Ok(Progress::Rest { until: None }));
    let world = World::with(&fake).await;
    let id = fresh();
    asleep(&fake).await;
    world.look(id);
    until("it looks", async || fake.count() == 1).await;
    assert!(NOBODY_ACTIVE < Arc::strong_count(&fake));
    fake.gate.add_permits(1);
    asleep(&fake).await;
    fake.gate.add_permits(1);
    world.look(id);
    until("it looks again", async || fake.count() == 2).await;
    asleep(&fake).await;
}

#[tokio::test]
async fn a_look_during_a_step_is_not_lost() {
    for progress in [Progress::Rest { until: None }, Progress::Gone] {
        let fake = Fake::gated(0, move |_, _| Ok(progress));
        let world = World::with(&fake).await;
        let id = fresh();
        world.look(id);
        until("it looks", async || fake.count() == 1).await;
        for _look in 0..3 {
            world.look(id);
        }
        fake.gate.add_permits(9);
        until("it looks again", async || 2 <= fake.count()).await;
        asleep(&fake).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_look_is_lost_however_it_falls_between_step_and_sleep() {
    let fake = Fake::resting();
    let world = World::with(&fake).await;
    let id = fresh();
    for round in 0..300 {
        let before = fake.count();
        world.look(id);
        until("it looks", async || before < fake.count()).await;
        if round % 3 == 0 {
            asleep(&fake).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_actor_takes_one_step_at_a_time() {
    let fake = Fake::new(|_, nth| {
        Ok(if nth % 3 == 2 {
            Progress::Rest { until: None }
        } else {
            Progress::Again
        })
    });
    let world = World::with(&fake).await;
    let id = fresh();
    for _look in 0..1_000 {
        world.look(id);
        tokio::task::yield_now().await;
    }
    until("it steps", async || 0 < fake.count()).await;
    asleep(&fake).await;
    assert_eq!(fake.running_max.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_actor_steps_until_it_rests_and_again_when_it_lost_a_race() {
    let fake = Fake::new(|_, nth| match nth {
        0 | 2 => Ok(Progress::Again),
        1 => Err(Fault::Moved),
        3..100 => Ok(Progress::Again),
        _ => Ok(Progress::Rest { until: None }),
    });
    let world = World::with(&fake).await;
    world.look(fresh());
    until("it came to rest", async || fake.count() == 101).await;
    asleep(&fake).await;
    assert_eq!(fake.count(), 101);
}

#[tokio::test]
async fn an_absent_database_is_no_fall() {
    let fake = Fake::new(|_, nth| {
        if nth < 2 {
            Err(StoreError::unavailable().into())
        } else {
            Ok(Progress::Rest { until: None })
        }
    });
    let world = World::with(&fake).await;
    world.look(fresh());
    asleep_after(&fake, 3).await;
}

async fn asleep_after(fake: &Arc<Fake>, steps: usize) {
    until("it steps", async || fake.count() == steps).await;
    asleep(fake).await;
}

/// Looks again and again, as mail would that keeps coming, until an actor is quarantined.
async fn fall_until_quarantined(world: &World, id: AgentId) {
    until("it is quarantined", async || {
        world.look(id.0);
        let row = world.store.actor(id.into()).await.unwrap().unwrap();
        row.quarantine.is_some()
    })
    .await;
}

#[tokio::test]
async fn an_actor_that_falls_is_started_again_with_growing_pauses_and_then_left_alone() {
    let fake = Fake::new(|_, nth| {
        if nth < 5 {
            Err(Fault::Fallen("it cannot".to_owned()))
        } else {
            Ok(Progress::Rest { until: None })
        }
    });
    let store = optio_store::testing::database().await;
    let id = agent(&store, "a", now() + TimeDelta::hours(1)).await;
    let world = World::on(store, &fake).await;
    fall_until_quarantined(&world, id).await;
    let steps = fake.steps(id.0);
    let pauses: Vec<_> = steps
        .windows(2)
        .take(4)
        .map(|pair| pair[1] - pair[0])
        .collect();
    for (pause, ms) in pauses.iter().zip([100, 200, 400, 800]) {
        assert!(Duration::from_millis(ms) <= *pause, "{pauses:?}");
    }
    assert_eq!(pauses.len(), 4);
    let row = world.store.actor(id.into()).await.unwrap().unwrap();
    let (_, reason) = row.quarantine.unwrap();
    assert_eq!(
        reason,
        "it fell 5 times within a minute; the last time: it cannot"
    );
    assert!(world.store.lift_quarantine(id.into(), now()).await.unwrap());
    let before = fake.count();
    world.look(id.0);
    until("it steps again", async || before < fake.count()).await;
    asleep(&fake).await;
}

#[tokio::test]
async fn a_quarantine_that_cannot_be_written_is_tried_again_and_holds_meanwhile() {
    let fake = Fake::new(|_, _| Err(Fault::Fallen("it cannot".to_owned())));
    let store = optio_store::testing::database().await;
    let id = agent(&store, "a", now() + TimeDelta::hours(1)).await;
    optio_store::testing::sql(
        &store,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE OF quarantined_at ON actors
           FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    .await;
    let world = World::on(store, &fake).await;
    until("it has fallen five times", async || {
        world.look(id.0);
        fake.count() == 5
    })
    .await;
    for _look in 0..20 {
        world.look(id.0);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(fake.count(), 5, "it is left alone although nobody wrote it");
    optio_store::testing::sql(&world.store, "DROP TRIGGER refuse ON actors").await;
    until("it is quarantined", async || {
        let row = world.store.actor(id.into()).await.unwrap().unwrap();
        row.quarantine.is_some()
    })
    .await;
    assert_eq!(fake.count(), 5);
}

#[tokio::test]
async fn a_panic_in_a_step_is_a_fall_and_hurts_nobody_else() {
    let unlucky = fresh();
    let fake = Fake::new(move |id, nth| {
        assert!(id != unlucky || nth != 0, "a bug");
        Ok(Progress::Rest { until: None })
    });
    let world = World::with(&fake).await;
    world.look(unlucky);
    let other = fresh();
    world.look(other);
    until("it is started again", async || {
        fake.steps(unlucky).len() == 2
    })
    .await;
    until("the other looks", async || fake.steps(other).len() == 1).await;
    asleep(&fake).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_actors_may_look_at_once() {
    let fake = Fake::resting();
    let world = World::with(&fake).await;
    let ids: Vec<_> = (0..10_000).map(|_| fresh()).collect();
    for id in &ids {
        world.look(*id);
    }
    until("all have looked", async || fake.count() == ids.len()).await;
    asleep(&fake).await;
    let mut seen: Vec<_> = fake
        .steps
        .lock()
        .unwrap()
        .iter()
        .map(|(id, _)| *id)
        .collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), ids.len());
}

#[tokio::test]
async fn whoever_has_mail_looks_after_a_resync() {
    let fake = Fake::resting();
    let store = optio_store::testing::database().await;
    let later = now() + TimeDelta::hours(1);
    let (one, other) = (
        agent(&store, "a", later).await,
        agent(&store, "b", later).await,
    );
    let world = World::on(store, &fake).await;
    world.engine.resync().await.unwrap();
    until("both look", async || {
        fake.steps(one.0).len() == 1 && fake.steps(other.0).len() == 1
    })
    .await;
    world.engine.steering().resync().await.unwrap();
    until("both look again", async || fake.count() == 4).await;
}

#[tokio::test]
async fn a_stopped_engine_takes_no_further_step() {
    let fake = Fake::resting();
    let world = World::with(&fake).await;
    world.look(fresh());
    asleep_after(&fake, 1).await;
    let hints = world.engine.hints();
    world.engine.stop().await;
    until("the supervisor is gone", async || {
        Arc::strong_count(&fake) == 1
    })
    .await;
    hints.look(key(fresh()));
    assert_eq!(fake.count(), 1);
}
