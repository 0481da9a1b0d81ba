//! Events happen: those of sandboxes and their runners.

use optio_domain::{
    id::{RunId, SandboxId},
    wire::runner::{EndCause, Happening, RunEvent, ToRunner},
};

use super::{
    Story,
    events::Deed,
    tasks::{Outcome, What},
};
use crate::{
    fleet::{Dialed, ended},
    history::short,
};

/// How many times out of a thousand a report in a race is held up, where it is written: always.
const HELD_UP: usize = 200;

/// The serial of no connection: answers over it reach nobody.
const NO_CONNECTION: u64 = 0;

/// How a run goes on.
enum Way {
    Prints,
    Well,
    Badly,
}

impl Story<'_> {
    pub(super) async fn in_sandbox(&mut self, sandbox: SandboxId, deed: Deed) {
        match deed {
            Deed::Dial(plane) => self.dial(plane, sandbox).await,
            Deed::Order => drop(self.order(sandbox)),
            Deed::Progress(run) => self.progress(sandbox, run),
            Deed::Deliver(run) => self.deliver(sandbox, run).await,
            Deed::Race(run) => self.race(sandbox, run).await,
            Deed::HangUp => {
                self.note_at(sandbox, "the connection breaks");
                self.fleet.hangs_up(sandbox);
            }
            Deed::RunnerDies => {
                self.note_at(sandbox, "the runner dies");
                self.fleet.dies(sandbox);
            }
            Deed::Gone => {
                self.note_at(sandbox, "the sandbox is gone with its disk");
                self.fleet.vanishes(sandbox);
            }
            Deed::Deaf => {
                self.note_at(sandbox, "the runner does not stop anything any more");
                self.fleet.at(sandbox, |place| place.deaf = true);
            }
            Deed::Stale(run) => self.stale(sandbox, run).await,
        }
    }

    fn note_at(&mut self, sandbox: SandboxId, words: &str) {
        let agent = optio_domain::id::AgentId(sandbox.0);
        let line = format!("at {}: {words}", self.name(agent));
        self.history.note(line);
    }

    /// Control planes notice the connections that broke.
    pub(super) fn notice_broken_lines(&mut self) {
        for (sandbox, dialed) in self.fleet.broken() {
            if let Some(plane) = self.planes.get(dialed.plane).filter(|it| it.up) {
                plane.world.links.disconnect(&dialed.connection);
                plane.reports.changed(sandbox);
            }
        }
    }

    pub(super) async fn dial(&mut self, plane: usize, sandbox: SandboxId) {
        let held = self.fleet.held(sandbox);
        let runs: Vec<String> = held.iter().map(|it| short(it.run.0)).collect();
        let words = format!("the runner dials p{plane}, holding [{}]", runs.join(" "));
        self.note_at(sandbox, &words);
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let (connection, orders) = here.world.links.connect(sandbox, &held);
        let serial = self.fleet.at(sandbox, |place| {
            place.serial += 1;
            place.dialed = Some(Dialed {
                plane,
                serial: place.serial,
                connection,
                orders,
                greeted: false,
                delivering: false,
                sent: place
                    .journals
                    .iter()
                    .map(|(run, it)| (*run, it.acked))
                    .collect(),
            });
            place.serial
        });
        let reports = here.reports.clone();
        let future = async move { Outcome::Greeted(reports.hello(sandbox, &held).await) };
        self.begin_task(plane, What::Hello(sandbox, serial), future)
            .await;
    }

    /// The runner hears the next order, if there is one.
    pub(super) fn order(&mut self, sandbox: SandboxId) -> bool {
        let order = self.fleet.at(sandbox, |place| {
            let dialed = place.dialed.as_mut()?;
            dialed.orders.try_recv().ok()
        });
        let Some(order) = order else { return false };
        let words = if let ToRunner::Start(spec) = &order {
            format!("start {}", short(spec.run.0))
        } else {
            format!("{order:?}")
        };
        self.note_at(sandbox, &format!("the runner hears: {words}"));
        self.fleet.obey(sandbox, order);
        true
    }

    fn says(&mut self, sandbox: SandboxId, run: RunId, line: &str) {
        let line = line.to_owned();
        self.fleet
            .record(sandbox, run, Happening::Stdout { line, cut: 0 });
    }

    /// A run goes on: it starts, prints, or ends one way or another.
    fn progress(&mut self, sandbox: SandboxId, run: RunId) {
        let (started, stopping, said) = self.fleet.at(sandbox, |place| {
            place.journals.get(&run).map_or((false, false, 0), |it| {
                (it.is_started(), it.stopping, it.last_seq())
            })
        });
        let name = short(run.0);
        if stopping {
            self.note_at(sandbox, &format!("run {name} is stopped"));
            return self
                .fleet
                .record(sandbox, run, ended(EndCause::Stopped, None));
        }
        if !started {
            if !self.is_calm && self.chance.per_mille(30) {
                self.note_at(sandbox, &format!("run {name} has no program"));
                return self
                    .fleet
                    .record(sandbox, run, ended(EndCause::Missing, None));
            }
            self.note_at(sandbox, &format!("run {name} starts"));
            return self.fleet.record(
                sandbox,
                run,
                Happening::Started {
                    pid: 7,
                    process: None,
                },
            );
        }
        let ways = if self.is_calm {
            vec![(1, Way::Well)]
        } else {
            vec![(8, Way::Prints), (8, Way::Well), (9, Way::Badly)]
        };
        match self.chance.weighted(ways).unwrap_or(Way::Well) {
            Way::Prints => {
                self.note_at(sandbox, &format!("run {name} prints"));
                self.says(sandbox, run, &format!("say {name}/{}", said + 1));
            }
            Way::Well => {
                self.note_at(sandbox, &format!("run {name} ends well"));
                self.says(sandbox, run, "session s-1");
                self.fleet.succeeds(sandbox, run);
            }
            Way::Badly => self.ends_badly(sandbox, run, said),
        }
    }

    fn ends_badly(&mut self, sandbox: SandboxId, run: RunId, said: i64) {
        let name = short(run.0);
        let bye = format!("say {name}/{}", said + 1);
        let exited = EndCause::Exited;
        let ends = [
            ("fails", "failed 0 0 0 so", exited, Some(1)),
            ("ends without a result", bye.as_str(), exited, Some(0)),
            ("meets a rate limit", "limit", exited, Some(1)),
            (
                "does not know its session",
                "unknown-session",
                exited,
                Some(1),
            ),
            ("prints garbage", "%%%", exited, Some(0)),
            ("is silent for too long", "", EndCause::Silence, None),
        ];
        if let Some((words, line, cause, code)) = self.chance.pick(&ends).copied() {
            self.note_at(sandbox, &format!("run {name} {words}"));
            self.says(sandbox, run, line);
            self.fleet.record(sandbox, run, ended(cause, code));
        }
    }

    /// The runner reports some of what is not acknowledged; sometimes more than once, sometimes with
    /// a hole, which a connection never has.
    pub(super) async fn deliver(&mut self, sandbox: SandboxId, run: RunId) {
        let (many, again, hole) = (
            1 + self.chance.below(6),
            self.chance.per_mille(150),
            !self.is_calm && self.chance.per_mille(20),
        );
        let batch = self.fleet.at(sandbox, |place| {
            let (dialed, journal) = (place.dialed.as_mut()?, place.journals.get(&run)?);
            let sent = dialed.sent.get(&run).copied().unwrap_or(journal.acked);
            let from = if again {
                0.max(sent - 2)
            } else {
                sent + i64::from(hole)
            };
            let events: Vec<RunEvent> = journal
                .events
                .iter()
                .filter(|it| from < it.seq)
                .take(many)
                .cloned()
                .collect();
            let last = events.last()?.seq;
            dialed.delivering = true;
            dialed.sent.insert(run, last.max(sent));
            Some((dialed.plane, dialed.serial, events))
        });
        if let Some((plane, serial, events)) = batch {
            let (first, last) = (
                events.first().map_or(0, |it| it.seq),
                events.last().map_or(0, |it| it.seq),
            );
            let line = format!("the runner reports {first}..{last} of run {}", short(run.0));
            self.report(plane, sandbox, serial, events, &line).await;
        }
    }

    /// A report is held up, its connection breaks, and the runner reports the same over the next one.
    async fn race(&mut self, sandbox: SandboxId, run: RunId) {
        let Some(plane) = self
            .fleet
            .at(sandbox, |it| it.dialed.as_ref().map(|it| it.plane))
        else {
            return;
        };
        let temper = self.temper;
        self.temper.park = HELD_UP;
        self.deliver(sandbox, run).await;
        self.temper = temper;
        self.fleet.hangs_up(sandbox);
        self.notice_broken_lines();
        if self.planes.get(plane).is_some_and(|it| it.up) {
            self.dial(plane, sandbox).await;
        }
        if self.news(sandbox).contains(&run) {
            self.deliver(sandbox, run).await;
        }
    }

    /// Somebody reports for a run under an epoch that is not the run's. The answer is not for the runner
    /// that holds the run.
    async fn stale(&mut self, sandbox: SandboxId, run: RunId) {
        let at = self.time.now();
        let report = self.fleet.at(sandbox, |place| {
            let (dialed, journal) = (place.dialed.as_ref()?, place.journals.get(&run)?);
            let event = |seq, what| RunEvent {
                run,
                epoch: journal.epoch - 1,
                seq,
                at,
                what,
            };
            let line = "say of an older incarnation".to_owned();
            let next = journal.acked + 1;
            Some((
                dialed.plane,
                NO_CONNECTION,
                vec![
                    event(next, Happening::Stdout { line, cut: 0 }),
                    event(next + 1, ended(EndCause::Exited, Some(0))),
                ],
            ))
        });
        if let Some((plane, serial, events)) = report {
            let line = format!("an older incarnation reports of run {}", short(run.0));
            self.report(plane, sandbox, serial, events, &line).await;
        }
    }

    async fn report(
        &mut self,
        plane: usize,
        sandbox: SandboxId,
        serial: u64,
        events: Vec<RunEvent>,
        line: &str,
    ) {
        self.note_at(sandbox, line);
        let Some(here) = self.planes.get(plane).filter(|it| it.up) else {
            return;
        };
        let reports = here.reports.clone();
        let future = async move { Outcome::Reported(reports.take_in(sandbox, &events).await) };
        self.begin_task(plane, What::Deliver(sandbox, serial), future)
            .await;
    }
}
