//! Events happen: those of people and of the control planes themselves.

use optio_domain::{
    actor::ActorKey,
    agent::Intent,
    id::{AgentId, MessageId, TurnId},
    mail::{Class, Marks, Sender, WakeSource},
    ports::Ids as _,
};
use optio_runtime::{Kind as _, Steering};
use optio_store::{
    mail::{NewMessage, Wanted},
    turns::Standing,
};

use super::{
    Story,
    events::Event,
    tasks::{Outcome, What},
};
use crate::{
    fleet::Pass,
    ledger::{Fate, Letter, To},
    plane::Plane,
};

impl Story<'_> {
    pub(super) async fn happen(&mut self, event: Event) {
        match event {
            Event::Release(id) => self.release(id).await,
            Event::Step(plane, key) => self.step(plane, key).await,
            Event::Send(plane) => self.send(plane).await,
            Event::Repeat(plane, letter) => self.repeat(plane, letter).await,
            Event::AgentSends(plane, pass) => self.agent_sends(plane, pass).await,
            Event::Broadcast(plane, agent) => self.broadcast(plane, agent).await,
            Event::Want(plane, agent, intent) => self.want(plane, agent, intent).await,
            Event::Stop(plane, agent) => self.stop(plane, agent).await,
            Event::Enable(plane, agent, enabled) => self.enable(plane, agent, enabled).await,
            Event::Replay(plane) => self.replay(plane).await,
            Event::Due(plane) => self.due(plane).await,
            Event::Fire(plane) => self.fire(plane).await,
            Event::Sweep(plane) => self.sweep(plane).await,
            Event::Time(by) => self.time_goes_on(by),
            Event::Crash(plane) => {
                let line = format!("{} crashes", self.stamp(plane));
                self.history.note(line);
                self.crash(plane).await;
            }
            Event::Give(agent, to) => {
                self.give(agent, to).await;
            }
            Event::Notice(plane) => {
                let line = format!("{} notices what it owns", self.stamp(plane));
                self.history.note(line);
                self.notice(plane);
            }
            Event::Restart(plane) => self.restart(plane).await,
            Event::At(sandbox, deed) => self.in_sandbox(sandbox, deed).await,
        }
        self.notice_broken_lines();
        self.pass_on();
    }

    pub(super) fn time_goes_on(&mut self, by: chrono::TimeDelta) {
        self.time.pass(by);
        let over = self.fleet.expire();
        let words = if over { ", a run's time is over" } else { "" };
        let line = format!("{} ms pass{words}", by.num_milliseconds());
        self.history.note(line);
    }

    pub(super) async fn step(&mut self, plane: usize, key: ActorKey) {
        let line = format!(
            "{}: {} looks",
            self.stamp(plane),
            self.name(AgentId(key.id))
        );
        self.history.note(line);
        let Some(here) = self.planes.get_mut(plane) else {
            return;
        };
        here.begins(key);
        let agents = std::sync::Arc::clone(&here.agents);
        let future = async move { Outcome::Stepped(agents.step(key.id).await) };
        let (before, tasks) = (self.mark(key), self.tasks.len());
        self.begin_task(plane, What::Step(key), future).await;
        // Nobody else did anything meanwhile, so whatever has changed was this step's doing.
        if self.is_usurper(plane, key) && self.tasks.len() == tasks {
            self.look().await;
            if self.mark(key) != before {
                let words = format!(
                    "{} wrote about {}, which is another's",
                    plane,
                    self.name(AgentId(key.id))
                );
                self.breaks("fencing", words);
            }
        }
    }

    /// A control plane begins anew, and does what a start does: everybody with work is told to look.
    pub(super) async fn restart(&mut self, plane: usize) {
        let line = format!("{} starts again", self.stamp(plane));
        self.history.note(line);
        if let Some(here) = self.planes.get_mut(plane) {
            *here = Plane::start(&self.given, here.skew, here.holding.is_some());
        }
        self.sweep(plane).await;
    }

    pub(super) async fn sweep(&mut self, plane: usize) {
        let line = format!("{} sweeps", self.stamp(plane));
        self.history.note(line);
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let world = &here.world;
        let clock = std::sync::Arc::clone(&world.clock);
        let steering = Steering::of(world.store.clone(), clock, here.hints.clone());
        let future = async move { Outcome::Done(steering.resync().await) };
        self.begin_task(plane, What::Sweep, future).await;
    }

    pub(super) async fn due(&mut self, plane: usize) {
        let line = format!("{} rings for who is due", self.stamp(plane));
        self.history.note(line);
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let (store, now) = (here.world.store.clone(), here.world.clock.now());
        let future = async move {
            let due = store.due(now, None, 100).await;
            Outcome::Due(due.map(|rows| rows.into_iter().map(|(_, key)| key).collect()))
        };
        self.begin_task(plane, What::Due, future).await;
    }

    async fn fire(&mut self, plane: usize) {
        let line = format!("{} looks at schedules", self.stamp(plane));
        self.history.note(line);
        // One bell never rings twice at once.
        let free = self
            .tasks
            .values()
            .all(|it| it.plane != plane || !matches!(it.what, What::Fire));
        let Some(here) = self.planes.get(plane).filter(|_| free) else {
            return;
        };
        let schedules = here.schedules.clone();
        let future = async move { Outcome::Done(schedules.fire_due().await) };
        self.begin_task(plane, What::Fire, future).await;
    }

    async fn want(&mut self, plane: usize, agent: AgentId, intent: Intent) {
        let line = format!(
            "{}: a person wants to {} {}",
            self.stamp(plane),
            intent.name(),
            self.name(agent)
        );
        self.history.note(line);
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let (store, now) = (here.world.store.clone(), here.world.clock.now());
        let future = async move { Outcome::Done(store.want(agent, intent, now).await.map(drop)) };
        self.begin_task(plane, What::Want(agent), future).await;
    }

    async fn enable(&mut self, plane: usize, agent: AgentId, enabled: bool) {
        let word = if enabled { "enables" } else { "disables" };
        let line = format!(
            "{}: a person {word} {}",
            self.stamp(plane),
            self.name(agent)
        );
        self.history.note(line);
        let Some(here) = self.planes.get(plane) else {
            return;
        };
        let (store, now) = (here.world.store.clone(), here.world.clock.now());
        let future = async move {
            Outcome::Done(match store.agent(agent).await {
                Ok(Some(row)) => {
                    let spec = optio_domain::agent::spec::AgentSpec {
                        enabled,
                        ..row.spec
                    };
                    store.change_agent(agent, &spec, now).await.map(drop)
                }
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            })
        };
        self.begin_task(plane, What::Enable(agent), future).await;
    }

    async fn replay(&mut self, plane: usize) {
        let dead = self
            .seen
            .messages
            .iter()
            .find(|message| message.state == "dead");
        let Some((receiver, id, label)) = dead.map(|it| (it.receiver_id, it.id, it.body.clone()))
        else {
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
        let store = here.world.store.clone();
        let key = AgentId(receiver).into();
        let future = async move {
            let dead = store.messages(key, Wanted::Dead, None, 10).await;
            let replayed = match dead {
                Ok(_) => store.replay(key, MessageId(id)).await,
                Err(error) => Err(error),
            };
            Outcome::Due(replayed.map(|_| vec![key]))
        };
        self.begin_task(plane, What::Replay, future).await;
    }

    /// A new text that nobody else has sent.
    fn letter(&mut self, sender: Sender, to: To, key: bool, class: Class) -> usize {
        let place = self.ledger.letters.len();
        self.ledger.letters.push(Letter {
            label: format!("[m{place}]"),
            sender,
            key: key.then(|| format!("k{place}")),
            class,
            to,
            fate: Fate::Sending,
            in_order: true,
        });
        place
    }

    fn message(&self, plane: usize, letter: usize, cause: Option<TurnId>) -> Option<NewMessage> {
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
            marks: Marks {
                class: letter.class,
                ..Marks::default()
            },
            at: here.world.clock.now(),
        })
    }

    /// Whether a sender waits for an answer: it says one thing after the other.
    fn waits_for_an_answer(&self, sender: &Sender) -> bool {
        let mut letters = self.ledger.letters.iter();
        letters.any(|it| it.fate == Fate::Sending && it.sender == *sender)
    }

    async fn send(&mut self, plane: usize) {
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
    async fn stop(&mut self, plane: usize, agent: AgentId) {
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
        }
        self.store_letters(plane, vec![letter]).await;
    }

    async fn broadcast(&mut self, plane: usize, agent: AgentId) {
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
        let future = async move {
            let (inbox_max, fan_out_max) = (limits.inbox_messages_max, limits.fan_out_max);
            Outcome::Broadcast(
                store
                    .broadcast(&message, agent, "default", inbox_max, fan_out_max)
                    .await,
            )
        };
        self.begin_task(plane, What::Broadcast(letter), future)
            .await;
    }

    fn sender(&self, agent: AgentId) -> Sender {
        Sender::Agent {
            workspace: "default".to_owned(),
            slug: self.name(agent).to_owned(),
        }
    }

    /// As the gateway does it: the store says whether the token's turn is open, and only then the
    /// message is stored.
    async fn agent_sends(&mut self, plane: usize, pass: Pass) {
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
