//! Reviews of pull requests over HTTP. No agent program runs: what it would have written is written here.

use std::sync::Arc;

use chrono::TimeDelta;
use optio_domain::{
    actor::{Decision, Wait},
    git_host::{PullPhase, ReviewAct},
    id::PrReviewId,
    pr_review::{
        RunKind,
        closing::{Past, closing},
    },
    run::Verdict,
    transcript::Facts,
};
use optio_store::pr_reviews::{ClosedReviewRun, MovedReview};
use serde_json::{Value, json};

use super::{
    api::{Api, until},
    host::{HOST, Host},
};

const REVIEWS: &str = "/api/pr-reviews";
const DRAFT: &str = r#"{"verdict":"approve","summary":"Fine.","fileComments":[{"path":"a.rs","line":3,"body":"why?"}]}"#;

fn url(number: u64) -> String {
    format!("https://{HOST}/o/r/pull/{number}")
}

async fn begun(api: &Api) -> String {
    let made = api.post(REVIEWS, json!({ "prUrl": url(7) })).await;
    made.is(201)["review"]["id"].as_str().unwrap().to_owned()
}

/// The agent of a review writes its draft.
async fn written(api: &Api, id: &str) {
    let review = PrReviewId(id.parse().unwrap());
    let at = api.world.clock.now();
    let wait = Wait::until("the next look", "the control plane", at);
    let decision = Decision {
        at,
        step: "x".to_owned(),
        seen: "x".to_owned(),
    };
    let past = Past {
        kind: RunKind::Initial,
        answer: DRAFT,
        retries: 0,
        rate_limits: 0,
    };
    let closing = closing(&Verdict::Done, past, at);
    until(async || {
        let store = &api.world.store;
        let sight = store.see_review(review).await.unwrap().unwrap();
        let run = sight.run?;
        let step = store.step(review.into(), sight.version, &wait, &decision, true);
        let mut step = step.await.ok()?;
        let closed = ClosedReviewRun {
            run: run.run,
            head: &run.head,
            closing: &closing,
            facts: &Facts::default(),
            keep_until: at + TimeDelta::hours(1),
        };
        step.close_review_run(&closed).await.ok()?;
        let from = sight.review.state;
        let moved = MovedReview {
            from,
            to: from.on(closing.event).unwrap(),
            event: closing.event,
            reason: &closing.reason,
            by: None,
        };
        step.review_state(&moved).await.ok()?;
        step.commit().await.ok()
    })
    .await;
}

async fn stands(api: &Api, id: &str, state: &str) -> Value {
    let path = format!("{REVIEWS}/{id}");
    until(async || {
        let review = api.get(&path).await.is(200)["review"].clone();
        (review["state"] == state).then_some(review)
    })
    .await
}

async fn beside() -> (Api, Arc<Host>) {
    let host = Arc::new(Host::default());
    (Api::beside(Arc::<Host>::clone(&host)).await, host)
}

#[tokio::test]
async fn a_review_is_begun_by_the_address_of_an_open_pull_request_once() {
    let (api, host) = beside().await;
    let made = api.post(REVIEWS, json!({ "prUrl": url(7) })).await;
    let review = made.is(201)["review"].clone();
    for (member, value) in [
        ("state", json!("queued")),
        ("prUrl", json!(url(7))),
        ("prNumber", json!(7)),
        ("prTitle", json!("A change")),
        ("repoOwner", json!("o")),
        ("repoName", json!("r")),
        ("headSha", json!("aaa")),
        ("verdict", json!(null)),
        ("fileComments", json!(null)),
        ("origin", json!("manual")),
        ("userEngaged", json!(false)),
        ("createdBy", json!("local")),
    ] {
        assert_eq!(review[member], value, "{member}");
    }
    let again = format!("{}/files", url(7));
    let again = api.post(REVIEWS, json!({ "prUrl": again })).await;
    assert_eq!(again.is(200)["review"]["id"], review["id"]);
    assert_eq!(again.is(200)["review"]["userEngaged"], true);
    for (address, status, words) in [
        (
            "nonsense".to_owned(),
            400,
            "prUrl: `nonsense` is no pull request",
        ),
        (url(8), 404, "does not know"),
        (
            "https://elsewhere.example/o/r/pull/7".to_owned(),
            400,
            "elsewhere.example",
        ),
        (
            "https://me:hunter2@git.example/o/r/pull/7".to_owned(),
            400,
            "prUrl",
        ),
    ] {
        let refused = api.post(REVIEWS, json!({ "prUrl": address })).await;
        refused.refused(status, &[words]);
    }
    let id = review["id"].as_str().unwrap();
    stands(&api, id, "reviewing").await;
    let listed = api.get(&format!("{REVIEWS}?state=reviewing&limit=1")).await;
    assert_eq!(listed.is(200)["reviews"][0]["id"], id);
    api.get(&format!("{REVIEWS}?state=drafting"))
        .await
        .refused(400, &["state: must be one of queued"]);
    let short: String = id.chars().take(8).collect();
    assert_eq!(
        api.get(&format!("{REVIEWS}/{short}")).await.is(200)["review"]["id"],
        id
    );
    let why = api.get(&format!("/api/actors/pr-review/{id}")).await;
    assert_eq!(why.is(200)["state"], "reviewing");
    host.pull.lock().unwrap().phase = PullPhase::Closed;
    let closed = api.post(REVIEWS, json!({ "prUrl": url(7) })).await;
    closed.refused(400, &["not open any more"]);
}

