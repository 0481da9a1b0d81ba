//! A control plane without its engine: the real kinds, reports and schedules, and a set of hints that
//! the scheduler serves in the engine's place.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;
use optio_actors::{
    World,
    agent::Agents,
    reports::{Reports, by_runtime},
    schedules::Schedules,
};
use optio_domain::{actor::ActorKey, limits::Limits, token::Signer};
use optio_runtime::{Hints, links::Links, stream::Stream};
use optio_store::Store;

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
    /// Actors that take a step here: never two at once.
    pub(crate) stepping: BTreeSet<ActorKey>,
    /// Whether its mailroom writes: it has one writer.
    pub(crate) sending: bool,
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
    pub(crate) fn start(given: &Given, skew: TimeDelta) -> Self {
        let told = Told::default();
        let ear = told.clone();
        let hints = Hints::heard_by(move |key| {
            ear.lock().insert(key);
        });
        let world = World {
            store: given.store.clone(),
            links: Links::default(),
            stream: Stream::unfollowed(given.store.clone()),
            sandboxes: Arc::new(Driver {
                fleet: given.fleet.clone(),
                gate: given.gate.clone(),
            }),
            clis: Arc::new(by_runtime(programs())),
            clock: Arc::new(SkewedClock {
                time: given.time.clone(),
                skew,
            }),
            ids: Arc::<CountedIds>::clone(&given.ids),
            signer: Signer::new(&[7; 32]).unwrap_or_else(|_short| unreachable!("32 bytes")),
            api_url: "http://127.0.0.1:1".to_owned(),
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
            stepping: BTreeSet::new(),
            sending: false,
        }
    }

    /// Who was told to look and may do so now.
    pub(crate) fn waiting(&self) -> Vec<ActorKey> {
        let told = self.told.lock();
        told.difference(&self.stepping).copied().collect()
    }

    /// An actor begins to look: what was said before is heard.
    pub(crate) fn begins(&mut self, key: ActorKey) {
        self.told.lock().remove(&key);
        self.stepping.insert(key);
    }
}
