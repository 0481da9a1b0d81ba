//! The real clock and real chance, for the parts that take them as arguments.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use optio_domain::ports::{Clock, Ids};
use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock the others take"
    )]
    fn now(&self) -> DateTime<Utc> {
        // Postgres keeps microseconds: what is written must be what is read.
        Utc::now().trunc_subsecs(6)
    }
}

/// Identities in the order of their making, so that indexes stay compact.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the source of ids the others take"
    )]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The time since this machine has started, asleep or not. No clock that is set changes it.
#[must_use]
pub fn uptime() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}
