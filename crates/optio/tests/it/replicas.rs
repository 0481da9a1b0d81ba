//! Several control planes on one database and one machine: one dies, one hangs, one leaves, all are
//! replaced one after the other. Agents go on, and nothing is lost or done twice.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{FAKE_PRELUDE, Plan, Process, Server, World, alive, kill9, until_gone};

/// An agent that finishes at once, or, told to wait, once the test lets it.
const PROGRAM: &str = r#"
begin
case "$prompt" in
  *wait*) touch begun; until [ -e go ]; do sleep 0.05; done; rm -f begun go ;;
esac
say "I am here."
finish "Done."
"#;

/// Writes down which control plane wrote about an actor, and which one owned it at that moment.
const AUDIT: &str = "
CREATE TABLE audit (at timestamptz NOT NULL DEFAULT clock_timestamp(), writer text, owner text);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO audit (writer, owner)
  SELECT current_setting('optio.replica', true), owner::text FROM shards WHERE shard = NEW.shard;
  RETURN NEW; END $$;
CREATE TRIGGER audit AFTER UPDATE OF version, wait_reason, wake_at ON actors FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version OR OLD.wait_reason IS DISTINCT FROM NEW.wait_reason)
  EXECUTE FUNCTION audit();";

fn plan() -> Plan {
    World::plan().fake(&format!("{FAKE_PRELUDE}{PROGRAM}"))
}

/// Two servers that have settled, and a world that talks to the second.
async fn two() -> (World, Server, Server) {
    let mut world = plan().prepare().await;
    let one = world.serve("one", &[]).await;
    let other = world.serve("other", &[]).await;
    world.talk_to(&other);
    settled(&mut world, &[(&one, 128), (&other, 128)]).await;
    (world, one, other)
}

/// Waits until these servers, and nobody else that lives, have so many shards each.
async fn settled(world: &mut World, shares: &[(&Server, u64)]) {
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (server, share) in shares {
        expected.insert(server.url(), *share);
    }
    world
        .until("everybody has its share", async |world: &mut World| {
            (shards(world).await == expected).then_some(())
        })
        .await;
}

/// Who lives, and how many shards each has.
async fn shards(world: &World) -> BTreeMap<String, u64> {
    let answer = world.get("/api/replicas").await;
    let replicas = answer["replicas"].as_array().unwrap();
    let living = replicas.iter().filter(|replica| replica["alive"] == true);
    living
        .map(|replica| {
            let url = replica["url"].as_str().unwrap().to_owned();
            (url, replica["shards"].as_u64().unwrap())
        })
        .collect()
}

/// Who runs an agent.
async fn owner(world: &World, agent: &str) -> String {
    let why = world.get(&format!("/api/actors/agent/{agent}")).await;
    why["owner"]["url"].as_str().unwrap_or_default().to_owned()
}

/// Agents that are ready, at least two of each server. Who runs an agent is chance, so that more may
/// have to be created; no more are asked to work than may have a turn at once.
async fn team(world: &mut World, servers: &[&Server]) -> Vec<String> {
    const MEMBERS: usize = 6;
    const OF_EACH: usize = 2;
    let mut created: Vec<(String, String)> = Vec::new();
    let mut team = Vec::new();
    for n in 0..40 {
        let agent = world.create(&format!("a{n}"), json!({})).await;
        created.push((owner(world, &agent).await, agent));
        let of_each = servers.iter().flat_map(|server| {
            let url = server.url();
            let theirs = created.iter().filter(move |it| it.0 == url);
            theirs.take(OF_EACH).map(|it| it.1.clone())
        });
        team = of_each.collect();
        if team.len() == OF_EACH * servers.len() && MEMBERS <= created.len() {
            break;
        }
    }
    assert_eq!(team.len(), OF_EACH * servers.len(), "{created:?}");
    for (_, agent) in created {
        world.until_done(&agent, 1).await;
        if team.len() < MEMBERS && !team.contains(&agent) {
            team.push(agent);
        }
    }
    team
}

/// Gives everybody a turn that waits; which process carries it out, and which turn it is.
async fn begin(world: &mut World, team: &[String]) -> Vec<(String, i32, Value)> {
    let mut turns = Vec::new();
    for agent in team {
        world.send(agent, "wait").await;
    }
    for agent in team {
        let begun = world.workspace(agent, "begun");
        world.until_file(&begun).await;
        let turn = world.turns(agent).await.pop().unwrap();
        turns.push((agent.clone(), program(world, agent), turn["id"].clone()));
    }
    turns
}

