//! A year of fires, through both changes of the clock, beside the second implementation.

use chrono_tz::Tz;

use super::{second::Clock, *};

const FROM: &str = "2026-01-01T00:00:00Z";
const UNTIL: &str = "2027-01-01T00:00:00Z";

/// Times of the day and paces, in all that a field may say.
const EXPRESSIONS: [&str; 54] = [
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "@yearly",
    "* * * * *",
    "*/2 * * * *",
    "*/7 * * * *",
    "*/15 * * * *",
    "*/25 2 * * *",
    "*/30 1-3 * * *",
    "5,20-30/5,59 * * * *",
    "0 * * * *",
    "15 * * * *",
    "30 * * * *",
    "45 * * * *",
    "0 */2 * * *",
    "30 1-23/2 * * *",
    "59 */5 * * *",
    "0 0 * * *",
    "30 1 * * *",
    "45 1 * * *",
    "0 2 * * *",
    "15 2 * * *",
    "30 2 * * *",
    "59 2 * * *",
    "0 3 * * *",
    "0,30 2 * * *",
    "0,15,30,45 1,2,3 * * *",
    "0-59 2 * * *",
    "0-59/10 0-5 * * *",
    "10 1-5 * * *",
    "0 23 * * SUN",
    "30 2 * * SUN",
    "30 1 * * sun,Mon",
    "0 9 * * MON-FRI",
    "0 9 * * 1-5",
    "15 10 * * FRI-SUN",
    "0 12 * * 0,7",
    "0 0 13 * FRI",
    "30 2 8 * 0",
    "30 2 */2 * 0",
    "0 4 1-7 * */2",
    "0 0 ? JAN,jul,10-12 ?",
    "15 2 29 2 *",
    "0 0 31 * *",
    "0 0 L * *",
    "30 2 * * 0#2",
    "30 1 * * SUN#1",
    "0 18 * * 5L",
    "30 30 2 * * *",
    "0,20,40 15 1-3 * * SUN",
    "15 */20 * * * *",
    "0 0 0 1 1,4,10 *",
];

/// The same as the second implementation, and how many fires that were.
fn agrees(zone: &str, clock: &Clock, expression: &str, from: &str, until: &str) -> usize {
    let expected = clock.fires(expression);
    let schedule = Schedule::parse(expression, Some(zone)).unwrap();
    // A fire at the very beginning is one of the year, too.
    let mut last = at(from) - TimeDelta::milliseconds(1);
    for (number, wanted) in expected.iter().enumerate() {
        let next = schedule.next_after(last);
        assert_eq!(
            next.as_ref(),
            Ok(wanted),
            "{expression} in {zone}, fire {number}"
        );
        last = *wanted;
    }
    let next = schedule.next_after(last).unwrap();
    assert!(
        at(until) <= next,
        "{expression} in {zone}: {next} is one too many"
    );
    expected.len()
}

fn a_year_in(zone: &str) {
    let clock = Clock::new(zone.parse::<Tz>().unwrap(), at(FROM), at(UNTIL));
    let count = |expression: &&str| agrees(zone, &clock, expression, FROM, UNTIL);
    let fires: usize = EXPRESSIONS.iter().map(count).sum();
    assert!(900_000 < fires, "{fires}");
}

#[test]
fn a_year_in_new_york_is_as_the_second_implementation_has_it() {
    a_year_in("America/New_York");
}

#[test]
fn a_year_in_paris_is_as_the_second_implementation_has_it() {
    a_year_in("Europe/Paris");
}

#[test]
fn a_year_on_lord_howe_whose_clock_moves_by_half_an_hour_is_as_the_second_implementation_has_it() {
    a_year_in("Australia/Lord_Howe");
}

#[test]
fn every_second_of_the_days_on_which_clocks_move_is_as_the_second_implementation_has_it() {
    for (zone, days) in [
        ("America/New_York", ["2026-03-08", "2026-11-01"]),
        ("Europe/Paris", ["2026-03-29", "2026-10-25"]),
        ("Australia/Lord_Howe", ["2026-10-03", "2026-04-04"]),
    ] {
        for day in days {
            let (from, until) = (format!("{day}T00:00:00Z"), format!("{day}T18:00:00Z"));
            let clock = Clock::new(zone.parse::<Tz>().unwrap(), at(&from), at(&until));
            for expression in [
                "* * * * * *",
                "*/7 * * * * *",
                "*/10 30 1,2 * * *",
                "0-59 0-59 1-3 * * *",
            ] {
                agrees(zone, &clock, expression, &from, &until);
            }
        }
    }
}
