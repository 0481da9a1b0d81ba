//! Agents as rows.

use optio_domain::agent::{AgentState, Intent};

use super::*;

impl World {
    async fn create(&self, slug: &str) -> Result<crate::agents::AgentRow, StoreError> {
        let id = AgentId(fresh());
        let spec = AgentSpec::new(slug, slug, "go");
        let mission = self.letter(id, "go");
        self.store
            .create_agent(id, "default", &spec, "user:ada", &mission)
            .await
    }
}

#[tokio::test]
async fn an_agent_is_created_with_its_mission_and_is_due() {
    let world = World::new().await;
    let agent = world.create("a").await.unwrap();
    assert_eq!((agent.state, agent.inbox_pending), (AgentState::Idle, 1));
    assert_eq!(world.bodies(agent.id).await, ["go"]);
    let due = world.store.due(world.at, None, 10).await.unwrap();
    assert_eq!(due, [(world.at, agent.id.into())]);
    let found = world.store.agent_by_slug("default", "a").await.unwrap();
    assert_eq!(found.as_ref(), Some(&agent));
    assert_eq!(world.store.agent(agent.id).await.unwrap(), Some(agent));
    assert_eq!(world.store.agent_by_slug("other", "a").await.unwrap(), None);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_slug_is_taken_until_its_agent_is_deleted() {
    let world = World::new().await;
    let first = world.create("a").await.unwrap();
    let refused = world.create("a").await.unwrap_err();
    assert!(matches!(refused, StoreError::SlugTaken(_)), "{refused:?}");
    assert_eq!(world.number("SELECT count(*) FROM actors").await, 1);
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 1);
    assert!(
        world
            .store
            .want(first.id, Intent::Delete, world.at)
            .await
            .unwrap()
    );
    world.create("a").await.unwrap();
    assert_eq!(world.store.agent(first.id).await.unwrap(), None);
}

#[tokio::test]
async fn agents_are_paged_in_the_order_of_their_creation() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for n in 0..5 {
        expected.push(world.create(&format!("a{n}")).await.unwrap());
    }
    // All of one moment: the identity decides.
    expected.sort_by_key(|agent| agent.id);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.agents("default", after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.created_at, last.id.0));
        seen.extend(page);
    }
    assert_eq!(seen, expected);
    world
        .store
        .want(seen[0].id, Intent::Delete, world.at)
        .await
        .unwrap();
    let stats = world.store.agent_stats("default").await.unwrap();
    assert_eq!(stats, [("idle".to_owned(), 4)]);
}

#[tokio::test]
async fn a_change_reaches_the_row_and_makes_its_actor_look() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let before = world.see(agent).await;
    let spec = AgentSpec {
        name: "Another".to_owned(),
        model: Some("m".to_owned()),
        enabled: false,
        sandbox: rusty(),
        ..before.agent.spec
    };
    let changed = world
        .store
        .change_agent(agent, &spec, world.later(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (changed.spec, changed.updated_at),
        (spec.clone(), world.later(1))
    );
    let decided = world.store.sandbox_spec(agent.into()).await.unwrap();
    assert_eq!(decided, (rusty(), None));
    let after = world.see(agent).await;
    assert_ne!(after.version, before.version);
    assert_eq!(after.wait.until, Some(world.later(1)));
    world
        .store
        .want(agent, Intent::Delete, world.at)
        .await
        .unwrap();
    assert_eq!(
        world
            .store
            .change_agent(agent, &spec, world.at)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn a_wish_is_kept_until_it_is_met_and_a_newer_one_replaces_it() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    assert!(
        world
            .store
            .want(agent, Intent::Pause, world.at)
            .await
            .unwrap()
    );
    assert!(
        world
            .store
            .want(agent, Intent::Resume, world.at)
            .await
            .unwrap()
    );
    let mut step = world.begin(agent).await;
    step.intent_met(Intent::Pause).await.unwrap();
    step.commit().await.unwrap();
    assert_eq!(world.see(agent).await.agent.intent, Some(Intent::Resume));
    let mut step = world.begin(agent).await;
    step.intent_met(Intent::Resume).await.unwrap();
    step.commit().await.unwrap();
    assert_eq!(world.see(agent).await.agent.intent, None);
    assert!(
        !world
            .store
            .want(AgentId(fresh()), Intent::Pause, world.at)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_purged_agent_leaves_no_trace_but_that_it_is_gone() {
    let world = World::new().await;
    let (agent, other) = (world.agent("a").await, world.agent("b").await);
    world.mail(other, 1).await;
    world.mail(agent, 1).await;
    world.open(agent).await.unwrap();
    world
        .store
        .create_trigger(&triggers::trigger(&world, agent))
        .await
        .unwrap();
    let mut step = world.begin(agent).await;
    step.sandbox_wanted().await.unwrap();
    step.commit().await.unwrap();
    let mut step = world.begin(agent).await;
    step.sandbox_gone().await.unwrap();
    step.purge_agent().await.unwrap();
    step.commit().await.unwrap();
    for table in ["agents", "actors", "messages"] {
        let rows = world.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, 1, "{table}");
    }
    for table in ["turns", "runs", "triggers", "sandboxes"] {
        let rows = world.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, 0, "{table}");
    }
    let told = format!("SELECT count(*) FROM events WHERE actor_id = '{agent}'");
    assert_eq!(world.number(&told).await, 1);
    assert_eq!(world.store.see_agent(agent).await.unwrap(), None);
}

#[tokio::test]
async fn a_sandbox_is_kept_as_long_as_it_is_said() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let turn = world.open(agent).await.unwrap();
    assert_eq!(world.see(agent).await.sandbox.unwrap().until, None);
    let keep = Keep::Until(Some(world.later(9)));
    world
        .close_and_keep(agent, turn, &closing::done(), &Facts::default(), keep)
        .await
        .unwrap();
    let kept = world.see(agent).await.sandbox.unwrap();
    assert_eq!(kept.until, Some(world.later(9)));
    let mut step = world.begin(agent).await;
    step.sandbox_wanted().await.unwrap();
    step.commit().await.unwrap();
    assert_eq!(world.see(agent).await.sandbox.unwrap().until, None);
    let sandbox = optio_domain::id::SandboxId::of_agent(agent);
    assert_eq!(world.store.sandboxes().await.unwrap(), [(sandbox, true)]);
    let mut step = world.begin(agent).await;
    step.sandbox_gone().await.unwrap();
    step.commit().await.unwrap();
    let sight = world.see(agent).await;
    assert_eq!((sight.sandbox, sight.lingering), (None, None));
}

#[tokio::test]
async fn forgiving_starts_afresh() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    for (forget, kept) in [(false, Some("s")), (true, None)] {
        world
            .sql(
                "UPDATE agents SET consecutive_failures = 3, rate_limits_in_row = 2,
                  hold_until = now(), hold_reason = 'why', session_id = 's'",
            )
            .await;
        let mut step = world.begin(agent).await;
        step.forgive(forget).await.unwrap();
        step.commit().await.unwrap();
        let row = world.see(agent).await.agent;
        assert_eq!(
            (row.consecutive_failures, row.rate_limits, row.hold),
            (0, 0, None)
        );
        assert_eq!(row.session_id.as_deref(), kept);
    }
}
