//! The live stream: one reader per process follows the events and passes them on to everybody who
//! listens here.

use std::{sync::Arc, time::Duration};

use optio_store::{
    Store, StoreError,
    events::{Cursor, EventRow},
};
use tokio::sync::{Notify, broadcast, watch};

use crate::ownership::Peers;

/// Events a slow listener may be behind before it reads from the store again.
const BEHIND_MAX: usize = 4_096;
/// Events read at once.
const PAGE: i64 = 1_000;
/// How soon after a hint the store is asked: an event becomes readable once every older
/// transaction is over, which is not always so at the first look.
const LOOKS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(100),
];
/// How often it is asked without a hint, for what other processes did.
const IDLE: Duration = Duration::from_secs(1);
/// The shortest time between two looks: what many hints are about is read at once.
const APART: Duration = Duration::from_millis(5);
/// How long a listener waits for the reader to begin before it is told that the database is away.
const BEGIN_MAX: Duration = Duration::from_secs(3);

/// The live stream of this process.
#[derive(Clone)]
pub struct Stream {
    hints: Arc<Notify>,
    events: broadcast::Sender<Arc<EventRow>>,
    /// Whether the reader has begun.
    following: watch::Sender<bool>,
    store: Store,
    peers: Peers,
}

impl Stream {
    /// Starts following at the end of what is there now.
    #[must_use]
    pub fn start(store: Store) -> Self {
        Self::start_among(Peers::alone(), store)
    }

    /// The same, for one of several control planes.
    #[must_use]
    pub fn start_among(peers: Peers, store: Store) -> Self {
        let mut stream = Self::new(store);
        stream.peers = peers;
        let reader = stream.clone();
        tokio::spawn(async move { reader.follow().await });
        stream
    }

    /// A stream that nobody follows.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn unfollowed(store: Store) -> Self {
        Self::new(store)
    }

    pub(crate) fn new(store: Store) -> Self {
        Self {
            hints: Arc::default(),
            events: broadcast::Sender::new(BEHIND_MAX),
            following: watch::Sender::new(false),
            store,
            peers: Peers::alone(),
        }
    }

    /// Something was committed here.
    pub fn hint(&self) {
        self.hint_here();
        self.peers.tell_stream();
    }

    /// Something was committed, here or by another control plane.
    pub(crate) fn hint_here(&self) {
        self.hints.notify_one();
    }

    /// Whether somebody listens here.
    pub(crate) fn has_listeners(&self) -> bool {
        0 < self.events.receiver_count()
    }

    /// Listens from `cursor` on, or from now on.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn listen(
        &self,
        cursor: Option<Cursor>,
        actor: Option<uuid::Uuid>,
    ) -> Result<Listener, StoreError> {
        if !self.has_listeners() {
            // The others hint at what they do only while somebody listens.
            self.peers.nudge();
        }
        // Subscribing before reading leaves no gap; what is then seen twice is dropped by place.
        let live = self.events.subscribe();
        // Nor does reading after the reader has begun: whatever it does not pass on is there by then.
        let mut following = self.following.subscribe();
        let begun = following.wait_for(|following| *following);
        match tokio::time::timeout(BEGIN_MAX, begun).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return Err(StoreError::unavailable()),
        }
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => self.store.events_end().await?,
        };
        Ok(Listener {
            store: self.store.clone(),
            live,
            cursor,
            actor,
            behind: true,
            page: Vec::new(),
        })
    }

    pub(crate) async fn follow(&self) {
        let mut cursor = loop {
            match self.store.events_end().await {
                Ok(cursor) => break cursor,
                Err(_away) => tokio::time::sleep(IDLE).await,
            }
        };
        self.following.send_replace(true);
        let mut look = 0;
        loop {
            let pause = LOOKS.get(look).copied().unwrap_or(IDLE);
            let hinted = tokio::time::timeout(pause, self.hinted()).await.is_ok();
            look = if hinted {
                1
            } else {
                (look + 1).min(LOOKS.len())
            };
            match self.pass_on(cursor).await {
                Ok(reached) => cursor = reached,
                Err(error) => tracing::debug!(%error, "the live stream could not be read"),
            }
            tokio::time::sleep(APART).await;
        }
    }

    /// Waits for a hint that somebody here wants to know about.
    async fn hinted(&self) {
        loop {
            self.hints.notified().await;
            if self.has_listeners() {
                return;
            }
        }
    }

    async fn pass_on(&self, mut cursor: Cursor) -> Result<Cursor, StoreError> {
        if self.events.receiver_count() == 0 {
            let end = self.store.events_end().await?;
            // Whoever listens from now on reads for itself what is there now. Somebody who came
            // while we asked may have read earlier than we did, so nothing is skipped then.
            if self.events.receiver_count() == 0 {
                return Ok(end);
            }
        }
        loop {
            let page = self.store.events_after(cursor, None, PAGE).await?;
            let full = i64::try_from(page.len()).unwrap_or(0) == PAGE;
            for event in page {
                cursor = event.cursor();
                // Nobody listening is no error.
                drop(self.events.send(Arc::new(event)));
            }
            if !full {
                return Ok(cursor);
            }
        }
    }
}

/// One listener: first what it missed, then what happens.
pub struct Listener {
    store: Store,
    live: broadcast::Receiver<Arc<EventRow>>,
    cursor: Cursor,
    actor: Option<uuid::Uuid>,
    behind: bool,
    page: Vec<EventRow>,
}

impl Listener {
    /// The next event; `None` when the stream is over.
    ///
    /// # Errors
    /// [`StoreError`] when what was missed cannot be read.
    pub async fn next(&mut self) -> Result<Option<Arc<EventRow>>, StoreError> {
        loop {
            if let Some(event) = self.page.pop() {
                self.cursor = event.cursor();
                return Ok(Some(Arc::new(event)));
            }
            if self.behind {
                self.page = self
                    .store
                    .events_after(self.cursor, self.actor, PAGE)
                    .await?;
                self.page.reverse();
                self.behind = !self.page.is_empty();
                continue;
            }
            match self.live.recv().await {
                Ok(event) if event.cursor() <= self.cursor => {}
                Ok(event) if self.actor.is_some_and(|actor| actor != event.actor_id) => {}
                Ok(event) => {
                    self.cursor = event.cursor();
                    return Ok(Some(event));
                }
                Err(broadcast::error::RecvError::Lagged(_)) => self.behind = true,
                Err(broadcast::error::RecvError::Closed) => return Ok(None),
            }
        }
    }
}
