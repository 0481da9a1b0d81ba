//! The engine's rows: who is due, who has mail, who is left alone.

use optio_domain::{agent::Intent, ownership::Shard};

use super::*;

impl World {
    async fn wake(&self, agent: AgentId, seconds: i64) {
        let at = self.later(seconds).to_rfc3339();
        self.sql(&format!(
            "UPDATE actors SET wake_at = '{at}' WHERE id = '{agent}'"
        ))
        .await;
    }
}

#[tokio::test]
async fn who_is_due_is_found_in_the_order_of_time() {
    let world = World::new().await;
    let (late, early) = (world.agent("a").await, world.agent("b").await);
    let (future, _never) = (world.agent("c").await, world.agent("d").await);
    world.wake(late, 0).await;
    world.wake(early, -5).await;
    world.wake(future, 7).await;
    let due = async |max| world.store.due(world.at, None, max).await.unwrap();
    let keys: Vec<_> = due(10).await.into_iter().map(|(_, key)| key).collect();
    assert_eq!(keys, [early.into(), late.into()]);
    let first = due(1).await[0];
    assert_eq!(first, (world.later(-5), early.into()));
    let rest = world.store.due(world.at, Some(first), 10).await.unwrap();
    assert_eq!(rest, [(world.at, late.into())]);
    let next = world.store.next_due(world.at).await.unwrap();
    assert_eq!(next, Some(world.later(7)));
    assert_eq!(world.store.next_due(world.later(7)).await.unwrap(), None);
}

#[tokio::test]
async fn who_has_mail_is_found_in_pages() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for n in 0..5 {
        let agent = world.agent(&format!("a{n}")).await;
        if n != 2 {
            world.mail(agent, 1).await;
            expected.push(ActorKey::from(agent));
        }
    }
    expected.sort_by_key(|key| (Shard::of(key.id), *key));
    let first = world.store.with_mail(None, 3).await.unwrap();
    let second = world
        .store
        .with_mail(first.last().copied(), 3)
        .await
        .unwrap();
    assert_eq!(first.len(), 3);
    assert_eq!([first, second].concat(), expected);
}