/// The agent program's own process, the youngest with its command line that keeps it: what a shell is
/// about to start has the shell's own for a moment.
fn program(world: &World, agent: &str) -> i32 {
    let youngest = || {
        let found = world.processes_of(agent);
        let is_program =
            |process: &&Process| process.command.contains("--output-format stream-json");
        let program = found.iter().filter(is_program).map(|it| it.pid).max();
        program.unwrap_or_else(|| panic!("{found:#?}"))
    };
    loop {
        let program = youngest();
        std::thread::sleep(Duration::from_millis(20));
        if youngest() == program {
            return program;
        }
    }
}

fn open_gates(world: &World, team: &[String]) {
    for agent in team {
        fs::write(world.workspace(agent, "go"), "").unwrap();
    }
}

/// The turns that were begun are over, by the same process and under the same name, and fed once.
async fn ended_well(world: &mut World, turns: &[(String, i32, Value)]) {
    for (agent, process, turn) in turns {
        let what = format!("the turn of {agent} to end");
        let ended = async |world: &mut World| {
            let all = world.turns(agent).await;
            let ours = all.into_iter().find(|it| it["id"] == *turn)?;
            (!ours["finishedAt"].is_null()).then_some(ours)
        };
        let ended = world.until(&what, ended).await;
        assert_eq!(ended["haltReason"], "natural", "{ended:#}");
        until_gone(&[*process]);
    }
}

/// Every message was consumed by exactly one turn that went well, and no turn went otherwise.
async fn nothing_is_lost(world: &mut World, team: &[String]) {
    for agent in team {
        world.until_rest(agent).await;
        for turn in world.turns(agent).await {
            assert_eq!(turn["haltReason"], "natural", "{turn:#}");
        }
        for message in world.mail(agent).await {
            assert_eq!(message["state"], "consumed", "{message:#}");
            assert_eq!(message["attempts"], 0, "{message:#}");
        }
    }
}

