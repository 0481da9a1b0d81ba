//! Expressions that are read or refused, and the moments at which clocks are moved.

use super::*;

mod properties;
mod second;
mod year;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The fires after a moment, as a clock of the zone shows them.
fn fires(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(expression, Some(zone)).unwrap();
    let shown = |at: &DateTime<Utc>| at.with_timezone(&schedule.zone).format("%d %H:%M %z");
    let found = schedule.next_fires(at(after), count);
    found.iter().map(|at| shown(at).to_string()).collect()
}

#[test]
fn the_next_fire_is_strictly_after() {
    let schedule = Schedule::parse("*/10 * * * *", None).unwrap();
    assert_eq!(
        schedule.next_after(at("2026-01-01T00:10:00Z")),
        Ok(at("2026-01-01T00:20:00Z"))
    );
    assert_eq!(
        schedule.next_after(at("2026-01-01T00:09:59.999Z")),
        Ok(at("2026-01-01T00:10:00Z"))
    );
    assert_eq!(
        schedule.next_after(at("2026-01-01T00:10:00.001Z")),
        Ok(at("2026-01-01T00:20:00Z"))
    );
}

#[test]
fn the_zone_decides_what_nine_o_clock_is() {
    let schedule = Schedule::parse("0 9 * * *", Some("Europe/Paris")).unwrap();
    assert_eq!(
        schedule.next_after(at("2026-07-01T00:00:00Z")),
        Ok(at("2026-07-01T07:00:00Z"))
    );
    assert_eq!(
        schedule.next_after(at("2026-01-01T00:00:00Z")),
        Ok(at("2026-01-01T08:00:00Z"))
    );
}

#[test]
fn a_time_that_the_clock_leaps_over_fires_once_at_the_leap() {
    let (zone, before) = ("America/New_York", "2026-03-08T05:00:00Z");
    assert_eq!(
        fires("30 2 * * *", zone, before, 2),
        ["08 03:00 -0400", "09 02:30 -0400"]
    );
    assert_eq!(
        fires("0,30 1-3 * * *", zone, before, 5),
        [
            "08 01:00 -0500",
            "08 01:30 -0500",
            "08 03:00 -0400",
            "08 03:30 -0400",
            "09 01:00 -0400"
        ]
    );
}

#[test]
fn a_time_that_the_clock_shows_twice_fires_the_first_time() {
    let zone = "America/New_York";
    let expected = ["01 01:30 -0400", "02 01:30 -0500"];
    assert_eq!(
        fires("30 1 * * *", zone, "2026-11-01T04:00:00Z", 2),
        expected
    );
    // Also for one who looks while it is shown for the second time.
    assert_eq!(
        fires("30 1 * * *", zone, "2026-11-01T06:10:00Z", 1),
        expected.split_at(1).1
    );
}

#[test]
fn a_pace_goes_on_with_real_time() {
    let zone = "America/New_York";
    assert_eq!(
        fires("*/30 * * * *", zone, "2026-03-08T06:00:00Z", 2),
        ["08 01:30 -0500", "08 03:00 -0400"]
    );
    assert_eq!(
        fires("*/30 * * * *", zone, "2026-11-01T05:00:00Z", 4),
        [
            "01 01:30 -0400",
            "01 01:00 -0500",
            "01 01:30 -0500",
            "01 02:00 -0500"
        ]
    );
    let lost = fires("*/30 2 * * *", zone, "2026-03-08T05:00:00Z", 1);
    assert_eq!(lost, ["09 02:00 -0400"]);
}

#[test]
fn a_clock_may_be_moved_by_half_an_hour_and_by_a_day() {
    let zone = "Australia/Lord_Howe";
    let leap = "2026-10-03T12:00:00Z";
    assert_eq!(fires("15 2 * * *", zone, leap, 1), ["04 02:30 +1100"]);
    let back = "2026-04-04T14:30:00Z";
    assert_eq!(
        fires("45 * * * *", zone, back, 3),
        ["05 01:45 +1100", "05 01:45 +1030", "05 02:45 +1030"]
    );
    assert_eq!(
        fires("45 1 * * *", zone, back, 2),
        ["05 01:45 +1100", "06 01:45 +1030"]
    );
    // Samoa had no 30th of December.
    let (zone, before) = ("Pacific/Apia", "2011-12-29T10:00:00Z");
    assert_eq!(
        fires("0 9 * * *", zone, before, 3),
        ["29 09:00 -1000", "31 00:00 +1400", "31 09:00 +1400"]
    );
    assert_eq!(fires("0 */12 * * *", zone, before, 2)[1], "31 00:00 +1400");
}

#[test]
fn both_days_are_asked_for_where_one_has_a_star() {
    let after = "2026-02-01T00:00:00Z";
    let days = |expression: &str| fires(expression, "UTC", after, 3).join(", ");
    let expected = "06 00:00 +0000, 13 00:00 +0000, 20 00:00 +0000";
    assert_eq!(days("0 0 13 * FRI"), expected);
    assert_eq!(days("0 0 ? * FRI"), expected);
    assert_eq!(
        days("0 0 */2 * FRI"),
        "13 00:00 +0000, 27 00:00 +0000, 13 00:00 +0000"
    );
    assert_eq!(
        days("0 0 13 * +FRI"),
        "13 00:00 +0000, 13 00:00 +0000, 13 00:00 +0000"
    );
}

#[test]
fn the_year_may_come_last_and_then_there_is_an_end() {
    let schedule = Schedule::parse("0 0 9 1 1 * 2027-2028", None).unwrap();
    let expected = [at("2027-01-01T09:00:00Z"), at("2028-01-01T09:00:00Z")];
    assert_eq!(schedule.next_fires(at("2026-01-01T00:00:00Z"), 5), expected);
    let never = BadSchedule::Never("0 0 9 1 1 * 2027-2028".to_owned());
    assert_eq!(schedule.next_after(expected[1]), Err(never));
}

#[test]
fn no_moment_is_too_early_or_too_late_to_ask() {
    for zone in ["UTC", "Pacific/Kiritimati", "America/New_York"] {
        let schedule = Schedule::parse("* * * * *", Some(zone)).unwrap();
        let first = schedule.next_after(DateTime::<Utc>::MIN_UTC);
        assert!(
            first.is_err() || first == Ok(at("0001-01-01T00:00:00Z")),
            "{first:?}"
        );
        assert!(schedule.next_after(DateTime::<Utc>::MAX_UTC).is_err());
    }
}

#[test]
fn a_list_of_nothing_is_refused_and_not_searched_for() {
    for expression in ["* , * * * *", ", * * * *", "1, * * * *", "* * ,3 * *"] {
        let error = Schedule::parse(expression, None).unwrap_err().to_string();
        assert!(error.contains("empty item"), "{error}");
    }
    assert!(Schedule::parse("1,3 * * * *", None).is_ok());
}

#[test]
fn nonsense_is_refused_with_the_remedy() {
    let error = Schedule::parse("every tuesday", None)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("every tuesday") && error.contains("five fields"),
        "{error}"
    );
    let error = Schedule::parse("* * * * *", Some("Mars/Jezero"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("Mars/Jezero"), "{error}");
}
