//! Wakes actors whose time has come. The times are in their rows; what is told here only makes the
//! next look earlier.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::ports::Clock;
use optio_store::StoreError;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::engine::Steering;

/// Actors read at once.
const BATCH: i64 = 500;
/// The longest time between two looks at the rows.
const LOOK_MAX: TimeDelta = TimeDelta::seconds(30);
/// The shortest: an actor that stays due must not make us spin.
const LOOK_MIN: Duration = Duration::from_millis(20);

/// Until it is tried again.
const AGAIN: TimeDelta = TimeDelta::seconds(1);
/// A time that comes after every other.
const FOREVER: DateTime<Utc> = DateTime::from_timestamp(253_402_300_799, 0).expect("in range");
/// A clock that goes back by more was set back.
const SET_BACK: TimeDelta = TimeDelta::seconds(1);

/// The handle of the timer.
#[derive(Clone)]
pub(crate) struct Timer {
    /// The earliest time anybody asked for since the last look; `None` once stopped.
    asked: Arc<watch::Sender<Asked>>,
}

#[derive(Clone, Copy, Default)]
struct Asked {
    at: Option<DateTime<Utc>>,
    stopped: bool,
}

impl Timer {
    pub(crate) fn start() -> Self {
        Self {
            asked: Arc::new(watch::Sender::new(Asked::default())),
        }
    }

    /// Somebody wants to be woken at this time.
    pub(crate) fn ring_at(&self, at: DateTime<Utc>) {
        self.asked.send_if_modified(|asked| {
            let earlier = asked.at.is_none_or(|known| at < known);
            if earlier {
                asked.at = Some(at);
            }
            earlier
        });
    }

    pub(crate) fn stop(&self) {
        self.asked.send_modify(|asked| asked.stopped = true);
    }

    /// Looks at the rows until stopped.
    pub(crate) fn serve(&self, steering: Steering) {
        let asked = Arc::clone(&self.asked);
        let mut latest = steering.clock.now();
        tokio::spawn(async move {
            let mut changes = asked.subscribe();
            loop {
                asked.send_modify(|asked| asked.at = None);
                if changes.borrow_and_update().stopped {
                    return;
                }
                latest = look_after_time(&steering, latest).await;
                let pause = match ring(&steering).await {
                    Ok(pause) => pause,
                    Err(error) => {
                        tracing::debug!(%error, "the timer could not read the rows, will look again");
                        AGAIN
                    }
                };
                if !wait(&mut changes, &*steering.clock, pause).await {
                    return;
                }
            }
        });
    }
}

/// The time, and whether it went on: by a clock that was set back, what was to come soon is far away, so
/// that whoever may have something to do looks and finds a new time.
async fn look_after_time(steering: &Steering, latest: DateTime<Utc>) -> DateTime<Utc> {
    let now = steering.clock.now();
    if latest <= now + SET_BACK {
        return now;
    }
    tracing::warn!(was = %latest, is = %now, "the clock was set back, everybody looks");
    let told = async {
        tell_due(steering, FOREVER).await?;
        steering.resync().await
    };
    match told.await {
        Ok(()) => now,
        Err(error) => {
            tracing::debug!(%error, "not everybody could be told, will try again");
            latest
        }
    }
}

/// Wakes everybody who is due and returns how long nobody else is.
async fn ring(steering: &Steering) -> Result<TimeDelta, StoreError> {
    let now = steering.clock.now();
    let rang = tell_due(steering, now).await?;
    let next = steering
        .store
        .next_due(now)
        .await?
        .unwrap_or(now + LOOK_MAX)
        .min(now + LOOK_MAX);
    // Whoever is due now writes a new time when it has looked; until then it stays due, so that a
    // hint lost in memory is said again.
    let pause = next - now;
    Ok(if rang { pause.min(AGAIN) } else { pause })
}

/// Tells everybody to look whose time comes until then; whether there was anybody.
async fn tell_due(steering: &Steering, until: DateTime<Utc>) -> Result<bool, StoreError> {
    let mut last = None;
    loop {
        // All of them: whoever stays due must not stand before the others.
        let page = steering.store.due(until, last, BATCH).await?;
        for (_, key) in &page {
            steering.hints.look(*key);
        }
        last = page.last().copied().or(last);
        if i64::try_from(page.len()).unwrap_or(0) < BATCH {
            return Ok(last.is_some());
        }
    }
}

/// Sleeps for so long, or until something earlier is asked for. False once stopped. No clock that is set
/// meanwhile changes how long.
async fn wait(changes: &mut watch::Receiver<Asked>, clock: &dyn Clock, pause: TimeDelta) -> bool {
    let after = |pause: TimeDelta| {
        let pause = pause.min(LOOK_MAX).to_std().unwrap_or_default();
        Instant::now() + pause.max(LOOK_MIN)
    };
    let mut until = after(pause);
    loop {
        tokio::select! {
            () = sleep_until(until) => return true,
            changed = changes.changed() => {
                let asked = *changes.borrow_and_update();
                if changed.is_err() || asked.stopped {
                    return false;
                }
                if let Some(at) = asked.at {
                    until = until.min(after(at - clock.now()));
                }
            }
        }
    }
}
