//! What must be true of every expression, everywhere and at any time.

use chrono_tz::Tz;
use proptest::{prelude::*, sample::select};

use super::{second::Clock, *};

/// Their clocks move by an hour, by half of one, by two, at midnight, twice as often as others, or never.
const ZONES: [&str; 9] = [
    "UTC",
    "America/New_York",
    "Europe/Paris",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Santiago",
    "Asia/Kathmandu",
];

fn field(low: u32, high: u32) -> impl Strategy<Value = String> {
    let number = low..=high;
    let range = (low..=high, 0..=high, 1..9_u32).prop_map(move |(from, length, step)| {
        let to = (from + length).min(high);
        format!("{from}-{to}/{step}")
    });
    let list = prop::collection::vec(number.clone(), 1..4).prop_map(|numbers| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        numbers.join(",")
    });
    prop_oneof![
        2 => Just("*".to_owned()),
        1 => (1..=high).prop_map(|step| format!("*/{step}")),
        2 => number.prop_map(|number| number.to_string()),
        1 => range,
        1 => list,
    ]
}

fn expression() -> impl Strategy<Value = String> {
    let second = prop_oneof![3 => Just(String::new()), 1 => field(0, 59).prop_map(|it| it + " ")];
    let day = prop_oneof![2 => Just("*".to_owned()), 1 => field(1, 28)];
    let month = prop_oneof![3 => Just("*".to_owned()), 1 => field(1, 12)];
    let weekday = prop_oneof![2 => Just("*".to_owned()), 1 => field(0, 6)];
    (second, field(0, 59), field(0, 23), day, month, weekday)
        .prop_map(|(a, b, c, d, e, f)| format!("{a}{b} {c} {d} {e} {f}"))
}

/// A day on which some clock of these is moved, or any other one.
fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    let moved = select(vec![
        "2026-03-08T05:00:00Z",
        "2026-11-01T04:00:00Z",
        "2026-03-29T00:00:00Z",
        "2026-10-25T00:00:00Z",
        "2026-10-03T14:00:00Z",
        "2026-04-04T13:00:00Z",
        "2026-04-23T21:00:00Z",
        "2026-10-29T20:00:00Z",
        "2026-09-06T03:00:00Z",
        "2026-02-15T01:00:00Z",
    ])
    .prop_map(at);
    let any = (1_577_836_800..1_893_456_000_i64)
        .prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap());
    (prop_oneof![3 => moved, 1 => any], 0..18_000_000_i64)
        .prop_map(|(at, ms)| at + TimeDelta::milliseconds(ms))
}

proptest! {
    #[test]
    fn the_next_fire_is_after_and_there_is_none_between(
        expression in expression(), zone in select(ZONES.to_vec()), after in moment(),
    ) {
        let schedule = Schedule::parse(&expression, Some(zone)).unwrap();
        let next = schedule.next_after(after).unwrap();
        prop_assert!(after < next, "{} is not after {}", next, after);
        let minute = |at: DateTime<Utc>| at - TimeDelta::milliseconds(at.timestamp_millis() % 60_000);
        let horizon = minute(after) + TimeDelta::hours(36);
        let clock = Clock::new(zone.parse::<Tz>().unwrap(), minute(after), horizon);
        let fires = clock.fires(&expression).into_iter();
        let first = fires.filter(|at| after < *at).min();
        match first {
            Some(first) => prop_assert_eq!(next, first),
            None => prop_assert!(horizon <= next, "{} is none", next),
        }
    }

    #[test]
    fn fires_are_told_ahead_as_they_will_happen(
        expression in expression(), zone in select(ZONES.to_vec()), after in moment(), count in 0..6_usize,
    ) {
        let schedule = Schedule::parse(&expression, Some(zone)).unwrap();
        let told = schedule.next_fires(after, count);
        prop_assert_eq!(told.len(), count);
        let mut last = after;
        for fire in told {
            prop_assert_eq!(schedule.next_after(last), Ok(fire));
            last = fire;
        }
    }
}
