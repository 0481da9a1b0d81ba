//! `optio demo --task`: an issue becomes a merged pull request, as it happens.

use std::{net::SocketAddr, time::Duration};

use optio_domain::{ownership::Role, repo::RepoUrl};
use optio_runtime::stream::Listener;
use optio_simulators::{GithubSetup, GithubSimulator};
use optio_store::events::EventRow;
use serde_json::{Value, json};

use super::{model, short, store};
use crate::{
    config::{Config, Secret},
    console::{Console, Tone},
    failure::Failure,
    server::{plane::ControlPlane, stop_asked},
};

/// What the simulated host signs what it tells with.
const HOOK_SECRET: &str = "of-the-demo";
/// How long the whole story may take: a real model thinks longer than a simulated one.
const STORY_MAX: Duration = Duration::from_secs(30 * 60);
/// What is to be done; the issue says the same.
const TITLE: &str = "Say hello to somebody";
const PROMPT: &str =
    "`hello.sh NAME` should say `hello NAME`; without a name it says `hello` as before.";

/// Where the story plays.
struct Stage {
    repo_url: String,
    issue: Option<u64>,
    simulated: Option<GithubSimulator>,
}

/// See the module. With `GITHUB_TOKEN` and a repository it plays on the real GitHub, which is changed.
pub(in crate::server) async fn run(
    mut config: Config,
    repo: Option<&str>,
    exit: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    let stage = stage(&mut config, repo, console).await?;
    let simulated = model(&mut config, "task", console).await?;
    let plane = ControlPlane::start(config, Role::All).await?;
    console.note(&plane.isolation());
    let shown = show(&plane, &stage, exit, console).await;
    console.note("stopping …");
    plane.stop(true).await?;
    if let Some(simulator) = simulated {
        simulator.stop().await;
    }
    if let Some(github) = stage.simulated {
        github.stop().await;
    }
    shown
}

async fn stage(
    config: &mut Config,
    repo: Option<&str>,
    console: &mut Console,
) -> Result<Stage, Failure> {
    if let (Some(repo), true) = (repo, config.github.token.is_some()) {
        console.note(&format!(
            "It plays on {repo}, which is changed: a branch, a pull request, a merge."
        ));
        let repo_url = repo.to_owned();
        return Ok(Stage {
            repo_url,
            issue: None,
            simulated: None,
        });
    }
    if repo.is_some() {
        return Err(Failure::usage(
            "--repo needs GITHUB_TOKEN; without --repo a simulated GitHub plays its part",
        ));
    }
    let setup = GithubSetup::demo().map_err(Failure::general)?;
    let token = setup.tokens.keys().next().cloned().unwrap_or_default();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let github = GithubSimulator::start(any, setup).await;
    let github = github.map_err(|error| Failure::general(error.to_string()))?;
    console.note("A simulated GitHub plays its part: its first check of a pull request fails.");
    config.github.token = Some(Secret::new(token));
    config.github.app = None;
    config.github.url = Some(github.url());
    config.github.api_url = Some(github.url());
    config.github.webhook_secret = Some(Secret::new(HOOK_SECRET));
    Ok(Stage {
        repo_url: format!("{}/optio/demo", github.url()),
        issue: Some(1),
        simulated: Some(github),
    })
}

