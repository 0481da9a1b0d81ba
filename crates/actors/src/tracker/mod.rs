//! Trackers as actors: each is looked at again and again, lets its tickets become work, and tells them what
//! came of it. All calls to one tracker are made here, one after the other.

mod look;
mod tickets;

use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use optio_domain::{
    actor::{ActorKey, ActorKind, Decision, Wait},
    id::TrackerId,
    ports::{Eventually, Tracker},
    tracker::{
        TrackerError,
        plan::{Step, plan},
    },
};
use optio_runtime::{Fault, Hints, Kind, Progress};
use optio_store::{secrets::SecretError, tickets::TrackerSight};
use uuid::Uuid;

use crate::World;

/// The kind `tracker`.
pub struct Trackers {
    world: World,
    hints: OnceLock<Hints>,
}

impl Trackers {
    /// The kind, in its world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self {
            world,
            hints: OnceLock::new(),
        }
    }

    /// How to tell what starts from tickets to look. Given once the engine runs.
    pub fn introduce(&self, hints: Hints) {
        drop(self.hints.set(hints));
    }

    fn hint(&self, key: impl Into<ActorKey>) {
        if let Some(hints) = self.hints.get() {
            hints.look(key.into());
        }
    }

    fn every(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.world.limits.tracker_poll_ms)
    }

    async fn one_step(&self, id: TrackerId) -> Result<Progress, Fault> {
        let Some(sight) = self.world.store.see_tracker(id, self.every()).await? else {
            return Ok(Progress::Gone);
        };
        if sight.quarantined {
            return Ok(Progress::Rest { until: None });
        }
        let now = self.world.clock.now();
        let (step, wait) = plan(&sight.seen, now);
        let decision = Decision {
            at: now,
            step: step.name().to_owned(),
            seen: words(&sight),
        };
        let progress = match step {
            Step::Nothing => self.rest(&sight, &wait).await?,
            Step::Look => self.look(&sight, &decision).await?,
            Step::Take(ticket) => self.take(&sight, ticket, &decision).await?,
            Step::Tell(ticket) => self.tell(&sight, ticket, &decision).await?,
        };
        self.world.stream.hint();
        Ok(progress)
    }

    async fn rest(&self, sight: &TrackerSight, wait: &Wait) -> Result<Progress, Fault> {
        let world = &self.world;
        let read = (sight.version, &sight.wait);
        world.rest(sight.tracker.into(), read, wait).await
    }

    /// Begins a step after which it looks again.
    async fn begin(
        &self,
        sight: &TrackerSight,
        decision: &Decision,
    ) -> Result<optio_store::step::Step, Fault> {
        let wait = Wait::until("the next look", "the control plane", decision.at);
        let wait = wait.whatever_mail_comes();
        let (key, store) = (sight.tracker.into(), &self.world.store);
        Ok(store
            .step(key, sight.version, &wait, decision, false)
            .await?)
    }

    /// The tracker itself, as people have configured it.
    async fn open(
        &self,
        sight: &TrackerSight,
    ) -> Result<Result<Arc<dyn Tracker>, TrackerError>, Fault> {
        let store = &self.world.store;
        let token = store.tracker_token(&sight.workspace, sight.tracker).await;
        let token = match token {
            Ok(token) => token,
            Err(SecretError::Store(error)) => return Err(error.into()),
            Err(error) => return Ok(Err(TrackerError::Refused(error.to_string()))),
        };
        let trackers = &self.world.trackers;
        Ok(trackers.open(sight.tracker, &sight.spec, token.as_ref()))
    }
}

/// What was seen, in short words.
fn words(sight: &TrackerSight) -> String {
    let seen = &sight.seen;
    let mut words = vec![if seen.enabled { "enabled" } else { "disabled" }.to_owned()];
    if seen.told {
        words.push("something has changed".to_owned());
    }
    if seen.pages_left {
        words.push(format!("more pages after {}", seen.pages_taken));
    }
    if 0 < seen.failures {
        words.push(format!("{} failures", seen.failures));
    }
    words.extend(seen.to_tell.map(|_| "a ticket to tell".to_owned()));
    words.extend(seen.to_take.map(|_| "a ticket to take".to_owned()));
    words.join(", ")
}

impl Kind for Trackers {
    fn kind(&self) -> ActorKind {
        ActorKind::Tracker
    }

    fn step(&self, id: Uuid) -> Eventually<'_, Result<Progress, Fault>> {
        Box::pin(self.one_step(TrackerId(id)))
    }
}
