//! `optio apply` against a server that is played: what is asked for, what is said, and that nothing happens before
//! everything was checked.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::{Fake, code, err, out};

const JOB: &str = "0190a000-0000-7000-8000-000000000011";
const HOOK: &str = "0190a000-0000-7000-8000-000000000021";
const HOURLY: &str = "0190a000-0000-7000-8000-000000000022";
const OLD: &str = "0190a000-0000-7000-8000-000000000012";

fn write(dir: &TempDir, name: &str, value: &Value) {
    std::fs::write(dir.path().join(name), value.to_string()).unwrap();
}

fn path(dir: &TempDir) -> &str {
    dir.path().to_str().unwrap()
}

fn agents() -> Value {
    json!({ "agents": [
        { "id": "a1", "slug": "vesper", "name": "Vesper", "maxTurns": 30 },
        { "id": "a2", "slug": "forge", "podLifecycle": "always-on" },
    ] })
}

#[tokio::test]
async fn only_what_differs_is_changed_and_the_difference_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    write(
        &dir,
        "1.json",
        &json!({ "slug": "vesper", "name": "Vesper", "maxTurns": 30, "model": null }),
    );
    write(
        &dir,
        "2.json",
        &json!({ "slug": "forge", "podLifecycle": "sticky" }),
    );
    write(
        &dir,
        "3.json",
        &json!({ "slug": "new", "name": "New", "initialPrompt": "go" }),
    );
    write(&dir, "not.txt", &json!(null));
    let server = || async {
        Fake::new()
            .await
            .json("GET /api/persistent-agents?", 200, &agents())
    };
    let told = "unchanged  agent/vesper\nupdated    agent/forge\n    podLifecycle  always-on → sticky\n\
                created    agent/new\n";

    let fake = server().await;
    let output = fake.optio(&["apply", "-f", path(&dir), "--dry-run"]).await;
    assert_eq!(
        (out(&output).as_str(), fake.came().len()),
        (told, 1),
        "{}",
        err(&output)
    );
    assert_eq!(err(&output), "dry run: nothing was changed\n");

    let fake = server()
        .await
        .json("PATCH /api/persistent-agents/a2", 200, &json!({}))
        .json(
            "POST /api/persistent-agents",
            201,
            &json!({ "agent": { "id": "a3" } }),
        );
    let output = fake.optio(&["apply", "-f", path(&dir)]).await;
    assert_eq!(out(&output), told, "{}", err(&output));
    let came = fake.came();
    assert_eq!(came[1].body, json!({ "podLifecycle": "sticky" }));
    assert_eq!(came[2].body["slug"], "new");
}

/// A job with two triggers, whose prompt and secret stand elsewhere.
fn digest(dir: &TempDir) {
    std::fs::write(
        dir.path().join("prompt.md"),
        "Look at {{what}}.\nBe brief.\n",
    )
    .unwrap();
    std::fs::write(dir.path().join("hook.key"), "hunter2-hunter2\n").unwrap();
    write(
        dir,
        "job.json",
        &json!({
            "name": "digest", "promptTemplateFrom": { "file": "prompt.md" }, "budgetUsd": 2.5,
            "triggers": [
                { "type": "schedule", "config": { "cronExpression": "0 9 * * *" }, "paramMapping": { "what": "all" } },
                { "type": "webhook", "config": { "path": "digest", "secretFrom": { "file": "hook.key" } } },
            ],
        }),
    );
}

fn server_job(prompt: &str) -> Value {
    json!({ "id": JOB, "name": "digest", "promptTemplate": prompt, "budgetUsd": "2.50", "maxRetries": 1 })
}

fn server_triggers() -> Value {
    json!({ "triggers": [
        { "id": HOOK, "type": "webhook", "enabled": true, "paramMapping": null,
          "config": { "path": "digest", "secret": "***", "overlap": "allow" } },
        { "id": "t9", "type": "schedule", "enabled": true, "paramMapping": { "what": "all" },
          "config": { "cronExpression": "0 9 * * *", "timezone": "UTC" } },
        { "id": HOURLY, "type": "schedule", "enabled": true, "paramMapping": null,
          "config": { "cronExpression": "0 * * * *" } },
    ] })
}

