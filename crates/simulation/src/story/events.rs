//! What may happen next, and how likely it is.

use chrono::TimeDelta;
use optio_domain::{
    actor::ActorKey,
    agent::Intent,
    id::{AgentId, RunId, SandboxId},
};

use super::Story;
use crate::{fleet::Pass, ledger::Fate};

/// Tasks that may be under way at once.
const TASKS_MAX: usize = 6;

/// Something that may happen.
pub(super) enum Event {
    /// Whoever stands at the gate goes through.
    Release(u64),
    /// An actor that was told to look takes a step.
    Step(usize, ActorKey),
    /// A person or something outside writes.
    Send(usize),
    /// Somebody repeats what it sent with a key.
    Repeat(usize, usize),
    /// An agent writes, with a token it was given once.
    AgentSends(usize, Pass),
    /// An agent asks a peer.
    Asks(usize, Pass),
    /// An agent replies to a question, by its place in the ledger.
    Replies(usize, Pass, usize),
    /// Waits whose time is over are ended.
    EndAsks(usize),
    /// An agent writes to all.
    Broadcast(usize, AgentId),
    Want(usize, AgentId, Intent),
    Enable(usize, AgentId, bool),
    /// A person ends the turn that is open.
    Stop(usize, AgentId),
    Replay(usize),
    Due(usize),
    Fire(usize),
    Sweep(usize),
    Time(TimeDelta),
    /// An agent has another owner from now on.
    Give(AgentId, usize),
    /// A control plane learns what it owns.
    Notice(usize),
    /// Something in a sandbox.
    At(SandboxId, Deed),
    Crash(usize),
    Restart(usize),
}

/// Something that may happen in a sandbox.
pub(super) enum Deed {
    /// The runner dials a control plane.
    Dial(usize),
    /// The runner hears an order.
    Order,
    /// A run goes on.
    Progress(RunId),
    /// The runner reports of a run.
    Deliver(RunId),
    /// The same, and once more over another connection while the first report is held up.
    Race(RunId),
    HangUp,
    RunnerDies,
    Gone,
    Deaf,
    /// An older incarnation of a run reports.
    Stale(RunId),
}

