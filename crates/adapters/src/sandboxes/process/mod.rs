//! Sandboxes on this machine: a directory and a runner process each.
//!
//! The runner outlives the control plane, so nothing about it is kept in memory: a pid file says
//! which process it is, with its start time, because pids are used again. Everything that a runner
//! starts carries [`MARKER`], which is how what it left behind is found.

mod isolation;
mod lock;
mod place;
mod processes;
mod runner;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use optio_domain::{
    id::SandboxId,
    ports::{Eventually, IsolationReport, SandboxError, SandboxOrder, SandboxState, Sandboxes},
    wire::runner::RunAs,
};
use tokio::time::{Instant, sleep};

use isolation::Bubblewrap;
use lock::Lock;
use place::Place;
use processes::{Process, Survivors};
use rustix::process::Signal;

/// Names a sandbox in the environment of its runner and of everything the runner starts.
pub const MARKER: &str = "OPTIO_SANDBOX_ID";
/// How long a runner may take to end its runs and itself.
const TERMINATE_MAX: Duration = Duration::from_secs(3);
/// How long processes may take to vanish after SIGKILL. One in an uninterruptible wait takes longer.
const KILL_MAX: Duration = Duration::from_secs(2);
/// How often to look meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Leave to start or end a sandbox's runner, while it lives.
struct Locked(tokio::sync::OwnedMutexGuard<()>, Lock);

/// What the driver needs to know of this machine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the sandboxes are, as an absolute path.
    pub root: PathBuf,
    /// The runner program, as an absolute path.
    pub runner: PathBuf,
    /// The bubblewrap program, or why there is none and what to do about it.
    pub bwrap: Result<PathBuf, String>,
    /// PATH of the runner.
    pub path: String,
    /// User and group for agents, where we are root.
    pub run_as: Option<RunAs>,
    /// Milliseconds after which a runner without work and connection ends itself.
    pub orphan_ms_max: u64,
}

/// Sandboxes as processes of this machine.
pub struct ProcessSandboxes {
    settings: Settings,
    bubblewrap: Bubblewrap,
    // One entry per sandbox ever used; a sandbox belongs to an agent, so there are not many.
    locks: Mutex<BTreeMap<SandboxId, Arc<tokio::sync::Mutex<()>>>>,
}

impl ProcessSandboxes {
    /// Finds out once whether bubblewrap works here.
    pub async fn new(settings: Settings) -> Self {
        let bubblewrap = isolation::probe(&settings).await;
        if let Bubblewrap::Unusable(why) = &bubblewrap {
            tracing::warn!(%why, "agents are not isolated from this machine");
        }
        Self {
            settings,
            bubblewrap,
            locks: Mutex::default(),
        }
    }

    fn place(&self, sandbox: SandboxId) -> Place {
        Place::new(&self.settings.root, sandbox)
    }

    /// Only one call at a time may start or end a sandbox's runner, of all control planes that share
    /// the directory.
    async fn lock(&self, sandbox: SandboxId) -> Result<Locked, SandboxError> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(sandbox).or_default())
        };
        let alone = lock.lock_owned().await;
        let among = Lock::take(&self.settings.root, &sandbox.to_string()).await?;
        Ok(Locked(alone, among))
    }

    async fn start(&self, order: &SandboxOrder) -> Result<(), SandboxError> {
        self.carries_out(&order.spec)
            .map_err(|invalid| SandboxError::Broken(invalid.to_string()))?;
        let _lock = self.lock(order.sandbox).await?;
        let place = self.place(order.sandbox);
        if runner::alive(&place).is_some() {
            return Ok(());
        }
        // What a dead runner left behind must not work on beside its successor.
        end(order.sandbox, None).await?;
        let (to_prepare, run_as) = (place.clone(), self.settings.run_as);
        blocking(move || to_prepare.prepare(run_as)).await?;
        announce(place.clone(), order.api_url.clone()).await?;
        let bootstrap = runner::bootstrap(order, &place, &self.bubblewrap, &self.settings);
        runner::start(&place, order.sandbox, &self.settings, &bootstrap).await
    }

    async fn end(&self, sandbox: SandboxId) -> Result<(), SandboxError> {
        let place = self.place(sandbox);
        end(sandbox, runner::alive(&place)).await?;
        blocking(move || place.forget_runner()).await
    }
}

impl Sandboxes for ProcessSandboxes {
    fn ensure<'a>(&'a self, order: &'a SandboxOrder) -> Eventually<'a, Result<(), SandboxError>> {
        Box::pin(self.start(order))
    }

    fn announce<'a>(
        &'a self,
        sandbox: SandboxId,
        url: &'a str,
    ) -> Eventually<'a, Result<(), SandboxError>> {
        let place = self.place(sandbox);
        Box::pin(async move {
            match runner::alive(&place) {
                Some(_) => announce(place, url.to_owned()).await,
                None => Ok(()),
            }
        })
    }

    fn state(&self, sandbox: SandboxId) -> Eventually<'_, Result<SandboxState, SandboxError>> {
        let alive = runner::alive(&self.place(sandbox));
        Box::pin(async move { Ok(alive.map_or(SandboxState::Gone, |_| SandboxState::Alive)) })
    }

    fn retire(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(async move {
            let _lock = self.lock(sandbox).await?;
            self.end(sandbox).await
        })
    }

    fn destroy(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(async move {
            let Locked(_alone, among) = self.lock(sandbox).await?;
            self.end(sandbox).await?;
            let place = self.place(sandbox);
            blocking(move || place.remove()).await?;
            among.remove();
            Ok(())
        })
    }

    fn isolation(&self) -> IsolationReport {
        self.bubblewrap.report()
    }
}

/// Writes down where a sandbox's runner finds its control plane.
async fn announce(place: Place, url: String) -> Result<(), SandboxError> {
    blocking(move || {
        let file = place.addresses();
        // Renamed into place: a reader never sees half an address.
        let draft = file.with_extension("new");
        fs::write(&draft, format!("{url}\n"))
            .and_then(|()| fs::rename(&draft, &file))
            .map_err(|error| place::trouble(&error, "write", &file))
    })
    .await
}

/// Ends a runner, and whatever is there of its sandbox, and looks until nothing is left.
async fn end(sandbox: SandboxId, runner: Option<Process>) -> Result<(), SandboxError> {
    let mut survivors = Survivors::of(sandbox);
    if let Some(runner) = runner {
        // Taken before the runner dies: then nobody is its descendant any more.
        survivors = blocking(move || Ok(survivors.with_descendants(runner))).await?;
        runner.signal(Signal::TERM);
        let deadline = Instant::now() + TERMINATE_MAX;
        while runner.is_alive() && Instant::now() < deadline {
            sleep(LOOK_EVERY).await;
        }
        // Once more: it may have gone on starting processes until now.
        survivors = blocking(move || Ok(survivors.with_descendants(runner))).await?;
        runner.signal(Signal::KILL);
    }
    let deadline = Instant::now() + KILL_MAX;
    loop {
        let (rest, left) = blocking(move || {
            let left = survivors.kill();
            Ok((survivors, left))
        })
        .await?;
        survivors = rest;
        if left.is_empty() {
            return Ok(());
        }
        if deadline < Instant::now() {
            let pids: Vec<_> = left.iter().map(|process| process.pid.to_string()).collect();
            let pids = pids.join(", ");
            return Err(SandboxError::Busy(format!(
                "processes of sandbox {sandbox} survive SIGKILL: {pids}"
            )));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Files and `/proc` are read where that does not hold up anybody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|gone| Err(SandboxError::Busy(gone.to_string())))
}
