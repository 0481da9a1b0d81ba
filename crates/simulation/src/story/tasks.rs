//! What is under way, and the gate it stands at. Exactly one future makes progress at a time: it is
//! polled until it stands at the gate or is over.

use std::{collections::BTreeSet, pin::Pin, time::Duration};

use optio_actors::reports::ReportError;
use optio_domain::{
    actor::ActorKey,
    id::{AgentId, MessageId, SandboxId, TurnId},
    mail::ask::Reply,
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    StoreError,
    mail::{Receipt, Stopped, Stored},
    turns::Standing,
};

use super::{Story, Temper};
use crate::{
    gate::{Arrival, Verdict},
    invariants::Broken,
};

/// How often somebody who makes no progress is asked whether it waits for a lock.
const LOCK_LOOK: Duration = Duration::from_millis(1);

/// Something under way in a control plane.
pub(super) struct Task {
    pub(super) plane: usize,
    pub(super) what: What,
    future: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    standing: Option<Arrival>,
    connection: Option<u64>,
}

/// What is under way.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// A step of an actor.
    Step(ActorKey),
    /// Messages are stored, by their places in the ledger.
    Send(Vec<usize>),
    /// A broadcast is stored.
    Broadcast(usize),
    /// An agent sends, with the token of a turn that may be over.
    AgentSends {
        letter: usize,
        turn: TurnId,
        was_over: bool,
    },
    /// An agent asks or replies; `was_over` is the turn of its token, where that was over.
    Talks {
        letter: usize,
        was_over: Option<TurnId>,
    },
    /// Waits whose time is over are ended.
    EndAsks,
    /// A person wants something.
    Want(AgentId),
    /// A person enables or disables an agent.
    Enable(AgentId),
    /// A person ends the turn that is open.
    Stop(usize, AgentId),
    /// A dead letter is put back.
    Replay,
    /// A runner says hello.
    Hello(SandboxId, u64),
    /// A runner reports.
    Deliver(SandboxId, u64),
    /// The timer rings.
    Due,
    /// Schedules are looked at.
    Fire,
    /// Everybody with work or mail is looked up.
    Sweep,
}

/// What came of it.
pub(super) enum Outcome {
    Stepped(Result<Progress, Fault>),
    Sent(Result<Vec<Stored>, StoreError>),
    Broadcast(Result<(i64, Vec<ActorKey>), StoreError>),
    AgentSent(Result<(Standing, Option<Stored>), StoreError>),
    Talked(Result<Option<(Receipt, Option<Reply>)>, StoreError>),
    Stopped(Result<Stopped, StoreError>),
    Done(Result<(), StoreError>),
    Greeted(Result<Vec<ToRunner>, StoreError>),
    Reported(Result<Vec<ToRunner>, ReportError>),
    Due(Result<Vec<ActorKey>, StoreError>),
}

/// How far a task got.
enum Reached {
    Over(Outcome),
    Gate,
    Lock,
}

/// What the scheduler does about an arrival.
enum Ruling {
    Say(Verdict),
    Park,
    Crash,
}

