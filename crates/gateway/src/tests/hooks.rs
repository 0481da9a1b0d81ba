//! Webhooks: who is believed, what is one call, and what is written down.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit as _, Mac as _};
use optio_domain::limits::Limits;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use super::api::{Answer, Api, until};

const HOOK: &str = "/api/hooks/alerts";

async fn job(api: &Api, config: Value, mapping: Value) -> String {
    let job = json!({ "name": "triage", "promptTemplate": "Look at {{service}}." });
    let id = api.post("/api/jobs", job).await.is(201)["workflow"]["id"].clone();
    let id = id.as_str().unwrap().to_owned();
    let trigger = json!({ "type": "webhook", "config": config, "paramMapping": mapping });
    api.post(&format!("/api/jobs/{id}/triggers"), trigger)
        .await
        .is(201);
    id
}

async fn called(api: &Api, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = api.ask(Method::POST, HOOK).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.answer(request).await
}

fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn runs(api: &Api, job: &str) -> Vec<Value> {
    let runs = api.get(&format!("/api/jobs/{job}/runs")).await.is(200)["runs"].clone();
    runs.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_call_becomes_the_run_it_was_told_with_the_parameters_that_were_mapped() {
    let api = Api::new().await;
    let job = job(
        &api,
        json!({ "path": "alerts" }),
        json!({ "service": "alert.labels[0]" }),
    )
    .await;
    let body = r#"{ "alert": { "labels": ["shop", "eu"] } }"#;
    let answer = called(&api, &[("x-github-delivery", "d-1")], body).await;
    let run = answer.is(202)["runId"].clone();
    assert_eq!(answer.is(202)["repeated"], false);
    let path = format!("/api/workflow-runs/{}", run.as_str().unwrap());
    let shown = until(async || {
        let answer = api.get(&path).await;
        (answer.status == 200).then(|| answer.is(200)["run"].clone())
    })
    .await;
    assert_eq!(shown["prompt"], "Look at shop.");
    assert_eq!(
        (&shown["params"], &shown["createdBy"]),
        (&json!({ "service": "shop" }), &json!("trigger"))
    );
    // The same delivery again, and with another body: it is the same one.
    for body in [body, "{}"] {
        let again = called(&api, &[("x-github-delivery", "d-1")], body).await;
        assert_eq!(
            (&again.is(202)["runId"], &again.is(202)["repeated"]),
            (&run, &json!(true))
        );
    }
    assert_eq!(runs(&api, &job).await.len(), 1);
    // Without an id each call is another.
    called(&api, &[], body).await.is(202);
    called(&api, &[], body).await.is(202);
    until(async || (runs(&api, &job).await.len() == 3).then_some(())).await;
    let trigger = api.get("/api/triggers").await.is(200)["triggers"][0].clone();
    assert_eq!(trigger["fireCount"], 3);
    assert!(
        trigger["lastOutcome"]
            .as_str()
            .unwrap()
            .starts_with("started run")
    );
}

#[tokio::test]
async fn a_secret_is_asked_for_over_the_bytes_that_came_in() {
    let api = Api::new().await;
    job(
        &api,
        json!({ "path": "alerts", "secret": "hunter2" }),
        json!(null),
    )
    .await;
    let body = r#"{"b": 1,   "a": 2}"#;
    called(&api, &[], body).await.refused(401, &["not signed"]);
    let wrong = signature("other", body);
    let refused = called(&api, &[("x-optio-signature", &wrong)], body).await;
    refused.refused(401, &["signature is not"]);
    assert!(!refused.text.contains("hunter2"));
    let right = signature("hunter2", body);
    called(&api, &[("x-optio-signature", &right)], body)
        .await
        .is(202);
    let changed = called(&api, &[("x-optio-signature", &right)], r#"{"a":2,"b":1}"#).await;
    changed.refused(401, &["signature is not"]);
    let github = format!("sha256={right}");
    called(&api, &[("x-hub-signature-256", &github)], body)
        .await
        .is(202);
    called(&api, &[("x-gitlab-token", "hunter2")], body)
        .await
        .is(202);
    called(&api, &[("x-gitlab-token", "hunter3")], body)
        .await
        .refused(401, &["signature"]);
}

#[tokio::test]
async fn what_is_no_call_is_refused_and_nothing_is_written_down() {
    let limits = Limits {
        hook_bytes_max: 200,
        payload_bytes_max: 100,
        hook_calls_per_minute_max: 9,
        ..Limits::default()
    };
    let api = Api::with(limits).await;
    let job = job(&api, json!({ "path": "alerts" }), json!(null)).await;
    let unknown = api
        .answer(api.ask(Method::POST, "/api/hooks/other").body("{}"))
        .await;
    unknown.refused(404, &["no webhook is heard at `other`"]);
    called(&api, &[], "[1]")
        .await
        .refused(400, &["not a JSON object"]);
    called(&api, &[], "{").await.refused(400, &["not JSON"]);
    called(&api, &[], r#"{"a":"\u0000"}"#)
        .await
        .refused(400, &["NUL"]);
    called(&api, &[], &format!(r#"{{"a":"{}"}}"#, "x".repeat(300)))
        .await
        .refused(413, &["200 bytes"]);
    called(&api, &[], &format!(r#"{{"a":"{}"}}"#, "x".repeat(150)))
        .await
        .refused(413, &["100 bytes"]);
    called(&api, &[("x-optio-hops", "33")], "{}")
        .await
        .refused(422, &["limits.hops_max"]);
    called(&api, &[("x-optio-hops", "many")], "{}")
        .await
        .refused(400, &["whole number"]);
    called(&api, &[("x-optio-hops", "3")], "{}").await.is(202);
    called(&api, &[], "").await.is(202);
    let busy = called(&api, &[], "{}").await;
    busy.refused(429, &["9 calls in a minute"]);
    assert!(busy.header("retry-after").parse::<u32>().unwrap() <= 60);
    until(async || (runs(&api, &job).await.len() == 2).then_some(())).await;
    // A job that is disabled hears nothing.
    api.patch(&format!("/api/jobs/{job}"), json!({ "enabled": false }))
        .await
        .is(200);
    called(&api, &[], "{}")
        .await
        .refused(404, &["no webhook is heard"]);
}

#[tokio::test]
async fn parameters_that_the_schema_refuses_are_a_dead_letter_that_can_be_replayed() {
    let api = Api::new().await;
    let job = job(&api, json!({ "path": "alerts" }), json!(null)).await;
    let schema = |kind: &str| json!({ "paramsSchema": { "type": "object", "properties": { "service": { "type": kind } } } });
    let at = format!("/api/jobs/{job}");
    api.patch(&at, schema("integer")).await.is(200);
    called(&api, &[], r#"{"service":"shop"}"#).await.is(202);
    let dead = until(async || {
        let dead = api.get("/api/dead-letters").await.is(200)["messages"].clone();
        dead.as_array()
            .is_some_and(|it| !it.is_empty())
            .then_some(dead)
    })
    .await;
    let reason = dead[0]["deadReason"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(reason.contains("service: "), "{dead}");
    assert!(runs(&api, &job).await.is_empty());
    api.patch(&at, schema("string")).await.is(200);
    let id = dead[0]["id"].as_str().unwrap();
    api.post(&format!("/api/dead-letters/{id}/replay"), json!({}))
        .await
        .is(202);
    until(async || (runs(&api, &job).await.len() == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_with_duplicates_start_one_run_for_each_delivery() {
    let limits = Limits {
        hook_calls_per_minute_max: 1_000_000,
        trigger_runs_max: 1_000,
        ..Limits::default()
    };
    let api = std::sync::Arc::new(Api::with(limits).await);
    let job = job(&api, json!({ "path": "alerts" }), json!(null)).await;
    let callers: Vec<_> = (0..64)
        .map(|caller: usize| {
            let api = std::sync::Arc::clone(&api);
            tokio::spawn(async move {
                let mut told = Vec::new();
                for call in 0..8 {
                    // Every delivery is made by several callers at about the same time.
                    let delivery = format!("d-{}", (caller + call * 7) % 40);
                    let answer = called(&api, &[("webhook-id", &delivery)], "{}").await;
                    told.push((delivery, answer.is(202)["runId"].clone()));
                }
                told
            })
        })
        .collect();
    let mut told = BTreeSet::new();
    for caller in callers {
        let answers = caller.await.unwrap();
        told.extend(
            answers
                .into_iter()
                .map(|(delivery, run)| (delivery, run.to_string())),
        );
    }
    assert_eq!(
        told.len(),
        40,
        "each delivery was always told of the same run"
    );
    let path = format!("/api/jobs/{job}/runs?limit=1000");
    until(async || {
        let runs = api.get(&path).await.is(200)["runs"].clone();
        (runs.as_array().unwrap().len() == 40).then_some(())
    })
    .await;
    let runs = api.get(&path).await.is(200)["runs"].clone();
    let started: BTreeSet<String> = runs
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].to_string())
        .collect();
    let promised: BTreeSet<String> = told.into_iter().map(|(_, run)| run).collect();
    assert_eq!(started, promised);
}

#[tokio::test]
async fn a_trigger_that_fires_without_end_is_disabled_and_says_why() {
    let limits = Limits {
        trigger_runs_max: 3,
        ..Limits::default()
    };
    let api = Api::with(limits).await;
    let job = job(&api, json!({ "path": "alerts" }), json!(null)).await;
    for _call in 0..5 {
        called(&api, &[], "{}").await.is(202);
    }
    let trigger = until(async || {
        let trigger = api.get("/api/triggers").await.is(200)["triggers"][0].clone();
        (trigger["enabled"] == false).then_some(trigger)
    })
    .await;
    let reason = trigger["disabledReason"].as_str().unwrap();
    assert!(reason.contains("limits.trigger_runs_max"), "{reason}");
    assert_eq!(runs(&api, &job).await.len(), 3);
    called(&api, &[], "{}")
        .await
        .refused(404, &["no webhook is heard"]);
    // What it was called with is not lost.
    let dead = api.get("/api/dead-letters").await.is(200)["messages"].clone();
    assert!(!dead.as_array().unwrap().is_empty());
    let path = format!(
        "/api/jobs/{job}/triggers/{}",
        trigger["id"].as_str().unwrap()
    );
    let again = api.patch(&path, json!({ "enabled": true })).await.is(200)["trigger"].clone();
    assert_eq!(again["disabledReason"], json!(null));
}

#[tokio::test]
async fn a_fire_waits_skips_or_takes_the_place_as_its_trigger_wants_it() {
    let api = Api::new().await;
    for (overlap, at_last) in [("queue", 1), ("skip", 1), ("replace", 2), ("allow", 2)] {
        let job = json!({ "name": overlap, "promptTemplate": "p" });
        api.post("/api/jobs", job).await.is(201);
        let config = json!({ "path": overlap, "overlap": overlap });
        let trigger = json!({ "type": "webhook", "config": config });
        let made = api
            .post(&format!("/api/jobs/{overlap}/triggers"), trigger)
            .await;
        let id = made.is(201)["trigger"]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/hooks/{overlap}");
        let call = async || {
            let request = api.ask(Method::POST, &path).body("{}");
            let told = api.answer(request).await.is(202)["runId"].clone();
            told.as_str().unwrap().to_owned()
        };
        let runs_path = format!("/api/jobs/{overlap}/runs");
        let runs = async || {
            let runs = api.get(&runs_path).await.is(200)["runs"].clone();
            runs.as_array().unwrap().clone()
        };
        let first = call().await;
        until(async || (runs().await.len() == 1).then_some(())).await;
        let second = call().await;
        let outcome = async || {
            let trigger = api.get(&format!("/api/triggers/{id}")).await.is(200)["trigger"].clone();
            trigger["lastOutcome"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        match overlap {
            "queue" => {
                let why = until(async || {
                    let why = api.get("/api/actors/job/queue").await.is(200).clone();
                    (why["wait"]["reason"] == "1 runs of it to end").then_some(why)
                })
                .await;
                assert_eq!(why["pending"], 1);
            }
            "skip" => {
                until(async || outcome().await.starts_with("skipped: 1 runs").then_some(())).await;
            }
            _ => until(async || (runs().await.len() == 2).then_some(())).await,
        }
        assert_eq!(runs().await.len(), at_last, "{overlap}");
        let cancel = format!("/api/workflow-runs/{first}/cancel");
        match overlap {
            "replace" => {
                until(async || {
                    let run = api.get(&format!("/api/workflow-runs/{first}")).await;
                    (run.is(200)["run"]["detailedState"] == "cancelled").then_some(())
                })
                .await;
            }
            "queue" => {
                api.post(&cancel, json!({})).await.is(200);
                until(async || {
                    let run = api.get(&format!("/api/workflow-runs/{second}")).await;
                    (run.status == 200).then_some(())
                })
                .await;
            }
            _ => drop(api.post(&cancel, json!({})).await.is(200)),
        }
    }
}

/// What a trigger wants to hear of.
fn when_of() -> Value {
    json!({ "action": ["opened", "reopened"], "sender.type": { "not": "Bot" } })
}

#[tokio::test]
async fn a_call_that_tells_of_something_else_is_taken_and_starts_nothing() {
    let api = Api::new().await;
    let config = json!({ "path": "alerts", "when": when_of(), "secret": "hunter2" });
    let job = job(&api, config, json!({ "service": "repo" })).await;
    let opened = |action: &str, sender: &str| {
        json!({ "action": action, "sender": { "type": sender }, "repo": "shop" }).to_string()
    };
    for other in [
        opened("labeled", "User"),
        opened("opened", "Bot"),
        String::new(),
    ] {
        let signed = signature("hunter2", &other);
        let answer = called(&api, &[("x-optio-signature", &signed)], &other).await;
        let answer = answer.is(202);
        assert_eq!(
            (&answer["ignored"], answer.get("runId")),
            (&json!(true), None),
            "{other}"
        );
    }
    // Nobody learns what it wants to hear of without its secret.
    let labeled = opened("labeled", "User");
    called(&api, &[], &labeled)
        .await
        .refused(401, &["not signed"]);
    let wanted = opened("reopened", "User");
    let signed = signature("hunter2", &wanted);
    let answer = called(&api, &[("x-optio-signature", &signed)], &wanted).await;
    let answer = answer.is(202);
    assert_eq!(answer["ignored"], false);
    let only = until(async || {
        let runs = runs(&api, &job).await;
        (!runs.is_empty()).then_some(runs)
    })
    .await;
    assert_eq!((only.len(), &only[0]["id"]), (1, &answer["runId"]));
    let trigger = api.get("/api/triggers").await.is(200)["triggers"][0].clone();
    assert_eq!(
        (&trigger["fireCount"], &trigger["config"]["when"]),
        (&json!(1), &when_of())
    );
}
