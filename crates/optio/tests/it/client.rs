//! The client commands, as a person and as a script meet them.

use serde_json::{Value, json};

use crate::fake::{Fake, code, err, optio, out};

const ID: &str = "0190a000-0000-7000-8000-000000000001";
const LIST: &str = "GET /api/persistent-agents?";

fn vesper() -> Value {
    json!({
        "id": ID, "slug": "vesper", "name": "Vesper", "state": "running", "podLifecycle": "sticky",
        "totalCostUsd": "0.1200", "lastTurnAt": null, "agentRuntime": "claude-code",
        "consecutiveFailures": 0, "maxTurns": 30, "initialPrompt": "go"
    })
}

fn forge() -> Value {
    json!({
        "id": "0190a000-0000-7000-8000-000000000002", "slug": "forge", "state": "idle",
        "podLifecycle": "always-on", "totalCostUsd": "10", "lastTurnAt": "2020-01-01T00:00:00Z",
        "inbox": {"pending": 3}
    })
}

/// A server that knows vesper.
async fn knows_vesper() -> Fake {
    Fake::new()
        .await
        .json(LIST, 200, &json!({"agents": [vesper()]}))
}

#[tokio::test]
async fn agents_are_listed_over_all_pages() {
    let fake = Fake::new()
        .await
        .json(
            LIST,
            200,
            &json!({"agents": [vesper()], "nextCursor": "a/b"}),
        )
        .json(LIST, 200, &json!({"agents": [forge()]}));
    let output = fake.optio(&["agent", "list"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let lines: Vec<String> = out(&output).lines().map(str::to_owned).collect();
    assert_eq!(
        lines[0],
        "SLUG    STATE    LIFECYCLE  COST     PENDING  LAST TURN"
    );
    assert_eq!(lines[1], "vesper  running  sticky     $0.1200  -        -");
    assert!(lines[2].starts_with("forge   idle     always-on  $10      3        "));
    assert!(lines[2].ends_with(" d ago"), "{}", lines[2]);
    let came = fake.came();
    assert_eq!(came[0].headers["authorization"], "Bearer t0ken");
    assert!(
        came[1].line.ends_with("limit=200&cursor=a%2Fb"),
        "{}",
        came[1].line
    );
}

#[tokio::test]
async fn json_is_what_the_server_said() {
    let output = knows_vesper()
        .await
        .optio(&["agent", "list", "--json"])
        .await;
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, json!({"agents": [vesper()]}));
}

#[tokio::test]
async fn a_message_is_sent_with_a_key_against_repetition() {
    let fake = knows_vesper().await.json("POST", 202, &json!({"ok": true}));
    let output = fake
        .optio(&["agent", "send", "vesper", "add /healthz"])
        .await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(out(&output).starts_with("sent to vesper"));
    let sent = &fake.came()[1];
    assert_eq!(
        sent.line,
        format!("POST /api/persistent-agents/{ID}/messages")
    );
    assert_eq!(sent.body, json!({"body": "add /healthz"}));
    assert!(sent.headers["idempotency-key"].len() > 30);
}

#[tokio::test]
async fn controls_say_what_they_mean_to_the_server() {
    for (command, intent) in [("pause", "pause"), ("archive", "archive")] {
        let fake = Fake::new().await.json("POST", 200, &json!({"ok": true}));
        // An id needs no list.
        let output = fake.optio(&["agent", command, ID]).await;
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert_eq!(fake.came()[0].body, json!({"intent": intent}));
    }
    let fake = knows_vesper().await.json("DELETE", 204, &json!(null));
    assert_eq!(code(&fake.optio(&["agent", "delete", "vesper"]).await), 0);
}

#[tokio::test]
async fn every_refusal_has_its_exit_code_and_its_words() {
    let cases = [(401, 3), (403, 3), (404, 4), (409, 5), (400, 1), (503, 1)];
    for (status, exit) in cases {
        let problem = json!({
            "type": "about:blank", "title": "No", "status": status, "error": "that will not do",
            "errors": [{"field": "slug", "rule": "must be \u{1b}[31mshort"}]
        });
        let fake = Fake::new().await.json("POST", status, &problem);
        let args = ["agent", "create", "x", "--prompt", "go"];
        let output = fake.optio(&args).await;
        assert_eq!(code(&output), exit);
        let said = err(&output);
        assert!(said.starts_with("optio: that will not do\n"), "{said}");
        assert!(said.contains("slug: must be \u{fffd}[31mshort"), "{said}");
        assert_eq!(said.contains("OPTIO_TOKEN"), status == 401);
    }
}

#[tokio::test]
async fn errors_are_json_for_programs() {
    let fake = knows_vesper().await;
    let output = fake.optio(&["--json", "agent", "show", "nobody"]).await;
    assert_eq!(code(&output), 4);
    let printed: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(printed["error"].as_str().unwrap().contains("\"nobody\""));
    assert_eq!(printed["exit"], 4);
}

#[tokio::test]
async fn without_a_server_a_person_learns_how_to_start_one() {
    let output = optio("http://127.0.0.1:1", &["agent", "list"]).await;
    assert_eq!(code(&output), 1);
    let said = err(&output);
    let words = "no Optio at http://127.0.0.1:1; start it with `optio dev`";
    assert!(said.contains(words), "{said}");
    let output = optio("nonsense", &["agent", "list"]).await;
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("environment OPTIO_API_URL: server must"));
}

