//! One run from its start to its last breath. Needs nobody: no connection, no control plane.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use optio_domain::wire::runner::{EndCause, Ended, FRAME_BYTES_MAX, Happening, RunLimits, RunSpec};
use rustix::process::Signal;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::watch as channel;
use tokio::task::AbortHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::command::{self, Report, Spawned, failed};
use crate::held::{Held, Wish};
use crate::lines::{Heard, Line, Output};
use crate::redact::Redactor;
use crate::runs::Runs;
use crate::tree::{self, Family, Process, Usage};
use crate::verdict::Verdict;
use crate::watch::{Step, Watch};

/// How often the use of processor and memory is reported.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// The first look, soon, so that what a run starts is known before it can hide.
const SAMPLE_FIRST: Duration = Duration::from_millis(100);
/// How long output is read on after everything is dead: it is in the pipes already.
const DRAIN_MAX: Duration = Duration::from_secs(2);
/// Between two looks at processes that are being killed: at first, and at most.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
const LOOK_AGAIN_MAX: Duration = Duration::from_millis(200);
/// After so long it is worth a warning that something does not die.
const DYING_MAX: Duration = Duration::from_secs(5);
/// After so many lines at a stretch others get their turn.
const LINES_AT_A_STRETCH: u32 = 64;
/// A byte can become six in JSON, and a line must fit one frame.
const LINE_BYTES_MAX: usize = FRAME_BYTES_MAX / 8;
/// Empty lines cost space too: the journal may be so many times as long as the output.
const JOURNAL_FACTOR: u64 = 4;
/// A journal this long is always in order.
const JOURNAL_BYTES_FREE: u64 = 1 << 20;

/// Carries a run out. When this returns nothing of it is alive, and what it says is the last event.
pub(crate) async fn carry_out(runs: &Runs, held: &Held, spec: RunSpec) -> Ended {
    let redactor = Redactor::new(spec.secrets.values().map(String::as_str));
    let mut ended = match begin(runs, held, spec, &redactor) {
        Ok(run) => run.live().await,
        Err(ended) => ended,
    };
    ended.detail = ended.detail.map(|detail| redactor.text(&detail));
    ended
}

fn begin<'a>(
    runs: &'a Runs,
    held: &'a Held,
    spec: RunSpec,
    redactor: &'a Redactor,
) -> Result<Run<'a>, Ended> {
    let place = runs.place();
    place
        .prepare()
        .map_err(|error| failed(format!("workspace or home cannot be made: {error}")))?;
    for file in &spec.files {
        place.write(file).map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
            failed(format!("{error}{}", source.unwrap_or_default()))
        })?;
    }
    let limits = RunLimits {
        line_bytes: spec.limits.line_bytes.min(LINE_BYTES_MAX),
        ..spec.limits
    };
    let Spawned { mut child, report } = command::spawn(place, runs.state_dir(), &spec)?;
    let pid = child.id().unwrap_or_default();
    let first = i32::try_from(pid).unwrap_or_default();
    runs.wait_for(first);
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(failed("the process has no pipes".to_owned()));
    };
    let keep = limits.line_bytes + redactor.longest();
    let mut samples = tokio::time::interval_at(Instant::now() + SAMPLE_FIRST, SAMPLE_EVERY);
    samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Ok(Run {
        runs,
        held,
        redactor,
        limits,
        isolated: report.is_some(),
        report,
        child,
        pid,
        first,
        feeding: feed(stdin, spec.stdin),
        stdout: Output::new(stdout, keep),
        stderr: Output::new(stderr, keep),
        family: Family::new(spec.run, Some(first)),
        watch: Watch::new(limits, Instant::now()),
        samples,
        cpu_ms: 0,
        mute: false,
        broken: None,
        last_words: None,
    })
}

/// Writes the prompt while the output is being read: an agent may answer before it has read all.
fn feed(mut stdin: ChildStdin, text: String) -> AbortHandle {
    tokio::spawn(async move {
        // An agent that does not want to hear the rest is within its rights.
        drop(stdin.write_all(text.as_bytes()).await);
    })
    .abort_handle()
}

struct Run<'a> {
    runs: &'a Runs,
    held: &'a Held,
    redactor: &'a Redactor,
    limits: RunLimits,
    isolated: bool,
    report: Option<Report>,
    child: Child,
    pid: u32,
    first: i32,
    feeding: AbortHandle,
    stdout: Output<ChildStdout>,
    stderr: Output<ChildStderr>,
    family: Family,
    watch: Watch,
    samples: Interval,
    cpu_ms: u64,
    /// Nothing is recorded any more: the output limit is passed, or the journal is broken.
    mute: bool,
    broken: Option<String>,
    last_words: Option<String>,
}

#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

