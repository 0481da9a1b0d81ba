//! One story: a day of random events and faults, then calm, under one seed.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use optio_domain::{
    agent::{Lifecycle, spec::AgentSpec},
    id::{AgentId, MessageId, RunId, TriggerId},
    limits::Limits,
    mail::{Class, Marks, Sender, WakeSource},
    ports::Ids as _,
    schedule::Schedule,
    trigger::{TargetKind, TriggerType},
};
use optio_store::{mail::NewMessage, testing::Snapshot, triggers::TriggerRow};

use crate::{
    chance::Chance,
    fleet::Fleet,
    ground::Ground,
    history::{History, fingerprint},
    invariants::{self, Broken, View},
    ledger::{Fate, Ledger, Letter, Purpose, To},
    plane::{Given, Plane},
    time::{CountedIds, Time},
};

mod asks;
mod calm;
mod events;
mod happen;
mod leases;
mod mail;
mod outcomes;
mod runners;
mod tasks;

use tasks::Task;

/// One story of so many has questions.
const QUESTIONS_EVERY: u64 = 3;

/// How a story went.
#[derive(Debug, Clone)]
pub struct Ending {
    /// What happened, one line per event.
    pub history: Vec<String>,
    /// The same for the same seed.
    pub fingerprint: u64,
    /// The promise that was broken: its name, and what was seen.
    pub broken: Option<(&'static str, String)>,
}

/// How rough a story is: times out of a thousand at which something stands at the gate.
#[derive(Debug, Clone, Copy, Default)]
struct Temper {
    park: usize,
    fail: usize,
    crash: usize,
}

struct Story<'g> {
    ground: &'g mut Ground,
    chance: Chance,
    temper: Temper,
    given: Given,
    time: Time,
    fleet: Fleet,
    history: History,
    ledger: Ledger,
    planes: Vec<Plane>,
    tasks: BTreeMap<u64, Task>,
    next_task: u64,
    /// Whether the faults have stopped.
    is_calm: bool,
    /// Whether agents ask each other. Where they do, less of everything else happens.
    has_questions: bool,
    agents: Vec<AgentId>,
    slugs: BTreeMap<AgentId, String>,
    seen: Snapshot,
    seen_at: Option<u64>,
    /// What the run of every closed turn had told when it was closed.
    closed: BTreeMap<RunId, i64>,
    /// Who owns which agent, and under which epoch of its shard; empty where nobody owns anything.
    owners: BTreeMap<AgentId, (usize, i64)>,
    broken: Option<Broken>,
}

/// Plays the story of a seed.
pub async fn play(ground: &mut Ground, seed: u64) -> Ending {
    ground.clear().await;
    let mut story = Story::begin(ground, seed).await;
    story.look().await;
    let events = 30 + story.chance.below(70);
    for _event in 0..events {
        if story.broken.is_some() {
            break;
        }
        story.event().await;
        story.look().await;
    }
    story.calm().await;
    story.end().await
}

impl<'g> Story<'g> {
    async fn begin(ground: &'g mut Ground, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let time = Time::default();
        let fleet = Fleet::new(time.clone());
        let given = Given {
            store: ground.store.clone(),
            gate: ground.gate.clone(),
            fleet: fleet.clone(),
            time: time.clone(),
            ids: Arc::new(CountedIds::default()),
            limits: Limits {
                turns_running_max: chance.between(1, 3),
                inbox_messages_max: if chance.per_mille(250) { 4 } else { 100 },
                fan_out_max: if chance.per_mille(100) { 1 } else { 100 },
                ..Limits::default()
            },
        };
        let temper = temper(&mut chance);
        let planes = 1 + usize::from(chance.per_mille(400));
        let fenced = 1 < planes && chance.per_mille(650);
        let planes = (0..planes)
            .map(|_| {
                let skew = TimeDelta::milliseconds(chance.between(-1_500, 1_500));
                Plane::start(&given, skew, fenced)
            })
            .collect();
        let mut story = Self {
            ground,
            chance,
            temper,
            given,
            time,
            fleet,
            history: History::default(),
            ledger: Ledger::default(),
            planes,
            tasks: BTreeMap::new(),
            next_task: 0,
            is_calm: false,
            has_questions: seed.is_multiple_of(QUESTIONS_EVERY),
            agents: Vec::new(),
            slugs: BTreeMap::new(),
            seen: Snapshot::default(),
            seen_at: None,
            closed: BTreeMap::new(),
            owners: BTreeMap::new(),
            broken: None,
        };
        story.history.note(format!(
            "{} control planes{}, {temper:?}, room for {} turns, {} in an inbox",
            story.planes.len(),
            if fenced { " with leases" } else { "" },
            story.given.limits.turns_running_max,
            story.given.limits.inbox_messages_max,
        ));
        story.people().await;
        story
    }

