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
    wire::runner::{HeldRun, ToRunner},
};
use tokio::sync::mpsc;

/// Frames that may wait for one runner.
const WAITING_MAX: usize = 256;

/// The address book of connected runners.
#[derive(Clone, Default)]
pub struct Links {
    links: Arc<DashMap<SandboxId, Link>>,
    connections: Arc<AtomicU64>,
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

    /// Sends a frame. False when the runner is not connected or takes no more: its actor looks
    /// again when it is.
    #[must_use]
    pub fn send(&self, sandbox: SandboxId, frame: ToRunner) -> bool {
        let Some(mut link) = self.links.get_mut(&sandbox) else {
            return false;
        };
        let started = match &frame {
            ToRunner::Start(spec) => Some(spec.run),
            ToRunner::Stop { .. }
            | ToRunner::Ack { .. }
            | ToRunner::Forget { .. }
            | ToRunner::Shutdown
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
