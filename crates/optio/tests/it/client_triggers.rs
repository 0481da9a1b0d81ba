//! `optio trigger` against a server that is played: secrets come from the input or a file and are never shown.

use serde_json::{Value, json};

use crate::fake::{Fake, code, err, out};

const ID: &str = "0190a000-0000-7000-8000-000000000021";
const SECRET: &str = "hunter2-hunter2";

fn hook() -> Value {
    json!({
        "id": ID, "targetType": "job", "targetId": "j1", "type": "webhook", "enabled": true, "fireCount": 3,
        "config": { "path": "triage", "secret": "***", "signature": "github" },
        "paramMapping": { "number": "issue.number" }, "nextFires": [], "nextFireAt": null,
        "lastFiredAt": "2020-01-01T00:00:00Z", "lastOutcome": "started run 1", "lastOutcomeAt": "2020-01-01T00:00:00Z",
        "disabledReason": null,
    })
}

fn tick() -> Value {
    json!({
        "id": "0190a000-0001-7000-8000-000000000022", "targetType": "persistent_agent", "targetId": "a1", "type": "schedule",
        "enabled": false, "fireCount": 120, "disabledReason": "it fires itself", "nextFireAt": "2036-07-01T07:00:00Z",
        "config": { "cronExpression": "0 9 * * *", "timezone": "Europe/Paris" }, "paramMapping": { "hours": 24 },
        "nextFires": ["2036-07-01T07:00:00Z"],
    })
}

async fn knows_both() -> Fake {
    Fake::new()
        .await
        .json(
            "GET /api/triggers?",
            200,
            &json!({ "triggers": [hook(), tick()] }),
        )
        .json(
            "GET /api/persistent-agents?",
            200,
            &json!({ "agents": [{ "id": "a1", "slug": "clock" }] }),
        )
        .json(
            "GET /api/jobs?",
            200,
            &json!({ "workflows": [{ "id": "j1", "name": "triage-bot" }] }),
        )
}

#[tokio::test]
async fn triggers_are_listed_with_what_they_start_and_what_came_of_them() {
    let output = knows_both().await.optio(&["trigger", "list"]).await;
    let printed = out(&output);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(
        lines[0].starts_with("TRIGGER        STARTS          TYPE      WHEN"),
        "{printed}{}",
        err(&output)
    );
    for words in [
        "job/triage-bot",
        "webhook",
        "/api/hooks/triage",
        "started run 1, ",
    ] {
        assert!(lines[1].contains(words), "{words}: {printed}");
    }
    for words in [
        "agent/clock",
        "0 9 * * * (Europe/Paris)",
        "disabled  disabled: it fires itself",
    ] {
        assert!(lines[2].contains(words), "{words}: {printed}");
    }
    let fake = Fake::new().await.json(
        "GET /api/jobs/a%20b/triggers",
        200,
        &json!({ "triggers": [hook(), tick()] }),
    );
    let output = fake
        .optio(&["trigger", "list", "job/a b", "--type", "schedule", "--json"])
        .await;
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, json!({ "triggers": [tick()] }));
}

#[tokio::test]
async fn a_trigger_is_shown_by_path_and_by_the_begin_of_its_id() {
    let output = knows_both()
        .await
        .optio(&["trigger", "show", "triage"])
        .await;
    let printed = out(&output);
    for words in [
        "webhook starts job/triage-bot",
        "secret             ***",
        "parameter          number from issue.number",
        "fires so far       3",
    ] {
        assert!(
            printed.contains(words),
            "{words}: {printed}{}",
            err(&output)
        );
    }
    let output = knows_both()
        .await
        .optio(&["trigger", "show", "0190a000-0001"])
        .await;
    let printed = out(&output);
    for words in [
        "because            it fires itself",
        "parameter          hours = 24",
        "fires              Tue 2036-07-01 09:00:00 Europe/Paris (in ",
    ] {
        assert!(
            printed.contains(words),
            "{words}: {printed}{}",
            err(&output)
        );
    }
    let output = knows_both()
        .await
        .optio(&["trigger", "show", "nobody"])
        .await;
    assert_eq!(code(&output), 4);
}

