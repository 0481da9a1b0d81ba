//! Who may write about an actor, where several control planes share the database.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use optio_domain::{
    actor::ActorKey,
    id::ReplicaId,
    ownership::{SHARDS, Shard},
};
use uuid::Uuid;

use crate::{Store, StoreError};

mod registry;
mod words;

pub use registry::{Registry, ReplicaRow};
pub use words::{Heard, Listener};

/// The time since some moment before this process began. It goes on while the process is stopped.
pub type Uptime = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What this process believes to own: as good as its last successful renewal.
pub struct Holding {
    held: RwLock<Held>,
    uptime: Uptime,
    stepping: [AtomicU32; SHARDS],
    refused: AtomicU64,
}

struct Held {
    me: ReplicaId,
    /// The epoch of each shard that is ours; 0 where it is not.
    epochs: [i64; SHARDS],
    /// The uptime until which the lease is certain to hold.
    good_until: Duration,
}

impl std::fmt::Debug for Holding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holding")
            .field("me", &self.me())
            .finish_non_exhaustive()
    }
}

/// What a write names so that it is refused once its shard has another owner. Without an owner
/// there is nobody to be refused for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fence {
    pub(crate) owner: Option<Uuid>,
    pub(crate) shard: i16,
    pub(crate) epoch: i64,
}

/// Leave to act for an actor, for as long as it lives. The shard is not handed over meanwhile.
#[derive(Debug)]
pub struct Pass {
    holding: Arc<Holding>,
    shard: Shard,
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(count) = self.holding.stepping.get(self.shard.index()) {
            count.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Holding {
    /// Of a replica that owns nothing yet.
    #[must_use]
    pub fn new(me: ReplicaId, uptime: Uptime) -> Self {
        Self {
            held: RwLock::new(Held {
                me,
                epochs: [0; SHARDS],
                good_until: Duration::ZERO,
            }),
            uptime,
            stepping: [const { AtomicU32::new(0) }; SHARDS],
            refused: AtomicU64::new(0),
        }
    }

    /// Who we are now.
    #[must_use]
    pub fn me(&self) -> ReplicaId {
        self.read(|held| held.me)
    }

    /// How long this process has been there, stopped or not.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        (self.uptime)()
    }

    /// Whether the lease is certain to hold.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let now = self.uptime();
        self.read(|held| now < held.good_until)
    }

    /// Whether a shard is ours, by a lease that is certain to hold.
    #[must_use]
    pub fn owns(&self, shard: Shard) -> bool {
        self.epoch(shard).is_some()
    }

    /// The shards that are ours, whatever the lease.
    #[must_use]
    pub fn shards(&self) -> Vec<Shard> {
        self.read(|held| {
            Shard::all()
                .filter(|shard| held.epochs.get(shard.index()).is_some_and(|it| 0 < *it))
                .collect()
        })
    }

    /// Leave to act for a shard's actors; `None` where it is not ours to act.
    #[must_use]
    pub fn enter(self: &Arc<Self>, shard: Shard) -> Option<Pass> {
        // Counted before the look: whoever drops the shard then sees us, or we see that it is gone.
        self.stepping
            .get(shard.index())?
            .fetch_add(1, Ordering::SeqCst);
        let pass = Pass {
            holding: Arc::clone(self),
            shard,
        };
        self.owns(shard).then_some(pass)
    }

    /// Whether nobody acts for any of these shards.
    #[must_use]
    pub fn is_quiet(&self, shards: &[Shard]) -> bool {
        shards.iter().all(|shard| {
            self.stepping
                .get(shard.index())
                .is_none_or(|count| count.load(Ordering::SeqCst) == 0)
        })
    }

    /// The lease was renewed, or taken under a new identity, which owns nothing yet.
    pub fn renewed(&self, me: ReplicaId, good_until: Duration) {
        self.write(|held| {
            if held.me != me {
                held.epochs = [0; SHARDS];
            }
            held.me = me;
            held.good_until = good_until;
        });
    }