#[tokio::test]
async fn wrong_usage_is_refused_before_anything_is_sent() {
    let fake = Fake::new().await;
    for args in [
        &["agent", "send", "vesper", "  "][..],
        &["agent", "create"],
        &["apply"],
        &["apply", "-f", "/nonexistent.json"],
        &["agent", "log", "vesper", "-f", "--turn", "1"],
    ] {
        assert_eq!(code(&fake.optio(args).await), 2, "{args:?}");
    }
    assert!(fake.came().is_empty());
}

#[tokio::test]
async fn the_last_turn_is_printed_unless_another_is_named() {
    let turns = json!({"turns": [
        {"id": "t1", "turnNumber": 1}, {"id": "t2", "turnNumber": 2},
    ]});
    let turn = json!({
        "turn": {"turnNumber": 2, "wakeSource": "message", "haltReason": "natural",
            "costUsd": "0.01", "finishedAt": "2030-01-01T00:00:00Z"},
        "logs": [
            {"content": "hello\u{7}", "logType": "text", "stream": "stdout"},
            {"content": "Bash ls", "logType": "tool_use", "stream": "stdout"},
            {"content": "oh", "logType": null, "stream": "stderr"},
        ]
    });
    let path = "GET /api/persistent-agents/0190a000-0000-7000-8000-000000000001/turns";
    for (args, id) in [(&[][..], "t2"), (&["--turn", "1"], "t1")] {
        let fake = knows_vesper()
            .await
            .json(path, 200, &turns)
            .json(path, 200, &turn);
        let args = [&["agent", "log", "vesper"], args].concat();
        let output = fake.optio(&args).await;
        assert_eq!(
            out(&output),
            "── turn 2, woken by message\nhello\u{fffd}\n→ Bash ls\n! oh\n\
             ── ended: natural, $0.01\n"
        );
        assert!(fake.came()[2].line.ends_with(id));
    }
    let fake = knows_vesper().await.json(path, 200, &turns);
    let output = fake.optio(&["agent", "log", "vesper", "--turn", "9"]).await;
    assert_eq!(code(&output), 4);
}

#[tokio::test]
async fn following_goes_on_after_a_lost_connection_where_it_was() {
    let path = "GET /api/persistent-agents/0190a000-0000-7000-8000-000000000001/events";
    let fake = knows_vesper()
        .await
        .events(
            path,
            "retry: 10\n\nid: 1\ndata: {\"type\":\"persistent_agent:turn_started\",\"turnNumber\":3}\n\n\
             id: 2\ndata: {\"type\":\"persistent_agent:log\",\"log\":{\"content\":\"one\",\"logType\":\"text\"}}\n\n\
             id: 3\ndata: {\"type\":\"cut off",
        )
        .events(
            path,
            "id: 3\ndata: {\"type\":\"persistent_agent:log\",\"content\":\"two\",\"logType\":\"text\"}\n\n",
        )
        .json(path, 503, &json!({"error": "going down"}))
        .events(path, ": nothing new\n\n")
        .json(path, 204, &json!(null));
    let output = fake.optio(&["agent", "log", "vesper", "-f"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), "── turn 3\none\ntwo\n");
    assert_eq!(err(&output), "going down; trying again\n");
    let ids: Vec<_> = fake.came()[1..]
        .iter()
        .map(|came| {
            came.headers
                .get("last-event-id")
                .map(|id| id.to_str().unwrap().to_owned())
        })
        .collect();
    let id = |id: &str| Some(id.to_owned());
    assert_eq!(ids, [None, id("2"), id("3"), id("3"), id("3")]);
}

#[tokio::test]
async fn ctrl_c_ends_following_with_its_own_exit_code() {
    let path = "GET /api/persistent-agents/0190a000-0000-7000-8000-000000000001/events";
    let fake = knows_vesper().await.events(path, "retry: 60000\n\n");
    let program = env!("CARGO_BIN_EXE_optio");
    // Scripts run in the background ignore INT, so the shell has to bring it back with `set -m`.
    let script =
        format!("set -m; {program} agent log vesper -f & sleep 1; kill -INT $!; wait $!; exit $?");
    let output = fake.shell(&script).await;
    assert_eq!(code(&output), 130, "{}", err(&output));
}

