//! One run with its program, from the first word to the last breath.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use optio_domain::wire::runner::{Dialogue, EndCause, Ended, Happening, RunLimits};
use tokio::sync::{mpsc, watch as channel};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::held::{Held, Input, Wish};
use crate::lines::{Heard, Line};
use crate::program::Program;
use crate::runs::Runs;
use crate::talk::Talk;
use crate::tree::{self, Usage};
use crate::verdict::Verdict;
use crate::warm;
use crate::watch::{Step, Watch};

/// How often the use of processor and memory is reported.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// The first look, soon, so that what a run starts is known before it can hide.
const SAMPLE_FIRST: Duration = Duration::from_millis(100);
/// How long output is read on after everything is dead: it is in the pipes already.
const DRAIN_MAX: Duration = Duration::from_secs(2);
/// After so many lines at a stretch others get their turn.
const LINES_AT_A_STRETCH: u32 = 64;
/// Empty lines cost space too: the journal may be so many times as long as the output.
const JOURNAL_FACTOR: u64 = 4;
/// A journal this long is always in order.
const JOURNAL_BYTES_FREE: u64 = 1 << 20;

/// How far a program came with a run.
pub(crate) enum Left {
    /// The run is over.
    Over(Ended),
    /// The program died before it began: another one may be started for the same run.
    Unbegun,
}

/// A run with the program that serves it.
pub(crate) struct Run<'a> {
    runs: &'a Arc<Runs>,
    held: &'a Held,
    limits: RunLimits,
    program: Program,
    dialogue: Option<&'a Dialogue>,
    talk: Option<Talk<'a>>,
    /// Whether the program has served other runs before.
    again: bool,
    watch: Watch,
    samples: Interval,
    /// Bytes of output, and processor time, that were not of this run.
    bytes_before: u64,
    cpu_ms_before: u64,
    cpu_ms: u64,
    /// The program said that it is done.
    finished: bool,
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

impl<'a> Run<'a> {
    pub(crate) fn new(
        runs: &'a Arc<Runs>,
        held: &'a Held,
        limits: RunLimits,
        mut program: Program,
        dialogue: Option<&'a Dialogue>,
    ) -> Self {
        let now = Instant::now();
        let mut samples = tokio::time::interval_at(now + SAMPLE_FIRST, SAMPLE_EVERY);
        samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let again = program.started_by != held.run();
        let cpu_ms_before = if again {
            tree::usage(&program.alive(runs)).cpu_ms
        } else {
            0
        };
        Self {
            runs,
            held,
            limits,
            dialogue,
            talk: dialogue.map(Talk::new),
            again,
            watch: Watch::new(limits, now),
            samples,
            bytes_before: program.stdout.bytes + program.stderr.bytes,
            cpu_ms_before,
            cpu_ms: 0,
            finished: false,
            mute: false,
            broken: None,
            last_words: None,
            program,
        }
    }

    /// Speaks to the program and follows it to the end of the run.
    pub(crate) async fn live(mut self, words: &str, ears: &mut mpsc::Receiver<Input>) -> Left {
        self.record(Happening::Started {
            pid: self.program.pid,
            process: self.again.then_some(self.program.started_by),
        });
        self.say_unheard();
        if let Some(feed) = &self.program.feed {
            feed.write(words.to_owned());
        }
        if self.talk.is_none() {
            // Closes the input once the words are written; they are given up when the run ends.
            self.program.hush();
        }
        let status = self.follow(ears).await;
        if self.finished {
            return Left::Over(self.finish().await);
        }
        let executed = self.program.bury(self.runs);
        self.program.kill(self.runs).await;
        // That it began may be among what it said last.
        self.drain().await;
        let begun = self.talk.as_ref().is_some_and(Talk::ever_begun);
        if self.again && !begun && self.watch.cause().is_none() {
            return Left::Unbegun;
        }
        Left::Over(self.verdict(status, executed))
    }

    /// The program is done and waits: what it has started besides itself ends with the run.
    async fn finish(mut self) -> Ended {
        self.program.tidy(self.runs).await;
        self.sample();
        if let Some(dialogue) = self.dialogue {
            warm::park(self.runs, self.program, dialogue).await;
        }
        Ended {
            cause: EndCause::Finished,
            code: None,
            signal: None,
            detail: None,
        }
    }

    fn say_unheard(&mut self) {
        let lines = std::mem::take(&mut self.program.unheard);
        if 0 < lines {
            let line = format!("{lines} lines came between two runs and are not kept");
            self.record(Happening::Stderr { line, cut: 0 });
        }
    }

