//! What runners report: stored once, or refused and kept.

use optio_domain::{
    id::RunId,
    wire::runner::{EndCause, Ended},
};
use serde_json::json;

use super::*;
use crate::{
    runs::{Intake, RefusedReport, TakenIn},
    step::NewEvent,
};

pub(super) fn ended() -> Ended {
    Ended {
        cause: EndCause::Exited,
        code: Some(0),
        signal: None,
        detail: None,
    }
}

impl World {
    pub(super) async fn run(&self, agent: AgentId) -> (TurnId, RunId) {
        self.mail(agent, 1).await;
        let turn = self.open(agent).await.unwrap();
        (turn, RunId::of_turn(turn))
    }

    pub(super) fn intake(&self, agent: AgentId, run: RunId, after: i64, lines: &[&str]) -> Intake {
        let log = |line: &&str| NewEvent {
            actor_id: agent.0,
            turn_id: Some(run.0),
            type_name: "persistent_agent:log",
            data: json!({ "content": line }),
            at: self.at,
        };
        Intake {
            run,
            epoch: 1,
            after_seq: after,
            up_to_seq: after + i64::try_from(lines.len()).unwrap(),
            facts: Facts {
                lines: 7,
                ..Facts::default()
            },
            actor: agent.into(),
            started_at: None,
            process: None,
            inputs: Vec::new(),
            ended: None,
            sample: None,
            worktree: None,
            files: None,
            events: lines.iter().map(log).collect(),
        }
    }

    pub(super) async fn log(&self, turn: TurnId) -> Vec<String> {
        let rows = self.store.turn_logs(turn, None, 1_000).await.unwrap();
        rows.iter()
            .map(|row| row.data["content"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn a_batch_is_stored_once_however_often_it_comes() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (turn, run) = world.run(agent).await;
    let batch = Intake {
        started_at: Some(world.at),
        ..world.intake(agent, run, 0, &["one", "two"])
    };
    assert_eq!(world.store.take_in(&batch).await.unwrap(), TakenIn::Stored);
    assert_eq!(world.store.take_in(&batch).await.unwrap(), TakenIn::Moved);
    assert_eq!(world.log(turn).await, ["one", "two"]);
    let row = world.store.run(run).await.unwrap().unwrap();
    assert_eq!((row.acked_seq, row.facts.lines, row.ended), (2, 7, false));
    let hole = world.intake(agent, run, 5, &["late"]);
    assert_eq!(world.store.take_in(&hole).await.unwrap(), TakenIn::Moved);
    let next = world.intake(agent, run, 2, &["three"]);
    assert_eq!(world.store.take_in(&next).await.unwrap(), TakenIn::Stored);
    assert_eq!(world.log(turn).await, ["one", "two", "three"]);
    assert_eq!(
        world.see(agent).await.turn.unwrap().started_at,
        Some(world.at)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_batch_from_many_connections_at_once_is_stored_once() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (turn, run) = world.run(agent).await;
    let batch = world.intake(agent, run, 0, &["one"]);
    let takers: Vec<_> = (0..8)
        .map(|_| {
            let (world, batch) = (world.clone(), batch.clone());
            tokio::spawn(async move { world.store.take_in(&batch).await.unwrap() })
        })
        .collect();
    let mut stored = 0;
    for taker in takers {
        stored += usize::from(taker.await.unwrap() == TakenIn::Stored);
    }
    assert_eq!((stored, world.log(turn).await.len()), (1, 1));
}

#[tokio::test]
async fn a_report_of_another_epoch_counts_for_nothing() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (turn, run) = world.run(agent).await;
    let batch = Intake {
        epoch: 2,
        ended: Some((ended(), world.at)),
        ..world.intake(agent, run, 0, &["one"])
    };
    assert_eq!(world.store.take_in(&batch).await.unwrap(), TakenIn::Moved);
    let row = world.store.run(run).await.unwrap().unwrap();
    assert_eq!((row.acked_seq, row.ended), (0, false));
    assert!(world.log(turn).await.is_empty());
}

#[tokio::test]
async fn a_run_nobody_wants_says_nothing_more_but_that_it_is_gone() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (turn, run) = world.run(agent).await;
    world
        .close(agent, turn, &closing::done(), &Facts::default())
        .await
        .unwrap();
    assert_eq!(world.see(agent).await.lingering.unwrap().run, run);
    let batch = Intake {
        ended: Some((ended(), world.later(3))),
        ..world.intake(agent, run, 0, &["late"])
    };
    assert_eq!(world.store.take_in(&batch).await.unwrap(), TakenIn::Stale);
    assert!(world.log(turn).await.is_empty());
    let row = world.store.run(run).await.unwrap().unwrap();
    assert_eq!((row.ended, row.open, row.facts.lines), (true, false, 0));
    assert_eq!(row.acked_seq, 1, "it must not be sent again");
    assert_eq!(world.see(agent).await.lingering, None);
}

#[tokio::test]
async fn the_end_of_a_run_is_seen_with_all_it_told() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (_, run) = world.run(agent).await;
    let first = Intake {
        sample: Some((100, 9_000)),
        ..world.intake(agent, run, 0, &["one"])
    };
    let last = Intake {
        sample: Some((250, 5_000)),
        ended: Some((ended(), world.later(3))),
        ..world.intake(agent, run, 1, &["two"])
    };
    world.store.take_in(&first).await.unwrap();
    world.store.take_in(&last).await.unwrap();
    let turn = world.see(agent).await.turn.unwrap();
    assert_eq!((turn.ended, turn.facts.lines), (Some(ended()), 7));
    let used = "SELECT cpu_ms * 1000000 + rss_bytes_max FROM runs";
    assert_eq!(world.number(used).await, 250_009_000);
}

#[tokio::test]
async fn an_agent_that_prints_nul_does_not_stop_its_own_stream() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (turn, run) = world.run(agent).await;
    let mut batch = world.intake(agent, run, 0, &["a\0b"]);
    batch.facts.hear_stderr("x\0y");
    batch.ended = Some((
        Ended {
            detail: Some("\0".to_owned()),
            ..ended()
        },
        world.at,
    ));
    assert_eq!(world.store.take_in(&batch).await.unwrap(), TakenIn::Stored);
    assert_eq!(world.log(turn).await, ["a\u{fffd}b"]);
    let refused = RefusedReport {
        run,
        actor: Some(agent.into()),
        epoch: 1,
        reason: "late".to_owned(),
        report: json!({ "li\0ne": ["\0"] }),
        at: world.at,
    };
    world.store.refuse(&refused).await.unwrap();
    let kept = world
        .store
        .refused(agent.into(), 10)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(kept.report, json!({ "li\u{fffd}ne": ["\u{fffd}"] }));
}

