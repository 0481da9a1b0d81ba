//! A run as the runner holds it: its journal, its numbering, and whether it lives.

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use optio_domain::id::{MessageId, RunId};
use optio_domain::wire::runner::{Ended, FromRunner, Happening, HeldRun, RunEvent};
use tokio::sync::{mpsc, watch};

use crate::clock;
use crate::journal::{Cursor, Header, Journal};

/// What is wanted of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wish {
    Run,
    Stop,
    /// The runner itself ends.
    StopSoon,
}

/// Inputs that may wait until the run looks at them.
const INPUTS_MAX: usize = 64;

/// Further input for a run.
pub(crate) struct Input {
    pub(crate) id: MessageId,
    pub(crate) text: String,
}

/// A run that has not been forgotten.
pub(crate) struct Held {
    header: Header,
    state: Mutex<State>,
    wish: watch::Sender<Wish>,
    inputs: mpsc::Sender<Input>,
    /// Where the run hears its inputs, until it listens.
    ears: Mutex<Option<mpsc::Receiver<Input>>>,
    /// Woken when there is something new to send.
    news: watch::Sender<()>,
}

struct State {
    journal: Option<Journal>,
    /// An end that the journal would not take: it must not be lost as long as the runner lives.
    unsaved: Option<(i64, String)>,
    acked: i64,
    alive: bool,
    forgotten: bool,
}

/// How far one connection has sent a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Up to here in the journal.
    Journal(Cursor),
    /// Everything, this last event included.
    Unsaved(i64),
}

impl Held {
    /// A run that is about to start. Without a journal it can only end.
    pub(crate) fn new(header: Header, journal: Option<Journal>, news: watch::Sender<()>) -> Self {
        let (inputs, ears) = mpsc::channel(INPUTS_MAX);
        Self {
            header,
            inputs,
            ears: Mutex::new(Some(ears)),
            state: Mutex::new(State {
                journal,
                unsaved: None,
                acked: 0,
                alive: true,
                forgotten: false,
            }),
            wish: watch::Sender::new(Wish::Run),
            news,
        }
    }

    /// Writes what happened. An error means that it is not written, and that the run must end.
    pub(crate) fn record(&self, what: Happening) -> io::Result<()> {
        let mut state = self.lock();
        let Some(journal) = &mut state.journal else {
            return Err(io::Error::other("the run has no journal"));
        };
        let frame = self.frame(journal.last_seq() + 1, what)?;
        journal.append(&frame)?;
        drop(state);
        self.news.send_replace(());
        Ok(())
    }

    /// Writes the last event, or keeps it in memory where that is impossible.
    pub(crate) fn end(&self, ended: Ended) {
        let mut state = self.lock();
        let seq = state.journal.as_ref().map_or(0, Journal::last_seq) + 1;
        match self.frame(seq, Happening::Ended(ended)) {
            Ok(frame) => {
                state.unsaved = Some((seq, frame));
                save(&mut state);
            }
            Err(error) => tracing::error!(%error, run.id = %self.header.run, "end not written"),
        }
        state.alive = false;
        drop(state);
        self.news.send_replace(());
    }

    /// Tries once more to write an end that the journal would not take; whether all is written.
    pub(crate) fn save(&self) -> bool {
        save(&mut self.lock())
    }

    /// What there is to send after `sent` (at first: after the last acknowledgement), and how far
    /// that goes.
    pub(crate) fn batch(&self, sent: Option<Sent>) -> io::Result<(Vec<String>, Option<Sent>)> {
        let state = self.lock();
        let unsaved = || {
            let (seq, frame) = state.unsaved.as_ref()?;
            (state.acked < *seq).then(|| (vec![frame.clone()], Some(Sent::Unsaved(*seq))))
        };
        let cursor = match (sent, &state.journal) {
            (None, None) => return Ok(unsaved().unwrap_or_default()),
            (None, Some(journal)) => journal.after(state.acked)?,
            (Some(Sent::Journal(cursor)), _) => cursor,
            (Some(Sent::Unsaved(seq)), _) => return Ok((Vec::new(), Some(Sent::Unsaved(seq)))),
        };
        if let Some(journal) = &state.journal {
            let (frames, after) = journal.read(cursor)?;
            if !frames.is_empty() {
                return Ok((frames, Some(Sent::Journal(after))));
            }
        }
        Ok(unsaved().unwrap_or((Vec::new(), Some(Sent::Journal(cursor)))))
    }