#[tokio::test]
async fn following_an_agent_that_is_gone_ends_as_not_found() {
    let path = "GET /api/persistent-agents/0190a000-0000-7000-8000-000000000001/events";
    let fake = knows_vesper()
        .await
        .json(path, 404, &json!({"error": "agent not found"}));
    let output = fake.optio(&["agent", "log", "vesper", "-f"]).await;
    assert_eq!(code(&output), 4);
}

#[tokio::test]
async fn why_speaks_in_sentences() {
    let actor = json!({
        "address": "agent:vesper", "kind": "agent", "id": ID, "state": "queued", "epoch": 2,
        "version": 9, "wait": {"reason": "no slot is free", "holder": "other agents", "until": null},
        "pending": 4, "dead": 1, "quarantine": null,
        "decisions": [{"at": "2030-01-01T00:00:00Z", "step": "wait", "seen": "10 of 10 run"}]
    });
    let path = "GET /api/actors/agent/vesper";
    let fake = Fake::new().await.json(path, 200, &actor);
    let output = fake.optio(&["why", "agent:vesper"]).await;
    assert_eq!(
        out(&output),
        format!(
            "agent:vesper is queued (agent/{ID}, epoch 2, version 9).\n\
             It waits: no slot is free. That is up to other agents; only mail or a person wakes it.\n\
             4 messages wait for it.\n\
             1 messages could not be taken in and are kept as dead letters.\n\
             It last decided:\n  2030-01-01 00:00:00.000  wait\n      because it saw: 10 of 10 run\n"
        )
    );
}

#[tokio::test]
async fn an_agent_is_created_from_a_file_and_flags() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("agent.json");
    std::fs::write(
        &file,
        json!({"slug": "a", "maxTurns": 1, "initialPrompt": "x"}).to_string(),
    )
    .unwrap();
    let fake = Fake::new()
        .await
        .json("POST", 201, &json!({"agent": {"slug": "a", "id": ID}}));
    let args = [
        "agent",
        "create",
        "-f",
        file.to_str().unwrap(),
        "--max-turns",
        "5",
        "--lifecycle",
        "on-demand",
    ];
    let output = fake.optio(&args).await;
    assert_eq!(
        out(&output),
        format!("created a ({ID})\n"),
        "{}",
        err(&output)
    );
    assert_eq!(
        fake.came()[0].body,
        json!({"slug": "a", "name": "a", "maxTurns": 5, "initialPrompt": "x",
            "podLifecycle": "on-demand"})
    );
}

#[tokio::test]
async fn a_reader_that_leaves_is_no_failure() {
    let fake = knows_vesper().await;
    let program = env!("CARGO_BIN_EXE_optio");
    // The shell's `true` never reads; the pipe may be closed before we write.
    let script = format!("sleep 0; {program} agent list | true; exit ${{PIPESTATUS[0]}}");
    let output = fake.shell(&script).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(err(&output), "");
}

#[tokio::test]
async fn completions_and_settings_need_no_server() {
    let output = optio("http://127.0.0.1:1", &["completions", "bash"]).await;
    assert!(out(&output).contains("_optio()"));
    let output = optio("http://127.0.0.1:1", &["config", "--listen", "127.0.0.1:7"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let said = out(&output);
    assert!(said.contains("127.0.0.1:7"), "{said}");
    assert!(said.contains("flag --listen"), "{said}");
    assert!(!said.contains("t0ken"), "{said}");
}

#[tokio::test]
async fn a_class_is_sent_and_its_delivery_is_said() {
    for (class, answer, words) in [
        (
            "interrupt",
            json!({"ok": true, "delivery": "next-turn"}),
            "first mail of its next turn",
        ),
        (
            "stop",
            json!({"ok": true, "stopped": false}),
            "nothing to stop",
        ),
        ("notify", json!({"ok": true}), "sent to vesper"),
    ] {
        let fake = knows_vesper().await.json("POST", 202, &answer);
        let output = fake
            .optio(&["agent", "send", "vesper", "x", "--class", class])
            .await;
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert!(out(&output).contains(words), "{}", out(&output));
        assert_eq!(fake.came()[1].body, json!({"body": "x", "class": class}));
    }
}

#[tokio::test]
async fn a_question_waits_until_it_is_settled_and_prints_the_reply() {
    let open = json!({"ask": {"state": "open"}});
    let answered = json!({"ask": {"state": "answered", "reply": "8080"}});
    let fake = knows_vesper()
        .await
        .json("POST", 202, &json!({"ok": true, "askId": ID}))
        .json("GET /api/asks", 200, &open)
        .json("GET /api/asks", 200, &answered);
    let args = ["agent", "ask", "vesper", "which port?", "--timeout", "9"];
    let output = fake.optio(&args).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), "8080\n");
    let came = fake.came();
    assert_eq!(
        came[1].line,
        format!("POST /api/persistent-agents/{ID}/ask")
    );
    assert_eq!(
        came[1].body,
        json!({"body": "which port?", "timeoutMs": 9_000})
    );
    assert!(
        came[2]
            .line
            .starts_with(&format!("GET /api/asks/{ID}?waitMs="))
    );

    let late = json!({"ask": {"state": "timed_out", "reply": null}});
    let fake = knows_vesper()
        .await
        .json("POST", 202, &json!({"ok": true, "askId": ID}))
        .json("GET /api/asks", 200, &late);
    let output = fake.optio(&["agent", "ask", "vesper", "x"]).await;
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("did not reply in time"),
        "{}",
        err(&output)
    );
}

