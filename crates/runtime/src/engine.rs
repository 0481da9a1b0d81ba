//! The tree: the engine, one supervisor per kind, one shell per actor that has something to do.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use optio_domain::{
    actor::{ActorKey, ActorKind},
    ownership::Shard,
    ports::Clock,
};
use optio_store::{Store, StoreError};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    kind::Kind,
    ownership::{Peers, Whose},
    shell::{Gate, Shell, ShellArgs, ShellMsg},
    timer::Timer,
};

/// Falls within [`FALL_WINDOW`] after which an actor is left alone.
const FALLS_MAX: usize = 5;
const FALL_WINDOW: Duration = Duration::from_secs(60);
/// The pause before a fallen actor is started again: doubled with each further fall.
const FALL_PAUSE: Duration = Duration::from_millis(100);
/// Actors with mail that are read at once when everything is looked at.
const PAGE: i64 = 1_000;
/// Steps at once for every connection: a step also waits for runners and sandboxes.
const STEPS_PER_CONNECTION: usize = 2;
/// The pauses between attempts to write a quarantine.
const QUARANTINE_PAUSE: Duration = Duration::from_millis(200);
const QUARANTINE_PAUSE_MAX: Duration = Duration::from_secs(10);

/// The engine could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the engine could not be started: {0}")]
pub struct EngineError(String);

impl EngineError {
    pub(crate) fn other(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Tells actors that something may have changed. Cheap, and harmless when repeated.
#[derive(Clone)]
pub struct Hints {
    kinds: Arc<HashMap<ActorKind, ActorRef<KindMsg>>>,
    peers: Peers,
    #[cfg(feature = "testing")]
    ear: Option<Arc<Ear>>,
}

/// Hears every hint in the engine's place.
#[cfg(feature = "testing")]
type Ear = dyn Fn(ActorKey) + Send + Sync;

impl Hints {
    /// Hints that somebody else hears in the engine's place.
    #[cfg(feature = "testing")]
    pub fn heard_by(ear: impl Fn(ActorKey) + Send + Sync + 'static) -> Self {
        Self {
            kinds: Arc::default(),
            peers: Peers::alone(),
            ear: Some(Arc::new(ear)),
        }
    }

    /// Tells one actor to look, whichever control plane runs it, or will.
    pub fn look(&self, key: ActorKey) {
        match self.peers.whose(Shard::of(key.id)) {
            Whose::Ours => self.look_here(key),
            Whose::Theirs { replica, .. } => self.peers.tell_look(replica, key),
            Whose::Nobodys => self.peers.keep(key),
        }
    }

    fn look_here(&self, key: ActorKey) {
        #[cfg(feature = "testing")]
        if let Some(ear) = &self.ear {
            return ear(key);
        }
        if let Some(parent) = self.kinds.get(&key.kind) {
            drop(parent.cast(KindMsg::Look { id: key.id }));
        }
    }
}

/// The engine, while it runs.
pub struct Engine {
    steering: Steering,
    handles: Vec<tokio::task::JoinHandle<()>>,
}

impl Engine {
    /// Starts an engine that owns every actor of its database. Nobody looks before
    /// [`Engine::resync`].
    ///
    /// # Errors
    /// [`EngineError`] when a supervisor cannot be started.
    pub async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        kinds: Vec<Arc<dyn Kind>>,
    ) -> Result<Self, EngineError> {
        Self::start_among(Peers::alone(), store, clock, kinds).await
    }

    /// Starts an engine that owns what its place among the replicas gives it.
    ///
    /// # Errors
    /// [`EngineError`] when a supervisor cannot be started.
    pub async fn start_among(
        peers: Peers,
        store: Store,
        clock: Arc<dyn Clock>,
        kinds: Vec<Arc<dyn Kind>>,
    ) -> Result<Self, EngineError> {
        let timer = Timer::start();
        let gate = Gate {
            at_once: Arc::new(Semaphore::new(
                store.connections_max() * STEPS_PER_CONNECTION,
            )),
            peers: peers.clone(),
        };
        let mut parents = HashMap::new();
        let mut handles = Vec::new();
        for kind in kinds {
            let name = kind.kind();
            let args = KindArgs {
                kind,
                store: store.clone(),
                clock: Arc::clone(&clock),
                timer: timer.clone(),
                gate: gate.clone(),
            };
            // Names are global to the process, so the supervisor has none: the address is ours.
            let (parent, handle) = Actor::spawn(None, KindSupervisor, args)
                .await
                .map_err(|error| EngineError(error.to_string()))?;
            parents.insert(name, parent);
            handles.push(handle);
        }
        let hints = Hints {
            kinds: Arc::new(parents),
            peers,
            #[cfg(feature = "testing")]
            ear: None,
        };
        let steering = Steering {
            hints,
            store,
            clock,
            timer,
        };
        steering.timer.serve(steering.clone());
        Ok(Self { steering, handles })
    }

    /// Tells actors to look.
    #[must_use]
    pub fn hints(&self) -> Hints {
        self.steering.hints.clone()
    }

    /// As [`Steering::resync`].
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn resync(&self) -> Result<(), StoreError> {
        self.steering.resync().await
    }

    /// For whoever knows what the engine should look at and what it should forget.
    #[must_use]
    pub fn steering(&self) -> Steering {
        self.steering.clone()
    }

    /// Stops looking. Work in the world goes on and is found again by the next start.
    pub async fn stop(self) {
        self.steering.timer.stop();
        for parent in self.steering.hints.kinds.values() {
            parent.stop(None);
        }
        for handle in self.handles {
            drop(handle.await);
        }
    }
}

/// Says to an engine what to look at and what to forget.
#[derive(Clone)]
pub struct Steering {
    pub(crate) hints: Hints,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    timer: Timer,
}

impl Steering {
    /// Steers an engine that is played by hand.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn of(store: Store, clock: Arc<dyn Clock>, hints: Hints) -> Self {
        Self {
            hints,
            store,
            clock,
            timer: Timer::start(),
        }
    }