async fn knows_digest(prompt: &str) -> Fake {
    let jobs = json!({ "workflows": [server_job(prompt), { "id": OLD, "name": "old" }] });
    Fake::new().await.json("GET /api/jobs?", 200, &jobs).json(
        "GET /api/jobs/0190a000-0000-7000-8000-000000000011/triggers?",
        200,
        &server_triggers(),
    )
}

#[tokio::test]
async fn a_job_is_made_with_its_triggers_and_no_secret_is_ever_printed() {
    let dir = tempfile::tempdir().unwrap();
    digest(&dir);
    let made = json!({ "workflow": { "id": JOB } });
    let fake = Fake::new()
        .await
        .json("GET /api/jobs?", 200, &json!({ "workflows": [] }))
        .json("POST /api/jobs/", 201, &json!({}))
        .json("POST /api/jobs/", 201, &json!({}))
        .json("POST /api/jobs", 201, &made);
    let output = fake.optio(&["apply", "-f", path(&dir)]).await;
    assert_eq!(
        out(&output),
        "created    job/digest\n    + trigger schedule 0 9 * * * (UTC)\n    + trigger webhook /api/hooks/digest\n",
        "{}",
        err(&output)
    );
    assert!(!out(&output).contains("hunter2"));
    let came = fake.came();
    let prompt = json!({ "name": "digest", "promptTemplate": "Look at {{what}}.\nBe brief.", "budgetUsd": 2.5 });
    assert_eq!(came[1].body, prompt);
    assert_eq!(came[2].line, format!("POST /api/jobs/{JOB}/triggers"));
    assert_eq!(came[2].body["paramMapping"], json!({ "what": "all" }));
    assert_eq!(
        came[3].body["config"],
        json!({ "path": "digest", "secret": "hunter2-hunter2" })
    );
}

#[tokio::test]
async fn what_is_the_same_is_left_alone_however_the_server_writes_it_down() {
    let dir = tempfile::tempdir().unwrap();
    digest(&dir);
    let fake = knows_digest("Look at {{what}}.\nBe brief.").await;
    let output = fake.optio(&["apply", "-f", path(&dir)]).await;
    assert_eq!(out(&output), "unchanged  job/digest\n", "{}", err(&output));
    let note = "the schedule 0 * * * * (UTC) of job/digest is in no file and goes on; --prune trigger removes it\n";
    assert_eq!(err(&output), note);
    assert_eq!(fake.came().len(), 2);

    let patch = format!("PATCH /api/jobs/{JOB}/triggers/{HOOK}");
    let fake = knows_digest("Look at {{what}}.\nBe brief.")
        .await
        .json("PATCH", 200, &json!({}));
    let output = fake
        .optio(&["apply", "-f", path(&dir), "--renew-secrets"])
        .await;
    let told =
        "updated    job/digest\n    trigger webhook /api/hooks/digest\n      secret  (set anew)\n";
    assert_eq!(out(&output), told, "{}", err(&output));
    assert_eq!(
        (
            fake.came()[2].line.as_str(),
            &fake.came()[2].body["config"]["secret"]
        ),
        (patch.as_str(), &json!("hunter2-hunter2"))
    );
}

#[tokio::test]
async fn a_text_is_shown_line_by_line() {
    let dir = tempfile::tempdir().unwrap();
    digest(&dir);
    let fake = knows_digest("Look at {{what}}.\nBe long.").await;
    let output = fake.optio(&["apply", "-f", path(&dir), "--dry-run"]).await;
    let told = "updated    job/digest\n    promptTemplate\n        Look at {{what}}.\n      - Be long.\n      + Be brief.\n";
    assert_eq!(out(&output), told, "{}", err(&output));

    let fake = knows_digest("Look at {{what}}.\nBe long.").await;
    let output = fake
        .optio(&["apply", "-f", path(&dir), "--dry-run", "--json"])
        .await;
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&printed["dryRun"], &printed["removed"]),
        (&json!(true), &json!([]))
    );
    let result = &printed["results"][0];
    assert_eq!(
        (&result["kind"], &result["result"]),
        (&json!("job"), &json!("updated"))
    );
    assert_eq!(result["changes"][0]["field"], "promptTemplate");
    assert_eq!(result["triggers"][1]["result"], "unchanged");
}

