//! A stopped agent is stopped: the process is gone with all it has started, and nothing it still
//! says counts.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{Process, World, running, unique};

/// From the wish to the last process.
const STOP_MAX: Duration = Duration::from_secs(5);

/// An agent in the middle of a turn, with tools in sessions of their own and grandchildren.
struct Busy {
    id: String,
    /// Stands in the command line of everything its tool has started.
    witness: String,
    message: String,
}

impl Busy {
    async fn start(world: &mut World, slug: &str, fields: serde_json::Value) -> Self {
        let id = world.create(slug, fields).await;
        world.until_done(&id, 1).await;
        let witness = format!("300.{}", unique());
        let message = world.send(&id, &tree(&witness)).await;
        Self {
            id,
            witness,
            message,
        }
    }

    /// Waits until all of the tree runs.
    async fn at_work(&self, world: &mut World) -> Vec<Process> {
        let what = "the tools to run";
        world
            .until(what, async |_| {
                let tools = running(&format!("sleep {}", self.witness));
                let sleeping = tools.iter().filter(|it| it.command.split(' ').count() == 3);
                (sleeping.count() == 5).then_some(())
            })
            .await;
        let runner = world.runner(&self.id);
        let mut all = world.processes_of(&self.id);
        all.retain(|process| Some(process.pid) != runner);
        all.extend(running(&self.witness));
        all
    }

    /// Waits until none of these is there, and says how long it took.
    async fn until_gone(&self, world: &mut World, processes: &[Process], since: Instant) {
        let left = async |_: &mut World| {
            let left = processes.iter().filter(|it| crate::world::alive(it.pid));
            (left.count() == 0).then_some(())
        };
        world.until("the processes to be gone", left).await;
        let took = since.elapsed();
        assert!(took < STOP_MAX, "it took {took:?}");
        assert!(running(&self.witness).is_empty());
    }
}

/// Children, grandchildren, sessions of their own, without environment, and deaf to signals.
fn tree(witness: &str) -> String {
    format!(
        "run: setsid sleep {witness} & setsid sh -c 'sleep {witness} & wait' & \
         setsid -f env -i /bin/sleep {witness}; \
         (trap '' INT TERM HUP; sleep {witness}) & sleep {witness}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_agents_are_gone_within_seconds_with_all_they_started() {
    let mut world = World::plan().start().await;
    let mut agents = Vec::new();
    for slug in ["pause", "archive", "restart", "delete"] {
        agents.push(Busy::start(&mut world, slug, json!({})).await);
    }
    for (busy, verb) in agents.iter().zip(["pause", "archive", "restart", "delete"]) {
        let processes = busy.at_work(&mut world).await;
        let since = Instant::now();
        match verb {
            "delete" => world.delete(&busy.id).await,
            intent => world.control(&busy.id, intent).await,
        }
        busy.until_gone(&mut world, &processes, since).await;
        if verb != "restart" {
            let runner = async |world: &mut World| world.runner(&busy.id).is_none().then_some(());
            world.until("the runner to be gone", runner).await;
            let took = since.elapsed();
            assert!(took < STOP_MAX, "{verb} took {took:?}");
        }
        if verb == "delete" {
            deleted_without_a_trace(&mut world, &busy.id).await;
            continue;
        }
        let turn = &world.turns(&busy.id).await[1];
        assert_eq!(turn["haltReason"], "cancelled", "{verb}: {turn:#}");
        assert!(turn["summary"].is_null(), "{turn:#}");
        match verb {
            "restart" => {
                // The new turn is given the same mail, in a new session.
                busy.at_work(&mut world).await;
                world.control(&busy.id, "pause").await;
                world.until_state(&busy.id, "paused").await;
            }
            _ => drop(world.until_state(&busy.id, &format!("{verb}d")).await),
        }
        let message = world.message(&busy.id, &busy.message).await;
        assert_eq!(message["state"], "pending", "{verb}");
        assert_eq!(message["attempts"], 0, "{verb}");
        assert!(world.workspace(&busy.id, "").exists());
    }
    // What the old processes said at their end is refused, kept and shown.
    let why = world.says(&["why", "pause"]).await;
    assert!(why.contains("were refused"), "{why}");
    world.end().await;
}

async fn deleted_without_a_trace(world: &mut World, agent: &str) {
    let what = "the agent's directory and row to go";
    let sandbox = world.sandbox(agent);
    let path = format!("/api/persistent-agents/{agent}");
    world
        .until(what, async |world: &mut World| {
            let answer = world.ask(reqwest::Method::GET, &path, None).await.unwrap();
            (answer.status() == 404 && !sandbox.exists()).then_some(())
        })
        .await;
    // Only the news that it is gone mentions it.
    let tables = "SELECT sum((xpath('/row/n/text()', query_to_xml(format(\
        'SELECT count(*) AS n FROM %I t WHERE t::text LIKE ''%%%s%%''', tablename, '$1'), \
        false, true, '')))[1]::text::int) FROM pg_tables \
        WHERE schemaname = 'public' AND tablename <> 'events'";
    let rows = world.query(&tables.replace("$1", agent));
    assert_eq!(rows, "0", "rows that mention a deleted agent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_takes_too_long_is_ended_with_all_it_started() {
    let mut world = World::plan().start().await;
    let fields = json!({"maxTurnDurationMs": 6_000, "consecutiveFailureLimit": 1});
    let busy = Busy::start(&mut world, "slow", fields).await;
    let processes = busy.at_work(&mut world).await;
    let turn = world.until_turn(&busy.id, 2).await;
    busy.until_gone(&mut world, &processes, Instant::now())
        .await;
    assert_eq!(turn["haltReason"], "max_duration", "{turn:#}");
    assert_eq!(turn["errorClass"], "timeout");
    let agent = world.until_state(&busy.id, "failed").await;
    assert!(
        agent["lastFailureRemedy"]
            .as_str()
            .unwrap()
            .contains("maxTurnDurationMs")
    );
    assert_eq!(
        world.message(&busy.id, &busy.message).await["attempts"],
        1,
        "given back"
    );
    world.end().await;
}
