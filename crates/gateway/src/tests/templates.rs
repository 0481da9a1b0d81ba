//! Templates over HTTP: what may be kept, whose words come first, and what they would look like.

use serde_json::{Value, json};

use super::api::Api;

const TEMPLATES: &str = "/api/prompt-templates";
const NAMED: &str = "/api/prompt-templates/named";
const EFFECTIVE: &str = "/api/prompt-templates/effective";
const REPO: &str = "https://github.com/ada/engine";

async fn kept(api: &Api, body: Value) -> Value {
    api.post(NAMED, body).await.is(201)["template"].clone()
}

fn path(template: &Value) -> String {
    format!("{TEMPLATES}/{}", template["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_template_is_kept_shown_changed_and_removed() {
    let api = Api::new().await;
    let body = json!({ "name": "weekly", "kind": "job", "template": "Report on {{repo}}.", "description": "d",
                       "paramsSchema": { "properties": { "repo": {} } }, "defaultAgentType": "claude-code" });
    let template = kept(&api, body.clone()).await;
    for (member, value) in body.as_object().unwrap() {
        assert_eq!(&template[member], value, "{member}");
    }
    assert_eq!(template["isDefault"], false);
    assert_eq!(template["createdBy"], "user:local");
    let path = path(&template);
    assert_eq!(api.get(&path).await.is(200)["template"], template);
    api.post(NAMED, body).await.refused(409, &["has the name"]);
    let plain = json!({ "template": "Plain.", "description": null, "paramsSchema": null });
    let changed = api.patch(&path, plain).await.is(200)["template"].clone();
    for (member, value) in [
        ("template", json!("Plain.")),
        ("description", json!(null)),
        ("paramsSchema", json!(null)),
        ("defaultAgentType", json!("claude-code")),
        ("name", json!("weekly")),
    ] {
        assert_eq!(changed[member], value, "{member}");
    }
    api.delete(&path).await.is(204);
    api.get(&path).await.refused(404, &["there is no template"]);
    for gone in [path, format!("{TEMPLATES}/nonsense")] {
        api.patch(&gone, json!({})).await.refused(404, &[TEMPLATES]);
        api.delete(&gone).await.refused(404, &[TEMPLATES]);
        let preview = api.post(&format!("{gone}/preview"), json!({})).await;
        preview.refused(404, &[TEMPLATES]);
    }
}

#[tokio::test]
async fn templates_are_listed_by_kind_and_walked_by_a_cursor() {
    let api = Api::new().await;
    for (number, kind) in ["prompt", "review", "prompt"].iter().enumerate() {
        let body = json!({ "name": number.to_string(), "kind": kind, "template": "x" });
        kept(&api, body).await;
    }
    let names = |answer: &Value| -> Vec<String> {
        let templates = answer["templates"].as_array().unwrap();
        let name = |it: &Value| it["name"].as_str().unwrap().to_owned();
        templates.iter().map(name).collect()
    };
    assert_eq!(names(api.get(TEMPLATES).await.is(200)), ["0", "1", "2"]);
    let prompts = api.get(&format!("{TEMPLATES}?kind=prompt")).await;
    assert_eq!(names(prompts.is(200)), ["0", "2"]);
    let first = api.get(&format!("{TEMPLATES}?limit=2")).await;
    let cursor = first.is(200)["nextCursor"].as_str().unwrap().to_owned();
    let second = api
        .get(&format!("{TEMPLATES}?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(names(second.is(200)), ["2"]);
    let bad = api.get(&format!("{TEMPLATES}?kind=poem")).await;
    bad.refused(400, &["kind: must be prompt, review, job or task"]);
}

#[tokio::test]
async fn what_nobody_gives_is_refused_with_its_place_and_what_there_is() {
    let api = Api::new().await;
    for (body, words) in [
        (
            json!({ "name": "x", "template": "a\n {{TASKID}}" }),
            "template: unknown: TASKID (line 2, column 2); known are AUTO_MERGE, BASE_BRANCH",
        ),
        (
            json!({ "name": "x", "kind": "review", "template": "{{TASK_ID}}" }),
            "unknown: TASK_ID (line 1, column 1); known are BASE_BRANCH",
        ),
        (
            json!({ "name": "x", "kind": "job", "template": "{{b}}", "paramsSchema": { "properties": { "a": {} } } }),
            "unknown: b (line 1, column 1); known are a;",
        ),
        (
            json!({ "name": "x", "template": "a\n{{#if PR_URL}}" }),
            "line 2, column 1: this block is not closed: `{{/if}}` is missing",
        ),
        (
            json!({ "name": "x", "template": " " }),
            "template: must be a text",
        ),
        (
            json!({ "name": "", "template": "x" }),
            "name: must be one line",
        ),
        (
            json!({ "name": "x", "template": "x", "kind": "poem" }),
            "kind: must be prompt",
        ),
        (
            json!({ "name": "x", "template": "x", "paramsSchema": {} }),
            "paramsSchema: is for templates of jobs and tasks",
        ),
        (
            json!({ "name": "x", "template": "x", "kind": "job", "isDefault": true }),
            "isDefault: is for templates of prompts and reviews",
        ),
        (json!({ "template": "x" }), "name"),
    ] {
        api.post(NAMED, body).await.refused(400, &[words]);
    }
    assert_eq!(
        api.get(TEMPLATES).await.is(200),
        &json!({ "templates": [] })
    );
    let template = kept(&api, json!({ "name": "x", "template": "{{TASK_ID}}" })).await;
    let change = json!({ "kind": "review" });
    let refused = api.patch(&path(&template), change).await;
    refused.refused(400, &["unknown: TASK_ID (line 1, column 1)"]);
    let shown = api.get(&path(&template)).await;
    assert_eq!(shown.is(200)["template"], template);
}

#[tokio::test]
async fn the_words_of_a_repository_come_first_then_the_workspaces_then_ours() {
    let api = Api::new().await;
    let of_repo = format!("{EFFECTIVE}?repoUrl={REPO}");
    let source = async |path: &str| {
        let words = api.get(path).await.is(200).clone();
        (words["source"].clone(), words["template"].clone())
    };
    let built_in = api.get(&format!("{TEMPLATES}/builtin-default")).await;
    let ours = built_in.is(200)["template"].clone();
    assert!(ours.as_str().unwrap().contains("{{BRANCH_NAME}}"), "{ours}");
    assert_eq!(source(&of_repo).await, (json!("built-in"), ours));

    let saved = api
        .post(TEMPLATES, json!({ "template": "All of us." }))
        .await;
    assert_eq!(saved.is(201), &json!({ "ok": true }));
    assert_eq!(
        source(&of_repo).await,
        (json!("workspace"), json!("All of us."))
    );
    assert_eq!(
        source(EFFECTIVE).await,
        (json!("workspace"), json!("All of us."))
    );
    // It is a template of the library, which is changed and not doubled.
    let again = json!({ "template": "All of us again.", "autoMerge": false, "repoUrl": "" });
    api.post(TEMPLATES, again).await.is(201);
    let templates = api.get(TEMPLATES).await.is(200)["templates"].clone();
    assert_eq!(templates.as_array().unwrap().len(), 1);
    assert_eq!(templates[0]["template"], "All of us again.");
    assert_eq!(templates[0]["isDefault"], true);
    assert_eq!(api.get(EFFECTIVE).await.is(200)["id"], templates[0]["id"]);

    let own = json!({ "template": "Here.", "repoUrl": "git@github.com:ada/engine.git", "autoMerge": true });
    api.post(TEMPLATES, own.clone())
        .await
        .refused(404, &[REPO, "/api/repos"]);
    let repo = api
        .post("/api/repos", json!({ "repoUrl": REPO }))
        .await
        .is(201)["repo"]
        .clone();
    api.post(TEMPLATES, own).await.is(201);
    let words = api.get(&of_repo).await.is(200).clone();
    let expected = json!({ "id": null, "template": "Here.", "source": "repository", "autoMerge": true,
                           "cautiousMode": false });
    assert_eq!(words, expected);
    let repo = format!("/api/repos/{}", repo["id"].as_str().unwrap());
    let shown = api.get(&repo).await.is(200)["repo"].clone();
    assert_eq!(shown["promptTemplateOverride"], "Here.");
    assert_eq!(shown["reviewPromptTemplate"], json!(null));
    api.patch(&repo, json!({ "promptTemplateOverride": null }))
        .await
        .is(200);
    assert_eq!(source(&of_repo).await.0, "workspace");
    api.delete(&path(&templates[0])).await.is(204);
    assert_eq!(source(&of_repo).await.0, "built-in");
}

#[tokio::test]
async fn reviews_have_words_of_their_own() {
    let api = Api::new().await;
    let default = format!("{TEMPLATES}/review-default");
    let of_repo = format!("{EFFECTIVE}?kind=review&repoUrl={REPO}");
    let ours = api.get(&default).await.is(200)["template"].clone();
    assert!(
        ours.as_str()
            .unwrap()
            .starts_with("Review the pull request"),
        "{ours}"
    );
    let words = json!({ "template": "Look at {{PR_NUMBER}}.", "isReview": true });
    api.post(TEMPLATES, words).await.is(201);
    assert_eq!(
        api.get(&default).await.is(200)["template"],
        "Look at {{PR_NUMBER}}."
    );
    assert_eq!(api.get(EFFECTIVE).await.is(200)["source"], "built-in");
    api.post("/api/repos", json!({ "repoUrl": REPO }))
        .await
        .is(201);
    let words = json!({ "template": "Look here.", "isReview": true, "repoUrl": REPO });
    api.post(TEMPLATES, words).await.is(201);
    let effective = api.get(&of_repo).await.is(200).clone();
    assert_eq!(effective["source"], "repository");
    assert_eq!(effective["template"], "Look here.");
    assert_eq!(effective["autoMerge"], false);
    assert_eq!(
        api.get(&default).await.is(200)["template"],
        "Look at {{PR_NUMBER}}."
    );
}

#[tokio::test]
async fn words_that_break_a_rule_change_nothing() {
    let api = Api::new().await;
    for (body, words) in [
        (
            json!({ "template": "{{NOBODY}}" }),
            "template: unknown: NOBODY (line 1, column 1)",
        ),
        (
            json!({ "template": "{{TASK_ID}}", "isReview": true }),
            "template: unknown: TASK_ID",
        ),
        (json!({ "template": "" }), "template: must be a text"),
        (
            json!({ "template": "x", "autoMerge": true }),
            "autoMerge: is decided for each repository",
        ),
        (json!({ "template": "x", "repoUrl": "nonsense" }), "repoUrl"),
    ] {
        api.post(TEMPLATES, body).await.refused(400, &[words]);
    }
    assert_eq!(api.get(EFFECTIVE).await.is(200)["source"], "built-in");
    let bad = api.get(&format!("{EFFECTIVE}?kind=job")).await;
    bad.refused(400, &["kind: must be prompt or review"]);
    // A template may be called as the default one is, and is not overwritten for that.
    kept(&api, json!({ "name": "default", "template": "Mine." })).await;
    let saved = api.post(TEMPLATES, json!({ "template": "Yours." })).await;
    saved.refused(409, &["called default", "isDefault"]);
}

#[tokio::test]
async fn a_template_of_the_library_may_become_the_default() {
    let api = Api::new().await;
    api.post(TEMPLATES, json!({ "template": "First." }))
        .await
        .is(201);
    let second = kept(&api, json!({ "name": "second", "template": "Second." })).await;
    api.patch(&path(&second), json!({ "isDefault": true }))
        .await
        .is(200);
    let effective = api.get(EFFECTIVE).await.is(200).clone();
    assert_eq!(
        (&effective["id"], &effective["template"]),
        (&second["id"], &json!("Second."))
    );
    // What is set for the workspace is then that one's text.
    api.post(TEMPLATES, json!({ "template": "Third." }))
        .await
        .is(201);
    let shown = api.get(&path(&second)).await.is(200)["template"].clone();
    assert_eq!(
        (&shown["name"], &shown["template"]),
        (&json!("second"), &json!("Third."))
    );
}

#[tokio::test]
async fn a_preview_shows_the_text_and_what_is_wrong_with_it() {
    let api = Api::new().await;
    let schema = json!({ "properties": { "who": { "default": "Ada" }, "what": {} } });
    let body = json!({ "name": "x", "kind": "job", "template": "{{who}} does {{what}}.", "paramsSchema": schema });
    let template = kept(&api, body).await;
    let preview = format!("{}/preview", path(&template));
    let shown = api
        .post(&preview, json!({ "params": { "what": "this" } }))
        .await;
    assert_eq!(
        shown.is(200),
        &json!({ "rendered": "Ada does this.", "warnings": [] })
    );
    let shown = api.post(&preview, json!({})).await.is(200).clone();
    assert_eq!(shown["rendered"], "Ada does {{what}}.");
    let warning = shown["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("line 1, column 14: there is no value for what"),
        "{warning}"
    );

    let unsaved = format!("{TEMPLATES}/preview");
    let body = json!({ "template": "On {{BRANCH_NAME}}: {{TASK_TITLE}} {{X}}", "params": { "TASK_TITLE": "Mine" } });
    let shown = api.post(&unsaved, body).await.is(200).clone();
    let rendered = shown["rendered"].as_str().unwrap();
    assert!(
        rendered.starts_with("On optio/task-") && rendered.ends_with(": Mine {{X}}"),
        "{rendered}"
    );
    let warnings = shown["warnings"].to_string();
    assert!(
        warnings.contains("it cannot be saved: unknown: X"),
        "{warnings}"
    );
    let bad = api
        .post(&unsaved, json!({ "template": "{{#if x}}", "kind": "job" }))
        .await;
    bad.refused(
        400,
        &["template: line 1, column 1: this block is not closed"],
    );
}