#[tokio::test]
async fn a_draft_is_changed_within_its_rules_and_handed_in_as_it_then_is() {
    let (api, host) = beside().await;
    let id = begun(&api).await;
    let path = format!("{REVIEWS}/{id}");
    api.patch(&path, json!({ "summary": "too soon" }))
        .await
        .refused(409, &["only the draft of one that is ready or stale"]);
    written(&api, &id).await;
    let ready = stands(&api, &id, "ready").await;
    assert_eq!(ready["fileComments"][0]["side"], "RIGHT");
    assert!(ready["pendingReason"].as_str().unwrap().contains("held by"));
    for (edit, words) in [
        (json!({}), "nothing would change"),
        (json!({ "summary": " " }), "summary: must have 1 to"),
        (json!({ "verdict": "ship it" }), "verdict: must be approve"),
        (
            json!({ "fileComments": [{ "path": "/etc/passwd", "body": "b" }] }),
            "fileComments[0].path",
        ),
        (
            json!({ "fileComments": [{ "path": "a", "side": "UP", "body": "b" }] }),
            "fileComments.side: must be LEFT or RIGHT",
        ),
        (
            json!({ "fileComments": [{ "path": "a", "line": 0, "body": "b" }] }),
            "fileComments[0].line",
        ),
    ] {
        api.patch(&path, edit).await.refused(400, &[words]);
    }
    let edit = json!({
        "verdict": "request_changes", "summary": "Not yet.",
        "fileComments": [{ "path": "b.rs", "line": 9, "side": "LEFT", "body": "gone?" }],
    });
    let changed = api.patch(&path, edit).await.is(200)["review"].clone();
    assert_eq!(
        (&changed["verdict"], &changed["userEngaged"]),
        (&json!("request_changes"), &json!(true))
    );
    let done = api.post(&format!("{path}/submit"), json!({})).await;
    let done = done.is(200)["review"].clone();
    assert_eq!(done["state"], "submitted");
    assert!(done["submittedUrl"].as_str().unwrap().contains("#review-1"));
    let handed_in = host.handed_in.lock().unwrap().clone();
    assert_eq!(handed_in.len(), 1);
    assert_eq!(
        (handed_in[0].act, handed_in[0].comments[0].line),
        (ReviewAct::RequestChanges, 9)
    );
    for (verb, words) in [
        ("submit", "on the pull request already"),
        ("cancel", "on the pull request"),
    ] {
        let refused = api.post(&format!("{path}/{verb}"), json!({})).await;
        refused.refused(409, &[words]);
    }
    let draft = api.get(&format!("/api/tasks/{id}/review-draft")).await;
    assert_eq!(draft.is(200)["draft"]["summary"], "Not yet.");
    let again = api.post(&format!("{path}/re-review"), json!({})).await;
    assert_eq!(again.is(201)["review"]["state"], "reviewing");
    let events = api.get(&format!("{path}/events")).await.is(200)["events"].clone();
    let states: Vec<&str> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["toState"].as_str().unwrap())
        .collect();
    assert_eq!(states.first(), Some(&"queued"));
    assert!(states.contains(&"submitted"), "{states:?}");
}

#[tokio::test]
async fn what_the_host_refuses_is_told_to_whoever_hands_it_in() {
    let (api, host) = beside().await;
    let id = begun(&api).await;
    written(&api, &id).await;
    *host.refuses.lock().unwrap() = true;
    let path = format!("{REVIEWS}/{id}");
    let refused = api.post(&format!("{path}/submit"), json!({})).await;
    refused.refused(409, &["the git host refused the draft", "not so"]);
    let ready = stands(&api, &id, "ready").await;
    assert!(ready["errorMessage"].as_str().unwrap().contains("not so"));
    *host.refuses.lock().unwrap() = false;
    let done = api.post(&format!("{path}/submit"), json!({})).await;
    assert_eq!(done.is(200)["review"]["state"], "submitted");
}

