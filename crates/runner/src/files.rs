//! Says the files a run has left, before its end is said. They are read by a process of their own, as
//! the agent's user, which can be ended where it takes too long.

use std::sync::Arc;
use std::time::Duration;

use optio_domain::wire::outputs::Outputs;
use optio_domain::wire::runner::{EndCause, Ended, Happening, RunSpec};
use tokio::time::Instant;

use crate::collect;
use crate::command::{Order, What, failed};
use crate::directory;
use crate::held::{Held, Wish};
use crate::keeper::{Keeper, Read};
use crate::lines::{Heard, Line};
use crate::program::Program;
use crate::redact::Redactor;
use crate::runs::Runs;

/// How long the reading may take.
const READING_MAX: Duration = Duration::from_secs(60);
/// The same where somebody has asked for the end of the run.
const READING_STOPPED_MAX: Duration = Duration::from_secs(2);
/// The same where the runner itself ends: whoever ends it does not wait for long.
const READING_SOON_MAX: Duration = Duration::from_millis(500);
/// Bytes of a line: a part of a file in base64, and its path.
const LINE_BYTES_MAX: usize = 512 << 10;

/// Why what was read is not said any further.
enum Trouble {
    /// The journal was not written.
    Journal(std::io::Error),
    /// Not everything was read, in words.
    Unread(String),
}

/// Says the files of a run, as far as any are to be kept. What cannot be read is said as well, and does
/// not change how the run ended.
///
/// # Errors
/// How the run ends where the journal is not written.
pub(crate) async fn keep(
    runs: &Runs,
    held: &Held,
    spec: &RunSpec,
    redactor: &Arc<Redactor>,
) -> Result<(), Ended> {
    let (Some(dir), Some(Outputs { limits, .. })) = (directory::outputs(spec), &spec.outputs)
    else {
        return Ok(());
    };
    let order = collect::Order {
        dir,
        limits: *limits,
    };
    let mut reading = Reading {
        runs,
        held,
        keeper: Keeper::new(*limits, Arc::clone(redactor)),
    };
    let done = match start(runs, spec, &order, redactor) {
        Ok(program) => reading.all_of(program).await,
        Err(ended) => Err(Trouble::Unread(ended.detail.unwrap_or_default())),
    };
    let why = match done {
        Ok(()) => None,
        Err(Trouble::Unread(words)) => Some(words),
        Err(Trouble::Journal(error)) => return Err(unwritten(&error)),
    };
    let last = reading.keeper.finish(why.as_deref());
    last.into_iter()
        .try_for_each(|what| held.record(what))
        .map_err(|error| unwritten(&error))
}

/// The end of a run of which not everything is written.
pub(crate) fn unwritten(error: &std::io::Error) -> Ended {
    Ended {
        cause: EndCause::JournalFailed,
        ..failed(format!("the journal was not written: {error}"))
    }
}

/// Starts the process that reads.
fn start(
    runs: &Runs,
    spec: &RunSpec,
    order: &collect::Order,
    redactor: &Arc<Redactor>,
) -> Result<Program, Ended> {
    let words = serde_json::to_string(order).map_err(|error| failed(error.to_string()))?;
    let mut program = Program::start(
        runs,
        &Order {
            marker: runs.claims().marker(),
            program: What::Ourselves,
            args: &[collect::ARGUMENT.to_owned()],
            dir: "",
            env: &[].into(),
            read_only: &spec.read_only,
        },
        Arc::clone(redactor),
        LINE_BYTES_MAX,
    )?;
    if let Some(feed) = &program.feed {
        feed.write(words);
    }
    program.hush();
    Ok(program)
}

struct Reading<'a> {
    runs: &'a Runs,
    held: &'a Held,
    keeper: Keeper,
}

impl Reading<'_> {
    /// Hears everything, and returns when nothing of the process is alive any more.
    async fn all_of(&mut self, mut program: Program) -> Result<(), Trouble> {
        let mut wishes = self.held.wishes();
        let mut patience = patience(*wishes.borrow_and_update());
        let since = Instant::now();
        let heard = loop {
            tokio::select! {
                heard = self.hear(&mut program) => break heard,
                // One that is not heard in full is heard again: nothing is lost between lines.
                Ok(()) = wishes.changed() => {
                    let wish = *wishes.borrow_and_update();
                    patience = patience.min(since.elapsed() + self::patience(wish));
                }
                () = tokio::time::sleep_until(since + patience) => {
                    let words = format!("it took longer than {} ms", patience.as_millis());
                    break Err(Trouble::Unread(words));
                }
            }
        };
        program.kill(self.runs).await;
        // The first process is dead by now, and must be waited for.
        drop(program.child.wait().await);
        program.bury(self.runs);
        heard
    }

    async fn hear(&mut self, program: &mut Program) -> Result<(), Trouble> {
        let mut complaint = None;
        while !(program.stdout.done && program.stderr.done) {
            tokio::select! {
                heard = program.stdout.next(), if !program.stdout.done => {
                    if let Heard::Line(line) = heard {
                        self.take(&line)?;
                    }
                }
                heard = program.stderr.next(), if !program.stderr.done => {
                    if let Heard::Line(line) = heard {
                        complaint = Some(line.text(LINE_BYTES_MAX, &program.redactor).0);
                    }
                }
            }
        }
        if self.keeper.is_done() {
            return Ok(());
        }
        let words = complaint.unwrap_or_else(|| "nobody knows why".to_owned());
        Err(Trouble::Unread(format!("they were not all read: {words}")))
    }

    fn take(&mut self, line: &Line) -> Result<(), Trouble> {
        let read: Read = serde_json::from_slice(&line.kept)
            .map_err(|_| Trouble::Unread("they were not read as they should be".to_owned()))?;
        let said: Vec<Happening> = self.keeper.hear(read);
        said.into_iter()
            .try_for_each(|what| self.held.record(what))
            .map_err(Trouble::Journal)
    }
}

fn patience(wish: Wish) -> Duration {
    match wish {
        Wish::Run => READING_MAX,
        Wish::Stop => READING_STOPPED_MAX,
        Wish::StopSoon => READING_SOON_MAX,
    }
}
