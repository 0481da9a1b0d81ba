//! `optio template` against a server that is played, and once against a whole Optio.

use serde_json::{Value, json};

use crate::{
    fake::{Fake, code, err, out},
    world::World,
};

const ID: &str = "0190a000-0000-7000-8000-000000000019";
const LIST: &str = "GET /api/prompt-templates?";

fn weekly(kind: &str) -> Value {
    json!({ "id": ID, "name": "weekly", "kind": kind, "template": "Report on {{repo}}.\n",
            "description": "for Mondays", "isDefault": false })
}

async fn knows(templates: &[Value]) -> Fake {
    let list = json!({ "templates": templates });
    Fake::new().await.json(LIST, 200, &list)
}

#[tokio::test]
async fn a_new_template_is_kept_and_one_that_is_there_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let text = path("weekly.md", "Report on {{repo}}.\n");
    let schema = path("weekly.json", r#"{"properties":{"repo":{}}}"#);
    let answer = json!({ "template": weekly("job") });
    let fake = knows(&[]).await.json("POST", 201, &answer);
    let args = [
        "template",
        "set",
        "weekly",
        "--kind",
        "job",
        "--file",
        &text,
        "--params-schema",
        &schema,
    ];
    let output = fake.optio(&args).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), "kept weekly\n");
    let came = fake.came();
    assert!(came[0].line.contains("kind=job"), "{}", came[0].line);
    assert_eq!(came[1].line, "POST /api/prompt-templates/named");
    let body = json!({ "name": "weekly", "kind": "job", "template": "Report on {{repo}}.\n",
                       "paramsSchema": { "properties": { "repo": {} } } });
    assert_eq!(came[1].body, body);

    let fake = knows(&[weekly("prompt")]).await.json("PATCH", 200, &answer);
    let args = [
        "template",
        "set",
        "weekly",
        "--default",
        "--description",
        "d",
    ];
    let output = fake.optio(&args).await;
    assert_eq!(out(&output), "changed weekly\n", "{}", err(&output));
    let came = &fake.came()[1];
    assert_eq!(came.line, format!("PATCH /api/prompt-templates/{ID}"));
    assert_eq!(came.body, json!({ "description": "d", "isDefault": true }));

    let output = knows(&[]).await.optio(&["template", "set", "weekly"]).await;
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("--file"), "{}", err(&output));
}

#[tokio::test]
async fn one_name_of_two_kinds_is_not_guessed_at() {
    let fake = knows(&[weekly("job"), weekly("task")]).await;
    let output = fake.optio(&["template", "rm", "weekly"]).await;
    assert_eq!(code(&output), 2);
    let words = err(&output);
    assert!(words.contains("--kind") && words.contains("job"), "{words}");
    let output = knows(&[])
        .await
        .optio(&["template", "show", "weekly"])
        .await;
    assert_eq!(code(&output), 4);
    assert!(err(&output).contains("weekly"), "{}", err(&output));
}

#[tokio::test]
async fn a_preview_is_the_output_and_what_is_wrong_is_beside_it() {
    let answer = json!({ "rendered": "Report on {{repo}}.", "warnings": ["line 1, column 11: there is no value"] });
    let fake = knows(&[weekly("job")]).await.json("POST", 200, &answer);
    let output = fake.optio(&["template", "preview", "weekly", "n=7"]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), "Report on {{repo}}.\n");
    assert!(
        err(&output).contains("line 1, column 11"),
        "{}",
        err(&output)
    );
    let came = &fake.came()[1];
    assert_eq!(
        came.line,
        format!("POST /api/prompt-templates/{ID}/preview")
    );
    assert_eq!(came.body, json!({ "params": { "n": 7 } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_keep_look_at_try_and_remove_a_template() {
    let world = World::plan().start().await;
    let text = world.dir().join("prompt.md");
    std::fs::write(&text, "We do {{TASK_TITLE}} on {{BASE_BRANCH}}.\n").unwrap();
    let text = text.to_str().unwrap();
    let set = ["template", "set", "ours", "--file", text, "--default"];
    assert_eq!(world.says(&set).await, "kept ours\n");
    assert_eq!(world.says(&set).await, "changed ours\n");
    let list = world.says(&["template", "list", "--kind", "prompt"]).await;
    assert!(list.contains("ours") && list.contains("yes"), "{list}");
    let show = world.says(&["template", "show", "ours"]).await;
    assert!(
        show.ends_with("\nWe do {{TASK_TITLE}} on {{BASE_BRANCH}}.\n"),
        "{show}"
    );
    let preview = ["template", "preview", "ours", "TASK_TITLE=Mine"];
    assert_eq!(world.says(&preview).await, "We do Mine on main.\n");
    let unsaved = ["template", "preview", &format!("@{text}"), "--kind", "job"];
    let shown = world.says(&unsaved).await;
    assert_eq!(shown, "We do {{TASK_TITLE}} on {{BASE_BRANCH}}.\n");
    std::fs::write(text, "{{NOBODY}}").unwrap();
    let refused = world.optio(&set).await;
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        words.contains("unknown: NOBODY (line 1, column 1)"),
        "{words}"
    );
    assert_eq!(
        world.says(&["template", "rm", "ours"]).await,
        "removed ours\n"
    );
    world.end().await;
}
