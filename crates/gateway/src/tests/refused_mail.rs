//! Bad messages, pages, triggers and wishes: each is refused with its place and its remedy.

use optio_domain::limits::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::Api;

const AGENTS: &str = "/api/persistent-agents";

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
    for key in [None, Some("k")] {
        let pieces = [long.clone(), long.clone()].map(Ok::<_, std::io::Error>);
        let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
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
    let cases: [(Value, &[&str]); 9] = [
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
            &["config.path: is missing"],
        ),
        (
            json!({ "type": "ticket", "config": {} }),
            &["config.source", "github"],
        ),
        (
            json!({ "type": "magic", "config": {} }),
            &["manual, schedule", "`magic`"],
        ),
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
