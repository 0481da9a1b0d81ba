//! Sandboxes with memory, and the runners in them: what the control plane sees of the world. A
//! runner keeps its journal over its own death, as the real one does.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use optio_domain::{
    id::{AgentId, RunId, SandboxId, TurnId},
    ports::AgentCli,
    wire::runner::{EndCause, Ended, Happening, HeldRun, RunEvent, RunSpec, ToRunner},
};
use optio_runtime::links::Connection;
use tokio::sync::mpsc;

use crate::time::Time;

mod driver;
mod program;

pub(crate) use driver::Driver;
pub(crate) use program::Program;

/// All sandboxes and their runners.
#[derive(Clone)]
pub(crate) struct Fleet {
    inner: Arc<Mutex<Inner>>,
    time: Time,
}

#[derive(Default)]
struct Inner {
    places: BTreeMap<SandboxId, Place>,
    /// How often a process was started for a run, by anybody, ever.
    started: BTreeMap<RunId, u32>,
    /// Every token an agent was ever given.
    tokens: Vec<Pass>,
    /// Runs whose program finished its work.
    succeeded: Vec<RunId>,
    /// What every run has said, also once its journal is gone.
    said: BTreeMap<RunId, Vec<RunEvent>>,
    /// Runs whose journal was lost with its disk: nobody can know how they went.
    lost: BTreeSet<RunId>,
    /// Connections whose runner is gone, until their control plane notices.
    broken: Vec<(SandboxId, Dialed)>,
}

/// A token in an agent's hands.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) agent: AgentId,
    pub(crate) turn: TurnId,
    pub(crate) token: String,
}

/// A sandbox.
#[derive(Default)]
pub(crate) struct Place {
    /// Whether its runner runs.
    pub(crate) alive: bool,
    /// Whether its runner no longer does as it is told.
    pub(crate) deaf: bool,
    pub(crate) dialed: Option<Dialed>,
    pub(crate) journals: BTreeMap<RunId, Journal>,
    /// Connections so far.
    pub(crate) serial: u64,
}

/// A connection to a control plane, as the runner holds it.
pub(crate) struct Dialed {
    pub(crate) plane: usize,
    pub(crate) serial: u64,
    pub(crate) connection: Connection,
    pub(crate) orders: mpsc::Receiver<ToRunner>,
    /// Whether the control plane has answered our hello: only then do we report.
    pub(crate) greeted: bool,
    /// Whether it is storing a batch of ours.
    pub(crate) delivering: bool,
    /// Up to where each run was sent over this connection.
    pub(crate) sent: BTreeMap<RunId, i64>,
}

/// A run as its runner holds it.
pub(crate) struct Journal {
    pub(crate) epoch: i64,
    pub(crate) events: Vec<RunEvent>,
    pub(crate) acked: i64,
    pub(crate) alive: bool,
    pub(crate) stopping: bool,
    /// Milliseconds it may take.
    pub(crate) duration_ms: i64,
}

impl Journal {
    pub(crate) fn last_seq(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap_or(0)
    }

    pub(crate) fn is_started(&self) -> bool {
        !self.events.is_empty()
    }
}

