//! Virtual time, and identities that count.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::ports::{Clock, Ids};
use uuid::Uuid;

/// Where every story begins, in microseconds since 1970: 2026-01-01, noon.
const BEGINNING: i64 = 1_767_268_800_000_000;

/// The one true time, which stands still until it is moved.
#[derive(Clone, Default)]
pub(crate) struct Time(Arc<AtomicI64>);

impl Time {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let at = BEGINNING + self.0.load(Ordering::Relaxed);
        DateTime::from_timestamp_micros(at).unwrap_or_default()
    }

    /// Since the beginning.
    pub(crate) fn passed(&self) -> TimeDelta {
        TimeDelta::microseconds(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn pass(&self, by: TimeDelta) {
        let by = by.num_microseconds().unwrap_or(0);
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

/// The clock of one control plane: it is off by a little.
pub(crate) struct SkewedClock {
    pub(crate) time: Time,
    pub(crate) skew: TimeDelta,
}

impl Clock for SkewedClock {
    fn now(&self) -> DateTime<Utc> {
        self.time.now() + self.skew
    }
}

/// Identities that count.
#[derive(Default)]
pub(crate) struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }
}
