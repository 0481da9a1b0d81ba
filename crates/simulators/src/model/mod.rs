//! A simulator of the Anthropic Messages API that a real coding-agent CLI can use.
//!
//! It keeps no conversation: every request carries all of it. Between requests it remembers only
//! what it was asked, and how often a limited fault has happened.

pub(crate) mod prompt;
pub(crate) mod request;
mod server;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::scenario::Scenario;

/// How long open connections may take to close.
const STOP_MAX: Duration = Duration::from_secs(2);

/// Why the simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What it is to hold cannot be made.
    #[error("the simulator cannot be set up: {0}")]
    Setup(String),
}

/// A request that was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Counts from one, in the order of arrival.
    pub number: u64,
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The status of the answer. An answer that breaks off or hangs has begun with 200.
    pub status: u16,
    /// The model that was asked for, if a message was asked for.
    pub model: Option<String>,
    /// The last prompt of the conversation, if a message was asked for.
    pub prompt: Option<String>,
    /// The rules of the turn, in order; empty for a request without tools.
    pub rules: Vec<String>,
    /// How many tool calls of the turn had been answered.
    pub step: usize,
}

/// A running simulator. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct ModelSimulator {
    address: SocketAddr,
    shared: Shared,
    server: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Shared {
    scenario: Arc<Scenario>,
    memory: Arc<server::Memories>,
    stop: CancellationToken,
}

impl ModelSimulator {
    /// Starts to listen. Port 0 takes a free port; see [`Self::address`].
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub async fn start(listen: SocketAddr, scenario: Scenario) -> Result<Self, SimulatorError> {
        let refused = |source| SimulatorError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let shared = Shared {
            scenario: Arc::new(scenario),
            memory: Arc::default(),
            stop: CancellationToken::new(),
        };
        let router = Router::new()
            .fallback(server::serve)
            .with_state(shared.clone());
        let stopped = shared.stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await;
            if let Err(error) = served {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "model simulator failed"
                );
            }
        });
        tracing::info!(%address, scenario = shared.scenario.name(), "model simulator listens");
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL to give to a client.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests answered lately, oldest first. Only the last few thousand are kept.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.memory().seen.iter().cloned().collect()
    }

    /// How many requests were answered since the start.
    pub fn requests_total(&self) -> u64 {
        self.shared.memory().total
    }

    /// Stops, and breaks off the answers under way.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        if tokio::time::timeout(STOP_MAX, &mut self.server)
            .await
            .is_err()
        {
            self.server.abort();
        }
    }
}

impl Drop for ModelSimulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}
