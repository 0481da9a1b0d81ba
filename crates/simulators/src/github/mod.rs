//! A simulator of GitHub: its REST API, git over HTTP with real merges and conflicts, check runs and
//! reviews that a scenario plays, signed webhooks, conditional requests, rate limits and faults.
//!
//! Everything is in memory but the git repositories, which are in a temporary directory.

mod acts;
mod app;
mod backend;
mod heads;
mod hooks;
mod people;
mod routes;
mod server;
mod setup;
mod shape;
mod stage;
mod tickets;
mod wire;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use setup::{AppSetup, GithubSetup};

use crate::git_host::{
    Asked, CannotPlay, CheckSetup, Delivery, Fault, HookSetup, IssueSetup, Play, RepoSetup,
    ReviewSetup, STOP_MAX, git::House, hooks::Event, keep, send_all,
};
use crate::model::SimulatorError;
use world::World;

/// Who makes its own commits.
const HOUSE: House = House {
    name: "GitHub",
    mail: "noreply@github.com",
    people: "users.noreply.github.com",
};

/// A running simulator. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct GithubSimulator {
    address: SocketAddr,
    shared: Shared,
    server: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Shared {
    world: Arc<Mutex<World>>,
    root: Arc<PathBuf>,
    _root: Arc<tempfile::TempDir>,
    events: mpsc::UnboundedSender<Event>,
    stop: CancellationToken,
}

impl Shared {
    /// The lock around what is remembered. It is never held across an await.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GithubSimulator {
    /// Starts to listen. Port 0 takes a free port; see [`Self::address`].
    ///
    /// # Errors
    /// When the address cannot be listened on, or a repository of the setup cannot be made.
    pub async fn start(listen: SocketAddr, setup: GithubSetup) -> Result<Self, SimulatorError> {
        let refused = |source| SimulatorError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let root = tempfile::Builder::new().prefix("optio-github-").tempdir();
        let root = Arc::new(root.map_err(refused)?);
        let (events, outbox) = mpsc::unbounded_channel();
        let world = World {
            url: format!("http://{address}"),
            tokens: setup.tokens,
            app: setup.app,
            hook: setup.hook,
            rate_limit: setup.rate_limit,
            ..World::default()
        };
        let shared = Shared {
            world: Arc::new(Mutex::new(world)),
            root: Arc::new(root.path().to_owned()),
            _root: root,
            events,
            stop: CancellationToken::new(),
        };
        for repo in setup.repos {
            let name = repo.name.clone();
            let made = acts::add_repo(&shared, repo).await;
            made.map_err(|error| SimulatorError::Setup(format!("{name}: {error}")))?;
        }
        let told = shared.clone();
        tokio::spawn(send_all(shared.stop.clone(), outbox, move |delivery| {
            keep(&mut told.world().sent, delivery);
        }));
        let router = Router::new()
            .fallback(server::serve)
            .with_state(shared.clone());
        let stopped = shared.stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await;
            if let Err(error) = served {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "github simulator failed");
            }
        });
        tracing::info!(%address, "github simulator listens");
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the API, of git, and of the pages it names.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls answered lately, oldest first. Only the last few thousand are kept.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.world().seen.iter().cloned().collect()
    }

    /// The events sent lately, oldest first. Only the last few thousand are kept.
    #[must_use]
    pub fn sent(&self) -> Vec<Delivery> {
        self.shared.world().sent.iter().cloned().collect()
    }

    /// Calls that counted against the limit of a token in this hour.
    #[must_use]
    pub fn used(&self, token: &str) -> u64 {
        self.shared.world().used.get(token).copied().unwrap_or(0)
    }

    /// Lets something go wrong.
    pub fn fail(&self, fault: Fault) {
        self.shared.world().faults.add(fault);
    }

    /// Sends events there from now on.
    pub fn set_hook(&self, hook: Option<HookSetup>) {
        self.shared.world().hook = hook;
    }

    /// Stops, and breaks off the answers under way.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        let ended = tokio::time::timeout(STOP_MAX, &mut self.server).await;
        if ended.is_err() {
            self.server.abort();
        }
    }
}

impl Drop for GithubSimulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}
