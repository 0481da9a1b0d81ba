//! Wakes actors whose time has come. The times are in their rows; what is told here only makes the
//! next look earlier.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::ports::Clock;
use optio_store::{Store, StoreError};
use tokio::sync::watch;

use crate::engine::Hints;

/// Actors read at once.
const BATCH: i64 = 500;
/// The longest time between two looks at the rows.
const LOOK_MAX: TimeDelta = TimeDelta::seconds(30);
/// The shortest: an actor that stays due must not make us spin.
const LOOK_MIN: Duration = Duration::from_millis(20);

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
    pub(crate) fn serve(&self, store: Store, clock: Arc<dyn Clock>, hints: Hints) {
        let asked = Arc::clone(&self.asked);
        tokio::spawn(async move {
            let mut changes = asked.subscribe();
            loop {
                asked.send_modify(|asked| asked.at = None);
                if changes.borrow_and_update().stopped {
                    return;
                }
                let next = match ring(&store, &*clock, &hints).await {
                    Ok(next) => next,
                    Err(error) => {
                        tracing::debug!(%error, "the timer could not read the rows, will look again");
                        clock.now() + TimeDelta::seconds(1)
                    }
                };
                if !wait(&mut changes, &*clock, next).await {
                    return;
                }
            }
        });
    }
}

/// Wakes everybody who is due and returns when to look again.
async fn ring(
    store: &Store,
    clock: &dyn Clock,
    hints: &Hints,
) -> Result<DateTime<Utc>, StoreError> {
    let now = clock.now();
    let mut last = None;
    loop {
        // All of them: whoever stays due must not stand before the others.
        let page = store.due(now, last, BATCH).await?;
        for (_, key) in &page {
            hints.look(*key);
        }
        last = page.last().copied().or(last);
        if i64::try_from(page.len()).unwrap_or(0) < BATCH {
            break;
        }
    }
    let next = store
        .next_due(now)
        .await?
        .unwrap_or(now + LOOK_MAX)
        .min(now + LOOK_MAX);
    // Whoever is due now writes a new time when it has looked; until then it stays due, so that a
    // hint lost in memory is said again.
    Ok(if last.is_none() {
        next
    } else {
        next.min(now + TimeDelta::seconds(1))
    })
}

/// Sleeps until `next`, or until something earlier is asked for. False once stopped.
async fn wait(
    changes: &mut watch::Receiver<Asked>,
    clock: &dyn Clock,
    mut next: DateTime<Utc>,
) -> bool {
    loop {
        let pause = (next - clock.now())
            .to_std()
            .unwrap_or_default()
            .max(LOOK_MIN);
        tokio::select! {
            () = tokio::time::sleep(pause) => return true,
            changed = changes.changed() => {
                let asked = *changes.borrow_and_update();
                if changed.is_err() || asked.stopped {
                    return false;
                }
                if let Some(at) = asked.at {
                    next = next.min(at);
                }
            }
        }
    }
}
