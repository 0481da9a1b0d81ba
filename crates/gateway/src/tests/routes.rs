//! Every route with its fields, as older clients know them.

use serde_json::{Value, json};

use super::api::{Api, until};

const AGENTS: &str = "/api/persistent-agents";

/// One member of every entry.
pub(crate) fn texts<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| entry[member].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_agent_is_created_with_the_documented_defaults_and_its_mission_as_first_message() {
    let api = Api::new().await;
    let body = json!({ "slug": "vesper", "name": "Vesper", "initialPrompt": "Greet.",
                       "podId": "unknown members are ignored" });
    let agent = api.post(AGENTS, body).await.is(201)["agent"].clone();
    for (member, value) in [
        ("slug", json!("vesper")),
        ("agentRuntime", json!("claude-code")),
        ("podLifecycle", json!("sticky")),
        ("idlePodTimeoutMs", json!(300_000)),
        ("maxTurnDurationMs", json!(600_000)),
        ("maxTurns", json!(50)),
        ("consecutiveFailureLimit", json!(3)),
        ("enabled", json!(true)),
        ("totalCostUsd", json!("0")),
        ("createdBy", json!("user:local")),
    ] {
        assert_eq!(agent[member], value, "{member}");
    }
    let mail = api.get(&format!("{AGENTS}/vesper/messages")).await.body;
    assert_eq!(texts(&mail["messages"], "body"), ["Greet."]);
    assert_eq!(texts(&mail["messages"], "senderType"), ["system"]);
    let id = agent["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(api.open_turn(id, 1).await.wake_source, "initial");
}

#[tokio::test]
async fn an_agent_is_shown_by_id_and_by_slug_with_its_inbox_in_numbers() {
    let api = Api::new().await;
    let id = api.resting("vesper").await;
    let by_slug = api.get(&format!("{AGENTS}/vesper")).await.is(200).clone();
    assert_eq!(&by_slug, api.get(&format!("{AGENTS}/{id}")).await.is(200));
    assert_eq!(
        by_slug["inbox"],
        json!({ "pending": 1, "oldest": "2026-01-01T12:00:00Z", "dead": 0 })
    );
    assert_eq!(by_slug["agent"]["slug"], "vesper");
}

#[tokio::test]
async fn agents_are_counted_by_state() {
    let api = Api::new().await;
    api.resting("vesper").await;
    api.resting("mira").await;
    api.post(
        &format!("{AGENTS}/mira/control"),
        json!({ "intent": "pause" }),
    )
    .await
    .is(200);
    let stats = &api.get(&format!("{AGENTS}/stats")).await.body["stats"];
    assert_eq!(
        (&stats["total"], &stats["idle"], &stats["paused"]),
        (&json!(2), &json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_and_null_clears() {
    let api = Api::new().await;
    api.resting("vesper").await;
    let path = format!("{AGENTS}/vesper");
    let all = json!({ "name": "V", "description": "d", "model": "opus", "systemPrompt": "s", "agentsMd": "m",
                      "podLifecycle": "always-on", "maxTurns": 7, "slug": "other" });
    let changed = api.patch(&path, all).await.is(200)["agent"].clone();
    assert_eq!(
        (&changed["slug"], &changed["name"], &changed["maxTurns"]),
        (&json!("vesper"), &json!("V"), &json!(7))
    );
    let cleared = api
        .patch(&path, json!({ "description": null, "model": null }))
        .await
        .is(200)["agent"]
        .clone();
    assert_eq!(
        (&cleared["description"], &cleared["model"]),
        (&Value::Null, &Value::Null)
    );
    for kept in [
        "systemPrompt",
        "agentsMd",
        "podLifecycle",
        "maxTurns",
        "name",
    ] {
        assert_eq!(cleared[kept], changed[kept], "{kept}");
    }
}

#[tokio::test]
async fn a_deleted_agent_is_gone_at_once_and_its_slug_is_free() {
    let api = Api::new().await;
    api.working("vesper").await;
    let path = format!("{AGENTS}/vesper");
    let gone = api.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    api.get(&path).await.refused(404, &["vesper"]);
    api.delete(&path).await.refused(404, &["vesper"]);
    api.resting("vesper").await;
}

#[tokio::test]
async fn a_wish_is_answered_with_where_the_agent_stands() {
    let api = Api::new().await;
    api.resting("vesper").await;
    for (intent, state) in [
        ("pause", "paused"),
        ("resume", "idle"),
        ("restart", "idle"),
        ("archive", "archived"),
    ] {
        let answer = api
            .post(
                &format!("{AGENTS}/vesper/control"),
                json!({ "intent": intent }),
            )
            .await;
        assert_eq!(
            answer.is(200),
            &json!({ "ok": true, "intent": intent, "state": state })
        );
    }
}

#[tokio::test]
async fn a_trigger_is_created_listed_and_removed_by_its_own_agent_alone() {
    let api = Api::new().await;
    api.resting("vesper").await;
    api.resting("mira").await;
    let path = format!("{AGENTS}/vesper/triggers");
    let config =
        json!({ "cronExpression": "0 9 * * *", "timezone": "Europe/Paris", "prompt": "Morning." });
    let body = json!({ "type": "schedule", "config": config, "paramMapping": { "a": 1 } });
    let trigger = api.post(&path, body).await.is(201)["trigger"].clone();
    assert_eq!(trigger["nextFireAt"], "2026-01-02T08:00:00Z");
    assert_eq!(
        (&trigger["type"], &trigger["config"], &trigger["enabled"]),
        (&json!("schedule"), &config, &json!(true))
    );
    assert_eq!(trigger["targetType"], "persistent_agent");
    assert_eq!(
        api.get(&path).await.is(200),
        &json!({ "triggers": [trigger] })
    );
    let id = trigger["id"].as_str().unwrap();
    api.delete(&format!("{AGENTS}/mira/triggers/{id}"))
        .await
        .refused(404, &["`mira` has no trigger"]);
    api.delete(&format!("{path}/{id}")).await.is(204);
    assert_eq!(api.get(&path).await.is(200), &json!({ "triggers": [] }));
    api.post(&path, json!({ "type": "manual", "config": {} }))
        .await
        .is(201);
}

#[tokio::test]
async fn every_list_is_walked_by_its_cursor_without_hole_or_repeat() {
    let api = Api::new().await;
    let (vesper, mut turn) = api.working("vesper").await;
    for number in 0..6 {
        api.resting(&format!("agent-{number}")).await;
        let body = json!({ "body": format!("message {number}") });
        api.post(&format!("{AGENTS}/vesper/messages"), body)
            .await
            .is(202);
    }
    for number in 2..=5 {
        turn = api.restart(vesper, number).await;
    }
    let lines: Vec<String> = (0..7).map(|line| format!("line {line}")).collect();
    api.prints(vesper, &turn, 0, &lines).await;
    for (path, member, count) in [
        (AGENTS.to_owned(), "agents", 7),
        (format!("{AGENTS}/vesper/messages"), "messages", 7),
        (format!("{AGENTS}/vesper/turns"), "turns", 5),
        (format!("{AGENTS}/vesper/turns/{}", turn.id), "logs", 7),
    ] {
        let whole = api.get(&path).await.is(200)[member].clone();
        assert_eq!(whole.as_array().unwrap().len(), count, "{path}");
        for limit in [1, 2, 3, count] {
            let (mut walked, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = api.get(&format!("{path}?limit={limit}{cursor}")).await;
                let entries = page.is(200)[member].as_array().unwrap();
                assert!(entries.len() <= limit);
                walked.extend(entries.clone());
                match page.body["nextCursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(Value::Array(walked), whole, "{path} by {limit}");
        }
    }
    let shown = api
        .get(&format!("{AGENTS}/vesper/turns/{}", turn.id))
        .await
        .body;
    assert_eq!(texts(&shown["logs"], "content"), lines);
    assert_eq!(shown["turn"]["turnNumber"], 5);
}

#[tokio::test]
async fn an_actor_says_why_it_does_not_move() {
    let api = Api::new().await;
    api.resting("vesper").await;
    let why = until(async || {
        let why = api.get("/api/actors/agent/vesper").await.is(200).clone();
        (why["wait"]["reason"] == "disabled").then_some(why)
    })
    .await;
    assert_eq!(why["address"], "agent:default/vesper");
    assert_eq!(
        why["wait"],
        json!({ "reason": "disabled", "holder": "a person: enable it", "until": null })
    );
    assert_eq!(
        (&why["state"], &why["pending"]),
        (&json!("idle"), &json!(1))
    );
    let lifted = api.post("/api/actors/agent/vesper/lift", json!({})).await;
    assert_eq!(lifted.is(200), &json!({ "lifted": false }));
}

#[tokio::test]
async fn health_docs_and_description_are_served() {
    let api = Api::new().await;
    let health = api.get("/api/health").await.is(200).clone();
    assert_eq!(
        (&health["healthy"], &health["checks"]["database"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(api.get("/openapi.json").await.text, crate::openapi());
    assert!(
        api.get("/docs")
            .await
            .text
            .contains("/api/persistent-agents")
    );
}

#[tokio::test]
async fn a_panic_is_500_without_a_word_from_inside() {
    let api = Api::new().await;
    api.panics();
    let answer = api.get("/api/health").await;
    answer.refused(500, &["on our side"]);
    assert!(!answer.text.contains("secret detail"), "{}", answer.text);
    let logged = api.logged();
    assert!(
        logged.len() == 1 && logged[0].contains("secret detail"),
        "{logged:?}"
    );
}
