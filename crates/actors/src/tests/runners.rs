//! Sandboxes with memory, and the runners in them. A runner keeps its journal over its own death,
//! as the real one does, and tells everything that was not acknowledged once it is connected.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use optio_domain::{
    id::{RunId, SandboxId},
    ports::Clock as _,
    wire::{
        checkout::{Removal, WorktreeState},
        runner::{EndCause, Ended, Happening, HeldRun, RunEvent, RunSpec, ToRunner},
    },
};
use optio_runtime::links::{Connection, Links};

use super::fakes::FakeClock;
use crate::reports::Reports;

/// What a runner does with the next run it is given.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    /// Starts it, prints these lines, ends it with exit code 0.
    Prints(Vec<&'static str>),
    /// Starts it, prints these lines, and lets its process wait for the next one.
    Stays(Vec<&'static str>),
    /// Starts it, prints these lines, and waits for the test.
    Holds(Vec<&'static str>),
    /// Takes it and never says a word.
    Swallows,
}

/// How the driver answers.
#[derive(Debug, Clone)]
pub(crate) enum Mood {
    /// It does as it is told.
    Well,
    /// Not now.
    Busy,
    /// A person has to do something.
    Broken,
    /// The runner comes up and never dials in.
    Silent,
}

/// Where the runners dial: replaced when the control plane is.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) links: Links,
    pub(crate) reports: Reports,
}

/// All sandboxes and their runners.
#[derive(Clone)]
pub(crate) struct Fleet {
    inner: Arc<Mutex<Inner>>,
    clock: Arc<FakeClock>,
}

pub(super) struct Inner {
    pub(super) wire: Option<Wire>,
    pub(super) mood: Mood,
    pub(super) places: BTreeMap<SandboxId, Place>,
    pub(super) runs_peak: usize,
    pub(super) default: Play,
}

#[derive(Default)]
pub(super) struct Place {
    pub(super) alive: bool,
    pub(super) deaf: bool,
    pub(super) connection: Option<Connection>,
    pub(super) journals: BTreeMap<RunId, Journal>,
    pub(super) plays: VecDeque<Play>,
    pub(super) specs: Vec<RunSpec>,
    pub(super) heard: Vec<ToRunner>,
    pub(super) ensured: usize,
    pub(super) retired: usize,
    pub(super) destroyed: usize,
    pub(super) epoch_shift: i64,
    /// What worktrees hold that is nowhere else.
    pub(super) unpushed: BTreeMap<String, WorktreeState>,
    pub(super) removed: Vec<String>,
}

pub(super) struct Journal {
    pub(super) epoch: i64,
    pub(super) events: Vec<RunEvent>,
    pub(super) acked: i64,
    pub(super) alive: bool,
}

impl Fleet {
    pub(crate) fn new(clock: Arc<FakeClock>) -> Self {
        let inner = Inner {
            wire: None,
            mood: Mood::Well,
            places: BTreeMap::new(),
            runs_peak: 0,
            default: Play::Prints(vec!["done 0 0 0 ok"]),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            clock,
        }
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap())
    }

    pub(super) fn at<T>(&self, sandbox: SandboxId, act: impl FnOnce(&mut Place) -> T) -> T {
        self.with(|inner| act(inner.places.entry(sandbox).or_default()))
    }

    /// How the driver answers from now on.
    pub(crate) fn mood(&self, mood: Mood) {
        self.with(|inner| inner.mood = mood);
    }

    /// What the sandbox's runner does with the runs it is given next, in this order; then it
    /// prints a plain success.
    pub(crate) fn plays(&self, sandbox: SandboxId, plays: impl IntoIterator<Item = Play>) {
        self.at(sandbox, |place| place.plays.extend(plays));
    }

    /// What every runner does with a run for which nothing else was said.
    pub(crate) fn by_default(&self, play: Play) {
        self.with(|inner| inner.default = play);
    }

    /// The runner no longer does what it is asked, but its runs go on.
    pub(crate) fn deafen(&self, sandbox: SandboxId) {
        self.at(sandbox, |place| place.deaf = true);
    }

    /// From now on the runner reports an epoch that is so far off.
    pub(crate) fn shift_epoch(&self, sandbox: SandboxId, by: i64) {
        self.at(sandbox, |place| place.epoch_shift = by);
    }

    /// How often the driver was asked for it, and to end it, and to remove it.
    pub(crate) fn asked(&self, sandbox: SandboxId) -> (usize, usize, usize) {
        self.at(sandbox, |p| (p.ensured, p.retired, p.destroyed))
    }

    /// Whether its runner runs.
    pub(crate) fn alive(&self, sandbox: SandboxId) -> bool {
        self.at(sandbox, |place| place.alive)
    }

    /// Everything its runner was told.
    pub(crate) fn heard(&self, sandbox: SandboxId) -> Vec<ToRunner> {
        self.at(sandbox, |place| place.heard.clone())
    }

    /// Every run it was given.
    pub(crate) fn specs(&self, sandbox: SandboxId) -> Vec<RunSpec> {
        self.at(sandbox, |place| place.specs.clone())
    }

    /// A worktree there holds commits that are nowhere else.
    pub(crate) fn keeps_to_itself(&self, sandbox: SandboxId, worktree: &str, commits: u64) {
        let state = WorktreeState {
            worktree: worktree.to_owned(),
            head_sha: "ab".repeat(20),
            branch: None,
            unpushed: commits,
            dirty_files: 0,
        };
        self.at(sandbox, |place| {
            place.unpushed.insert(worktree.to_owned(), state)
        });
    }

    /// The worktrees its runner has removed.
    pub(crate) fn removed(&self, sandbox: SandboxId) -> Vec<String> {
        self.at(sandbox, |place| place.removed.clone())
    }

    /// The most runs that were alive at once.
    pub(crate) fn runs_peak(&self) -> usize {
        self.with(|inner| inner.runs_peak)
    }

    /// The run that is alive there.
    pub(crate) fn run(&self, sandbox: SandboxId) -> Option<RunId> {
        self.at(sandbox, |place| {
            let alive = place.journals.iter().find(|(_, journal)| journal.alive);
            alive.map(|(run, _)| *run)
        })
    }

    /// Every run that is alive anywhere.
    pub(crate) fn runs(&self) -> Vec<(SandboxId, RunId)> {
        self.with(|inner| {
            let places = inner.places.iter();
            places
                .flat_map(|(sandbox, place)| {
                    let alive = place.journals.iter().filter(|(_, journal)| journal.alive);
                    alive.map(|(run, _)| (*sandbox, *run))
                })
                .collect()
        })
    }

    /// A run prints lines.
    pub(crate) async fn prints(&self, sandbox: SandboxId, run: RunId, lines: &[&str]) {
        for line in lines {
            let (line, cut) = ((*line).to_owned(), 0);
            self.record(sandbox, run, Happening::Stdout { line, cut });
        }
        self.deliver(sandbox, run).await;
    }

    /// A run's runner says this about it.
    pub(crate) async fn says(&self, sandbox: SandboxId, run: RunId, what: Vec<Happening>) {
        for what in what {
            self.record(sandbox, run, what);
        }
        self.deliver(sandbox, run).await;
    }

    /// A run ends.
    pub(crate) async fn ends(&self, sandbox: SandboxId, run: RunId, cause: EndCause) {
        self.record(sandbox, run, ended(cause));
        self.deliver(sandbox, run).await;
    }

    /// A run prints lines and ends by itself.
    pub(crate) async fn finishes(&self, sandbox: SandboxId, run: RunId, lines: &[&str]) {
        self.prints(sandbox, run, lines).await;
        self.ends(sandbox, run, EndCause::Exited).await;
    }

    /// The runner dies; its journal stays, and so does, where `finished` says so, the end it had
    /// already written.
    pub(crate) fn dies(&self, sandbox: SandboxId, finished: &[&str]) {
        if let (Some(run), false) = (self.run(sandbox), finished.is_empty()) {
            for line in finished {
                let (line, cut) = ((*line).to_owned(), 0);
                self.record(sandbox, run, Happening::Stdout { line, cut });
            }
            self.record(sandbox, run, ended(EndCause::Exited));
        }
        self.at(sandbox, |place| place.alive = false);
        self.hangs_up(sandbox);
    }

    /// The connection breaks; the runner goes on.
    pub(crate) fn hangs_up(&self, sandbox: SandboxId) {
        let connection = self.at(sandbox, |place| place.connection.take());
        if let (Some(connection), Some(wire)) = (connection, self.with(|i| i.wire.clone())) {
            wire.links.disconnect(&connection);
            wire.reports.changed(sandbox);
        }
    }

    /// All runners lose the control plane, and find this one.
    pub(crate) async fn dial_all(&self, wire: Wire) {
        let alive: Vec<SandboxId> = self.with(|inner| {
            inner.wire = Some(wire);
            for place in inner.places.values_mut() {
                place.connection = None;
            }
            let places = inner.places.iter();
            places
                .filter(|(_, place)| place.alive)
                .map(|(sandbox, _)| *sandbox)
                .collect()
        });
        for sandbox in alive {
            self.dials_in(sandbox).await;
        }
    }

    /// The runner dials in and tells everything that is not acknowledged.
    pub(crate) async fn dials_in(&self, sandbox: SandboxId) {
        let Some(wire) = self.with(|inner| inner.wire.clone()) else {
            return;
        };
        let held: Vec<HeldRun> = self.at(sandbox, |place| {
            let runs = place.journals.iter();
            runs.map(|(run, journal)| HeldRun {
                run: *run,
                epoch: journal.epoch,
                last_seq: i64::try_from(journal.events.len()).unwrap(),
                alive: journal.alive,
            })
            .collect()
        });
        let (connection, mut orders) = wire.links.connect(sandbox, &held);
        self.at(sandbox, |place| place.connection = Some(connection));
        for answer in wire.reports.hello(sandbox, &held).await.unwrap() {
            self.obey(sandbox, answer).await;
        }
        for run in held {
            self.deliver(sandbox, run.run).await;
        }
        let fleet = self.clone();
        tokio::spawn(async move {
            while let Some(order) = orders.recv().await {
                fleet.obey(sandbox, order).await;
            }
        });
    }

    async fn obey(&self, sandbox: SandboxId, order: ToRunner) {
        let deaf = self.at(sandbox, |place| {
            place.heard.push(order.clone());
            place.deaf || !place.alive
        });
        if deaf {
            return;
        }
        match order {
            ToRunner::Start(spec) => self.start(sandbox, *spec).await,
            ToRunner::Stop { run } => {
                let alive = self.at(sandbox, |place| {
                    place
                        .journals
                        .get(&run)
                        .is_some_and(|journal| journal.alive)
                });
                if alive {
                    self.ends(sandbox, run, EndCause::Stopped).await;
                }
            }
            ToRunner::Input { run, input, .. } => {
                let what = Happening::InputTaken { input };
                let known = self.at(sandbox, |place| {
                    let journal = place.journals.get(&run);
                    journal.is_none_or(|it| it.events.iter().any(|event| event.what == what))
                });
                if !known {
                    self.record(sandbox, run, what);
                    self.deliver(sandbox, run).await;
                }
            }
            ToRunner::Ack { run, seq } => self.at(sandbox, |place| {
                if let Some(journal) = place.journals.get_mut(&run) {
                    journal.acked = journal.acked.max(seq);
                }
            }),
            ToRunner::Forget { run } => {
                self.at(sandbox, |place| place.journals.remove(&run));
            }
            ToRunner::Shutdown | ToRunner::Refused { .. } => self.dies(sandbox, &[]),
            ToRunner::RemoveWorktree {
                name,
                discard_unpushed,
            } => self.removes(sandbox, &name, discard_unpushed).await,
            // There is one control plane in these worlds.
            ToRunner::Redirect { .. } | ToRunner::Peers { .. } => {}
        }
    }

    /// What is said to be unpushed there stays, unless it may be thrown away.
    async fn removes(&self, sandbox: SandboxId, name: &str, discard_unpushed: bool) {
        let unpushed = self.at(sandbox, |place| place.unpushed.get(name).cloned());
        let outcome = match unpushed {
            Some(state) if !discard_unpushed => Removal::Unpushed(state),
            Some(_) | None => {
                self.at(sandbox, |place| place.removed.push(name.to_owned()));
                Removal::Removed
            }
        };
        if let Some(wire) = self.with(|inner| inner.wire.clone()) {
            wire.reports.removal(sandbox, name, &outcome).await.unwrap();
        }
    }

    async fn start(&self, sandbox: SandboxId, spec: RunSpec) {
        let run = spec.run;
        let process = spec.dialogue.as_ref().and_then(|it| it.process);
        let plain = self.with(|inner| inner.default.clone());
        let play = self.at(sandbox, |place| {
            if place.journals.contains_key(&run) {
                return None;
            }
            let journal = Journal {
                epoch: spec.epoch + place.epoch_shift,
                events: Vec::new(),
                acked: 0,
                alive: true,
            };
            place.journals.insert(run, journal);
            place.specs.push(spec);
            Some(place.plays.pop_front().unwrap_or(plain))
        });
        self.with(|inner| {
            let journals = inner.places.values().flat_map(|p| p.journals.values());
            let alive = journals.filter(|journal| journal.alive).count();
            inner.runs_peak = inner.runs_peak.max(alive);
        });
        let (lines, over) = match play {
            None | Some(Play::Swallows) => return,
            Some(Play::Prints(lines)) => (lines, Some(EndCause::Exited)),
            Some(Play::Stays(lines)) => (lines, Some(EndCause::Finished)),
            Some(Play::Holds(lines)) => (lines, None),
        };
        self.record(sandbox, run, Happening::Started { pid: 7, process });
        self.prints(sandbox, run, &lines).await;
        if let Some(cause) = over {
            self.ends(sandbox, run, cause).await;
        }
    }

    pub(super) fn record(&self, sandbox: SandboxId, run: RunId, what: Happening) {
        let at = self.clock.now();
        self.at(sandbox, |place| {
            let Some(journal) = place.journals.get_mut(&run).filter(|j| j.alive) else {
                return;
            };
            journal.alive = !matches!(what, Happening::Ended(_));
            journal.events.push(RunEvent {
                run,
                epoch: journal.epoch,
                seq: i64::try_from(journal.events.len()).unwrap() + 1,
                at,
                what,
            });
        });
    }

    async fn deliver(&self, sandbox: SandboxId, run: RunId) {
        let wire = self.with(|inner| inner.wire.clone());
        let events: Vec<RunEvent> = self.at(sandbox, |place| {
            let journal = place.journals.get(&run);
            let Some(journal) = journal.filter(|_| place.connection.is_some()) else {
                return Vec::new();
            };
            let fresh = journal.events.iter().filter(|e| journal.acked < e.seq);
            fresh.cloned().collect()
        });
        if let (Some(wire), false) = (wire, events.is_empty()) {
            let answers = wire.reports.take_in(sandbox, &events).await.unwrap();
            for answer in answers {
                Box::pin(self.obey(sandbox, answer)).await;
            }
        }
    }
}

pub(super) fn ended(cause: EndCause) -> Happening {
    Happening::Ended(Ended {
        cause,
        code: (cause == EndCause::Exited).then_some(0),
        signal: None,
        detail: None,
    })
}
