//! The tree: the engine, one supervisor per kind, one shell per actor that has something to do.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use optio_domain::{
    actor::{ActorKey, ActorKind},
    ports::Clock,
};
use optio_store::{Store, StoreError};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use uuid::Uuid;

use crate::{
    kind::Kind,
    shell::{Shell, ShellArgs, ShellMsg},
    timer::Timer,
};

/// Falls within [`FALL_WINDOW`] after which an actor is left alone.
const FALLS_MAX: usize = 5;
const FALL_WINDOW: Duration = Duration::from_secs(60);
/// The pause before a fallen actor is started again: doubled with each further fall.
const FALL_PAUSE: Duration = Duration::from_millis(100);
/// Actors with mail that are read at once when everything is looked at.
const PAGE: i64 = 1_000;

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
}

impl Hints {
    /// Tells one actor to look.
    pub fn look(&self, key: ActorKey) {
        if let Some(parent) = self.kinds.get(&key.kind) {
            drop(parent.cast(KindMsg::Look { id: key.id }));
        }
    }
}

/// The engine, while it runs.
pub struct Engine {
    hints: Hints,
    store: Store,
    timer: Timer,
    handles: Vec<tokio::task::JoinHandle<()>>,
}

impl Engine {
    /// Starts a supervisor for every kind. Nobody looks before [`Engine::resync`].
    ///
    /// # Errors
    /// [`EngineError`] when a supervisor cannot be started.
    pub async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        kinds: Vec<Arc<dyn Kind>>,
    ) -> Result<Self, EngineError> {
        let timer = Timer::start();
        let mut parents = HashMap::new();
        let mut handles = Vec::new();
        for kind in kinds {
            let name = kind.kind();
            let args = (kind, store.clone(), Arc::clone(&clock), timer.clone());
            // Names are global to the process, so the supervisor has none: the address is ours.
            let (parent, handle) = Actor::spawn(None, KindSupervisor, args)
                .await
                .map_err(|error| EngineError(error.to_string()))?;
            parents.insert(name, parent);
            handles.push(handle);
        }
        let hints = Hints {
            kinds: Arc::new(parents),
        };
        timer.serve(store.clone(), clock, hints.clone());
        Ok(Self {
            hints,
            store,
            timer,
            handles,
        })
    }

    /// Tells actors to look.
    #[must_use]
    pub fn hints(&self) -> Hints {
        self.hints.clone()
    }

    /// Tells everybody who may have something to do to look: actors with work in the world, and
    /// actors with mail. Found by index, never by going through history.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn resync(&self) -> Result<(), StoreError> {
        resync(&self.store, &self.hints).await
    }

    /// The same, for a bell.
    #[must_use]
    pub fn sweep(&self) -> Sweep {
        Sweep {
            store: self.store.clone(),
            hints: self.hints.clone(),
        }
    }

    /// Stops looking. Work in the world goes on and is found again by the next start.
    pub async fn stop(self) {
        self.timer.stop();
        for parent in self.hints.kinds.values() {
            parent.stop(None);
        }
        for handle in self.handles {
            drop(handle.await);
        }
    }
}

/// [`Engine::resync`], again and again.
#[derive(Clone)]
pub struct Sweep {
    store: Store,
    hints: Hints,
}

impl Sweep {
    /// Tells everybody who may have something to do to look.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn run(&self) -> Result<(), StoreError> {
        resync(&self.store, &self.hints).await
    }
}

async fn resync(store: &Store, hints: &Hints) -> Result<(), StoreError> {
    for key in store.in_flight().await? {
        hints.look(key);
    }
    let mut after = None;
    loop {
        let page = store.with_mail(after, PAGE).await?;
        for key in &page {
            hints.look(*key);
        }
        match page.last() {
            Some(last) if i64::try_from(page.len()).unwrap_or(0) == PAGE => after = Some(*last),
            _ => return Ok(()),
        }
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
}

/// What a kind's supervisor remembers.
pub(crate) struct KindState {
    kind: Arc<dyn Kind>,
    store: Store,
    clock: Arc<dyn Clock>,
    timer: Timer,
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
    type Arguments = (Arc<dyn Kind>, Store, Arc<dyn Clock>, Timer);

    async fn pre_start(
        &self,
        _myself: ActorRef<KindMsg>,
        (kind, store, clock, timer): Self::Arguments,
    ) -> Result<KindState, ActorProcessingErr> {
        Ok(KindState {
            kind,
            store,
            clock,
            timer,
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
                if state
                    .children
                    .get(&id)
                    .is_some_and(|child| child.looks <= seen)
                {
                    // No look is under way: only we send them.
                    let child = state.children.remove(&id);
                    if let Some(child) = child {
                        state.by_actor.remove(&child.shell.get_id());
                        child.shell.stop(None);
                    }
                }
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

async fn look(myself: &ActorRef<KindMsg>, state: &mut KindState, id: Uuid) {
    if !state.children.contains_key(&id) {
        let args = ShellArgs {
            key: ActorKey {
                kind: state.kind.kind(),
                id,
            },
            kind: Arc::clone(&state.kind),
            timer: state.timer.clone(),
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
    let key = ActorKey {
        kind: state.kind.kind(),
        id,
    };
    if FALLS_MAX <= falls.len() {
        state.falls.remove(&id);
        quarantine(state, key, reason);
        return;
    }
    let exponent = u32::try_from(falls.len().saturating_sub(1)).unwrap_or(0);
    let pause = FALL_PAUSE * 2_u32.pow(exponent);
    tracing::warn!(actor.key = %key, reason, pause_ms = pause.as_millis(), "an actor fell, will start it again");
    state.pausing.insert(id);
    drop(myself.send_after(pause, move || KindMsg::Rise { id }));
}

fn quarantine(state: &KindState, key: ActorKey, reason: &str) {
    let reason = format!("it fell {FALLS_MAX} times within a minute; the last time: {reason}");
    tracing::error!(actor.key = %key, reason, "an actor is quarantined");
    let (store, now) = (state.store.clone(), state.clock.now());
    tokio::spawn(async move {
        if let Err(error) = store.quarantine(key, &reason, now).await {
            tracing::warn!(actor.key = %key, %error, "the quarantine could not be written");
        }
    });
}
