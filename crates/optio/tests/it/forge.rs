//! A world beside a simulated GitHub that signs its webhooks.

use std::net::SocketAddr;

use optio_simulators::{GithubSetup, GithubSimulator};
use serde_json::{Value, json};

use crate::world::{Plan, World};

const SECRET: &str = "a-webhook-secret-of-this-world";
pub(crate) const TOKEN: &str = "ghp_of-this-world-0123456789";

/// What the agent's tool does: one commit for each run; the first one opens the pull request.
const WORK: &str = r#"
n=$(git rev-list --count "origin/$OPTIO_BASE_BRANCH..HEAD")
echo "step $n" >> healthz.txt
git add healthz.txt
git commit -qm "step $n"
git push -q origin HEAD
[ "$n" != 0 ] || pull
"#;

/// For scripts: opens the pull request of the branch.
const PULL: &str = r#"pull() {
  host=${OPTIO_REPO_URL#http://}
  host=${host%%/*}
  token=$(printf 'protocol=http\nhost=%s\npath=optio/demo\n\n' "$host" | git credential fill | sed -n 's/^password=//p')
  curl -sf -o /dev/null -X POST -H "Authorization: Bearer $token" "http://$host/repos/$OPTIO_REPO/pulls" \
    -d "{\"title\":\"Add healthz\",\"head\":\"$OPTIO_BRANCH\",\"base\":\"$OPTIO_BASE_BRANCH\",\"body\":\"Closes #1\"}"
}
"#;

/// A world beside a GitHub.
pub(crate) struct Forge {
    pub(crate) world: World,
    pub(crate) github: GithubSimulator,
    pub(crate) http: reqwest::Client,
}

/// How a task stood when it was last looked at, for whoever waited in vain.
pub(crate) struct Last(pub(crate) Value);

impl Drop for Last {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it stood so: {:#}", self.0);
        }
    }
}

impl Forge {
    /// A GitHub whose pull requests meet these plays, one head after the other.
    pub(crate) async fn start(plays: Value) -> Self {
        Self::with(plays, &[], async |plan| plan.start().await).await
    }

    /// The same with further scripts in the repository, and a world that is begun in another way.
    pub(crate) async fn with(
        plays: Value,
        scripts: &[(&str, &str)],
        begin: impl AsyncFnOnce(Plan) -> World,
    ) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::at(any, plays, scripts, begin).await
    }

    /// The same at another address of the machine.
    pub(crate) async fn at(
        any: SocketAddr,
        plays: Value,
        scripts: &[(&str, &str)],
        begin: impl AsyncFnOnce(Plan) -> World,
    ) -> Self {
        let mut files = json!({ "README.md": "# Demo\n" });
        for (name, text) in [("work.sh", WORK)].iter().chain(scripts) {
            files[*name] = format!("set -eu\n{PULL}{text}").into();
        }
        let setup = json!({
            "tokens": { TOKEN: "optio-bot" },
            "repos": [{
                "name": "optio/demo",
                "files": files,
                "issues": [{ "title": "Add healthz" }],
                "plays": plays,
            }],
        });
        let setup: GithubSetup = serde_json::from_value(setup).unwrap();
        let github = GithubSimulator::start(any, setup).await.unwrap();
        let plan = World::plan()
            .set("GITHUB_TOKEN", TOKEN)
            .set("OPTIO_GITHUB_URL", &github.url())
            .set("OPTIO_GITHUB_API_URL", &github.url())
            .set("GITHUB_WEBHOOK_SECRET", SECRET)
            // What no webhook tells is found soon.
            .set("OPTIO_LIMITS_TASK_POLL_MS", "5000");
        let forge = Self {
            world: begin(plan).await,
            github,
            http: reqwest::Client::new(),
        };
        forge.tell_the_world().await;
        forge
    }

    /// From now on GitHub tells the world by itself.
    pub(crate) async fn tell_the_world(&self) {
        let hook =
            json!({ "url": format!("{}/api/webhooks/github", self.world.url()), "secret": SECRET });
        self.door("hook", &hook).await;
    }

    /// What GitHub answers to a question.
    pub(crate) async fn github(&self, path: &str) -> Value {
        let url = format!("{}/repos/optio/demo/{path}", self.github.url());
        let answer = self.http.get(url).bearer_auth(TOKEN).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// A file in the worktree of a task.
    pub(crate) fn file(&self, task: &Value, name: &str) -> std::path::PathBuf {
        let (sandbox, id) = (task["lastPodId"].as_str(), task["id"].as_str());
        let path = format!("tasks/{}/{name}", id.unwrap());
        self.world.workspace(sandbox.unwrap(), &path)
    }

    /// Something happens at GitHub.
    pub(crate) async fn door(&self, act: &str, body: &Value) -> Value {
        let url = format!("{}/_simulator/{act}", self.github.url());
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{act}: {}",
            answer.text().await.unwrap()
        );
        answer.json().await.unwrap()
    }

    /// What GitHub remembers of itself.
    pub(crate) async fn remembers(&self, what: &str) -> Value {
        let url = format!("{}/_simulator/{what}", self.github.url());
        let answer = self.http.get(url).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// A person merges the only pull request.
    pub(crate) async fn merge(&self) {
        let url = format!("{}/repos/optio/demo/pulls/2/merge", self.github.url());
        let request = self.http.put(url).bearer_auth(TOKEN).json(&json!({}));
        let answer = request.send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
    }

    pub(crate) async fn create(&self, prompt: &str) -> String {
        let task = json!({
            "title": "Add healthz", "prompt": prompt,
            "repoUrl": format!("{}/optio/demo.git", self.github.url()),
            "ticketSource": "github", "ticketExternalId": "1",
        });
        let made = self.world.post("/api/tasks", &task).await;
        made["task"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn task(&self, id: &str) -> Value {
        self.world.get(&format!("/api/tasks/{id}")).await["task"].take()
    }

    pub(crate) async fn until_task(
        &mut self,
        id: &str,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let path = format!("/api/tasks/{id}");
        let mut last = Last(Value::Null);
        self.world
            .until(what, async |world| {
                last.0 = world.get(&path).await;
                let task = last.0["task"].clone();
                holds(&task).then_some(task)
            })
            .await
    }

    pub(crate) async fn until_state(&mut self, id: &str, state: &str) -> Value {
        let wanted = state.to_owned();
        self.until_task(id, &format!("the task to be {state}"), |task| {
            task["state"] == *wanted
        })
        .await
    }

    /// The states a task has been in, in order.
    pub(crate) async fn history(&self, id: &str) -> Vec<String> {
        let events = self.world.get(&format!("/api/tasks/{id}/events")).await;
        let events = events["events"].as_array().unwrap().clone();
        events
            .iter()
            .map(|it| it["toState"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits until GitHub answers so, whoever of us runs.
    /// Waits until what the host shows holds.
    pub(crate) async fn until_github(
        &mut self,
        path: &str,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) {
        let url = format!("{}/repos/optio/demo/{path}", self.github.url());
        let http = self.http.clone();
        self.world
            .until(what, async |_| {
                let answer = http.get(&url).bearer_auth(TOKEN).send().await.unwrap();
                holds(&answer.json().await.unwrap()).then_some(())
            })
            .await;
    }

    /// Waits until the issue is closed.
    pub(crate) async fn until_issue_closed(&mut self) {
        let closed = |issue: &Value| issue["state"] == "closed";
        self.until_github("issues/1", "the issue to be closed", closed)
            .await;
    }
}
