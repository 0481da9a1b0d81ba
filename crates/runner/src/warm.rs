//! The program that waits for its next run: at most one in a sandbox, within its limits of time and
//! memory. Whatever happens to it meanwhile, the next run only starts a little colder.

use std::sync::Arc;
use std::time::Duration;

use optio_domain::id::RunId;
use optio_domain::wire::runner::Dialogue;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use crate::lines::Heard;
use crate::program::Program;
use crate::runs::Runs;
use crate::tree;

/// How often the memory of a waiting program is looked at.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// How long a program may take to end by itself once nobody will speak to it any more.
const END_MAX: Duration = Duration::from_millis(500);
/// Longer times are as good as no limit, and cannot overflow a point in time.
const IDLE_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A program that waits.
pub(crate) struct Waiting {
    process: RunId,
    /// Where it was started, below the workspace.
    dir: String,
    taken: oneshot::Sender<()>,
    program: JoinHandle<Option<Program>>,
}

/// Lets a program wait for its next run.
pub(crate) async fn park(runs: &Arc<Runs>, program: Program, dialogue: &Dialogue) {
    let (process, dir) = (program.started_by, program.dir.clone());
    let (taken, asked) = oneshot::channel();
    let limits = Limits {
        idle: Duration::from_millis(dialogue.idle_ms_max).min(IDLE_MAX),
        rss_bytes: dialogue.idle_rss_bytes_max,
    };
    let waiting = {
        let runs = Arc::clone(runs);
        tokio::spawn(async move { wait(&runs, program, limits, asked).await })
    };
    let waiting = Waiting {
        process,
        dir,
        taken,
        program: waiting,
    };
    if let Some(unwelcome) = runs.put_waiting(waiting) {
        unwelcome.end().await;
    }
}

/// Ends the program that waits in this directory, where one does.
pub(crate) async fn end_in(runs: &Runs, dir: &str) {
    if let Some(waiting) = runs.take_waiting_in(dir) {
        waiting.end().await;
    }
}

/// The program that waits under this name, in this directory. Any other that waits is ended.
pub(crate) async fn take(runs: &Runs, process: Option<RunId>, dir: &str) -> Option<Program> {
    let waiting = runs.take_waiting()?;
    if process != Some(waiting.process) || waiting.dir != dir {
        tracing::info!(process = %waiting.process, "the waiting program does not fit, ending it");
        waiting.end().await;
        return None;
    }
    if waiting.taken.send(()).is_err() {
        tracing::debug!("the waiting program is ending");
    }
    waiting.program.await.ok().flatten()
}

impl Waiting {
    pub(crate) fn process(&self) -> RunId {
        self.process
    }

    pub(crate) fn dir(&self) -> &str {
        &self.dir
    }

    /// Ends it; returns when nothing of it is alive.
    pub(crate) async fn end(self) {
        drop(self.taken);
        drop(self.program.await);
    }
}

struct Limits {
    idle: Duration,
    rss_bytes: u64,
}

/// Waits with the program until it is wanted, or until there is a reason to end it.
async fn wait(
    runs: &Runs,
    mut program: Program,
    limits: Limits,
    mut asked: oneshot::Receiver<()>,
) -> Option<Program> {
    let idle = tokio::time::sleep(limits.idle);
    tokio::pin!(idle);
    let mut samples = tokio::time::interval_at(Instant::now() + SAMPLE_EVERY, SAMPLE_EVERY);
    samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut over = limits.rss_bytes < tree::usage(&program.alive(runs)).rss_bytes;
    let reason = loop {
        if over {
            break "it holds more memory than a waiting program may";
        }
        tokio::select! {
            asked = &mut asked => match asked {
                Ok(()) => return Some(program),
                Err(_) => break "nobody wants it any more",
            },
            _ = program.child.wait() => break "it ended by itself",
            heard = program.stdout.next(), if !program.stdout.done => program.overhear(&heard),
            heard = program.stderr.next(), if !program.stderr.done => program.overhear(&heard),
            _ = samples.tick() => {
                over = limits.rss_bytes < tree::usage(&program.alive(runs)).rss_bytes;
            }
            () = &mut idle => break "it waited too long",
        }
    };
    tracing::info!(run.pid = program.pid, reason, "a waiting program ends");
    program.end(runs).await;
    runs.not_waiting(program.started_by);
    None
}

impl Program {
    fn overhear(&mut self, heard: &Heard) {
        if matches!(heard, Heard::Line(_)) {
            self.unheard += 1;
        }
    }

    /// Ends a program that serves no run: lets it go by itself, then kills what is left.
    async fn end(&mut self, runs: &Runs) {
        // Its input is closed with this.
        drop(self.feed.take());
        let until = Instant::now() + END_MAX;
        loop {
            tokio::select! {
                _ = self.child.wait() => break,
                _ = self.stdout.next(), if !self.stdout.done => {}
                _ = self.stderr.next(), if !self.stderr.done => {}
                () = tokio::time::sleep_until(until) => break,
            }
        }
        self.kill(runs).await;
        // The first process is dead by now, and must be waited for.
        drop(self.child.wait().await);
        self.bury(runs);
    }
}
