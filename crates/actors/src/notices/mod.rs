//! Deliveries that are due are sent: so many at once, and to one target so few of them that one that does
//! not answer holds up no other.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;
use optio_domain::{
    id::{NoticeId, WebhookId},
    notice::{
        NoticeEvent,
        post::{self, Attempt, Post, Unsent},
        retry::{self, Next, Progress},
        slack::{Buttons, Message, SIGNING_SECRET},
    },
};
use optio_store::{
    StoreError,
    notices::{Claimed, DeliveryRow, Settled, Taking, Target, TestDelivery},
    secrets::SecretError,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::World;

/// Deliveries to one target that are on their way at once.
const TARGET_SENDING_MAX: i64 = 4;
/// How much longer than an answer may take a delivery is ours: for all that is done beside sending it.
const LEASE_SLACK: TimeDelta = TimeDelta::seconds(20);

/// Sends what is due.
#[derive(Clone)]
pub struct Notices {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    /// Room for so many deliveries at once.
    room: Arc<Semaphore>,
    /// How many are on their way, by target.
    sending: Mutex<BTreeMap<Uuid, i64>>,
    /// Held by whoever looks what is due: what is taken counts before the next one looks.
    looking: tokio::sync::Mutex<()>,
}

/// A delivery on its way; it is over when this goes.
struct OnItsWay {
    inner: Arc<Inner>,
    target: Uuid,
    _room: OwnedSemaphorePermit,
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let mut sending = self.inner.sending();
        let left = sending.get(&self.target).map_or(0, |count| count - 1);
        if 0 < left {
            sending.insert(self.target, left);
        } else {
            sending.remove(&self.target);
        }
    }
}

impl Inner {
    fn sending(&self) -> MutexGuard<'_, BTreeMap<Uuid, i64>> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lease(&self) -> TimeDelta {
        let ms = i64::try_from(self.world.limits.webhook_ms_max).unwrap_or(i64::MAX / 1_000_000);
        TimeDelta::try_milliseconds(ms).map_or(LEASE_SLACK, |answer| answer + LEASE_SLACK)
    }
}

