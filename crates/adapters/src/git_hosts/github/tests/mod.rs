//! The adapter against the simulated GitHub, over real sockets.

mod app;
mod git;
mod limits;
mod pulls;
mod stored;
mod words;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    git_host::{GitHost, PullNumber, PullState, RepoName, Seen},
    ports::Clock,
};
use optio_simulators::{AppSetup, GithubSetup, GithubSimulator, RepoSetup};

use super::{Credentials, GitHub, GitHubSettings};

/// How long something may take to become true.
const PATIENCE: Duration = Duration::from_secs(20);
const TOKEN: &str = "ghp_optio";
const REPO: &str = "optio/demo";

/// The clock of this machine, which tests may put forward.
#[derive(Default)]
struct Hands(Mutex<TimeDelta>);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        DateTime::<Utc>::from(std::time::SystemTime::now()) + *self.0.lock().unwrap()
    }
}

/// GitHub with one repository, and an adapter that speaks to it.
struct World {
    sim: GithubSimulator,
    github: GitHub,
    repo: RepoName,
    clock: Arc<Hands>,
}

async fn world() -> World {
    world_with(GithubSetup::default(), Credentials::Token(TOKEN.to_owned())).await
}

async fn world_of_app(token_s: u64) -> World {
    let private_key = include_str!("app.pem").to_owned();
    let app = AppSetup {
        id: 7,
        private_key: private_key.clone(),
        token_s,
    };
    let setup = GithubSetup {
        app: Some(app),
        ..GithubSetup::default()
    };
    world_with(setup, Credentials::App { id: 7, private_key }).await
}

async fn world_with(mut setup: GithubSetup, credentials: Credentials) -> World {
    setup
        .tokens
        .insert(TOKEN.to_owned(), "optio-bot".to_owned());
    setup.repos.push(RepoSetup {
        name: REPO.to_owned(),
        files: BTreeMap::from([("a.txt".to_owned(), "one\ntwo\nthree\n".to_owned())]),
        ..RepoSetup::default()
    });
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sim = GithubSimulator::start(listen, setup).await.unwrap();
    let clock = Arc::new(Hands::default());
    World {
        github: adapter(&sim, credentials, &clock),
        sim,
        repo: REPO.parse().unwrap(),
        clock,
    }
}

fn adapter(sim: &GithubSimulator, credentials: Credentials, clock: &Arc<Hands>) -> GitHub {
    let settings = GitHubSettings {
        host: sim.address().to_string(),
        api_url: format!("{}/api/v3", sim.url()),
        credentials,
    };
    GitHub::new(settings, Arc::clone(clock) as Arc<dyn Clock>).unwrap()
}

impl World {
    /// Pushes a branch and opens a pull request from it. Answers its number and head.
    async fn open(&self, branch: &str, files: &[(&str, Option<&str>)]) -> (PullNumber, String) {
        let sha = self.push(branch, files).await;
        let client = reqwest::Client::new();
        let answer = client
            .post(format!("{}/repos/{REPO}/pulls", self.sim.url()))
            .bearer_auth(TOKEN)
            .json(&serde_json::json!({ "title": "Work", "head": branch, "base": "main" }))
            .send()
            .await
            .unwrap();
        let body: serde_json::Value = answer.json().await.unwrap();
        (PullNumber(body["number"].as_u64().unwrap()), sha)
    }

    /// A branch from `main`, or one more commit on it.
    async fn push(&self, branch: &str, files: &[(&str, Option<&str>)]) -> String {
        if self.sim.branch(REPO, branch).is_none() {
            let main = self.sim.branch(REPO, "main").unwrap();
            let name = format!("refs/heads/{branch}");
            let client = reqwest::Client::new();
            let made = client
                .post(format!("{}/repos/{REPO}/git/refs", self.sim.url()))
                .bearer_auth(TOKEN)
                .json(&serde_json::json!({ "ref": name, "sha": main }))
                .send();
            assert_eq!(made.await.unwrap().status(), 201);
        }
        self.sim
            .push(REPO, branch, files, "work", "optio-bot")
            .await
            .unwrap()
    }

    async fn pull(&self, number: PullNumber) -> PullState {
        let seen = self.github.pull(&self.repo, number, None).await.unwrap();
        seen.changed().unwrap()
    }

    /// The pull request, once GitHub knows whether it merges.
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

    /// How many calls to this end of a path were answered with this status.
    fn asked(&self, path: &str, status: u16) -> usize {
        let asked = self.sim.asked();
        let fits = asked
            .iter()
            .filter(|it| it.status == status && it.path.contains(path));
        fits.count()
    }
}

fn is_unchanged<T>(seen: &Seen<T>) -> bool {
    matches!(seen, Seen::Unchanged)
}
