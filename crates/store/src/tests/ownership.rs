//! Who may write about an actor: leases, hand-over, and the fence between an old owner and a new one.

use std::sync::{Arc, Mutex};

use optio_domain::{
    id::ReplicaId,
    ownership::{Role, SHARDS, Shard},
};

use super::*;
use crate::ownership::{Holding, Registry};

/// A lease that outlasts every test.
const LONG: Duration = Duration::from_secs(600);
/// A lease that is over at once.
const OVER: Duration = Duration::ZERO;

/// A replica with a store of its own; its uptime is what the test says.
struct Replica {
    id: ReplicaId,
    registry: Registry,
    holding: Arc<Holding>,
    uptime: Arc<Mutex<Duration>>,
    store: Store,
}

impl Replica {
    async fn join(world: &World, lease: Duration) -> Self {
        let id = ReplicaId(fresh());
        let registry = crate::testing::registry(&world.store).await;
        let url = format!("http://{id}");
        let joined = registry.join(id, &url, Role::All, lease, false);
        joined.await.unwrap();
        let uptime = Arc::new(Mutex::new(Duration::ZERO));
        let clock = Arc::clone(&uptime);
        let holding = Arc::new(Holding::new(id, Arc::new(move || *clock.lock().unwrap())));
        holding.renewed(id, LONG);
        Self {
            id,
            registry,
            store: world.store.held_by(Arc::clone(&holding)),
            holding,
            uptime,
        }
    }

    async fn claim(&self, max: usize) -> Vec<Shard> {
        let claimed = self.registry.claim(self.id, max).await.unwrap();
        let rows = self.registry.replicas().await.unwrap();
        let mine = rows.iter().find(|row| row.id == self.id).unwrap();
        self.holding.replace(&mine.shards);
        claimed.into_iter().map(|(shard, _epoch)| shard).collect()
    }

    async fn die(&self, world: &World) {
        world
            .sql(&format!(
                "UPDATE replicas SET lease_until = clock_timestamp() WHERE id = '{}'",
                self.id
            ))
            .await;
    }

    async fn begin(&self, world: &World, agent: AgentId) -> Result<Step, StoreError> {
        let read = world.see(agent).await.version;
        let wait = Wait::at_rest("mail", "anybody");
        let decision = world.decision("test");
        self.store
            .step(agent.into(), read, &wait, &decision, false)
            .await
    }
}

