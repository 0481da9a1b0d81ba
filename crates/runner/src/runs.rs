//! All runs of this sandbox, and what the control plane may ask about them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use optio_domain::id::RunId;
use optio_domain::wire::checkout::Removal;
use optio_domain::wire::outputs::ALL;
use optio_domain::wire::runner::{EndCause, Ended, Happening, HeldRun, RunSpec};
use rustix::process::Signal;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::claims::Claims;
use crate::command::failed;
use crate::course;
use crate::door::Door;
use crate::held::{Held, Input, Wish};
use crate::journal::{Header, Journal, Left};
use crate::place::Place;
use crate::tree::{self, Family, Snapshot};
use crate::warm::Waiting;

/// Runs that may be alive at once.
const RUNS_ALIVE_MAX: usize = 64;
/// How long survivors of a dead runner may take to die.
const SURVIVORS_WAIT_MAX: Duration = Duration::from_secs(10);
/// Between two looks at processes that are being killed.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Between two attempts to write an end that the journal would not take.
const SAVE_AGAIN: Duration = Duration::from_secs(1);

/// Why the runner ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Asked,
    Refused(String),
}

/// The runs of this sandbox.
pub(crate) struct Runs {
    place: Place,
    door: Door,
    state_dir: PathBuf,
    claims: Claims,
    inner: Mutex<Inner>,
    news: watch::Sender<()>,
    end: watch::Sender<Option<End>>,
}

#[derive(Default)]
struct Inner {
    held: BTreeMap<RunId, Arc<Held>>,
    /// First processes of runs, which are waited for; every other child is an orphan.
    waited: BTreeSet<i32>,
    /// The program that waits for its next run.
    waiting: Option<Waiting>,
    closing: bool,
}

impl Runs {
    pub(crate) fn new(place: Place, door: Door, state_dir: PathBuf, claims: Claims) -> Self {
        Self {
            place,
            door,
            state_dir,
            claims,
            inner: Mutex::default(),
            news: watch::Sender::new(()),
            end: watch::Sender::new(None),
        }
    }

    /// Takes over what an earlier runner has left, and ends what it could not.
    pub(crate) async fn replay(&self) -> io::Result<()> {
        // A program that waited has no run to be found by.
        let survivors = kill_survivors(Family::of_sandbox(&self.place.sandbox)).await;
        if 0 < survivors {
            tracing::warn!(
                survivors,
                "processes of an earlier runner could not be killed"
            );
        }
        std::fs::create_dir_all(self.journals())?;
        for entry in std::fs::read_dir(self.journals())? {
            let path = entry?.path();
            if path
                .extension()
                .is_none_or(|extension| extension != "jsonl")
            {
                continue;
            }
            match Journal::open(&path) {
                Ok(Some(left)) => self.adopt(left).await,
                Ok(None) => std::fs::remove_file(&path)?,
                // One file that cannot be read is no reason to give up the sandbox.
                Err(error) => tracing::error!(%error, ?path, "journal not read"),
            }
        }
        Ok(())
    }

    async fn adopt(&self, left: Left) {
        let Left {
            header,
            journal,
            ended,
        } = left;
        let run = header.run;
        let held = Held::over(header, journal, self.news.clone());
        if !ended {
            let survivors = kill_survivors(Family::new(run, None)).await;
            tracing::warn!(run.id = %run, survivors, "an earlier runner died under this run");
            if header.files {
                forgo_files(&held);
            }
            let detail = match survivors {
                0 => "the runner died and was started again".to_owned(),
                some => format!("the runner died; {some} processes could not be killed"),
            };
            held.end(Ended {
                cause: EndCause::RunnerDied,
                code: None,
                signal: None,
                detail: Some(detail),
            });
        }
        self.lock().held.insert(run, Arc::new(held));
    }

    /// Starts a run, unless it is known.
    pub(crate) fn start(self: &Arc<Self>, spec: RunSpec) {
        let header = Header {
            run: spec.run,
            epoch: spec.epoch,
            files: spec.outputs.is_some(),
        };
        let mut inner = self.lock();
        if inner.held.contains_key(&spec.run) {
            return;
        }
        let alive = inner.held.values().filter(|held| held.is_alive()).count();
        let (held, journal) = Held::begin(&self.journals(), header, self.news.clone());
        let held = Arc::new(held);
        inner.held.insert(spec.run, Arc::clone(&held));
        let closing = inner.closing;
        drop(inner);
        let refused = match journal {
            Err(error) => Some(Ended {
                cause: EndCause::JournalFailed,
                ..failed(format!("the journal was not begun: {error}"))
            }),
            Ok(()) if closing => Some(Ended {
                cause: EndCause::Stopped,
                ..failed("the runner is ending".to_owned())
            }),
            Ok(()) if RUNS_ALIVE_MAX <= alive => {
                Some(failed(format!("{RUNS_ALIVE_MAX} runs are alive already")))
            }
            Ok(()) => None,
        };
        let runs = Arc::clone(self);
        tokio::spawn(async move {
            let run = spec.run;
            let ended = match refused {
                Some(ended) => ended,
                None => course::carry_out(&runs, &held, spec).await,
            };
            tracing::info!(run.id = %run, cause = ?ended.cause, code = ended.code, "run ended");
            held.end(ended);
            runs.bury(run);
            while !held.save() && runs.get(run).is_some() {
                tokio::time::sleep(SAVE_AGAIN).await;
            }
        });
    }

    pub(crate) fn stop(&self, run: RunId) {
        if let Some(held) = self.get(run) {
            held.wish(Wish::Stop);
        }
    }

