//! All kinds of actor, as whoever starts an engine needs them.

use std::sync::Arc;

use optio_runtime::{Hints, Kind};

use crate::{
    World, agent::Agents, job::Jobs, pool::Pools, pr_review::PrReviews, pull::Pulls, task::Tasks,
    tracker::Trackers,
};

/// All kinds of actor, in one world.
#[derive(Clone)]
pub struct Kinds {
    agents: Arc<Agents>,
    tasks: Arc<Tasks>,
    pulls: Arc<Pulls>,
    pools: Arc<Pools>,
    reviews: Arc<PrReviews>,
    jobs: Arc<Jobs>,
    trackers: Arc<Trackers>,
}

impl Kinds {
    /// All kinds, in this world.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self {
            agents: Arc::new(Agents::new(world.clone())),
            tasks: Arc::new(Tasks::new(world.clone())),
            pulls: Arc::new(Pulls::new(world.clone())),
            pools: Arc::new(Pools::new(world.clone())),
            reviews: Arc::new(PrReviews::new(world.clone())),
            jobs: Arc::new(Jobs::new(world.clone())),
            trackers: Arc::new(Trackers::new(world.clone())),
        }
    }

    /// For the engine.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<dyn Kind>> {
        vec![
            Arc::<Agents>::clone(&self.agents),
            Arc::<Tasks>::clone(&self.tasks),
            Arc::<Pulls>::clone(&self.pulls),
            Arc::<Pools>::clone(&self.pools),
            Arc::<PrReviews>::clone(&self.reviews),
            Arc::<Jobs>::clone(&self.jobs),
            Arc::<Trackers>::clone(&self.trackers),
        ]
    }

    /// How they tell each other to look. Given once the engine runs.
    pub fn introduce(&self, hints: &Hints) {
        self.agents.introduce(hints.clone());
        self.tasks.introduce(hints.clone());
        self.pulls.introduce(hints.clone());
        self.reviews.introduce(hints.clone());
        self.jobs.introduce(hints.clone());
        self.trackers.introduce(hints.clone());
    }

    /// Tells those who wait for room that there is some. Called every few seconds: what is told in memory
    /// can be lost.
    pub async fn room_again(&self) {
        self.agents.room_again().await;
        self.tasks.room_again().await;
        self.reviews.room_again().await;
    }
}
