//! Receivers of notices, played by hand.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use optio_domain::{
    notice::{
        WebhookUrl,
        guard::{Inner, PrivateHosts, check_url},
        post::{Answered, Attempt, Post},
    },
    ports::{Eventually, Notifier},
};
use serde_json::Value;

/// Every receiver there is. Each answers 200, unless it was told otherwise.
#[derive(Clone, Default)]
pub(crate) struct Receivers(Arc<Mutex<Played>>);

#[derive(Default)]
struct Played {
    sent: Vec<Post>,
    statuses: VecDeque<u16>,
}

impl Receivers {
    /// What was sent, in order: where to, and what it said.
    pub(crate) fn sent(&self) -> Vec<(String, Value)> {
        let played = self.0.lock().unwrap();
        let said = |post: &Post| {
            let body = serde_json::from_str(&post.body).unwrap();
            (post.url.as_str().to_owned(), body)
        };
        played.sent.iter().map(said).collect()
    }

    /// What the next one is answered.
    pub(crate) fn answers(&self, status: u16) {
        self.0.lock().unwrap().statuses.push_back(status);
    }
}

impl Notifier for Receivers {
    fn check(&self, url: &WebhookUrl) -> Result<(), Inner> {
        check_url(url, &PrivateHosts::default())
    }

    fn send<'a>(&'a self, post: &'a Post) -> Eventually<'a, Attempt> {
        let mut played = self.0.lock().unwrap();
        played.sent.push(post.clone());
        let status = played.statuses.pop_front().unwrap_or(200);
        Box::pin(async move {
            Ok(Answered {
                status,
                excerpt: format!("it is {status}"),
                retry_after: None,
                took_ms: 5,
            })
        })
    }
}
