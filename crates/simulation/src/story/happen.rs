//! Events happen: those of people and of the control planes themselves.

use optio_domain::{
    actor::ActorKey,
    agent::{Intent, spec::AgentSpec},
    id::AgentId,
};
use optio_runtime::{Kind as _, Steering};

use super::{
    Story,
    events::Event,
    tasks::{Outcome, What},
};
use crate::plane::Plane;

impl Story<'_> {
    pub(super) async fn happen(&mut self, event: Event) {
        match event {
            Event::Release(id) => self.release(id).await,
            Event::Step(plane, key) => self.step(plane, key).await,
            Event::Send(plane) => self.send(plane).await,
            Event::Repeat(plane, letter) => self.repeat(plane, letter).await,
            Event::AgentSends(plane, pass) => self.agent_sends(plane, pass).await,
            Event::Asks(plane, pass) => self.asks(plane, pass).await,
            Event::Replies(plane, pass, question) => self.replies(plane, pass, question).await,
            Event::EndAsks(plane) => self.end_asks(plane).await,
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
        let usurps = self.is_usurper(plane, key);
        self.begin_task(plane, What::Step(key), future).await;
        // Nobody else did anything meanwhile, so whatever has changed was this step's doing.
        if usurps && self.tasks.len() == tasks {
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
        let agents = std::sync::Arc::clone(&here.agents);
        let future = async move {
            agents.room_again().await;
            Outcome::Done(steering.resync().await)
        };
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
                    let spec = AgentSpec {
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
}
