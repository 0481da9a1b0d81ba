//! Runs as they were last read or written in this process.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use optio_domain::{
    actor::ActorKey,
    agent::AgentState,
    id::{RunId, SandboxId},
};
use optio_store::{actors::Version, runs::RunRow};

/// Runs remembered between their reports; all are forgotten when there are more.
const RUNS_MAX: usize = 10_000;

/// Runs as they were last read or written here. What another process wrote meanwhile is found out by
/// the version and the sequence number that every write names.
#[derive(Clone, Default)]
pub struct KnownRuns {
    runs: Arc<Mutex<HashMap<RunId, Known>>>,
    /// Whoever has runs in a sandbox that is not his alone, as far as they looked here.
    tenants: Arc<Mutex<HashMap<SandboxId, HashSet<ActorKey>>>>,
}

/// A run, and whose turn it opened.
pub(crate) struct Known {
    pub(crate) row: RunRow,
    /// Its turn, until the first report is taken in.
    pub(crate) opened: Option<OpenedTurn>,
}

/// A turn as the step that gave its run to a runner left it.
pub(crate) struct OpenedTurn {
    /// The version that was written.
    pub(crate) version: Version,
    /// The agent's state from then on.
    pub(crate) state: AgentState,
    pub(crate) number: i32,
    /// Milliseconds it may take.
    pub(crate) duration_ms: i64,
}

impl KnownRuns {
    pub(crate) fn put(&self, row: RunRow, opened: Option<OpenedTurn>) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if RUNS_MAX <= runs.len() {
            runs.clear();
        }
        runs.insert(row.run, Known { row, opened });
    }

    /// Somebody has a run in this sandbox: it is to look whenever something about its runner changes.
    pub(crate) fn moves_in(&self, sandbox: SandboxId, tenant: impl Into<ActorKey>) {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.entry(sandbox).or_default().insert(tenant.into());
    }

    /// It has none there any more.
    pub(crate) fn moves_out(&self, sandbox: SandboxId, tenant: impl Into<ActorKey>) {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut there) = tenants.entry(sandbox) {
            there.get_mut().remove(&tenant.into());
            if there.get().is_empty() {
                there.remove();
            }
        }
    }

    /// Whoever has runs there.
    pub(crate) fn tenants(&self, sandbox: SandboxId) -> Vec<ActorKey> {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants
            .get(&sandbox)
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    /// Takes it out: whoever has written puts back what is true now.
    pub(crate) fn take(&self, run: RunId) -> Option<Known> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.remove(&run)
    }
}