    /// Everything up to `seq` is durable elsewhere.
    pub(crate) fn ack(&self, seq: i64) {
        let mut state = self.lock();
        state.acked = state.acked.max(seq.min(last_seq(&state)));
        drop(state);
        self.news.send_replace(());
    }

    /// Whether nothing of it is waiting for an acknowledgement.
    pub(crate) fn is_acked(&self) -> bool {
        let state = self.lock();
        last_seq(&state) <= state.acked
    }

    /// Wishes for more than before; a wish for less is not heard.
    pub(crate) fn wish(&self, wish: Wish) {
        self.wish.send_if_modified(|now| {
            let more = *now < wish;
            *now = wish.max(*now);
            more
        });
    }

    pub(crate) fn wishes(&self) -> watch::Receiver<Wish> {
        self.wish.subscribe()
    }

    /// Passes input on to the run. What finds no room or a dead run is not acknowledged, and is
    /// given again by whoever sent it, as long as that makes sense.
    pub(crate) fn input(&self, input: Input) {
        if self.inputs.try_send(input).is_err() {
            tracing::warn!(run.id = %self.header.run, "an input found no room, or no run");
        }
    }

    /// Where the run hears its inputs. For the run itself, once.
    pub(crate) fn ears(&self) -> mpsc::Receiver<Input> {
        let ears = self
            .ears
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        ears.unwrap_or_else(|| mpsc::channel(1).1)
    }

    pub(crate) fn run(&self) -> RunId {
        self.header.run
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.lock().alive
    }

    /// Bytes of its journal.
    pub(crate) fn journal_bytes(&self) -> u64 {
        self.lock().journal.as_ref().map_or(0, Journal::bytes)
    }

    /// Nobody will ask for it again.
    pub(crate) fn forget(&self) {
        self.lock().forgotten = true;
        self.wish(Wish::Stop);
    }

    /// Whether it may be dropped now, its journal deleted.
    pub(crate) fn bury(&self) -> bool {
        let mut state = self.lock();
        let over = state.forgotten && !state.alive;
        if over
            && let Some(journal) = state.journal.take()
            && let Err(error) = journal.delete()
        {
            tracing::warn!(%error, run.id = %self.header.run, "journal not deleted");
        }
        over
    }

    pub(crate) fn view(&self) -> HeldRun {
        let state = self.lock();
        HeldRun {
            run: self.header.run,
            epoch: self.header.epoch,
            last_seq: last_seq(&state),
            alive: state.alive,
        }
    }

    /// Takes over a journal that an earlier runner has left and that ends the run.
    pub(crate) fn over(header: Header, journal: Journal, news: watch::Sender<()>) -> Self {
        let held = Self::new(header, Some(journal), news);
        held.lock().alive = false;
        held
    }

    /// Begins a journal in `dir` for a run that is about to start.
    pub(crate) fn begin(
        dir: &Path,
        header: Header,
        news: watch::Sender<()>,
    ) -> (Self, io::Result<()>) {
        match Journal::create(dir, header) {
            Ok(journal) => (Self::new(header, Some(journal), news), Ok(())),
            Err(error) => (Self::new(header, None, news), Err(error)),
        }
    }

    fn frame(&self, seq: i64, what: Happening) -> io::Result<String> {
        let event = FromRunner::Event(RunEvent {
            run: self.header.run,
            epoch: self.header.epoch,
            seq,
            at: clock::now(),
            what,
        });
        Ok(serde_json::to_string(&event)?)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn save(state: &mut State) -> bool {
    if let (Some((_, frame)), Some(journal)) = (&state.unsaved, &mut state.journal) {
        match journal.append(frame) {
            Ok(()) => state.unsaved = None,
            Err(error) => tracing::warn!(%error, "journal not written, end kept in memory"),
        }
    }
    state.unsaved.is_none()
}

fn last_seq(state: &State) -> i64 {
    let written = state.journal.as_ref().map_or(0, Journal::last_seq);
    state.unsaved.as_ref().map_or(written, |(seq, _)| *seq)
}
