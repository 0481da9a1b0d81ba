//! A scenario as it is played: heads that arrive, checks and reviews, events, and what goes wrong.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{REPO, TOKEN, call, start};
use crate::{Fault, FaultKind, GithubSetup, GithubSimulator, HookSetup};

const SECRET: &str = "hush";
const PATIENCE: Duration = Duration::from_secs(20);

/// An event as it came in.
#[derive(Debug, Clone)]
struct Heard {
    id: String,
    event: String,
    signature: String,
    body: Bytes,
}

type Ear = Arc<Mutex<Vec<Heard>>>;

async fn hear(State(ear): State<Ear>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    ear.lock().unwrap().push(Heard {
        id: text("x-github-delivery"),
        event: text("x-github-event"),
        signature: text("x-hub-signature-256"),
        body,
    });
    StatusCode::ACCEPTED
}

/// Somebody who takes events.
async fn listen() -> (Ear, HookSetup) {
    let ear = Ear::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().fallback(hear).with_state(Arc::clone(&ear));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let secret = SECRET.to_owned();
    (ear, HookSetup { url, secret })
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn words(ear: &Ear) -> Vec<String> {
    let word = |heard: &Heard| {
        let body: Value = serde_json::from_slice(&heard.body).unwrap();
        format!(
            "{} {}",
            heard.event,
            body["action"].as_str().unwrap_or_default()
        )
    };
    ear.lock().unwrap().iter().map(word).collect()
}

async fn door(sim: &GithubSimulator, path: &str, body: &Value) -> Value {
    let (status, answer) = call(sim, "", "POST", &format!("/_simulator/{path}"), body).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn open(sim: &GithubSimulator) -> String {
    let head = sim
        .push(REPO, "work", &[("b.txt", Some("b\n"))], "b", "ada")
        .await
        .unwrap();
    let body = json!({ "title": "Add b", "head": "work", "base": "main", "body": "Fixes #1" });
    let (status, _) = call(sim, TOKEN, "POST", &format!("/repos/{REPO}/pulls"), &body).await;
    assert_eq!(status, 201);
    head
}

#[tokio::test]
async fn the_first_head_fails_the_second_passes_is_approved_and_closes_its_issue() {
    let (ear, hook) = listen().await;
    let sim = start(GithubSetup {
        hook: Some(hook),
        ..GithubSetup::default()
    })
    .await;
    let red = json!({ "checks": [{ "name": "ci", "conclusion": "failure", "after_ms": 5 }] });
    let green = json!({ "checks": [{ "name": "ci", "conclusion": "success" }],
        "reviews": [{ "author": "bob", "event": "APPROVE" }] });
    door(&sim, &format!("repos/{REPO}/plays"), &red).await;
    door(&sim, &format!("repos/{REPO}/plays"), &green).await;
    let first = open(&sim).await;
    until("red", || {
        words(&ear).contains(&"check_run completed".to_owned())
    })
    .await;
    let path = format!("/repos/{REPO}/commits/{first}/check-runs");
    let (_, runs) = call(&sim, TOKEN, "GET", &path, &Value::Null).await;
    assert_eq!(runs["check_runs"][0]["conclusion"], "failure");
    let push = json!({ "branch": "work", "files": { "b.txt": "better\n" } });
    let second = door(&sim, &format!("repos/{REPO}/push"), &push).await;
    until("approved", || {
        words(&ear).contains(&"pull_request_review submitted".to_owned())
    })
    .await;
    let merge = json!({ "sha": second["sha"], "merge_method": "squash" });
    let path = format!("/repos/{REPO}/pulls/2/merge");
    let (status, _) = call(&sim, TOKEN, "PUT", &path, &merge).await;
    assert_eq!(status, 200);
    until("closed", || {
        words(&ear).contains(&"issues closed".to_owned())
    })
    .await;
    let wanted = [
        "pull_request opened",
        "check_run created",
        "check_run completed",
        "pull_request synchronize",
        "check_run created",
        "check_run completed",
        "pull_request_review submitted",
        "pull_request closed",
        "issues closed",
    ];
    let heard: Vec<_> = words(&ear)
        .into_iter()
        .filter(|word| word != "issues opened")
        .collect();
    assert_eq!(heard, wanted);
    assert_eq!(sim.file(REPO, "main", "b.txt").await.unwrap(), "better");
}

#[tokio::test]
async fn events_are_signed_and_may_be_lost_or_repeated() {
    let (ear, hook) = listen().await;
    let sim = start(GithubSetup::default()).await;
    sim.set_hook(Some(hook));
    for kind in [FaultKind::LostEvent, FaultKind::DoubleEvent] {
        sim.fail(Fault {
            kind,
            method: None,
            of: "issue_comment".to_owned(),
            times: 1,
        });
    }
    for text in ["lost", "twice", "once"] {
        let path = format!("/repos/{REPO}/issues/1/comments");
        let body = json!({ "body": text });
        assert_eq!(call(&sim, TOKEN, "POST", &path, &body).await.0, 201);
    }
    until("heard", || 3 <= ear.lock().unwrap().len()).await;
    let heard = ear.lock().unwrap().clone();
    let texts = heard.iter().map(|it| {
        let body: Value = serde_json::from_slice(&it.body).unwrap();
        body["comment"]["body"].as_str().unwrap().to_owned()
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["twice", "twice", "once"]);
    assert_eq!(heard[0].id, heard[1].id);
    assert_ne!(heard[1].id, heard[2].id);
    for it in &heard {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(&it.body);
        let bytes = mac.finalize().into_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(it.signature, format!("sha256={hex}"));
    }
    until("remembered", || sim.sent().len() == 4).await;
    let statuses: Vec<_> = sim.sent().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [None, Some(202), Some(202), Some(202)]);
}

#[tokio::test]
async fn what_goes_wrong_goes_wrong_as_often_as_asked_for() {
    let sim = start(GithubSetup::default()).await;
    let fault = json!({ "kind": "status", "status": 500, "of": "/issues/1", "times": 2 });
    door(&sim, "faults", &fault).await;
    let path = format!("/repos/{REPO}/issues/1");
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(call(&sim, TOKEN, "GET", &path, &Value::Null).await.0);
    }
    assert_eq!(statuses, [500, 500, 200]);
    door(&sim, "faults", &json!({ "kind": "rate_limit" })).await;
    assert_eq!(call(&sim, TOKEN, "GET", &path, &Value::Null).await.0, 403);
    assert_eq!(call(&sim, TOKEN, "GET", &path, &Value::Null).await.0, 403);
    // Another token has a limit of its own.
    assert_eq!(
        call(&sim, "ghp_bob", "GET", &path, &Value::Null).await.0,
        200
    );
    assert_eq!(
        call(&sim, "ghp_nobody", "GET", &path, &Value::Null).await.0,
        401
    );
}

#[tokio::test]
async fn a_head_that_is_deleted_closes_its_pull_request() {
    let sim = start(GithubSetup::default()).await;
    open(&sim).await;
    let path = format!("/repos/{REPO}/git/refs/heads/work");
    assert_eq!(
        call(&sim, TOKEN, "DELETE", &path, &Value::Null).await.0,
        204
    );
    let path = format!("/repos/{REPO}/pulls/2");
    let (_, pull) = call(&sim, TOKEN, "GET", &path, &Value::Null).await;
    assert_eq!(
        (&pull["state"], &pull["merged"]),
        (&json!("closed"), &json!(false))
    );
}

#[test]
fn a_file_says_what_there_is_and_a_mistake_in_it_is_named() {
    let setup = GithubSetup::demo().unwrap();
    assert_eq!(setup.repos[0].name, "optio/demo");
    assert!(!setup.repos[0].plays.is_empty());
    let error = GithubSetup::parse("[[repos]]\nname = 'a/b'\nplay = []").unwrap_err();
    assert!(error.contains("unknown field `play`"), "{error}");
}
