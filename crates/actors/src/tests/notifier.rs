//! Receivers of notices, played by hand.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use optio_domain::{
    notice::{
        WebhookUrl,
        guard::Inner,
        post::{Answered, Attempt, Post, Unsent},
    },
    ports::{Eventually, Notifier},
};
use tokio::sync::Notify;

/// Every receiver there is. Each answers 200, unless it was told otherwise.
#[derive(Clone, Default)]
pub(crate) struct Receivers {
    inner: Arc<Mutex<Played>>,
    bell: Arc<Notify>,
}

#[derive(Default)]
struct Played {
    sent: Vec<Post>,
    answers: BTreeMap<String, VecDeque<Attempt>>,
    waiting: usize,
    /// How many more are answered; all, where nothing is said.
    room: Option<usize>,
}

/// An answer with this status.
pub(crate) fn answered(status: u16) -> Attempt {
    Ok(Answered {
        status,
        excerpt: format!("it is {status}"),
        retry_after: None,
        took_ms: 5,
    })
}

impl Receivers {
    /// What was sent to an address, in order.
    pub(crate) fn sent(&self, url: &str) -> Vec<Post> {
        let played = self.inner.lock().unwrap();
        let to = played.sent.iter().filter(|post| post.url.as_str() == url);
        to.cloned().collect()
    }

    /// How the next attempts at an address end.
    pub(crate) fn answers(&self, url: &str, answers: impl IntoIterator<Item = Attempt>) {
        let mut played = self.inner.lock().unwrap();
        played
            .answers
            .entry(url.to_owned())
            .or_default()
            .extend(answers);
    }

    /// From now on nobody answers.
    pub(crate) fn hang(&self) {
        self.inner.lock().unwrap().room = Some(0);
    }

    /// So many more are answered.
    pub(crate) fn let_through(&self, count: usize) {
        *self.inner.lock().unwrap().room.get_or_insert(0) += count;
        self.bell.notify_waiters();
    }

    /// Whether one more is answered.
    fn passes(&self) -> bool {
        match &mut self.inner.lock().unwrap().room {
            None => true,
            Some(0) => false,
            Some(room) => {
                *room -= 1;
                true
            }
        }
    }

    /// How many wait for an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.inner.lock().unwrap().waiting
    }
}

impl Notifier for Receivers {
    fn check(&self, _url: &WebhookUrl) -> Result<(), Inner> {
        Ok(())
    }

    fn send<'a>(&'a self, post: &'a Post) -> Eventually<'a, Attempt> {
        Box::pin(async move {
            {
                let mut played = self.inner.lock().unwrap();
                played.sent.push(post.clone());
                played.waiting += 1;
            }
            loop {
                let mut rung = Box::pin(self.bell.notified());
                rung.as_mut().enable();
                if self.passes() {
                    break;
                }
                rung.await;
            }
            let mut played = self.inner.lock().unwrap();
            played.waiting -= 1;
            let told = played.answers.get_mut(post.url.as_str());
            told.and_then(VecDeque::pop_front)
                .unwrap_or_else(|| answered(200))
        })
    }
}

/// There is no answer.
pub(crate) fn unanswered() -> Attempt {
    Err(Unsent::TimedOut(10_000))
}