#[tokio::test]
async fn a_review_is_talked_to_stopped_and_shows_its_runs() {
    let (api, _host) = beside().await;
    let id = begun(&api).await;
    let path = format!("{REVIEWS}/{id}");
    stands(&api, &id, "reviewing").await;
    for words in [String::new(), "x".repeat(8_001)] {
        let sent = api
            .post(&format!("{path}/chat"), json!({ "message": words }))
            .await;
        sent.refused(400, &["message: must have 1 to 8000"]);
    }
    let sent = api
        .post(
            &format!("{path}/chat"),
            json!({ "message": "Mind the locks." }),
        )
        .await;
    assert_eq!(sent.is(201)["message"]["role"], "user");
    let said = api.get(&format!("{path}/chat")).await.is(200)["messages"].clone();
    assert_eq!(
        (said.as_array().unwrap().len(), &said[0]["runId"]),
        (1, &json!(null))
    );
    let runs = api.get(&format!("{path}/runs")).await.is(200)["runs"].clone();
    assert_eq!(
        (&runs[0]["kind"], &runs[0]["state"]),
        (&json!("initial"), &json!("provisioning"))
    );
    assert_eq!(
        api.get(&format!("{path}/logs")).await.is(200)["logs"],
        json!([])
    );
    api.get(&format!("{path}/logs?runId=x"))
        .await
        .refused(400, &["runId"]);
    let stopped = api.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!(stopped.is(200)["review"]["state"], "cancelled");
    for (verb, body) in [
        ("cancel", json!({})),
        ("re-review", json!({})),
        ("chat", json!({ "message": "x" })),
    ] {
        let refused = api.post(&format!("{path}/{verb}"), body).await;
        refused.refused(409, &["cancelled"]);
    }
    api.get(&format!("{REVIEWS}/nonsense"))
        .await
        .refused(404, &["nonsense"]);
}

#[tokio::test]
async fn open_pull_requests_are_listed_with_their_reviews_and_merged_at_the_expected_head() {
    let (api, _host) = beside().await;
    let repo = json!({ "repoUrl": format!("https://{HOST}/o/r") });
    let repo = api.post("/api/repos", repo).await.is(201)["repo"]["id"].clone();
    let repo = repo.as_str().unwrap();
    api.post(
        "/api/repos",
        json!({ "repoUrl": "https://elsewhere.example/o/r" }),
    )
    .await
    .is(201);
    let id = begun(&api).await;
    let all = api.get("/api/pull-requests").await.is(200).clone();
    let pull = &all["pullRequests"][0];
    assert_eq!(
        (&pull["number"], &pull["author"], &pull["review"]["id"]),
        (&json!(7), &json!("ada"), &json!(id))
    );
    assert!(
        all["errors"][0]["error"]
            .as_str()
            .unwrap()
            .contains("elsewhere.example")
    );
    let one = api.get(&format!("/api/pull-requests?repoId={repo}")).await;
    assert_eq!(one.is(200)["errors"], json!([]));
    api.get("/api/pull-requests?repoId=x")
        .await
        .refused(404, &["no repository"]);
    let status = api
        .get(&format!("/api/pull-requests/status?prUrl={}", url(7)))
        .await;
    let status = status.is(200);
    assert_eq!(
        (
            &status["checks"],
            &status["failedChecks"],
            &status["mergeable"]
        ),
        (&json!("failing"), &json!(["build"]), &json!(true))
    );
    let merge = async |method: &str, head: Value| {
        let order = json!({ "prUrl": url(7), "mergeMethod": method, "expectedHead": head });
        api.post("/api/pull-requests/merge", order).await
    };
    merge("fast", json!(null))
        .await
        .refused(400, &["mergeMethod: must be merge"]);
    merge("squash", json!("old"))
        .await
        .refused(409, &["head of the pull request has moved"]);
    let merged = merge("squash", json!("aaa")).await;
    assert_eq!(merged.is(200), &json!({ "merged": true, "sha": "fff" }));
    stands(&api, &id, "cancelled").await;
}

#[tokio::test]
async fn what_a_repository_wants_reviewed_is_kept_and_what_breaks_a_rule_is_refused() {
    let api = Api::new().await;
    let repo = api
        .post(
            "/api/repos",
            json!({ "repoUrl": "https://github.com/ada/engine" }),
        )
        .await
        .is(201)["repo"]
        .clone();
    assert_eq!(
        (
            &repo["externalReviewMode"],
            &repo["externalReviewWaitForCi"],
            &repo["externalReviewFilters"]["skipDrafts"]
        ),
        (&json!("off"), &json!(true), &json!(true))
    );
    let path = format!("/api/repos/{}", repo["id"].as_str().unwrap());
    for (change, words) in [
        (
            json!({ "externalReviewMode": "always" }),
            "externalReviewMode: must be off",
        ),
        (
            json!({ "externalReviewFilters": { "skipDraft": true } }),
            "skipDraft",
        ),
        (
            json!({ "externalReviewFilters": { "includeAuthors": [""] } }),
            "externalReviewFilters",
        ),
    ] {
        api.patch(&path, change).await.refused(400, &[words]);
    }
    let change = json!({
        "externalReviewMode": "on_pr_post", "externalReviewWaitForCi": false,
        "externalReviewFilters": { "excludeAuthors": ["bot"] },
    });
    let changed = api.patch(&path, change).await.is(200)["repo"].clone();
    assert_eq!(changed["externalReviewMode"], "on_pr_post");
    assert_eq!(
        changed["externalReviewFilters"]["excludeAuthors"],
        json!(["bot"])
    );
    assert_eq!(changed["externalReviewFilters"]["skipOptioAuthored"], true);
}