#[tokio::test]
async fn the_database_and_the_domain_agree_on_the_shard_of_an_actor() {
    let world = World::new().await;
    for n in 0..50 {
        let agent = world.agent(&format!("a{n}")).await;
        let (shard,): (i16,) = sqlx::query_as("SELECT shard FROM actors WHERE id = $1")
            .bind(agent.0)
            .fetch_one(&world.store.pool)
            .await
            .unwrap();
        assert_eq!(Shard::at(shard), Some(Shard::of(agent.0)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_claim_at_once_never_get_the_same_shard() {
    let world = World::new().await;
    let mut replicas = Vec::new();
    for _replica in 0..4 {
        replicas.push(Arc::new(Replica::join(&world, LONG).await));
    }
    let mut claims = tokio::task::JoinSet::new();
    for replica in &replicas {
        let replica = Arc::clone(replica);
        claims.spawn(async move {
            let mut mine = Vec::new();
            for _try in 0..32 {
                mine.extend(replica.claim(8).await);
            }
            mine
        });
    }
    let mut all = claims.join_all().await.concat();
    assert_eq!(all.len(), SHARDS);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), SHARDS, "each has one owner");
}

#[tokio::test]
async fn a_shard_is_taken_from_the_dead_and_not_from_the_living() {
    let world = World::new().await;
    let (old, new) = (
        Replica::join(&world, LONG).await,
        Replica::join(&world, LONG).await,
    );
    assert_eq!(old.claim(SHARDS).await.len(), SHARDS);
    assert!(new.claim(SHARDS).await.is_empty());
    old.die(&world).await;
    assert_eq!(new.claim(SHARDS).await.len(), SHARDS);
    assert!(
        !old.registry.renew(old.id, LONG, false).await.unwrap(),
        "a lease that is over is not renewed"
    );
    assert!(old.claim(SHARDS).await.is_empty(), "the dead take nothing");
    let rows = new.registry.replicas().await.unwrap();
    let owner = rows.iter().find(|row| row.id == new.id).unwrap();
    assert!(owner.shards.iter().all(|(_, epoch)| *epoch == 2));
}

#[tokio::test]
async fn the_dead_own_nothing_for_long_after_the_clock_of_the_database_was_set_back() {
    let world = World::new().await;
    let (dead, living) = (
        Replica::join(&world, LONG).await,
        Replica::join(&world, LONG).await,
    );
    assert_eq!(dead.claim(SHARDS).await.len(), SHARDS);
    // As if both had renewed by a clock that was an hour ahead.
    world
        .sql("UPDATE replicas SET lease_until = lease_until + interval '1 hour'")
        .await;
    assert!(living.registry.renew(living.id, LONG, false).await.unwrap());
    for row in living.registry.replicas().await.unwrap() {
        assert!(row.left <= LONG, "{row:?}");
    }
    assert!(
        dead.registry.renew(dead.id, LONG, false).await.unwrap(),
        "a lease that was clipped is not over"
    );
}

#[tokio::test]
async fn whoever_renews_at_this_moment_is_not_taken_for_dead() {
    let world = World::new().await;
    let (old, new) = (
        Replica::join(&world, LONG).await,
        Replica::join(&world, LONG).await,
    );
    old.claim(SHARDS).await;
    old.die(&world).await;
    let mut renewing = world.store.pool.begin().await.unwrap();
    sqlx::query("UPDATE replicas SET lease_until = clock_timestamp() + '1 hour' WHERE id = $1")
        .bind(old.id.0)
        .execute(&mut *renewing)
        .await
        .unwrap();
    assert!(new.claim(SHARDS).await.is_empty());
    renewing.commit().await.unwrap();
    assert!(new.claim(SHARDS).await.is_empty());
}

#[tokio::test]
async fn whatever_a_former_owner_writes_is_refused_and_counted() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (old, new) = (
        Replica::join(&world, LONG).await,
        Replica::join(&world, LONG).await,
    );
    old.claim(SHARDS).await;
    old.begin(&world, agent)
        .await
        .unwrap()
        .commit()
        .await
        .unwrap();
    old.die(&world).await;
    new.claim(SHARDS).await;
    let before = world.store.actor(agent.into()).await.unwrap().unwrap();
    let wait = Wait::at_rest("nothing", "nobody");
    let refused = [
        old.begin(&world, agent).await.map(drop),
        old.store.wait(agent.into(), before.version, &wait).await,
        old.store
            .quarantine(agent.into(), "it fell", world.at)
            .await,
    ];
    for result in refused {
        assert!(matches!(result, Err(StoreError::NotOwner)), "{result:?}");
    }
    assert_eq!(old.holding.refused(), 3);
    let now = world.store.actor(agent.into()).await.unwrap();
    assert_eq!(now.as_ref(), Some(&before));
    new.begin(&world, agent)
        .await
        .unwrap()
        .commit()
        .await
        .unwrap();
    // Who has the right epoch but an old version is told so as before.
    let read = before.version;
    let late = new.store.wait(agent.into(), read, &wait).await;
    assert!(matches!(late, Err(StoreError::Moved)), "{late:?}");
}

#[tokio::test]
async fn a_former_owner_neither_opens_nor_closes_a_turn_and_takes_no_room() {
    let world = World::new().await;
    let (idle, busy) = (world.agent("a").await, world.agent("b").await);
    for agent in [idle, busy] {
        world.mail(agent, 1).await;
    }
    let turn = world.open(busy).await.unwrap();
    let (old, new) = (
        Replica::join(&world, LONG).await,
        Replica::join(&world, LONG).await,
    );
    old.claim(SHARDS).await;
    old.die(&world).await;
    new.claim(SHARDS).await;
    let through = |replica: &Replica| World {
        store: replica.store.clone(),
        at: world.at,
    };
    let (opened, closed) = (
        through(&old)
            .try_open(&world.see(idle).await, TurnId(fresh()), ROOM)
            .await
            .map(drop),
        through(&old)
            .close(busy, turn, &closing::done(), &Facts::default())
            .await
            .map(drop),
    );
    for result in [opened, closed] {
        assert!(matches!(result, Err(StoreError::NotOwner)), "{result:?}");
    }
    let (taken,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM turn_slots WHERE turn_id IS NOT NULL")
            .fetch_one(&world.store.pool)
            .await
            .unwrap();
    assert_eq!(taken, 1);
    through(&new).open(idle).await.unwrap();
    through(&new)
        .close(busy, turn, &closing::done(), &Facts::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_step_that_began_before_a_takeover_ends_before_it() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (old, new) = (
        Replica::join(&world, LONG).await,
        Replica::join(&world, LONG).await,
    );
    old.claim(SHARDS).await;
    let step = old.begin(&world, agent).await.unwrap();
    old.die(&world).await;
    let taken = new.claim(SHARDS).await;
    assert_eq!(taken.len(), SHARDS - 1, "the shard of the step is held");
    assert!(!taken.contains(&Shard::of(agent.0)));
    step.commit().await.unwrap();
    assert_eq!(new.claim(SHARDS).await, [Shard::of(agent.0)]);
    let late = old.begin(&world, agent).await;
    assert!(matches!(late, Err(StoreError::NotOwner)), "{late:?}");
}

#[tokio::test]
async fn a_step_that_meets_a_takeover_waits_for_it_and_is_refused() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (old, new) = (
        Replica::join(&world, LONG).await,
        Replica::join(&world, LONG).await,
    );
    old.claim(SHARDS).await;
    let mut taking = world.store.pool.begin().await.unwrap();
    for sql in [
        "SELECT FROM shards WHERE shard = $1 AND $2::uuid IS NOT NULL FOR UPDATE",
        "UPDATE shards SET owner = $2, epoch = epoch + 1 WHERE shard = $1",
    ] {
        sqlx::query(sql)
            .bind(Shard::of(agent.0).number())
            .bind(new.id.0)
            .execute(&mut *taking)
            .await
            .unwrap();
    }
    let (late, ()) = tokio::join!(old.begin(&world, agent), async {
        until("the step waits", async || {
            let (waiting,): (i64,) =
                sqlx::query_as("SELECT count(*) FROM pg_locks WHERE NOT granted")
                    .fetch_one(&world.store.pool)
                    .await
                    .unwrap();
            0 < waiting
        })
        .await;
        taking.commit().await.unwrap();
    });
    assert!(matches!(late, Err(StoreError::NotOwner)), "{late:?}");
}

#[tokio::test]
async fn a_shard_is_given_back_only_after_the_steps_under_way() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let old = Replica::join(&world, LONG).await;
    old.claim(SHARDS).await;
    let step = old.begin(&world, agent).await.unwrap();
    let mine = [Shard::of(agent.0)];
    let mut release = Box::pin(old.registry.release(old.id, &mine));
    let soon = tokio::time::timeout(Duration::from_millis(200), &mut release).await;
    assert!(soon.is_err(), "the step holds it");
    step.commit().await.unwrap();
    release.await.unwrap();
    let new = Replica::join(&world, LONG).await;
    assert_eq!(new.claim(SHARDS).await, mine);
}

#[tokio::test]
async fn the_transaction_of_a_stopped_process_is_cut_and_does_not_hold_up_a_takeover() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (old, new) = (
        Replica::join(&world, LONG).await,
        Replica::join(&world, LONG).await,
    );
    old.claim(SHARDS).await;
    let before = world.store.actor(agent.into()).await.unwrap();
    // A process that is stopped says nothing more, and neither do we.
    let step = old.begin(&world, agent).await.unwrap();
    old.die(&world).await;
    let began = Instant::now();
    new.claim(SHARDS).await;
    until("the shard is free", async || {
        new.claim(SHARDS).await;
        new.holding.owns(Shard::of(agent.0))
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(5));
    let late = step.commit().await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    assert_eq!(world.store.actor(agent.into()).await.unwrap(), before);
}

#[tokio::test]
async fn who_has_not_renewed_for_a_lease_stops_by_itself() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let replica = Replica::join(&world, LONG).await;
    replica.claim(SHARDS).await;
    let shard = Shard::of(agent.0);
    assert!(replica.holding.enter(shard).is_some());
    *replica.uptime.lock().unwrap() = LONG;
    assert!(replica.holding.enter(shard).is_none());
    assert!(replica.holding.is_quiet(&[shard]));
    let late = replica.begin(&world, agent).await;
    assert!(matches!(late, Err(StoreError::NotOwner)), "{late:?}");
    assert_eq!(replica.holding.refused(), 0, "the database was not asked");
}

