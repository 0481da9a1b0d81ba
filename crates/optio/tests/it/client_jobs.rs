//! `optio job`, `optio blueprint` and `optio run` against a server that is played.

use serde_json::{Value, json};

use crate::fake::{Fake, code, err, out};

const JOB: &str = "0190a000-0000-7000-8000-000000000011";
const RUN: &str = "0190a000-0000-7000-8000-000000000031";

fn digest() -> Value {
    json!({
        "id": JOB, "type": "standalone", "name": "digest", "description": "Says what happened",
        "promptTemplate": "What happened on {{day}}?", "agentRuntime": "claude-code", "enabled": true,
        "maxConcurrent": 2, "maxRetries": 1, "priority": 100, "budgetUsd": "2.50", "warmPoolSize": 0,
        "runCount": 12, "failedCount": 1, "totalCost": "3.20", "lastRunAt": "2020-01-01T00:00:00Z",
        "environmentSpec": { "env": { "API_KEY": "hunter2" } },
        "paramsSchema": { "required": ["day"], "properties": { "day": { "type": "string" }, "depth": { "type": "integer" } } },
    })
}

fn one() -> Value {
    json!({ "workflow": digest() })
}

fn schedule() -> Value {
    json!({
        "id": "0190a000-0000-7000-8000-000000000021", "targetType": "job", "targetId": JOB, "type": "schedule",
        "config": { "cronExpression": "0 9 * * 1-5", "timezone": "Europe/Paris" }, "enabled": true,
        "nextFireAt": "2999-01-01T08:00:00Z", "lastOutcome": "refused: params: \"day\" is missing",
        "lastOutcomeAt": "2020-01-01T00:00:00Z",
    })
}

fn run(state: &str) -> Value {
    json!({
        "id": RUN, "workflowId": JOB, "title": "digest", "state": "queued", "detailedState": state, "triggerId": null,
        "createdBy": "local", "costUsd": "0.25", "createdAt": "2020-01-01T00:00:00Z", "startedAt": null,
        "params": { "day": "Monday" }, "attempts": 1,
    })
}