/// Nobody has written about an actor that another owned.
fn nobody_wrote_what_was_not_its_own(world: &World) {
    let strangers = "SELECT count(*) FROM audit WHERE writer IS DISTINCT FROM (
        SELECT max(a.writer) FROM audit a WHERE a.owner = audit.owner)";
    let owners = "SELECT count(*) FROM (SELECT owner FROM audit GROUP BY owner
        HAVING 1 < count(DISTINCT writer) OR owner IS NULL) AS shared";
    assert_eq!(world.query(strangers), "0");
    assert_eq!(world.query(owners), "0");
    assert_ne!(world.query("SELECT count(*) FROM audit"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_is_replaced_within_ten_seconds_and_its_turns_go_on() {
    let (mut world, mut one, other) = two().await;
    world.query(AUDIT);
    let team = team(&mut world, &[&one, &other]).await;
    let turns = begin(&mut world, &team).await;
    one.kill9();
    let killed = Instant::now();
    assert!(turns.iter().all(|(_, process, _)| alive(*process)));
    open_gates(&world, &team);
    ended_well(&mut world, &turns).await;
    for agent in &team {
        world.send(agent, "hello").await;
    }
    for agent in &team {
        world.until_done(agent, 3).await;
    }
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    nothing_is_lost(&mut world, &team).await;
    nobody_wrote_what_was_not_its_own(&world);
    let said = world.says(&["replicas"]).await;
    assert!(
        said.contains("gone") && said.contains(&other.url()),
        "{said}"
    );
    let why = world.says(&["why", "a0"]).await;
    assert!(
        why.contains(&format!("The server at {} runs it", other.url())),
        "{why}"
    );
    world.end_all([other]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stops_hands_over_at_once() {
    let (mut world, mut one, other) = two().await;
    let team = team(&mut world, &[&one, &other]).await;
    let turns = begin(&mut world, &team).await;
    let stopped = Instant::now();
    one.terminate();
    settled(&mut world, &[(&other, 256)]).await;
    let took = stopped.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(one.ended(&mut world).await.success(), "{}", world.said());
    assert!(turns.iter().all(|(_, process, _)| alive(*process)));
    open_gates(&world, &team);
    ended_well(&mut world, &turns).await;
    nothing_is_lost(&mut world, &team).await;
    world.end_all([other]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_writes_nothing_when_it_wakes_and_joins_again_as_somebody_new() {
    const HANGS: Duration = Duration::from_secs(15);
    let (mut world, one, other) = two().await;
    world.query(AUDIT);
    let team = team(&mut world, &[&one, &other]).await;
    let turns = begin(&mut world, &team).await;
    let id = |url: String| {
        let sql =
            format!("SELECT id FROM replicas WHERE url = '{url}' ORDER BY started_at DESC LIMIT 1");
        move |world: &World| world.query(&sql)
    };
    let (one_id, before) = (id(one.url()), id(one.url())(&world));
    one.hang();
    let hung = Instant::now();
    open_gates(&world, &team);
    ended_well(&mut world, &turns).await;
    let took = hung.elapsed();
    assert!(took < HANGS, "the other did it meanwhile: {took:?}");
    // Work that the one that hangs would do if it still believed that it was its own.
    while hung.elapsed() < HANGS {
        for agent in &team {
            world.send(agent, "hello").await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    one.go_on();
    settled(&mut world, &[(&one, 128), (&other, 128)]).await;
    assert_ne!(one_id(&world), before, "it is somebody new");
    nothing_is_lost(&mut world, &team).await;
    nobody_wrote_what_was_not_its_own(&world);
    world.end_all([one, other]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_all_one_after_the_other_under_load_loses_nothing_and_stops_no_turn() {
    let (mut world, one, other) = two().await;
    let team = team(&mut world, &[&one, &other]).await;
    let (waiting, working) = team.split_at(2);
    let turns = begin(&mut world, waiting).await;
    let urls = std::sync::Arc::new(std::sync::Mutex::new(vec![one.url(), other.url()]));
    let load = tokio::spawn(load(working.to_vec(), std::sync::Arc::clone(&urls)));
    let mut running = vec![one, other];
    for n in 0..4 {
        let mut old = running.remove(0);
        let next = world.serve(&format!("next{n}"), &[]).await;
        urls.lock().unwrap().push(next.url());
        running.push(next);
        world.talk_to(&running[0]);
        urls.lock().unwrap().retain(|url| *url != old.url());
        old.terminate();
        assert!(old.ended(&mut world).await.success(), "{}", world.said());
        settled(&mut world, &[(&running[0], 128), (&running[1], 128)]).await;
    }
    urls.lock().unwrap().clear();
    let accepted = load.await.unwrap();
    assert!(turns.iter().all(|(_, process, _)| alive(*process)));
    open_gates(&world, waiting);
    ended_well(&mut world, &turns).await;
    nothing_is_lost(&mut world, &team).await;
    for agent in working {
        let mail = world.mail(agent).await;
        let mut bodies: Vec<String> = mail
            .iter()
            .filter_map(|message| message["body"].as_str())
            .filter(|body| body.starts_with("number "))
            .map(str::to_owned)
            .collect();
        bodies.sort_unstable();
        let mut sent = accepted[agent].clone();
        sent.sort_unstable();
        assert!(!sent.is_empty());
        assert_eq!(bodies, sent);
    }
    let last: [Server; 2] = running.try_into().unwrap_or_else(|_| panic!("two run"));
    world.end_all(last).await;
}

/// Sends to everybody, through whoever is there, until nobody is; what was accepted, by agent.
async fn load(
    team: Vec<String>,
    urls: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
) -> BTreeMap<String, Vec<String>> {
    let http = reqwest::Client::new();
    let mut accepted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for n in 0_usize.. {
        let agent = &team[n % team.len()];
        let body = format!("number {n}");
        // Repeated under its key until somebody takes it.
        for try_ in 0.. {
            let Some(url) = ({
                let urls = urls.lock().unwrap();
                urls.get((n + try_) % urls.len().max(1)).cloned()
            }) else {
                return accepted;
            };
            let request = http
                .request(
                    Method::POST,
                    format!("{url}/api/persistent-agents/{agent}/messages"),
                )
                .header("idempotency-key", &body)
                .json(&json!({ "body": body }));
            let answer = request.send().await;
            if answer.is_ok_and(|answer| answer.status().as_u16() == 202) {
                accepted.entry(agent.clone()).or_default().push(body);
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_shows_what_another_server_does_and_a_gateway_runs_nothing() {
    let mut world = plan().prepare().await;
    let gateway = world.serve("gateway", &["--role", "gateway"]).await;
    let worker = world
        .serve(
            "worker",
            &["--role", "actors", "--public-url", &gateway.url()],
        )
        .await;
    world.talk_to(&gateway);
    settled(&mut world, &[(&gateway, 0), (&worker, 256)]).await;
    let agent = world.create("a", json!({})).await;
    let turn = world.until_done(&agent, 1).await;
    // The agent's own stream and its runner's lines, told where nothing of it runs.
    let events = world.events(&agent, &turn).await;
    let said = |words: &str| events.iter().any(|event| event["content"] == words);
    assert!(said("I am here."), "{events:#?}");
    assert_eq!(owner(&world, &agent).await, worker.url());
    // Live: while somebody listens, what the other commits is there at once.
    let mut fastest = Duration::MAX;
    for number in 2..12 {
        let mut stream = world.follow(&agent).await;
        world.send(&agent, "wait").await;
        let begun = world.workspace(&agent, "begun");
        world.until_file(&begun).await;
        fs::write(world.workspace(&agent, "go"), "").unwrap();
        stream.until("persistent_agent:turn_halted").await;
        let ended: f64 = world
            .query(&format!(
                "SELECT extract(epoch FROM clock_timestamp() - finished_at) FROM turns
                 WHERE agent_id = '{agent}' AND turn_number = {number}"
            ))
            .parse()
            .unwrap();
        fastest = fastest.min(Duration::from_secs_f64(ended.max(0.0)));
    }
    assert!(
        fastest < Duration::from_millis(400),
        "not hinted: {fastest:?}"
    );
    world.talk_to(&worker);
    let answer = world.ask(Method::GET, "/api/persistent-agents", None).await;
    assert_eq!(answer.unwrap().status(), 404);
    assert_eq!(world.get("/api/health").await["healthy"], true);
    world.talk_to(&gateway);
    world.end_all([worker, gateway]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runners_find_a_control_plane_that_came_back_at_another_address() {
    let mut world = plan().prepare().await;
    let mut first = world.serve("first", &[]).await;
    world.talk_to(&first);
    let team = vec![world.create("a", json!({})).await];
    world.until_done(&team[0], 1).await;
    let turns = begin(&mut world, &team).await;
    first.kill9();
    let second = world.serve("second", &[]).await;
    assert_ne!(first.url(), second.url());
    world.talk_to(&second);
    settled(&mut world, &[(&second, 256)]).await;
    assert!(alive(turns[0].1));
    open_gates(&world, &team);
    ended_well(&mut world, &turns).await;
    nothing_is_lost(&mut world, &team).await;
    world.end_all([second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_says_what_it_needs() {
    let world = plan().prepare().await;
    for (args, env, words) in [
        (&["serve"][..], ("DATABASE_URL", ""), "set DATABASE_URL"),
        (
            &["serve", "--role", "leader"],
            ("A", "b"),
            "must be all, gateway or actors",
        ),
        (&["serve", "--role", "actors"], ("A", "b"), "--public-url"),
        (
            &["serve", "--listen", "0.0.0.0:0"],
            ("A", "b"),
            "can be reached by others",
        ),
        (
            &["serve", "--advertise-url", "https://x"],
            ("A", "b"),
            "which is what runners dial",
        ),
        (
            &["serve"],
            ("OPTIO_LIMITS_LEASE_MS_MAX", "3000"),
            "at least twice limits.lease_renewal_ms",
        ),
    ] {
        let mut command = world.binary();
        command.args(args).env(env.0, env.1);
        let output = tokio::process::Command::from(command)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_leaves_no_runner_of_its_own_to_two_masters() {
    let (mut world, mut one, other) = two().await;
    let team = team(&mut world, &[&one, &other]).await;
    let runners: Vec<i32> = team.iter().filter_map(|it| world.runner(it)).collect();
    assert_eq!(runners.len(), team.len());
    kill9(one.pid());
    one.kill9();
    settled(&mut world, &[(&other, 256)]).await;
    for agent in &team {
        world.send(agent, "hello").await;
        world.until_done(agent, 2).await;
    }
    let now: Vec<i32> = team.iter().filter_map(|it| world.runner(it)).collect();
    assert_eq!(now, runners, "the same runners, each once");
    world.end_all([other]).await;
}
