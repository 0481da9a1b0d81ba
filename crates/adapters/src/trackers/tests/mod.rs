//! Every tracker's adapter against its simulator, over real sockets: first what is true of all of them,
//! then what is each one's own.

mod all;
mod own;
mod stages;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    id::TrackerId,
    ports::{Clock, Tracker, Trackers},
    secret::SecretText,
    tracker::{Source, Ticket, TrackerError, TrackerSpec},
};
use optio_simulators::{Fault, FaultKind, TicketSeen};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{TrackerAdapters, TrackerSettings};
use crate::git_hosts::{
    github::{Credentials, GitHub, GitHubSettings},
    gitlab::{GitLab, GitLabSettings, Token},
};

/// A token that is good, everywhere.
const TOKEN: &str = "hunter2";
const LABEL: &str = "optio";

/// The clock of this machine, which tests may put forward.
#[derive(Default)]
struct Hands(Mutex<TimeDelta>);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        DateTime::<Utc>::from(std::time::SystemTime::now()) + *self.0.lock().unwrap()
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// A simulated tracker, whichever it is.
trait Stage: Send + Sync {
    /// Somebody opens a ticket. Answers its id.
    fn add(&self, title: &str, body: &str, labels: &[&str]) -> String;
    fn say(&self, id: &str, by: &str, body: &str);
    /// Somebody closes it.
    fn close(&self, id: &str);
    fn changed_last(&self, id: &str, at: DateTime<Utc>);
    fn seen(&self, id: &str) -> TicketSeen;
    fn fail(&self, fault: Fault);
    /// How many calls were answered.
    fn asked(&self) -> usize;
    /// The states of a ticket that is done.
    fn done(&self) -> &'static [&'static str];
}

/// A tracker and what it stands for.
struct World {
    source: Source,
    stage: Box<dyn Stage>,
    adapters: TrackerAdapters,
    config: Map<String, Value>,
    clock: Arc<Hands>,
}

impl World {
    fn open_with(&self, token: Option<&str>) -> Result<Arc<dyn Tracker>, TrackerError> {
        let (spec, _) = TrackerSpec::read(self.source, &self.config).unwrap();
        let token = token.map(SecretText::new);
        let id = TrackerId(Uuid::from_u128(7));
        self.adapters.open(id, &spec, token.as_ref())
    }

    fn tracker(&self) -> Arc<dyn Tracker> {
        self.open_with(Some(TOKEN)).unwrap()
    }

    /// All pages of what has changed.
    async fn changed(&self, since: Option<DateTime<Utc>>) -> Vec<Ticket> {
        let tracker = self.tracker();
        let (mut tickets, mut next) = (Vec::new(), None::<String>);
        loop {
            let page = tracker.changed(since, next.as_deref()).await.unwrap();
            tickets.extend(page.tickets);
            next = page.next;
            if next.is_none() {
                return tickets;
            }
        }
    }

    async fn titles(&self, since: Option<DateTime<Utc>>) -> Vec<String> {
        let tickets = self.changed(since).await;
        let mut titles: Vec<String> = tickets.into_iter().map(|ticket| ticket.title).collect();
        titles.sort();
        titles.dedup();
        titles
    }

    fn fail(&self, kind: FaultKind, times: u32) {
        self.stage.fail(Fault {
            kind,
            method: None,
            of: String::new(),
            times,
        });
    }
}

/// The git hosts of these worlds, at these addresses, with a token of their own.
fn adapters(
    github: &str,
    gitlab: &str,
    linear: &str,
    notion: &str,
    clock: &Arc<Hands>,
) -> TrackerAdapters {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let github = GitHub::new(
        GitHubSettings {
            host: host(github),
            api_url: format!("{github}/api/v3"),
            credentials: Credentials::Token(TOKEN.to_owned()),
        },
        Arc::clone(&clock),
    );
    let gitlab = GitLab::new(
        GitLabSettings {
            host: host(gitlab),
            api_url: format!("{gitlab}/api/v4"),
            token: Token::Given(TOKEN.to_owned()),
        },
        Arc::clone(&clock),
    );
    let settings = TrackerSettings {
        github: Arc::new(github.unwrap()),
        gitlab: Arc::new(gitlab.unwrap()),
        linear_api_url: linear.to_owned(),
        notion_api_url: notion.to_owned(),
    };
    TrackerAdapters::new(settings, clock)
}

fn host(url: &str) -> String {
    url.split_once("://").unwrap().1.to_owned()
}
