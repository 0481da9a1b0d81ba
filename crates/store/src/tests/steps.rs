//! Steps: only on what was read.

use super::*;

#[tokio::test]
async fn of_two_steps_on_one_version_one_wins() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let read = world.see(agent).await.version;
    let wait = Wait::at_rest("mail", "anybody");
    let (one, other) = tokio::join!(
        step(&world, agent, read, &wait),
        step(&world, agent, read, &wait)
    );
    let results = [one, other];
    let won = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(won, 1, "{results:?}");
    let moved = results.iter().any(|r| matches!(r, Err(StoreError::Moved)));
    assert!(moved, "{results:?}");
    assert_eq!(
        world
            .store
            .actor(agent.into())
            .await
            .unwrap()
            .unwrap()
            .decisions
            .len(),
        1
    );
}

async fn step(
    world: &World,
    agent: AgentId,
    read: crate::actors::Version,
    wait: &Wait,
) -> Result<(), StoreError> {
    let decision = world.decision("test");
    world
        .store
        .step(agent.into(), read, wait, &decision, false)
        .await?
        .commit()
        .await
}

#[tokio::test]
async fn an_uncommitted_step_changes_nothing() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let before = world.store.actor(agent.into()).await.unwrap();
    drop(world.begin(agent).await);
    assert_eq!(world.store.actor(agent.into()).await.unwrap(), before);
}

#[tokio::test]
async fn the_last_ten_decisions_are_kept_newest_first() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    for n in 0..13 {
        let read = world.see(agent).await.version;
        let wait = Wait::at_rest("mail", "anybody");
        let decision = world.decision(&format!("step {n}"));
        let step = world
            .store
            .step(agent.into(), read, &wait, &decision, false)
            .await
            .unwrap();
        step.commit().await.unwrap();
    }
    let row = world.store.actor(agent.into()).await.unwrap().unwrap();
    let steps: Vec<_> = row.decisions.iter().map(|d| d.step.clone()).collect();
    let expected: Vec<_> = (3..13).rev().map(|n| format!("step {n}")).collect();
    assert_eq!(steps, expected);
}

#[tokio::test]
async fn a_step_writes_what_is_waited_for_and_only_a_new_incarnation_a_new_epoch() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    for (new_epoch, epoch) in [(false, 0), (true, 1), (false, 1)] {
        let read = world.see(agent).await.version;
        let wait = Wait::until("the end", "the agent", world.later(9));
        let decision = world.decision("test");
        let step = world
            .store
            .step(agent.into(), read, &wait, &decision, new_epoch)
            .await
            .unwrap();
        assert_eq!(step.epoch, epoch);
        step.commit().await.unwrap();
        let row = world.store.actor(agent.into()).await.unwrap().unwrap();
        assert_eq!((row.wait, row.epoch), (wait, epoch));
    }
}

#[tokio::test]
async fn a_wait_is_written_only_on_the_version_that_was_read() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let read = world.see(agent).await.version;
    let wait = Wait::until("room", "other agents", world.later(9));
    world.store.wait(agent.into(), read, &wait).await.unwrap();
    let row = world.store.actor(agent.into()).await.unwrap().unwrap();
    assert_eq!((&row.wait, row.decisions.len()), (&wait, 0));
    world.begin(agent).await.commit().await.unwrap();
    let late = world.store.wait(agent.into(), read, &wait).await;
    assert!(matches!(late, Err(StoreError::Moved)), "{late:?}");
}

#[tokio::test]
async fn a_step_begun_before_a_person_spoke_does_not_overwrite_the_wish() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let read = world.see(agent).await.version;
    world
        .store
        .want(agent, optio_domain::agent::Intent::Pause, world.at)
        .await
        .unwrap();
    let wait = Wait::at_rest("mail", "anybody");
    let late = step(&world, agent, read, &wait).await;
    assert!(matches!(late, Err(StoreError::Moved)), "{late:?}");
    let late = world.store.wait(agent.into(), read, &wait).await;
    assert!(matches!(late, Err(StoreError::Moved)), "{late:?}");
    assert_eq!(world.see(agent).await.wait.until, Some(world.at));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mail_that_comes_while_a_turn_opens_and_closes_is_counted() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let sender = {
        let world = world.clone();
        tokio::spawn(async move {
            for _message in 0..60 {
                world.mail(agent, 1).await;
            }
        })
    };
    while !sender.is_finished() || 0 < world.see(agent).await.agent.inbox_pending {
        let Some(turn) = world.open(agent).await else {
            continue;
        };
        let sight = world.see(agent).await;
        let closed = Closed {
            agent,
            turn,
            from: sight.agent.state,
            to: AgentState::Idle,
            reason: "closed",
            closing: &closing::done(),
            facts: &Facts::default(),
            keep: Keep::AsItIs,
            warm: None,
        };
        let (wait, decision) = (Wait::at_rest("mail", "anybody"), world.decision("test"));
        let write = write(&sight, &wait, &decision);
        world.store.close_turn(&write, &closed).await.unwrap();
    }
    sender.await.unwrap();
    assert_eq!(world.states(agent).await.len(), 60);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_miscounted_inbox_is_counted_anew() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 2).await;
    world.sql("UPDATE actors SET inbox_pending = 9").await;
    let mut step = world.begin(agent).await;
    step.recount_inbox().await.unwrap();
    step.commit().await.unwrap();
    world.counters_are_right().await;
}
