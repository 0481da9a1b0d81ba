//! Every answer has what a client expects in it.

use serde_json::{Value, json};

use super::{BOBS, PROJECT, REPO, TOKEN, call, start, types};
use crate::{CheckSetup, GitlabSetup, GitlabSimulator, LineSetup, ReviewSetup};

/// The simulator with a merge request, !1, that has everything one can have. Answers also its head.
async fn busy() -> (GitlabSimulator, String) {
    let sim = start(GitlabSetup::default()).await;
    let files = [("b.txt", Some("b\n"))];
    let head = sim.push(REPO, "work", &files, "ada").await.unwrap();
    let body = json!({ "title": "Add b", "source_branch": "work", "target_branch": "main",
        "description": "Fixes #1" });
    let path = format!("{PROJECT}/merge_requests");
    let (status, made) = call(&sim, TOKEN, "POST", &path, &body).await;
    assert_eq!(status, 201, "{made}");
    let check = CheckSetup {
        name: "ci".to_owned(),
        conclusion: Some("failed".to_owned()),
        summary: "red".to_owned(),
        after_ms: 0,
    };
    sim.check(REPO, &head, &check).unwrap();
    let said = |author: &str, event: &str| ReviewSetup {
        author: author.to_owned(),
        event: event.to_owned(),
        body: "no".to_owned(),
        comments: vec![LineSetup {
            path: "b.txt".to_owned(),
            line: 1,
            side: "RIGHT".to_owned(),
            body: "why".to_owned(),
        }],
        after_ms: 0,
    };
    sim.review(REPO, 1, &said("bob", "REQUEST_CHANGES"))
        .unwrap();
    sim.review(REPO, 1, &said("eve", "APPROVE")).unwrap();
    (sim, head)
}

/// A call with what it is expected to be answered.
async fn is(sim: &GitlabSimulator, method: &str, path: &str, body: &Value, kind: (u16, &str)) {
    let path = format!("{PROJECT}{path}");
    let (status, answer) = call(sim, TOKEN, method, &path, body).await;
    assert_eq!(status, kind.0, "{method} {path}: {answer}");
    if let Some(list) = answer.as_array() {
        assert!(!list.is_empty(), "{path}: nothing is there to look at");
    }
    let faults = types::faults(kind.1, &answer);
    assert!(faults.is_empty(), "{method} {path}: {}", faults.join("\n"));
}

#[tokio::test]
async fn what_is_read_has_what_a_client_expects() {
    let (sim, head) = busy().await;
    let statuses = format!("/repository/commits/{head}/statuses");
    let pipelines = format!("/pipelines?sha={head}");
    for (path, kind) in [
        ("", "SimpleProjectSchema"),
        (
            "/merge_requests?state=opened",
            "MergeRequestSchemaWithBasicLabels[]",
        ),
        ("/merge_requests/1", "ExpandedMergeRequestSchema"),
        ("/merge_requests/1/notes", "MergeRequestNoteSchema[]"),
        ("/merge_requests/1/discussions", "DiscussionSchema[]"),
        (
            "/merge_requests/1/versions",
            "MergeRequestDiffVersionsSchema[]",
        ),
        ("/merge_requests/1/pipelines", "PipelineSchema[]"),
        (
            "/merge_requests/1/reviewers",
            "MergeRequestReviewerSchema[]",
        ),
        (
            "/merge_requests/1/approvals",
            "MergeRequestLevelMergeRequestApprovalSchema",
        ),
        ("/issues?labels=optio", "IssueSchemaWithBasicLabels[]"),
        ("/issues/1", "IssueSchema"),
        ("/labels", "SimpleLabelSchema[]"),
        (&pipelines, "PipelineSchema[]"),
        (&statuses, "CommitStatusSchema[]"),
    ] {
        is(&sim, "GET", path, &Value::Null, (200, kind)).await;
    }
    let (_, me) = call(&sim, TOKEN, "GET", "/user", &Value::Null).await;
    let kind = "MappedOmit<SimpleUserSchema, 'created_at'>";
    assert_eq!(types::faults(kind, &me), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_done_is_answered_as_a_client_expects() {
    let (sim, head) = busy().await;
    let merge = "ExpandedMergeRequestSchema";
    let status = json!({ "state": "success", "name": "lint" });
    let statuses = format!("/statuses/{head}");
    let note = json!({ "body": "hello" });
    let (closed, labels) = (
        json!({ "state_event": "close" }),
        json!({ "add_labels": "new" }),
    );
    let squash = json!({ "sha": head, "squash": true });
    let notes = "/merge_requests/1/notes";
    for (method, path, body, status, kind) in [
        (
            "POST",
            "/issues",
            json!({ "title": "x" }),
            201,
            "IssueSchema",
        ),
        ("PUT", "/issues/1", closed, 200, "IssueSchema"),
        ("POST", "/issues/1/notes", note.clone(), 201, "NoteSchema"),
        ("POST", notes, note, 201, "MergeRequestNoteSchema"),
        ("PUT", "/merge_requests/1", labels, 200, merge),
        ("POST", &statuses, status, 201, "CommitStatusSchema"),
        ("PUT", "/merge_requests/1/merge", squash, 200, merge),
    ] {
        is(&sim, method, path, &body, (status, kind)).await;
    }
}

#[tokio::test]
async fn what_may_not_be_is_refused_with_the_status_of_gitlab() {
    let (sim, _) = busy().await;
    let stale = json!({ "sha": "0".repeat(40) });
    let again = json!({ "title": "x", "source_branch": "work", "target_branch": "main" });
    let far = json!({ "body": "x", "position": { "position_type": "text" } });
    for (token, method, path, body, wanted) in [
        (TOKEN, "PUT", "/merge_requests/1/merge", &stale, 409),
        (
            TOKEN,
            "POST",
            "/merge_requests/1/approve",
            &Value::Null,
            401,
        ),
        (BOBS, "POST", "/merge_requests/1/approve", &stale, 409),
        (
            BOBS,
            "POST",
            "/merge_requests/1/unapprove",
            &Value::Null,
            404,
        ),
        (TOKEN, "POST", "/merge_requests", &again, 409),
        (TOKEN, "POST", "/merge_requests/1/discussions", &far, 400),
        (TOKEN, "POST", "/merge_requests/1/notes", &json!({}), 400),
        (TOKEN, "GET", "/merge_requests/99", &Value::Null, 404),
        ("glpat-nobody", "GET", "", &Value::Null, 401),
    ] {
        let path = format!("{PROJECT}{path}");
        let (status, answer) = call(&sim, token, method, &path, body).await;
        assert_eq!(status, wanted, "{method} {path}: {answer}");
        assert!(!answer["message"].is_null(), "{path}: {answer}");
    }
}
