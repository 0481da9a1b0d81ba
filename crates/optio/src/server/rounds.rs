//! What a control plane looks at again and again, whatever it was told.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use optio_actors::{
    Kinds, World, asks::Asks, notices::Notices, review_rounds::ReviewRounds, strays::Strays,
    triggers::Schedules,
};
use optio_domain::{ownership::Role, ports::Clock};
use optio_runtime::{Bell, Engine, EngineError};
use optio_store::retention::Keep;

/// How often schedules and the deadlines of questions are looked at.
const SCHEDULES_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether the open pull requests of a repository are due.
const PULLS_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether others are to be told something.
const NOTICES_EVERY: Duration = Duration::from_secs(1);
/// How often the first in the queue are told of room that nobody told them of.
const QUEUE_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked for sandboxes that nobody wants.
const STRAYS_EVERY: Duration = Duration::from_secs(30);
/// How often everybody who may have something to do is told to look.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// A clock that runs faster than another from the moment it is made.
struct FastClock {
    real: Arc<dyn Clock>,
    since: DateTime<Utc>,
    rate: i32,
}

impl FastClock {
    fn new(real: Arc<dyn Clock>, rate: u32) -> Self {
        let since = real.now();
        let rate = i32::try_from(rate).unwrap_or(i32::MAX);
        Self { real, since, rate }
    }
}

impl Clock for FastClock {
    fn now(&self) -> DateTime<Utc> {
        self.since + (self.real.now() - self.since) * self.rate
    }
}

/// Starts the rounds of this role.
///
/// # Errors
/// [`EngineError`] when the clock that rings for them cannot be started.
pub(super) async fn start(
    world: &World,
    role: Role,
    schedule_rate: u32,
    engine: &Engine,
    kinds: &Kinds,
) -> Result<Bell, EngineError> {
    let bell = Bell::new().await?;
    if role.runs_actors() {
        schedules(&bell, world, schedule_rate, engine).await?;
        queue(&bell, kinds).await?;
        pulls(&bell, world, engine).await?;
        notices(&bell, world).await?;
        strays(&bell, world).await?;
    }
    sweep(&bell, world, engine).await?;
    bell.start().await?;
    Ok(bell)
}

async fn schedules(
    bell: &Bell,
    world: &World,
    rate: u32,
    engine: &Engine,
) -> Result<(), EngineError> {
    let mut schedules = Schedules::new(world.clone(), engine.hints());
    if rate != 1 {
        tracing::warn!(rate, "the time of schedules passes faster than ours");
        schedules = schedules.by(Arc::new(FastClock::new(Arc::clone(&world.clock), rate)));
    }
    let asks = Asks::new(world.clone(), engine.hints());
    bell.every(SCHEDULES_EVERY, move || {
        let (schedules, asks) = (schedules.clone(), asks.clone());
        Box::pin(async move {
            if let Err(error) = schedules.fire_due().await {
                tracing::debug!(%error, "schedules could not be looked at");
            }
            if let Err(error) = asks.end_due().await {
                tracing::debug!(%error, "questions could not be looked at");
            }
        })
    })
    .await
}

async fn queue(bell: &Bell, kinds: &Kinds) -> Result<(), EngineError> {
    let kinds = kinds.clone();
    bell.every(QUEUE_EVERY, move || {
        let kinds = kinds.clone();
        Box::pin(async move { kinds.room_again().await })
    })
    .await
}

/// A host that hangs must not keep schedules from firing, so that this is a round of its own.
async fn pulls(bell: &Bell, world: &World, engine: &Engine) -> Result<(), EngineError> {
    let rounds = ReviewRounds::new(world.clone(), engine.hints());
    bell.every(PULLS_EVERY, move || {
        let rounds = rounds.clone();
        Box::pin(async move {
            if let Err(error) = rounds.look_due().await {
                tracing::debug!(%error, "open pull requests could not be looked at");
            }
        })
    })
    .await
}

/// It begins to send and does not wait for it: who is told holds up nobody.
async fn notices(bell: &Bell, world: &World) -> Result<(), EngineError> {
    let notices = Notices::new(world.clone());
    bell.every(NOTICES_EVERY, move || {
        let notices = notices.clone();
        Box::pin(async move {
            if let Err(error) = notices.send_due().await {
                tracing::debug!(%error, "deliveries could not be looked at");
            }
        })
    })
    .await
}

/// A cluster that hangs must not keep anything else from being looked at.
async fn strays(bell: &Bell, world: &World) -> Result<(), EngineError> {
    let strays = Strays::new(world.clone());
    bell.every(STRAYS_EVERY, move || {
        let strays = strays.clone();
        Box::pin(async move { strays.look().await })
    })
    .await
}

async fn sweep(bell: &Bell, world: &World, engine: &Engine) -> Result<(), EngineError> {
    let keep = Keep::from(&world.limits);
    let (sweep, store, clock) = (
        engine.steering(),
        world.store.clone(),
        Arc::clone(&world.clock),
    );
    bell.every(SWEEP_EVERY, move || {
        let (sweep, store, clock) = (sweep.clone(), store.clone(), Arc::clone(&clock));
        Box::pin(async move {
            if let Err(error) = store.tidy(keep, clock.now()).await {
                tracing::debug!(%error, "what is old could not be deleted");
            }
            if let Err(error) = sweep.resync().await {
                tracing::debug!(%error, "the sweep could not be made");
            }
        })
    })
    .await
}
