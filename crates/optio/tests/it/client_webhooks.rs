//! `optio webhook` against a server that is played.

use serde_json::{Value, json};

use crate::fake::{Fake, code, err, out};

const ID: &str = "0190a000-0000-7000-8000-000000000009";
const URL: &str = "https://example.com/in";
const LIST: &str = "GET /api/webhooks?";

fn hook() -> Value {
    json!({ "id": ID, "url": URL, "events": ["task.failed"], "active": true })
}

async fn knows_one() -> Fake {
    let list = json!({ "webhooks": [hook()] });
    Fake::new().await.json(LIST, 200, &list)
}

#[tokio::test]
async fn a_new_secret_goes_to_the_server_and_is_printed_once() {
    let answer = json!({ "webhook": hook() });
    let fake = Fake::new().await.json("POST /api/webhooks", 201, &answer);
    let args = [
        "webhook",
        "add",
        URL,
        "--event",
        "task.failed",
        "--event",
        "task.completed",
        "--new-secret",
    ];
    let output = fake.optio(&args).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let sent = &fake.came()[0].body;
    assert_eq!(sent["url"], URL);
    assert_eq!(sent["events"], json!(["task.failed", "task.completed"]));
    let secret = sent["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"), "{secret}");
    assert_eq!(out(&output), format!("added {ID}\n{secret}\n"));
}

#[tokio::test]
async fn a_secret_is_read_from_the_input_and_is_no_argument() {
    let answer = json!({ "webhook": hook() });
    let fake = Fake::new().await.json("POST /api/webhooks", 201, &answer);
    let program = env!("CARGO_BIN_EXE_optio");
    let script =
        format!("printf 'hunter2\\n' | {program} webhook add {URL} --event task.failed --secret");
    let output = fake.shell(&script).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(fake.came()[0].body["secret"], "hunter2");
    assert!(!out(&output).contains("hunter2") && !err(&output).contains("hunter2"));
    let both = [
        "webhook",
        "add",
        URL,
        "--event",
        "task.failed",
        "--secret",
        "--new-secret",
    ];
    assert_eq!(code(&fake.optio(&both).await), 2);
    assert_eq!(code(&fake.optio(&["webhook", "add", URL]).await), 2);
}

#[tokio::test]
async fn a_webhook_is_found_by_id_by_its_beginning_and_by_address() {
    for which in [ID, "0190a000", "0190A000-0000", URL] {
        let fake = knows_one().await.json("DELETE", 200, &json!({}));
        let output = fake.optio(&["webhook", "rm", which]).await;
        assert_eq!(code(&output), 0, "{which}: {}", err(&output));
        assert_eq!(fake.came()[1].line, format!("DELETE /api/webhooks/{ID}"));
    }
    for which in ["0190", "https://other.example/"] {
        let output = knows_one().await.optio(&["webhook", "show", which]).await;
        assert_eq!(code(&output), 4, "{which}");
    }
}

#[tokio::test]
async fn a_test_that_does_not_arrive_is_a_failure_with_its_reason() {
    let failed = json!({ "delivery": { "success": false, "error": "the receiver answered 500" } });
    let fake = knows_one().await.json("POST", 200, &failed);
    let output = fake
        .optio(&["webhook", "test", ID, "--event", "task.failed"])
        .await;
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("the receiver answered 500"),
        "{}",
        err(&output)
    );
    assert_eq!(fake.came()[1].body, json!({ "event": "task.failed" }));
    let arrived = json!({ "delivery": { "success": true, "statusCode": 204 } });
    let fake = knows_one().await.json("POST", 200, &arrived);
    let output = fake.optio(&["webhook", "test", ID]).await;
    assert_eq!(
        (code(&output), out(&output).as_str()),
        (0, "it arrived: 204\n")
    );
}

#[tokio::test]
async fn what_was_told_is_listed_and_can_be_sent_once_more() {
    let told = json!({ "deliveries": [{ "id": "d1", "event": "task.failed", "attempt": 3,
        "createdAt": "2020-01-01T00:00:00Z", "statusCode": 500, "error": "the receiver answered 500" }] });
    let fake = knows_one().await.json("GET", 200, &told);
    let output = fake
        .optio(&["webhook", "deliveries", URL, "--limit", "5"])
        .await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(
        out(&output).contains("the receiver answered 500"),
        "{}",
        out(&output)
    );
    assert_eq!(
        fake.came()[1].line,
        format!("GET /api/webhooks/{ID}/deliveries?limit=5")
    );
    let fake = knows_one()
        .await
        .json("POST", 202, &json!({ "delivery": {} }));
    let output = fake.optio(&["webhook", "replay", URL, "d1"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(
        fake.came()[1].line,
        format!("POST /api/webhooks/{ID}/deliveries/d1/replay")
    );
    let fake = knows_one()
        .await
        .json("PATCH", 200, &json!({ "webhook": hook() }));
    let output = fake.optio(&["webhook", "off", ID]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(fake.came()[1].body, json!({ "active": false }));
}