impl Story<'_> {
    /// Something begins in a control plane, and goes on until it is over or stands at the gate.
    pub(super) async fn begin_task(
        &mut self,
        plane: usize,
        what: What,
        future: impl Future<Output = Outcome> + Send + 'static,
    ) {
        let id = self.next_task;
        self.next_task += 1;
        let task = Task {
            plane,
            what,
            future: Box::pin(future),
            standing: None,
            connection: None,
        };
        self.tasks.insert(id, task);
        self.advance(id, false).await;
    }

    /// Tasks that stand at the gate.
    pub(super) fn standing(&self) -> Vec<u64> {
        let standing = self
            .tasks
            .iter()
            .filter(|(_, task)| task.standing.is_some());
        standing.map(|(id, _)| *id).collect()
    }

    /// The connections of tasks that are not over.
    pub(super) fn connections(&self) -> BTreeSet<u64> {
        self.tasks
            .values()
            .filter_map(|task| task.connection)
            .collect()
    }

    /// A task that stands at the gate goes through.
    pub(super) async fn release(&mut self, id: u64) {
        let Some(task) = self.tasks.get(&id) else {
            return;
        };
        let standing = task.standing.as_ref();
        let what = standing.map(|it| it.what.clone()).unwrap_or_default();
        let line = format!(
            "{}: {:?} goes on with `{what}`",
            self.stamp(task.plane),
            task.what
        );
        self.history.note(line);
        self.advance(id, true).await;
    }

    /// Drives a task until it is over or parked. Whoever holds a lock it waits for is driven first,
    /// without being parked again.
    async fn advance(&mut self, id: u64, through: bool) {
        if through {
            self.rule(id, Ruling::Say(Verdict::Pass)).await;
        }
        let mut driven = vec![id];
        while let Some(&top) = driven.last() {
            if !self.tasks.contains_key(&top) {
                driven.pop();
                continue;
            }
            let holder = self.holder(&driven);
            let for_its_locks = top != id;
            let may_wait = holder.is_some() || 1 < driven.len();
            match self.drive(top, may_wait).await {
                Reached::Over(outcome) => {
                    driven.pop();
                    if let Some(task) = self.tasks.remove(&top) {
                        self.settle().await;
                        self.over(task.plane, task.what, outcome);
                    }
                }
                // Whoever was driven for the sake of its locks has none any more.
                Reached::Gate if for_its_locks && !self.is_in_transaction(top) => {
                    driven.pop();
                }
                Reached::Gate => {
                    let ruling = self.judge(top, for_its_locks);
                    if matches!(ruling, Ruling::Park) {
                        self.history.add(", parked");
                        driven.pop();
                    } else {
                        self.rule(top, ruling).await;
                    }
                }
                Reached::Lock => match holder {
                    Some(holder) => {
                        self.history.add(", waits for a lock");
                        self.rule(holder, Ruling::Say(Verdict::Pass)).await;
                        driven.push(holder);
                    }
                    // It waits for one it was driven for, which has got its own lock meanwhile and
                    // keeps it until it is driven. One whose only statement still runs does not.
                    None if self.keeps_a_lock(&driven, top) => driven.rotate_right(1),
                    None => {}
                },
            }
        }
    }

    fn is_in_transaction(&self, id: u64) -> bool {
        let standing = self.tasks.get(&id).and_then(|task| task.standing.as_ref());
        standing.is_some_and(|arrival| arrival.in_transaction)
    }

    /// Whether one of these others is inside a transaction and asks for nothing: it may hold locks, and
    /// goes no further by itself.
    fn keeps_a_lock(&self, driven: &[u64], but: u64) -> bool {
        driven.iter().any(|id| {
            let connection = self.tasks.get(id).and_then(|task| task.connection);
            let postgres = &self.ground.postgres;
            *id != but
                && (self.is_in_transaction(*id) || connection.is_some_and(|it| postgres.waits(it)))
        })
    }

    /// A task that stands at the gate inside a transaction: it may hold locks.
    fn holder(&self, but: &[u64]) -> Option<u64> {
        let mut tasks = self.tasks.iter().filter(|(id, _)| !but.contains(id));
        let holds = |task: &Task| task.standing.as_ref().is_some_and(|it| it.in_transaction);
        tasks.find(|(_, task)| holds(task)).map(|(id, _)| *id)
    }

    async fn drive(&mut self, id: u64, may_wait: bool) -> Reached {
        loop {
            let Some(task) = self.tasks.get_mut(&id) else {
                return Reached::Gate;
            };
            if task.standing.is_some() {
                return Reached::Gate;
            }
            let arrival = tokio::select! {
                biased;
                Some(arrival) = self.ground.arrivals.recv() => arrival,
                outcome = &mut task.future => return Reached::Over(outcome),
                () = tokio::time::sleep(LOCK_LOOK), if may_wait => {
                    let process = task.connection.and_then(|it| self.ground.postgres.process(it));
                    let Some(process) = process else { continue };
                    if self.ground.overseer.waits_for_a_lock(process).await {
                        return Reached::Lock;
                    }
                    continue;
                }
            };
            // Whoever waited for a lock may have got it while its holder was driven.
            let done_waiting = self.tasks.iter_mut().find(|(other, task)| {
                **other != id
                    && arrival.done
                    && task.connection == arrival.connection
                    && task.connection.is_some()
            });
            match done_waiting {
                Some((_, other)) => other.standing = Some(arrival),
                None => {
                    if let Some(task) = self.tasks.get_mut(&id) {
                        task.connection = arrival.connection;
                        task.standing = Some(arrival);
                    }
                }
            }
        }
    }

    /// What becomes of a task at the gate, by chance.
    fn judge(&mut self, id: u64, must_not_park: bool) -> Ruling {
        let Some(task) = self.tasks.get(&id) else {
            return Ruling::Say(Verdict::Pass);
        };
        let Some(arrival) = task.standing.as_ref() else {
            return Ruling::Say(Verdict::Pass);
        };
        let (what, done) = (arrival.what.clone(), arrival.done);
        let Temper { park, fail, crash } = self.temper;
        // A report or a batch of mail is one statement where a step is many.
        let single = matches!(task.what, What::Deliver(..) | What::Send(_));
        let park = if single { 5 * park } else { park };
        // A read that fails is like one that never was, so it is done to fewer of them.
        let rare = if what.starts_with("SELECT") { 4 } else { 1 };
        let dice = self.chance.below(1_000 * rare);
        let when = if done { "after" } else { "before" };
        if dice < crash {
            self.history.add(&format!(", crash {when} `{what}`"));
            return Ruling::Crash;
        }
        if dice < crash + fail {
            self.history.add(&format!(", failure {when} `{what}`"));
            let ruin = !done && self.chance.per_mille(300);
            return Ruling::Say(if ruin { Verdict::Ruin } else { Verdict::Fail });
        }
        if dice < crash + fail + park && !must_not_park && self.tasks.len() < 6 {
            self.history.add(&format!(", {when} `{what}`"));
            return Ruling::Park;
        }
        let watched = !done && dice < 2 * (crash + fail + park);
        Ruling::Say(if watched {
            Verdict::Watch
        } else {
            Verdict::Pass
        })
    }

    async fn rule(&mut self, id: u64, ruling: Ruling) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        match (ruling, task.standing.take()) {
            (Ruling::Say(verdict), Some(arrival)) => drop(arrival.verdict.send(verdict)),
            (Ruling::Crash, arrival) => {
                let plane = task.plane;
                task.standing = arrival;
                self.crash(plane).await;
            }
            (Ruling::Say(_) | Ruling::Park, _) => {}
        }
    }

    /// A control plane loses all its memory: hints, links, and whatever it was about to do.
    pub(super) async fn crash(&mut self, plane: usize) {
        let ids: Vec<u64> = self
            .tasks
            .iter()
            .filter(|(_, it)| it.plane == plane)
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            if let Some(task) = self.tasks.remove(&id) {
                let Task {
                    what,
                    future,
                    standing,
                    ..
                } = task;
                drop(future);
                drop(standing);
                self.abandoned(&what);
            }
        }
        if let Some(plane) = self.planes.get_mut(plane) {
            plane.up = false;
        }
        self.orphan(plane);
        for sandbox in self.fleet.places() {
            let dialed = self.fleet.at(sandbox, |place| {
                let here = place.dialed.as_ref().is_some_and(|it| it.plane == plane);
                here.then(|| place.dialed.take())
            });
            drop(dialed);
        }
        self.settle().await;
    }

    /// Waits until whatever was abandoned is rolled back. Who was abandoned at the gate goes no
    /// further; who got the lock it waited for stands there.
    pub(super) async fn settle(&mut self) {
        loop {
            let connections = self.connections();
            let arrival = tokio::select! {
                biased;
                Some(arrival) = self.ground.arrivals.recv() => arrival,
                () = self.ground.postgres.settled(&connections) => return,
            };
            let mut tasks = self.tasks.values_mut();
            let waited =
                tasks.find(|it| it.connection.is_some() && it.connection == arrival.connection);
            if let Some(task) = waited {
                task.standing = Some(arrival);
            }
        }
    }

    /// When and where, for the history.
    pub(super) fn stamp(&self, plane: usize) -> String {
        let passed = self.time.passed();
        format!(
            "{}.{:03}s p{plane}",
            passed.num_seconds(),
            passed.subsec_millis()
        )
    }

    pub(super) fn breaks(&mut self, invariant: &'static str, words: String) {
        if self.broken.is_none() {
            self.broken = Some(Broken { invariant, words });
        }
    }
}

/// The identity of a stored message, where it was stored.
pub(super) fn stored_id(stored: &Stored) -> Option<MessageId> {
    match stored {
        Stored::Done(receipt) => Some(receipt.id),
        Stored::Again | Stored::Refused(_) => None,
    }
}