#[tokio::test]
async fn jobs_are_listed_with_how_they_did_and_when_they_start_next() {
    let mut off = digest();
    off["name"] = json!("old");
    off["id"] = json!("x");
    off["enabled"] = json!(false);
    off["failedCount"] = json!(0);
    off["lastRunAt"] = json!(null);
    let fake = Fake::new()
        .await
        .json(
            "GET /api/jobs?",
            200,
            &json!({ "workflows": [digest(), off] }),
        )
        .json(
            "GET /api/triggers?",
            200,
            &json!({ "triggers": [schedule()] }),
        );
    let output = fake.optio(&["job", "list"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let printed = out(&output);
    let lines: Vec<Vec<&str>> = printed
        .lines()
        .map(|it| {
            it.split("  ")
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        lines[0],
        ["NAME", "STATE", "RUNS", "COST", "LAST RUN", "NEXT"]
    );
    assert_eq!(
        lines[1][..4],
        ["digest", "enabled", "12, 1 failed", "$3.20"]
    );
    assert!(
        lines[1][4].ends_with(" d ago") && lines[1][5].starts_with("in "),
        "{printed}"
    );
    assert_eq!(lines[2], ["old", "disabled", "12", "$3.20", "-", "-"]);
}

#[tokio::test]
async fn a_job_is_shown_with_its_triggers_its_runs_and_why_it_does_not_move() {
    let actor = json!({
        "wait": { "reason": "2 runs of it to end", "holder": "its runs", "until": "2999-01-01T00:00:00Z" },
        "pending": 3, "dead": 1, "quarantine": null,
    });
    let server = || async {
        Fake::new()
            .await
            .json("GET /api/jobs/digest", 200, &one())
            .json(
                "GET /api/jobs/0190a000-0000-7000-8000-000000000011/triggers",
                200,
                &json!({ "triggers": [schedule()] }),
            )
            .json(
                "GET /api/jobs/0190a000-0000-7000-8000-000000000011/runs",
                200,
                &json!({ "runs": [run("running")] }),
            )
            .json(
                "GET /api/actors/job/0190a000-0000-7000-8000-000000000011",
                200,
                &actor,
            )
    };
    let output = server().await.optio(&["job", "show", "digest"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let printed = out(&output);
    for words in [
        "Says what happened",
        "waits for     2 runs of it to end (up to its runs, looks again in ",
        "fires waiting 3",
        "fires refused 1; `optio dead list` says why",
        "budget of one 2.50",
        "parameters    day, [depth]",
        "finds         API_KEY",
        "What happened on {{day}}?",
        "0 9 * * 1-5 (Europe/Paris)",
        "refused: params: \"day\" is missing, ",
        "0190a000-0000  running  local",
    ] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    assert!(!printed.contains("hunter2"), "{printed}");
    let output = server()
        .await
        .optio(&["job", "show", "digest", "--json"])
        .await;
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["workflow"], digest());
    assert_eq!(printed["actor"]["pending"], 3);
    assert_eq!(printed["triggers"][0]["type"], "schedule");
    assert_eq!(printed["runs"][0]["id"], RUN);
}

#[tokio::test]
async fn settings_are_sent_as_the_api_wants_them() {
    let dir = tempfile::tempdir().unwrap();
    let prompt = dir.path().join("p.md");
    std::fs::write(&prompt, "Look.").unwrap();
    let prompt = format!("promptTemplate=@{}", prompt.display());
    let fake = Fake::new().await.json("POST /api/jobs", 201, &one());
    let output = fake
        .optio(&[
            "job",
            "add",
            "digest",
            &prompt,
            "budgetUsd=2.50",
            "maxConcurrent=1",
        ])
        .await;
    assert_eq!(out(&output), "added job digest\n", "{}", err(&output));
    let body = json!({ "name": "digest", "promptTemplate": "Look.", "budgetUsd": "2.50", "maxConcurrent": 1 });
    assert_eq!(fake.came()[0].body, body);

    let fake = Fake::new().await.json("PATCH /api/jobs/a%2Fb", 200, &one());
    let output = fake
        .optio(&["job", "set", "a/b", "model=null", "enabled=false"])
        .await;
    assert_eq!(out(&output), "changed job digest\n", "{}", err(&output));
    assert_eq!(
        fake.came()[0].body,
        json!({ "model": null, "enabled": false })
    );

    let blueprint = json!({ "taskConfig": { "id": "b", "name": "updates" } });
    let fake = Fake::new()
        .await
        .json("POST /api/task-configs", 201, &blueprint);
    let args = [
        "blueprint",
        "add",
        "updates",
        "title=Update",
        "prompt=Do it.",
        "repoUrl=https://github.com/ada/engine",
    ];
    let output = fake.optio(&args).await;
    assert_eq!(
        out(&output),
        "added blueprint updates\n",
        "{}",
        err(&output)
    );

    let fake = Fake::new()
        .await
        .json("DELETE /api/task-configs/updates", 204, &json!(null));
    let output = fake.optio(&["blueprint", "rm", "updates"]).await;
    assert_eq!(
        out(&output),
        "removed blueprint updates\n",
        "{}",
        err(&output)
    );

    let fake = Fake::new().await.json(
        "POST /api/jobs/digest/clone",
        201,
        &json!({ "workflow": { "name": "digest (copy)" } }),
    );
    let output = fake.optio(&["job", "clone", "digest"]).await;
    assert_eq!(
        out(&output),
        "digest is copied to digest (copy), which is disabled\n",
        "{}",
        err(&output)
    );
}

#[tokio::test]
async fn a_wrong_setting_is_refused_before_anybody_is_asked() {
    let fake = Fake::new().await;
    for (args, words) in [
        (
            &["job", "add", "x", "prompt=p"][..],
            "a job has no member `prompt`",
        ),
        (
            &["job", "add", "x", "maxRetries=many"],
            "maxRetries is written as JSON",
        ),
        (&["job", "add", "x", "name=y"], "name is given twice"),
        (&["job", "set", "x"], "NAME=VALUE"),
        (
            &["blueprint", "set", "x", "budgetUsd=1"],
            "a blueprint has no member `budgetUsd`",
        ),
        (
            &["job", "run", "x", "--params", "/nowhere.json"],
            "cannot read /nowhere.json",
        ),
        (
            &["run", "logs", "x", "-f", "--search", "y"],
            "cannot be used with",
        ),
        (&["run", "list", "--limit", "0"], "1..=1000"),
    ] {
        let output = fake.optio(args).await;
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(err(&output).contains(words), "{args:?}: {}", err(&output));
    }
    assert!(fake.came().is_empty());
}

#[tokio::test]
async fn a_run_is_started_with_parameters_of_the_types_the_schema_wants_and_prints_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("params.json");
    std::fs::write(&file, "{\"day\": \"Monday\", \"depth\": 1}").unwrap();
    let fake = Fake::new()
        .await
        .json("GET /api/jobs/digest", 200, &one())
        .json(
            "POST /api/jobs/digest/runs",
            201,
            &json!({ "run": run("pending") }),
        );
    let file = file.to_str().unwrap();
    let output = fake
        .optio(&["job", "run", "digest", "day=7", "--params", file])
        .await;
    assert_eq!(out(&output), format!("{RUN}\n"), "{}", err(&output));
    assert!(
        err(&output).contains(&format!("optio run logs {RUN} -f")),
        "{}",
        err(&output)
    );
    assert_eq!(
        fake.came()[1].body,
        json!({ "params": { "day": "7", "depth": 1 } })
    );

    let fake = Fake::new().await.json("GET /api/jobs/digest", 200, &one());
    let output = fake.optio(&["job", "run", "digest", "depth=deep"]).await;
    assert_eq!(code(&output), 2);
    assert!(
        err(&output).contains("depth: must be of type integer"),
        "{}",
        err(&output)
    );
    assert_eq!(fake.came().len(), 1);

    let fake = Fake::new().await.json(
        "POST /api/task-configs/updates/run",
        202,
        &json!({ "taskId": RUN }),
    );
    let output = fake.optio(&["blueprint", "run", "updates"]).await;
    assert_eq!(out(&output), format!("{RUN}\n"), "{}", err(&output));
    assert!(err(&output).contains("optio task logs"), "{}", err(&output));
}

fn stream(to: &str) -> String {
    format!(
        "id: 1\ndata: {{\"type\":\"workflow_run:state_changed\",\"toState\":\"running\",\"reason\":\"its process runs\"}}\n\n\
         id: 2\ndata: {{\"type\":\"task:log\",\"log\":{{\"content\":\"It was a Monday.\",\"logType\":\"text\"}}}}\n\n\
         id: 3\ndata: {{\"type\":\"workflow_run:state_changed\",\"toState\":\"{to}\",\"reason\":\"over\"}}\n\n"
    )
}

async fn waits(to: &'static str, error: Value) -> Fake {
    let task =
        json!({ "state": to, "costUsd": "0.25", "errorMessage": error, "errorRemedy": "set one" });
    Fake::new()
        .await
        .json(
            "POST /api/jobs/digest/runs",
            201,
            &json!({ "run": run("pending") }),
        )
        .events(
            "GET /api/tasks/0190a000-0000-7000-8000-000000000031/stream",
            &stream(to),
        )
        .json(
            "GET /api/tasks/0190a000-0000-7000-8000-000000000031",
            200,
            &json!({ "task": task }),
        )
        .json(
            "GET /api/workflow-runs/0190a000-0000-7000-8000-000000000031",
            200,
            &json!({ "run": run(to) }),
        )
}

#[tokio::test]
async fn waiting_follows_a_run_to_its_end_and_fails_with_it() {
    let fake = waits("completed", json!(null)).await;
    let output = fake.optio(&["job", "run", "digest", "--wait"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(
        out(&output),
        format!(
            "{RUN}\n· running: its process runs\nIt was a Monday.\n· completed: over\n── completed, $0.25\n"
        )
    );
    let from = fake.came()[1].headers["last-event-id"].clone();
    assert_eq!(from, "0", "nothing of it is missed");

    let fake = waits("failed", json!("no key")).await;
    let output = fake.optio(&["job", "run", "digest", "--wait"]).await;
    assert_eq!(code(&output), 1);
    assert!(
        out(&output).ends_with("── failed, $0.25\n"),
        "{}",
        out(&output)
    );
    assert_eq!(
        err(&output),
        format!("optio: run {RUN} failed: no key\n  to do: set one\n")
    );

    let fake = waits("completed", json!(null)).await;
    let output = fake
        .optio(&["job", "run", "digest", "--wait", "--json"])
        .await;
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        printed,
        json!({ "run": run("completed") }),
        "one document and nothing else"
    );
}

#[tokio::test]
async fn runs_of_all_jobs_are_listed() {
    let task = json!({ "id": RUN, "title": "digest", "state": "failed", "triggerId": "t", "createdBy": "trigger",
        "costUsd": "0.25", "createdAt": "2020-01-01T00:00:00Z", "startedAt": "2020-01-01T00:00:00Z",
        "completedAt": "2020-01-01T00:02:00Z" });
    let fake = Fake::new()
        .await
        .json("GET /api/tasks/search", 200, &json!({ "tasks": [task] }));
    let output = fake.optio(&["run", "list", "--state", "failed"]).await;
    let printed = out(&output);
    assert!(
        printed.contains("0190a000-0000  failed  trigger  $0.25"),
        "{printed}{}",
        err(&output)
    );
    assert!(printed.contains("  2 min  digest"), "{printed}");
    assert_eq!(
        fake.came()[0].line,
        "GET /api/tasks/search?taskType=job&limit=50&state=failed"
    );
}

#[tokio::test]
async fn a_run_is_shown_with_what_came_of_it() {
    let mut failed = run("failed");
    failed["errorMessage"] = json!("no key");
    failed["output"] = json!({ "summary": "It was\na Monday." });
    let event = json!({ "createdAt": "2020-01-01T00:00:00Z", "toState": "failed", "message": "it gave up" });
    let fake = Fake::new()
        .await
        .json(
            "GET /api/workflow-runs/0190a000",
            200,
            &json!({ "run": failed }),
        )
        .json(
            "GET /api/tasks/0190a000-0000-7000-8000-000000000031/events",
            200,
            &json!({ "events": [event] }),
        )
        .json(
            "GET /api/tasks/0190a000",
            200,
            &json!({ "task": {}, "pendingReason": "room (held by others)" }),
        );
    let output = fake.optio(&["run", "show", "0190a000"]).await;
    let printed = out(&output);
    for words in [
        "waits for     room (held by others)",
        "parameter     day = Monday",
        "failure       no key",
        "  a Monday.",
        "it gave up",
    ] {
        assert!(
            printed.contains(words),
            "{words}: {printed}{}",
            err(&output)
        );
    }
}

#[tokio::test]
async fn a_run_is_stopped_tried_again_and_read() {
    for (verb, state) in [("cancel", "cancelled"), ("retry", "queued")] {
        let fake = Fake::new().await.json(
            "POST /api/workflow-runs/0190a000/",
            200,
            &json!({ "run": run(state) }),
        );
        let output = fake.optio(&["run", verb, "0190a000"]).await;
        assert_eq!(
            out(&output),
            format!("run 0190a000 is {state}\n"),
            "{}",
            err(&output)
        );
        assert!(fake.came()[0].line.ends_with(verb));
    }
    let logs = json!({ "logs": [{ "content": "Bash ls", "logType": "tool_use" }, { "content": "done\u{1b}[2J", "logType": "text" }] });
    let fake = Fake::new()
        .await
        .json("GET /api/workflow-runs/0190a000/logs", 200, &logs);
    let output = fake
        .optio(&["run", "logs", "0190a000", "--search", "a b"])
        .await;
    assert_eq!(
        out(&output),
        "→ Bash ls\ndone\u{fffd}[2J\n",
        "{}",
        err(&output)
    );
    assert!(fake.came()[0].line.ends_with("&search=a%20b"));
}

#[tokio::test]
async fn why_finds_jobs_and_blueprints_by_name() {
    let actor = json!({ "address": "job/1", "kind": "job", "id": JOB, "state": "enabled", "wait": null, "pending": 0, "dead": 0 });
    for (address, first, member) in [
        ("job/digest", "GET /api/jobs/digest", "workflow"),
        (
            "blueprint/digest",
            "GET /api/task-configs/digest",
            "taskConfig",
        ),
    ] {
        let fake = Fake::new()
            .await
            .json(first, 200, &json!({ member: { "id": JOB } }))
            .json(
                "GET /api/actors/job/0190a000-0000-7000-8000-000000000011",
                200,
                &actor,
            );
        let output = fake.optio(&["why", address]).await;
        assert!(
            out(&output).starts_with("job/1 is enabled"),
            "{}",
            err(&output)
        );
    }
}
