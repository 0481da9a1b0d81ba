//! A started program with its pipes and everything it has started itself: of a run, or waiting for
//! the next one.

use std::sync::Arc;
use std::time::Duration;

use optio_domain::id::RunId;
use optio_domain::wire::runner::Ended;
use rustix::process::Signal;
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::Instant;

use crate::command::{self, Order, Report, Spawned, failed};
use crate::feed::Feed;
use crate::lines::Output;
use crate::redact::Redactor;
use crate::runs::Runs;
use crate::tree::{self, Family, Process};
use crate::watch::Step;

/// Between two looks at processes that are being killed: at first, and at most.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
const LOOK_AGAIN_MAX: Duration = Duration::from_millis(200);
/// After so long it is worth a warning that something does not die.
const DYING_MAX: Duration = Duration::from_secs(5);

/// A started program.
pub(crate) struct Program {
    /// The run that started it. Its processes carry that run's marker.
    pub(crate) started_by: RunId,
    pub(crate) pid: u32,
    pub(crate) child: Child,
    /// `None` once it is buried.
    pub(crate) feed: Option<Feed>,
    pub(crate) stdout: Output<ChildStdout>,
    pub(crate) stderr: Output<ChildStderr>,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) isolated: bool,
    /// Where it was started, below the workspace.
    pub(crate) dir: String,
    /// Lines it printed while it served no run.
    pub(crate) unheard: u64,
    report: Option<Report>,
    first: i32,
    family: Family,
}

impl Program {
    /// Starts a program. `line_bytes` of each line are kept, and what the redactor needs.
    pub(crate) fn start(
        runs: &Runs,
        order: &Order<'_>,
        redactor: Arc<Redactor>,
        line_bytes: usize,
    ) -> Result<Self, Ended> {
        let (place, door) = (runs.place(), runs.door());
        door.prepare(place, order.env)
            .map_err(|error| failed(format!("the way to credentials cannot be made: {error}")))?;
        let Spawned { mut child, report } = command::spawn(place, door, runs.state_dir(), order)?;
        let pid = child.id().unwrap_or_default();
        let first = i32::try_from(pid).unwrap_or_default();
        runs.wait_for(first);
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed("the process has no pipes".to_owned()));
        };
        let keep = line_bytes + redactor.longest();
        Ok(Self {
            started_by: order.marker,
            pid,
            child,
            feed: Some(Feed::into(stdin)),
            stdout: Output::new(stdout, keep),
            stderr: Output::new(stderr, keep),
            redactor,
            isolated: report.is_some(),
            dir: order.dir.to_owned(),
            unheard: 0,
            report,
            first,
            family: Family::new(order.marker, Some(first)),
        })
    }

    /// Everything of it that lives.
    pub(crate) fn alive(&mut self, runs: &Runs) -> Vec<Process> {
        let snapshot = runs.look();
        self.family.alive(&snapshot, runs.programs() <= 1)
    }

    /// Signals: the agent alone, or everything.
    pub(crate) async fn signal(&mut self, runs: &Runs, step: Step) {
        let signal = match step {
            Step::Interrupt => Signal::INT,
            Step::Terminate => Signal::TERM,
            Step::Kill => return self.kill(runs).await,
        };
        let alive = self.alive(runs);
        let sandbox = self.sandbox(&alive);
        for process in alive
            .iter()
            .filter(|process| !sandbox.contains(&process.pid))
        {
            if step == Step::Terminate || self.is_agent(process, &sandbox) {
                tree::signal(process, signal);
            }
        }
    }

    /// Kills until nothing is left.
    pub(crate) async fn kill(&mut self, runs: &Runs) {
        self.kill_where(runs, |_, _, _| true).await;
    }

    /// Kills what the program has started until only itself is left.
    pub(crate) async fn tidy(&mut self, runs: &Runs) {
        self.kill_where(runs, |program, process, sandbox| {
            !sandbox.contains(&process.pid) && !program.is_agent(process, sandbox)
        })
        .await;
    }

    async fn kill_where(&mut self, runs: &Runs, which: impl Fn(&Self, &Process, &[i32]) -> bool) {
        let since = Instant::now();
        let mut pause = LOOK_AGAIN;
        let mut warned = false;
        loop {
            let alive = self.alive(runs);
            let sandbox = self.sandbox(&alive);
            let doomed: Vec<_> = alive
                .iter()
                .filter(|process| which(self, process, &sandbox))
                .collect();
            if doomed.is_empty() {
                return;
            }
            for process in &doomed {
                tree::signal(process, Signal::KILL);
            }
            if !warned && DYING_MAX < since.elapsed() {
                warned = true;
                tracing::warn!(run.pid = self.pid, processes = doomed.len(), "does not die");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_AGAIN_MAX);
        }
    }

    /// The processes that are bubblewrap itself. Their end would be the end of everything in it,
    /// without the time to say goodbye.
    fn sandbox(&self, alive: &[Process]) -> Vec<i32> {
        if !self.isolated {
            return Vec::new();
        }
        let inits = alive
            .iter()
            .filter(|process| process.is_child_of(&[self.first]));
        [self.first]
            .into_iter()
            .chain(inits.map(|process| process.pid))
            .collect()
    }

    /// Whether this is the agent itself: the first process, or the one that bubblewrap's init has
    /// started before all others.
    fn is_agent(&self, process: &Process, sandbox: &[i32]) -> bool {
        if self.isolated {
            process.is_child_of(sandbox) && tree::inner_pid(process.pid) == Some(2)
        } else {
            process.pid == self.first
        }
    }

    /// Nothing more will be written: the input is closed once it has everything.
    pub(crate) fn hush(&mut self) {
        if let Some(feed) = &mut self.feed {
            feed.close();
        }
    }

    /// Buries the first process, once it was waited for; whether the program was ever executed.
    pub(crate) fn bury(&mut self, runs: &Runs) -> bool {
        runs.waited(self.first);
        if let Some(feed) = self.feed.take() {
            feed.abort();
        }
        self.report.take().is_none_or(Report::executed)
    }
}
