//! Keeps our lease, takes our share of the shards, and gives back what is too much.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use optio_domain::{
    id::ReplicaId,
    limits::Limits,
    ownership::{Move, Role, SHARDS, Shard, balance},
    ports::{Eventually, Ids},
};
use optio_store::{
    StoreError,
    ownership::{Holding, Registry, ReplicaRow, Uptime},
};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    courier::{self, Told},
    peers::{Peers, Word},
};
use crate::{engine::Steering, links::Links, stream::Stream};

/// The part of a lease that we do not use: clocks do not run alike.
const MARGIN: u32 = 6;
/// How long a start waits until it hears the others.
const HEAR_MAX: Duration = Duration::from_secs(2);
/// The pause after a beat that left something to do: shards to give back, or that could not be had.
const SOON: Duration = Duration::from_millis(100);
/// The longest that steps may take to end before their shard is given back under them. The fence
/// keeps them from writing after that.
const QUIET_MAX: Duration = Duration::from_secs(1);
/// How long a look that somebody wants is put off for others who may want it too.
const APART: Duration = Duration::from_millis(10);
/// How often it is looked whether they have ended.
const QUIET_EVERY: Duration = Duration::from_millis(5);
/// How long one that leaves waits to learn who has taken over.
const TAKEN_MAX: Duration = Duration::from_millis(500);
/// How long it may take to leave.
const LEAVE_MAX: Duration = Duration::from_secs(1);
/// Beats between two times that rows of the gone are removed.
const TIDY_EVERY: u32 = 30;

/// How a replica joins the others.
pub struct Joining {
    /// Where runners and other replicas reach it.
    pub url: String,
    /// Whether nobody else can be there, because we listen there ourselves: whoever had the address
    /// before us is gone.
    pub url_is_ours: bool,
    /// What it does.
    pub role: Role,
    /// How long a lease is, and how often it is renewed.
    pub limits: Limits,
    /// Identities.
    pub ids: Arc<dyn Ids>,
    /// A clock that goes on while this process is stopped.
    pub uptime: Uptime,
}

/// What is told when shards come and go.
pub struct Household {
    /// The engine: it looks at actors that are gained, and forgets those that are lost.
    pub engine: Steering,
    /// The runners that are connected here.
    pub links: Links,
    /// The live stream.
    pub stream: Stream,
    /// Lets the sandboxes of gained shards know where we are.
    pub announce: Arc<dyn Fn(Vec<Shard>) -> Eventually<'static, ()> + Send + Sync>,
}

/// Our place among the replicas.
pub struct Leases {
    keeper: Keeper,
    said: Option<tokio::sync::mpsc::Receiver<Word>>,
    household: Option<Arc<Household>>,
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

#[derive(Clone)]
struct Keeper {
    registry: Registry,
    holding: Arc<Holding>,
    peers: Peers,
    joining: Arc<Joining>,
    /// Who we are, for whoever listens under that name.
    identity: Arc<watch::Sender<ReplicaId>>,
    /// Whether the others know that somebody listens to our stream.
    listening: Arc<AtomicBool>,
}

impl Leases {
    /// Adds us to the replicas. We own nothing before [`Leases::begin`].
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn join(registry: Registry, joining: Joining) -> Result<Self, StoreError> {
        let me = ReplicaId(joining.ids.fresh());
        let holding = Arc::new(Holding::new(me, Arc::clone(&joining.uptime)));
        let (peers, said) = Peers::of(joining.url.clone(), Arc::clone(&holding));
        let keeper = Keeper {
            registry,
            holding,
            peers,
            joining: Arc::new(joining),
            identity: Arc::new(watch::Sender::new(me)),
            listening: Arc::default(),
        };
        keeper.enter(me).await?;
        Ok(Self {
            keeper,
            said: Some(said),
            household: None,
            tasks: Vec::new(),
            stop: watch::Sender::new(false),
        })
    }

    /// The others.
    #[must_use]
    pub fn peers(&self) -> Peers {
        self.keeper.peers.clone()
    }

    /// Takes our share at once, and keeps it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn begin(&mut self, household: Household) -> Result<(), StoreError> {
        let household = Arc::new(household);
        self.household = Some(Arc::clone(&household));
        let keeper = &self.keeper;
        if let Some(said) = self.said.take() {
            let (registry, peers) = (keeper.registry.clone(), keeper.peers.clone());
            self.tasks
                .push(tokio::spawn(courier::carry(registry, peers, said)));
        }
        // Whoever sees that we own something tells us of it: by then we must hear.
        let (say_hearing, mut hearing) = watch::channel(false);
        let ears = hear(keeper.clone(), Arc::clone(&household), say_hearing);
        self.tasks.push(tokio::spawn(ears));
        let hears = hearing.wait_for(|hears| *hears);
        if tokio::time::timeout(HEAR_MAX, hears).await.is_err() {
            tracing::warn!("cannot hear the other control planes yet, the sweep will do");
        }
        keeper.beat(&household).await?;
        keeper.peers.tell_ownership();
        let (keeper, stopping) = (keeper.clone(), self.stop.subscribe());
        self.tasks.push(tokio::spawn(async move {
            keeper.keep(&household, stopping).await;
        }));
        Ok(())
    }

