//! The door for a scenario that is played from outside: `POST /_simulator/…` with JSON. It asks for no
//! credentials, because a simulator has nothing to protect.

use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::faults::Fault;
use super::{
    CannotPlay, CheckSetup, HookSetup, IssueSetup, Play, RepoSetup, ReviewSetup, Shared, acts,
};

/// Where the door is.
pub(super) const PREFIX: &str = "/_simulator/";
const BODY_BYTES_MAX: usize = 8 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    branch: String,
    files: BTreeMap<String, Option<String>>,
    #[serde(default = "somebody")]
    author: String,
    #[serde(default)]
    message: String,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    number: u64,
    #[serde(default = "somebody")]
    by: String,
}

/// Answers a request at the door.
pub(super) async fn serve(shared: &Shared, path: &str, request: Request) -> Response {
    let is_read = request.method() == Method::GET;
    let body = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    let body = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or(Value::Null);
    let parts: Vec<&str> = path.split('/').collect();
    let done = match (is_read, parts.as_slice()) {
        (true, ["asked"]) => Ok(asked(shared)),
        (true, ["sent"]) => Ok(sent(shared)),
        (false, ["repos"]) => match read::<RepoSetup>(body) {
            Ok(repo) => acts::add_repo(shared, repo).await.map(|()| json!({})),
            Err(error) => Err(error),
        },
        (false, ["hook"]) => read::<Option<HookSetup>>(body).map(|hook| {
            shared.world().hook = hook;
            json!({})
        }),
        (false, ["faults"]) => read::<Fault>(body).map(|fault| {
            shared.world().faults.add(fault);
            json!({})
        }),
        (false, ["faults", "clear"]) => {
            shared.world().faults.clear();
            Ok(json!({}))
        }
        (false, ["repos", owner, name, act]) => {
            in_repo(shared, &acts::key(&format!("{owner}/{name}")), act, body).await
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

async fn in_repo(shared: &Shared, key: &str, act: &str, body: Value) -> Result<Value, CannotPlay> {
    if !shared.world().repos.contains_key(key) {
        return Err(CannotPlay(format!("there is no repository {key}")));
    }
    match act {
        "push" => {
            let Push {
                branch,
                files,
                author,
                message,
            } = read(body)?;
            let sha = acts::push(shared, key, &branch, &files, &message, &author).await?;
            Ok(json!({ "sha": sha }))
        }
        "plays" => {
            let play: Play = read(body)?;
            if let Some(repo) = shared.world().repos.get_mut(key) {
                repo.plays.push_back(play);
            }
            Ok(json!({}))
        }
        "checks" => {
            let Check { sha, check } = read(body)?;
            Ok(json!({ "id": acts::check(shared, key, &sha, &check) }))
        }
        "reviews" => {
            let Reviewed { number, review } = read(body)?;
            let id = acts::review(shared, key, number, None, &review)?;
            Ok(json!({ "id": id }))
        }
        "issues" => {
            let issue: IssueSetup = read(body)?;
            Ok(json!({ "number": acts::add_issue(shared, key, &issue) }))
        }
        "close" => {
            let Close { number, by } = read(body)?;
            acts::close(shared, key, number, &by);
            Ok(json!({}))
        }
        other => Err(CannotPlay(format!("there is no door {other}"))),
    }
}

fn asked(shared: &Shared) -> Value {
    let world = shared.world();
    let list = world.seen.iter().map(|it| {
        json!({ "method": it.method, "path": it.path, "status": it.status, "counted": it.counted })
    });
    list.collect()
}

fn sent(shared: &Shared) -> Value {
    let world = shared.world();
    let list = world.sent.iter().map(
        |it| json!({ "id": it.id, "event": it.event, "action": it.action, "status": it.status }),
    );
    list.collect()
}
