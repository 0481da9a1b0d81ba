//! The simulated trackers.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use optio_domain::tracker::Source;
use optio_simulators::{
    Fault, GithubSetup, GithubSimulator, GitlabSetup, GitlabSimulator, IssueSetup, JiraSetup,
    JiraSimulator, LinearSetup, LinearSimulator, NotionSetup, NotionSimulator, RepoSetup,
    TicketSeen, TicketSetup,
};
use serde_json::{Map, Value, json};

use super::{Hands, Stage, TOKEN, World, adapters, any_port};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";
pub(super) const REPO: &str = "acme/shop";
pub(super) const PROJECT: &str = "acme/tools/shop";

fn setup(title: &str, body: &str, labels: &[&str]) -> TicketSetup {
    TicketSetup {
        title: title.to_owned(),
        body: body.to_owned(),
        author: "ada".to_owned(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
    }
}

fn issue(title: &str, body: &str, labels: &[&str]) -> IssueSetup {
    let it = setup(title, body, labels);
    IssueSetup {
        title: it.title,
        body: it.body,
        author: it.author,
        labels: it.labels,
    }
}

fn keys() -> BTreeMap<String, String> {
    BTreeMap::from([(TOKEN.to_owned(), "optio".to_owned())])
}

fn map(config: Value) -> Map<String, Value> {
    config.as_object().unwrap().clone()
}

/// A tracker of each kind.
pub(super) async fn all() -> Vec<World> {
    vec![
        github().await,
        gitlab().await,
        jira().await,
        linear().await,
        notion().await,
    ]
}

pub(super) async fn github() -> World {
    let setup = GithubSetup {
        tokens: keys(),
        repos: vec![RepoSetup {
            name: REPO.to_owned(),
            ..RepoSetup::default()
        }],
        ..GithubSetup::default()
    };
    let sim = GithubSimulator::start(any_port(), setup).await.unwrap();
    let clock = Arc::new(Hands::default());
    World {
        source: Source::GitHub,
        adapters: adapters(&sim.url(), NOWHERE, NOWHERE, NOWHERE, &clock),
        config: map(json!({ "owner": "acme", "repo": "shop" })),
        stage: Box::new(OnGithub(sim)),
        clock,
    }
}

pub(super) async fn gitlab() -> World {
    let setup = GitlabSetup {
        tokens: keys(),
        repos: vec![RepoSetup {
            name: PROJECT.to_owned(),
            ..RepoSetup::default()
        }],
        ..GitlabSetup::default()
    };
    let sim = GitlabSimulator::start(any_port(), setup).await.unwrap();
    let clock = Arc::new(Hands::default());
    World {
        source: Source::GitLab,
        // It is another one than the one that is configured.
        adapters: adapters(NOWHERE, "http://127.0.0.1:8", NOWHERE, NOWHERE, &clock),
        config: map(json!({ "host": sim.url(), "projectPath": PROJECT })),
        stage: Box::new(OnGitlab(sim)),
        clock,
    }
}

pub(super) async fn jira() -> World {
    jira_with(json!({})).await
}

pub(super) async fn jira_with(more: Value) -> World {
    let accounts = BTreeMap::from([("optio@acme.example".to_owned(), TOKEN.to_owned())]);
    let setup = JiraSetup {
        accounts,
        issues: Vec::new(),
    };
    let sim = JiraSimulator::start(any_port(), setup).await.unwrap();
    let clock = Arc::new(Hands::default());
    let mut config = map(json!({
        "baseUrl": sim.url(), "email": "optio@acme.example", "projectKey": "SHOP",
    }));
    config.extend(map(more));
    World {
        source: Source::Jira,
        adapters: adapters(NOWHERE, NOWHERE, NOWHERE, NOWHERE, &clock),
        config,
        stage: Box::new(OnJira(sim)),
        clock,
    }
}

pub(super) async fn linear() -> World {
    let setup = LinearSetup {
        keys: keys(),
        issues: Vec::new(),
    };
    let sim = LinearSimulator::start(any_port(), setup).await.unwrap();
    let clock = Arc::new(Hands::default());
    let team = "9cfb482a-81e3-4154-b5b9-2c805e70a02d";
    World {
        source: Source::Linear,
        adapters: adapters(NOWHERE, NOWHERE, &sim.url(), NOWHERE, &clock),
        config: map(json!({ "teamId": team })),
        stage: Box::new(OnLinear(sim)),
        clock,
    }
}

pub(super) async fn notion() -> World {
    let setup = NotionSetup {
        keys: keys(),
        pages: Vec::new(),
    };
    let sim = NotionSimulator::start(any_port(), setup).await.unwrap();
    let clock = Arc::new(Hands::default());
    World {
        source: Source::Notion,
        adapters: adapters(NOWHERE, NOWHERE, NOWHERE, &sim.url(), &clock),
        config: map(json!({ "databaseId": NotionSimulator::DATABASE })),
        stage: Box::new(OnNotion(sim)),
        clock,
    }
}

struct OnGithub(GithubSimulator);

impl Stage for OnGithub {
    fn add(&self, title: &str, body: &str, labels: &[&str]) -> String {
        let number = self.0.add_issue(REPO, &issue(title, body, labels));
        number.unwrap().to_string()
    }

    fn say(&self, id: &str, by: &str, body: &str) {
        self.0.say(REPO, id.parse().unwrap(), by, body).unwrap();
    }

    fn close(&self, id: &str) {
        self.0.close(REPO, id.parse().unwrap(), "ada").unwrap();
    }

    fn changed_last(&self, id: &str, at: DateTime<Utc>) {
        self.0.changed_last(REPO, id.parse().unwrap(), at).unwrap();
    }

    fn seen(&self, id: &str) -> TicketSeen {
        self.0.ticket(REPO, id.parse().unwrap()).unwrap()
    }

    fn fail(&self, fault: Fault) {
        self.0.fail(fault);
    }

    fn asked(&self) -> usize {
        self.0.asked().len()
    }

    fn done(&self) -> &'static [&'static str] {
        &["closed"]
    }
}

