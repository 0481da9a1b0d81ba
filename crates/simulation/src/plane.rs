//! A control plane without its engine: the real kinds, reports and schedules, and a set of hints that
//! the scheduler serves in the engine's place.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use optio_actors::{
    KnownRuns, World,
    agent::Agents,
    reports::{Reports, by_runtime},
    triggers::Schedules,
};
use optio_domain::{
    actor::ActorKey,
    id::ReplicaId,
    limits::Limits,
    notice::{
        WebhookUrl,
        guard::{Inner, PrivateHosts, check_url},
        post::{Attempt, Post, Unsent},
    },
    ownership::Shard,
    ports::{Eventually, Ids as _, NoTrackers, Notifier},
    token::Signer,
};
use optio_runtime::{Hints, links::Links, stream::Stream};
use optio_store::{Store, ownership::Holding};

use crate::{
    fleet::{Driver, Fleet, programs},
    gate::Gate,
    time::{CountedIds, SkewedClock, Time},
};

/// What all control planes of a story share.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) store: Store,
    pub(crate) gate: Gate,
    pub(crate) fleet: Fleet,
    pub(crate) time: Time,
    pub(crate) ids: Arc<CountedIds>,
    pub(crate) limits: Limits,
}

/// A control plane.
pub(crate) struct Plane {
    pub(crate) up: bool,
    pub(crate) skew: TimeDelta,
    pub(crate) world: World,
    pub(crate) agents: Arc<Agents>,
    pub(crate) reports: Reports,
    pub(crate) schedules: Schedules,
    pub(crate) hints: Hints,
    told: Told,
    /// What it believes to own, where control planes own actors.
    pub(crate) holding: Option<Arc<Holding>>,
    /// Actors that take a step here: never two at once.
    pub(crate) stepping: BTreeSet<ActorKey>,
    /// Whether its mailroom writes: it has one writer.
    pub(crate) sending: bool,
}

/// Nobody is told anything: no story has webhooks.
struct Nobody;

impl Notifier for Nobody {
    fn check(&self, url: &WebhookUrl) -> Result<(), Inner> {
        check_url(url, &PrivateHosts::default())
    }

    fn send<'a>(&'a self, _post: &'a Post) -> Eventually<'a, Attempt> {
        Box::pin(async { Err(Unsent::Unreachable("nobody listens in a story".to_owned())) })
    }
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<BTreeSet<ActorKey>>>);

impl Told {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<ActorKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plane {
    /// Starts one that knows nothing but what is stored.
    pub(crate) fn start(given: &Given, skew: TimeDelta, fenced: bool) -> Self {
        let me = ReplicaId(given.ids.fresh());
        // A lease that is never over by itself: the owner that does not notice is the worst one.
        let holding = fenced.then(|| Arc::new(Holding::new(me, Arc::new(|| Duration::ZERO))));
        if let Some(holding) = &holding {
            holding.renewed(me, Duration::MAX);
        }
        let store = match &holding {
            Some(holding) => given.store.held_by(Arc::clone(holding)),
            None => given.store.clone(),
        };
        let told = Told::default();
        let ear = told.clone();
        let hints = Hints::heard_by(move |key| {
            ear.lock().insert(key);
        });
        let world = World {
            store,
            links: Links::default(),
            stream: Stream::unfollowed(given.store.clone()),
            sandboxes: Arc::new(Driver {
                fleet: given.fleet.clone(),
                gate: given.gate.clone(),
            }),
            clis: Arc::new(by_runtime(programs())),
            hosts: optio_domain::ports::GitHosts::default(),
            trackers: Arc::new(NoTrackers),
            notifier: Arc::new(Nobody),
            clock: Arc::new(SkewedClock {
                time: given.time.clone(),
                skew,
            }),
            ids: Arc::<CountedIds>::clone(&given.ids),
            signer: Signer::new(&[7; 32]).unwrap_or_else(|_short| unreachable!("32 bytes")),
            api_url: "http://127.0.0.1:1".to_owned(),
            runs: KnownRuns::default(),
            limits: given.limits,
        };
        let agents = Agents::new(world.clone());
        agents.introduce(hints.clone());
        Self {
            up: true,
            skew,
            agents: Arc::new(agents),
            reports: Reports::new(world.clone(), hints.clone()),
            schedules: Schedules::new(world.clone(), hints.clone()),
            world,
            hints,
            told,
            holding,
            stepping: BTreeSet::new(),
            sending: false,
        }
    }

    /// Who was told to look and may do so now: who is its own, as far as it knows.
    pub(crate) fn waiting(&self) -> Vec<ActorKey> {
        let told = self.told.lock();
        let waiting = told.difference(&self.stepping).copied();
        waiting.filter(|key| self.owns(*key)).collect()
    }

    /// Who was told to look and is another's: that one is told instead.
    pub(crate) fn others(&self) -> Vec<ActorKey> {
        let mut told = self.told.lock();
        let others: Vec<_> = told
            .iter()
            .copied()
            .filter(|key| !self.owns(*key))
            .collect();
        told.retain(|key| self.owns(*key));
        others
    }

    fn owns(&self, key: ActorKey) -> bool {
        let holding = self.holding.as_ref();
        holding.is_none_or(|it| it.owns(Shard::of(key.id)))
    }

    /// Who it is.
    pub(crate) fn me(&self) -> Option<ReplicaId> {
        self.holding.as_ref().map(|holding| holding.me())
    }

    /// An actor begins to look: what was said before is heard.
    pub(crate) fn begins(&mut self, key: ActorKey) {
        self.told.lock().remove(&key);
        self.stepping.insert(key);
    }
}
