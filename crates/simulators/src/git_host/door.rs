//! The door for a scenario that is played from outside: `POST /_simulator/…` with JSON. It asks for no
//! credentials, because a simulator has nothing to protect. It is the same for every simulated host.

use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Asked, CannotPlay, CheckSetup, Delivery, Fault, HookSetup, IssueSetup, Play, RepoSetup,
    ReviewSetup,
};

/// Where the door is.
pub(crate) const PREFIX: &str = "/_simulator/";
const BODY_BYTES_MAX: usize = 8 << 20;

/// What can happen on a simulated host. A `key` is a repository's name in small letters, and names one
/// that is there.
pub(crate) trait Stage: Sync {
    fn add_repo(&self, repo: RepoSetup) -> impl Future<Output = Result<(), CannotPlay>> + Send;
    fn has_repo(&self, key: &str) -> bool;
    fn push(
        &self,
        key: &str,
        push: &Push,
    ) -> impl Future<Output = Result<String, CannotPlay>> + Send;
    fn play(&self, key: &str, play: Play);
    fn check(&self, key: &str, sha: &str, check: &CheckSetup) -> u64;
    fn review(&self, key: &str, number: u64, review: &ReviewSetup) -> Result<u64, CannotPlay>;
    fn add_issue(&self, key: &str, issue: &IssueSetup) -> u64;
    fn close(&self, key: &str, close: &Close);
    fn hook(&self, hook: Option<HookSetup>);
    fn fail(&self, fault: Fault);
    fn mend(&self);
    fn asked(&self) -> Vec<Asked>;
    fn sent(&self) -> Vec<Delivery>;
}

/// A commit on a branch. `None` removes a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Push {
    pub(crate) branch: String,
    pub(crate) files: BTreeMap<String, Option<String>>,
    #[serde(default = "somebody")]
    pub(crate) author: String,
    #[serde(default)]
    pub(crate) message: String,
}

fn somebody() -> String {
    "octocat".to_owned()
}

/// A check of a commit.
#[derive(Deserialize)]
struct Check {
    sha: String,
    #[serde(flatten)]
    check: CheckSetup,
}

/// A review of a pull request.
#[derive(Deserialize)]
struct Reviewed {
    number: u64,
    #[serde(flatten)]
    review: ReviewSetup,
}

/// An issue or pull request is closed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Close {
    pub(crate) number: u64,
    #[serde(default = "somebody")]
    pub(crate) by: String,
    /// Which of the two, where they are numbered apart.
    #[serde(default)]
    pub(crate) pull: bool,
}

/// Answers a request at the door.
pub(crate) async fn serve<S: Stage>(stage: &S, path: &str, request: Request) -> Response {
    let is_read = request.method() == Method::GET;
    let body = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    let body = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or(Value::Null);
    let parts: Vec<&str> = path.split('/').collect();
    let done = match (is_read, parts.as_slice()) {
        (true, ["asked"]) => Ok(asked(&stage.asked())),
        (true, ["sent"]) => Ok(sent(&stage.sent())),
        (false, ["repos"]) => match read::<RepoSetup>(body) {
            Ok(repo) => stage.add_repo(repo).await.map(|()| json!({})),
            Err(error) => Err(error),
        },
        (false, ["hook"]) => read::<Option<HookSetup>>(body).map(|hook| {
            stage.hook(hook);
            json!({})
        }),
        (false, ["faults"]) => read::<Fault>(body).map(|fault| {
            stage.fail(fault);
            json!({})
        }),
        (false, ["faults", "clear"]) => {
            stage.mend();
            Ok(json!({}))
        }
        (false, ["repos", name @ .., act]) => {
            in_repo(stage, &name.join("/").to_ascii_lowercase(), act, body).await
        }
        _ => Err(CannotPlay(format!("there is no door {path}"))),
    };
    match done {
        Ok(value) => (StatusCode::OK, axum::Json(value)).into_response(),
        Err(error) => {
            let body = json!({ "message": error.to_string() });
            (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
        }
    }
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, CannotPlay> {
    serde_json::from_value(body).map_err(|error| CannotPlay(error.to_string()))
}

async fn in_repo<S: Stage>(
    stage: &S,
    key: &str,
    act: &str,
    body: Value,
) -> Result<Value, CannotPlay> {
    if !stage.has_repo(key) {
        return Err(CannotPlay(format!("there is no repository {key}")));
    }
    match act {
        "push" => {
            let push: Push = read(body)?;
            Ok(json!({ "sha": stage.push(key, &push).await? }))
        }
        "plays" => {
            stage.play(key, read(body)?);
            Ok(json!({}))
        }
        "checks" => {
            let Check { sha, check } = read(body)?;
            Ok(json!({ "id": stage.check(key, &sha, &check) }))
        }
        "reviews" => {
            let Reviewed { number, review } = read(body)?;
            let id = stage.review(key, number, &review)?;
            Ok(json!({ "id": id }))
        }
        "issues" => {
            let issue: IssueSetup = read(body)?;
            Ok(json!({ "number": stage.add_issue(key, &issue) }))
        }
        "close" => {
            stage.close(key, &read(body)?);
            Ok(json!({}))
        }
        other => Err(CannotPlay(format!("there is no door {other}"))),
    }
}

fn asked(asked: &[Asked]) -> Value {
    let list = asked.iter().map(|it| {
        json!({ "method": it.method, "path": it.path, "status": it.status, "counted": it.counted })
    });
    list.collect()
}

fn sent(sent: &[Delivery]) -> Value {
    let list = sent.iter().map(
        |it| json!({ "id": it.id, "event": it.event, "action": it.action, "status": it.status }),
    );
    list.collect()
}
