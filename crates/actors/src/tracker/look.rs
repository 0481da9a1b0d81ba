//! A look at a tracker: a page of the tickets that have changed.

use optio_domain::{
    actor::Decision,
    id::TicketId,
    tracker::{
        Ticket, TicketPage, TrackerError,
        plan::{OVERLAP, after_look},
    },
};
use optio_runtime::{Fault, Progress};
use optio_store::tickets::{PageRead, TrackerSight};

use super::Trackers;

impl Trackers {
    pub(super) async fn look(
        &self,
        sight: &TrackerSight,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let answer = match self.open(sight).await? {
            Ok(tracker) => {
                let since = sight.since.map(|since| since - OVERLAP);
                tracker.changed(since, sight.page.as_deref()).await
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(page) => self.page_read(sight, page, decision).await,
            Err(error) => self.look_failed(sight, &error, decision).await,
        }
    }

    async fn page_read(
        &self,
        sight: &TrackerSight,
        page: TicketPage,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let label = &sight.spec.label;
        let tickets = page.tickets.into_iter().map(Ticket::kept);
        let tickets: Vec<(TicketId, Ticket)> = tickets
            .filter(|ticket| ticket.has_label(label))
            .map(|ticket| (TicketId(self.world.ids.fresh()), ticket))
            .collect();
        let seen = &sight.seen;
        let goes_on = seen.pages_left && seen.pages_taken < seen.pages_max;
        let read = PageRead {
            tickets: &tickets,
            next: page.next.as_deref(),
            pages_taken: if goes_on { seen.pages_taken + 1 } else { 1 },
        };
        let decision = Decision {
            seen: format!("{}, {} tickets", decision.seen, tickets.len()),
            ..decision.clone()
        };
        let mut step = self.begin(sight, &decision).await?;
        step.tracker_page(&read).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    async fn look_failed(
        &self,
        sight: &TrackerSight,
        error: &TrackerError,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let words = error.to_string();
        tracing::warn!(tracker.id = %sight.tracker, error = words, "a tracker could not be looked at");
        let setback = after_look(error, sight.seen.failures, self.every(), decision.at);
        let decision = Decision {
            seen: format!("{}, {words}", decision.seen),
            ..decision.clone()
        };
        let mut step = self.begin(sight, &decision).await?;
        step.tracker_failed(&words, setback).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }
}
