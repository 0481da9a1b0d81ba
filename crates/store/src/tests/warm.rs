//! Processes that serve several turns: who waits, whose token stands.

use optio_domain::{
    agent::warm::{Setting, WarmProcess},
    id::RunId,
};

use super::{closing::done, *};
use crate::{
    runs::{Intake, TakenIn},
    turns::Standing,
};

fn setting() -> Setting {
    Setting {
        print: "print".to_owned(),
        model: None,
    }
}

impl World {
    /// Opens a turn and sends its run, to be served by this process or by a new one.
    async fn served(&self, agent: AgentId, by: Option<TurnId>) -> TurnId {
        self.mail(agent, 1).await;
        let turn = self.open(agent).await.unwrap();
        let server = by.map_or(Server::New, |by| Server::Warm(RunId::of_turn(by)));
        let service = Service {
            server,
            setting: Some(setting()),
        };
        let sight = self.see(agent).await;
        let (wait, decision) = (Wait::at_rest("mail", "anybody"), self.decision("test"));
        let write = write(&sight, &wait, &decision);
        self.store
            .run_sent(&write, RunId::of_turn(turn), &service)
            .await
            .unwrap();
        turn
    }

    /// The open turn that the token of a process opens, given for that turn and epoch.
    async fn opens(&self, agent: AgentId, process: TurnId, epoch: i64) -> Option<TurnId> {
        match self.store.standing(agent, process, epoch).await.unwrap() {
            Standing::Open { turn, .. } => Some(turn),
            Standing::Ended { .. } | Standing::Unknown => None,
        }
    }

    async fn started(&self, agent: AgentId, turn: TurnId, process: TurnId) {
        let run = RunId::of_turn(turn);
        let row = self.store.run(run).await.unwrap().unwrap();
        let intake = Intake {
            run,
            actor: agent.into(),
            epoch: row.epoch,
            after_seq: row.acked_seq,
            up_to_seq: row.acked_seq + 1,
            facts: Facts::default(),
            started_at: Some(self.at),
            process: Some(RunId::of_turn(process)),
            inputs: Vec::new(),
            ended: None,
            sample: None,
            worktree: None,
            files: None,
            events: Vec::new(),
        };
        assert_eq!(self.store.take_in(&intake).await.unwrap(), TakenIn::Stored);
    }

    async fn over(&self, agent: AgentId, turn: TurnId) {
        self.close(agent, turn, &done(), &Facts::default())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_token_stands_while_its_process_serves_an_open_turn_and_names_that_one() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let first = world.served(agent, None).await;
    assert_eq!(world.opens(agent, first, 1).await, Some(first));
    world.over(agent, first).await;
    assert_eq!(
        world.opens(agent, first, 1).await,
        None,
        "between two turns"
    );

    let second = world.served(agent, Some(first)).await;
    assert_eq!(world.opens(agent, first, 1).await, Some(second));
    assert_eq!(world.opens(agent, first, 2).await, None, "of another epoch");
    world.started(agent, second, first).await;
    assert_eq!(world.opens(agent, first, 1).await, Some(second));
    world.over(agent, second).await;
    assert_eq!(world.opens(agent, first, 1).await, None);
}

#[tokio::test]
async fn the_token_of_a_process_that_was_replaced_is_worthless() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let first = world.served(agent, None).await;
    world.over(agent, first).await;
    // The process was dead after all: the runner has started another one.
    let second = world.served(agent, Some(first)).await;
    world.started(agent, second, second).await;
    assert_eq!(world.opens(agent, first, 1).await, None);
    let epoch = world.store.run(RunId::of_turn(second)).await.unwrap();
    let epoch = epoch.unwrap().epoch;
    assert_eq!(world.opens(agent, second, epoch).await, Some(second));
    // Nor is it good for another agent.
    let other = world.agent("b").await;
    let theirs = world.served(other, Some(first)).await;
    assert_eq!(world.opens(other, first, 1).await, None);
    assert_eq!(world.opens(other, theirs, 1).await, Some(theirs));
}

#[tokio::test]
async fn who_waits_in_a_sandbox_is_kept_and_forgotten_with_it() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let warm = WarmProcess {
        process: RunId(fresh()),
        setting: setting(),
        session: "s".to_owned(),
    };
    let first = world.served(agent, None).await;
    let (wait, decision) = (Wait::at_rest("mail", "anybody"), world.decision("test"));
    let close = async |turn: TurnId, warm: Option<&WarmProcess>| {
        let sight = world.see(agent).await;
        let closed = Closed {
            agent,
            turn,
            from: sight.agent.state,
            to: AgentState::Idle,
            reason: "closed",
            closing: &done(),
            facts: &Facts::default(),
            keep: Keep::AsItIs,
            warm,
        };
        let write = write(&sight, &wait, &decision);
        world.store.close_turn(&write, &closed).await.unwrap();
        world.see(agent).await.warm
    };
    assert_eq!(close(first, Some(&warm)).await, Some(warm.clone()));
    let second = world.served(agent, Some(first)).await;
    assert_eq!(close(second, None).await, None);
    let third = world.served(agent, None).await;
    assert_eq!(close(third, Some(&warm)).await, Some(warm));
    let mut step = world.begin(agent).await;
    step.sandbox_gone().await.unwrap();
    step.commit().await.unwrap();
    assert_eq!(world.see(agent).await.warm, None);
}
