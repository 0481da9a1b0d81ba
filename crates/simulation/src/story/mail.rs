//! Events happen: those of mail.

use optio_domain::{
    id::{AgentId, MessageId, TurnId},
    mail::{Class, Marks, Sender, Topic, WakeSource},
    ports::Ids as _,
};
use optio_store::{
    mail::{Audience, Fate as Settling, NewMessage, Which},
    turns::Standing,
};

use super::{
    Story,
    tasks::{Outcome, What},
};
use crate::{
    fleet::Pass,
    ledger::{Fate, Letter, Purpose, To},
};

impl Story<'_> {
    pub(super) async fn replay(&mut self, plane: usize) {
        let dead = self
            .seen
            .messages
            .iter()
            .find(|message| message.state == "dead");
        let Some((id, label)) = dead.map(|it| (it.id, it.body.clone())) else {
            return;
        };
        let line = format!("{}: a person replays {label}", self.stamp(plane));
        self.history.note(line);
        // Its place among its sender's mail is where it was; what came later has gone on.
        for letter in self
            .ledger
            .letters
            .iter_mut()
            .filter(|it| it.label == label)
        {
            letter.in_order = false;
        }
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let (store, now) = (here.world.store.clone(), here.world.clock.now());
        let future = async move {
            let which = Which::One(MessageId(id));
            let settled = store.settle_dead(which, Settling::Replay, now, 1).await;
            Outcome::Due(settled.map(|it| it.receivers.into_iter().collect()))
        };
        self.begin_task(plane, What::Replay, future).await;
    }

    /// A new text that nobody else has sent.
    pub(super) fn letter(&mut self, sender: Sender, to: To, key: bool, class: Class) -> usize {
        let place = self.ledger.letters.len();
        self.ledger.letters.push(Letter {
            label: format!("[m{place}]"),
            sender,
            key: key.then(|| format!("k{place}")),
            class,
            to,
            fate: Fate::Sending,
            in_order: true,
            purpose: Purpose::Plain,
        });
        place
    }

    pub(super) fn message(
        &self,
        plane: usize,
        letter: usize,
        cause: Option<TurnId>,
    ) -> Option<NewMessage> {
        let (here, letter) = (self.planes.get(plane)?, self.ledger.letters.get(letter)?);
        let receiver = match &letter.to {
            To::One(agent) => *agent,
            To::All(_) => *self.agents.first()?,
        };
        Some(NewMessage {
            id: MessageId(self.given.ids.fresh()),
            receiver: receiver.into(),
            sender: letter.sender.clone(),
            sender_name: None,
            source: match &letter.sender {
                Sender::User(_) => WakeSource::User,
                Sender::Agent { .. } => WakeSource::Agent,
                Sender::System(_) => WakeSource::System,
                Sender::External(_) => WakeSource::Webhook,
            },
            key: letter.key.clone(),
            body: letter.label.clone(),
            payload: None,
            broadcasted: matches!(letter.to, To::All(_)),
            cause,
            marks: marks(letter),
            at: here.world.clock.now(),
        })
    }

    /// Whether a sender waits for an answer: it says one thing after the other.
    pub(super) fn waits_for_an_answer(&self, sender: &Sender) -> bool {
        let mut letters = self.ledger.letters.iter();
        letters.any(|it| it.fate == Fate::Sending && it.sender == *sender)
    }

    pub(super) async fn send(&mut self, plane: usize) {
        let count = 1 + self.chance.below(3);
        let people = [Sender::User("u0".to_owned()), Sender::User("u1".to_owned())];
        let tracker = Sender::External("tracker".to_owned());
        let free: Vec<Sender> = people
            .into_iter()
            .chain([tracker])
            .filter(|it| !self.waits_for_an_answer(it))
            .collect();
        let mut letters = Vec::new();
        for _letter in 0..count {
            let Some(sender) = self.chance.pick(&free).cloned() else {
                return;
            };
            let keyed = matches!(sender, Sender::External(_)) || self.chance.per_mille(300);
            let agents = self.agents.clone();
            if let Some(agent) = self.chance.pick(&agents) {
                let class = self.class();
                letters.push(self.letter(sender, To::One(*agent), keyed, class));
            }
        }
        self.store_letters(plane, letters).await;
    }

    fn class(&mut self) -> Class {
        let classes = vec![(8, Class::Work), (1, Class::Notify), (1, Class::Interrupt)];
        self.chance.weighted(classes).unwrap_or_default()
    }

    /// A person ends whatever turn is open now.
    pub(super) async fn stop(&mut self, plane: usize, agent: AgentId) {
        let sender = Sender::User("u0".to_owned());
        if self.waits_for_an_answer(&sender) {
            return;
        }
        let letter = self.letter(sender, To::One(agent), false, Class::Stop);
        let Some(message) = self.message(plane, letter, None) else {
            return;
        };
        let line = format!(
            "{}: u0 stops {} with {}",
            self.stamp(plane),
            self.name(agent),
            message.body
        );
        self.history.note(line);
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let store = here.world.store.clone();
        let future = async move { Outcome::Stopped(store.send_stop(&message).await) };
        self.begin_task(plane, What::Stop(letter, agent), future)
            .await;
    }

    /// One batch of the mailroom.
    async fn store_letters(&mut self, plane: usize, letters: Vec<usize>) {
        let batch: Vec<NewMessage> = letters
            .iter()
            .filter_map(|it| self.message(plane, *it, None))
            .collect();
        let said: Vec<String> = letters
            .iter()
            .filter_map(|it| self.ledger.letters.get(*it))
            .map(|it| match &it.to {
                To::One(agent) => format!("{} {}→{}", it.label, it.sender, self.name(*agent)),
                To::All(_) => it.label.clone(),
            })
            .collect();
        let line = format!("{} stores {}", self.stamp(plane), said.join(", "));
        self.history.note(line);
        let inbox_max = self.given.limits.inbox_messages_max;
        let Some(here) = self.planes.get_mut(plane) else {
            return;
        };
        here.sending = true;
        let store = here.world.store.clone();
        let future = async move { Outcome::Sent(store.send(&batch, inbox_max).await) };
        self.begin_task(plane, What::Send(letters), future).await;
    }

    pub(super) async fn repeat(&mut self, plane: usize, letter: usize) {
        if let Some(it) = self.ledger.letters.get_mut(letter) {
            // Where there was no answer it may be stored only now, behind what was sent since.
            it.in_order &= matches!(it.fate, Fate::Accepted(_));
            if it.fate == Fate::Refused {
                it.fate = Fate::Sending;
            }
        }
        let purpose = self.ledger.letters.get(letter).map(|it| &it.purpose);
        if matches!(purpose, None | Some(Purpose::Plain)) {
            self.store_letters(plane, vec![letter]).await;
        } else {
            self.talk(plane, letter, None).await;
        }
    }

    pub(super) async fn broadcast(&mut self, plane: usize, agent: AgentId) {
        let sender = self.sender(agent);
        if self.waits_for_an_answer(&sender) {
            return;
        }
        let letter = self.letter(sender, To::All(Vec::new()), false, Class::Work);
        let Some(message) = self.message(plane, letter, None) else {
            return;
        };
        let line = format!(
            "{}: {} broadcasts {}",
            self.stamp(plane),
            self.name(agent),
            message.body
        );
        self.history.note(line);
        let limits = self.given.limits;
        let Some(here) = self.planes.get_mut(plane) else {
            return;
        };
        here.sending = true;
        let store = here.world.store.clone();
        let audience = Audience {
            workspace: "default".to_owned(),
            topic: Topic::all(),
            publisher: Some(agent),
        };
        let future = async move {
            let bounds = limits.inbox_messages_max.into();
            let done = store.publish(&message, &audience, bounds, limits.fan_out_max);
            Outcome::Broadcast(done.await.map(|it| (it.delivered, it.receivers)))
        };
        self.begin_task(plane, What::Broadcast(letter), future)
            .await;
    }

    pub(super) fn sender(&self, agent: AgentId) -> Sender {
        Sender::Agent {
            workspace: "default".to_owned(),
            slug: self.name(agent).to_owned(),
        }
    }

    /// As the gateway does it: the store says whether the token's turn is open, and only then the
    /// message is stored.
    pub(super) async fn agent_sends(&mut self, plane: usize, pass: Pass) {
        let sender = self.sender(pass.agent);
        let agents = self.agents.clone();
        let to = self.chance.pick(&agents).copied();
        let (Some(to), false) = (to, self.waits_for_an_answer(&sender)) else {
            return;
        };
        let keyed = self.chance.per_mille(300);
        let class = self.class();
        let letter = self.letter(sender, To::One(to), keyed, class);
        let Some(message) = self.message(plane, letter, Some(pass.turn)) else {
            return;
        };
        let open = self.seen.turns.iter().find(|turn| turn.id == pass.turn.0);
        let was_over = open.is_none_or(|turn| turn.finished_at.is_some());
        let line = format!(
            "{}: {} sends {}→{} with the token of turn {}{}",
            self.stamp(plane),
            self.name(pass.agent),
            message.body,
            self.name(to),
            crate::history::short(pass.turn.0),
            if was_over { ", which is over" } else { "" },
        );
        self.history.note(line);
        let inbox_max = self.given.limits.inbox_messages_max;
        let Some(here) = self.planes.get_mut(plane) else {
            return;
        };
        here.sending = true;
        let world = here.world.clone();
        let future = async move {
            let claims = match world.signer.read_turn(&pass.token) {
                Ok(claims) => claims,
                Err(_unknown) => return Outcome::AgentSent(Ok((Standing::Unknown, None))),
            };
            let standing = world
                .store
                .standing(claims.agent, claims.turn, claims.epoch)
                .await;
            Outcome::AgentSent(match standing {
                Ok(standing @ Standing::Open { .. }) => {
                    let stored = world
                        .store
                        .send(std::slice::from_ref(&message), inbox_max)
                        .await;
                    stored.map(|stored| (standing, stored.into_iter().next()))
                }
                Ok(standing) => Ok((standing, None)),
                Err(error) => Err(error),
            })
        };
        let what = What::AgentSends {
            letter,
            turn: pass.turn,
            was_over,
        };
        self.begin_task(plane, what, future).await;
    }
}

fn marks(letter: &Letter) -> Marks {
    let class = letter.class;
    match letter.purpose {
        Purpose::Plain => Marks {
            class,
            ..Marks::default()
        },
        Purpose::Question { deadline, .. } => Marks {
            class,
            reply_by: Some(deadline),
            ..Marks::default()
        },
        Purpose::Reply { ask } => Marks {
            class,
            thread: Some(ask),
            in_reply_to: Some(ask),
            ..Marks::default()
        },
    }
}
