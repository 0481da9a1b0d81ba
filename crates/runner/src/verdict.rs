//! Decides how a run ended, from what was seen of it.

use optio_domain::wire::runner::{EndCause, Ended, RunLimits};

/// Signals that kill and that programs meet in practice. Bubblewrap reports a death by signal `n`
/// as exit code `128 + n`, and some agents exit with such numbers for reasons of their own: a
/// number whose signal is none of these is theirs.
const DEADLY: [i32; 15] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 31];

/// What was seen.
pub(crate) struct Verdict {
    /// Why the runner ended it, if it did.
    pub(crate) cause: Option<EndCause>,
    /// What the first process exited with.
    pub(crate) code: Option<i32>,
    /// What the first process was killed by.
    pub(crate) signal: Option<i32>,
    /// Whether the first process is bubblewrap.
    pub(crate) isolated: bool,
    /// Whether the program was reached at all.
    pub(crate) executed: bool,
    /// Why the journal was not written, if it was not.
    pub(crate) broken: Option<String>,
    /// What bubblewrap last complained about.
    pub(crate) last_words: Option<String>,
    pub(crate) limits: RunLimits,
}

impl Verdict {
    pub(crate) fn ended(self) -> Ended {
        // Bubblewrap that is killed does not report; that is not a failed start.
        let failed_start = self.cause.is_none() && !self.executed && self.code.is_some();
        let (cause, detail) = if let Some(broken) = &self.broken {
            (EndCause::JournalFailed, Some(broken.clone()))
        } else if failed_start {
            let words = "bubblewrap could not set up the sandbox and did not say why";
            let words = self.last_words.clone().unwrap_or_else(|| words.to_owned());
            (EndCause::SpawnFailed, Some(words))
        } else {
            (self.cause.unwrap_or(EndCause::Exited), self.reason())
        };
        Ended {
            cause,
            code: self.code,
            signal: self.signal.or_else(|| self.signal_of_code()),
            detail,
        }
    }

    /// The signal that bubblewrap means by its exit code. The code stays beside it, since the two
    /// cannot be told apart for certain.
    fn signal_of_code(&self) -> Option<i32> {
        let signal = self.code.filter(|_| self.isolated)?.checked_sub(128)?;
        DEADLY.contains(&signal).then_some(signal)
    }

    fn reason(&self) -> Option<String> {
        let RunLimits {
            duration_ms,
            silence_ms,
            output_bytes,
            ..
        } = self.limits;
        match self.cause? {
            EndCause::Duration => Some(format!("ran for {duration_ms} ms")),
            EndCause::Silence => Some(format!("no line for {silence_ms} ms")),
            EndCause::Output => Some(format!("more than {output_bytes} bytes of output")),
            EndCause::Exited
            | EndCause::Finished
            | EndCause::Stopped
            | EndCause::Missing
            | EndCause::SpawnFailed
            | EndCause::Unprepared
            | EndCause::JournalFailed
            | EndCause::RunnerDied => None,
        }
    }
}