async fn show(
    plane: &ControlPlane,
    stage: &Stage,
    exit: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    console.line(&console.paint(Tone::Strong, &format!("Optio listens on {}", plane.url())))?;
    let mut listener = plane
        .world()
        .stream
        .listen(None, None)
        .await
        .map_err(store)?;
    if let Some(github) = &stage.simulated {
        let hook =
            json!({ "url": format!("{}/api/webhooks/github", plane.url()), "secret": HOOK_SECRET });
        post(&format!("{}/_simulator/hook", github.url()), &hook).await?;
    }
    let repo = registered(plane, &stage.repo_url).await?;
    let merging = json!({ "autoMerge": true });
    patch(&format!("{}/api/repos/{repo}", plane.url()), &merging).await?;
    console.line(&format!(
        "{} is merged by itself once it is green",
        stage.repo_url
    ))?;
    let mut task = json!({ "title": TITLE, "prompt": PROMPT, "repoUrl": stage.repo_url });
    if let (Some(issue), Value::Object(fields)) = (stage.issue, &mut task) {
        fields.insert("ticketSource".to_owned(), "github".into());
        fields.insert("ticketExternalId".to_owned(), issue.to_string().into());
    }
    let made = post(&format!("{}/api/tasks", plane.url()), &task).await?;
    let id = text(&made["task"], "id");
    console.line(&format!(
        "task {}: {TITLE}",
        console.paint(Tone::Strong, &id)
    ))?;
    match tokio::time::timeout(STORY_MAX, follow(&mut listener, &id, console)).await {
        Ok(followed) => followed?,
        Err(_late) => {
            return Err(Failure::general("the story did not end in time")
                .with([format!("`optio why task/{id}` says what it waits for")]));
        }
    }
    if !exit {
        console.note(&format!(
            "It stays up. Try: optio --server {0} task show {id} · optio --server {0} task logs {id} · Ctrl-C ends",
            plane.url()
        ));
        stop_asked().await;
    }
    Ok(())
}

/// The repository's id, from now or from the last time.
async fn registered(plane: &ControlPlane, url: &str) -> Result<String, Failure> {
    let wanted = RepoUrl::parse(url).map_err(|error| Failure::usage(error.to_string()))?;
    let repos = format!("{}/api/repos", plane.url());
    let there = reqwest::get(&repos).await;
    let there = there.map_err(|error| Failure::general(error.to_string()))?;
    let there: Value = there.json().await.unwrap_or_default();
    let mut known = there["repos"].as_array().into_iter().flatten();
    if let Some(repo) = known.find(|repo| repo["repoUrl"] == wanted.as_str()) {
        return Ok(text(repo, "id"));
    }
    let new = json!({ "repoUrl": url, "fullName": wanted.full_name() });
    Ok(text(&post(&repos, &new).await?["repo"], "id"))
}

/// Shows what happens until the task is over.
async fn follow(listener: &mut Listener, task: &str, console: &mut Console) -> Result<(), Failure> {
    loop {
        let event = listener.next().await.map_err(store)?;
        let Some(event) = event else {
            return Err(Failure::general("the live stream ended"));
        };
        if event.actor_id.to_string() != task {
            continue;
        }
        tell(&event, console)?;
        if event.type_name == "task:state_changed" {
            match text(&event.data, "toState").as_str() {
                "completed" => return Ok(()),
                "failed" | "cancelled" | "needs_attention" => {
                    return Err(Failure::general(text(&event.data, "reason")));
                }
                _ => {}
            }
        }
    }
}

fn tell(event: &EventRow, console: &mut Console) -> Result<(), Failure> {
    let at = event.at.format("%H:%M:%S");
    let said = |member: &str| text(&event.data, member);
    let (tone, words) = match event.type_name.as_str() {
        "task:state_changed" => (
            Tone::Good,
            format!("{}: {}", said("toState"), said("reason")),
        ),
        "task:pull_request" => (
            Tone::Strong,
            format!(
                "{} is {}, checks {}, review {}",
                said("prUrl"),
                said("prState"),
                said("prChecksStatus"),
                said("prReviewStatus")
            ),
        ),
        "task:log" => match said("logType").as_str() {
            "text" => (Tone::Plain, short(&said("content"))),
            "tool_use" => (Tone::Dim, format!("→ {}", short(&said("content")))),
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    let words = console.paint(tone, &words);
    Ok(console.line(&format!("{at}  {words}"))?)
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

async fn post(url: &str, body: &Value) -> Result<Value, Failure> {
    send(reqwest::Client::new().post(url), body).await
}

async fn patch(url: &str, body: &Value) -> Result<Value, Failure> {
    send(reqwest::Client::new().patch(url), body).await
}

async fn send(request: reqwest::RequestBuilder, body: &Value) -> Result<Value, Failure> {
    let answer = request.json(body).send().await;
    let answer = answer.map_err(|error| Failure::general(error.to_string()))?;
    let status = answer.status();
    let said: Value = answer.json().await.unwrap_or_default();
    if status.is_success() {
        return Ok(said);
    }
    Err(Failure::general(format!(
        "{status}: {}",
        text(&said, "error")
    )))
}
