//! `optio tracker` against a server that is played: tokens go in and are never shown.

use serde_json::{Value, json};

use crate::fake::{Fake, code, err, out};

const ID: &str = "0190a000-0000-7000-8000-000000000009";
const LIST: &str = "GET /api/tickets/providers?";

fn tracker(error: &Value) -> Value {
    json!({ "id": ID, "source": "linear", "enabled": true, "consecutiveFailures": 1,
            "lastError": error, "lastSyncedAt": null,
            "config": { "apiKey": "********", "teamId": "t-1", "label": "optio" } })
}

async fn knows_one() -> Fake {
    let one = tracker(&json!("no longer good"));
    Fake::new()
        .await
        .json(LIST, 200, &json!({ "providers": [one] }))
}

#[tokio::test]
async fn a_token_is_read_from_the_input_and_goes_with_the_settings() {
    let answer = json!({ "provider": tracker(&Value::Null) });
    let fake = Fake::new()
        .await
        .json("POST /api/tickets/providers", 201, &answer);
    let program = env!("CARGO_BIN_EXE_optio");
    let script = format!(
        "printf 'hunter2\\n' | {program} tracker add linear --with-token teamId=t-1 maxPages=3"
    );
    let output = fake.shell(&script).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), "added linear 0190a000-0000\n");
    let config = json!({ "apiKey": "hunter2", "teamId": "t-1", "maxPages": 3 });
    let body = json!({ "source": "linear", "config": config });
    assert_eq!(fake.came()[0].body, body);
    let odd = fake
        .shell(&format!(
            "printf x | {program} tracker add svn --with-token"
        ))
        .await;
    assert_eq!(code(&odd), 2);
    assert!(err(&odd).contains("github, gitlab"), "{}", err(&odd));
}

#[tokio::test]
async fn the_list_says_why_one_fails() {
    let fake = knows_one().await;
    let output = fake.optio(&["tracker", "list"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    for words in ["0190a000-0000", "linear", "t-1", "failed 1 times"] {
        assert!(out(&output).contains(words), "{}", out(&output));
    }
    assert!(err(&output).contains("no longer good"), "{}", err(&output));
}

#[tokio::test]
async fn a_tracker_is_named_by_the_beginning_of_its_id() {
    let answer = json!({ "provider": tracker(&Value::Null) });
    let fake = knows_one().await.json("PATCH", 200, &answer);
    let output = fake.optio(&["tracker", "enable", "0190a000"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), "enabled linear 0190a000-0000\n");
    let line = format!("PATCH /api/tickets/providers/{ID}/re-enable");
    assert_eq!(fake.came()[1].line, line);
    let missing = knows_one().await.optio(&["tracker", "rm", "ffff"]).await;
    assert_eq!(code(&missing), 4);
    assert!(err(&missing).contains("ffff"), "{}", err(&missing));
}

#[tokio::test]
async fn a_look_that_is_asked_for_says_what_came_of_it() {
    let answer = json!({ "synced": 2, "providers": [
        { "id": ID, "source": "linear", "done": false, "error": "it is down" }] });
    let fake = Fake::new()
        .await
        .json("POST /api/tickets/sync", 200, &answer);
    let output = fake.optio(&["tracker", "sync"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), "2 tickets became work\n");
    assert!(err(&output).contains("it is down"), "{}", err(&output));
}
