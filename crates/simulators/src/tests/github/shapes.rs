//! Every answer is as GitHub's own description of its API says.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::{REPO, TOKEN, app, call, openapi, start};
use crate::{CheckSetup, GithubSetup, GithubSimulator, LineSetup, ReviewSetup};

/// A call and the address it is described under.
struct Case {
    method: &'static str,
    path: String,
    template: &'static str,
    body: Value,
    status: u16,
}

fn case(
    method: &'static str,
    path: &str,
    template: &'static str,
    body: Value,
    status: u16,
) -> Case {
    Case {
        method,
        path: path.to_owned(),
        template,
        body,
        status,
    }
}

async fn play(sim: &GithubSimulator, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for Case {
        method,
        path,
        template,
        body,
        status,
    } in cases
    {
        let (got, answer) = call(sim, TOKEN, method, &path, &body).await;
        assert_eq!(got, status, "{method} {path}: {answer}");
        let faults = openapi::faults(method, template, got, &answer);
        wrong.extend(
            faults
                .into_iter()
                .map(|fault| format!("{method} {path} {got}{fault}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const PULLS: &str = "/repos/{owner}/{repo}/pulls";
const PULL: &str = "/repos/{owner}/{repo}/pulls/{pull_number}";
const MERGE: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/merge";
const REVIEWS: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews";
const ISSUES: &str = "/repos/{owner}/{repo}/issues";
const ISSUE: &str = "/repos/{owner}/{repo}/issues/{issue_number}";
const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const LABELS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/labels";
const RUNS: &str = "/repos/{owner}/{repo}/check-runs";
const REFS: &str = "/repos/{owner}/{repo}/git/refs";

/// The simulator with a pull request, #2, that has everything a pull request can have. Answers also
/// its head.
async fn busy() -> (GithubSimulator, String) {
    let sim = start(GithubSetup::default()).await;
    let head = sim
        .push(REPO, "work", &[("b.txt", Some("b\n"))], "b", "ada")
        .await
        .unwrap();
    let body = json!({ "title": "Add b", "head": "work", "base": "main", "body": "Fixes #1" });
    let (status, _) = call(&sim, TOKEN, "POST", &format!("/repos/{REPO}/pulls"), &body).await;
    assert_eq!(status, 201);
    let check = CheckSetup {
        name: "ci".to_owned(),
        conclusion: Some("failure".to_owned()),
        summary: "red".to_owned(),
        after_ms: 0,
    };
    sim.check(REPO, &head, &check).unwrap();
    let review = ReviewSetup {
        author: "bob".to_owned(),
        event: "REQUEST_CHANGES".to_owned(),
        body: "no".to_owned(),
        comments: vec![LineSetup {
            path: "b.txt".to_owned(),
            line: 1,
            side: "RIGHT".to_owned(),
            body: "why".to_owned(),
        }],
        after_ms: 0,
    };
    sim.review(REPO, 2, &review).unwrap();
    (sim, head)
}

#[tokio::test]
async fn what_is_read_is_as_described() {
    let (sim, head) = busy().await;
    let repo = format!("/repos/{REPO}");
    let get =
        |path: &str, template| case("GET", &format!("{repo}{path}"), template, Value::Null, 200);
    let status = json!({ "state": "success", "context": "old" });
    let statuses = format!("{repo}/statuses/{head}");
    let comment = json!({ "body": "hello" });
    play(
        &sim,
        vec![
            case(
                "POST",
                &statuses,
                "/repos/{owner}/{repo}/statuses/{sha}",
                status,
                201,
            ),
            case(
                "POST",
                &format!("{repo}/issues/2/comments"),
                COMMENTS,
                comment,
                201,
            ),
            case("GET", "/user", "/user", Value::Null, 200),
            case("GET", "/rate_limit", "/rate_limit", Value::Null, 200),
            get("", "/repos/{owner}/{repo}"),
            get("/pulls", PULLS),
            get("/pulls?head=optio:work&state=all", PULLS),
            get("/pulls/2", PULL),
            get("/pulls/2/reviews", REVIEWS),
            get(
                "/pulls/2/comments",
                "/repos/{owner}/{repo}/pulls/{pull_number}/comments",
            ),
            get("/issues?labels=optio", ISSUES),
            get("/issues/1", ISSUE),
            get("/issues/2", ISSUE),
            get("/issues/2/comments", COMMENTS),
            get("/labels", "/repos/{owner}/{repo}/labels"),
            get(
                &format!("/commits/{head}/check-runs"),
                "/repos/{owner}/{repo}/commits/{ref}/check-runs",
            ),
            get(
                &format!("/commits/{head}/status"),
                "/repos/{owner}/{repo}/commits/{ref}/status",
            ),
            get("/git/ref/heads/main", "/repos/{owner}/{repo}/git/ref/{ref}"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_done_is_answered_as_described() {
    let (sim, head) = busy().await;
    let at = |path: &str| format!("/repos/{REPO}{path}");
    let post = |path: &str, template, body, status| case("POST", &at(path), template, body, status);
    let issue = json!({ "title": "x", "labels": ["optio"] });
    let again = json!({ "title": "Again", "head": "work", "base": "main" });
    let run = json!({ "name": "lint", "head_sha": head, "status": "in_progress" });
    let name = json!({ "ref": "refs/heads/other", "sha": head });
    let other = "/git/refs/heads/other";
    let one = "/repos/{owner}/{repo}/git/refs/{ref}";
    let closed = json!({ "state": "closed" });
    let cases = vec![
        post("/issues", ISSUES, issue, 201),
        post("/issues", ISSUES, json!({}), 422),
        post(
            "/issues/1/labels",
            LABELS,
            json!({ "labels": ["new"] }),
            200,
        ),
        case("PATCH", &at("/issues/1"), ISSUE, closed, 200),
        post("/pulls", PULLS, again, 422),
        case(
            "PATCH",
            &at("/pulls/2"),
            PULL,
            json!({ "title": "Better" }),
            200,
        ),
        post("/check-runs", RUNS, run, 201),
        post("/git/refs", REFS, name, 201),
        case("DELETE", &at(other), one, Value::Null, 204),
        case("GET", &at("/issues/99"), ISSUE, Value::Null, 404),
    ];
    play(&sim, cases).await;
}

#[tokio::test]
async fn reviews_and_merges_are_answered_as_described() {
    let (sim, head) = busy().await;
    let at = |path: &str| format!("/repos/{REPO}{path}");
    let review = json!({ "event": "COMMENT", "body": "hm", "commit_id": head,
        "comments": [{ "path": "b.txt", "line": 1, "side": "RIGHT", "body": "here" }] });
    let own = json!({ "event": "APPROVE" });
    let stale = json!({ "sha": "0".repeat(40) });
    let squash = json!({ "sha": head, "merge_method": "squash" });
    let cases = vec![
        case("POST", &at("/pulls/2/reviews"), REVIEWS, review, 200),
        case("POST", &at("/pulls/2/reviews"), REVIEWS, own, 422),
        case("PUT", &at("/pulls/2/merge"), MERGE, stale, 409),
        case("PUT", &at("/pulls/2/merge"), MERGE, squash, 200),
        case("PUT", &at("/pulls/2/merge"), MERGE, json!({}), 405),
        case("GET", &at("/pulls/2"), PULL, Value::Null, 200),
    ];
    play(&sim, cases).await;
}

#[tokio::test]
async fn an_app_is_answered_as_described() {
    let setup = GithubSetup {
        app: Some(app()),
        ..GithubSetup::default()
    };
    let sim = start(setup).await;
    let claim = claim(7);
    let path = format!("/repos/{REPO}/installation");
    let (status, body) = call(&sim, &claim, "GET", &path, &Value::Null).await;
    let template = "/repos/{owner}/{repo}/installation";
    assert_eq!(
        openapi::faults("GET", template, status, &body),
        Vec::<String>::new()
    );
    let path = format!("/app/installations/{}/access_tokens", body["id"]);
    let (status, body) = call(&sim, &claim, "POST", &path, &json!({})).await;
    let template = "/app/installations/{installation_id}/access_tokens";
    assert_eq!(
        openapi::faults("POST", template, status, &body),
        Vec::<String>::new()
    );
    assert_eq!(status, 201);
    let token = body["token"].as_str().unwrap();
    let (status, _) = call(&sim, token, "GET", &format!("/repos/{REPO}"), &Value::Null).await;
    assert_eq!(status, 200);
}

/// What the app with this number would sign.
fn claim(id: u64) -> String {
    let PrivateKeyDer::Pkcs1(der) =
        PrivateKeyDer::from_pem_slice(app().private_key.as_bytes()).unwrap()
    else {
        panic!("another kind of key");
    };
    let pair = RsaKeyPair::from_der(der.secret_pkcs1_der()).unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_secs();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "alg": "RS256", "typ": "JWT" }));
    let text = format!(
        "{head}.{}",
        part(json!({ "iat": now, "exp": now + 60, "iss": id }))
    );
    let mut signed = vec![0; pair.public().modulus_len()];
    let random = SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signed)
        .unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signed))
}

#[test]
fn a_wrong_answer_is_noticed() {
    let faults = |body: &Value| openapi::faults("GET", "/rate_limit", 200, body);
    let rate = json!({ "limit": 1, "used": 0, "remaining": 1, "reset": 0 });
    let right = json!({ "resources": { "core": rate, "search": rate }, "rate": rate });
    assert_eq!(faults(&right), Vec::<String>::new());
    for (pointer, value) in [
        ("/rate/limit", json!("1")),
        ("/rate", json!({})),
        ("/resources", Value::Null),
    ] {
        let mut wrong = right.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(!faults(&wrong).is_empty(), "{pointer}");
    }
    assert!(!openapi::faults("GET", "/rate_limit", 299, &right).is_empty());
    assert!(!openapi::faults("GET", "/no/such", 200, &right).is_empty());
}
