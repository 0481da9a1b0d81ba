//! The others, as they were last seen.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use optio_domain::{
    actor::ActorKey,
    id::ReplicaId,
    ownership::{SHARDS, Shard},
};
use optio_store::{
    Store,
    ownership::{Holding, Pass, ReplicaRow},
};
use tokio::sync::{Notify, mpsc};

/// Words that may wait to be sent; a word that finds no room is lost, and the sweep makes up for it.
const WAITING_MAX: usize = 65_536;
/// Actors that are remembered while nobody is known to run them; the sweep finds the others.
const KEPT_MAX: usize = 65_536;

/// Who runs an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// We do.
    Ours,
    /// Another control plane does.
    Theirs {
        /// Which.
        replica: ReplicaId,
        /// Where runners reach it.
        url: String,
    },
    /// Nobody that we know of.
    Nobodys,
}

/// Something to be said to another replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// An actor of theirs should look.
    Look(ReplicaId, ActorKey),
    /// Something was committed that a live stream shows.
    Stream,
    /// Shards or replicas have changed.
    Ownership,
}

/// The other control planes. Alone, everything is ours and there is nobody to talk to.
#[derive(Clone, Default)]
pub struct Peers(Option<Arc<Inner>>);

struct Inner {
    url: String,
    holding: Arc<Holding>,
    seen: RwLock<Seen>,
    words: mpsc::Sender<Word>,
    /// Words that are not sent yet.
    unsaid: AtomicUsize,
    /// Somebody should look at the rows of the others now.
    nudge: Notify,
    /// Who is to look as soon as it is known who runs them.
    kept: Mutex<HashSet<ActorKey>>,
}

/// What was last read.
struct Seen {
    owners: [Option<ReplicaId>; SHARDS],
    /// The others whose lease held.
    others: Vec<ReplicaRow>,
}

impl Peers {
    /// No others: one process that owns every actor of its database.
    #[must_use]
    pub fn alone() -> Self {
        Self(None)
    }

    pub(super) fn of(url: String, holding: Arc<Holding>) -> (Self, mpsc::Receiver<Word>) {
        let (words, said) = mpsc::channel(WAITING_MAX);
        let inner = Inner {
            url,
            holding,
            seen: RwLock::new(Seen {
                owners: [None; SHARDS],
                others: Vec::new(),
            }),
            words,
            unsaid: AtomicUsize::new(0),
            nudge: Notify::new(),
            kept: Mutex::default(),
        };
        (Self(Some(Arc::new(inner))), said)
    }

    /// The same database, where writes about the actors of others are refused.
    #[must_use]
    pub fn fence(&self, store: &Store) -> Store {
        match &self.0 {
            Some(inner) => store.held_by(Arc::clone(&inner.holding)),
            None => store.clone(),
        }
    }

    /// Who runs the actors of a shard.
    #[must_use]
    pub fn whose(&self, shard: Shard) -> Whose {
        let Some(inner) = &self.0 else {
            return Whose::Ours;
        };
        if inner.holding.owns(shard) {
            return Whose::Ours;
        }
        let seen = inner.seen.read().unwrap_or_else(PoisonError::into_inner);
        let owner = seen.owners.get(shard.index()).copied().flatten();
        owner
            .and_then(|owner| seen.others.iter().find(|other| other.id == owner))
            .map_or(Whose::Nobodys, |other| Whose::Theirs {
                replica: other.id,
                url: other.url.clone(),
            })
    }

    /// Leave to act for the actors of a shard; `None` where they are not ours.
    #[must_use]
    pub fn enter(&self, shard: Shard) -> Option<Leave> {
        match &self.0 {
            Some(inner) => inner.holding.enter(shard).map(|pass| Leave(Some(pass))),
            None => Some(Leave(None)),
        }
    }

    /// Who we are among them; `None` where there can be no others.
    #[must_use]
    pub fn me(&self) -> Option<ReplicaId> {
        self.0.as_ref().map(|inner| inner.holding.me())
    }

