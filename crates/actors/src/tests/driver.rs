//! The driver of the played sandboxes.

use optio_domain::{
    id::{RunId, SandboxId},
    ports::{Eventually, IsolationReport, SandboxError, SandboxOrder, SandboxState, Sandboxes},
    wire::runner::EndCause,
};

use super::runners::{Fleet, Mood, ended};

impl Fleet {
    /// What a runner finds in its journal when it comes up: whatever has no end there has died
    /// with the runner before it.
    fn comes_up(&self, sandbox: SandboxId) -> bool {
        let orphans: Vec<RunId> = self.at(sandbox, |place| {
            place.ensured += 1;
            if place.alive {
                return Vec::new();
            }
            let alive = place.journals.iter().filter(|(_, journal)| journal.alive);
            alive.map(|(run, _)| *run).collect()
        });
        for run in orphans {
            self.record(sandbox, run, ended(EndCause::RunnerDied));
        }
        self.at(sandbox, |place| {
            let fresh = !place.alive;
            place.alive = true;
            place.deaf = false;
            fresh
        })
    }

    fn goes_down(&self, sandbox: SandboxId) {
        let alive: Vec<RunId> = self.run(sandbox).into_iter().collect();
        for run in alive {
            self.record(sandbox, run, ended(EndCause::RunnerDied));
        }
        self.at(sandbox, |place| place.alive = false);
        self.hangs_up(sandbox);
    }

    fn refuses(&self) -> Option<SandboxError> {
        match self.with(|inner| inner.mood.clone()) {
            Mood::Well | Mood::Silent => None,
            Mood::Busy => Some(SandboxError::Busy("the host is full".to_owned())),
            Mood::Broken => Some(SandboxError::Broken(
                "bwrap is missing; install bubblewrap".to_owned(),
            )),
        }
    }
}

impl Sandboxes for Fleet {
    fn ensure<'a>(&'a self, order: &'a SandboxOrder) -> Eventually<'a, Result<(), SandboxError>> {
        Box::pin(async move {
            if let Some(refusal) = self.refuses() {
                return Err(refusal);
            }
            let silent = self.with(|inner| matches!(inner.mood, Mood::Silent));
            if self.comes_up(order.sandbox) && !silent {
                let (fleet, sandbox) = (self.clone(), order.sandbox);
                tokio::spawn(async move { fleet.dials_in(sandbox).await });
            }
            Ok(())
        })
    }

    fn state(&self, sandbox: SandboxId) -> Eventually<'_, Result<SandboxState, SandboxError>> {
        Box::pin(async move {
            Ok(if self.alive(sandbox) {
                SandboxState::Alive
            } else {
                SandboxState::Gone
            })
        })
    }

    fn retire(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(async move {
            self.at(sandbox, |place| place.retired += 1);
            if let Some(refusal) = self.refuses() {
                return Err(refusal);
            }
            self.goes_down(sandbox);
            Ok(())
        })
    }

    fn destroy(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(async move {
            self.at(sandbox, |place| place.destroyed += 1);
            if let Some(refusal) = self.refuses() {
                return Err(refusal);
            }
            self.goes_down(sandbox);
            self.at(sandbox, |place| place.journals.clear());
            Ok(())
        })
    }

    fn isolation(&self) -> IsolationReport {
        IsolationReport {
            isolated: false,
            words: "played by hand".to_owned(),
        }
    }
}