#[tokio::test]
async fn topics_are_listed_subscribed_to_and_published_to() {
    let topics = json!({"topics": [{"topic": "builds", "subscribers": 2}]});
    let fake = Fake::new().await.json("GET /api/topics?", 200, &topics);
    let output = fake.optio(&["topic", "list"]).await;
    assert_eq!(
        out(&output),
        "TOPIC   SUBSCRIBERS\nbuilds  2\n",
        "{}",
        err(&output)
    );
    let fake = Fake::new()
        .await
        .json("POST", 200, &json!({"ok": true, "changed": true}));
    let output = fake
        .optio(&["topic", "subscribe", "builds", "vesper"])
        .await;
    assert_eq!(out(&output), "vesper hears builds\n", "{}", err(&output));
    assert_eq!(fake.came()[0].line, "POST /api/topics/builds/subscribers");
    let fake = Fake::new()
        .await
        .json("DELETE", 200, &json!({"ok": true, "changed": false}));
    let output = fake
        .optio(&["topic", "unsubscribe", "builds", "vesper"])
        .await;
    assert_eq!(
        out(&output),
        "vesper did not hear builds\n",
        "{}",
        err(&output)
    );
    let fake = Fake::new()
        .await
        .json("POST", 202, &json!({"ok": true, "delivered": 2}));
    let args = [
        "topic", "publish", "builds", "red", "--class", "notify", "--json",
    ];
    let output = fake.optio(&args).await;
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, json!({"ok": true, "delivered": 2}));
    assert_eq!(
        fake.came()[0].body,
        json!({"body": "red", "class": "notify"})
    );
}

#[tokio::test]
async fn dead_letters_are_listed_shown_and_settled_to_the_last() {
    let dead = json!({
        "id": ID, "agentId": ID, "senderType": "user", "senderId": "ada", "attempts": 5,
        "receivedAt": "2020-01-01T00:00:00Z", "deadReason": "given to 5 turns", "body": "poison"
    });
    let page = json!({"messages": [dead]});
    let fake = Fake::new().await.json("GET /api/dead-letters?", 200, &page);
    let output = fake.optio(&["dead", "list"]).await;
    assert!(
        out(&output).contains("given to 5 turns"),
        "{}",
        err(&output)
    );
    let turns = json!([{"turnNumber": 3, "error": "the tests are red"}]);
    let fake = Fake::new()
        .await
        .json("GET", 200, &json!({"message": dead, "turns": turns}));
    let shown = out(&fake.optio(&["dead", "show", ID]).await).to_owned();
    assert!(
        shown.contains("poison") && shown.contains("the tests are red"),
        "{shown}"
    );
    let fake = Fake::new().await.json("POST", 202, &json!({"ok": true}));
    let output = fake.optio(&["dead", "discard", ID]).await;
    assert_eq!(
        out(&output),
        format!("discarded {ID}\n"),
        "{}",
        err(&output)
    );
    let fake = knows_vesper()
        .await
        .json(
            "POST",
            200,
            &json!({"ok": true, "count": 1_000, "more": true}),
        )
        .json("POST", 200, &json!({"ok": true, "count": 3, "more": false}));
    let output = fake
        .optio(&["dead", "replay", "--all", "--agent", "vesper"])
        .await;
    assert_eq!(out(&output), "replayed 1003 messages\n", "{}", err(&output));
    let path = format!("POST /api/persistent-agents/{ID}/dead-letters/replay");
    assert_eq!(fake.came()[2].line, path);
    assert_eq!(
        code(&fake.optio(&["dead", "replay"]).await),
        2,
        "nothing is meant"
    );
}
