//! The engine on a real Postgres, with fake kinds of actor that remember what they were asked.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind, Wait},
    agent::spec::AgentSpec,
    id::{AgentId, MessageId},
    limits::Limits,
    mail::{Marks, Sender, WakeSource},
    ports::{Clock, Eventually},
};
use optio_store::{
    Store, StoreError,
    mail::{MessageRow, NewMessage, Wanted},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{Engine, Fault, Hints, Kind, Mailroom, Progress, stream::Stream};

mod bell;
mod engine;
mod links;
mod mailroom;
mod replicas;
mod stream;
mod timer;

/// How long a test waits for what must happen; shorter than the engine's longest sleep, so that a
/// lost hint is not healed by a sweep.
const LIMIT: Duration = Duration::from_secs(20);

struct Wall;

impl Clock for Wall {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

#[expect(clippy::disallowed_methods, reason = "the wall clock of these tests")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests need identities nobody else uses"
)]
fn fresh() -> Uuid {
    Uuid::new_v4()
}

fn key(id: Uuid) -> ActorKey {
    ActorKey {
        kind: ActorKind::Agent,
        id,
    }
}

/// What a fake does at its n-th step of an actor, counted from 0.
type Script = dyn Fn(Uuid, usize) -> Result<Progress, Fault> + Send + Sync;

/// A kind of actor that remembers its steps. Each step needs a permit of the gate.
struct Fake {
    script: Box<Script>,
    gate: Semaphore,
    steps: Mutex<Vec<(Uuid, Instant)>>,
    running: AtomicUsize,
    running_max: AtomicUsize,
}

impl Fake {
    fn new(
        script: impl Fn(Uuid, usize) -> Result<Progress, Fault> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::gated(Semaphore::MAX_PERMITS, script)
    }

    fn gated(
        permits: usize,
        script: impl Fn(Uuid, usize) -> Result<Progress, Fault> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            gate: Semaphore::new(permits),
            steps: Mutex::default(),
            running: AtomicUsize::new(0),
            running_max: AtomicUsize::new(0),
        })
    }

    fn resting() -> Arc<Self> {
        Self::new(|_, _| Ok(Progress::Rest { until: None }))
    }

    fn steps(&self, id: Uuid) -> Vec<Instant> {
        let steps = self.steps.lock().unwrap();
        steps
            .iter()
            .filter(|(who, _)| *who == id)
            .map(|(_, at)| *at)
            .collect()
    }

    fn count(&self) -> usize {
        self.steps.lock().unwrap().len()
    }
}

impl Kind for Fake {
    fn kind(&self) -> ActorKind {
        ActorKind::Agent
    }

    fn step(&self, id: Uuid) -> Eventually<'_, Result<Progress, Fault>> {
        Box::pin(async move {
            let nth = {
                let mut steps = self.steps.lock().unwrap();
                steps.push((id, Instant::now()));
                steps.iter().filter(|(who, _)| *who == id).count() - 1
            };
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.running_max.fetch_max(running, Ordering::SeqCst);
            self.gate.acquire().await.unwrap().forget();
            self.running.fetch_sub(1, Ordering::SeqCst);
            (self.script)(id, nth)
        })
    }
}

struct World {
    store: Store,
    engine: Engine,
    hints: Hints,
}

impl World {
    async fn with(kind: &Arc<Fake>) -> Self {
        Self::on(optio_store::testing::database().await, kind).await
    }

    async fn on(store: Store, kind: &Arc<Fake>) -> Self {
        let kinds: Vec<Arc<dyn Kind>> = vec![Arc::<Fake>::clone(kind)];
        let engine = Engine::start(store.clone(), Arc::new(Wall), kinds)
            .await
            .unwrap();
        let hints = engine.hints();
        Self {
            store,
            engine,
            hints,
        }
    }

    fn look(&self, id: Uuid) {
        self.hints.look(key(id));
    }
}

/// An agent that is due at a time, with its mission in its inbox.
async fn agent(store: &Store, slug: &str, due: DateTime<Utc>) -> AgentId {
    let id = AgentId(fresh());
    let mission = NewMessage {
        at: due,
        ..letter(id, "go")
    };
    let spec = AgentSpec::new(slug, slug, "go");
    store
        .create_agent(id, "default", &spec, "user:ada", &mission)
        .await
        .unwrap();
    id
}

fn letter(to: AgentId, body: &str) -> NewMessage {
    NewMessage {
        id: MessageId(fresh()),
        receiver: to.into(),
        sender: Sender::User("ada".to_owned()),
        sender_name: None,
        source: WakeSource::User,
        key: None,
        body: body.to_owned(),
        payload: None,
        broadcasted: false,
        marks: Marks::default(),
        cause: None,
        at: now(),
    }
}

/// Writes when an actor is due, as its own step would.
async fn due_at(store: &Store, id: AgentId, at: DateTime<Utc>) {
    let row = store.actor(id.into()).await.unwrap().unwrap();
    let wait = Wait::until("the time", "the clock", at);
    store.wait(id.into(), row.version, &wait).await.unwrap();
}

async fn inbox(store: &Store, of: AgentId) -> Vec<MessageRow> {
    let mut rows = store
        .messages(of.into(), Wanted::All, None, 100_000)
        .await
        .unwrap();
    rows.reverse();
    rows
}

/// Waits until a condition holds: what becomes true elsewhere has no moment of its own.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < LIMIT, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