#[tokio::test]
async fn a_replica_sees_only_the_actors_that_are_its_own() {
    let world = World::new().await;
    let replica = Replica::join(&world, LONG).await;
    let mut agents = Vec::new();
    for n in 0..20 {
        let agent = world.agent(&format!("a{n}")).await;
        world.mail(agent, 1).await;
        world.open(agent).await.unwrap();
        world.mail(agent, 1).await;
        agents.push(ActorKey::from(agent));
    }
    world
        .sql(&format!(
            "UPDATE actors SET wake_at = '{}'",
            world.at.to_rfc3339()
        ))
        .await;
    let seen = async |store: &Store| {
        let due = store.due(world.at, None, 100).await.unwrap();
        let mut due: Vec<ActorKey> = due.into_iter().map(|(_, key)| key).collect();
        let mut mail = store.with_mail(None, 100).await.unwrap();
        let mut busy = store.in_flight().await.unwrap();
        for keys in [&mut due, &mut mail, &mut busy] {
            keys.sort_unstable();
        }
        assert_eq!(due, mail);
        assert_eq!(due, busy);
        due
    };
    assert!(seen(&replica.store).await.is_empty());
    assert_eq!(replica.store.next_due(world.later(-1)).await.unwrap(), None);
    replica.claim(128).await;
    let mut mine: Vec<ActorKey> = agents.clone();
    mine.retain(|key| replica.holding.owns(Shard::of(key.id)));
    mine.sort_unstable();
    assert!(
        !mine.is_empty() && mine.len() < agents.len(),
        "try again: chance"
    );
    assert_eq!(seen(&replica.store).await, mine);
    let gained = [Shard::of(mine[0].id)];
    let of = |keys: Vec<ActorKey>| keys.iter().all(|key| Shard::of(key.id) == gained[0]);
    let store = &replica.store;
    assert!(of(store.with_mail_in(&gained, None, 100).await.unwrap()));
    assert!(of(store.in_flight_in(&gained).await.unwrap()));
    replica.claim(SHARDS).await;
    agents.sort_unstable();
    assert_eq!(seen(&replica.store).await, agents);
}

