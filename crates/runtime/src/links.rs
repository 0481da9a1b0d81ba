//! The runners that are connected to this process, and what they hold.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dashmap::DashMap;
use optio_domain::{
    id::{RunId, SandboxId},
    ownership::Shard,
    wire::runner::{HeldRun, ToRunner},
};
use tokio::sync::mpsc;

use crate::ownership::{Peers, Whose};

/// Frames that may wait for one runner.
const WAITING_MAX: usize = 256;

/// The address book of connected runners.
#[derive(Clone, Default)]
pub struct Links {
    links: Arc<DashMap<SandboxId, Link>>,
    connections: Arc<AtomicU64>,
    peers: Peers,
}

struct Link {
    connection: u64,
    frames: mpsc::Sender<ToRunner>,
    holds: BTreeSet<RunId>,
}

/// One connection, as its own task holds it. Ends with [`Links::disconnect`].
#[derive(Debug)]
pub struct Connection {
    sandbox: SandboxId,
    connection: u64,
}

impl Links {
    /// An empty address book of one of several control planes.
    #[must_use]
    pub fn among(peers: Peers) -> Self {
        Self {
            peers,
            ..Self::default()
        }
    }

    /// Who runs the agent of a sandbox, and so should have its runner's connection.
    #[must_use]
    pub fn whose(&self, sandbox: SandboxId) -> Whose {
        self.peers.whose(Shard::of(sandbox.0))
    }

    /// The other control planes.
    #[must_use]
    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    /// Sends every runner to the control plane that runs its agent, and tells those that stay where
    /// they find the others.
    pub fn send_home(&self) {
        let urls = self.peers.urls();
        for link in self.links.iter() {
            let frame = match self.whose(*link.key()) {
                Whose::Theirs { url, .. } => ToRunner::Redirect { url },
                Whose::Ours | Whose::Nobodys => ToRunner::Peers { urls: urls.clone() },
            };
            // A runner that takes no more now asks again when it is silent for too long.
            drop(link.frames.try_send(frame));
        }
    }

    /// Notes a connection and returns what is to be sent over it. An older connection of the same
    /// sandbox is replaced: its channel ends.
    #[must_use]
    pub fn connect(
        &self,
        sandbox: SandboxId,
        held: &[HeldRun],
    ) -> (Connection, mpsc::Receiver<ToRunner>) {
        let (frames, outgoing) = mpsc::channel(WAITING_MAX);
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        let holds = held.iter().map(|run| run.run).collect();
        self.links.insert(
            sandbox,
            Link {
                connection,
                frames,
                holds,
            },
        );
        (
            Connection {
                sandbox,
                connection,
            },
            outgoing,
        )
    }

    /// Forgets a connection, unless a newer one has taken its place.
    pub fn disconnect(&self, connection: &Connection) {
        self.links.remove_if(&connection.sandbox, |_, link| {
            link.connection == connection.connection
        });
    }

    /// Whether the sandbox's runner is connected, and if so whether it holds the run.
    #[must_use]
    pub fn holds(&self, sandbox: SandboxId, run: Option<RunId>) -> Option<bool> {
        let link = self.links.get(&sandbox)?;
        Some(run.is_some_and(|run| link.holds.contains(&run)))
    }

    /// Sends an order of the sandbox's agent. False when the runner is not connected or takes no
    /// more, or when the agent is not ours any longer: whoever runs it looks again.
    #[must_use]
    pub fn send(&self, sandbox: SandboxId, frame: ToRunner) -> bool {
        let Some(_leave) = self.peers.enter(Shard::of(sandbox.0)) else {
            return false;
        };
        let Some(mut link) = self.links.get_mut(&sandbox) else {
            return false;
        };
        let started = match &frame {
            ToRunner::Start(spec) => Some(spec.run),
            ToRunner::Stop { .. }
            | ToRunner::Ack { .. }
            | ToRunner::Forget { .. }
            | ToRunner::RemoveWorktree { .. }
            | ToRunner::Shutdown
            | ToRunner::Redirect { .. }
            | ToRunner::Peers { .. }
            | ToRunner::Input { .. }
            | ToRunner::Refused { .. } => None,
        };
        let sent = link.frames.try_send(frame).is_ok();
        if let Some(run) = started.filter(|_| sent) {
            link.holds.insert(run);
        }
        sent
    }

    /// How many runners are connected.
    #[must_use]
    pub fn count(&self) -> usize {
        self.links.len()
    }
}
