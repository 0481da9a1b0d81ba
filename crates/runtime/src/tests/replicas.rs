//! Several engines on one database, as several processes would be.

use std::sync::atomic::AtomicU64;

use optio_domain::{
    id::ReplicaId,
    ownership::{Role, SHARDS, Shard},
    ports::Ids,
};
use optio_store::{
    events::Cursor,
    ownership::{Heard, Listener, Registry},
};

use super::*;
use crate::{Household, Joining, Leases, Peers, Whose, links::Links};

struct Random;

impl Ids for Random {
    fn fresh(&self) -> Uuid {
        fresh()
    }
}

/// One control plane.
struct Replica {
    fake: Arc<Fake>,
    engine: Engine,
    leases: Option<Leases>,
    peers: Peers,
    hints: Hints,
    mailroom: Mailroom,
    stream: Stream,
    store: Store,
    /// Milliseconds by which its clock is ahead: as if it had been stopped for so long.
    stopped: Arc<AtomicU64>,
}

/// Long enough for a busy machine, short enough to be waited for.
fn limits() -> Limits {
    Limits {
        lease_ms_max: 3_000,
        lease_renewal_ms: 300,
        ..Limits::default()
    }
}

async fn registry(store: &Store) -> Registry {
    optio_store::testing::registry(store).await
}

impl Replica {
    async fn join(database: &Store, role: Role) -> Self {
        Self::with(database, role, Fake::resting()).await
    }

    async fn with(database: &Store, role: Role, fake: Arc<Fake>) -> Self {
        let stopped = Arc::new(AtomicU64::new(0));
        let (clock, began) = (Arc::clone(&stopped), Instant::now());
        let joining = Joining {
            url: format!("http://{}", fresh()),
            url_is_ours: true,
            role,
            limits: limits(),
            ids: Arc::new(Random),
            uptime: Arc::new(move || {
                began.elapsed() + Duration::from_millis(clock.load(Ordering::SeqCst))
            }),
        };
        let mut leases = Leases::join(registry(database).await, joining)
            .await
            .unwrap();
        let peers = leases.peers();
        let store = peers.fence(database);
        let kinds: Vec<Arc<dyn Kind>> = vec![Arc::<Fake>::clone(&fake)];
        let engine = Engine::start_among(peers.clone(), store.clone(), Arc::new(Wall), kinds);
        let engine = engine.await.unwrap();
        let stream = Stream::start_among(peers.clone(), store.clone());
        let hints = engine.hints();
        let mailroom = Mailroom::start(store.clone(), hints.clone(), stream.clone(), limits());
        let household = Household {
            engine: engine.steering(),
            links: Links::among(peers.clone()),
            stream: stream.clone(),
            announce: Arc::new(|_gained| Box::pin(async {})),
        };
        leases.begin(household).await.unwrap();
        Self {
            fake,
            engine,
            leases: Some(leases),
            peers,
            hints,
            mailroom,
            stream,
            store,
            stopped,
        }
    }

    fn owned(&self) -> usize {
        let ours = |shard: &Shard| self.peers.whose(*shard) == Whose::Ours;
        Shard::all().filter(ours).count()
    }

    fn me(&self) -> ReplicaId {
        self.peers.me().unwrap()
    }

    /// An actor whose shard is ours.
    fn actor(&self) -> Uuid {
        loop {
            let id = fresh();
            if self.peers.whose(Shard::of(id)) == Whose::Ours {
                return id;
            }
        }
    }

    /// Ends without a word, as SIGKILL would.
    async fn killed(mut self) {
        drop(self.leases.take());
        self.engine.stop().await;
    }
}

/// Two that have settled.
async fn two(database: &Store) -> (Replica, Replica) {
    let one = Replica::join(database, Role::All).await;
    assert_eq!(one.owned(), SHARDS, "at once");
    let other = Replica::join(database, Role::All).await;
    settled(&[(&one, SHARDS / 2), (&other, SHARDS / 2)]).await;
    (one, other)
}

async fn settled(shares: &[(&Replica, usize)]) {
    until("everybody has its share", async || {
        shares
            .iter()
            .all(|(replica, share)| replica.owned() == *share)
    })
    .await;
}

