//! Jobs end to end: the real control plane, the real agent program, webhooks that are called while it is killed,
//! and schedules that fire while one of two control planes is.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    forge::Last,
    world::{FAKE_PRELUDE, World, alive, running, unique},
};

async fn job(world: &World, fields: Value) -> String {
    let mut job = json!({ "name": "digest", "promptTemplate": "run: {{command}}" });
    for (name, value) in fields.as_object().unwrap() {
        job[name] = value.clone();
    }
    let made = world.post("/api/jobs", &job).await;
    made["workflow"]["id"].as_str().unwrap().to_owned()
}

async fn start(world: &World, job: &str, command: &str) -> String {
    let body = json!({ "params": { "command": command } });
    let run = world.post(&format!("/api/jobs/{job}/runs"), &body).await;
    run["run"]["id"].as_str().unwrap().to_owned()
}

async fn run(world: &World, run: &str) -> Value {
    world.get(&format!("/api/workflow-runs/{run}")).await["run"].take()
}

async fn until_run(world: &mut World, id: &str, state: &str) -> Value {
    let what = format!("the run to be {state}");
    world
        .until(&what, async |world: &mut World| {
            let run = run(world, id).await;
            (run["detailedState"] == *state).then_some(run)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_its_agent_and_keeps_its_last_words_and_its_cost() {
    let mut world = World::plan().start().await;
    let job = job(
        &world,
        json!({ "environmentSpec": { "env": { "SHIFT": "night" } } }),
    )
    .await;
    let id = start(&world, &job, "echo \"the $SHIFT shift of $OPTIO_JOB_ID\"").await;
    let done = until_run(&mut world, &id, "completed").await;
    assert_eq!(
        done["output"]["summary"],
        format!("It printed: the night shift of {job}")
    );
    assert_eq!(
        (&done["attempts"], &done["retryCount"]),
        (&json!(1), &json!(0))
    );
    assert_ne!(done["costUsd"], "0");
    let logs = world.get(&format!("/api/workflow-runs/{id}/logs")).await;
    let logs = logs["logs"].as_array().unwrap();
    assert!(
        logs.iter().any(|it| it["logType"] == "tool_use"),
        "{logs:#?}"
    );
    assert!(logs.iter().all(|it| it["workflowRunId"] == *id));
    let shown = world.get(&format!("/api/jobs/{job}")).await;
    assert_eq!(
        (
            &shown["workflow"]["runCount"],
            &shown["workflow"]["successCount"]
        ),
        (&json!(1), &json!(1))
    );
    // Runs of one job at once do not see each other's directories.
    let each = [
        start(&world, &job, "pwd").await,
        start(&world, &job, "pwd").await,
    ];
    let mut places = BTreeSet::new();
    for id in &each {
        let done = until_run(&mut world, id, "completed").await;
        places.insert(done["output"]["summary"].to_string());
    }
    assert_eq!(places.len(), 2, "{places:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cancelled_ends_its_process_and_is_not_tried_again() {
    let mut world = World::plan().start().await;
    let job = job(&world, json!({ "maxRetries": 3 })).await;
    let witness = format!("301.{}", unique());
    let id = start(&world, &job, &format!("sleep {witness}")).await;
    world
        .until("the tool to run", async |_| {
            (!running(&format!("sleep {witness}")).is_empty()).then_some(())
        })
        .await;
    let began = Instant::now();
    let cancelled = world
        .post(&format!("/api/workflow-runs/{id}/cancel"), &json!({}))
        .await;
    world
        .until("the tool to be gone", async |_| {
            running(&witness).is_empty().then_some(())
        })
        .await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(cancelled["run"]["state"], "failed");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let run = run(&world, &id).await;
    assert_eq!(
        (&run["detailedState"], &run["attempts"]),
        (&json!("cancelled"), &json!(1))
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_is_tried_again_after_a_pause_and_then_given_up() {
    let mut world = World::plan().start().await;
    let job = job(
        &world,
        json!({ "promptTemplate": "wrong key", "maxRetries": 1 }),
    )
    .await;
    let id = start(&world, &job, "").await;
    let waits = world
        .until("the pause before the retry", async |world: &mut World| {
            let why = world.get(&format!("/api/actors/task/{id}")).await;
            let reason = why["wait"]["reason"].as_str()?.to_owned();
            reason.contains("a pause before retry 1").then_some(why)
        })
        .await;
    assert!(waits["wait"]["until"].is_string());
    assert_eq!(run(&world, &id).await["state"], "queued");
    let failed = until_run(&mut world, &id, "failed").await;
    assert_eq!(
        (&failed["attempts"], &failed["retryCount"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(failed["errorClass"], "auth");
    assert!(failed["errorRemedy"].is_string());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_accepted_becomes_its_run_though_the_control_plane_is_killed_at_once() {
    let program = "begin\nfinish Done.\n";
    let mut world = World::plan()
        .fake(&format!("{FAKE_PRELUDE}{program}"))
        .start()
        .await;
    let job = job(&world, json!({ "promptTemplate": "Look at {{service}}." })).await;
    let hook = json!({
        "type": "webhook", "config": { "path": "alerts" }, "paramMapping": { "service": "alert.name" },
    });
    world
        .post(&format!("/api/jobs/{job}/triggers"), &hook)
        .await;
    let http = reqwest::Client::new();
    let mut promised = BTreeSet::new();
    for round in 0..3 {
        let url = format!("{}/api/hooks/alerts", world.url());
        for call in 0..5 {
            let request = http
                .request(Method::POST, &url)
                .header("webhook-id", format!("{round}-{call}"))
                .json(&json!({ "alert": { "name": format!("shop-{round}-{call}") } }));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 202);
            let told: Value = answer.json().await.unwrap();
            promised.insert(told["runId"].as_str().unwrap().to_owned());
        }
        world.kill9();
        world.start().await;
    }
    let path = format!("/api/jobs/{job}/runs?limit=100");
    let mut last = Last(Value::Null);
    let runs = world
        .until("all promised runs", async |world: &mut World| {
            last.0 = world.get(&path).await["runs"].take();
            let runs = last.0.as_array().unwrap().clone();
            let done = runs.iter().filter(|run| run["state"] == "completed");
            (done.count() == promised.len()).then_some(runs)
        })
        .await;
    let ids = runs
        .iter()
        .map(|run| run["id"].as_str().unwrap().to_owned());
    assert_eq!(ids.collect::<BTreeSet<_>>(), promised);
    for run in &runs {
        let prompt = run["prompt"].as_str().unwrap();
        assert!(prompt.starts_with("Look at shop-"), "{prompt}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_second_has_one_run_though_one_of_two_control_planes_is_killed_at_the_tick() {
    let program = "begin\nfinish Done.\n";
    let mut world = World::plan()
        .fake(&format!("{FAKE_PRELUDE}{program}"))
        .prepare()
        .await;
    let mut one = world.serve("one", &[]).await;
    let other = world.serve("other", &[]).await;
    world.talk_to(&other);
    let job = job(
        &world,
        json!({ "promptTemplate": "Tick.", "maxRetries": 0 }),
    )
    .await;
    let every = json!({
        "type": "schedule", "config": { "cronExpression": "* * * * * *", "missed": "all" },
    });
    let trigger = world
        .post(&format!("/api/jobs/{job}/triggers"), &every)
        .await;
    let trigger = trigger["trigger"]["id"].as_str().unwrap().to_owned();
    let fires = format!("SELECT count(*) FROM messages WHERE starts_with(key, '{trigger}@')");
    let count = |world: &World| world.query(&fires).parse::<u64>().unwrap();
    world
        .until("the first fires", async |world: &mut World| {
            (3 <= count(world)).then_some(())
        })
        .await;
    // At the very second.
    let to_the_second = async || {
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
        let rest = 1_000_000_000 - u64::from(since.subsec_nanos());
        tokio::time::sleep(Duration::from_nanos(rest)).await;
    };
    to_the_second().await;
    one.kill9();
    assert!(!alive(one.pid()));
    let at_the_kill = count(&world);
    world
        .until("fires after the kill", async |world: &mut World| {
            (at_the_kill + 5 <= count(world)).then_some(())
        })
        .await;
    let off = json!({ "enabled": false });
    let path = format!("/api/jobs/{job}/triggers/{trigger}");
    let answer = world.ask(Method::PATCH, &path, Some(&off)).await.unwrap();
    assert_eq!(answer.status(), 200);
    let answered =
        "SELECT count(*) FROM messages WHERE receiver_kind = 'job' AND state <> 'consumed'";
    world
        .until("all fires to be answered", async |world: &mut World| {
            (world.query(answered) == "0").then_some(())
        })
        .await;
    let fires = count(&world);
    let gaps = format!(
        "SELECT max(at) - min(at) + 1 - count(DISTINCT at) FROM (
           SELECT split_part(key, '@', 2)::bigint / 1000000 AS at FROM messages
           WHERE starts_with(key, '{trigger}@')) f"
    );
    assert_eq!(world.query(&gaps), "0", "a second is missing");
    let runs = world.query("SELECT count(*) FROM tasks");
    assert_eq!(runs, fires.to_string(), "one run for each fire");
    // Runs that are at work when a server stops go on without it.
    let open = "SELECT count(*) FROM tasks WHERE state <> 'completed'";
    world
        .until("all runs to be over", async |world: &mut World| {
            (world.query(open) == "0").then_some(())
        })
        .await;
    world.end_all([other]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_script_prepares_the_directory_and_its_failure_is_the_runs() {
    let mut world = World::plan().start().await;
    let setup = json!({ "environmentSpec": { "setup": "echo prepared >here; echo told" } });
    let job = job(&world, setup).await;
    let id = start(&world, &job, "cat here; pwd").await;
    let done = until_run(&mut world, &id, "completed").await;
    assert_eq!(done["output"]["summary"], "It printed: prepared");
    let logs = world.get(&format!("/api/workflow-runs/{id}/logs")).await;
    assert!(logs.to_string().contains("told"), "{logs:#}");
    let broken = json!({ "environmentSpec": { "setup": "echo no such thing >&2; exit 3" }, "maxRetries": 0 });
    let path = format!("/api/jobs/{job}");
    let changed = world
        .ask(Method::PATCH, &path, Some(&broken))
        .await
        .unwrap();
    assert_eq!(changed.status(), 200);
    let id = start(&world, &job, "true").await;
    let failed = until_run(&mut world, &id, "failed").await;
    let words = failed["errorMessage"].as_str().unwrap();
    assert!(
        words.contains("the setup failed") && words.contains("no such thing"),
        "{words}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_pool_has_a_sandbox_before_the_first_run_and_after_it_dies() {
    let mut world = World::plan().start().await;
    let pool = json!({ "warmPoolSize": 1, "maxPodInstances": 2, "maxAgentsPerPod": 1 });
    let job = job(&world, pool).await;
    let warm = async |world: &mut World, not: Option<String>| {
        world
            .until("a warm sandbox", async |world: &mut World| {
                let sql = "SELECT s.id FROM sandboxes s JOIN pools p ON p.id = s.actor_id
                           WHERE p.job_id IS NOT NULL AND s.dormant_since IS NULL ORDER BY s.created_at";
                let all = world.query(sql);
                let mut found = all.lines().map(str::to_owned).filter(|it| Some(it) != not.as_ref());
                let sandbox = found.find(|it| world.runner(it).is_some())?;
                Some(sandbox)
            })
            .await
    };
    let sandbox = warm(&mut world, None).await;
    let id = start(&world, &job, "sleep 2; echo here").await;
    let running = until_run(&mut world, &id, "running").await;
    assert_eq!(running["podName"], sandbox, "the run takes the warm one");
    // While that one is busy another is warmed.
    let other = warm(&mut world, Some(sandbox.clone())).await;
    assert_ne!(other, sandbox);
    until_run(&mut world, &id, "completed").await;
    // There may be two; one idle is enough, and it is brought back where it dies.
    let off = json!({ "warmPoolSize": 0 });
    let path = format!("/api/jobs/{job}");
    let changed = world.ask(Method::PATCH, &path, Some(&off)).await.unwrap();
    assert_eq!(changed.status(), 200);
    world.end().await;
}

/// A server of one tool, as the protocol wants it over standard input and output.
const CLOCK: &str = r#"while read -r line; do
  id=$(jq -c .id <<<"$line")
  case $(jq -r .method <<<"$line") in
    initialize) answer='{"protocolVersion":"2025-03-26","capabilities":{"tools":{}},"serverInfo":{"name":"clock","version":"1"}}' ;;
    tools/list) answer='{"tools":[{"name":"now","description":"The time","inputSchema":{"type":"object","properties":{}}}]}' ;;
    tools/call) answer='{"content":[{"type":"text","text":"half past '"$HOUR"'"}]}' ;;
    *) continue ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$answer"
done
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_has_the_tools_of_its_connections() {
    let mut world = World::plan().start().await;
    world
        .post(
            "/api/secrets",
            &json!({ "name": "HOUR_OF_THE_CLOCK", "value": "nine-o-clock" }),
        )
        .await;
    let fields = json!({
        "promptTemplate": "ask the clock",
        "environmentSpec": {
            "setup": format!("cat >clock.sh <<'END'\n{CLOCK}END\n"),
            "mcpServers": { "clock": {
                "command": "bash", "args": ["clock.sh"], "env": { "HOUR": "${HOUR_OF_THE_CLOCK}" },
            } },
        },
    });
    let job = job(&world, fields).await;
    let id = start(&world, &job, "").await;
    let done = until_run(&mut world, &id, "completed").await;
    // The secret was there; what is shown of it is not.
    assert_eq!(done["output"]["summary"], "It said: half past ***");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_when_its_budget_is_spent_and_is_not_tried_again() {
    let mut world = World::plan().start().await;
    let job = job(&world, json!({ "budgetUsd": "0.0001", "maxRetries": 3 })).await;
    let id = start(&world, &job, "echo one").await;
    let failed = until_run(&mut world, &id, "failed").await;
    assert_eq!(
        (&failed["errorClass"], &failed["attempts"]),
        (&json!("budget"), &json!(1))
    );
    world.end().await;
}
