//! Issues over HTTP: as their host has them, each with its task, and how one becomes a task by hand.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::git_host::{Comment, Issue, IssueNumber};
use serde_json::{Value, json};

use super::{
    api::Api,
    host::{HOST, Host},
};

const ISSUES: &str = "/api/issues";

fn at() -> DateTime<Utc> {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn issue(number: u64, labels: &[&str], open: bool) -> Issue {
    let minutes = i64::try_from(number).unwrap();
    Issue {
        number: IssueNumber(number),
        url: format!("https://{HOST}/o/r/issues/{number}"),
        title: format!("issue {number}"),
        body: "please".to_owned(),
        author: "ada".to_owned(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        assignee: None,
        open,
        created_at: at(),
        updated_at: at() + TimeDelta::minutes(minutes),
    }
}

/// A world with a repository and three issues.
async fn world() -> (Api, Arc<Host>, String) {
    let host = Arc::new(Host::default());
    *host.issues.lock().unwrap() = vec![
        issue(1, &["bug"], true),
        issue(2, &["Optio", "claude"], true),
        issue(3, &[], false),
    ];
    *host.comments.lock().unwrap() = vec![Comment {
        author: "grace".to_owned(),
        body: "Only for GET.".to_owned(),
        url: String::new(),
        at: at(),
    }];
    let api =
        Api::beside(Arc::<Host>::clone(&host) as Arc<dyn optio_domain::git_host::GitHost>).await;
    let body = json!({ "repoUrl": format!("https://{HOST}/o/r"), "gitPlatform": "github" });
    let repo = api.post("/api/repos", body).await.is(201)["repo"].clone();
    let id = repo["id"].as_str().unwrap().to_owned();
    (api, host, id)
}

fn order(repo: &str, number: u64) -> Value {
    json!({ "issueNumber": number, "repoId": repo, "title": "Add /healthz", "body": "It answers 200." })
}

fn numbers(list: &Value) -> Vec<u64> {
    let issues = list["issues"].as_array().unwrap().iter();
    issues
        .map(|issue| issue["number"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn an_issue_becomes_a_task_once_and_its_people_are_told() {
    let (api, host, repo) = world().await;
    let answer = api.post("/api/issues/assign", order(&repo, 2)).await;
    let answer = answer.is(201);
    assert_eq!(answer["hostError"], json!(null));
    let task = &answer["task"];
    for (member, value) in [
        ("title", json!("Add /healthz")),
        ("ticketSource", json!("github")),
        ("ticketExternalId", json!("2")),
        ("agentType", json!("claude-code")),
        ("repoUrl", json!(format!("https://{HOST}/o/r"))),
    ] {
        assert_eq!(task[member], value, "{member}");
    }
    let prompt = task["prompt"].as_str().unwrap();
    for words in ["It answers 200.", "grace", "Only for GET."] {
        assert!(prompt.contains(words), "{prompt}");
    }
    let said = host.said.lock().unwrap().clone().unwrap();
    assert_eq!(said[0], "2: label optio");
    let id = task["id"].as_str().unwrap();
    assert!(
        said[1].starts_with("2: Optio has started") && said[1].contains(id),
        "{said:?}"
    );
    let again = api.post("/api/issues/assign", order(&repo, 2)).await;
    again.refused(409, &["2"]);
    let listed = api.get(ISSUES).await;
    let listed = listed.is(200);
    assert_eq!(numbers(listed), [1, 2], "those without a task come first");
    assert_eq!(listed["issues"][1]["optioTask"]["taskId"], task["id"]);
    assert_eq!(listed["issues"][0]["optioTask"], json!(null));
}

#[tokio::test]
async fn issues_are_listed_by_their_state_and_their_repository() {
    let (api, _host, repo) = world().await;
    let list = async |query: &str| api.get(&format!("{ISSUES}{query}")).await;
    let open = list("").await;
    assert_eq!(
        numbers(open.is(200)),
        [2, 1],
        "those that changed last come first"
    );
    let first = &open.body["issues"][0];
    for (member, value) in [
        ("id", json!("o/r#2")),
        ("state", json!("open")),
        ("hasOptioLabel", json!(true)),
        ("author", json!("ada")),
    ] {
        assert_eq!(first[member], value, "{member}");
    }
    assert_eq!(first["repo"]["id"], json!(repo));
    assert_eq!(numbers(list("?state=closed").await.is(200)), [3]);
    assert_eq!(
        numbers(list(&format!("?state=all&repoId={repo}")).await.is(200)),
        [3, 2, 1]
    );
    list("?state=odd")
        .await
        .refused(400, &["state: must be open"]);
    list("?repoId=nonsense")
        .await
        .refused(404, &["no repository"]);
    let elsewhere = json!({ "repoUrl": "https://nowhere.example/a/b" });
    api.post("/api/repos", elsewhere).await.is(201);
    let some = list("").await;
    assert_eq!(some.is(200)["errors"].as_array().unwrap().len(), 1);
    let error = some.body["errors"][0]["error"].as_str().unwrap();
    assert!(error.contains("no git host `nowhere.example`"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_assigned_creates_nothing_and_a_host_that_does_not_listen_is_named() {
    let (api, host, repo) = world().await;
    let assign = async |body: Value| api.post("/api/issues/assign", body).await;
    assign(order(&repo, 99)).await.refused(404, &[]);
    assign(order("nonsense", 1))
        .await
        .refused(404, &["no repository"]);
    let mut odd = order(&repo, 1);
    odd["agentType"] = json!("abacus");
    assign(odd)
        .await
        .refused(400, &["nothing was created", "abacus"]);
    let mut blank = order(&repo, 1);
    blank["title"] = json!("");
    assign(blank).await.refused(400, &["title"]);
    let none = api.get("/api/tasks").await;
    assert_eq!(none.is(200)["tasks"], json!([]));
    *host.said.lock().unwrap() = None;
    let answer = assign(order(&repo, 1)).await;
    let error = answer.is(201)["hostError"].as_str().unwrap();
    assert!(error.contains("it does not listen"), "{error}");
}
