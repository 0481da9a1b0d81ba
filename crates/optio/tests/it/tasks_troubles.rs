//! Tasks in trouble: conflicts, closed pull requests, agents that open none, webhooks that are lost,
//! sandboxes that die, control planes that die at each stage, and two of them.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    forge::Forge,
    world::{Server, World, kill9},
};

/// Rebases where the branch was pushed before; the side of the branch wins.
const REBASE: &str = r#"
if git ls-remote --exit-code origin "refs/heads/$OPTIO_BRANCH" > /dev/null; then
  git fetch -q origin
  git rebase -q -X theirs "origin/$OPTIO_BASE_BRANCH"
  git push -q --force-with-lease origin HEAD
else
  echo ours > healthz.txt
  git add healthz.txt
  git commit -qm ours
  git push -q origin HEAD
  pull
fi
"#;

/// Commits and hangs; where there is a commit already, pushes it with another one.
const TWICE: &str = r#"
n=$(git rev-list --count "origin/$OPTIO_BASE_BRANCH..HEAD")
echo "line $n" >> healthz.txt
git add healthz.txt
git commit -qm "line $n"
if [ "$n" = 0 ]; then
  touch .git-begun
  sleep 300
fi
git push -q origin HEAD
pull
"#;

/// Waits until the test lets it, then does the usual work.
const GATED: &str = r#"
touch begun
until [ -e go ]; do sleep 0.05; done
rm -f go begun
sh work.sh
"#;

fn green() -> Value {
    json!({ "checks": [{ "name": "ci", "conclusion": "success" }] })
}

fn red() -> Value {
    json!({ "checks": [{ "name": "ci", "conclusion": "failure" }] })
}

impl Forge {
    async fn with_scripts(plays: Value, scripts: &[(&str, &str)]) -> Self {
        Self::with(plays, scripts, async |plan| plan.start().await).await
    }

    /// What the runs of a task were told, the first one first.
    async fn prompts(&self, task: &str) -> Vec<String> {
        let runs = self.world.get(&format!("/api/tasks/{task}/runs")).await;
        let runs = runs["runs"].as_array().unwrap().clone();
        let prompts = runs.iter().map(|run| run["prompt"].as_str().unwrap());
        prompts.rev().map(str::to_owned).collect()
    }

    /// How often a task has got into a state.
    async fn times(&self, task: &str, state: &str) -> usize {
        let history = self.history(task).await;
        history.iter().filter(|it| *it == state).count()
    }