#[tokio::test]
async fn whoever_listens_at_an_address_replaces_who_was_there_before() {
    let world = World::new().await;
    let old = Replica::join(&world, LONG).await;
    old.claim(SHARDS).await;
    let new = Replica::join(&world, LONG).await;
    let again = ReplicaId(fresh());
    let url = format!("http://{}", old.id);
    let joined = new.registry.join(again, &url, Role::All, LONG, true);
    joined.await.unwrap();
    assert_eq!(new.claim(SHARDS).await.len(), SHARDS);
    assert!(!old.registry.renew(old.id, LONG, false).await.unwrap());
}

#[tokio::test]
async fn what_is_dead_for_long_is_forgotten_and_what_is_not_is_shown() {
    let world = World::new().await;
    let (alive, gone) = (
        Replica::join(&world, LONG).await,
        Replica::join(&world, OVER).await,
    );
    alive.registry.tidy().await.unwrap();
    let shown = |rows: &[crate::ownership::ReplicaRow]| {
        rows.iter()
            .map(|row| (row.id, row.is_alive()))
            .collect::<Vec<_>>()
    };
    let rows = world.store.replicas().await.unwrap();
    assert_eq!(shown(&rows), [(alive.id, true), (gone.id, false)]);
    world
        .sql(
            "UPDATE replicas SET lease_until = lease_until - interval '2 minutes'
              WHERE lease_until < clock_timestamp()",
        )
        .await;
    alive.registry.tidy().await.unwrap();
    let rows = world.store.replicas().await.unwrap();
    assert_eq!(shown(&rows), [(alive.id, true)]);
}

#[tokio::test]
async fn words_reach_whoever_listens_on_their_channel() {
    let world = World::new().await;
    let replica = Replica::join(&world, LONG).await;
    let mut listener = replica.registry.listen(&["mine".to_owned()]).await.unwrap();
    let say = |channel: &str, words: &str| (channel.to_owned(), words.to_owned());
    let words = [say("another", "no"), say("mine", "yes")];
    replica.registry.say(&words).await.unwrap();
    let heard = tokio::time::timeout(LIMIT, listener.next()).await.unwrap();
    let expected = crate::ownership::Heard::Words {
        channel: "mine".to_owned(),
        words: "yes".to_owned(),
    };
    assert_eq!(heard.unwrap(), expected);
}
