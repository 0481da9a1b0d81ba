//! A second implementation, as slow and as plain as can be: it lets a year go by, minute after minute, looks at
//! the clock on the wall each time, and does what Vixie's cron does. It shares no line with the first one.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What the clock of a zone shows in each minute of a stretch of time.
pub(super) struct Clock {
    /// Each minute, and how many have passed on the clock since it showed the first moment of 1970.
    shown: Vec<(DateTime<Utc>, i64)>,
    /// How many of them are before what is asked about.
    before: usize,
}

impl Clock {
    /// From `from`, a full minute, until `until`. What came before is looked at for two days, since what the
    /// clock has shown already is not shown for the first time.
    pub(super) fn new(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        let mut shown = Vec::new();
        let mut now = from - TimeDelta::days(2);
        let mut before = 0;
        while now < until {
            if now < from {
                before += 1;
            }
            let wall = now.with_timezone(&zone).naive_local();
            shown.push((now, wall.and_utc().timestamp() / 60));
            now += TimeDelta::minutes(1);
        }
        Self { shown, before }
    }

    /// All fires in it.
    pub(super) fn fires(&self, expression: &str) -> Vec<DateTime<Utc>> {
        let fields = Fields::read(expression);
        let mut fires = Vec::new();
        let mut latest = self.shown[0].1 - 1;
        for (place, &(now, wall)) in self.shown.iter().enumerate() {
            let asked = self.before <= place;
            if !fields.pace && latest + 1 < wall && asked {
                let missed = (latest + 1..wall).any(|missed| fields.has(missed));
                fires.extend(missed.then_some(now));
            }
            if (fields.pace || latest < wall) && asked && fields.has(wall) {
                let of = |second: &i64| now + TimeDelta::seconds(*second);
                fires.extend(fields.seconds.iter().map(of));
            }
            latest = latest.max(wall);
        }
        fires.dedup();
        fires
    }
}

struct Fields {
    /// In their order.
    seconds: Vec<i64>,
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Vec<u32>,
    months: Vec<u32>,
    weekdays: Vec<u32>,
    /// The last day of a month.
    last_day: bool,
    /// Weekdays of which only one in a month counts: the first to the fifth, or the last as 0.
    nth_weekdays: Vec<(u32, u32)>,
    /// Whether either day is enough.
    either: bool,
    /// Whether it goes on with real time.
    pace: bool,
}

impl Fields {
    fn read(expression: &str) -> Self {
        let expression = match expression {
            "@hourly" => "0 * * * *",
            "@daily" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" => "0 0 1 1 *",
            other => other,
        };
        let mut words: Vec<String> = expression
            .split_whitespace()
            .map(|word| word.to_lowercase().replace('?', "*"))
            .collect();
        if words.len() == 5 {
            words.insert(0, "0".to_owned());
        }
        let [second, minute, hour, day, month, weekday] = words.as_slice() else {
            panic!("{expression} has {} fields", words.len());
        };
        let numbers = |word: &str, low, high, names: &[&str], base| {
            let is_number =
                |item: &&str| !item.ends_with('l') && !item.contains('#') || *item == "jul";
            let items = word.split(',').filter(is_number);
            let found: BTreeSet<u32> = items
                .flat_map(|item| item_of(item, low, high, names, base))
                .collect();
            found.into_iter().collect::<Vec<u32>>()
        };
        let nth_weekdays = weekday.split(',').filter_map(|item| {
            let (day, nth) = match item.split_once('#') {
                Some((day, nth)) => (day, nth.parse().unwrap()),
                None => (item.strip_suffix('l')?, 0),
            };
            Some((number_of(day, &DAYS, 0) % 7, nth))
        });
        let star = |word: &String| word.starts_with('*');
        let seconds = numbers(second, 0, 59, &[], 0);
        Self {
            seconds: seconds.into_iter().map(i64::from).collect(),
            minutes: numbers(minute, 0, 59, &[], 0),
            hours: numbers(hour, 0, 23, &[], 0),
            days: numbers(day, 1, 31, &[], 0),
            months: numbers(month, 1, 12, &MONTHS, 1),
            weekdays: numbers(weekday, 0, 7, &DAYS, 0)
                .into_iter()
                .map(|it| it % 7)
                .collect(),
            last_day: day.split(',').any(|item| item == "l"),
            nth_weekdays: nth_weekdays.collect(),
            either: !star(day) && !star(weekday),
            pace: [second, minute, hour].into_iter().any(star),
        }
    }

    /// Whether it names a minute that the clock shows.
    fn has(&self, wall: i64) -> bool {
        let part = |number: i64| u32::try_from(number).unwrap();
        if !self.minutes.contains(&part(wall % 60)) || !self.hours.contains(&part(wall / 60 % 24)) {
            return false;
        }
        let date = DateTime::from_timestamp(wall * 60, 0).unwrap().date_naive();
        self.months.contains(&date.month()) && self.is_day(date)
    }

    fn is_day(&self, date: NaiveDate) -> bool {
        let ends_the_month = (date + TimeDelta::days(1)).day() == 1;
        let day = self.days.contains(&date.day()) || self.last_day && ends_the_month;
        let weekday = date.weekday().num_days_from_sunday();
        let nth = |(named, nth): &(u32, u32)| {
            let is_last = (date + TimeDelta::days(7)).month() != date.month();
            let number = (1..=5).find(|weeks| date.day() <= 7 * weeks).unwrap();
            weekday == *named && (*nth == number || *nth == 0 && is_last)
        };
        let weekday = self.weekdays.contains(&weekday) || self.nth_weekdays.iter().any(nth);
        if self.either {
            day || weekday
        } else {
            day && weekday
        }
    }
}

/// The numbers of one item of a list.
fn item_of(item: &str, low: u32, high: u32, names: &[&str], base: u32) -> Vec<u32> {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, step.parse().unwrap()),
        None => (item, 1),
    };
    let (from, to) = match range.split_once('-') {
        _ if range == "*" => (low, high),
        Some((from, to)) => {
            let to = number_of(to, names, base);
            // A week may end with its Sunday.
            let from = number_of(from, names, base);
            let to = if to == 0 && 0 < from && names.len() == 7 {
                7
            } else {
                to
            };
            (from, to)
        }
        None => (number_of(range, names, base), number_of(range, names, base)),
    };
    (from..=to).step_by(step).collect()
}

fn number_of(text: &str, names: &[&str], base: u32) -> u32 {
    match names.iter().position(|name| *name == text) {
        Some(place) => u32::try_from(place).unwrap() + base,
        None => text.parse().unwrap(),
    }
}
