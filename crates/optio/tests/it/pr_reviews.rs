//! Reviews of other people's pull requests end to end: the real control plane, the real agent program, real
//! git, and a simulated GitHub that signs its webhooks.

use std::{net::SocketAddr, time::Duration};

use optio_simulators::{CheckSetup, GithubSetup, GithubSimulator};
use serde_json::{Value, json};

use crate::world::{Plan, World};

const SECRET: &str = "a-webhook-secret-of-this-world";
const OURS: &str = "ghp_of-this-world-0123456789";
const ADAS: &str = "ghp_of-ada-0123456789";
const GRACES: &str = "ghp_of-grace-0123456789";
const REPO: &str = "optio/demo";

/// What the review agent would think of a change: the change itself says it.
fn opinion(verdict: &str, summary: &str) -> String {
    json!({
        "verdict": verdict, "summary": summary,
        "fileComments": [{ "path": "healthz.txt", "line": 1, "body": "Why 200?" }],
    })
    .to_string()
}

/// A world beside a GitHub.
struct Forge {
    world: World,
    github: GithubSimulator,
    http: reqwest::Client,
}

impl Forge {
    async fn start(plan: impl FnOnce(Plan) -> Plan) -> Self {
        let setup = json!({
            "tokens": { OURS: "optio-bot", ADAS: "ada", GRACES: "grace" },
            "repos": [{ "name": REPO, "files": { "README.md": "# Demo\n" } }],
        });
        let setup: GithubSetup = serde_json::from_value(setup).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let github = GithubSimulator::start(any, setup).await.unwrap();
        let world = World::plan()
            .set("GITHUB_TOKEN", OURS)
            .set("OPTIO_GITHUB_URL", &github.url())
            .set("OPTIO_GITHUB_API_URL", &github.url())
            .set("GITHUB_WEBHOOK_SECRET", SECRET);
        let world = plan(world).start().await;
        Self {
            world,
            github,
            http: reqwest::Client::new(),
        }
    }