#[tokio::test]
async fn who_has_a_turn_or_a_run_is_in_flight_until_both_are_over() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.agent("b").await;
    assert!(world.store.in_flight().await.unwrap().is_empty());
    world.mail(agent, 1).await;
    let turn = world.open(agent).await.unwrap();
    assert_eq!(world.store.in_flight().await.unwrap(), [agent.into()]);
    world
        .close(agent, turn, &closing::done(), &Facts::default())
        .await
        .unwrap();
    assert_eq!(
        world.store.in_flight().await.unwrap(),
        [agent.into()],
        "its run may be alive"
    );
    world.sql("UPDATE runs SET state = 'ended'").await;
    assert!(world.store.in_flight().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_sweep_passes_over_whoever_waits_for_something_else_than_mail() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let read = world.see(agent).await.version;
    let wait = Wait::at_rest("a person", "anybody");
    for (wait, swept) in [
        (wait.clone().whatever_mail_comes(), vec![]),
        (wait, vec![agent.into()]),
    ] {
        world.store.wait(agent.into(), read, &wait).await.unwrap();
        assert_eq!(world.see(agent).await.wait, wait);
        assert_eq!(world.store.with_mail(None, 10).await.unwrap(), swept);
    }
    let wait = Wait::until("a step", "it", world.later(1)).whatever_mail_comes();
    let decision = world.decision("test");
    let step = world
        .store
        .step(agent.into(), read, &wait, &decision, false);
    step.await.unwrap().commit().await.unwrap();
    assert_eq!(world.store.with_mail(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn who_is_quarantined_is_left_alone_until_it_is_lifted() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    world.wake(agent, -1).await;
    let read = world.see(agent).await.version;
    world
        .store
        .quarantine(agent.into(), "it fell", world.at)
        .await
        .unwrap();
    let row = world.store.actor(agent.into()).await.unwrap().unwrap();
    assert_eq!(row.quarantine, Some((world.at, "it fell".to_owned())));
    assert_eq!(
        row.wait,
        Wait::at_rest("quarantined: it fell", "a person: lift it")
    );
    assert!(
        world
            .store
            .due(world.at, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(world.store.with_mail(None, 10).await.unwrap().is_empty());
    let wait = Wait::at_rest("mail", "anybody");
    let decision = world.decision("test");
    for version in [read, world.see(agent).await.version] {
        let step = world
            .store
            .step(agent.into(), version, &wait, &decision, false)
            .await;
        assert!(matches!(step, Err(StoreError::Moved)), "{step:?}");
        let wait = world.store.wait(agent.into(), version, &wait).await;
        assert!(matches!(wait, Err(StoreError::Moved)), "{wait:?}");
    }
    assert!(
        world
            .store
            .lift_quarantine(agent.into(), world.later(5))
            .await
            .unwrap()
    );
    assert!(
        !world
            .store
            .lift_quarantine(agent.into(), world.later(6))
            .await
            .unwrap()
    );
    let due = world.store.due(world.later(5), None, 10).await.unwrap();
    assert_eq!(due, [(world.later(5), agent.into())]);
    let row = world.store.actor(agent.into()).await.unwrap().unwrap();
    assert_eq!(row.quarantine, None);
    world.begin(agent).await.commit().await.unwrap();
}

#[tokio::test]
async fn an_absent_database_is_called_absent() {
    let world = World::new().await;
    let (backends, store) = (world.store.pool.clone(), world.store.clone());
    let mut killed = store.pool.acquire().await.unwrap();
    let (pid,): (i32,) = sqlx::query_as("SELECT pg_backend_pid()")
        .fetch_one(&mut *killed)
        .await
        .unwrap();
    sqlx::query("SELECT pg_terminate_backend($1)")
        .bind(pid)
        .execute(&backends)
        .await
        .unwrap();
    let error: StoreError = sqlx::query("SELECT 1")
        .execute(&mut *killed)
        .await
        .unwrap_err()
        .into();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    drop(killed);
    store.ping().await.unwrap();
    store.close().await;
    let gone = store.ping().await.unwrap_err();
    assert!(matches!(gone, StoreError::Unavailable(_)), "{gone:?}");
}

#[tokio::test]
async fn who_loses_a_deadlock_is_told_to_look_again() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    let take =
        |agent: AgentId| sqlx::query("UPDATE actors SET epoch = epoch WHERE id = $1").bind(agent.0);
    let mut one = world.store.pool.begin().await.unwrap();
    let mut other = world.store.pool.begin().await.unwrap();
    take(a).execute(&mut *one).await.unwrap();
    take(b).execute(&mut *other).await.unwrap();
    let (one, other) = tokio::join!(take(b).execute(&mut *one), async {
        let result = take(a).execute(&mut *other).await;
        drop(other);
        result
    });
    let lost = one.err().or(other.err()).map(StoreError::from);
    assert!(matches!(lost, Some(StoreError::Moved)), "{lost:?}");
}

#[tokio::test]
async fn a_persons_wish_waits_for_a_step_and_never_meets_it_in_a_deadlock() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let row = world.store.agent(agent).await.unwrap().unwrap();
    let now = row.created_at;
    for wish in ["change", "want"] {
        // As a step does: the actor first, its agent later.
        let mut step = world.store.pool.begin().await.unwrap();
        let own = "SELECT pg_backend_pid()";
        let (pid,): (i32,) = sqlx::query_as(own).fetch_one(&mut *step).await.unwrap();
        let lock = "UPDATE actors SET epoch = epoch WHERE id = $1";
        sqlx::query(lock)
            .bind(agent.0)
            .execute(&mut *step)
            .await
            .unwrap();
        let wishing = async {
            match wish {
                "change" => drop(
                    world
                        .store
                        .change_agent(agent, &row.spec, now)
                        .await
                        .unwrap(),
                ),
                _ => assert!(world.store.want(agent, Intent::Pause, now).await.unwrap()),
            }
        };
        let stepping = async {
            let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))";
            loop {
                let asked = sqlx::query_as(waits).bind(pid).fetch_one(&world.store.pool);
                let (blocked,): (bool,) = asked.await.unwrap();
                if blocked {
                    break;
                }
                tokio::task::yield_now().await;
            }
            let touch = "UPDATE agents SET updated_at = updated_at WHERE id = $1";
            sqlx::query(touch)
                .bind(agent.0)
                .execute(&mut *step)
                .await
                .unwrap();
            step.commit().await.unwrap();
        };
        tokio::join!(wishing, stepping);
    }
}