    /// Listens and watches until the first process is gone, or says that it is done.
    async fn follow(&mut self, ears: &mut mpsc::Receiver<Input>) -> Option<ExitStatus> {
        let mut wishes = self.held.wishes();
        wishes.mark_changed();
        let mut stretch = 0;
        loop {
            tokio::select! {
                status = self.program.child.wait() => return status.ok(),
                heard = self.program.stdout.next(), if !self.program.stdout.done => {
                    self.hear(Stream::Stdout, heard);
                    stretch += 1;
                }
                heard = self.program.stderr.next(), if !self.program.stderr.done => {
                    self.hear(Stream::Stderr, heard);
                    stretch += 1;
                }
                wish = wished(&mut wishes) => self.wished(wish),
                Some(input) = ears.recv() => self.asked(input),
                _ = self.samples.tick() => self.sample(),
                () = tokio::time::sleep_until(self.watch.next_at()) => {}
            }
            if self.finished {
                return None;
            }
            if let Some(step) = self.watch.due(Instant::now()) {
                tracing::info!(run.pid = self.program.pid, ?step, cause = ?self.watch.cause(), "stopping run");
                self.program.signal(self.runs, step).await;
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

    /// Further input for the program.
    fn asked(&mut self, Input { id, text }: Input) {
        let offered = match &mut self.talk {
            Some(talk) => talk.offer(id, text),
            None => Err("this run takes no further input"),
        };
        if let Err(reason) = offered {
            self.record(Happening::InputRefused {
                input: id,
                reason: reason.to_owned(),
            });
        }
        self.pass_on();
    }

    /// Writes the next input, where the program is ready for it.
    fn pass_on(&mut self) {
        let stopping = self.watch.cause().is_some();
        let (Some(talk), Some(feed), false) = (&mut self.talk, &self.program.feed, stopping) else {
            return;
        };
        let Some((input, text)) = talk.due() else {
            return;
        };
        let happening = if feed.write(text) {
            Happening::InputTaken { input }
        } else {
            let reason = "the program does not read what it is told".to_owned();
            Happening::InputRefused { input, reason }
        };
        self.record(happening);
    }

    fn hear(&mut self, stream: Stream, heard: Heard) {
        let bytes = self.program.stdout.bytes + self.program.stderr.bytes;
        if self.limits.output_bytes < bytes.saturating_sub(self.bytes_before) {
            self.over("output");
        }
        let Heard::Line(line) = heard else { return };
        self.watch.heard(Instant::now());
        if self.mute {
            return;
        }
        self.record_line(stream, &line);
        self.listen(stream, &line);
        let allowed = self.limits.output_bytes.saturating_mul(JOURNAL_FACTOR);
        if allowed.saturating_add(JOURNAL_BYTES_FREE) < self.held.journal_bytes() {
            self.over("journal");
        }
    }

    /// Whether the line is a turn in the dialogue. A run that is being ended is not finished by it.
    fn listen(&mut self, stream: Stream, line: &Line) {
        if let (Stream::Stdout, Some(talk), None) = (stream, &mut self.talk, self.watch.cause()) {
            self.finished = talk.hear(&line.kept);
            self.pass_on();
        }
    }

    fn over(&mut self, what: &'static str) {
        if !self.mute {
            tracing::info!(
                run.pid = self.program.pid,
                what,
                "run is over its output limit"
            );
        }
        self.mute = true;
        self.watch
            .end(EndCause::Output, Step::Interrupt, Instant::now());
    }

    fn record_line(&mut self, stream: Stream, line: &Line) {
        let (line, cut) = line.text(self.limits.line_bytes, &self.program.redactor);
        match stream {
            Stream::Stdout => self.record(Happening::Stdout { line, cut }),
            Stream::Stderr => {
                if self.program.isolated && line.starts_with("bwrap: ") {
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
        } = tree::usage(&self.program.alive(self.runs));
        let cpu_ms = cpu_ms.saturating_sub(self.cpu_ms_before);
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
            tracing::warn!(%error, run.pid = self.program.pid, "journal not written, ending the run");
            self.mute = true;
            self.broken = Some(format!("the journal was not written: {error}"));
            self.watch
                .end(EndCause::JournalFailed, Step::Kill, Instant::now());
        }
    }

    /// Reads what is left in the pipes.
    async fn drain(&mut self) {
        let until = Instant::now() + DRAIN_MAX;
        while !(self.program.stdout.done && self.program.stderr.done) {
            tokio::select! {
                heard = self.program.stdout.next(), if !self.program.stdout.done => {
                    self.hear(Stream::Stdout, heard);
                }
                heard = self.program.stderr.next(), if !self.program.stderr.done => {
                    self.hear(Stream::Stderr, heard);
                }
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    fn verdict(self, status: Option<ExitStatus>, executed: bool) -> Ended {
        Verdict {
            cause: self.watch.cause(),
            code: status.and_then(|status| status.code()),
            signal: status.and_then(|status| status.signal()),
            isolated: self.program.isolated,
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
