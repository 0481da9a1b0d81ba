//! A scenario as it is played: heads that arrive, pipelines and reviews, events, and what goes wrong.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{BOBS, PROJECT, REPO, TOKEN, call, start};
use crate::{Fault, FaultKind, GitlabSetup, GitlabSimulator, HookSetup};

const SECRET: &str = "hush";
const PATIENCE: Duration = Duration::from_secs(20);

/// An event as it came in.
#[derive(Debug, Clone)]
struct Heard {
    id: String,
    key: String,
    kind: String,
    token: String,
    body: Value,
}

type Ear = Arc<Mutex<Vec<Heard>>>;

async fn hear(State(ear): State<Ear>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    ear.lock().unwrap().push(Heard {
        id: text("x-gitlab-event-uuid"),
        key: text("idempotency-key"),
        kind: text("x-gitlab-event"),
        token: text("x-gitlab-token"),
        body: serde_json::from_slice(&body).unwrap(),
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

/// Kinds of events with what was done.
fn words(ear: &Ear) -> Vec<String> {
    let word = |heard: &Heard| {
        let it = &heard.body["object_attributes"];
        let done = it["action"].as_str().or(it["status"].as_str());
        let kind = heard.body["object_kind"].as_str().unwrap();
        format!("{kind} {}", done.unwrap_or_default())
    };
    ear.lock().unwrap().iter().map(word).collect()
}

async fn door(sim: &GitlabSimulator, path: &str, body: &Value) -> Value {
    let url = format!("{}/_simulator/{path}", sim.url());
    let answer = reqwest::Client::new().post(url).json(body);
    let answer = answer.send().await.unwrap();
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

async fn open(sim: &GitlabSimulator) -> String {
    let files = [("b.txt", Some("b\n"))];
    let head = sim.push(REPO, "work", &files, "ada").await.unwrap();
    let body = json!({ "title": "Add b", "source_branch": "work", "target_branch": "main",
        "description": "Fixes #1" });
    let path = format!("{PROJECT}/merge_requests");
    let (status, _) = call(sim, TOKEN, "POST", &path, &body).await;
    assert_eq!(status, 201);
    head
}

#[tokio::test]
async fn the_first_head_fails_the_second_passes_is_approved_and_closes_its_issue() {
    let (ear, hook) = listen().await;
    let setup = GitlabSetup {
        hook: Some(hook),
        ..GitlabSetup::default()
    };
    let sim = start(setup).await;
    let red = json!({ "checks": [{ "name": "ci", "conclusion": "failed", "after_ms": 5 }] });
    let green = json!({ "checks": [{ "name": "ci", "conclusion": "success" }],
        "reviews": [{ "author": "bob", "event": "APPROVE" }] });
    for play in [red, green] {
        door(&sim, &format!("repos/{REPO}/plays"), &play).await;
    }
    let first = open(&sim).await;
    let heard = |word: &str| words(&ear).contains(&word.to_owned());
    until("red", || heard("pipeline failed")).await;
    let path = format!("{PROJECT}/repository/commits/{first}/statuses");
    let (_, jobs) = call(&sim, TOKEN, "GET", &path, &Value::Null).await;
    assert_eq!(jobs[0]["status"], "failed");
    let push = json!({ "branch": "work", "files": { "b.txt": "better\n" } });
    let second = door(&sim, &format!("repos/{REPO}/push"), &push).await;
    until("approved", || heard("merge_request approved")).await;
    let merge = json!({ "sha": second["sha"], "squash": true });
    let path = format!("{PROJECT}/merge_requests/1/merge");
    let (status, _) = call(&sim, TOKEN, "PUT", &path, &merge).await;
    assert_eq!(status, 200);
    until("closed", || heard("issue close")).await;
    let wanted = [
        "push ",
        "merge_request open",
        "pipeline running",
        "pipeline failed",
        "push ",
        "merge_request update",
        "pipeline running",
        "pipeline success",
        "merge_request approved",
        "merge_request merge",
        "issue close",
    ];
    let heard: Vec<_> = words(&ear)
        .into_iter()
        .filter(|word| word != "issue open")
        // The push that the merge is comes after it.
        .take(wanted.len())
        .collect();
    assert_eq!(heard, wanted);
    assert_eq!(sim.file(REPO, "main", "b.txt").await.unwrap(), "better");
    for heard in ear.lock().unwrap().iter() {
        assert_eq!(heard.token, SECRET);
        assert_eq!(heard.id, heard.key);
        assert_eq!(heard.body["project"]["path_with_namespace"], REPO);
    }
}

#[tokio::test]
async fn events_may_be_lost_or_repeated_and_what_is_repeated_keeps_its_identity() {
    let (ear, hook) = listen().await;
    let sim = start(GitlabSetup::default()).await;
    sim.set_hook(Some(hook));
    for kind in [FaultKind::LostEvent, FaultKind::DoubleEvent] {
        sim.fail(Fault {
            kind,
            method: None,
            of: "note".to_owned(),
            times: 1,
        });
    }
    for text in ["lost", "twice", "once"] {
        let path = format!("{PROJECT}/issues/1/notes");
        let body = json!({ "body": text });
        assert_eq!(call(&sim, TOKEN, "POST", &path, &body).await.0, 201);
    }
    until("heard", || 3 <= ear.lock().unwrap().len()).await;
    let heard = ear.lock().unwrap().clone();
    let texts = heard
        .iter()
        .map(|it| it.body["object_attributes"]["note"].clone());
    assert_eq!(texts.collect::<Vec<_>>(), ["twice", "twice", "once"]);
    assert!(heard.iter().all(|it| it.kind == "Note Hook"));
    assert_eq!(heard[0].id, heard[1].id);
    assert_ne!(heard[1].id, heard[2].id);
    until("remembered", || sim.sent().len() == 4).await;
    let statuses: Vec<_> = sim.sent().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [None, Some(202), Some(202), Some(202)]);
}

#[tokio::test]
async fn what_goes_wrong_goes_wrong_as_often_as_asked_for() {
    let sim = start(GitlabSetup::default()).await;
    let fault = json!({ "kind": "status", "status": 500, "of": "/issues/1", "times": 2 });
    door(&sim, "faults", &fault).await;
    let path = format!("{PROJECT}/issues/1");
    let ask = async |token: &str| call(&sim, token, "GET", &path, &Value::Null).await.0;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(ask(TOKEN).await);
    }
    assert_eq!(statuses, [500, 500, 200]);
    door(&sim, "faults", &json!({ "kind": "rate_limit" })).await;
    assert_eq!([ask(TOKEN).await, ask(TOKEN).await], [429, 429]);
    // Another token has a limit of its own.
    assert_eq!(ask(BOBS).await, 200);
    assert_eq!(ask("glpat-nobody").await, 401);
}

#[tokio::test]
async fn a_head_that_is_deleted_closes_its_merge_request() {
    let sim = start(GitlabSetup::default()).await;
    open(&sim).await;
    let path = format!("{PROJECT}/repository/branches/work");
    let (status, _) = call(&sim, TOKEN, "DELETE", &path, &Value::Null).await;
    assert_eq!(status, 204);
    let path = format!("{PROJECT}/merge_requests/1");
    let (_, merge) = call(&sim, TOKEN, "GET", &path, &Value::Null).await;
    assert_eq!(merge["state"], "closed");
}

#[test]
fn a_file_says_what_there_is_and_a_mistake_in_it_is_named() {
    let setup = GitlabSetup::demo().unwrap();
    assert_eq!(setup.repos[0].name, "optio/demo");
    assert!(!setup.repos[0].plays.is_empty());
    let error = GitlabSetup::parse("[[repos]]\nname = 'a/b'\nplay = []").unwrap_err();
    assert!(error.contains("unknown field `play`"), "{error}");
}
