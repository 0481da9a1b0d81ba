//! The adapter against the simulated GitLab, over real sockets.

mod git;
mod limits;
mod opinions;
mod pulls;
mod words;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    git_host::{GitHost, PullNumber, PullState, RepoName},
    ports::Clock,
};
use optio_simulators::{GitlabSetup, GitlabSimulator, RepoSetup};
use serde_json::{Value, json};

use super::{GitLab, GitLabSettings, Token};

/// How long something may take to become true.
const PATIENCE: Duration = Duration::from_secs(20);
const TOKEN: &str = "glpat-optio";
const ADAS: &str = "glpat-ada";
/// In a group of a group, as is common.
const REPO: &str = "optio/tools/demo";

/// The clock of this machine, which tests may put forward.
#[derive(Default)]
struct Hands(Mutex<TimeDelta>);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        DateTime::<Utc>::from(std::time::SystemTime::now()) + *self.0.lock().unwrap()
    }
}

/// GitLab with one project, and an adapter that speaks to it.
struct World {
    sim: GitlabSimulator,
    gitlab: GitLab,
    repo: RepoName,
    clock: Arc<Hands>,
    http: reqwest::Client,
}

async fn world() -> World {
    world_with(GitlabSetup::default()).await
}

async fn world_with(mut setup: GitlabSetup) -> World {
    for (token, login) in [(TOKEN, "optio-bot"), (ADAS, "ada")] {
        setup.tokens.insert(token.to_owned(), login.to_owned());
    }
    setup.repos.push(RepoSetup {
        name: REPO.to_owned(),
        files: BTreeMap::from([("a.txt".to_owned(), "one\ntwo\nthree\n".to_owned())]),
        ..RepoSetup::default()
    });
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sim = GitlabSimulator::start(listen, setup).await.unwrap();
    let clock = Arc::new(Hands::default());
    World {
        gitlab: adapter(&sim, TOKEN, &clock),
        sim,
        repo: REPO.parse().unwrap(),
        clock,
        http: reqwest::Client::new(),
    }
}

fn adapter(sim: &GitlabSimulator, token: &str, clock: &Arc<Hands>) -> GitLab {
    let settings = GitLabSettings {
        host: sim.address().to_string(),
        api_url: format!("{}/api/v4", sim.url()),
        token: Token::Given(token.to_owned()),
    };
    GitLab::new(settings, Arc::clone(clock) as Arc<dyn Clock>).unwrap()
}

impl World {
    /// A call of the API below the project that succeeds.
    async fn call(&self, token: &str, method: &str, path: &str, body: &Value) -> Value {
        let project = REPO.replace('/', "%2F");
        let url = format!("{}/api/v4/projects/{project}{path}", self.sim.url());
        let request = self.http.request(method.parse().unwrap(), url);
        let request = request.header("private-token", token).json(body);
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Pushes a branch and opens a merge request from it. Answers its number and head.
    async fn open(&self, branch: &str, files: &[(&str, Option<&str>)]) -> (PullNumber, String) {
        self.open_as(TOKEN, branch, files).await
    }

    async fn open_as(
        &self,
        token: &str,
        branch: &str,
        files: &[(&str, Option<&str>)],
    ) -> (PullNumber, String) {
        let sha = self.push(branch, files).await;
        let new = json!({ "title": "Work", "source_branch": branch, "target_branch": "main" });
        let made = self.call(token, "POST", "/merge_requests", &new).await;
        (PullNumber(made["iid"].as_u64().unwrap()), sha)
    }

    /// A branch from `main`, or one more commit on it.
    async fn push(&self, branch: &str, files: &[(&str, Option<&str>)]) -> String {
        self.sim.push(REPO, branch, files, "ada").await.unwrap()
    }

    async fn pull(&self, number: PullNumber) -> PullState {
        let seen = self.gitlab.pull(&self.repo, number, None).await.unwrap();
        seen.changed().unwrap()
    }

    /// The merge request, once GitLab knows whether it merges.
    async fn known_pull(&self, number: PullNumber) -> PullState {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let pull = self.pull(number).await;
            if pull.mergeable.is_some() {
                return pull;
            }
            assert!(tokio::time::Instant::now() < deadline, "never known");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Puts the adapter's clock forward.
    fn wait(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    /// How many calls to such a path were answered with this status.
    fn asked(&self, path: &str, status: u16) -> usize {
        let asked = self.sim.asked();
        let fits = asked
            .iter()
            .filter(|it| it.status == status && it.path.contains(path));
        fits.count()
    }
}
