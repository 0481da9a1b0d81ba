//! The small program inside every sandbox: it starts agents, keeps what they say, and ends them. It
//! outlives the control plane.
//!
//! One thread does everything. That is enough for what it has to do, and it is needed: bubblewrap
//! dies with the thread that has started it, and that must not happen before the runner's end.

mod addresses;
mod claims;
pub mod clock;
pub mod collect;
mod command;
mod course;
pub mod credentials;
mod directory;
mod door;
mod environment;
mod feed;
mod files;
mod git;
mod held;
pub mod journal;
pub mod keeper;
pub mod lines;
mod link;
pub mod mark;
pub mod place;
pub mod pod;
mod prepare;
mod program;
pub mod redact;
mod run;
mod runs;
mod seen;
mod setup;
mod site;
pub mod talk;
mod tools;
pub mod tree;
mod upkeep;
mod verdict;
mod warm;
pub mod watch;

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use optio_domain::wire::runner::Bootstrap;
use rustix::fs::FlockOperation;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use addresses::Addresses;
use claims::Claims;
use door::Door;
use link::Link;
use place::Place;
use runs::{End, Runs};

/// How long the last events may take to be acknowledged when the runner ends.
const SETTLE_MAX: Duration = Duration::from_secs(2);
/// How often the runner asks itself whether it is still needed, at most.
const NEEDED_EVERY_MAX: Duration = Duration::from_secs(1);
/// Longer times are as good as for ever, and cannot overflow.
const ORPHAN_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Why the runner cannot be, or cannot be any longer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What it was told at the start cannot be used.
    #[error("the bootstrap cannot be used: {0}")]
    Bootstrap(String),
    /// Another runner works on the same sandbox.
    #[error("another runner works on {0:?} already")]
    Locked(PathBuf),
    /// The control plane does not want it.
    #[error("refused by the control plane: {0}")]
    Refused(String),
    /// The machine does not allow what it needs.
    #[error("{what}")]
    Machine {
        /// What it needs.
        what: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl Failure {
    /// What the process exits with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Machine { .. } => 1,
            Self::Bootstrap(_) => 2,
            Self::Locked(_) => 3,
            Self::Refused(_) => 4,
        }
    }
}

/// Understands what a runner is told at its start.
pub fn parse(text: &str) -> Result<Bootstrap, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Bootstrap(error.to_string()))
}

/// Runs until told to end, or until nobody needs it any more.
///
/// Must be called on a runtime with one thread, the main one.
pub async fn serve(bootstrap: Bootstrap) -> Result<(), Failure> {
    let state_dir = PathBuf::from(&bootstrap.state_dir);
    let written = bootstrap.reads_addresses.then_some(state_dir.as_path());
    let link = Addresses::new(&bootstrap.api_url, written)
        .and_then(|addresses| Link::new(addresses, &bootstrap.token, bootstrap.sandbox))
        .map_err(|error| Failure::Bootstrap(error.to_string()))?;
    let _lock = lock(&state_dir)?;
    adopt_orphans()?;
    let root = rustix::process::geteuid().is_root();
    let place = Place::of(bootstrap.sandbox, &bootstrap.isolation, root);
    let door = Door::here().map_err(machine("the runner does not find itself"))?;
    let claims = Claims::new(bootstrap.sandbox);
    let runs = Arc::new(Runs::new(place, door, state_dir, claims));
    runs.replay()
        .await
        .map_err(machine("journals cannot be read"))?;
    let link = Arc::new(link);
    let keeping = {
        let (link, runs) = (Arc::clone(&link), Arc::clone(&runs));
        tokio::spawn(async move { link.keep(&runs).await })
    };
    let orphan = Duration::from_millis(bootstrap.orphan_ms_max).min(ORPHAN_MAX);
    let end = tokio::select! {
        end = runs.end_asked() => end,
        told = told_to_end() => told?,
        () = orphaned(&runs, &link, orphan) => End::Asked,
    };
    tracing::info!("ending");
    runs.close().await;
    if link.is_up() {
        drop(tokio::time::timeout(SETTLE_MAX, runs.settled()).await);
    }
    keeping.abort();
    match end {
        End::Asked => Ok(()),
        End::Refused(reason) => Err(Failure::Refused(reason)),
    }
}

/// Makes the state directory ours alone, for as long as the file lives.
fn lock(state_dir: &Path) -> Result<File, Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state_dir)
        .map_err(machine("state_dir cannot be made"))?;
    let file = File::options()
        .create(true)
        .append(true)
        .open(state_dir.join("lock"))
        .map_err(machine("state_dir cannot be written"))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Failure::Locked(state_dir.to_owned())),
        Err(error) => Err(machine("state_dir cannot be locked")(error.into())),
    }
}

/// Leaves the starter's session, so that its end is not ours, and becomes the parent of everything
/// that runs leave behind.
fn adopt_orphans() -> Result<(), Failure> {
    if let Err(error) = rustix::process::setsid() {
        // The leader of a process group cannot leave; then it is not in its starter's group either.
        tracing::debug!(%error, "no session of our own");
    }
    let me = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(me))
        .map_err(|error| machine("orphans cannot be adopted")(error.into()))
}

async fn told_to_end() -> Result<End, Failure> {
    let listen = |kind| signal(kind).map_err(machine("signals cannot be heard"));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    // The terminal of whoever has started us is none of our business.
    let mut hangup = listen(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(End::Asked),
            _ = interrupt.recv() => return Ok(End::Asked),
            _ = hangup.recv() => {}
        }
    }
}

/// Returns when there was neither a living run nor a connection for so long.
async fn orphaned(runs: &Runs, link: &Link, wait: Duration) {
    let every = (wait / 4).clamp(Duration::from_millis(1), NEEDED_EVERY_MAX);
    let mut needed = Instant::now();
    loop {
        tokio::time::sleep(every).await;
        if link.is_up() || 0 < runs.alive() {
            needed = Instant::now();
        } else if wait <= needed.elapsed() {
            tracing::info!("no run and no connection for too long");
            return;
        }
    }
}

fn machine(what: &str) -> impl FnOnce(std::io::Error) -> Failure {
    move |source| Failure::Machine {
        what: what.to_owned(),
        source,
    }
}
