//! A tracker with memory, played by hand.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Utc};
use optio_domain::{
    id::TrackerId,
    ports::{Told, Tracker, Trackers},
    secret::SecretText,
    tracker::{Ticket, TicketComment, TicketPage, TrackerError, TrackerSpec},
};

#[derive(Default)]
struct Memory {
    tickets: BTreeMap<String, Ticket>,
    comments: Vec<(String, String)>,
    said: BTreeMap<String, Vec<TicketComment>>,
    /// Tickets of a page.
    page: usize,
    calls: Vec<String>,
    /// What the next calls are answered, in order, whatever they are.
    answers: VecDeque<Option<TrackerError>>,
    /// Comments that are taken and whose answers are lost.
    lost: usize,
    tokens: Vec<Option<String>>,
}

/// A tracker with memory, whichever is opened.
#[derive(Clone, Default)]
pub(crate) struct FakeTrackers(Arc<Mutex<Memory>>);

impl FakeTrackers {
    fn with<T>(&self, act: impl FnOnce(&mut Memory) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    /// A ticket with the label is opened, or stands so from now on.
    pub(crate) fn has(&self, id: &str, at: DateTime<Utc>, change: impl FnOnce(&mut Ticket)) {
        let mut ticket = Ticket {
            id: id.to_owned(),
            key: id.to_owned(),
            url: format!("https://tracker.example/{id}"),
            title: format!("ticket {id}"),
            body: "Do it well.".to_owned(),
            author: "ada".to_owned(),
            labels: vec!["optio".to_owned()],
            open: true,
            changed_at: at,
            repo_url: None,
        };
        change(&mut ticket);
        self.with(|it| it.tickets.insert(id.to_owned(), ticket));
    }

    /// Somebody says something in a ticket.
    pub(crate) fn hears(&self, id: &str, at: DateTime<Utc>, body: &str) {
        let comment = TicketComment {
            author: "grace".to_owned(),
            body: body.to_owned(),
            at,
        };
        self.with(|it| it.said.entry(id.to_owned()).or_default().push(comment));
    }

    /// So many tickets are told at once.
    pub(crate) fn pages_of(&self, tickets: usize) {
        self.with(|it| it.page = tickets);
    }

    /// The next calls are refused so.
    pub(crate) fn refuses(&self, errors: impl IntoIterator<Item = TrackerError>) {
        self.with(|it| it.answers.extend(errors.into_iter().map(Some)));
    }

    /// So many calls are answered before those that are refused.
    pub(crate) fn lets_pass(&self, calls: usize) {
        self.with(|it| it.answers.extend((0..calls).map(|_| None)));
    }

    /// Nothing is refused any more.
    pub(crate) fn forgives(&self) {
        self.with(|it| it.answers.clear());
    }

    /// The next comments are taken, and the answers lost.
    pub(crate) fn loses(&self, answers: usize) {
        self.with(|it| it.lost = answers);
    }

    /// What was asked, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.with(|it| it.calls.clone())
    }

    /// What we have said, and in which ticket.
    pub(crate) fn comments(&self) -> Vec<(String, String)> {
        self.with(|it| it.comments.clone())
    }

    /// Whether a ticket is still open.
    pub(crate) fn is_open(&self, id: &str) -> bool {
        self.with(|it| it.tickets[id].open)
    }

    /// The tokens with which trackers were opened.
    pub(crate) fn tokens(&self) -> Vec<Option<String>> {
        self.with(|it| it.tokens.clone())
    }

    fn answer<T>(
        &self,
        call: String,
        act: impl FnOnce(&mut Memory) -> Result<T, TrackerError>,
    ) -> Result<T, TrackerError> {
        self.with(|it| {
            it.calls.push(call);
            match it.answers.pop_front() {
                Some(Some(error)) => Err(error),
                Some(None) | None => act(it),
            }
        })
    }
}

impl Trackers for FakeTrackers {
    fn open(
        &self,
        _tracker: TrackerId,
        _spec: &TrackerSpec,
        token: Option<&SecretText>,
    ) -> Result<Arc<dyn Tracker>, TrackerError> {
        let token = token.map(|token| token.reveal().to_owned());
        self.with(|it| it.tokens.push(token));
        Ok(Arc::new(self.clone()))
    }
}

fn missing(id: &str) -> TrackerError {
    TrackerError::NotFound(id.to_owned())
}

impl Tracker for FakeTrackers {
    fn changed<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        page: Option<&'a str>,
    ) -> Told<'a, TicketPage> {
        Box::pin(async move {
            self.answer(format!("changed {}", page.unwrap_or("-")), |it| {
                let fits = |ticket: &&Ticket| match since {
                    Some(since) => since <= ticket.changed_at,
                    None => ticket.open,
                };
                let all: Vec<Ticket> = it.tickets.values().filter(fits).cloned().collect();
                let begin: usize = page.map_or(0, |page| page.parse().unwrap());
                let size = if it.page == 0 { 100 } else { it.page };
                let end = (begin + size).min(all.len());
                Ok(TicketPage {
                    tickets: all[begin.min(end)..end].to_vec(),
                    next: (end < all.len()).then(|| end.to_string()),
                })
            })
        })
    }

    fn ticket<'a>(&'a self, id: &'a str) -> Told<'a, Ticket> {
        Box::pin(async move {
            self.answer(format!("ticket {id}"), |it| {
                it.tickets.get(id).cloned().ok_or_else(|| missing(id))
            })
        })
    }

    fn comments<'a>(&'a self, id: &'a str) -> Told<'a, Vec<TicketComment>> {
        Box::pin(async move {
            self.answer(format!("comments {id}"), |it| {
                Ok(it.said.get(id).cloned().unwrap_or_default())
            })
        })
    }

    fn comment<'a>(&'a self, id: &'a str, body: &'a str, mark: &'a str) -> Told<'a, ()> {
        Box::pin(async move {
            self.answer(format!("comment {id}"), |it| {
                let text = format!("{body} [{mark}]");
                if !it.comments.contains(&(id.to_owned(), text.clone())) {
                    it.comments.push((id.to_owned(), text));
                }
                if 0 < it.lost {
                    it.lost -= 1;
                    return Err(TrackerError::Busy("the answer was lost".to_owned()));
                }
                Ok(())
            })
        })
    }

    fn set_done<'a>(&'a self, id: &'a str) -> Told<'a, ()> {
        Box::pin(async move {
            self.answer(format!("done {id}"), |it| {
                let ticket = it.tickets.get_mut(id).ok_or_else(|| missing(id))?;
                ticket.open = false;
                Ok(())
            })
        })
    }
}