    /// Hands everything over. Steps under way are waited for; no new one begins. What is committed
    /// here afterwards is still told to whoever runs its actor. Returns whether there are others.
    pub async fn hand_over(&mut self) -> bool {
        self.stop.send_replace(true);
        // The beat under way may still take shards: only then do we know what is ours.
        if let Some(keeping) = self.tasks.pop() {
            drop(keeping.await);
        }
        let shards = self.keeper.holding.shards();
        if let Err(error) = self.keeper.hand_over(&shards).await {
            tracing::warn!(%error, "could not hand over, the others will take over when our lease ends");
        }
        self.keeper.holding.drop_shards(&shards);
        self.look_once().await;
        self.keeper.peers.are_there()
    }

    /// Leaves, when nothing is committed here any more.
    pub async fn leave(self) {
        self.look_once().await;
        let keeper = &self.keeper;
        let left = async {
            while !keeper.peers.all_is_said() {
                tokio::time::sleep(QUIET_EVERY).await;
            }
            keeper.registry.leave(keeper.holding.me()).await
        };
        match tokio::time::timeout(LEAVE_MAX, left).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "our row stays until somebody removes it"),
            Err(_late) => tracing::debug!("our row stays until somebody removes it"),
        }
        self.tasks.iter().for_each(JoinHandle::abort);
        keeper.registry.close().await;
    }

    /// Learns who has taken over, so that they are told what comes late.
    async fn look_once(&self) {
        let Some(household) = &self.household else {
            return;
        };
        let taken = async {
            loop {
                let rows = self.keeper.look(household).await?;
                let owned: usize = rows.iter().map(|row| row.shards.len()).sum();
                if SHARDS <= owned || !self.keeper.peers.are_there() {
                    return Ok::<(), StoreError>(());
                }
                tokio::time::sleep(QUIET_EVERY * 4).await;
            }
        };
        drop(tokio::time::timeout(TAKEN_MAX, taken).await);
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Keeper {
    fn lease(&self) -> Duration {
        Duration::from_millis(self.joining.limits.lease_ms_max)
    }

    fn renewal(&self) -> Duration {
        Duration::from_millis(self.joining.limits.lease_renewal_ms)
    }

    /// The uptime until which a lease that is asked for now is certain to hold.
    fn good_until(&self) -> Duration {
        self.holding.uptime() + self.lease() - self.lease() / MARGIN
    }

    async fn enter(&self, me: ReplicaId) -> Result<(), StoreError> {
        let good_until = self.good_until();
        let Joining {
            url,
            role,
            url_is_ours,
            ..
        } = &*self.joining;
        let joined = self
            .registry
            .join(me, url, *role, self.lease(), *url_is_ours);
        joined.await?;
        self.holding.renewed(me, good_until);
        self.identity.send_replace(me);
        Ok(())
    }

    /// Beats until stopped.
    async fn keep(&self, household: &Household, mut stopping: watch::Receiver<bool>) {
        let mut pause = self.renewal();
        let mut beats: u32 = 0;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.nudged() => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            pause = match self.beat(household).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "the lease could not be renewed, will try again");
                    self.renewal() / 4
                }
            };
            beats = beats.wrapping_add(1);
            if beats.is_multiple_of(TIDY_EVERY)
                && let Err(error) = self.registry.tidy().await
            {
                tracing::debug!(%error, "rows of gone replicas could not be removed");
            }
        }
    }

    /// Waits until somebody wants to know who owns what; many are answered by one look.
    async fn nudged(&self) {
        self.peers.nudged().await;
        tokio::time::sleep(APART).await;
    }

    /// Renews, looks, and takes or gives back. Returns when to beat again.
    async fn beat(&self, household: &Household) -> Result<Duration, StoreError> {
        self.renew(household).await?;
        let rows = self.look(household).await?;
        let sharing = rows.iter().filter(|row| row.shares()).count();
        let held = self.holding.shards().len();
        let owned: usize = rows
            .iter()
            .filter(|row| row.is_alive())
            .map(|row| row.shards.len())
            .sum();
        let free = SHARDS.saturating_sub(owned);
        let step = if self.joining.role.runs_actors() {
            balance(held, sharing, free)
        } else {
            Move::Stay
        };
        match step {
            Move::Stay => return Ok(self.until_next(&rows)),
            Move::Claim(count) => {
                let claimed = self.registry.claim(self.holding.me(), count).await?;
                if claimed.is_empty() {
                    return Ok(SOON);
                }
            }
            Move::GiveBack(count) => {
                let mut shards = self.holding.shards();
                shards.truncate(count);
                self.give_back(&shards).await?;
                household.engine.lost(&shards);
            }
        }
        self.look(household).await?;
        self.peers.tell_ownership();
        Ok(SOON)
    }

    /// When to beat again: with the next renewal, or when somebody's lease ends before that.
    fn until_next(&self, rows: &[ReplicaRow]) -> Duration {
        let me = self.holding.me();
        rows.iter()
            .filter(|row| row.id != me && row.is_alive())
            .map(|row| row.left + SOON)
            .chain([self.renewal()])
            .min()
            .unwrap_or(SOON)
    }

    /// Renews the lease; where it is over, somebody may have taken what was ours, so that we begin
    /// as somebody new who owns nothing.
    async fn renew(&self, household: &Household) -> Result<(), StoreError> {
        let good_until = self.good_until();
        let me = self.holding.me();
        let listening = household.stream.has_listeners();
        if self.registry.renew(me, self.lease(), listening).await? {
            let was_good = self.holding.is_good();
            self.holding.renewed(me, good_until);
            if self.listening.swap(listening, Ordering::Relaxed) != listening {
                self.peers.tell_ownership();
            }
            if !was_good {
                // Whoever was to look in between was turned away.
                household.engine.resync().await?;
            }
            return Ok(());
        }
        let (_gained, lost) = self.holding.replace(&[]);
        household.engine.lost(&lost);
        let again = ReplicaId(self.joining.ids.fresh());
        tracing::warn!(replica.was = %me, replica.id = %again, shards = lost.len(), "our lease was over, we begin anew");
        self.enter(again).await
    }

    /// Reads who owns what, and does what follows for us.
    async fn look(&self, household: &Household) -> Result<Vec<ReplicaRow>, StoreError> {
        let rows = self.registry.replicas().await?;
        let me = self.holding.me();
        let ours = rows.iter().find(|row| row.id == me);
        let ours = ours.map_or(&[][..], |row| &row.shards);
        let (gained, lost) = self.holding.replace(ours);
        let changed = self.peers.note(&rows);
        if !lost.is_empty() {
            household.engine.lost(&lost);
        }
        if !gained.is_empty() {
            tracing::info!(replica.id = %me, gained = gained.len(), "took shards");
            (household.announce)(gained.clone()).await;
            household.engine.gained(&gained).await?;
        }
        for key in self.peers.take_known() {
            household.engine.look(key);
        }
        if changed {
            household.links.send_home();
        }
        Ok(rows)
    }

    /// Does what another has said.
    async fn obey(&self, household: &Household, told: Told) {
        match told {
            Told::Look(keys) => keys
                .into_iter()
                .for_each(|key| household.engine.look_here(key)),
            Told::Stream => household.stream.hint_here(),
            Told::Ownership => self.peers.nudge(),
            Told::Gap => {
                self.peers.nudge();
                household.stream.hint_here();
                if let Err(error) = household.engine.resync().await {
                    tracing::debug!(%error, "could not look at everything, the sweep will");
                }
            }
        }
    }

    /// Gives everything back, and says that it can be had.
    async fn hand_over(&self, shards: &[Shard]) -> Result<(), StoreError> {
        self.registry.stopping(self.holding.me()).await?;
        self.give_back(shards).await?;
        if self.peers.are_there() {
            let words = (courier::COMMON.to_owned(), String::new());
            self.registry.say(&[words]).await?;
        }
        Ok(())
    }

    /// Stops acting for these, waits until nobody does, and gives them back.
    async fn give_back(&self, shards: &[Shard]) -> Result<(), StoreError> {
        self.holding.drop_shards(shards);
        let quiet = async {
            while !self.holding.is_quiet(shards) {
                tokio::time::sleep(QUIET_EVERY).await;
            }
        };
        drop(tokio::time::timeout(QUIET_MAX, quiet).await);
        self.registry.release(self.holding.me(), shards).await
    }
}

/// What may wait to be done of what the others said.
const HEARD_MAX: usize = 256;

/// Hears what the others say, under whatever name we have.
async fn hear(keeper: Keeper, household: Arc<Household>, hears: watch::Sender<bool>) {
    let mut identity = keeper.identity.subscribe();
    loop {
        let me = *identity.borrow_and_update();
        let (told, mut words) = tokio::sync::mpsc::channel(HEARD_MAX);
        let hearing = courier::listen(keeper.registry.clone(), me, told);
        let doing = async {
            // The first word is that we listen.
            while let Some(word) = words.recv().await {
                hears.send_replace(true);
                keeper.obey(&household, word).await;
            }
        };
        tokio::select! {
            () = hearing => {}
            () = doing => {}
            changed = identity.changed() => if changed.is_err() { return },
        }
    }
}
