//! Tasks end to end: the real control plane, the real agent program, real git, and a simulated GitHub
//! that signs its webhooks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{forge::Forge, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_becomes_a_merged_pull_request_over_red_checks_and_a_review() {
    let plays = json!([
        { "checks": [{ "name": "ci", "conclusion": "failure" }] },
        {
            "checks": [{ "name": "ci", "conclusion": "success" }],
            "reviews": [{ "author": "ada", "event": "REQUEST_CHANGES", "body": "say it better" }],
        },
        {
            "checks": [{ "name": "ci", "conclusion": "success" }],
            "reviews": [{ "author": "ada", "event": "APPROVE" }],
        },
    ]);
    let mut forge = Forge::start(plays).await;
    let task = forge.create("run: sh work.sh").await;
    let approved = |task: &Value| {
        task["state"] == "pr_opened"
            && task["runsTaken"] == 3
            && task["prReviewStatus"] == "approved"
    };
    let shown = forge
        .until_task(&task, "the third head to be approved", approved)
        .await;
    assert_eq!(shown["prChecksStatus"], "passing");
    assert_eq!(shown["unpushedCommits"], 0);
    let runs = forge.world.get(&format!("/api/tasks/{task}/runs")).await;
    let prompts: Vec<&str> = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["prompt"].as_str().unwrap())
        .collect();
    assert!(
        prompts[1].starts_with("# The checks of your pull request failed (ci)")
            || prompts[1].contains("ci"),
        "{prompts:?}"
    );
    assert!(prompts[0].contains("say it better"), "{prompts:?}");
    forge.merge().await;
    forge.until_state(&task, "completed").await;
    forge.until_issue_closed().await;
    let history = forge.history(&task).await;
    assert_eq!(
        history.iter().filter(|state| *state == "pr_opened").count(),
        3,
        "{history:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_runs_is_cancelled_within_seconds_and_its_token_with_it() {
    let mut forge = Forge::start(json!([])).await;
    let witness = format!("301.{}", crate::world::unique());
    let task = forge.create(&format!("run: sleep {witness}")).await;
    forge
        .world
        .until("the tool to run", async |_| {
            let tools = crate::world::running(&format!("sleep {witness}"));
            (!tools.is_empty()).then_some(())
        })
        .await;
    let began = std::time::Instant::now();
    forge
        .world
        .post(&format!("/api/tasks/{task}/cancel"), &json!({}))
        .await;
    forge
        .world
        .until("the tool to be gone", async |_| {
            crate::world::running(&witness).is_empty().then_some(())
        })
        .await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "it took {:?}",
        began.elapsed()
    );
    assert_eq!(forge.task(&task).await["state"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_goes_on_when_the_control_plane_is_killed_under_it() {
    let mut forge =
        Forge::start(json!([{ "checks": [{ "name": "ci", "conclusion": "success" }] }])).await;
    let gate = "touch begun; until [ -e go ]; do sleep 0.1; done; rm -f go begun";
    let task = forge.create(&format!("run: {gate}; sh work.sh")).await;
    let running = forge.until_state(&task, "running").await;
    let sandbox = running["lastPodId"].as_str().unwrap().to_owned();
    let file =
        |world: &World, name: &str| world.workspace(&sandbox, &format!("tasks/{task}/{name}"));
    let begun = file(&forge.world, "begun");
    forge.world.until_file(&begun).await;
    forge.world.kill9();
    forge.world.start().await;
    std::fs::write(file(&forge.world, "go"), "").unwrap();
    let shown = forge.until_state(&task, "pr_opened").await;
    assert_eq!(shown["runsTaken"], 1, "no second agent was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_registers_a_repository_and_its_tasks_and_cancels_them() {
    let mut forge = Forge::start(json!([])).await;
    let repo = format!("{}/optio/demo", forge.github.url());
    let script = async |name: &str, world: &World| {
        let examples =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/repo-tasks");
        let output = tokio::process::Command::new(examples.join(name))
            .arg(&repo)
            .env("OPTIO_API_URL", world.url())
            .env_remove("OPTIO_API_TOKEN")
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let said = script("setup.sh", &forge.world).await;
    assert_eq!(
        said.lines().filter(|line| line.contains("created")).count(),
        2,
        "{said}"
    );
    assert!(said.contains("registered"), "{said}");
    let waits = said
        .lines()
        .find(|line| line.contains("waits for"))
        .unwrap();
    let second = waits.split([' ', ':']).nth(1).unwrap().to_owned();
    forge.until_state(&second, "waiting_on_deps").await;
    let gone = script("cleanup.sh", &forge.world).await;
    assert!(gone.contains(&second), "{gone}");
    forge.until_state(&second, "cancelled").await;
    assert!(
        script("setup.sh", &forge.world)
            .await
            .contains("exists, left as it is")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_an_issue_become_a_merged_pull_request_and_ends() {
    let world = World::plan().embedded().prepare().await;
    let mut demo = world.binary();
    demo.args([
        "demo",
        "--task",
        "--exit",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
    ])
    .arg(world.data())
    .env_remove("ANTHROPIC_API_KEY")
    .env_remove("ANTHROPIC_BASE_URL");
    let output = tokio::process::Command::from(demo).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let noted = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}{noted}");
    for words in [
        "checks failing",
        "ci_failure",
        "I change that, and push",
        "is merged",
        "completed: its pull request was merged",
    ] {
        assert!(said.contains(words), "{words:?} is missing:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_a_repository_finds_it_checked_out_and_ends_without_a_pull_request() {
    let mut forge = Forge::start(json!([])).await;
    let job = json!({
        "name": "reader", "promptTemplate": "run: cat README.md; echo kept >\"$OPTIO_OUTPUTS_DIR/said\"",
        "repoUrl": format!("{}/optio/demo.git", forge.github.url()),
    });
    let made = forge.world.post("/api/jobs", &job).await;
    let id = made["workflow"]["id"].as_str().unwrap().to_owned();
    let run = forge
        .world
        .post(&format!("/api/jobs/{id}/runs"), &json!({}))
        .await;
    let run = run["run"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/workflow-runs/{run}");
    let done = forge
        .world
        .until("the run to be completed", async |world: &mut World| {
            let shown = world.get(&path).await["run"].take();
            assert_ne!(shown["state"], "failed", "{shown:#}");
            (shown["state"] == "completed").then_some(shown)
        })
        .await;
    assert_eq!(done["output"]["summary"], "It printed: # Demo");
    let files = forge.world.get(&format!("{path}/files")).await;
    assert_eq!(files["files"][0]["path"], "said", "{files:#}");
}