/// Hears everything that is said to a replica, beside it.
async fn listener(replica: &Replica) -> Listener {
    let mine = format!("optio_{}", replica.me().0.simple());
    let registry = registry(&replica.store).await;
    let channels = ["optio_ownership".to_owned(), mine];
    registry.listen(&channels).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_reaches_whoever_runs_the_actor_and_nobody_else() {
    let database = optio_store::testing::database().await;
    let (one, other) = two(&database).await;
    let id = other.actor();
    assert_eq!(other.fake.steps(id).len(), 0);
    until("the owner is known", async || {
        matches!(one.peers.whose(Shard::of(id)), Whose::Theirs { .. })
    })
    .await;
    one.hints.look(key(id));
    until("its owner looks", async || !other.fake.steps(id).is_empty()).await;
    assert!(one.fake.steps(id).is_empty());
    one.killed().await;
    other.killed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_alone_says_nothing_to_anybody() {
    let database = optio_store::testing::database().await;
    let alone = Replica::join(&database, Role::All).await;
    let mut listener = listener(&alone).await;
    let to = agent(&database, "a", now()).await;
    let _watching = alone
        .stream
        .listen(Some(Cursor::default()), None)
        .await
        .unwrap();
    for n in 0..20 {
        alone
            .mailroom
            .send(letter(to, &n.to_string()))
            .await
            .unwrap();
        alone.hints.look(key(fresh()));
        alone.stream.hint();
    }
    until("it looks", async || !alone.fake.steps(to.0).is_empty()).await;
    // What was said before would be heard before this.
    let last = registry(&database).await;
    let words = ("optio_ownership".to_owned(), "the last".to_owned());
    last.say(std::slice::from_ref(&words)).await.unwrap();
    let heard = tokio::time::timeout(LIMIT, listener.next()).await.unwrap();
    let (channel, words) = words;
    assert_eq!(heard.unwrap(), Heard::Words { channel, words });
    alone.killed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actors_of_one_that_dies_are_looked_at_by_the_others() {
    let database = optio_store::testing::database().await;
    let (one, other) = two(&database).await;
    let mut orphans = Vec::new();
    for n in 0..20 {
        let id = agent(&database, &format!("a{n}"), now() + TimeDelta::hours(1)).await;
        if one.peers.whose(Shard::of(id.0)) == Whose::Ours {
            orphans.push(id.0);
        }
    }
    assert!(!orphans.is_empty());
    let began = Instant::now();
    one.killed().await;
    until("all are looked at", async || {
        orphans.iter().all(|id| !other.fake.steps(*id).is_empty())
    })
    .await;
    let lease = Duration::from_millis(limits().lease_ms_max);
    assert!(began.elapsed() < lease + Duration::from_secs(4));
    settled(&[(&other, SHARDS)]).await;
    other.killed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_leaves_hands_over_at_once_and_after_its_last_step() {
    let database = optio_store::testing::database().await;
    let gated = Fake::gated(0, |_, _| Ok(Progress::Rest { until: None }));
    let mut one = Replica::with(&database, Role::All, Arc::clone(&gated)).await;
    let other = Replica::join(&database, Role::All).await;
    settled(&[(&one, SHARDS / 2), (&other, SHARDS / 2)]).await;
    let busy = one.actor();
    one.hints.look(key(busy));
    until("it steps", async || gated.count() == 1).await;
    let began = Instant::now();
    let mut leases = one.leases.take().unwrap();
    let leaving = tokio::spawn(async move { (leases.hand_over().await, leases) });
    until("it takes no new steps", async || one.owned() == 0).await;
    // Longer than a hand-over takes that waits for nobody.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(other.owned(), SHARDS / 2, "a step is under way");
    gated.gate.add_permits(1);
    let (others, leases) = leaving.await.unwrap();
    assert!(others);
    settled(&[(&other, SHARDS)]).await;
    assert!(began.elapsed() < Duration::from_millis(limits().lease_ms_max));
    one.hints.look(key(busy));
    until("the other looks", async || {
        !other.fake.steps(busy).is_empty()
    })
    .await;
    assert_eq!(gated.count(), 1);
    leases.leave().await;
    one.killed().await;
    other.killed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_stopped_for_long_does_nothing_before_it_is_somebody_new() {
    let database = optio_store::testing::database().await;
    let peers = Arc::new(std::sync::OnceLock::<Peers>::new());
    let (me_now, stepped_as) = (Arc::clone(&peers), Arc::new(Mutex::new(Vec::new())));
    let names = Arc::clone(&stepped_as);
    let fake = Fake::new(move |_, _| {
        names
            .lock()
            .unwrap()
            .push(me_now.get().unwrap().me().unwrap());
        Ok(Progress::Rest { until: None })
    });
    let alone = Replica::with(&database, Role::All, fake).await;
    peers.set(alone.peers.clone()).ok().unwrap();
    let (me, id) = (alone.me(), fresh());
    optio_store::testing::sql(
        &database,
        "UPDATE replicas SET lease_until = clock_timestamp()",
    )
    .await;
    // Its process was stopped for a minute.
    alone.stopped.store(60_000, Ordering::SeqCst);
    assert_eq!(alone.owned(), 0, "before anything else it knows");
    alone.hints.look(key(id));
    until("it is somebody new", async || alone.me() != me).await;
    settled(&[(&alone, SHARDS)]).await;
    until("what came meanwhile is seen", async || {
        !alone.fake.steps(id).is_empty()
    })
    .await;
    let names = stepped_as.lock().unwrap().clone();
    assert!(names.iter().all(|name| *name != me), "{names:?}");
    alone.killed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_runs_nothing_and_its_looks_reach_the_others() {
    let database = optio_store::testing::database().await;
    let gateway = Replica::join(&database, Role::Gateway).await;
    assert_eq!(gateway.owned(), 0);
    let worker = Replica::join(&database, Role::Actors).await;
    settled(&[(&worker, SHARDS), (&gateway, 0)]).await;
    let to = agent(&database, "a", now() + TimeDelta::hours(1)).await;
    until("the gateway knows who runs it", async || {
        gateway.peers.whose(Shard::of(to.0)) != Whose::Nobodys
    })
    .await;
    gateway.mailroom.send(letter(to, "hello")).await.unwrap();
    until("its owner looks", async || {
        !worker.fake.steps(to.0).is_empty()
    })
    .await;
    assert_eq!(gateway.fake.count(), 0);
    gateway.killed().await;
    worker.killed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_comes_while_nobody_runs_the_actor_reaches_whoever_takes_it() {
    let database = optio_store::testing::database().await;
    let gateway = Replica::join(&database, Role::Gateway).await;
    // There is no row that anybody who takes over would find.
    let id = fresh();
    gateway.hints.look(key(id));
    let worker = Replica::join(&database, Role::Actors).await;
    until("it is told", async || !worker.fake.steps(id).is_empty()).await;
    gateway.killed().await;
    worker.killed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_to_a_stream_is_hinted_at_what_others_commit() {
    let database = optio_store::testing::database().await;
    let (one, other) = two(&database).await;
    let to = agent(&database, "a", now() + TimeDelta::hours(1)).await;
    let mut heard = listener(&other).await;
    let _watching = other.stream.listen(None, None).await.unwrap();
    let words = stream_words(&other);
    let (say_hinted, mut hinted) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        while heard.next().await.unwrap() != words {}
        say_hinted.send_replace(true);
    });
    until("the other is hinted", async || {
        one.mailroom.send(letter(to, "hello")).await.unwrap();
        *hinted.borrow_and_update()
    })
    .await;
    one.killed().await;
    other.killed().await;
}

fn stream_words(to: &Replica) -> Heard {
    Heard::Words {
        channel: format!("optio_{}", to.me().0.simple()),
        words: "stream".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_actors_step_at_once_than_there_are_places() {
    let fake = Fake::gated(0, |_, _| Ok(Progress::Rest { until: None }));
    let world = World::with(&fake).await;
    let places = world.store.connections_max() * 2;
    for _actor in 0..places + 30 {
        world.look(fresh());
    }
    until("all places are taken", async || fake.count() == places).await;
    fake.gate.add_permits(places + 30);
    until("everybody had its turn", async || {
        fake.count() == places + 30
    })
    .await;
    assert_eq!(fake.running_max.load(Ordering::SeqCst), places);
}
