//! Events happen: those of questions with a deadline.

use chrono::TimeDelta;
use optio_actors::asks::Asks;
use optio_domain::{
    id::{AgentId, TurnId},
    mail::{Class, ask::Reply},
};
use optio_store::{
    StoreError,
    mail::{Bounds, Receipt},
    turns::Standing,
};

use super::{
    Story,
    events::Event,
    tasks::{Outcome, What},
};
use crate::{
    fleet::Pass,
    history::short,
    ledger::{Purpose, To},
    waits,
};

impl Story<'_> {
    /// What may happen to questions in a control plane.
    pub(super) fn among_waits(&mut self, plane: usize, may: &mut Vec<(usize, Event)>) {
        if !self.has_questions {
            return;
        }
        // Mostly those whose process is alive: whose turn is over has nothing to ask.
        let only_alive = !self.chance.per_mille(100);
        let mut passes = self.fleet.passes();
        passes.retain(|(_, alive)| *alive || !only_alive);
        if let Some((pass, _)) = self.chance.pick(&passes).cloned() {
            may.push((14, Event::Asks(plane, pass)));
        }
        let letters = self.ledger.letters.iter().enumerate();
        let asked: Vec<(usize, AgentId)> = letters
            .filter_map(|(place, letter)| match letter.to {
                To::One(asked) => waits::accepted(letter).map(|_| (place, asked)),
                To::All(_) => None,
            })
            .collect();
        let may_reply: Vec<_> = passes
            .iter()
            .flat_map(|(pass, _)| {
                let mine = asked.iter().filter(|(_, asked)| *asked == pass.agent);
                mine.map(|(place, _)| (pass.clone(), *place))
            })
            .collect();
        if let Some((pass, question)) = self.chance.pick(&may_reply).cloned() {
            may.push((14, Event::Replies(plane, pass, question)));
        }
        if self.seen.asks.iter().any(|ask| ask.state == "open") {
            may.push((3, Event::EndAsks(plane)));
        }
    }

    /// An agent asks a peer with a token it was given once.
    pub(super) async fn asks(&mut self, plane: usize, pass: Pass) {
        let open = self.seen.asks.iter().filter(|ask| ask.state == "open");
        let waiting: Vec<AgentId> = open
            .filter(|ask| ask.asked_id == pass.agent.0)
            .filter_map(|ask| ask.asker_id.map(AgentId))
            .collect();
        // Whoever waits for it is asked back more often than chance would have it: that is a circle.
        let back = !waiting.is_empty() && self.chance.per_mille(500);
        let peers = if back { waiting } else { self.agents.clone() };
        let to = self.chance.pick(&peers).copied();
        let sender = self.sender(pass.agent);
        let Some(to) = to.filter(|to| *to != pass.agent && !self.waits_for_an_answer(&sender))
        else {
            return;
        };
        let class = if self.chance.per_mille(200) {
            Class::Interrupt
        } else {
            Class::Work
        };
        let wait = TimeDelta::milliseconds(self.chance.between(1_000, 120_000));
        let keyed = self.chance.per_mille(300);
        let letter = self.letter(sender, To::One(to), keyed, class);
        if let Some(it) = self.ledger.letters.get_mut(letter) {
            it.purpose = Purpose::Question {
                asker: pass.agent,
                deadline: self.time.now() + wait,
            };
        }
        self.talk(plane, letter, Some(pass)).await;
    }

    /// An agent replies to a question that it was asked.
    pub(super) async fn replies(&mut self, plane: usize, pass: Pass, question: usize) {
        let sender = self.sender(pass.agent);
        let asked = self.ledger.letters.get(question);
        let Some((ask, asker)) = asked.and_then(|it| match it.purpose {
            Purpose::Question { asker, .. } => Some((waits::accepted(it)?, asker)),
            Purpose::Plain | Purpose::Reply { .. } => None,
        }) else {
            return;
        };
        if self.waits_for_an_answer(&sender) {
            return;
        }
        let keyed = self.chance.per_mille(300);
        let letter = self.letter(sender, To::One(asker), keyed, Class::Work);
        if let Some(it) = self.ledger.letters.get_mut(letter) {
            it.purpose = Purpose::Reply { ask };
        }
        self.talk(plane, letter, Some(pass)).await;
    }

    /// A question or a reply is stored, as the gateway does it: where a token is shown, only if its turn
    /// is open.
    pub(super) async fn talk(&mut self, plane: usize, letter: usize, pass: Option<Pass>) {
        let cause = pass.as_ref().map(|it| it.turn);
        let message = self.message(plane, letter, cause);
        let purpose = self.ledger.letters.get(letter).map(|it| it.purpose.clone());
        let (Some(message), Some(purpose)) = (message, purpose) else {
            return;
        };
        let was_over = cause.filter(|turn| self.is_over(*turn));
        let words = match &purpose {
            Purpose::Question { .. } => "asks".to_owned(),
            Purpose::Reply { ask } => format!("replies to {}", short(ask.0)),
            Purpose::Plain => "says".to_owned(),
        };
        let line = format!(
            "{}: {} {words} with {}→{}{}",
            self.stamp(plane),
            message.sender,
            message.body,
            self.name(AgentId(message.receiver.id)),
            if was_over.is_some() {
                ", with the token of a turn which is over"
            } else {
                ""
            },
        );
        self.history.note(line);
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let (world, bounds) = (here.world.clone(), Bounds::from(&self.given.limits));
        let open_max = self.given.limits.asks_open_max;
        let future = async move {
            let opened = match &pass {
                Some(pass) => opens(&world, pass).await,
                None => Ok(true),
            };
            let done = match (opened, purpose) {
                (Ok(false), _) | (_, Purpose::Plain) => Ok(None),
                (Err(error), _) => Err(error),
                (Ok(true), Purpose::Question { asker, deadline }) => {
                    let asker = Some(asker);
                    let asked = world.store.ask(&message, asker, deadline, bounds, open_max);
                    asked.await.map(|(receipt, _)| Some((receipt, None)))
                }
                (Ok(true), Purpose::Reply { ask }) => {
                    let replied = world.store.reply(&message, ask, bounds).await;
                    replied.map(|(receipt, meaning)| Some((receipt, Some(meaning))))
                }
            };
            Outcome::Talked(done)
        };
        self.begin_task(plane, What::Talks { letter, was_over }, future)
            .await;
    }

    fn is_over(&self, turn: TurnId) -> bool {
        let row = self.seen.turns.iter().find(|it| it.id == turn.0);
        row.is_none_or(|it| it.finished_at.is_some())
    }

    /// Waits whose time is over are ended.
    pub(super) async fn end_asks(&mut self, plane: usize) {
        let line = format!("{} looks at questions", self.stamp(plane));
        self.history.note(line);
        // One bell never rings twice at once.
        let mut tasks = self.tasks.values();
        let free = tasks.all(|it| it.plane != plane || !matches!(it.what, What::EndAsks));
        let Some(here) = self.planes.get(plane).filter(|_| free) else {
            return;
        };
        let asks = Asks::new(here.world.clone(), here.hints.clone());
        let future = async move { Outcome::Done(asks.end_due().await) };
        self.begin_task(plane, What::EndAsks, future).await;
    }

    pub(super) fn talked(
        &mut self,
        plane: usize,
        letter: usize,
        was_over: Option<TurnId>,
        result: Result<Option<(Receipt, Option<Reply>)>, StoreError>,
    ) {
        let said = self.ledger.letters.get(letter);
        let Some((To::One(receiver), purpose)) = said.map(|it| (it.to.clone(), it.purpose.clone()))
        else {
            return;
        };
        match result {
            Ok(Some((receipt, meaning))) => {
                if let Some(turn) = was_over {
                    let words = format!("the token of turn {} opened a door", short(turn.0));
                    self.breaks("tokens", words);
                }
                let known = if receipt.repeated {
                    "known"
                } else {
                    "accepted"
                };
                let meaning = meaning.map_or(String::new(), |it| format!(", {it:?}"));
                self.history.add(&format!(" = {known}{meaning}"));
                self.ledger.is_accepted(letter, Some(receipt.id));
                if let (Purpose::Reply { ask }, ", Answer") = (&purpose, meaning.as_str()) {
                    self.ledger.is_answered(*ask, receipt.id);
                }
                self.tell(plane, [receiver.into()]);
            }
            Ok(None) => {
                self.history.add(" = the turn is over");
                self.ledger.is_refused(letter, true, "the turn is over");
            }
            Err(error) => {
                self.history.add(&format!(" = {error}"));
                match error {
                    // Who was asked, or who asked, is gone.
                    StoreError::NoReceiver => self.ledger.is_refused(letter, false, ""),
                    StoreError::Cycle(_)
                    | StoreError::AsksOpen(_)
                    | StoreError::InboxFull(_)
                    | StoreError::Hops(_) => {
                        self.ledger.is_refused(letter, true, &error.to_string());
                    }
                    StoreError::Moved
                    | StoreError::NotOwner
                    | StoreError::Unavailable(_)
                    | StoreError::SlugTaken(_)
                    | StoreError::NameTaken { .. }
                    | StoreError::PathTaken(_)
                    | StoreError::KeyReused(_)
                    | StoreError::FanOut(_)
                    | StoreError::UnknownTask(_)
                    | StoreError::TaskCircle(_)
                    | StoreError::TicketTaken(_)
                    | StoreError::TooMany(_)
                    | StoreError::Answered
                    | StoreError::Corrupt(_)
                    | StoreError::Failed(_) => self.ledger.is_lost(letter),
                }
            }
        }
    }
}

/// Whether the turn of a token is open.
async fn opens(world: &optio_actors::World, pass: &Pass) -> Result<bool, StoreError> {
    let Ok(claims) = world.signer.read_turn(&pass.token) else {
        return Ok(false);
    };
    let standing = world
        .store
        .standing(claims.agent, claims.turn, claims.epoch);
    Ok(matches!(standing.await?, Standing::Open { .. }))
}