#[tokio::test]
async fn nothing_is_removed_unless_it_is_said_and_a_person_agrees() {
    let dir = tempfile::tempdir().unwrap();
    digest(&dir);
    let prune = ["apply", "-f", path(&dir), "--prune", "job,trigger"];
    let fake = knows_digest("Look at {{what}}.\nBe brief.").await;
    let output = fake.optio(&prune).await;
    assert_eq!(code(&output), 2);
    let said = err(&output);
    for words in [
        "nothing was changed",
        "job/old",
        "schedule 0 * * * * (UTC) of job/digest",
        "--yes",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(fake.came().iter().all(|it| it.line.starts_with("GET")));

    let fake = knows_digest("Look at {{what}}.\nBe brief.").await;
    let output = fake.optio(&[&prune[..], &["--dry-run"]].concat()).await;
    let told = "removed    schedule 0 * * * * (UTC) of job/digest\nremoved    job/old\nunchanged  job/digest\n";
    assert_eq!(out(&output), told, "{}", err(&output));
    assert!(fake.came().iter().all(|it| it.line.starts_with("GET")));

    let fake = knows_digest("Look at {{what}}.\nBe brief.")
        .await
        .json(
            "DELETE /api/jobs/0190a000-0000-7000-8000-000000000011",
            204,
            &json!(null),
        )
        .json(
            "DELETE /api/jobs/0190a000-0000-7000-8000-000000000012",
            204,
            &json!(null),
        );
    let output = fake.optio(&[&prune[..], &["--yes"]].concat()).await;
    assert_eq!(out(&output), told, "{}", err(&output));
    let came = fake.came();
    assert_eq!(
        came[2].line,
        format!("DELETE /api/jobs/{JOB}/triggers/{HOURLY}")
    );
    assert_eq!(came[3].line, format!("DELETE /api/jobs/{OLD}"));
}

#[tokio::test]
async fn a_person_is_asked_at_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    digest(&dir);
    let program = env!("CARGO_BIN_EXE_optio");
    let command = format!("{program} apply -f {} --prune job", path(&dir));
    for (answer, removes) in [("y", true), ("", false)] {
        let fake =
            knows_digest("Look at {{what}}.\nBe brief.")
                .await
                .json("DELETE", 204, &json!(null));
        // A terminal of its own; what is typed comes after the question.
        let script =
            format!("(sleep 1; printf '{answer}\\n'; sleep 1) | script -qec '{command}' /dev/null");
        let output = fake.shell(&script).await;
        let seen = out(&output);
        assert!(seen.contains("Remove these 1? [y/N]"), "{seen}");
        assert_eq!(
            fake.came().iter().any(|it| it.line.starts_with("DELETE")),
            removes,
            "{seen}"
        );
        assert_eq!(seen.contains("nothing was changed"), !removes, "{seen}");
    }
}