    /// What the database says is ours. Returns what is new and what is gone.
    pub fn replace(&self, owned: &[(Shard, i64)]) -> (Vec<Shard>, Vec<Shard>) {
        let mut epochs = [0; SHARDS];
        for (shard, epoch) in owned {
            if let Some(slot) = epochs.get_mut(shard.index()) {
                *slot = *epoch;
            }
        }
        self.write(|held| {
            let (mut gained, mut lost) = (Vec::new(), Vec::new());
            for (shard, (was, is)) in Shard::all().zip(held.epochs.iter().zip(&epochs)) {
                if was == is {
                    continue;
                }
                // Ours again under a later epoch: somebody else had it meanwhile.
                if *was != 0 {
                    lost.push(shard);
                }
                if *is != 0 {
                    gained.push(shard);
                }
            }
            held.epochs = epochs;
            (gained, lost)
        })
    }

    /// These are not ours any more.
    pub fn drop_shards(&self, shards: &[Shard]) {
        self.write(|held| {
            for shard in shards {
                if let Some(epoch) = held.epochs.get_mut(shard.index()) {
                    *epoch = 0;
                }
            }
        });
    }

    /// Writes that were refused because their shard had another owner.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn epoch(&self, shard: Shard) -> Option<(ReplicaId, i64)> {
        let now = self.uptime();
        self.read(|held| {
            let epoch = *held.epochs.get(shard.index())?;
            (0 < epoch && now < held.good_until).then_some((held.me, epoch))
        })
    }

    fn read<T>(&self, look: impl FnOnce(&Held) -> T) -> T {
        look(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Held) -> T) -> T {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store {
    /// The same database, for one of several control planes: it sees only the actors that are its
    /// own, and its writes are refused where they are not.
    #[must_use]
    pub fn held_by(&self, holding: Arc<Holding>) -> Self {
        Self {
            pool: self.pool.clone(),
            counters: Arc::clone(&self.counters),
            holding: Some(holding),
            vault: self.vault.clone(),
        }
    }

    /// What a write about this actor names.
    pub(crate) fn fence(&self, key: ActorKey) -> Result<Fence, StoreError> {
        let shard = Shard::of(key.id);
        let Some(holding) = &self.holding else {
            return Ok(Fence {
                owner: None,
                shard: shard.number(),
                epoch: 0,
            });
        };
        let (me, epoch) = holding.epoch(shard).ok_or(StoreError::NotOwner)?;
        Ok(Fence {
            owner: Some(me.0),
            shard: shard.number(),
            epoch,
        })
    }

    /// Why a fenced write changed nothing: its shard has another owner, or the row has moved.
    pub(crate) async fn why_unwritten<'c, E>(
        &self,
        fence: Fence,
        with: E,
    ) -> Result<StoreError, StoreError>
    where
        E: sqlx::PgExecutor<'c>,
    {
        let (ours,): (bool,) = sqlx::query_as(
            "SELECT $1::uuid IS NULL OR EXISTS
               (SELECT FROM shards WHERE shard = $2 AND owner = $1 AND epoch = $3)",
        )
        .bind(fence.owner)
        .bind(fence.shard)
        .bind(fence.epoch)
        .fetch_one(with)
        .await?;
        if ours {
            return Ok(StoreError::Moved);
        }
        if let Some(holding) = &self.holding {
            holding.refused.fetch_add(1, Ordering::Relaxed);
        }
        Ok(StoreError::NotOwner)
    }

    /// The shards whose actors are ours to look at; `None` is all of them.
    pub(crate) fn shards(&self) -> Option<Vec<i16>> {
        let shards = self.holding.as_ref()?.shards();
        (shards.len() < SHARDS).then(|| numbers(&shards))
    }
}

pub(crate) fn numbers(shards: &[Shard]) -> Vec<i16> {
    shards.iter().map(|shard| shard.number()).collect()
}