#[tokio::test]
async fn a_schedule_is_added_and_says_when_it_fires() {
    let fake = Fake::new().await.json(
        "POST /api/jobs/digest/triggers",
        201,
        &json!({ "trigger": tick() }),
    );
    let args = [
        "trigger",
        "add",
        "job/digest",
        "schedule",
        "0 9 * * 1-5",
        "--timezone",
        "Europe/Paris",
        "--missed",
        "skip",
        "--overlap",
        "queue",
        "--param",
        "hours=24",
        "--param",
        "who=the team",
    ];
    let output = fake.optio(&args).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(
        out(&output).contains("it fires Tue 2036-07-01 09:00:00 Europe/Paris (in "),
        "{}",
        out(&output)
    );
    let body = json!({
        "type": "schedule", "enabled": true, "paramMapping": { "hours": 24, "who": "the team" },
        "config": { "cronExpression": "0 9 * * 1-5", "timezone": "Europe/Paris", "missed": "skip", "overlap": "queue" },
    });
    assert_eq!(fake.came()[0].body, body);
}

#[tokio::test]
async fn a_webhook_takes_its_secret_from_the_input_or_a_file_and_never_shows_it() {
    let program = env!("CARGO_BIN_EXE_optio");
    let add = "trigger add job/triage-bot webhook triage --signature github --when action=opened --when action=reopened \
               --map number=issue.number";
    let fake = Fake::new().await.json(
        "POST /api/jobs/triage-bot/triggers",
        201,
        &json!({ "trigger": hook() }),
    );
    let output = fake
        .shell(&format!(
            "printf '{SECRET}\\n' | {program} {add} --secret-stdin"
        ))
        .await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(
        out(&output),
        format!("added trigger {ID}; it is called with POST /api/hooks/triage\n")
    );
    let body = json!({
        "type": "webhook", "enabled": true, "paramMapping": { "number": "issue.number" },
        "config": { "path": "triage", "secret": SECRET, "signature": "github", "when": { "action": ["opened", "reopened"] } },
    });
    assert_eq!(fake.came()[0].body, body);

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, format!("{SECRET}\r\n")).unwrap();
    let fake = Fake::new().await.json(
        "POST /api/persistent-agents/vesper/triggers",
        201,
        &json!({ "trigger": hook() }),
    );
    let args = [
        "trigger",
        "add",
        "agent/vesper",
        "webhook",
        "alerts",
        "--secret-file",
        file.to_str().unwrap(),
        "--prompt",
        "Look at {{service}}",
        "--class",
        "interrupt",
        "--disabled",
    ];
    let output = fake.optio(&args).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let came = &fake.came()[0];
    assert_eq!(
        (&came.body["config"]["secret"], &came.body["enabled"]),
        (&json!(SECRET), &json!(false))
    );
    assert_eq!(came.body["config"]["class"], "interrupt");
    assert!(!format!("{}{}", out(&output), err(&output)).contains("hunter2"));

    // Typed at a terminal of its own, it is not seen.
    let fake = Fake::new()
        .await
        .json("POST", 201, &json!({ "trigger": hook() }));
    let script = format!(
        "(sleep 1; printf '{SECRET}\\n'; sleep 1) | script -qec '{program} {add} --secret-stdin' /dev/null"
    );
    let seen = out(&fake.shell(&script).await).clone();
    assert!(
        seen.contains("The secret of the webhook (it is not shown):"),
        "{seen}"
    );
    assert!(!seen.contains("hunter2"), "{seen}");
    assert_eq!(fake.came()[0].body["config"]["secret"], SECRET);
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_anybody_is_asked() {
    let fake = Fake::new().await;
    for (args, words) in [
        (
            &["trigger", "add", "digest", "schedule", "* * * * *"][..],
            "job/NAME, blueprint/NAME or agent/SLUG",
        ),
        (&["trigger", "add", "template/x", "manual"], "job/NAME"),
        (
            &[
                "trigger", "add", "job/x", "webhook", "p", "--secret", SECRET,
            ],
            "unexpected argument",
        ),
        (
            &[
                "trigger",
                "add",
                "job/x",
                "webhook",
                "p",
                "--secret-file",
                "/nowhere",
            ],
            "cannot read /nowhere",
        ),
        (
            &["trigger", "add", "job/x", "webhook", "p", "--map", "a"],
            "a must be PARAM=PATH",
        ),
        (
            &[
                "trigger",
                "add",
                "job/x",
                "webhook",
                "p",
                "--overlap",
                "maybe",
            ],
            "allow, skip, queue, replace",
        ),
        (&["trigger", "add", "job/x", "schedule"], "<CRON>"),
        (
            &["trigger", "list", "--type", "odd"],
            "manual, schedule, webhook, ticket",
        ),
        (
            &["trigger", "set", "x", "--no-secret", "--secret-stdin"],
            "cannot be used with",
        ),
    ] {
        let output = fake.optio(args).await;
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(err(&output).contains(words), "{args:?}: {}", err(&output));
    }
    let program = env!("CARGO_BIN_EXE_optio");
    let output = fake
        .shell(&format!(
            "{program} trigger add job/x webhook p --secret-stdin </dev/null"
        ))
        .await;
    assert_eq!(code(&output), 2);
    assert!(
        err(&output).contains("the secret is empty"),
        "{}",
        err(&output)
    );
    assert!(fake.came().is_empty());
}