    pub(crate) fn input(&self, run: RunId, input: Input) {
        if let Some(held) = self.get(run) {
            held.input(input);
        }
    }

    pub(crate) fn ack(&self, run: RunId, seq: i64) {
        if let Some(held) = self.get(run) {
            held.ack(seq);
        }
    }

    pub(crate) fn forget(&self, run: RunId) {
        if let Some(held) = self.get(run) {
            held.forget();
            self.bury(run);
        }
    }

    /// Asks the runner to end; the first to ask is heard.
    pub(crate) fn ask_end(&self, end: End) {
        self.end.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert(end);
            first
        });
    }

    /// Waits until somebody has asked the runner to end.
    pub(crate) async fn end_asked(&self) -> End {
        let mut asked = self.end.subscribe();
        loop {
            if let Some(end) = asked.borrow_and_update().clone() {
                return end;
            }
            if asked.changed().await.is_err() {
                return End::Asked;
            }
        }
    }

    /// Ends all runs, and takes no new ones. Returns when nothing of them is alive.
    pub(crate) async fn close(&self) {
        self.lock().closing = true;
        let mut news = self.news();
        for held in self.all().values() {
            held.wish(Wish::StopSoon);
        }
        if let Some(waiting) = self.take_waiting() {
            waiting.end().await;
        }
        while 0 < self.alive() && news.changed().await.is_ok() {}
    }

    /// Waits until everything is acknowledged.
    pub(crate) async fn settled(&self) {
        let mut news = self.news();
        while !self.all().values().all(|held| held.is_acked()) && news.changed().await.is_ok() {}
    }

    pub(crate) fn all(&self) -> BTreeMap<RunId, Arc<Held>> {
        self.lock().held.clone()
    }

    pub(crate) fn views(&self) -> Vec<HeldRun> {
        self.lock().held.values().map(|held| held.view()).collect()
    }

    /// How many runs are alive.
    pub(crate) fn alive(&self) -> usize {
        self.lock()
            .held
            .values()
            .filter(|held| held.is_alive())
            .count()
    }

    /// How many programs may be alive: one for each living run, one that waits, and what works for
    /// no run.
    pub(crate) fn programs(&self) -> usize {
        self.alive() + usize::from(self.lock().waiting.is_some()) + self.claims.works()
    }

    /// Whether nobody but one run can have to do with this clone.
    pub(crate) fn is_alone_in(&self, clone: &str) -> bool {
        self.lock().waiting.is_none() && self.claims.alone_in(clone)
    }

    /// Lets a program wait. The one that is not welcome comes back: an older one, or this one where
    /// the runner ends.
    pub(crate) fn put_waiting(&self, waiting: Waiting) -> Option<Waiting> {
        let mut inner = self.lock();
        if inner.closing {
            return Some(waiting);
        }
        inner.waiting.replace(waiting)
    }

    /// The program that waits, which is whoever asks's affair from now on.
    pub(crate) fn take_waiting(&self) -> Option<Waiting> {
        self.lock().waiting.take()
    }

    /// The same, where it waits in this directory.
    pub(crate) fn take_waiting_in(&self, dir: &str) -> Option<Waiting> {
        let waiting = &mut self.lock().waiting;
        waiting.take_if(|waiting| waiting.dir() == dir)
    }

    /// The program of this name has ended and does not wait any more.
    pub(crate) fn not_waiting(&self, process: RunId) {
        let mut inner = self.lock();
        if inner
            .waiting
            .as_ref()
            .is_some_and(|waiting| waiting.process() == process)
        {
            inner.waiting = None;
        }
    }

    /// Lets it be said what became of a worktree.
    pub(crate) fn removed(&self, worktree: String, outcome: Removal) {
        self.claims.removed(worktree, outcome);
        self.news.send_replace(());
    }

    /// Something to send, or something acknowledged, or a run that ended.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// This child is waited for by its run.
    pub(crate) fn wait_for(&self, pid: i32) {
        self.lock().waited.insert(pid);
    }

    /// This child has been waited for.
    pub(crate) fn waited(&self, pid: i32) {
        self.lock().waited.remove(&pid);
    }

    /// Looks at the processes of the machine, burying dead orphans on the way.
    pub(crate) fn look(&self) -> Snapshot {
        let snapshot = Snapshot::take();
        snapshot.bury(&self.lock().waited);
        snapshot
    }

    fn bury(&self, run: RunId) {
        let mut inner = self.lock();
        if inner.held.get(&run).is_some_and(|held| held.bury()) {
            inner.held.remove(&run);
        }
        drop(inner);
        self.news.send_replace(());
    }

    fn get(&self, run: RunId) -> Option<Arc<Held>> {
        self.lock().held.get(&run).cloned()
    }

    fn journals(&self) -> PathBuf {
        self.state_dir.join("journals")
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which secrets must not stand in the files of a run has died with its runner: they are not kept.
fn forgo_files(held: &Held) {
    let lost = Happening::FileLeft {
        path: ALL.to_owned(),
        reason: "the runner died before all files were read".to_owned(),
    };
    if let Err(error) = held.record(lost) {
        tracing::warn!(%error, run.id = %held.run(), "what is lost with a runner was not written");
    }
}

/// Kills what a dead runner has left behind; how many would not die.
async fn kill_survivors(mut family: Family) -> usize {
    let until = Instant::now() + SURVIVORS_WAIT_MAX;
    loop {
        let left = family.alive_anywhere(&Snapshot::take());
        if left.is_empty() || until <= Instant::now() {
            return left.len();
        }
        for process in &left {
            tree::signal(process, Signal::KILL);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
