//! The faults stop. Whatever was under way ends, whoever is down comes back, everything outside does
//! its work, and time goes on from one wake time to the next: in the end nothing may be left to do.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Story, Temper,
    events::{Deed, Event},
    leases::NOBODY,
};
use crate::{invariants, ledger::Fate};

/// Events until everything must be at rest.
const CALM_EVENTS_MAX: usize = 1_500;
/// Virtual time until everything must be at rest: longer than every pause there is.
const CALM_MAX: TimeDelta = TimeDelta::hours(3);

impl Story<'_> {
    pub(super) async fn calm(&mut self) {
        if self.broken.is_some() {
            return;
        }
        self.history.note("the faults stop".to_owned());
        self.temper = Temper::default();
        self.is_calm = true;
        while let Some(id) = self.standing().first().copied() {
            self.release(id).await;
        }
        self.notice_broken_lines();
        self.look().await;
        for plane in 0..self.planes.len() {
            if self.planes.get(plane).is_some_and(|it| !it.up) {
                self.restart(plane).await;
            }
        }
        let orphans = self
            .owners
            .iter()
            .filter(|(_, (owner, _))| *owner == NOBODY);
        for agent in orphans.map(|(agent, _)| *agent).collect::<Vec<_>>() {
            self.give(agent, 0).await;
        }
        for plane in 0..self.planes.len() {
            self.notice(plane);
        }
        self.notice_broken_lines();
        for plane in 0..self.planes.len() {
            self.sweep(plane).await;
            self.due(plane).await;
        }
        self.ask_again().await;
        self.come_to_rest().await;
        self.look().await;
        if self.broken.is_none() {
            self.broken = invariants::at_rest(&self.view()).err();
        }
    }

    /// Whoever had no answer asks once more, where a key makes that safe.
    async fn ask_again(&mut self) {
        for letter in 0..self.ledger.letters.len() {
            let keyed = self.ledger.letters.get(letter);
            if keyed.is_some_and(|it| it.key.is_some() && it.fate == Fate::Unknown) {
                self.repeat(0, letter).await;
            }
        }
    }

    async fn come_to_rest(&mut self) {
        let end = self.time.now() + CALM_MAX;
        for _event in 0..CALM_EVENTS_MAX {
            if self.broken.is_some() {
                return;
            }
            if let Some(event) = self.next_calm_event() {
                self.happen(event).await;
                self.look().await;
                continue;
            }
            self.look().await;
            let Some(next) = self.next_time().filter(|next| *next <= end) else {
                return;
            };
            let pause = (next - self.time.now()).max(TimeDelta::milliseconds(1));
            self.time_goes_on(pause);
            for plane in 0..self.planes.len() {
                self.due(plane).await;
                if self.seen.asks.iter().any(|ask| ask.state == "open") {
                    self.end_asks(plane).await;
                }
            }
            self.pass_on();
        }
        self.breaks(
            "liveness",
            format!("after {CALM_EVENTS_MAX} events of calm there is still no rest"),
        );
    }

    /// Whatever can be done now, in a fixed order.
    fn next_calm_event(&mut self) -> Option<Event> {
        for (number, plane) in self.planes.iter().enumerate() {
            if let Some(key) = plane.waiting().first() {
                return Some(Event::Step(number, *key));
            }
        }
        for sandbox in self.fleet.places() {
            if self.fleet.at(sandbox, |place| !place.alive) {
                continue;
            }
            if !self.has_dialed(sandbox) {
                let plane = self.where_to_dial(sandbox, 0);
                return Some(Event::At(sandbox, Deed::Dial(plane)));
            }
            if self.order(sandbox) {
                return self.next_calm_event_after_order();
            }
            if let Some(run) = self.news(sandbox).first() {
                return Some(Event::At(sandbox, Deed::Deliver(*run)));
            }
        }
        let (sandbox, run) = self.fleet.processes().first().copied()?;
        Some(Event::At(sandbox, Deed::Progress(run)))
    }

    /// An order was heard: whatever it brought comes next.
    fn next_calm_event_after_order(&mut self) -> Option<Event> {
        self.notice_broken_lines();
        Some(Event::Time(TimeDelta::milliseconds(1)))
    }

    /// The next time at which somebody wants to be woken, by the slowest clock.
    fn next_time(&self) -> Option<DateTime<Utc>> {
        let skew = self.planes.iter().map(|plane| plane.skew).min()?;
        let wakes = self.seen.actors.iter().filter_map(|actor| actor.wake_at);
        let asks = self.seen.asks.iter().filter(|ask| ask.state == "open");
        let next = wakes.chain(asks.map(|ask| ask.deadline)).min();
        next.map(|at| at - skew)
    }
}