    /// Tells everybody of ours who may have something to do to look: actors with work in the world,
    /// and actors with mail. Found by index, never by going through history.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn resync(&self) -> Result<(), StoreError> {
        self.look_at(self.store.in_flight().await?);
        let mut after = None;
        loop {
            let page = self.store.with_mail(after, PAGE).await?;
            after = page.last().copied();
            if !self.look_at_page(page) {
                return Ok(());
            }
        }
    }

    /// These shards are ours from now on: whoever of them may have something to do looks.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn gained(&self, shards: &[Shard]) -> Result<(), StoreError> {
        self.timer.ring_at(self.clock.now());
        self.look_at(self.store.in_flight_in(shards).await?);
        let mut after = None;
        loop {
            let page = self.store.with_mail_in(shards, after, PAGE).await?;
            after = page.last().copied();
            if !self.look_at_page(page) {
                return Ok(());
            }
        }
    }

    /// These shards are ours no longer: their actors are forgotten.
    pub fn lost(&self, shards: &[Shard]) {
        for parent in self.hints.kinds.values() {
            let shards = shards.iter().copied().collect();
            drop(parent.cast(KindMsg::Forget { shards }));
        }
    }

    /// Tells one actor to look, as [`Hints::look`].
    pub(crate) fn look(&self, key: ActorKey) {
        self.hints.look(key);
    }

    /// Tells one actor to look that another control plane takes for ours. Where it is not, the rows
    /// will say whose it is.
    pub(crate) fn look_here(&self, key: ActorKey) {
        match self.hints.peers.whose(Shard::of(key.id)) {
            Whose::Ours => self.hints.look_here(key),
            Whose::Theirs { .. } | Whose::Nobodys => self.hints.peers.keep(key),
        }
    }

    fn look_at(&self, keys: Vec<ActorKey>) {
        for key in keys {
            self.hints.look_here(key);
        }
    }

    /// Whether there may be another page.
    fn look_at_page(&self, page: Vec<ActorKey>) -> bool {
        let full = i64::try_from(page.len()).unwrap_or(0) == PAGE;
        self.look_at(page);
        full
    }
}

/// The parent of all actors of one kind. It alone passes on looks, so it alone can tell whether one
/// is under way to an actor that wants to rest.
pub(crate) struct KindSupervisor;

/// What a kind's supervisor is told.
pub(crate) enum KindMsg {
    /// An actor should look.
    Look {
        /// Which.
        id: Uuid,
    },
    /// The pause of an actor that fell is over.
    Rise {
        /// Which.
        id: Uuid,
    },
    /// An actor has nothing to do.
    Rests {
        /// Which.
        id: Uuid,
        /// The last look it has seen.
        seen: u64,
    },
    /// The actors of these shards are another's now.
    Forget {
        /// Which shards.
        shards: HashSet<Shard>,
    },
    /// A quarantine is written, or not ours to write.
    Quarantined {
        /// Whose.
        id: Uuid,
    },
}

/// What a kind's supervisor starts with.
pub(crate) struct KindArgs {
    kind: Arc<dyn Kind>,
    store: Store,
    clock: Arc<dyn Clock>,
    timer: Timer,
    gate: Gate,
}

/// What a kind's supervisor remembers.
pub(crate) struct KindState {
    args: KindArgs,
    children: HashMap<Uuid, Child>,
    by_actor: HashMap<ActorId, Uuid>,
    falls: HashMap<Uuid, Vec<Instant>>,
    /// Who fell and is not to be started before its pause is over: it looks then anyway.
    pausing: HashSet<Uuid>,
}

struct Child {
    shell: ActorRef<ShellMsg>,
    looks: u64,
}