#[tokio::test]
async fn refused_reports_are_kept_and_read_back_newest_first() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (_, run) = world.run(agent).await;
    for n in 0..3 {
        let refused = RefusedReport {
            run,
            actor: Some(agent.into()),
            epoch: 0,
            reason: format!("reason {n}"),
            report: json!({ "n": n }),
            at: world.later(n),
        };
        world.store.refuse(&refused).await.unwrap();
    }
    let nobodys = RefusedReport {
        run,
        actor: None,
        epoch: 5,
        reason: "no such run".to_owned(),
        report: json!(null),
        at: world.at,
    };
    world.store.refuse(&nobodys).await.unwrap();
    let kept = world.store.refused(agent.into(), 2).await.unwrap();
    let reasons: Vec<_> = kept.iter().map(|row| row.reason.as_str()).collect();
    assert_eq!(reasons, ["reason 2", "reason 1"]);
    assert_eq!(
        (kept[0].current_epoch, kept[0].epoch, kept[0].at),
        (Some(1), 0, world.later(2))
    );
    assert_eq!(
        world.number("SELECT count(*) FROM refused_reports").await,
        4
    );
}

#[tokio::test]
async fn a_run_is_sent_and_stopped_once() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (_, run) = world.run(agent).await;
    for seconds in [0, 5] {
        let sight = world.see(agent).await;
        let wait = Wait::at_rest("mail", "anybody");
        let decision = Decision {
            at: world.later(seconds),
            ..world.decision("test")
        };
        let write = write(&sight, &wait, &decision);
        world.store.run_sent(&write, run, &alone()).await.unwrap();
        let late = world.store.run_sent(&write, run, &alone()).await;
        assert!(matches!(late, Err(StoreError::Moved)), "{late:?}");
        let mut step = world.begin(agent).await;
        step.now = world.later(seconds);
        step.stop_asked(run).await.unwrap();
        step.commit().await.unwrap();
    }
    assert_eq!(world.see(agent).await.turn.unwrap().sent_at, Some(world.at));
    let sent = world
        .number("SELECT count(*) FROM runs WHERE state = 'sent' AND stop_asked_at = sent_at")
        .await;
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn a_run_that_no_runner_was_given_is_over_with_its_turn() {
    let world = World::new().await;
    for (state, over) in [("unsent", true), ("sent", false)] {
        let agent = world.agent(state).await;
        let (turn, run) = world.run(agent).await;
        world
            .sql(&format!(
                "UPDATE runs SET state = '{state}' WHERE id = '{run}'"
            ))
            .await;
        let done = closing::done();
        world
            .close(agent, turn, &done, &Facts::default())
            .await
            .unwrap();
        let run = world.store.run(run).await.unwrap().unwrap();
        assert_eq!((run.open, run.ended), (false, over));
    }
}