struct OnGitlab(GitlabSimulator);

impl Stage for OnGitlab {
    fn add(&self, title: &str, body: &str, labels: &[&str]) -> String {
        let number = self.0.add_issue(PROJECT, &issue(title, body, labels));
        number.unwrap().to_string()
    }

    fn say(&self, id: &str, by: &str, body: &str) {
        self.0.say(PROJECT, id.parse().unwrap(), by, body).unwrap();
    }

    fn close(&self, id: &str) {
        self.0.close_issue(PROJECT, id.parse().unwrap(), "ada");
    }

    fn changed_last(&self, id: &str, at: DateTime<Utc>) {
        let number = id.parse().unwrap();
        self.0.changed_last(PROJECT, number, at).unwrap();
    }

    fn seen(&self, id: &str) -> TicketSeen {
        self.0.ticket(PROJECT, id.parse().unwrap()).unwrap()
    }

    fn fail(&self, fault: Fault) {
        self.0.fail(fault);
    }

    fn asked(&self) -> usize {
        self.0.asked().len()
    }

    fn done(&self) -> &'static [&'static str] {
        &["closed"]
    }
}

pub(super) struct OnJira(pub(super) JiraSimulator);

impl Stage for OnJira {
    fn add(&self, title: &str, body: &str, labels: &[&str]) -> String {
        self.0.add(&setup(title, body, labels))
    }

    fn say(&self, id: &str, by: &str, body: &str) {
        self.0.comment(id, by, body).unwrap();
    }

    fn close(&self, id: &str) {
        let labels = self.seen(id).labels;
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        self.0.change(id, "Done", &labels).unwrap();
    }

    fn changed_last(&self, id: &str, at: DateTime<Utc>) {
        self.0.changed_last(id, at).unwrap();
    }

    fn seen(&self, id: &str) -> TicketSeen {
        self.0.seen(id).unwrap()
    }

    fn fail(&self, fault: Fault) {
        self.0.fail(fault);
    }

    fn asked(&self) -> usize {
        self.0.asked().len()
    }

    fn done(&self) -> &'static [&'static str] {
        &["Done", "Shipped"]
    }
}

struct OnLinear(LinearSimulator);

impl Stage for OnLinear {
    fn add(&self, title: &str, body: &str, labels: &[&str]) -> String {
        self.0.add(&setup(title, body, labels))
    }

    fn say(&self, id: &str, by: &str, body: &str) {
        self.0.comment(id, by, body).unwrap();
    }

    fn close(&self, id: &str) {
        let labels = self.seen(id).labels;
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        self.0.change(id, "Canceled", &labels).unwrap();
    }

    fn changed_last(&self, id: &str, at: DateTime<Utc>) {
        self.0.changed_last(id, at).unwrap();
    }

    fn seen(&self, id: &str) -> TicketSeen {
        self.0.seen(id).unwrap()
    }

    fn fail(&self, fault: Fault) {
        self.0.fail(fault);
    }

    fn asked(&self) -> usize {
        self.0.asked().len()
    }

    /// The first of the two in the order of the team.
    fn done(&self) -> &'static [&'static str] {
        &["Done"]
    }
}

struct OnNotion(NotionSimulator);

impl Stage for OnNotion {
    fn add(&self, title: &str, body: &str, labels: &[&str]) -> String {
        self.0.add(&setup(title, body, labels))
    }

    fn say(&self, id: &str, by: &str, body: &str) {
        self.0.comment(id, by, body).unwrap();
    }

    /// In the way that is not the one of the tracker's configuration.
    fn close(&self, id: &str) {
        let labels = self.seen(id).labels;
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        self.0.change(id, "Archived", &labels).unwrap();
    }

    fn changed_last(&self, id: &str, at: DateTime<Utc>) {
        self.0.changed_last(id, at).unwrap();
    }

    fn seen(&self, id: &str) -> TicketSeen {
        self.0.seen(id).unwrap()
    }

    fn fail(&self, fault: Fault) {
        self.0.fail(fault);
    }

    fn asked(&self) -> usize {
        self.0.asked().len()
    }

    fn done(&self) -> &'static [&'static str] {
        &["Done"]
    }
}