impl Actor for KindSupervisor {
    type Msg = KindMsg;
    type State = KindState;
    type Arguments = KindArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<KindMsg>,
        args: KindArgs,
    ) -> Result<KindState, ActorProcessingErr> {
        Ok(KindState {
            args,
            children: HashMap::new(),
            by_actor: HashMap::new(),
            falls: HashMap::new(),
            pausing: HashSet::new(),
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<KindMsg>,
        message: KindMsg,
        state: &mut KindState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            KindMsg::Look { id } if state.pausing.contains(&id) => {}
            KindMsg::Look { id } => look(&myself, state, id).await,
            KindMsg::Rise { id } => {
                state.pausing.remove(&id);
                look(&myself, state, id).await;
            }
            KindMsg::Rests { id, seen } => {
                let child = state.children.get(&id);
                // No look is under way: only we send them.
                if child.is_some_and(|child| child.looks <= seen) {
                    state.forget(id);
                }
            }
            KindMsg::Forget { shards } => {
                let lost = |id: &Uuid| shards.contains(&Shard::of(*id));
                let children: Vec<Uuid> = state.children.keys().copied().filter(lost).collect();
                children.into_iter().for_each(|id| state.forget(id));
                state.falls.retain(|id, _| !lost(id));
            }
            KindMsg::Quarantined { id } => {
                state.pausing.remove(&id);
            }
        }
        Ok(())
    }

    /// The default would take this supervisor down with its child.
    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<KindMsg>,
        event: SupervisionEvent,
        state: &mut KindState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(who, error) => {
                fallen(&myself, state, &who, &error.to_string());
            }
            // A child that rested was forgotten before it was stopped.
            SupervisionEvent::ActorTerminated(who, _, reason) => {
                if state.by_actor.contains_key(&who.get_id()) {
                    let reason = reason.unwrap_or_else(|| "it ended".to_owned());
                    fallen(&myself, state, &who, &reason);
                }
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

impl KindState {
    fn key(&self, id: Uuid) -> ActorKey {
        ActorKey {
            kind: self.args.kind.kind(),
            id,
        }
    }

    /// Lets an actor go from memory; that is no fall.
    fn forget(&mut self, id: Uuid) {
        if let Some(child) = self.children.remove(&id) {
            self.by_actor.remove(&child.shell.get_id());
            child.shell.stop(None);
        }
    }
}

async fn look(myself: &ActorRef<KindMsg>, state: &mut KindState, id: Uuid) {
    if !state.children.contains_key(&id) {
        let args = ShellArgs {
            key: state.key(id),
            kind: Arc::clone(&state.args.kind),
            gate: state.args.gate.clone(),
            timer: state.args.timer.clone(),
            parent: myself.clone(),
        };
        match Actor::spawn_linked(None, Shell, args, myself.get_cell()).await {
            Ok((shell, _handle)) => {
                state.by_actor.insert(shell.get_id(), id);
                state.children.insert(id, Child { shell, looks: 0 });
            }
            Err(error) => {
                tracing::error!(actor.id = %id, %error, "an actor could not be activated");
                return;
            }
        }
    }
    if let Some(child) = state.children.get_mut(&id) {
        child.looks += 1;
        drop(child.shell.cast(ShellMsg::Look { count: child.looks }));
    }
}

fn fallen(myself: &ActorRef<KindMsg>, state: &mut KindState, who: &ActorCell, reason: &str) {
    let Some(id) = state.by_actor.remove(&who.get_id()) else {
        return;
    };
    state.children.remove(&id);
    state.falls.retain(|_, falls| {
        falls.retain(|at| at.elapsed() < FALL_WINDOW);
        !falls.is_empty()
    });
    let falls = state.falls.entry(id).or_default();
    falls.push(Instant::now());
    let falls = falls.len();
    let key = state.key(id);
    state.pausing.insert(id);
    if FALLS_MAX <= falls {
        state.falls.remove(&id);
        quarantine(myself, state, key, reason);
        return;
    }
    let exponent = u32::try_from(falls.saturating_sub(1)).unwrap_or(0);
    let pause = FALL_PAUSE * 2_u32.pow(exponent);
    tracing::warn!(actor.key = %key, reason, pause_ms = pause.as_millis(), "an actor fell, will start it again");
    drop(myself.send_after(pause, move || KindMsg::Rise { id }));
}

/// Leaves an actor alone. It is not started again before that is written, however long that takes.
fn quarantine(myself: &ActorRef<KindMsg>, state: &KindState, key: ActorKey, reason: &str) {
    let reason = format!("it fell {FALLS_MAX} times within a minute; the last time: {reason}");
    tracing::error!(actor.key = %key, reason, "an actor is quarantined");
    let (store, now, myself) = (
        state.args.store.clone(),
        state.args.clock.now(),
        myself.clone(),
    );
    tokio::spawn(async move {
        let mut pause = QUARANTINE_PAUSE;
        loop {
            match store.quarantine(key, &reason, now).await {
                // Another control plane runs it: it will see for itself whether the actor falls.
                Ok(()) | Err(StoreError::NotOwner) => break,
                Err(error) => {
                    tracing::warn!(actor.key = %key, %error, "the quarantine could not be written, will try again");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(QUARANTINE_PAUSE_MAX);
            if myself.get_status() == ractor::ActorStatus::Stopped {
                return;
            }
        }
        drop(myself.cast(KindMsg::Quarantined { id: key.id }));
    });
}
