//! The first report of a run that was just opened: the step it leads to and the report, or neither.

use optio_domain::id::RunId;

use super::*;
use crate::{
    actors::Version,
    runs::{Intake, TakenIn},
};

struct Opening {
    world: World,
    agent: AgentId,
    turn: TurnId,
    version: Version,
}

impl Opening {
    async fn new() -> Self {
        let world = World::new().await;
        let agent = world.agent("a").await;
        world.mail(agent, 1).await;
        let (sight, turn) = (world.see(agent).await, TurnId(fresh()));
        let opened = world.try_open(&sight, turn, ROOM).await.unwrap();
        let Opened::Yes { version, .. } = opened else {
            panic!("no room");
        };
        Self {
            world,
            agent,
            turn,
            version,
        }
    }

    fn report(&self) -> Intake {
        Intake {
            started_at: Some(self.world.at),
            ..self
                .world
                .intake(self.agent, RunId::of_turn(self.turn), 0, &["one", "two"])
        }
    }

    async fn start(&self, report: &Intake) -> Option<i32> {
        let turn = self.turn;
        let states = (
            AgentState::Provisioning { turn },
            AgentState::Running { turn },
        );
        let wait = Wait::until("the agent's work", "the agent", self.world.later(60));
        let decision = self.world.decision("mark running");
        let write = Write {
            key: self.agent.into(),
            read: self.version,
            wait: &wait,
            decision: &decision,
            new_epoch: false,
        };
        let started = self.world.store.start_turn(&write, states, report).await;
        started.unwrap()
    }

    /// The agent's state, the last report that is stored, and the lines.
    async fn stands(&self) -> (&'static str, i64, usize) {
        let run = self.world.store.run(RunId::of_turn(self.turn));
        let acked = run.await.unwrap().unwrap().acked_seq;
        let state = self.world.see(self.agent).await.agent.state;
        (state.name(), acked, self.world.log(self.turn).await.len())
    }
}

#[tokio::test]
async fn the_first_report_of_a_fresh_turn_lets_its_agent_run() {
    let opening = Opening::new().await;
    assert_eq!(opening.start(&opening.report()).await, Some(0));
    assert_eq!(opening.stands().await, ("running", 2, 2));
    let sight = opening.world.see(opening.agent).await;
    assert_eq!(sight.wait.until, Some(opening.world.later(60)));
    assert_eq!(sight.turn.unwrap().started_at, Some(opening.world.at));
    let row = opening.world.store.actor(opening.agent.into()).await;
    assert_eq!(row.unwrap().unwrap().decisions[0].step, "mark running");
}

#[tokio::test]
async fn mail_that_came_meanwhile_is_told_of() {
    let opening = Opening::new().await;
    opening.world.mail(opening.agent, 2).await;
    assert_eq!(opening.start(&opening.report()).await, Some(2));
}

#[tokio::test]
async fn a_first_report_that_was_stored_before_changes_nothing() {
    let opening = Opening::new().await;
    let taken = opening.world.store.take_in(&opening.report()).await;
    assert_eq!(taken.unwrap(), TakenIn::Stored);
    assert_eq!(opening.start(&opening.report()).await, None);
    assert_eq!(opening.stands().await, ("provisioning", 2, 2));
}

#[tokio::test]
async fn a_first_report_to_an_agent_that_has_moved_changes_nothing() {
    let opening = Opening::new().await;
    opening
        .world
        .begin(opening.agent)
        .await
        .commit()
        .await
        .unwrap();
    assert_eq!(opening.start(&opening.report()).await, None);
    assert_eq!(opening.stands().await, ("provisioning", 0, 0));
}

#[tokio::test]
async fn a_first_report_is_taken_in_once_though_it_comes_twice_at_once() {
    for _ in 0..10 {
        let opening = Opening::new().await;
        let report = opening.report();
        let plain = opening.world.store.take_in(&report);
        let (started, taken) = tokio::join!(opening.start(&report), plain);
        let stored = taken.unwrap() == TakenIn::Stored;
        assert_ne!(started.is_some(), stored);
        let state = if stored { "provisioning" } else { "running" };
        assert_eq!(opening.stands().await, (state, 2, 2));
    }
}
