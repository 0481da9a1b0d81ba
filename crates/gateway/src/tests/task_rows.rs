//! What stands around a task: comments, its activity, its order in the queue, its parts, its worktree, and
//! its live log.

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::api::{Api, until};

const TASKS: &str = "/api/tasks";

async fn created(api: &Api, title: &str) -> String {
    let body = json!({ "title": title, "prompt": "It answers 200.", "repoUrl": "https://github.com/ada/engine" });
    let made = api.post(TASKS, body).await.is(201)["task"]["id"].clone();
    made.as_str().unwrap().to_owned()
}

async fn stands(api: &Api, id: &str, state: &str) -> Value {
    let path = format!("{TASKS}/{id}");
    until(async || {
        let shown = api.get(&path).await.is(200).clone();
        (shown["task"]["state"] == state).then_some(shown)
    })
    .await
}

#[tokio::test]
async fn a_comment_is_said_changed_and_taken_back_and_is_part_of_what_happened() {
    let api = Api::new().await;
    let id = created(&api, "one").await;
    let path = format!("{TASKS}/{id}/comments");
    for content in ["", " ", &"x".repeat(10_001)] {
        let refused = api.post(&path, json!({ "content": content })).await;
        refused.refused(400, &["content: must have 1 to 10000"]);
    }
    let said = api
        .post(&path, json!({ "content": "who takes this?" }))
        .await
        .is(201)["comment"]
        .clone();
    assert_eq!(
        (&said["taskId"], &said["user"]["displayName"]),
        (&json!(id), &json!("local"))
    );
    let one = format!("{path}/{}", said["id"].as_str().unwrap());
    let changed = api.patch(&one, json!({ "content": "I do" })).await.is(200)["comment"].clone();
    assert_eq!(changed["content"], "I do");
    assert_eq!(api.get(&path).await.is(200)["comments"], json!([changed]));
    stands(&api, &id, "provisioning").await;
    let written = json!({ "content": "look at the tests" });
    api.post(&format!("{TASKS}/{id}/message"), written)
        .await
        .is(202);
    let activity = api.get(&format!("{TASKS}/{id}/activity")).await.is(200)["activity"].clone();
    let kinds: Vec<&str> = activity
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.first(), Some(&"event"), "it was created first");
    assert_eq!(kinds.last(), Some(&"message"), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "comment").count(), 1);
    api.delete(&one).await.is(204);
    api.delete(&one)
        .await
        .refused(404, &["the task has no comment"]);
    assert_eq!(api.get(&path).await.is(200)["comments"], json!([]));
}

#[tokio::test]
async fn nobody_changes_what_somebody_else_has_said() {
    let api = Api::new().await;
    let id = created(&api, "one").await;
    let (task, comment) = (id.parse().unwrap(), uuid::Uuid::from_u128(77));
    let at = api.world.clock.now();
    let store = &api.world.store;
    store
        .comment_on_task(comment, optio_domain::id::TaskId(task), "grace", "mine", at)
        .await
        .unwrap();
    let one = format!("{TASKS}/{id}/comments/{comment}");
    let changed = api.patch(&one, json!({ "content": "not any more" })).await;
    changed.refused(403, &["somebody else wrote that comment"]);
    api.delete(&one).await.refused(403, &["only its author"]);
    let kept = api.get(&format!("{TASKS}/{id}/comments")).await.is(200)["comments"].clone();
    assert_eq!(kept[0]["content"], "mine");
}

#[tokio::test]
async fn tasks_are_put_in_order_all_of_them_or_none() {
    let api = Api::new().await;
    let (one, two) = (created(&api, "one").await, created(&api, "two").await);
    let order = |ids: Value| json!({ "taskIds": ids });
    let path = format!("{TASKS}/reorder");
    for ids in [json!([]), json!([one, one])] {
        let refused = api.post(&path, order(ids)).await;
        refused.refused(400, &["taskIds: must name 1 to 1000 tasks, each once"]);
    }
    let unknown = "00000000-0000-0000-0000-000000000009";
    let refused = api.post(&path, order(json!([two, unknown]))).await;
    refused.refused(404, &[unknown, "nothing was changed"]);
    let priority = async |id: &str| {
        api.get(&format!("{TASKS}/{id}")).await.is(200)["task"]["priority"].clone()
    };
    assert_eq!(priority(&two).await, 100);
    let done = api
        .post(&path, order(json!([two, one])))
        .await
        .is(200)
        .clone();
    assert_eq!(done, json!({ "ok": true, "reordered": 2 }));
    assert_eq!(
        (priority(&two).await, priority(&one).await),
        (json!(1), json!(2))
    );
}

