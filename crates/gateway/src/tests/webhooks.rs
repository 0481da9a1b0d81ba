//! What git hosts tell by themselves: who is believed, and what is read of it.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Answer, Api, GITLAB_SECRET};

const GITLAB: &str = "/api/webhooks/gitlab";
const UUID: &str = "13792a34-cac6-4fda-95a8-c58e00a3954e";

fn merge_request() -> Value {
    json!({
        "object_kind": "merge_request", "user": { "username": "ada" },
        "project": { "path_with_namespace": "acme/tools/shop" },
        "object_attributes": { "iid": 7, "action": "update", "last_commit": { "id": "abc" } },
    })
}

/// Sends an event with these headers.
async fn told(api: &Api, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut request = api.ask(Method::POST, GITLAB).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.answer(request).await
}

#[tokio::test]
async fn gitlab_is_believed_by_its_secret_only() {
    let api = Api::new().await;
    let words = ["GITLAB_WEBHOOK_SECRET"];
    let id = ("x-gitlab-event-uuid", UUID);
    told(&api, &[id], &merge_request())
        .await
        .refused(401, &words);
    for wrong in ["", "hush", "a-secret-of-gitlab2"] {
        let headers = [id, ("x-gitlab-token", wrong)];
        told(&api, &headers, &merge_request())
            .await
            .refused(401, &words);
    }
    let headers = [id, ("x-gitlab-token", GITLAB_SECRET)];
    let answer = told(&api, &headers, &merge_request()).await;
    assert_eq!(answer.is(202), &json!({ "ok": true, "told": 0 }));
    // The secret of one host opens no other one's door.
    let signed = api
        .ask(Method::POST, "/api/webhooks/github")
        .header("x-gitlab-token", GITLAB_SECRET)
        .header("x-hub-signature-256", GITLAB_SECRET)
        .json(&merge_request());
    let answer = api.answer(signed).await;
    answer.refused(401, &["GITHUB_WEBHOOK_SECRET"]);
}

#[tokio::test]
async fn an_event_of_gitlab_has_an_identity_and_is_what_it_says() {
    let api = Api::new().await;
    let token = ("x-gitlab-token", GITLAB_SECRET);
    told(&api, &[token], &merge_request())
        .await
        .refused(400, &["x-gitlab-event-uuid"]);
    let newer = [token, ("idempotency-key", "f5e57ebc")];
    told(&api, &newer, &merge_request()).await.is(202);
    let headers = [token, ("x-gitlab-event-uuid", UUID)];
    let broken = json!({ "object_kind": "merge_request" });
    told(&api, &headers, &broken)
        .await
        .refused(400, &["no event `merge_request`"]);
    let nobodys = json!({ "object_kind": "wiki_page" });
    let answer = told(&api, &headers, &nobodys).await;
    assert_eq!(answer.is(202), &json!({ "ok": true, "told": 0 }));
}