    /// Where the others and runners reach us; `None` where there can be no others.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.0.as_ref().map(|inner| inner.url.as_str())
    }

    /// Writes of ours that were refused because another had taken their actor over.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.as_ref().map_or(0, |inner| inner.holding.refused())
    }

    /// Where the others that take runners are reached.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let others = self.others(|other| other.role.runs_actors());
        others.into_iter().map(|other| other.url).collect()
    }

    /// Whether there are others.
    #[must_use]
    pub fn are_there(&self) -> bool {
        !self.others(|_| true).is_empty()
    }

    /// Tells another replica that an actor of its should look.
    pub(crate) fn tell_look(&self, replica: ReplicaId, key: ActorKey) {
        self.say(Word::Look(replica, key));
    }

    /// An actor should look, and it is not known who runs it: it is being handed over. Whoever takes
    /// it over may have looked before what it should see was there.
    pub(crate) fn keep(&self, key: ActorKey) {
        let Some(inner) = &self.0 else { return };
        let mut kept = inner.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX && kept.insert(key) {
            inner.nudge.notify_one();
        }
    }

    /// Those of whom it is known by now.
    pub(super) fn take_known(&self) -> Vec<ActorKey> {
        let Some(inner) = &self.0 else {
            return Vec::new();
        };
        let mut kept = inner.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |key: &ActorKey| self.whose(Shard::of(key.id)) != Whose::Nobodys;
        kept.extract_if(known).collect()
    }

    /// Whether everything that was said is sent.
    pub(super) fn all_is_said(&self) -> bool {
        let unsaid = self
            .0
            .as_ref()
            .map(|inner| inner.unsaid.load(Ordering::SeqCst));
        unsaid.unwrap_or(0) == 0
    }

    /// So many words are sent.
    pub(super) fn said(&self, words: usize) {
        if let Some(inner) = &self.0 {
            inner.unsaid.fetch_sub(words, Ordering::SeqCst);
        }
    }

    /// Tells the others that something was committed, where somebody follows a live stream there.
    pub(crate) fn tell_stream(&self) {
        let Some(inner) = &self.0 else { return };
        let heard = {
            let seen = inner.seen.read().unwrap_or_else(PoisonError::into_inner);
            seen.others.iter().any(|other| other.listening)
        };
        if heard {
            self.say(Word::Stream);
        }
    }

    /// Tells the others that they should look at the rows of shards and replicas.
    pub(super) fn tell_ownership(&self) {
        if self.are_there() {
            self.say(Word::Ownership);
        }
    }

    /// Looks at the rows of shards and replicas soon.
    pub fn nudge(&self) {
        if let Some(inner) = &self.0 {
            inner.nudge.notify_one();
        }
    }

    pub(super) async fn nudged(&self) {
        match &self.0 {
            Some(inner) => inner.nudge.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Notes what was read. Returns whether who owns what among the others has changed.
    pub(super) fn note(&self, rows: &[ReplicaRow]) -> bool {
        let Some(inner) = &self.0 else { return false };
        let me = inner.holding.me();
        let mut owners = [None; SHARDS];
        for row in rows {
            for (shard, _epoch) in &row.shards {
                if let Some(slot) = owners.get_mut(shard.index()) {
                    *slot = Some(row.id);
                }
            }
        }
        let others: Vec<ReplicaRow> = rows
            .iter()
            .filter(|row| row.id != me && row.is_alive())
            .cloned()
            .collect();
        let ids = |rows: &[ReplicaRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let mut seen = inner.seen.write().unwrap_or_else(PoisonError::into_inner);
        let changed = seen.owners != owners || ids(&seen.others) != ids(&others);
        *seen = Seen { owners, others };
        changed
    }

    /// The channels of the others that somebody listens to for a live stream.
    pub(super) fn listening(&self) -> Vec<ReplicaId> {
        let others = self.others(|other| other.listening);
        others.into_iter().map(|other| other.id).collect()
    }

    fn others(&self, which: impl Fn(&ReplicaRow) -> bool) -> Vec<ReplicaRow> {
        let Some(inner) = &self.0 else {
            return Vec::new();
        };
        let seen = inner.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.others
            .iter()
            .filter(|other| which(other))
            .cloned()
            .collect()
    }

    fn say(&self, word: Word) {
        if let Some(inner) = &self.0 {
            inner.unsaid.fetch_add(1, Ordering::SeqCst);
            if inner.words.try_send(word).is_err() {
                self.said(1);
            }
        }
    }
}

/// Leave to act for an actor, while it lives.
#[derive(Debug)]
pub struct Leave(#[expect(dead_code, reason = "its end is what counts")] Option<Pass>);