    /// The agents of the story, each with its mission, some with a schedule.
    async fn people(&mut self) {
        for number in 0..self.chance.between(2, 4) {
            let slug = format!("a{number}");
            let id = AgentId(self.given.ids.fresh());
            let label = format!("[mission of {slug}]");
            let mut spec = AgentSpec::new(&slug, &slug, &label);
            spec.pod_lifecycle = self
                .chance
                .pick(&[Lifecycle::Sticky, Lifecycle::OnDemand, Lifecycle::AlwaysOn])
                .copied()
                .unwrap_or(Lifecycle::Sticky);
            let sender = Sender::System("initial".to_owned());
            let mission = NewMessage {
                id: MessageId(self.given.ids.fresh()),
                receiver: id.into(),
                sender: sender.clone(),
                sender_name: None,
                source: WakeSource::Initial,
                key: None,
                body: label.clone(),
                payload: None,
                broadcasted: false,
                cause: None,
                marks: Marks::default(),
                at: self.time.now(),
            };
            let setup = self.ground.setup.clone();
            let created = setup.create_agent(id, "default", &spec, "user:local", &mission);
            created.await.expect("an agent can be created");
            self.ledger.letters.push(Letter {
                label,
                sender,
                key: None,
                class: Class::Work,
                to: To::One(id),
                fate: Fate::Accepted(Some(mission.id)),
                in_order: true,
                purpose: Purpose::Plain,
            });
            self.agents.push(id);
            self.slugs.insert(id, slug.clone());
            self.history
                .note(format!("{slug} is created, {}", spec.pod_lifecycle.name()));
            if self.chance.per_mille(300) {
                self.schedule(id, number).await;
            }
            let plane = self.chance.below(self.planes.len());
            if self.is_fenced() {
                self.give(id, plane).await;
                self.notice(plane);
            }
            if let Some(plane) = self.planes.get(plane) {
                plane.hints.look(id.into());
            }
        }
    }

    async fn schedule(&mut self, agent: AgentId, minute: i64) {
        let cron = format!("{minute}-59/10 * * * *");
        let next = Schedule::parse(&cron, None).and_then(|it| it.next_after(self.time.now()));
        let trigger = TriggerRow {
            next_fire_at: next.ok(),
            ..TriggerRow::new(
                TriggerId(self.given.ids.fresh()),
                (TargetKind::Agent, agent.0),
                TriggerType::Schedule,
                serde_json::json!({ "cronExpression": cron, "prompt": "[tick]" }),
                self.time.now(),
            )
        };
        let setup = self.ground.setup.clone();
        let created = setup.create_trigger(&trigger).await;
        created.expect("a trigger can be created");
        self.history
            .note(format!("{} has the schedule {cron}", self.name(agent)));
    }

    fn name(&self, agent: AgentId) -> &str {
        self.slugs.get(&agent).map_or("?", String::as_str)
    }

    /// Looks at everything that is committed, where anything was since the last look, and holds it
    /// against the invariants.
    async fn look(&mut self) {
        self.settle().await;
        let written = self.ground.postgres.written();
        if self.seen_at != Some(written) {
            self.ground.overseer.look(&mut self.seen).await;
            self.seen_at = Some(written);
        }
        if self.broken.is_none() {
            self.broken = invariants::check(&self.view(), &self.closed).err();
            invariants::remember(&self.seen, &mut self.closed);
        }
    }

    fn view(&self) -> View<'_> {
        View {
            seen: &self.seen,
            ledger: &self.ledger,
            fleet: &self.fleet,
            limits: &self.given.limits,
            agents: &self.agents,
        }
    }

    /// What was seen change by change is what there is.
    async fn look_again(&mut self) {
        if self.seen_at == Some(self.ground.postgres.written()) {
            let mut whole = Snapshot::default();
            self.ground.overseer.look(&mut whole).await;
            assert!(self.seen.agrees(&whole), "a change was not seen");
        }
    }

    async fn end(mut self) -> Ending {
        self.look_again().await;
        self.tasks.clear();
        self.history.note(format!("after {:?}", self.time.passed()));
        for actor in &self.seen.actors {
            let line = format!(
                "{} is {} at epoch {}, took {} turns, {} wait, {:?}",
                actor.slug,
                actor.state,
                actor.epoch,
                actor.turns_taken,
                actor.inbox_pending,
                actor.wake_at
            );
            self.history.note(line);
        }
        for message in &self.seen.messages {
            let line = format!(
                "{} is {} after {}",
                message.body, message.state, message.attempts
            );
            self.history.note(line);
        }
        let history = self.history.lines();
        Ending {
            fingerprint: fingerprint(&history),
            history,
            broken: self.broken.map(|broken| (broken.invariant, broken.words)),
        }
    }
}

fn temper(chance: &mut Chance) -> Temper {
    let rough = chance.below(4);
    let mut upto = |end: usize| {
        if 0 < rough {
            chance.below(end * rough)
        } else {
            0
        }
    };
    Temper {
        park: upto(40),
        fail: upto(8),
        crash: upto(3),
    }
}