    /// From now on GitHub tells us what happens.
    async fn hook(&self) {
        let hook =
            json!({ "url": format!("{}/api/webhooks/github", self.world.url()), "secret": SECRET });
        let url = format!("{}/_simulator/hook", self.github.url());
        let answer = self.http.post(url).json(&hook).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// Somebody pushes a change with what there is to say of it.
    async fn push(&self, branch: &str, text: &str, opinion: &str) -> String {
        let files = [("healthz.txt", Some(text)), ("opinion.json", Some(opinion))];
        let pushed = self.github.push(REPO, branch, &files, "work", "ada");
        pushed.await.unwrap()
    }

    /// Somebody opens a pull request, whose text says what the agent's tool does. Answers its number.
    async fn open(&self, token: &str, branch: &str, command: &str, draft: bool) -> u64 {
        let url = format!("{}/repos/{REPO}/pulls", self.github.url());
        let body = json!({
            "title": "Add healthz", "head": branch, "base": "main", "body": format!("run: {command}"),
            "draft": draft,
        });
        let request = self.http.post(url).bearer_auth(token).json(&body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["number"].as_u64().unwrap()
    }

    fn url(&self, number: u64) -> String {
        format!("{}/{REPO}/pull/{number}", self.github.url())
    }

    /// What stands at GitHub below a pull request.
    async fn at_github(&self, number: u64, what: &str) -> Vec<Value> {
        let url = format!("{}/repos/{REPO}/pulls/{number}/{what}", self.github.url());
        let request = self.http.get(url).bearer_auth(ADAS);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer.as_array().unwrap().clone()
    }

    async fn review(&self, number: u64) -> String {
        let body = json!({ "prUrl": self.url(number) });
        let made = self.world.post("/api/pr-reviews", &body).await;
        assert_eq!(made["review"]["state"], "queued");
        made["review"]["id"].as_str().unwrap().to_owned()
    }

    async fn until_review(
        &mut self,
        id: &str,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let path = format!("/api/pr-reviews/{id}");
        self.world
            .until(what, async |world| {
                let review = world.get(&path).await["review"].take();
                holds(&review).then_some(review)
            })
            .await
    }

    async fn until_state(&mut self, id: &str, state: &str) -> Value {
        let what = format!("the review to be {state}");
        self.until_review(id, &what, |review| review["state"] == *state)
            .await
    }

    async fn act(&self, id: &str, verb: &str) -> Value {
        let path = format!("/api/pr-reviews/{id}/{verb}");
        self.world.post(&path, &json!({})).await["review"].take()
    }

    async fn reviews(&self) -> Vec<Value> {
        let all = self.world.get("/api/pr-reviews").await;
        all["reviews"].as_array().unwrap().clone()
    }

    /// The open pull requests are looked at twice more.
    async fn until_two_more_looks(&mut self) {
        let github = &self.github;
        let looks = || {
            let asked = github.asked();
            let list = |path: &str| path.contains("/pulls?state=open&sort");
            asked.iter().filter(|it| list(&it.path)).count()
        };
        let seen = looks();
        self.world
            .until("two more looks", async |_| {
                (seen + 2 <= looks()).then_some(())
            })
            .await;
    }
}

/// A person changes the draft and hands it in; it stands on the pull request with its lines.
async fn handed_in_as_edited(forge: &Forge, id: &str, number: u64, head: &str) {
    let none = forge.at_github(number, "reviews").await;
    assert_eq!(none.len(), 0, "nobody said so");
    let world = &forge.world;
    let summary = "Please explain.";
    let edit = [
        "review",
        "edit",
        id,
        "--verdict",
        "request-changes",
        "--summary",
        summary,
    ];
    world.says(&edit).await;
    let done = world.says(&["review", "submit", id]).await;
    assert!(done.contains("is submitted"), "{done}");
    let reviews = forge.at_github(number, "reviews").await;
    assert_eq!(reviews.len(), 1);
    for (member, value) in [("state", "CHANGES_REQUESTED"), ("commit_id", head)] {
        assert_eq!(reviews[0][member], value);
    }
    assert_eq!(reviews[0]["user"]["login"], "optio-bot");
    let body = reviews[0]["body"].as_str().unwrap();
    assert!(body.starts_with(summary), "{body}");
    let lines = forge.at_github(number, "comments").await;
    assert_eq!(
        (&lines[0]["path"], &lines[0]["line"], &lines[0]["body"]),
        (&json!("healthz.txt"), &json!(1), &json!("Why 200?"))
    );
}

/// A person talks to the agent, which answers in its session and in the worktree of the head.
async fn talked_to(forge: &mut Forge, id: &str, head: &str) {
    let chat = format!("/api/pr-reviews/{id}/chat");
    let words = json!({ "message": "run: git log -1 --format=said:%H" });
    forge.world.post(&chat, &words).await;
    let said = forge
        .world
        .until("the agent to answer", async |world| {
            let messages = world.get(&chat).await["messages"].take();
            messages.as_array().unwrap().get(1).cloned()
        })
        .await;
    assert_eq!(said["content"], format!("said:{head}"));
    let review = forge.until_state(id, "submitted").await;
    assert_eq!(review["summary"], "Better.", "the draft is what it was");
    let runs = forge.world.get(&format!("/api/pr-reviews/{id}/runs")).await;
    let runs = runs["runs"].as_array().unwrap();
    let kinds: Vec<&Value> = runs.iter().map(|run| &run["kind"]).collect();
    assert_eq!(kinds, ["chat", "rereview", "initial"]);
    assert_eq!(runs[0]["sessionId"], runs[1]["sessionId"], "one session");
    let logs = forge.world.says(&["review", "logs", id]).await;
    assert!(logs.contains("git log -1"), "{logs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_is_reviewed_edited_handed_in_and_reviewed_again_at_its_new_head() {
    let mut forge = Forge::start(|plan| plan).await;
    forge.hook().await;
    let odd = opinion("comment", "Looks odd.");
    let first = forge.push("feature", "200\n", &odd).await;
    let number = forge.open(ADAS, "feature", "cat opinion.json", false).await;
    let id = forge.review(number).await;
    let ready = forge.until_state(&id, "ready").await;
    assert_eq!(
        (&ready["verdict"], &ready["headSha"]),
        (&json!("comment"), &json!(first))
    );
    assert_eq!(ready["fileComments"][0]["line"], 1);
    handed_in_as_edited(&forge, &id, number, &first).await;

    let better = opinion("approve", "Better.");
    let second = forge.push("feature", "201\n", &better).await;
    forge.until_state(&id, "stale").await;
    assert_eq!(forge.act(&id, "re-review").await["state"], "reviewing");
    let ready = forge.until_state(&id, "ready").await;
    assert_eq!(
        (&ready["verdict"], &ready["headSha"]),
        (&json!("approve"), &json!(second))
    );
    assert_eq!(forge.act(&id, "submit").await["state"], "submitted");
    let reviews = forge.at_github(number, "reviews").await;
    assert_eq!(
        (
            reviews.len(),
            &reviews[1]["state"],
            &reviews[1]["commit_id"]
        ),
        (2, &json!("APPROVED"), &json!(second))
    );
    talked_to(&mut forge, &id, &second).await;

    let merge =
        json!({ "prUrl": forge.url(number), "mergeMethod": "squash", "expectedHead": second });
    let merged = forge.world.post("/api/pull-requests/merge", &merge).await;
    assert_eq!(merged["merged"], true);
    let path = format!("/api/pull-requests/status?prUrl={}", forge.url(number));
    assert_eq!(forge.world.get(&path).await["state"], "merged");
}

/// Four pull requests of which the filters let one through, whose checks are not over. Answers its number and
/// that of the check.
async fn four_pull_requests(forge: &Forge) -> (u64, u64) {
    for branch in ["feature", "unfinished", "other", "own"] {
        forge
            .push(branch, branch, &opinion("approve", "Fine."))
            .await;
    }
    let wanted = forge.open(ADAS, "feature", "cat opinion.json", false).await;
    let pending = CheckSetup {
        name: "ci".to_owned(),
        conclusion: None,
        summary: String::new(),
        after_ms: 0,
    };
    let head = forge.github.branch(REPO, "feature").unwrap();
    let check = forge.github.check(REPO, &head, &pending).unwrap();
    forge
        .open(ADAS, "unfinished", "cat opinion.json", true)
        .await;
    forge.open(GRACES, "other", "cat opinion.json", false).await;
    forge.open(OURS, "own", "cat opinion.json", false).await;
    (wanted, check)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_posts_has_what_its_filters_let_through_reviewed_once_by_itself() {
    let mut forge = Forge::start(|plan| plan.set("OPTIO_LIMITS_PULL_POLL_MS", "1000")).await;
    let (wanted, check) = four_pull_requests(&forge).await;
    let repo = json!({
        "repoUrl": format!("{}/{REPO}", forge.github.url()), "externalReviewMode": "on_pr_post",
        "externalReviewFilters": { "excludeAuthors": ["Grace"] },
    });
    forge.world.post("/api/repos", &repo).await;
    let id = forge
        .world
        .until("a review to begin by itself", async |world| {
            let all = world.get("/api/pr-reviews").await;
            let review = all["reviews"].as_array().unwrap().first().cloned()?;
            (review["state"] == "waiting_ci").then(|| review["id"].as_str().unwrap().to_owned())
        })
        .await;
    forge.github.end_check(REPO, check, "success");
    let review = forge.until_state(&id, "submitted").await;
    assert_eq!(
        (&review["origin"], &review["autoSubmitted"]),
        (&json!("auto"), &json!(true))
    );
    assert_eq!(review["prNumber"], wanted);
    forge.world.kill9();
    forge.world.start().await;
    forge.until_two_more_looks().await;
    assert_eq!(
        forge.reviews().await.len(),
        1,
        "{:#?}",
        forge.reviews().await
    );
    assert_eq!(forge.at_github(wanted, "reviews").await.len(), 1);
    let listed = forge.world.get("/api/pull-requests").await;
    let listed = listed["pullRequests"].as_array().unwrap().clone();
    let reviewed: Vec<&Value> = listed
        .iter()
        .filter(|pull| !pull["review"].is_null())
        .collect();
    assert_eq!((listed.len(), reviewed.len()), (4, 1));
    assert_eq!(reviewed[0]["review"]["state"], "submitted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_goes_on_when_the_control_plane_is_killed_under_it() {
    let mut forge = Forge::start(|plan| plan).await;
    forge
        .push("feature", "200\n", &opinion("approve", "Fine."))
        .await;
    let gate = "touch begun; until [ -e go ]; do sleep 0.1; done; rm -f go begun; cat opinion.json";
    let number = forge.open(ADAS, "feature", gate, false).await;
    let id = forge.review(number).await;
    let running = forge
        .until_review(&id, "a run to be open", |review| {
            !review["lastPodId"].is_null()
        })
        .await;
    let sandbox = running["lastPodId"].as_str().unwrap().to_owned();
    let file = |world: &World, name: &str| world.workspace(&sandbox, &format!("tasks/{id}/{name}"));
    let begun = file(&forge.world, "begun");
    forge.world.until_file(&begun).await;
    forge.world.kill9();
    forge.world.start().await;
    std::fs::write(file(&forge.world, "go"), "").unwrap();
    let review = forge.until_state(&id, "ready").await;
    assert_eq!(review["runsTaken"], 1, "no second agent was started");
    assert_eq!(forge.act(&id, "submit").await["state"], "submitted");
    assert_eq!(forge.at_github(number, "reviews").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_runs_is_cancelled_within_seconds() {
    let mut forge = Forge::start(|plan| plan).await;
    forge
        .push("feature", "200\n", &opinion("approve", "Fine."))
        .await;
    let witness = format!("302.{}", crate::world::unique());
    let command = format!("sleep {witness}");
    let number = forge.open(ADAS, "feature", &command, false).await;
    let id = forge.review(number).await;
    forge
        .world
        .until("the tool to run", async |_| {
            let tools = crate::world::running(&command);
            (!tools.is_empty()).then_some(())
        })
        .await;
    let began = std::time::Instant::now();
    assert_eq!(forge.act(&id, "cancel").await["state"], "cancelled");
    forge
        .world
        .until("the tool to be gone", async |_| {
            crate::world::running(&witness).is_empty().then_some(())
        })
        .await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "it took {:?}",
        began.elapsed()
    );
}
