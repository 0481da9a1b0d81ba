//! `optio repo` against a server that is played, and once against a whole Optio.

use serde_json::{Value, json};

use crate::{
    fake::{Fake, code, err, out},
    world::World,
};

const ID: &str = "0190a000-0000-7000-8000-000000000009";
const LIST: &str = "GET /api/repos?";

fn engine() -> Value {
    json!({ "id": ID, "fullName": "ada/engine", "repoUrl": "https://github.com/ada/engine",
            "defaultBranch": "main", "defaultAgentType": "claude-code" })
}

async fn knows_engine() -> Fake {
    Fake::new()
        .await
        .json(LIST, 200, &json!({ "repos": [engine()] }))
}

#[tokio::test]
async fn a_repository_is_found_by_name_address_and_id() {
    for repo in [
        "ada/engine",
        "Ada/Engine",
        "git@github.com:ada/engine.git",
        ID,
    ] {
        let answer = json!({ "repo": engine() });
        let fake = knows_engine().await.json("PATCH", 200, &answer);
        let args = [
            "repo",
            "set",
            repo,
            "autoMerge=true",
            "testCommand=make test",
        ];
        let output = fake.optio(&args).await;
        assert_eq!(code(&output), 0, "{repo}: {}", err(&output));
        assert_eq!(out(&output), "changed ada/engine\n");
        let sent = &fake.came()[1];
        assert_eq!(sent.line, format!("PATCH /api/repos/{ID}"));
        assert_eq!(
            sent.body,
            json!({ "autoMerge": true, "testCommand": "make test" })
        );
    }
    let output = knows_engine()
        .await
        .optio(&["repo", "show", "ada/loom"])
        .await;
    assert_eq!(code(&output), 4);
    assert!(err(&output).contains("ada/loom"), "{}", err(&output));
}

#[tokio::test]
async fn one_name_on_two_hosts_is_not_guessed_at() {
    let mut other = engine();
    other["repoUrl"] = json!("https://git.example/ada/engine");
    let list = json!({ "repos": [engine(), other] });
    let fake = Fake::new().await.json(LIST, 200, &list);
    let output = fake.optio(&["repo", "rm", "ada/engine"]).await;
    assert_eq!(code(&output), 2);
    assert!(
        err(&output).contains("https://git.example/ada/engine"),
        "{}",
        err(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_add_decide_about_and_remove_a_repository() {
    let world = World::plan().start().await;
    let template = world.dir().join("review.md");
    std::fs::write(&template, "Look closely.").unwrap();
    let template = format!("reviewPromptTemplate=@{}", template.display());
    let add = [
        "repo",
        "add",
        "git@GitHub.com:ada/engine.git",
        "maxPodInstances=3",
    ];
    assert_eq!(world.says(&add).await, "added ada/engine\n");
    assert_eq!(world.optio(&add).await.status.code(), Some(5));
    world
        .says(&["repo", "set", "ada/engine", "reviewEnabled=true", &template])
        .await;
    let list = world.says(&["repo", "list"]).await;
    assert!(list.contains("https://github.com/ada/engine"), "{list}");
    let show = world.says(&["repo", "show", "ada/engine"]).await;
    let rows: Vec<Vec<&str>> = show
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    for row in [
        &["maxPodInstances", "3"][..],
        &["reviewEnabled", "true"],
        &["reviewPromptTemplate", "Look", "closely."],
        &["maxAutoResumes", "-"],
    ] {
        assert!(rows.iter().any(|it| it == row), "{row:?}: {show}");
    }
    let refused = world
        .optio(&["repo", "set", "ada/engine", "imagePreset=rust"])
        .await;
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        words.contains("imagePreset: needs sandboxes that are pods"),
        "{words}"
    );
    world.says(&["repo", "rm", "ada/engine"]).await;
    assert!(!world.says(&["repo", "list"]).await.contains("engine"));
    world.end().await;
}
