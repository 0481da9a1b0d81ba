//! Who works where in the workspace: one living run in a worktree, one git of ours in a clone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use optio_domain::id::{RunId, SandboxId};
use optio_domain::wire::checkout::Removal;

/// What is claimed in a sandbox.
pub(crate) struct Claims {
    sandbox: SandboxId,
    inner: Mutex<Inner>,
    removing: Arc<tokio::sync::Mutex<()>>,
    works: AtomicUsize,
    markers: AtomicU64,
}

#[derive(Default)]
struct Inner {
    /// Worktrees somebody works in, with the clone each belongs to.
    worktrees: BTreeMap<String, String>,
    /// One per clone ever used: there are as few as repositories.
    clones: BTreeMap<String, Arc<tokio::sync::Mutex<()>>>,
    /// What became of worktrees that were to be removed, until it is said.
    removals: BTreeMap<String, Removal>,
}

/// Leave to work in a worktree, for as long as it lives.
pub(crate) struct Claim<'a> {
    claims: &'a Claims,
    worktree: String,
}

/// Work that is done for no run, for as long as it lives.
pub(crate) struct Work<'a>(&'a AtomicUsize);

impl Claims {
    pub(crate) fn new(sandbox: SandboxId) -> Self {
        Self {
            sandbox,
            inner: Mutex::default(),
            removing: Arc::default(),
            works: AtomicUsize::new(0),
            markers: AtomicU64::new(0),
        }
    }

    /// Claims a worktree of a clone, unless somebody works in it.
    pub(crate) fn claim(&self, worktree: &str, clone: &str) -> Option<Claim<'_>> {
        let mut inner = self.lock();
        if inner.worktrees.contains_key(worktree) {
            return None;
        }
        let (worktree, clone) = (worktree.to_owned(), clone.to_owned());
        inner.worktrees.insert(worktree.clone(), clone);
        Some(Claim {
            claims: self,
            worktree,
        })
    }

    /// Whether at most one run works with this clone.
    pub(crate) fn alone_in(&self, clone: &str) -> bool {
        let inner = self.lock();
        inner.worktrees.values().filter(|it| *it == clone).count() <= 1
    }

    /// What has to be held while git changes a clone: its branches and worktrees are shared.
    pub(crate) fn clone_lock(&self, clone: &str) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.lock().clones.entry(clone.to_owned()).or_default())
    }

    /// What has to be held while a worktree is removed for no run.
    pub(crate) fn removing(&self) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.removing)
    }

    /// What became of a worktree that was to be removed.
    pub(crate) fn removed(&self, worktree: String, outcome: Removal) {
        self.lock().removals.insert(worktree, outcome);
    }

    /// What is to be said about worktrees that were to be removed, once.
    pub(crate) fn take_removals(&self) -> BTreeMap<String, Removal> {
        std::mem::take(&mut self.lock().removals)
    }

    /// Begins work that is done for no run.
    pub(crate) fn work(&self) -> Work<'_> {
        self.works.fetch_add(1, Ordering::Relaxed);
        Work(&self.works)
    }

    /// How much is done for no run.
    pub(crate) fn works(&self) -> usize {
        self.works.load(Ordering::Relaxed)
    }

    /// A marker for the processes of one tool. That of its run will not do: when a tool ends,
    /// everything that carries its marker ends, and the run's agent may be waiting for its next run.
    pub(crate) fn marker(&self) -> RunId {
        let number = self.markers.fetch_add(1, Ordering::Relaxed);
        let sandbox = self.sandbox.to_string();
        let begin = sandbox.get(..24).unwrap_or_default();
        let marker = format!("{begin}{:012x}", number & 0xFFFF_FFFF_FFFF);
        RunId(marker.parse().unwrap_or(self.sandbox.0))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.claims.lock().worktrees.remove(&self.worktree);
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