#[tokio::test]
async fn a_change_sends_all_settings_and_leaves_the_secret_where_it_is() {
    let patch = "PATCH /api/jobs/j1/triggers/0190a000-0000-7000-8000-000000000021";
    for (args, body) in [
        (&["enabled=false"][..], json!({ "enabled": false })),
        (
            &["signature=any", "overlap=skip"],
            json!({ "config": { "path": "triage", "signature": "any", "overlap": "skip" } }),
        ),
        (
            &["signature=null"],
            json!({ "config": { "path": "triage" } }),
        ),
        (
            &["--no-secret"],
            json!({ "config": { "path": "triage", "signature": "github", "secret": null } }),
        ),
        (
            &["--map", "title=issue.title"],
            json!({ "paramMapping": { "title": "issue.title" } }),
        ),
    ] {
        let fake = knows_both()
            .await
            .json(patch, 200, &json!({ "trigger": hook() }));
        let output = fake
            .optio(&[&["trigger", "set", "triage"], args].concat())
            .await;
        assert_eq!(
            out(&output),
            "changed trigger triage\n",
            "{args:?}: {}",
            err(&output)
        );
        assert_eq!(fake.came()[1].body, body, "{args:?}");
    }
    for (args, words) in [
        (&["secret=hunter2"][..], "a secret is never an argument"),
        (&["cron=x"], "a trigger has no setting `cron`"),
        (&[], "nothing would change"),
    ] {
        let fake = knows_both().await;
        let output = fake
            .optio(&[&["trigger", "set", "triage"], args].concat())
            .await;
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(
            err(&output).contains(words) && !err(&output).contains("hunter2"),
            "{}",
            err(&output)
        );
        assert!(fake.came().iter().all(|it| it.line.starts_with("GET")));
    }
    let fake = knows_both().await.json(
        "DELETE /api/persistent-agents/a1/triggers/0190a000-0001",
        204,
        &json!(null),
    );
    let output = fake.optio(&["trigger", "rm", "0190a000-0001"]).await;
    assert_eq!(
        out(&output),
        "removed trigger 0190a000-0001\n",
        "{}",
        err(&output)
    );
}

#[tokio::test]
async fn a_schedule_is_tried_without_keeping_it() {
    let next = json!({ "nextFires": ["2036-07-01T07:00:00Z", "2036-07-02T07:00:00Z"] });
    let fake = Fake::new()
        .await
        .json("POST /api/triggers/preview", 200, &next);
    let output = fake
        .optio(&[
            "trigger",
            "preview",
            "0 9 * * *",
            "--timezone",
            "Europe/Paris",
        ])
        .await;
    let printed = out(&output);
    assert_eq!(printed.lines().count(), 2, "{}", err(&output));
    assert!(
        printed.starts_with("Tue 2036-07-01 09:00:00 Europe/Paris (in "),
        "{printed}"
    );
    let problem = json!({ "error": "1 field breaks its rule", "errors": [{ "field": "cronExpression", "rule": "`x` is none" }] });
    let fake = Fake::new()
        .await
        .json("POST /api/triggers/preview", 400, &problem);
    let output = fake.optio(&["trigger", "preview", "x"]).await;
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("cronExpression: `x` is none"),
        "{}",
        err(&output)
    );
}