#[tokio::test]
async fn the_parts_that_a_task_waits_for_are_counted() {
    let api = Api::new().await;
    let id = created(&api, "whole").await;
    let part = |blocks: bool| json!({ "title": "part", "prompt": "p", "blocksParent": blocks, "taskType": "step" });
    for blocks in [true, true, false] {
        api.post(&format!("{TASKS}/{id}/subtasks"), part(blocks))
            .await
            .is(201);
    }
    let status = until(async || {
        let status = api
            .get(&format!("{TASKS}/{id}/subtasks/status"))
            .await
            .is(200)
            .clone();
        (status["pending"] == 1).then_some(status)
    })
    .await;
    let expected = json!({
        "allComplete": false, "total": 2, "pending": 1, "running": 1, "completed": 0, "failed": 0,
    });
    assert_eq!(status, expected);
}

#[tokio::test]
async fn a_run_is_shown_by_itself_and_a_task_shows_its_worktree() {
    let api = Api::new().await;
    let id = created(&api, "one").await;
    let shown = stands(&api, &id, "provisioning").await;
    assert_eq!(shown["worktree"]["state"], "active");
    let runs = api.get(&format!("{TASKS}/{id}/runs")).await.is(200)["runs"].clone();
    let run = runs[0]["id"].as_str().unwrap();
    let path = format!("{TASKS}/{id}/runs");
    assert_eq!(
        api.get(&format!("{path}/{run}")).await.is(200)["run"],
        runs[0]
    );
    let unknown = "00000000-0000-0000-0000-000000000009";
    let missing = api.get(&format!("{path}/{unknown}")).await;
    missing.refused(404, &["has no run"]);
    let answer = api
        .answer(api.ask(Method::POST, &path).json(&json!({})))
        .await;
    answer.refused(405, &["runs once"]);
    api.post(&format!("{TASKS}/{id}/cancel"), json!({}))
        .await
        .is(200);
    let shown = stands(&api, &id, "cancelled").await;
    assert_eq!(shown["worktree"]["state"], "kept");
    assert!(shown["worktree"]["dueAt"].is_string(), "{shown}");
}

#[tokio::test]
async fn the_live_log_of_a_task_is_a_socket_as_older_clients_know_it() {
    let api = Api::new().await;
    let id = created(&api, "one").await;
    let connect = async |path: String| {
        let url = format!("{}{path}", api.base.replace("http", "ws"));
        let request = url.into_client_request().unwrap();
        tokio_tungstenite::connect_async(request).await.unwrap().0
    };
    let mut socket = connect(format!("/ws/logs/{id}")).await;
    stands(&api, &id, "provisioning").await;
    api.post(&format!("{TASKS}/{id}/cancel"), json!({}))
        .await
        .is(200);
    let heard = async {
        loop {
            let said = socket.next().await.unwrap().unwrap();
            let said: Value = serde_json::from_str(said.to_text().unwrap()).unwrap();
            assert_eq!(said["taskId"], id);
            if said["toState"] == "cancelled" {
                return said;
            }
        }
    };
    let limit = std::time::Duration::from_secs(20);
    let said = tokio::time::timeout(limit, heard)
        .await
        .expect("it was never told");
    assert_eq!(said["type"], "task:state_changed");
    let mut nowhere = connect("/ws/logs/nonsense".to_owned()).await;
    let closed = nowhere.next().await.unwrap().unwrap();
    assert!(format!("{closed:?}").contains("4404"), "{closed:?}");
}