impl Notices {
    /// For the deliveries of this world.
    #[must_use]
    pub fn new(world: World) -> Self {
        let room = Arc::new(Semaphore::new(world.limits.webhooks_sending_max));
        Self {
            inner: Arc::new(Inner {
                world,
                room,
                sending: Mutex::default(),
                looking: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Begins to send what is due, as far as there is room, and does not wait for it. Whatever arrives or
    /// fails makes room for what is due by then.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then what is due stays due.
    pub async fn send_due(&self) -> Result<(), StoreError> {
        let _alone = self.inner.looking.lock().await;
        let mut room = Vec::new();
        while let Ok(permit) = Arc::clone(&self.inner.room).try_acquire_owned() {
            room.push(permit);
        }
        if room.is_empty() {
            return Ok(());
        }
        let sending = self.inner.sending().clone();
        let taking = Taking {
            now: self.inner.world.clock.now(),
            lease: self.inner.lease(),
            max: i64::try_from(room.len()).unwrap_or(i64::MAX),
            target_max: TARGET_SENDING_MAX,
            sending: &sending,
        };
        let taken = self.inner.world.store.take_deliveries(&taking).await?;
        for (claimed, permit) in taken.into_iter().zip(room) {
            self.begin(claimed, permit);
        }
        Ok(())
    }

    fn begin(&self, claimed: Claimed, room: OwnedSemaphorePermit) {
        let target = claimed.target.id();
        *self.inner.sending().entry(target).or_default() += 1;
        let on_its_way = OnItsWay {
            inner: Arc::clone(&self.inner),
            target,
            _room: room,
        };
        let me = self.clone();
        tokio::spawn(async move {
            if let Err(error) = me.deliver(&claimed).await {
                tracing::debug!(%error, "how a delivery ended could not be written");
            }
            drop(on_its_way);
            if let Err(error) = me.send_due().await {
                tracing::debug!(%error, "deliveries could not be looked at");
            }
        });
    }

    /// Sends a test to a webhook and says how it went. It is tried once.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn test(
        &self,
        webhook: WebhookId,
        event: NoticeEvent,
    ) -> Result<DeliveryRow, StoreError> {
        let world = &self.inner.world;
        let id = NoticeId(world.ids.fresh());
        let test = TestDelivery {
            webhook,
            event,
            id,
            at: world.clock.now(),
            lease: self.inner.lease(),
        };
        let claimed = world.store.take_test(&test).await?;
        self.deliver(&claimed).await?;
        let row = world.store.delivery(webhook, id).await?;
        row.ok_or(StoreError::Moved)
    }

    /// Makes one attempt and writes how it ended.
    async fn deliver(&self, claimed: &Claimed) -> Result<(), StoreError> {
        let world = &self.inner.world;
        let attempt = match self.prepare(claimed).await {
            Ok(Some(post)) => world.notifier.send(&post).await,
            Ok(None) => return Ok(()),
            Err(unsent) => Err(unsent),
        };
        let settled = self.settled(claimed, &attempt);
        if !settled.success {
            tracing::info!(
                delivery.id = %claimed.notice.id, target = ?claimed.target, event = claimed.notice.event,
                attempt = claimed.attempts, reason = settled.error, again_at = ?settled.next_at,
                "a delivery failed"
            );
        }
        world.store.settle_delivery(claimed, &settled).await?;
        Ok(())
    }

    fn settled(&self, claimed: &Claimed, attempt: &Attempt) -> Settled {
        let world = &self.inner.world;
        let at = world.clock.now();
        let attempts_max = claimed.attempts_max;
        let progress = Progress {
            notice: claimed.notice.id,
            attempts: claimed.attempts,
            attempts_max: attempts_max.unwrap_or(world.limits.webhook_attempts_max),
        };
        let next = retry::plan(progress, post::outcome(attempt), at);
        let error = post::trouble(attempt);
        let answered = attempt.as_ref().ok();
        Settled {
            at,
            took_ms: answered.map_or(0, |answered| answered.took_ms),
            success: next == Next::Delivered,
            status: answered.map(|answered| answered.status),
            excerpt: answered.map(|answered| answered.excerpt.clone()),
            next_at: match next {
                Next::Again(at) => Some(at),
                Next::Delivered | Next::GivenUp | Next::ReceiverGone => None,
            },
            disable: error.clone().filter(|_| next == Next::ReceiverGone),
            error,
        }
    }

    /// The request, or why there is none. Nothing where whoever was to be told is not there any more, and
    /// the delivery is gone with it.
    async fn prepare(&self, claimed: &Claimed) -> Result<Option<Post>, Unsent> {
        match claimed.target {
            Target::Webhook(webhook) => self.to_webhook(claimed, webhook).await,
            Target::Slack(repo) => {
                let way = self.inner.world.store.slack_way(repo).await;
                let Some(way) = way.map_err(unopened)? else {
                    return Ok(None);
                };
                if !way.enabled {
                    let words = "Slack was turned off for the repository";
                    return Err(Unsent::Refused(words.to_owned()));
                }
                let url = way.url.map_err(Unsent::Refused)?;
                let buttons = self.buttons(&way.workspace).await;
                let message = self.message(way.channel.as_deref(), buttons);
                Ok(Some(Post::slack(&claimed.notice, url, &message)))
            }
        }
    }

    async fn to_webhook(
        &self,
        claimed: &Claimed,
        webhook: WebhookId,
    ) -> Result<Option<Post>, Unsent> {
        let world = &self.inner.world;
        let now = world.clock.now();
        let found = world.store.webhook_to_tell(webhook, now).await;
        let Some((row, secrets)) = found.map_err(unopened)? else {
            return Ok(None);
        };
        let (notice, url) = (&claimed.notice, row.spec.url);
        if url.is_slack() {
            let buttons = self.buttons(&row.workspace).await;
            let message = self.message(None, buttons);
            return Ok(Some(Post::slack(notice, url, &message)));
        }
        Ok(Some(Post::webhook(notice, url, &secrets, now)))
    }

    fn message<'a>(&'a self, channel: Option<&'a str>, buttons: Buttons) -> Message<'a> {
        Message {
            home: &self.inner.world.api_url,
            channel,
            buttons,
        }
    }

    /// What is pressed can be believed where there is a secret to check it by.
    async fn buttons(&self, workspace: &str) -> Buttons {
        let secret = self
            .inner
            .world
            .store
            .secret(workspace, None, SIGNING_SECRET);
        match secret.await {
            Ok(Some(_)) => Buttons::Shown,
            Ok(None) | Err(_) => Buttons::None,
        }
    }
}

/// A secret that does not open today may do so once its key is here.
fn unopened(error: SecretError) -> Unsent {
    Unsent::Broken(error.to_string())
}