impl Story<'_> {
    /// The next event, by chance.
    pub(super) async fn event(&mut self) {
        let mut may = Vec::new();
        may.extend(
            self.standing()
                .into_iter()
                .map(|id| (8, Event::Release(id))),
        );
        for plane in 0..self.planes.len() {
            if self.planes.get(plane).is_some_and(|it| it.up) {
                if self.tasks.len() < TASKS_MAX {
                    self.in_plane(plane, &mut may);
                }
                may.push((2, Event::Crash(plane)));
            } else {
                may.push((10, Event::Restart(plane)));
            }
        }
        self.in_sandboxes(&mut may);
        self.among_owners(&mut may);
        let time = self.time_passes();
        may.push((6, Event::Time(time)));
        if let Some(event) = self.chance.weighted(may) {
            self.happen(event).await;
        }
    }

    fn in_plane(&mut self, plane: usize, may: &mut Vec<(usize, Event)>) {
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let waiting = here.waiting();
        may.extend(waiting.into_iter().map(|key| (14, Event::Step(plane, key))));
        if !here.sending {
            may.push((7, Event::Send(plane)));
            let keyed = self.ledger.letters.iter().enumerate();
            let keyed: Vec<usize> = keyed
                .filter(|(_, letter)| letter.key.is_some() && letter.fate != Fate::Sending)
                .map(|(place, _)| place)
                .collect();
            if let Some(place) = self.chance.pick(&keyed) {
                may.push((3, Event::Repeat(plane, *place)));
            }
            let passes = self.fleet.passes();
            if let Some((pass, alive)) = self.chance.pick(&passes) {
                may.push((
                    if *alive { 6 } else { 2 },
                    Event::AgentSends(plane, pass.clone()),
                ));
            }
            let agents = self.agents.clone();
            if let Some(agent) = self.chance.pick(&agents) {
                may.push((1, Event::Broadcast(plane, *agent)));
            }
        }
        self.among_waits(plane, may);
        may.extend([
            (4, Event::Due(plane)),
            (2, Event::Fire(plane)),
            (1, Event::Sweep(plane)),
        ]);
        let agents = self.agents.clone();
        if let Some(agent) = self.chance.pick(&agents).copied() {
            let intent = self.wish();
            may.push((3, Event::Want(plane, agent, intent)));
            let enabled = !self.chance.per_mille(400);
            may.push((1, Event::Enable(plane, agent, enabled)));
            may.push((1, Event::Stop(plane, agent)));
        }
        if self
            .seen
            .messages
            .iter()
            .any(|message| message.state == "dead")
        {
            may.push((1, Event::Replay(plane)));
        }
    }

    /// Leases are lost, and whoever owned somebody goes on until it notices.
    fn among_owners(&mut self, may: &mut Vec<(usize, Event)>) {
        let up: Vec<usize> = (0..self.planes.len())
            .filter(|plane| self.planes.get(*plane).is_some_and(|it| it.up))
            .collect();
        for (agent, (owner, _)) in self.owners.clone() {
            let others: Vec<usize> = up.iter().copied().filter(|it| *it != owner).collect();
            if let Some(to) = self.chance.pick(&others) {
                let weight = if up.contains(&owner) { 1 } else { 8 };
                may.push((weight, Event::Give(agent, *to)));
            }
        }
        if !self.owners.is_empty() {
            may.extend(up.into_iter().map(|plane| (3, Event::Notice(plane))));
        }
    }

    /// Mostly what lets an agent go on.
    fn wish(&mut self) -> Intent {
        let wishes = vec![
            (4, Intent::Pause),
            (7, Intent::Resume),
            (3, Intent::Restart),
            (1, Intent::Archive),
            (1, Intent::Delete),
        ];
        self.chance.weighted(wishes).unwrap_or(Intent::Resume)
    }

    fn in_sandboxes(&mut self, may: &mut Vec<(usize, Event)>) {
        let up: Vec<usize> = (0..self.planes.len())
            .filter(|plane| self.planes.get(*plane).is_some_and(|it| it.up))
            .collect();
        for sandbox in self.fleet.places() {
            if !self.fleet.at(sandbox, |place| place.alive) {
                continue;
            }
            match (self.has_dialed(sandbox), self.chance.pick(&up)) {
                (true, _) => {
                    may.push((10, Event::At(sandbox, Deed::Order)));
                    // While a report is under way the same is reported again over the next connection.
                    let reports = self.fleet.at(sandbox, |place| {
                        place.dialed.as_ref().is_some_and(|it| it.delivering)
                    });
                    let weight = if reports { 8 } else { 1 };
                    may.push((weight, Event::At(sandbox, Deed::HangUp)));
                    let news = self.news(sandbox);
                    may.extend(
                        news.iter()
                            .map(|run| (2, Event::At(sandbox, Deed::Race(*run)))),
                    );
                    may.extend(
                        news.into_iter()
                            .map(|run| (10, Event::At(sandbox, Deed::Deliver(run)))),
                    );
                }
                (false, Some(plane)) => {
                    let plane = self.where_to_dial(sandbox, *plane);
                    may.push((10, Event::At(sandbox, Deed::Dial(plane))));
                }
                (false, None) => {}
            }
            may.extend([
                (1, Event::At(sandbox, Deed::RunnerDies)),
                (1, Event::At(sandbox, Deed::Deaf)),
            ]);
            if self.chance.per_mille(200) {
                may.push((1, Event::At(sandbox, Deed::Gone)));
            }
        }
        for (sandbox, run) in self.fleet.processes() {
            may.push((9, Event::At(sandbox, Deed::Progress(run))));
            if self.has_dialed(sandbox) {
                may.push((1, Event::At(sandbox, Deed::Stale(run))));
            }
        }
    }

    fn time_passes(&mut self) -> TimeDelta {
        let spans = vec![
            (4, self.chance.between(1, 500)),
            (4, self.chance.between(500, 6_000)),
            (2, self.chance.between(6_000, 60_000)),
            (1, self.chance.between(60_000, 700_000)),
        ];
        TimeDelta::milliseconds(self.chance.weighted(spans).unwrap_or(1))
    }

    /// Whether this runner's connection carries reports now.
    pub(super) fn has_dialed(&self, sandbox: SandboxId) -> bool {
        self.fleet.at(sandbox, |place| place.dialed.is_some())
    }

    /// The runs of which a runner has something to report over its connection, and may now.
    pub(super) fn news(&self, sandbox: SandboxId) -> Vec<RunId> {
        self.fleet.at(sandbox, |place| {
            let Some(dialed) = place
                .dialed
                .as_ref()
                .filter(|it| it.greeted && !it.delivering)
            else {
                return Vec::new();
            };
            let runs = place.journals.iter().filter(|(run, journal)| {
                let sent = dialed.sent.get(run).copied().unwrap_or(journal.acked);
                sent < journal.last_seq()
            });
            runs.map(|(run, _)| *run).collect()
        })
    }
}