impl Run<'_> {
    async fn live(mut self) -> Ended {
        self.record(Happening::Started { pid: self.pid });
        let status = self.follow().await;
        self.runs.waited(self.first);
        self.feeding.abort();
        self.kill_all().await;
        self.drain().await;
        self.verdict(status)
    }

    /// Listens and watches until the first process is gone.
    async fn follow(&mut self) -> Option<ExitStatus> {
        let mut wishes = self.held.wishes();
        wishes.mark_changed();
        let mut stretch = 0;
        loop {
            tokio::select! {
                status = self.child.wait() => return status.ok(),
                heard = self.stdout.next(), if !self.stdout.done => {
                    self.hear(Stream::Stdout, heard);
                    stretch += 1;
                }
                heard = self.stderr.next(), if !self.stderr.done => {
                    self.hear(Stream::Stderr, heard);
                    stretch += 1;
                }
                wish = wished(&mut wishes) => self.wished(wish),
                _ = self.samples.tick() => self.sample(),
                () = tokio::time::sleep_until(self.watch.next_at()) => {}
            }
            if let Some(step) = self.watch.due(Instant::now()) {
                self.act(step).await;
            }
            if LINES_AT_A_STRETCH <= stretch {
                stretch = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    fn wished(&mut self, wish: Wish) {
        let first = match wish {
            Wish::Run => return,
            Wish::Stop => Step::Interrupt,
            Wish::StopSoon => Step::Terminate,
        };
        self.watch.end(EndCause::Stopped, first, Instant::now());
    }

    async fn act(&mut self, step: Step) {
        tracing::info!(run.pid = self.pid, ?step, cause = ?self.watch.cause(), "stopping run");
        let signal = match step {
            Step::Interrupt => Signal::INT,
            Step::Terminate => Signal::TERM,
            Step::Kill => return self.kill_all().await,
        };
        let alive = self.alive();
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

    /// Kills until nothing is left.
    async fn kill_all(&mut self) {
        let since = Instant::now();
        let mut pause = LOOK_AGAIN;
        let mut warned = false;
        loop {
            let alive = self.alive();
            if alive.is_empty() {
                return;
            }
            for process in &alive {
                tree::signal(process, Signal::KILL);
            }
            if !warned && DYING_MAX < since.elapsed() {
                warned = true;
                tracing::warn!(run.pid = self.pid, processes = alive.len(), "does not die");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_AGAIN_MAX);
        }
    }

    fn alive(&mut self) -> Vec<Process> {
        let snapshot = self.runs.look();
        self.family.alive(&snapshot, self.runs.alive() <= 1)
    }

    fn hear(&mut self, stream: Stream, heard: Heard) {
        if self.limits.output_bytes < self.stdout.bytes + self.stderr.bytes {
            self.over("output");
        }
        let Heard::Line(line) = heard else { return };
        self.watch.heard(Instant::now());
        if self.mute {
            return;
        }
        self.record_line(stream, &line);
        let allowed = self.limits.output_bytes.saturating_mul(JOURNAL_FACTOR);
        if allowed.saturating_add(JOURNAL_BYTES_FREE) < self.held.journal_bytes() {
            self.over("journal");
        }
    }

    fn over(&mut self, what: &'static str) {
        if !self.mute {
            tracing::info!(run.pid = self.pid, what, "run is over its output limit");
        }
        self.mute = true;
        self.watch
            .end(EndCause::Output, Step::Interrupt, Instant::now());
    }

    fn record_line(&mut self, stream: Stream, line: &Line) {
        let (line, cut) = line.text(self.limits.line_bytes, self.redactor);
        match stream {
            Stream::Stdout => self.record(Happening::Stdout { line, cut }),
            Stream::Stderr => {
                if self.isolated && line.starts_with("bwrap: ") {
                    self.last_words = Some(line.clone());
                }
                self.record(Happening::Stderr { line, cut });
            }
        }
    }

    fn sample(&mut self) {
        let Usage {
            cpu_ms,
            rss_bytes,
            processes,
        } = tree::usage(&self.alive());
        // What an orphan has used is forgotten at its burial; time does not run backwards for that.
        self.cpu_ms = self.cpu_ms.max(cpu_ms);
        if !self.mute {
            self.record(Happening::Sample {
                cpu_ms: self.cpu_ms,
                rss_bytes,
                processes,
            });
        }
    }

    fn record(&mut self, what: Happening) {
        if let Err(error) = self.held.record(what) {
            tracing::warn!(%error, run.pid = self.pid, "journal not written, ending the run");
            self.mute = true;
            self.broken = Some(format!("the journal was not written: {error}"));
            self.watch
                .end(EndCause::JournalFailed, Step::Kill, Instant::now());
        }
    }

    /// Reads what is left in the pipes.
    async fn drain(&mut self) {
        let until = Instant::now() + DRAIN_MAX;
        while !(self.stdout.done && self.stderr.done) {
            tokio::select! {
                heard = self.stdout.next(), if !self.stdout.done => {
                    self.hear(Stream::Stdout, heard);
                }
                heard = self.stderr.next(), if !self.stderr.done => {
                    self.hear(Stream::Stderr, heard);
                }
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    fn verdict(mut self, status: Option<ExitStatus>) -> Ended {
        let executed = self.report.take().is_none_or(Report::executed);
        Verdict {
            cause: self.watch.cause(),
            code: status.and_then(|status| status.code()),
            signal: status.and_then(|status| status.signal()),
            isolated: self.isolated,
            executed,
            broken: self.broken,
            last_words: self.last_words,
            limits: self.limits,
        }
        .ended()
    }
}

/// The next wish. Never, when there can be none.
async fn wished(wishes: &mut channel::Receiver<Wish>) -> Wish {
    match wishes.changed().await {
        Ok(()) => *wishes.borrow_and_update(),
        Err(_) => std::future::pending().await,
    }
}