impl Fleet {
    pub(crate) fn new(time: Time) -> Self {
        Self {
            inner: Arc::default(),
            time,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a sandbox, or changes it.
    pub(crate) fn at<T>(&self, sandbox: SandboxId, act: impl FnOnce(&mut Place) -> T) -> T {
        act(self.lock().places.entry(sandbox).or_default())
    }

    /// Every sandbox there ever was.
    pub(crate) fn places(&self) -> Vec<SandboxId> {
        self.lock().places.keys().copied().collect()
    }

    /// Every process that is alive.
    pub(crate) fn processes(&self) -> Vec<(SandboxId, RunId)> {
        let inner = self.lock();
        let places = inner.places.iter().filter(|(_, place)| place.alive);
        places
            .flat_map(|(sandbox, place)| {
                let alive = place.journals.iter().filter(|(_, journal)| journal.alive);
                alive.map(|(run, _)| (*sandbox, *run))
            })
            .collect()
    }

    /// Every token an agent was ever given, and whether its process is alive.
    pub(crate) fn passes(&self) -> Vec<(Pass, bool)> {
        let alive = self.processes();
        let inner = self.lock();
        let passes = inner.tokens.iter().map(|pass| {
            let run = RunId::of_turn(pass.turn);
            (pass.clone(), alive.iter().any(|(_, it)| *it == run))
        });
        passes.collect()
    }

    /// Runs for which more than one process was started.
    pub(crate) fn started_twice(&self) -> Vec<RunId> {
        let inner = self.lock();
        let twice = inner.started.iter().filter(|(_, times)| 1 < **times);
        // Without its journal nobody can know that a run was started before.
        twice
            .map(|(run, _)| *run)
            .filter(|run| !inner.lost.contains(run))
            .collect()
    }

    /// Whether the program of a run finished its work.
    pub(crate) fn succeeded(&self, run: RunId) -> bool {
        self.lock().succeeded.contains(&run)
    }

    /// What a run has said.
    pub(crate) fn said(&self, run: RunId) -> Vec<RunEvent> {
        self.lock().said.get(&run).cloned().unwrap_or_default()
    }

    /// Writes into a run's journal what happened, while it is alive.
    pub(crate) fn record(&self, sandbox: SandboxId, run: RunId, what: Happening) {
        let at = self.time.now();
        let mut inner = self.lock();
        let journal = inner
            .places
            .get_mut(&sandbox)
            .and_then(|place| place.journals.get_mut(&run))
            .filter(|journal| journal.alive);
        let Some(journal) = journal else { return };
        journal.alive = !matches!(what, Happening::Ended(_));
        let event = RunEvent {
            run,
            epoch: journal.epoch,
            seq: journal.last_seq() + 1,
            at,
            what,
        };
        journal.events.push(event.clone());
        inner.said.entry(run).or_default().push(event);
    }

    /// A run's program does its work and ends.
    pub(crate) fn succeeds(&self, sandbox: SandboxId, run: RunId) {
        let line = "done 0.01 10 10 Finished.".to_owned();
        self.record(sandbox, run, Happening::Stdout { line, cut: 0 });
        self.record(sandbox, run, ended(EndCause::Exited, Some(0)));
        self.lock().succeeded.push(run);
    }

    /// The runner does what it was told.
    pub(crate) fn obey(&self, sandbox: SandboxId, order: ToRunner) {
        if self.at(sandbox, |place| !place.alive) {
            return;
        }
        match order {
            ToRunner::Start(spec) => self.start(sandbox, &spec),
            ToRunner::Stop { run } => self.at(sandbox, |place| {
                if let (Some(journal), false) = (place.journals.get_mut(&run), place.deaf) {
                    journal.stopping = journal.alive;
                }
            }),
            ToRunner::Ack { run, seq } => self.at(sandbox, |place| {
                if let Some(journal) = place.journals.get_mut(&run) {
                    journal.acked = journal.acked.max(seq.min(journal.last_seq()));
                }
            }),
            ToRunner::Forget { run } => self.at(sandbox, |place| {
                let over = place.journals.get(&run).is_some_and(|it| !it.alive);
                if over {
                    place.journals.remove(&run);
                } else if let Some(journal) = place.journals.get_mut(&run) {
                    journal.stopping = true;
                }
            }),
            // Whoever runs the agent is elsewhere: the runner dials again.
            ToRunner::Redirect { .. } => self.hangs_up(sandbox),
            // Its program does not listen while it works, so nobody asks; and it has no repository.
            ToRunner::Input { .. } | ToRunner::Peers { .. } | ToRunner::RemoveWorktree { .. } => {}
            ToRunner::Shutdown | ToRunner::Refused { .. } => self.goes_down(sandbox),
        }
    }

    fn start(&self, sandbox: SandboxId, spec: &RunSpec) {
        let run = spec.run;
        let mut inner = self.lock();
        let place = inner.places.entry(sandbox).or_default();
        if place.journals.contains_key(&run) {
            return;
        }
        let agent = AgentId(sandbox.0);
        place.journals.insert(
            run,
            Journal {
                epoch: spec.epoch,
                events: Vec::new(),
                acked: 0,
                alive: true,
                stopping: false,
                duration_ms: i64::try_from(spec.limits.duration_ms).unwrap_or(i64::MAX),
            },
        );
        *inner.started.entry(run).or_default() += 1;
        inner.said.remove(&run);
        if let Some(token) = spec.secrets.get("OPTIO_AGENT_TOKEN") {
            inner.tokens.push(Pass {
                agent,
                turn: TurnId(run.0),
                token: token.clone(),
            });
        }
    }

    /// The runner is there; whatever has no end in its journal died with the runner before it.
    pub(super) fn comes_up(&self, sandbox: SandboxId) {
        if self.at(sandbox, |place| place.alive) {
            return;
        }
        self.orphans_die(sandbox);
        self.at(sandbox, |place| (place.alive, place.deaf) = (true, false));
    }

    /// The runner ends, and with it whatever runs.
    pub(crate) fn goes_down(&self, sandbox: SandboxId) {
        self.orphans_die(sandbox);
        self.dies(sandbox);
    }

    fn orphans_die(&self, sandbox: SandboxId) {
        let orphans: Vec<RunId> = self.at(sandbox, |place| {
            let alive = place.journals.iter().filter(|(_, journal)| journal.alive);
            alive.map(|(run, _)| *run).collect()
        });
        for run in orphans {
            self.record(sandbox, run, ended(EndCause::RunnerDied, None));
        }
    }

    /// The runner dies and says nothing; its agents die with it.
    pub(crate) fn dies(&self, sandbox: SandboxId) {
        self.at(sandbox, |place| place.alive = false);
        self.hangs_up(sandbox);
    }

    /// The connection breaks.
    pub(crate) fn hangs_up(&self, sandbox: SandboxId) {
        if let Some(dialed) = self.at(sandbox, |place| place.dialed.take()) {
            self.lock().broken.push((sandbox, dialed));
        }
    }

    /// The connections that broke since this was last asked.
    pub(crate) fn broken(&self) -> Vec<(SandboxId, Dialed)> {
        std::mem::take(&mut self.lock().broken)
    }

    /// The sandbox is gone with its disk.
    pub(crate) fn vanishes(&self, sandbox: SandboxId) {
        self.dies(sandbox);
        let mut inner = self.lock();
        if let Some(place) = inner.places.get_mut(&sandbox) {
            let runs: Vec<RunId> = std::mem::take(&mut place.journals).into_keys().collect();
            inner.lost.extend(runs);
        }
    }

    /// Whether a run's journal was lost with its disk.
    pub(crate) fn is_lost(&self, run: RunId) -> bool {
        self.lock().lost.contains(&run)
    }

    /// What the runner says of its runs when it dials in.
    pub(crate) fn held(&self, sandbox: SandboxId) -> Vec<HeldRun> {
        self.at(sandbox, |place| {
            let runs = place.journals.iter();
            runs.map(|(run, journal)| HeldRun {
                run: *run,
                epoch: journal.epoch,
                last_seq: journal.last_seq(),
                alive: journal.alive,
            })
            .collect()
        })
    }

    /// A run's time is over: its runner ends it.
    pub(crate) fn expire(&self) -> bool {
        let mut over = Vec::new();
        for (sandbox, run) in self.processes() {
            let deadline = self.at(sandbox, |place| {
                let journal = place.journals.get(&run).filter(|_| !place.deaf)?;
                let started = journal.events.first()?.at;
                Some(started + chrono::TimeDelta::milliseconds(journal.duration_ms))
            });
            if deadline.is_some_and(|deadline| deadline <= self.time.now()) {
                over.push((sandbox, run));
            }
        }
        for (sandbox, run) in &over {
            self.record(*sandbox, *run, ended(EndCause::Duration, None));
        }
        !over.is_empty()
    }
}

/// How a run ends.
pub(crate) fn ended(cause: EndCause, code: Option<i32>) -> Happening {
    Happening::Ended(Ended {
        cause,
        code,
        signal: None,
        detail: None,
    })
}

/// The programs every control plane of a simulation can run.
pub(crate) fn programs() -> Vec<Arc<dyn AgentCli>> {
    vec![Arc::new(Program)]
}
