//! Bad input: each is refused with its place and its remedy.

use optio_domain::limits::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::Api;

const AGENTS: &str = "/api/persistent-agents";

fn with(change: Value) -> Value {
    let mut body = json!({ "slug": "vesper", "name": "Vesper", "initialPrompt": "Greet." });
    let members = change.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

#[tokio::test]
async fn an_agent_that_breaks_a_rule_is_refused_by_field_and_rule() {
    let api = Api::new().await;
    let cases: [(Value, &[&str]); 18] = [
        (
            json!({ "slug": "Bad Slug" }),
            &["slug", "lower-case", "^[a-z0-9][a-z0-9-]*$"],
        ),
        (json!({ "slug": "" }), &["slug", "1 to 63"]),
        (json!({ "slug": "-x" }), &["slug", "start with"]),
        (
            json!({ "slug": 5 }),
            &["slug", "expected a string", "line 1, column"],
        ),
        (
            json!({ "name": 5 }),
            &["name", "expected a string", "line 1, column"],
        ),
        (json!({ "name": " " }), &["name: must not be empty"]),
        (
            json!({ "initialPrompt": "" }),
            &["initialPrompt: must not be empty"],
        ),
        (
            json!({ "maxTurns": "x" }),
            &["maxTurns", "expected i32", "line 1, column"],
        ),
        (
            json!({ "maxTurns": 0 }),
            &["maxTurns: must be greater than 0"],
        ),
        (
            json!({ "maxTurns": 99_999_999_999_i64 }),
            &["maxTurns", "99999999999"],
        ),
        (
            json!({ "idlePodTimeoutMs": -1 }),
            &["idlePodTimeoutMs: must be greater than 0"],
        ),
        (
            json!({ "maxTurnDurationMs": true }),
            &["maxTurnDurationMs", "boolean"],
        ),
        (
            json!({ "enabled": "yes" }),
            &["enabled", "expected a boolean"],
        ),
        (
            json!({ "podLifecycle": "forever" }),
            &[
                "podLifecycle",
                "always-on, sticky or on-demand",
                "`forever`",
            ],
        ),
        (
            json!({ "podLifecycle": 1 }),
            &["podLifecycle", "expected a string"],
        ),
        (
            json!({ "agentRuntime": "emacs" }),
            &["agentRuntime", "claude-code"],
        ),
        (
            json!({ "repoId": "not-a-uuid" }),
            &["repoId", "line 1, column"],
        ),
        (json!({ "name": "a\u{0}b" }), &["NUL", "leave it out"]),
    ];
    for (change, words) in cases {
        api.post(AGENTS, with(change)).await.refused(400, words);
    }
    let both = api
        .post(AGENTS, with(json!({ "slug": "A", "maxTurns": 0 })))
        .await;
    both.refused(400, &["slug", "maxTurns"]);
    let fields: Vec<_> = both.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["field"])
        .collect();
    assert_eq!(fields, ["slug", "maxTurns"]);
    api.post(AGENTS, json!({ "name": "x" }))
        .await
        .refused(400, &["slug", "missing"]);
    assert_eq!(api.get(AGENTS).await.body, json!({ "agents": [] }));
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_is_refused_by_field_and_changes_nothing() {
    let api = Api::new().await;
    let id = api.resting("vesper").await;
    let path = format!("{AGENTS}/{id}");
    let before = api.get(&path).await.body;
    let cases: [(Value, &[&str]); 4] = [
        (json!({ "maxTurns": "x" }), &["maxTurns", "line 1, column"]),
        (json!({ "name": 5 }), &["name", "expected a string"]),
        (json!({ "name": "" }), &["name: must not be empty"]),
        (json!({ "podLifecycle": "x" }), &["podLifecycle"]),
    ];
    for (change, words) in cases {
        api.patch(&path, change).await.refused(400, words);
    }
    assert_eq!(api.get(&path).await.body, before);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_with_line_and_column() {
    let api = Api::new().await;
    for (text, words) in [
        (
            "{\n  \"slug\": nope\n}",
            &["not JSON", "line 2, column"][..],
        ),
        ("", &["not JSON", "line 1, column 0"]),
        ("{\"slug\":\"a\"", &["not JSON", "EOF"]),
        ("{} trailing", &["missing field"]),
        ("[]", &["line 1"]),
    ] {
        let answer = api.answer(api.ask(Method::POST, AGENTS).body(text)).await;
        answer.refused(400, words);
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_not_answered_is_405() {
    let api = Api::new().await;
    let nobody = uuid::Uuid::from_u128(99);
    for path in [
        "/api/persistent-agents/nobody".to_owned(),
        format!("{AGENTS}/{nobody}"),
    ] {
        api.get(&path).await.refused(404, &["there is no agent"]);
        api.patch(&path, json!({}))
            .await
            .refused(404, &["there is no agent"]);
        api.delete(&path).await.refused(404, &["there is no agent"]);
        for list in ["messages", "turns", "triggers", "dead-letters", "events"] {
            api.get(&format!("{path}/{list}"))
                .await
                .refused(404, &["there is no agent"]);
        }
        api.post(&format!("{path}/messages"), json!({ "body": "x" }))
            .await
            .refused(404, &["there is no agent"]);
        api.post(&format!("{path}/control"), json!({ "intent": "pause" }))
            .await
            .refused(404, &["there is no agent"]);
    }
    api.get("/api/actors/wizard/x")
        .await
        .refused(404, &["wizard", "agent"]);
    api.get("/api/nothing")
        .await
        .refused(404, &["/api/nothing", "/docs"]);
    api.answer(api.ask(Method::PUT, AGENTS))
        .await
        .refused(405, &["PUT", "/docs"]);
    let id = api.resting("vesper").await;
    for path in [
        format!("{AGENTS}/{id}/turns/nope"),
        format!("{AGENTS}/{id}/turns/{nobody}"),
    ] {
        api.get(&path).await.refused(404, &["has no turn"]);
    }
    api.delete(&format!("{AGENTS}/{id}/triggers/{nobody}"))
        .await
        .refused(404, &["has no trigger"]);
    api.post(
        &format!("{AGENTS}/{id}/dead-letters/{nobody}/replay"),
        json!({}),
    )
    .await
    .refused(404, &["no dead letter"]);
}

#[tokio::test]
async fn a_path_of_strange_characters_is_refused_in_our_own_form() {
    let api = Api::new().await;
    api.get(&format!("{AGENTS}/%00"))
        .await
        .refused(400, &["path", "NUL"]);
    api.get(&format!("{AGENTS}/%FF"))
        .await
        .refused(400, &["path"]);
    api.get("/ws/events").await.refused(400, &["WebSocket"]);
}

#[tokio::test]
async fn a_taken_slug_is_a_conflict_that_says_what_to_do() {
    let api = Api::new().await;
    api.resting("vesper").await;
    api.post(AGENTS, with(json!({})))
        .await
        .refused(409, &["`vesper` is taken", "choose another"]);
}

#[tokio::test]
async fn a_message_that_breaks_a_rule_is_refused() {
    let limits = Limits {
        message_bytes_max: 10,
        payload_bytes_max: 30,
        ..Limits::default()
    };
    let api = Api::with(limits).await;
    api.resting("vesper").await;
    let path = format!("{AGENTS}/vesper/messages");
    let cases: [(Value, u16, &[&str]); 7] = [
        (json!({ "body": "" }), 400, &["body: must not be empty"]),
        (json!({}), 400, &["body", "missing"]),
        (json!({ "body": 5 }), 400, &["body", "expected a string"]),
        (
            json!({ "body": "x".repeat(11) }),
            413,
            &["10 bytes", "send less"],
        ),
        (
            json!({ "body": "x", "structuredPayload": { "a": "x".repeat(30) } }),
            413,
            &["30 bytes"],
        ),
        (
            json!({ "body": "x", "structuredPayload": [1] }),
            400,
            &["structuredPayload", "expected a map"],
        ),
        (
            json!({ "body": "x", "senderType": "wizard" }),
            400,
            &["senderType", "external", "`wizard`"],
        ),
    ];
    for (body, status, words) in cases {
        api.post(&path, body).await.refused(status, words);
    }
    for text in ["a\u{0}", "\u{0}"] {
        for body in [
            json!({ "body": text }),
            json!({ "body": "x", "senderName": text }),
            json!({ "body": "x", "structuredPayload": { "k": text } }),
        ] {
            api.post(&path, body).await.refused(400, &["NUL"]);
        }
    }
    api.post(&path, json!({ "body": r"\u0000" })).await.is(202);
    for key in ["", "a#b", "a@b"] {
        let ask = api.ask(Method::POST, &path).header("idempotency-key", key);
        api.answer(ask.json(&json!({ "body": "x" })))
            .await
            .refused(400, &["Idempotency-Key"]);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let api = Api::with(Limits {
        body_bytes_max: 1_000,
        ..Limits::default()
    })
    .await;
    let long = json!({ "body": "x".repeat(2_000) }).to_string();
    let announced = api
        .answer(api.ask(Method::POST, AGENTS).body(long.clone()))
        .await;
    announced.refused(413, &["1000 bytes"]);
    let pieces = vec![Ok::<_, std::io::Error>(long.clone()), Ok(long)];
    for key in [None, Some("k")] {
        let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(
            pieces
                .iter()
                .map(|piece| match piece {
                    Ok(text) => Ok::<_, std::io::Error>(text.clone()),
                    Err(error) => Err(std::io::Error::from(error.kind())),
                })
                .collect::<Vec<_>>(),
        ));
        let mut ask = api.ask(Method::POST, AGENTS).body(chunked);
        if let Some(key) = key {
            ask = ask.header("idempotency-key", key);
        }
        api.answer(ask).await.refused(413, &["1000 bytes"]);
    }
}

#[tokio::test]
async fn a_full_inbox_says_when_to_come_again() {
    let api = Api::with(Limits {
        inbox_messages_max: 2,
        ..Limits::default()
    })
    .await;
    api.resting("vesper").await;
    let path = format!("{AGENTS}/vesper/messages");
    api.post(&path, json!({ "body": "second" })).await.is(202);
    let full = api.post(&path, json!({ "body": "third" })).await;
    full.refused(429, &["2 messages wait", "later"]);
    assert_eq!(full.header("retry-after"), "5");
}

#[tokio::test]
async fn nobody_can_claim_to_be_more_than_he_is() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    api.resting("mira").await;
    let path = format!("{AGENTS}/mira/messages");
    for claimed in ["agent", "system"] {
        let body = json!({ "body": "x", "senderType": claimed });
        api.post(&path, body)
            .await
            .refused(403, &["senderType", "user:local", "leave it out"]);
    }
    let token = api.token(vesper, &turn);
    for claimed in ["user", "system"] {
        let body = json!({ "body": "x", "senderType": claimed });
        let answer = api.as_agent(&token, Method::POST, &path, Some(body)).await;
        answer.refused(403, &["agent:default/vesper"]);
    }
    api.post(&path, json!({ "body": "from a person" }))
        .await
        .is(202);
    api.post(
        &path,
        json!({ "body": "from outside", "senderType": "external" }),
    )
    .await
    .is(202);
    let body = json!({ "body": "from a peer", "senderType": "agent" });
    api.as_agent(&token, Method::POST, &path, Some(body))
        .await
        .is(202);
    let stored: Vec<_> = api.get(&path).await.body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| {
            format!(
                "{}:{} {}",
                m["senderType"].as_str().unwrap(),
                m["senderId"].as_str().unwrap(),
                m["body"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        stored[..3],
        [
            "agent:default/vesper from a peer",
            "external:local from outside",
            "user:local from a person",
        ]
    );
}

#[tokio::test]
async fn pages_and_places_that_are_nonsense_are_refused() {
    let api = Api::new().await;
    api.resting("vesper").await;
    for limit in ["0", "-1", "x", "1001", "1.5", "99999999999999999999"] {
        for list in [
            "",
            "/vesper/messages",
            "/vesper/turns",
            "/vesper/dead-letters",
        ] {
            let answer = api.get(&format!("{AGENTS}{list}?limit={limit}")).await;
            answer.refused(400, &["limit: must be a whole number from 1 to 1000"]);
        }
    }
    for cursor in ["x", "MQ", "bnVsbA", "%22"] {
        api.get(&format!("{AGENTS}?cursor={cursor}"))
            .await
            .refused(400, &["cursor", "nextCursor"]);
    }
    for id in ["x", "1", "1-", "-1-x"] {
        let answer = api.get(&format!("/api/events?lastEventId={id}")).await;
        answer.refused(400, &["Last-Event-ID", id]);
        let header = api
            .ask(Method::GET, &format!("{AGENTS}/vesper/events"))
            .header("last-event-id", id);
        api.answer(header)
            .await
            .refused(400, &["Last-Event-ID", id]);
    }
}

#[tokio::test]
async fn a_trigger_that_cannot_fire_is_refused() {
    let api = Api::new().await;
    api.resting("vesper").await;
    let path = format!("{AGENTS}/vesper/triggers");
    let cases: [(Value, &[&str]); 10] = [
        (
            json!({ "type": "schedule", "config": {} }),
            &["config.cronExpression", "missing", "*/10 * * * *"],
        ),
        (
            json!({ "type": "schedule", "config": { "cronExpression": "every tuesday" } }),
            &["every tuesday", "five fields"],
        ),
        (
            json!({ "type": "schedule", "config": { "cronExpression": 5 } }),
            &["config.cronExpression", "must be a text"],
        ),
        (
            json!({ "type": "schedule", "config": { "cronExpression": "* * * * *", "timezone": "Mars/Jezero" } }),
            &["Mars/Jezero", "Europe/Paris"],
        ),
        (
            json!({ "type": "schedule", "config": { "cronExpression": "0 0 30 2 *" } }),
            &["0 0 30 2 *"],
        ),
        (
            json!({ "type": "webhook", "config": {} }),
            &["webhook", "schedule"],
        ),
        (
            json!({ "type": "ticket", "config": {} }),
            &["ticket", "schedule"],
        ),
        (
            json!({ "type": "magic", "config": {} }),
            &["manual, schedule", "`magic`"],
        ),
        (json!({ "type": "manual" }), &["config", "missing"]),
        (
            json!({ "type": "manual", "config": { "a": "\u{0}" } }),
            &["NUL"],
        ),
    ];
    for (body, words) in cases {
        api.post(&path, body).await.refused(400, words);
    }
    assert_eq!(api.get(&path).await.body, json!({ "triggers": [] }));
}

#[tokio::test]
async fn a_wish_the_state_does_not_allow_is_a_conflict_and_an_unknown_one_is_refused() {
    let api = Api::new().await;
    api.resting("vesper").await;
    let path = format!("{AGENTS}/vesper/control");
    for intent in ["dance", "delete", ""] {
        api.post(&path, json!({ "intent": intent }))
            .await
            .refused(400, &["intent", "pause, resume, archive or restart"]);
    }
    api.post(&path, json!({}))
        .await
        .refused(400, &["intent", "missing"]);
    api.post(&path, json!({ "intent": "archive" }))
        .await
        .is(200);
    for intent in ["pause", "resume", "restart"] {
        api.post(&path, json!({ "intent": intent }))
            .await
            .refused(409, &["archived", "final"]);
    }
    api.patch(&format!("{AGENTS}/vesper"), json!({ "name": "x" }))
        .await
        .refused(409, &["archived"]);
}