    /// Lets the agent of a task go on, once it waits for that.
    async fn opens_the_gate(&mut self, task: &str) {
        let running = self.until_state(task, "running").await;
        let begun = self.file(&running, "begun");
        self.world.until_file(&begun).await;
        std::fs::write(self.file(&running, "go"), "").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_sends_the_agent_back_to_rebase_and_then_it_can_be_merged() {
    let mut forge = Forge::with_scripts(json!([green(), green()]), &[("rebase.sh", REBASE)]).await;
    let task = forge.create("run: sh rebase.sh").await;
    forge
        .until_task(&task, "green checks", |it| {
            it["prChecksStatus"] == "passing"
        })
        .await;
    let files = json!({ "branch": "main", "files": { "healthz.txt": "somebody else's\n" } });
    forge.door("repos/optio/demo/push", &files).await;
    let shown = forge
        .until_task(&task, "a second run's pull request to be green", |it| {
            it["state"] == "pr_opened" && it["runsTaken"] == 2 && it["prChecksStatus"] == "passing"
        })
        .await;
    let prompts = forge.prompts(&task).await;
    assert!(
        prompts[1].contains("rebase your branch onto `origin/main`"),
        "{prompts:?}"
    );
    assert_eq!(shown["autoResumes"], 1);
    forge.merge().await;
    forge.until_state(&task, "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_that_a_person_closes_ends_its_task_in_words() {
    let mut forge = Forge::start(json!([])).await;
    let task = forge.create("run: sh work.sh").await;
    forge.until_state(&task, "pr_opened").await;
    forge
        .door("repos/optio/demo/close", &json!({ "number": 2 }))
        .await;
    let shown = forge.until_state(&task, "failed").await;
    assert_eq!(
        shown["stateReason"],
        "its pull request was closed without being merged"
    );
    assert_eq!(forge.github("issues/1").await["state"], "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_opens_no_pull_request_or_lies_about_one_needs_a_person() {
    let mut forge = Forge::start(json!([])).await;
    let lie = format!("echo I opened {}/optio/demo/pull/77", forge.github.url());
    let task = forge.create(&format!("run: {lie}")).await;
    let shown = forge.until_state(&task, "needs_attention").await;
    let reason = shown["stateReason"].as_str().unwrap();
    assert!(reason.contains("completed_without_pr"), "{reason}");
    assert_eq!(
        shown["prUrl"],
        Value::Null,
        "what an agent says is no proof"
    );
    forge
        .world
        .post(&format!("/api/tasks/{task}/cancel"), &json!({}))
        .await;
    forge.until_state(&task, "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_lost_is_made_up_for_and_one_that_comes_twice_counts_once() {
    let review = json!({ "author": "ada", "event": "REQUEST_CHANGES", "body": "say it better" });
    let second =
        json!({ "checks": [{ "name": "ci", "conclusion": "success" }], "reviews": [review] });
    let mut forge = Forge::start(json!([{}, second, green()])).await;
    let task = forge.create("run: sh work.sh").await;
    forge
        .until_task(&task, "a first look at the pull request", |it| {
            it["prChecksStatus"] == "none"
        })
        .await;
    // From now on everything about checks is lost, and everything about reviews comes twice.
    for event in ["check_run", "check_suite", "status", "workflow_run"] {
        let lost = json!({ "kind": "lost_event", "of": event, "times": 99 });
        forge.door("faults", &lost).await;
    }
    let twice = json!({ "kind": "double_event", "of": "pull_request_review", "times": 99 });
    forge.door("faults", &twice).await;
    let head = forge.github("pulls/2").await["head"]["sha"].clone();
    let check = json!({ "sha": head, "name": "ci", "conclusion": "failure" });
    forge.door("repos/optio/demo/checks", &check).await;
    let shown = forge
        .until_task(&task, "a third run", |it| {
            it["state"] == "pr_opened" && it["runsTaken"] == 3
        })
        .await;
    assert_eq!(shown["autoResumes"], 2, "each change was acted on once");
    let prompts = forge.prompts(&task).await;
    assert!(
        prompts[1].contains("The checks of your pull request failed"),
        "{prompts:?}"
    );
    assert!(prompts[2].contains("say it better"), "{prompts:?}");
    assert_eq!(forge.times(&task, "pr_opened").await, 3);
    let sent = forge.remembers("sent").await;
    let sent = sent.as_array().unwrap();
    let count = |event: &str| {
        let of = |it: &&Value| it["event"] == event && !it["status"].is_null();
        sent.iter().filter(of).count()
    };
    let arrived = (count("pull_request_review"), count("check_run"));
    assert_eq!(arrived, (2, 0), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_dies_loses_no_commit_and_the_task_is_tried_again_in_it() {
    let mut forge = Forge::with_scripts(json!([green()]), &[("twice.sh", TWICE)]).await;
    let task = forge.create("run: sh twice.sh").await;
    let running = forge.until_state(&task, "running").await;
    let begun = forge.file(&running, ".git-begun");
    forge.world.until_file(&begun).await;
    let sandbox = running["lastPodId"].as_str().unwrap();
    kill9(forge.world.runner(sandbox).unwrap());
    let shown = forge.until_state(&task, "pr_opened").await;
    assert_eq!(
        (&shown["runsTaken"], &shown["retryCount"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        forge.github("pulls/2").await["commits"],
        2,
        "the first was not pushed before"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_that_is_killed_at_each_stage_loses_nothing_and_repeats_nothing() {
    let mut forge = Forge::with_scripts(json!([red(), green()]), &[("gated.sh", GATED)]).await;
    let restart = async |forge: &mut Forge| {
        forge.world.kill9();
        forge.world.start().await;
        forge.tell_the_world().await;
    };
    // Accepted, and perhaps being prepared.
    let task = forge.create("run: sh gated.sh").await;
    restart(&mut forge).await;
    // At work; the agent goes on while nobody listens, and asks for credentials until somebody does.
    let running = forge.until_state(&task, "running").await;
    let begun = forge.file(&running, "begun");
    forge.world.until_file(&begun).await;
    forge.world.kill9();
    std::fs::write(forge.file(&running, "go"), "").unwrap();
    let gone = async |_: &mut World| (!begun.exists()).then_some(());
    forge.world.until("the agent to go on", gone).await;
    forge.world.start().await;
    forge.tell_the_world().await;
    // Its checks are red, and it is sent back, over one more death.
    forge
        .until_task(&task, "a second run", |it| it["runsTaken"] == 2)
        .await;
    restart(&mut forge).await;
    forge.opens_the_gate(&task).await;
    forge
        .until_task(&task, "the second head to be green", |it| {
            it["state"] == "pr_opened" && it["prChecksStatus"] == "passing"
        })
        .await;
    // It is merged while nobody listens.
    forge.world.kill9();
    forge.merge().await;
    forge.world.start().await;
    forge.tell_the_world().await;
    let shown = forge.until_state(&task, "completed").await;
    assert_eq!(
        (&shown["runsTaken"], &shown["retryCount"]),
        (&json!(2), &json!(0))
    );
    forge.until_issue_closed().await;
    assert_eq!(forge.github("pulls/2").await["commits"], 2);
    // The host closes the issue with the merge; what was done is said in it afterwards.
    let said = |comments: &Value| comments.as_array().is_some_and(|it| !it.is_empty());
    forge
        .until_github("issues/1/comments", "the issue to be told", said)
        .await;
    let comments = forge.github("issues/1/comments").await;
    assert_eq!(comments.as_array().unwrap().len(), 1, "{comments}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_two_control_planes_one_takes_over_the_tasks_of_the_other_and_starts_no_second_agent()
{
    let front = Front::open().await;
    let mut servers: Vec<Server> = Vec::new();
    let mut forge = Forge::with(json!([]), &[("gated.sh", GATED)], async |plan| {
        let mut world: World = plan.set("OPTIO_PUBLIC_URL", &front.url).prepare().await;
        for name in ["one", "other"] {
            let server = world.serve(name, &[]).await;
            servers.push(server);
        }
        world.talk_to(&servers[0]);
        world
    })
    .await;
    front.leads_to(&servers[0]);
    let task = forge.create("run: sh gated.sh").await;
    let running = forge.until_state(&task, "running").await;
    let begun = forge.file(&running, "begun");
    forge.world.until_file(&begun).await;
    let why = forge.world.get(&format!("/api/actors/task/{task}")).await;
    let owner = why["owner"]["url"].as_str().unwrap().to_owned();
    let (owns, rests): (Vec<_>, Vec<_>) =
        (0..2).partition(|it: &usize| servers[*it].url() == owner);
    let (dies, lives) = (owns[0], rests[0]);
    forge.world.talk_to(&servers[lives]);
    forge.tell_the_world().await;
    servers[dies].kill9();
    front.leads_to(&servers[lives]);
    std::fs::write(forge.file(&running, "go"), "").unwrap();
    let shown = forge.until_state(&task, "pr_opened").await;
    assert_eq!(shown["runsTaken"], 1, "no second agent was started");
    let why = forge.world.get(&format!("/api/actors/task/{task}")).await;
    assert_eq!(why["owner"]["url"].as_str().unwrap(), servers[lives].url());
    forge.merge().await;
    forge.until_state(&task, "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_a_task_says_what_to_do_and_goes_on_once_one_is_stored() {
    let mut forge = Forge::with(json!([green()]), &[], async |plan| {
        plan.unset("GITHUB_TOKEN").start().await
    })
    .await;
    let task = forge.create("run: sh work.sh").await;
    let path = format!("/api/tasks/{task}");
    let said = async |world: &mut World| {
        let shown = world.get(&path).await.to_string();
        shown
            .contains("optio secret set GITHUB_TOKEN")
            .then_some(())
    };
    forge.world.until("the remedy to be said", said).await;
    let stored = json!({ "name": "GITHUB_TOKEN", "value": crate::forge::TOKEN });
    forge.world.post("/api/secrets", &stored).await;
    forge.until_state(&task, "pr_opened").await;
}

/// One address in front of several control planes, as a load balancer is.
struct Front {
    url: String,
    to: Arc<Mutex<String>>,
}

impl Front {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let to = Arc::new(Mutex::new(String::new()));
        let leads = Arc::clone(&to);
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let to = leads.lock().unwrap().clone();
                tokio::spawn(async move {
                    if let Ok(mut to) = TcpStream::connect(to).await {
                        drop(tokio::io::copy_bidirectional(&mut from, &mut to).await);
                    }
                });
            }
        });
        Self { url, to }
    }

    fn leads_to(&self, server: &Server) {
        let url = server.url();
        *self.to.lock().unwrap() = url.trim_start_matches("http://").to_owned();
    }
}
