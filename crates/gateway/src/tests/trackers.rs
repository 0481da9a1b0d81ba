//! A tracker with memory, played by hand.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use optio_domain::{
    id::TrackerId,
    ports::{self, Told, Tracker},
    secret::SecretText,
    tracker::{Ticket, TicketComment, TicketPage, TrackerError, TrackerSpec},
};

/// Trackers that need a token, all of which have the same tickets.
#[derive(Default)]
pub(crate) struct Trackers {
    tickets: Arc<Mutex<Vec<Ticket>>>,
    broken: Arc<Mutex<bool>>,
}

impl Trackers {
    /// Somebody opens a ticket with the label.
    pub(crate) fn has(&self, id: &str, at: DateTime<Utc>) {
        self.tickets.lock().unwrap().push(Ticket {
            id: id.to_owned(),
            key: id.to_owned(),
            url: format!("https://tracker.example/{id}"),
            title: format!("ticket {id}"),
            body: String::new(),
            author: "ada".to_owned(),
            labels: vec!["optio".to_owned()],
            open: true,
            changed_at: at,
            repo_url: None,
        });
    }

    /// From now on nothing is answered.
    pub(crate) fn breaks(&self) {
        *self.broken.lock().unwrap() = true;
    }
}

impl ports::Trackers for Trackers {
    fn open(
        &self,
        _tracker: TrackerId,
        _spec: &TrackerSpec,
        token: Option<&SecretText>,
    ) -> Result<Arc<dyn Tracker>, TrackerError> {
        if token.is_none() {
            return Err(TrackerError::Unauthorized {
                words: "it needs a token".to_owned(),
                remedy: "give one".to_owned(),
            });
        }
        Ok(Arc::new(Played {
            tickets: Arc::clone(&self.tickets),
            broken: Arc::clone(&self.broken),
        }))
    }
}

struct Played {
    tickets: Arc<Mutex<Vec<Ticket>>>,
    broken: Arc<Mutex<bool>>,
}

impl Played {
    fn answer<T>(
        &self,
        act: impl FnOnce(&[Ticket]) -> Result<T, TrackerError>,
    ) -> Result<T, TrackerError> {
        if *self.broken.lock().unwrap() {
            return Err(TrackerError::Busy("it is down".to_owned()));
        }
        act(&self.tickets.lock().unwrap())
    }
}

impl Tracker for Played {
    fn changed<'a>(
        &'a self,
        _since: Option<DateTime<Utc>>,
        _page: Option<&'a str>,
    ) -> Told<'a, TicketPage> {
        Box::pin(async move {
            self.answer(|tickets| {
                Ok(TicketPage {
                    tickets: tickets.to_vec(),
                    next: None,
                })
            })
        })
    }

    fn ticket<'a>(&'a self, id: &'a str) -> Told<'a, Ticket> {
        Box::pin(async move {
            self.answer(|tickets| {
                let found = tickets.iter().find(|ticket| ticket.id == id);
                found
                    .cloned()
                    .ok_or_else(|| TrackerError::NotFound(id.to_owned()))
            })
        })
    }

    fn comments<'a>(&'a self, _id: &'a str) -> Told<'a, Vec<TicketComment>> {
        Box::pin(async move { self.answer(|_| Ok(Vec::new())) })
    }

    fn comment<'a>(&'a self, _id: &'a str, _body: &'a str, _mark: &'a str) -> Told<'a, ()> {
        Box::pin(async move { self.answer(|_| Ok(())) })
    }

    fn set_done<'a>(&'a self, _id: &'a str) -> Told<'a, ()> {
        Box::pin(async move { self.answer(|_| Ok(())) })
    }
}
