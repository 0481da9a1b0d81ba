//! What comes of a task, and what its control plane does about it in the place of engine, mailroom
//! and connection.

use optio_domain::{
    actor::ActorKey,
    id::{AgentId, SandboxId},
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    StoreError,
    mail::{Stopped, Stored},
    turns::Standing,
};

use super::{
    Story,
    tasks::{Outcome, What, stored_id},
};
use crate::{fleet::Fleet, history::short, ledger::To};

impl Story<'_> {
    pub(super) fn over(&mut self, plane: usize, what: What, outcome: Outcome) {
        match (what, outcome) {
            (What::Step(key), Outcome::Stepped(result)) => self.stepped(plane, key, result),
            (What::Send(letters), Outcome::Sent(result)) => self.sent(plane, letters, result),
            (
                What::AgentSends {
                    letter,
                    turn,
                    was_over,
                },
                Outcome::AgentSent(result),
            ) => {
                self.sends_no_more(plane);
                let opened = matches!(result, Ok((Standing::Open { .. }, _)));
                if opened && was_over {
                    let words = format!("the token of turn {} opened a door", short(turn.0));
                    self.breaks("tokens", words);
                }
                self.agent_sent(plane, letter, result);
            }
            (What::Talks { letter, was_over }, Outcome::Talked(result)) => {
                self.talked(plane, letter, was_over, result);
            }
            (What::Stop(letter, agent), Outcome::Stopped(result)) => {
                self.stopped(plane, letter, agent, result);
            }
            (What::Broadcast(letter), Outcome::Broadcast(result)) => {
                self.sends_no_more(plane);
                self.was_broadcast(plane, letter, result);
            }
            (What::Want(agent) | What::Enable(agent), Outcome::Done(result)) => {
                self.history.add(&said(&result));
                if result.is_ok() {
                    self.tell(plane, [agent.into()]);
                }
            }
            (_, Outcome::Done(result)) => self.history.add(&said(&result)),
            (_, Outcome::Due(result)) => {
                self.history.add(&said(&result));
                self.tell(plane, result.unwrap_or_default());
            }
            (What::Hello(sandbox, serial), Outcome::Greeted(result)) => {
                self.history.add(&said(&result));
                // A runner that is not greeted is listened to all the same.
                let answers = result.unwrap_or_default();
                self.answer(sandbox, serial, answers);
            }
            (What::Deliver(sandbox, serial), Outcome::Reported(result)) => match result {
                Ok(answers) => {
                    self.history.add(" = taken in");
                    self.answer(sandbox, serial, answers);
                }
                Err(error) => {
                    self.history.add(&format!(" = {error}"));
                    if is_connected(&self.fleet, sandbox, serial) {
                        self.fleet.hangs_up(sandbox);
                    }
                }
            },
            _ => {}
        }
    }

    fn sent(&mut self, plane: usize, letters: Vec<usize>, result: Result<Vec<Stored>, StoreError>) {
        self.sends_no_more(plane);
        match result {
            Ok(stored) => {
                for (letter, stored) in letters.into_iter().zip(stored) {
                    self.answered(plane, letter, &stored);
                }
            }
            Err(error) => {
                self.history.add(&format!(" = {error}"));
                letters.into_iter().for_each(|it| self.ledger.is_lost(it));
            }
        }
    }

    fn stopped(
        &mut self,
        plane: usize,
        letter: usize,
        agent: AgentId,
        result: Result<Stopped, StoreError>,
    ) {
        match result {
            Ok(stopped) => {
                let turn = stopped.turn.map_or("no turn", |_| "accepted");
                self.history.add(&format!(" = {turn}"));
                self.ledger.is_accepted(letter, Some(stopped.receipt.id));
                self.tell(plane, [agent.into()]);
            }
            Err(error) => {
                self.history.add(&format!(" = {error}"));
                if matches!(error, StoreError::NoReceiver) {
                    self.ledger.is_refused(letter, false, "");
                } else {
                    self.ledger.is_lost(letter);
                }
            }
        }
    }

    fn agent_sent(
        &mut self,
        plane: usize,
        letter: usize,
        result: Result<(Standing, Option<Stored>), StoreError>,
    ) {
        match result {
            Ok((Standing::Open { .. }, Some(stored))) => self.answered(plane, letter, &stored),
            Ok(_) => {
                self.history.add(" = the turn is over");
                self.ledger.is_refused(letter, true, "the turn is over");
            }
            Err(error) => {
                self.history.add(&format!(" = {error}"));
                self.ledger.is_lost(letter);
            }
        }
    }

    /// A control plane has crashed over this: nobody will ever say what came of it.
    pub(super) fn abandoned(&mut self, what: &What) {
        match what {
            What::Send(letters) => letters.iter().for_each(|it| self.ledger.is_lost(*it)),
            What::Broadcast(letter) | What::AgentSends { letter, .. } => {
                self.ledger.is_lost(*letter)
            }
            What::Stop(letter, _) | What::Talks { letter, .. } => self.ledger.is_lost(*letter),
            What::Step(_)
            | What::Want(..)
            | What::Enable(..)
            | What::Replay
            | What::Hello(..)
            | What::Deliver(..)
            | What::Due
            | What::Fire
            | What::EndAsks
            | What::Sweep => {}
        }
    }

    fn sends_no_more(&mut self, plane: usize) {
        if let Some(plane) = self.planes.get_mut(plane) {
            plane.sending = false;
        }
    }

    pub(super) fn tell(&self, plane: usize, keys: impl IntoIterator<Item = ActorKey>) {
        if let Some(plane) = self.planes.get(plane) {
            keys.into_iter().for_each(|key| plane.hints.look(key));
        }
    }

    fn stepped(&mut self, plane: usize, key: ActorKey, result: Result<Progress, Fault>) {
        if let Some(plane) = self.planes.get_mut(plane) {
            plane.stepping.remove(&key);
        }
        match result {
            Ok(Progress::Again) => {
                self.history.add(" = again");
                self.tell(plane, [key]);
            }
            Ok(Progress::Rest { until }) => {
                let until = until.map(|until| until - self.time.now());
                let words = until.map_or_else(String::new, |it| {
                    format!(" for {} ms", it.num_milliseconds())
                });
                self.history.add(&format!(" = rests{words}"));
            }
            Ok(Progress::Gone) => self.history.add(" = gone"),
            Err(Fault::Moved) => {
                self.history.add(" = moved");
                self.tell(plane, [key]);
            }
            // Whoever owns it looks; here it is forgotten.
            Err(Fault::NotOwner) => self.history.add(" = not the owner"),
            Err(Fault::Away(_)) => {
                self.history.add(" = away");
                self.tell(plane, [key]);
            }
            Err(Fault::Fallen(reason)) => {
                self.history.add(&format!(" = FELL: {reason}"));
                self.breaks("no-falls", format!("an actor fell: {reason}"));
            }
        }
    }

    fn answered(&mut self, plane: usize, letter: usize, stored: &Stored) {
        let Some(To::One(receiver)) = self.ledger.letters.get(letter).map(|it| it.to.clone())
        else {
            return;
        };
        match stored {
            Stored::Done(receipt) => {
                let words = if receipt.repeated {
                    " = known"
                } else {
                    " = accepted"
                };
                self.history.add(words);
                self.ledger.is_accepted(letter, stored_id(stored));
                if !receipt.repeated {
                    self.tell(plane, [receiver.into()]);
                }
            }
            Stored::Again => {
                self.history.add(" = again");
                self.ledger.is_lost(letter);
            }
            Stored::Refused(error) => {
                self.history.add(&format!(" = {error}"));
                let is_there = !matches!(error, StoreError::NoReceiver);
                self.ledger.is_refused(letter, is_there, &error.to_string());
            }
        }
    }

    fn was_broadcast(
        &mut self,
        plane: usize,
        letter: usize,
        result: Result<(i64, Vec<ActorKey>), StoreError>,
    ) {
        match result {
            Ok((count, keys)) => {
                self.history.add(&format!(" = {count} peers"));
                self.ledger.is_accepted(letter, None);
                if let Some(letter) = self.ledger.letters.get_mut(letter) {
                    letter.to = To::All(keys.iter().map(|key| AgentId(key.id)).collect());
                }
                self.tell(plane, keys);
            }
            Err(error @ (StoreError::FanOut(_) | StoreError::InboxFull(_))) => {
                self.history.add(&format!(" = {error}"));
                self.ledger.is_refused(letter, true, "");
            }
            Err(error) => {
                self.history.add(&format!(" = {error}"));
                self.ledger.is_lost(letter);
            }
        }
    }

    /// What the control plane answers reaches the runner, if its connection is still the same.
    fn answer(&mut self, sandbox: SandboxId, serial: u64, answers: Vec<ToRunner>) {
        if !is_connected(&self.fleet, sandbox, serial) {
            return;
        }
        self.fleet.at(sandbox, |place| {
            if let Some(dialed) = &mut place.dialed {
                (dialed.greeted, dialed.delivering) = (true, false);
            }
        });
        for answer in answers {
            self.fleet.obey(sandbox, answer);
        }
    }
}

fn is_connected(fleet: &Fleet, sandbox: SandboxId, serial: u64) -> bool {
    fleet.at(sandbox, |place| {
        place.dialed.as_ref().is_some_and(|it| it.serial == serial)
    })
}

fn said<T>(result: &Result<T, StoreError>) -> String {
    match result {
        Ok(_) => String::new(),
        Err(error) => format!(" = {error}"),
    }
}