#[tokio::test]
async fn files_are_checked_before_anything_is_applied() {
    let dir = tempfile::tempdir().unwrap();
    let broken = [
        ("a.json", "{\"slug\": \"a\", \"name\": \"A\"}"),
        (
            "b.json",
            "[{\"slug\": \"b\"}, 1, {}, {\"kind\": \"pod\"}, {\"slug\": \"c\", \"promt\": \"x\"}]",
        ),
        ("c.json", "{"),
        (
            "d.json",
            "{\"name\": \"j\", \"promptTemplate\": \"{{#if x}}\"}",
        ),
        (
            "e.json",
            "{\"name\": \"k\", \"promptTemplate\": \"p\", \"triggers\": [{\"type\": \"webhook\", \"config\": {\"path\": \"x\", \"secret\": \"hunter2\"}}]}",
        ),
    ];
    for (name, text) in broken {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let fake = Fake::new().await;
    let output = fake.optio(&["apply", "-f", path(&dir)]).await;
    assert_eq!(code(&output), 2);
    let said = err(&output);
    for words in [
        "nothing was applied",
        "b.json[1]: must be a JSON object",
        "b.json[2]: nothing says what it is",
        "b.json[3]: kind: must be agent",
        "b.json[4]: agent/c: an agent has no member `promt`",
        "c.json is not JSON",
        "d.json: job/j: promptTemplate: line 1",
        "e.json: job/k: triggers[0]: config.secret: a secret does not stand in a file",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    assert!(fake.came().is_empty());

    let twice = tempfile::tempdir().unwrap();
    write(&twice, "a.json", &json!([{ "slug": "a" }, { "slug": "a" }]));
    let fake = Fake::new().await.json("GET", 200, &agents());
    let output = fake.optio(&["apply", "-f", path(&twice)]).await;
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("agent/a is in "), "{}", err(&output));
}

#[tokio::test]
async fn a_refusal_names_file_and_thing_and_says_what_was_done_before() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "a.json", &json!({ "slug": "vesper", "maxTurns": 31 }));
    write(&dir, "b.json", &json!({ "slug": "forge", "maxTurns": 0 }));
    let problem = json!({ "error": "1 field breaks its rule", "errors": [{ "field": "maxTurns", "rule": "must be more than 0" }] });
    let fake = Fake::new()
        .await
        .json("GET", 200, &agents())
        .json("PATCH /api/persistent-agents/a1", 200, &json!({}))
        .json("PATCH /api/persistent-agents/a2", 400, &problem);
    let output = fake.optio(&["apply", "-f", path(&dir)]).await;
    assert_eq!(code(&output), 1);
    assert_eq!(
        out(&output),
        "updated    agent/vesper\n    maxTurns  30 → 31\n"
    );
    let said = err(&output);
    assert!(
        said.contains("b.json: agent/forge: 1 field breaks its rule"),
        "{said}"
    );
    assert!(said.contains("maxTurns: must be more than 0"), "{said}");
}

#[tokio::test]
async fn templates_are_kept_by_name_and_named_by_jobs() {
    let dir = tempfile::tempdir().unwrap();
    write(
        &dir,
        "a.json",
        &json!({ "name": "j", "promptTemplate": "p", "promptTemplateName": "words" }),
    );
    write(
        &dir,
        "b.json",
        &json!({ "name": "words", "kind": "job", "template": "Say {{what}}." }),
    );
    write(
        &dir,
        "c.json",
        &json!({ "name": "style", "kind": "template", "template": "new" }),
    );
    let templates = json!({ "templates": [
        { "id": "p1", "name": "style", "kind": "prompt", "template": "old" },
        { "id": "p2", "name": "words", "kind": "review", "template": "x" },
    ] });
    let fake = Fake::new()
        .await
        .json("GET /api/prompt-templates?", 200, &templates)
        .json("GET /api/jobs?", 200, &json!({ "workflows": [] }))
        .json(
            "POST /api/prompt-templates/named",
            201,
            &json!({ "template": { "id": "p3", "name": "words", "kind": "job" } }),
        )
        .json("PATCH /api/prompt-templates/p1", 200, &json!({}))
        .json("POST /api/jobs", 201, &json!({ "workflow": { "id": JOB } }));
    let output = fake.optio(&["apply", "-f", path(&dir)]).await;
    let told = "created    template/words\nupdated    template/style\n    template  old → new\ncreated    job/j\n";
    assert_eq!(out(&output), told, "{}", err(&output));
    let came = fake.came();
    let last = &came[came.len() - 1];
    assert_eq!(
        last.body,
        json!({ "name": "j", "promptTemplate": "p", "promptTemplateId": "p3" })
    );
}

#[tokio::test]
async fn directories_are_looked_into_only_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("agents")).unwrap();
    std::fs::write(dir.path().join("agents/a.json"), "{\"slug\": \"vesper\"}").unwrap();
    let fake = Fake::new().await;
    let output = fake.optio(&["apply", "-f", path(&dir)]).await;
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("-R looks into"), "{}", err(&output));
    let fake = Fake::new().await.json("GET", 200, &agents());
    let output = fake.optio(&["apply", "-R", "-f", path(&dir)]).await;
    assert_eq!(
        out(&output),
        "unchanged  agent/vesper\n",
        "{}",
        err(&output)
    );
    let nowhere = Path::new("/nowhere.json").to_str().unwrap();
    assert_eq!(code(&fake.optio(&["apply", "-f", nowhere]).await), 2);
}
