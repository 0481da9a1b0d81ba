//! The real clock and real chance, for the parts that take them as arguments.

use std::{
    io::Read as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use optio_domain::ports::{Chance, Clock, Ids};
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

/// How far a clock may be off without having been set.
const SLACK: TimeDelta = TimeDelta::seconds(1);
/// How long a clock that was set must stay as it was set.
const BELIEVED_AFTER: Duration = Duration::from_secs(30);

/// The machine's clock, as a control plane may trust it: when it is set, this one goes on as before until
/// the new time has lasted for half a minute. A clock that is wrong for a moment ends no turn, and puts off
/// nothing.
#[derive(Debug)]
pub struct SteadyClock(Mutex<Reckoning>);

impl Default for SteadyClock {
    fn default() -> Self {
        Self(Mutex::new(Reckoning::new(SystemClock.now(), uptime())))
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> DateTime<Utc> {
        let mut reckoning = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = reckoning.begin;
        let now = reckoning.time(SystemClock.now(), uptime());
        let set = reckoning.begin - before;
        if SLACK < set.abs() {
            tracing::warn!(
                by_ms = set.num_milliseconds(),
                "the clock of this machine was set"
            );
        }
        now
    }
}

/// What time it is, as reckoned from what a clock says that can be set, and from one that cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reckoning {
    /// The time at which the machine has started.
    begin: DateTime<Utc>,
    /// Another such time that the clock would have it, and since when.
    doubt: Option<(DateTime<Utc>, Duration)>,
}

impl Reckoning {
    fn new(says: DateTime<Utc>, uptime: Duration) -> Self {
        Self {
            begin: says - delta(uptime),
            doubt: None,
        }
    }

    fn time(&mut self, says: DateTime<Utc>, uptime: Duration) -> DateTime<Utc> {
        let begin = says - delta(uptime);
        let near = |other: DateTime<Utc>| (begin - other).abs() <= SLACK;
        let lasted = |since: Duration| BELIEVED_AFTER <= uptime.saturating_sub(since);
        match self.doubt {
            _ if near(self.begin) => *self = Self::new(says, uptime),
            Some((other, since)) if near(other) && lasted(since) => *self = Self::new(says, uptime),
            Some((other, _)) if near(other) => {}
            _ => self.doubt = Some((begin, uptime)),
        }
        (self.begin + delta(uptime)).trunc_subsecs(6)
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
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

/// The randomness of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        std::fs::File::open("/dev/urandom")?.read_exact(bytes)
    }
}

/// The time since this machine has started, asleep or not. No clock that is set changes it.
#[must_use]
pub fn uptime() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock and the machine's uptime; what is reckoned, in seconds.
    fn reckoned(looks: &[(i64, u64)]) -> Vec<i64> {
        let says = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let (first, up) = looks[0];
        let mut reckoning = Reckoning::new(says(first), Duration::from_secs(up));
        let mut time = |(seconds, up): &(i64, u64)| {
            let time = reckoning.time(says(*seconds), Duration::from_secs(*up));
            time.timestamp()
        };
        looks.iter().map(&mut time).collect()
    }

    #[test]
    fn a_clock_that_is_wrong_for_a_moment_changes_nothing() {
        let looks = [
            (1_000, 5),
            (4_610, 15),
            (4_630, 34),
            (1_031, 36),
            (0, 37),
            (1_033, 38),
        ];
        assert_eq!(reckoned(&looks), [1_000, 1_010, 1_029, 1_031, 1_032, 1_033]);
    }

    #[test]
    fn a_clock_that_stays_as_it_was_set_is_believed() {
        let looks = [
            (9_000, 5),
            (1_000, 10),
            (1_029, 39),
            (1_030, 40),
            (1_031, 41),
        ];
        assert_eq!(reckoned(&looks), [9_000, 9_005, 9_034, 1_030, 1_031]);
    }

    #[test]
    fn a_clock_that_is_set_again_and_again_is_not_believed_before_it_stays() {
        let looks = [
            (1_000, 0),
            (5_000, 10),
            (2_000, 39),
            (5_031, 41),
            (5_060, 70),
            (5_061, 71),
        ];
        assert_eq!(reckoned(&looks), [1_000, 1_010, 1_039, 1_041, 1_070, 5_061]);
    }

    #[test]
    fn a_clock_that_runs_a_little_fast_is_followed() {
        let looks = [(1_000, 0), (1_101, 100), (1_202, 200)];
        assert_eq!(reckoned(&looks), [1_000, 1_101, 1_202]);
    }
}
