//! How often a webhook may be called: a bucket for each, refilled all the time. It bounds what one server takes;
//! several servers take as much each.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use optio_domain::id::TriggerId;

/// Buckets that are kept; the fullest go first.
const KEPT_MAX: usize = 100_000;
const MINUTE_MS: i64 = 60_000;

/// A bucket: what is left in it, in thousandths of a call, and when that was so.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: i64,
    at: DateTime<Utc>,
}

/// The buckets of all webhooks.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    buckets: Mutex<BTreeMap<TriggerId, Bucket>>,
}

impl Buckets {
    /// Takes one call out of a webhook's bucket.
    ///
    /// # Errors
    /// The seconds after which there is one again.
    pub(crate) fn take(
        &self,
        trigger: TriggerId,
        per_minute_max: u32,
        now: DateTime<Utc>,
    ) -> Result<(), u32> {
        let full = i64::from(per_minute_max.max(1)) * 1_000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if KEPT_MAX <= buckets.len() {
            // A bucket that was not asked for during a minute is full again.
            buckets.retain(|_, bucket| (now - bucket.at).num_milliseconds() < MINUTE_MS);
        }
        let bucket = buckets.entry(trigger).or_insert(Bucket {
            left: full,
            at: now,
        });
        let passed = (now - bucket.at).num_milliseconds().clamp(0, MINUTE_MS);
        // So many thousandths in a minute are as many calls in a second, by sixty.
        bucket.left = (bucket.left + passed * full / MINUTE_MS).min(full);
        bucket.at = now;
        if bucket.left < 1_000 {
            let wait_ms = (1_000 - bucket.left) * MINUTE_MS / full;
            return Err(u32::try_from(wait_ms / 1_000 + 1).unwrap_or(60));
        }
        bucket.left -= 1_000;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_webhook_takes_so_many_calls_in_a_minute_and_others_take_theirs() {
        let buckets = Buckets::default();
        let (one, other) = (
            TriggerId(Uuid::from_u128(1 << 64)),
            TriggerId(Uuid::from_u128(2 << 64)),
        );
        let now: DateTime<Utc> = "2026-01-01T12:00:00Z".parse().unwrap();
        for _call in 0..60 {
            assert_eq!(buckets.take(one, 60, now), Ok(()));
        }
        assert_eq!(buckets.take(one, 60, now), Err(2));
        assert_eq!(buckets.take(other, 60, now), Ok(()));
        let later = now + TimeDelta::seconds(2);
        assert_eq!(buckets.take(one, 60, later), Ok(()));
        assert_eq!(buckets.take(one, 60, later), Ok(()));
        assert!(buckets.take(one, 60, later).is_err());
    }
}
