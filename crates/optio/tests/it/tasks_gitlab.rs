//! A task end to end on a simulated GitLab: the real control plane, the real CLI, the real agent program,
//! real git, and webhooks with a secret.

use std::net::SocketAddr;

use optio_simulators::{
    CheckSetup, Fault, FaultKind, GitlabSetup, GitlabSimulator, HookSetup, ReviewSetup,
};
use serde_json::{Value, json};

use crate::world::World;

const SECRET: &str = "a-webhook-secret-of-this-world";
const TOKEN: &str = "glpat-of-this-world-0123456789";
const REPO: &str = "optio/tools/demo";

/// What the agent's tool does: one commit for each run; the first one opens the merge request.
const WORK: &str = r#"set -eu
n=$(git rev-list --count "origin/$OPTIO_BASE_BRANCH..HEAD")
echo "step $n" >> healthz.txt
git add healthz.txt
git commit -qm "step $n"
git push -q origin HEAD
[ "$n" = 0 ] || exit 0
host=${OPTIO_REPO_URL#http://}
host=${host%%/*}
token=$(printf 'protocol=http\nhost=%s\npath=optio/tools/demo\n\n' "$host" | git credential fill | sed -n 's/^password=//p')
curl -sf -o /dev/null -X POST -H "PRIVATE-TOKEN: $token" -H 'Content-Type: application/json' \
  "http://$host/api/v4/projects/optio%2Ftools%2Fdemo/merge_requests" \
  -d "{\"title\":\"Add healthz\",\"source_branch\":\"$OPTIO_BRANCH\",\"target_branch\":\"$OPTIO_BASE_BRANCH\",\"description\":\"For issue 1\"}"
"#;

/// A world beside a GitLab.
struct Forge {
    world: World,
    gitlab: GitlabSimulator,
    http: reqwest::Client,
}

impl Forge {
    /// A GitLab whose merge requests meet these plays, one head after the other.
    async fn start(plays: Value) -> Self {
        let setup = json!({
            "tokens": { TOKEN: "optio-bot" },
            "repos": [{
                "name": REPO,
                "files": { "README.md": "# Demo\n", "work.sh": WORK },
                "issues": [{ "title": "Add healthz" }],
                "plays": plays,
            }],
        });
        let setup: GitlabSetup = serde_json::from_value(setup).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let gitlab = GitlabSimulator::start(any, setup).await.unwrap();
        let world = World::plan()
            .set("GITLAB_TOKEN", TOKEN)
            .set("OPTIO_GITLAB_URL", &gitlab.url())
            .set("GITLAB_WEBHOOK_SECRET", SECRET)
            .set("OPTIO_LIMITS_TASK_POLL_MS", "5000")
            .start()
            .await;
        gitlab.set_hook(Some(HookSetup {
            url: format!("{}/api/webhooks/gitlab", world.url()),
            secret: SECRET.to_owned(),
        }));
        Self {
            world,
            gitlab,
            http: reqwest::Client::new(),
        }
    }

    /// The address of a part of the project in the API.
    fn address(&self, path: &str) -> String {
        let project = REPO.replace('/', "%2F");
        format!("{}/api/v4/projects/{project}{path}", self.gitlab.url())
    }

    /// What the API says of a part of the project.
    async fn at(&self, path: &str) -> Value {
        let request = self.http.get(self.address(path));
        let request = request.header("private-token", TOKEN);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Waits until the only issue is closed: that comes after its task is completed.
    async fn until_issue_closed(&mut self) {
        let (http, url) = (self.http.clone(), self.address("/issues/1"));
        self.world
            .until("the issue to be closed", async |_| {
                let request = http.get(&url).header("private-token", TOKEN);
                let issue: Value = request.send().await.unwrap().json().await.unwrap();
                (issue["state"] == "closed").then_some(())
            })
            .await;
    }

    async fn until_task(&mut self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/tasks/{id}");
        self.world
            .until(what, async |world| {
                let task = world.get(&path).await["task"].take();
                holds(&task).then_some(task)
            })
            .await
    }

    /// A person approves, and GitLab tells it twice, which is acted on once.
    async fn is_approved_and_told_so_twice(&mut self, task: &str) {
        self.gitlab.fail(Fault {
            kind: FaultKind::DoubleEvent,
            method: None,
            of: "merge_request".to_owned(),
            times: 1,
        });
        let approval = ReviewSetup {
            author: "ada".to_owned(),
            event: "APPROVE".to_owned(),
            body: "Good.".to_owned(),
            comments: Vec::new(),
            after_ms: 0,
        };
        self.gitlab.review(REPO, 1, &approval).unwrap();
        let approved = |task: &Value| task["prReviewStatus"] == "approved";
        let shown = self
            .until_task(task, "the second head to be approved", approved)
            .await;
        assert_eq!(shown["state"], "pr_opened", "its pipeline is not over");
        let gitlab = &self.gitlab;
        self.world
            .until("both deliveries to be answered", async |_| {
                let told = gitlab.sent();
                let approvals = told.iter().filter(|it| it.action == "approved");
                let taken = approvals.filter(|it| it.status == Some(202)).count();
                (taken == 2).then_some(())
            })
            .await;
        let twice = "SELECT count(*) FROM (SELECT key FROM messages WHERE sender_id = 'gitlab' \
                     GROUP BY key HAVING 1 < count(*)) AS again";
        assert_eq!(self.world.query(twice).trim(), "0");
        let once = "SELECT count(*) FROM messages WHERE sender_id = 'gitlab'";
        assert_ne!(self.world.query(once).trim(), "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_becomes_a_merged_merge_request_over_a_red_pipeline_and_an_approval() {
    let plays = json!([
        { "checks": [{ "name": "ci", "conclusion": "failed" }] },
        { "checks": [{ "name": "ci" }] },
    ]);
    let mut forge = Forge::start(plays).await;
    let url = format!("{}/{REPO}", forge.gitlab.url());
    let added = ["repo", "add", &url, "autoMerge=true", "gitPlatform=gitlab"];
    forge.world.says(&added).await;
    let new = [
        "task",
        "create",
        "--repo",
        &url,
        "--issue",
        "1",
        "run: sh work.sh",
    ];
    let said = forge.world.says(&new).await;
    let task = said.trim().rsplit(' ').next().unwrap().to_owned();
    let running = |task: &Value| task["runsTaken"] == 2 && task["state"] == "pr_opened";
    let shown = forge
        .until_task(
            &task,
            "the agent to be sent back to the red pipeline",
            running,
        )
        .await;
    let page = shown["prUrl"].as_str().unwrap();
    assert!(page.ends_with("/-/merge_requests/1"), "{page}");
    let runs = forge.world.get(&format!("/api/tasks/{task}/runs")).await;
    let prompt = runs["runs"][0]["prompt"].as_str().unwrap();
    assert!(
        prompt.contains("checks of your pull request failed"),
        "{prompt}"
    );
    forge.is_approved_and_told_so_twice(&task).await;
    // Its pipeline passes, and it merges itself at exactly that head.
    let merge = forge.at("/merge_requests/1").await;
    let green = CheckSetup {
        name: "ci".to_owned(),
        conclusion: Some("success".to_owned()),
        summary: String::new(),
        after_ms: 0,
    };
    let head = merge["sha"].as_str().unwrap().to_owned();
    forge.gitlab.check(REPO, &head, &green).unwrap();
    forge
        .until_task(&task, "the task to be completed", |task| {
            task["state"] == "completed"
        })
        .await;
    let merge = forge.at("/merge_requests/1").await;
    assert_eq!(
        (&merge["state"], &merge["sha"]),
        (&json!("merged"), &json!(head))
    );
    let file = forge.gitlab.file(REPO, "main", "healthz.txt").await;
    assert_eq!(file.unwrap(), "step 0\nstep 1");
    forge.until_issue_closed().await;
    let notes = forge.at("/issues/1/notes").await;
    let note = notes[0]["body"].as_str().unwrap();
    assert!(note.starts_with(&format!("Done by {page}.")), "{note}");
    assert!(!forge.world.said().contains(TOKEN), "a token is in the log");
}
