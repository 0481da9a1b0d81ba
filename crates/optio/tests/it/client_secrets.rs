//! `optio secret` against a server that is played: values go in and are never shown.

use serde_json::json;

use crate::fake::{Fake, code, err, out};

const VALUE: &str = "hunter2-hunter2";

async fn keeps() -> Fake {
    let kept = json!({ "name": "TOKEN", "scope": "global" });
    Fake::new().await.json("POST /api/secrets", 201, &kept)
}

#[tokio::test]
async fn a_value_is_read_from_the_input_without_its_line_end_and_never_shown() {
    let fake = keeps().await;
    let program = env!("CARGO_BIN_EXE_optio");
    let script = format!("printf '{VALUE}\\n' | {program} secret set TOKEN");
    let output = fake.shell(&script).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), "TOKEN is kept (global)\n");
    let came = &fake.came()[0];
    assert_eq!(came.body, json!({ "name": "TOKEN", "value": VALUE }));
    assert!(30 < came.headers["idempotency-key"].len());
}

#[tokio::test]
async fn a_file_is_kept_as_it_is() {
    let fake = keeps().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, "line\nline\n").unwrap();
    let file = file.to_str().unwrap();
    let repo = "https://github.com/ada/engine";
    let args = [
        "secret",
        "set",
        "TOKEN",
        "--from-file",
        file,
        "--scope",
        repo,
    ];
    let output = fake.optio(&args).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let body = json!({ "name": "TOKEN", "value": "line\nline\n", "scope": repo });
    assert_eq!(fake.came()[0].body, body);
    let missing = fake
        .optio(&["secret", "set", "TOKEN", "--from-file", "/nowhere"])
        .await;
    assert_eq!(code(&missing), 2);
    assert!(err(&missing).contains("/nowhere"), "{}", err(&missing));
}

#[tokio::test]
async fn a_value_is_no_argument_and_nothing_is_no_value() {
    let fake = Fake::new().await;
    let output = fake.optio(&["secret", "set", "TOKEN", VALUE]).await;
    assert_eq!(code(&output), 2, "{}", err(&output));
    let program = env!("CARGO_BIN_EXE_optio");
    let output = fake
        .shell(&format!("{program} secret set TOKEN </dev/null"))
        .await;
    assert_eq!(code(&output), 2);
    assert!(
        err(&output).contains("the value is empty"),
        "{}",
        err(&output)
    );
    assert!(fake.came().is_empty());
}

#[tokio::test]
async fn a_person_types_a_value_unseen() {
    let fake = keeps().await;
    let program = env!("CARGO_BIN_EXE_optio");
    // A terminal of its own; what is typed comes after the question.
    let script = format!(
        "(sleep 1; printf '{VALUE}\\n'; sleep 1) | script -qec '{program} secret set TOKEN' /dev/null"
    );
    let output = fake.shell(&script).await;
    let seen = out(&output);
    assert!(
        seen.contains("The value of TOKEN (it is not shown):"),
        "{seen}"
    );
    assert!(seen.contains("TOKEN is kept (global)"), "{seen}");
    assert!(!seen.contains("hunter2"), "{seen}");
    assert_eq!(fake.came()[0].body["value"], VALUE);
}

#[tokio::test]
async fn secrets_are_listed_and_removed_by_scope() {
    let secret = json!({ "id": "x", "name": "TOKEN", "scope": "workspace",
        "createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2020-01-01T00:00:00Z" });
    let fake = Fake::new()
        .await
        .json("GET /api/secrets?", 200, &json!({ "secrets": [secret] }))
        .json("DELETE /api/secrets/TOKEN?", 204, &json!(null));
    let output = fake
        .optio(&["secret", "list", "--scope", "workspace"])
        .await;
    let listed = out(&output);
    assert!(
        listed.starts_with("NAME   SCOPE      SET\nTOKEN  workspace  "),
        "{listed}"
    );
    let repo = "https://github.com/ada/engine";
    let output = fake
        .optio(&["secret", "rm", "TOKEN", "--scope", repo])
        .await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let lines: Vec<_> = fake.came().into_iter().map(|came| came.line).collect();
    assert_eq!(lines[0], "GET /api/secrets?scope=workspace&limit=200");
    let encoded = "https%3A%2F%2Fgithub.com%2Fada%2Fengine";
    assert_eq!(
        lines[1],
        format!("DELETE /api/secrets/TOKEN?scope={encoded}")
    );
}

#[tokio::test]
async fn a_changed_key_is_said_with_what_is_left_to_do() {
    let rotated = json!({ "keyId": "0123456789abcdef", "secrets": 3, "left": "unset it" });
    let fake = Fake::new()
        .await
        .json("POST /api/secrets/rotate-key", 200, &rotated);
    let output = fake.optio(&["secret", "rotate-key"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(
        out(&output),
        "3 secrets are sealed anew, with the key 0123456789abcdef\n"
    );
    assert!(err(&output).contains("unset it"), "{}", err(&output));
}
