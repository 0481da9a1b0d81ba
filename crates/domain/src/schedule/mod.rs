//! Cron as a pure function: expression, timezone and last fire in, next fire out.
//!
//! The expression is read, and matched with what a clock on the wall shows, by `croner`. What such a clock
//! shows once, twice or never is decided here.

use std::str::FromStr as _;

use chrono::{
    DateTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc, offset::LocalResult,
};
use chrono_tz::{GapInfo, Tz};
use croner::{
    Cron,
    parser::{CronParser, Seconds},
};

/// Why a schedule cannot be used. The text names the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    /// The expression does not parse.
    #[error(
        "`{expression}` is not a cron expression ({reason}); use five fields such as `*/10 * * * *`"
    )]
    Expression {
        /// What was given.
        expression: String,
        /// What the parser said.
        reason: String,
    },
    /// The timezone is unknown.
    #[error("`{0}` is not an IANA time zone; use a name such as `Europe/Paris`")]
    Zone(String),
    /// The expression never fires again.
    #[error("`{0}` never fires")]
    Never(String),
}

/// A cron expression in a timezone.
///
/// # Fields
///
/// Minute, hour, day of the month, month, day of the week; with six fields the second comes first, with seven
/// the year comes last. A field is a list of numbers, names (`MON`, `JAN`), ranges and ranges with a step
/// (`8-18/2`, `*/5`); `L` is the last day of a month, `5L` its last Friday, `5#2` its second, `15W` the working
/// day nearest to the 15th. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` are understood.
///
/// Where both days are named, either is enough: `0 0 13 * 5` is every 13th and every Friday. Where one of them
/// has a `*`, both must hold: `0 0 */2 * 1` is every Monday that is an odd day. `+` before the day of the week
/// says so where neither has: `0 0 13 * +5` is a Friday the 13th.
///
/// # Where clocks are put forward or back
///
/// The rule is that of Vixie's cron, whatever the clock is moved by:
///
/// - Without a `*` in second, minute or hour, as `30 2 * * *` or `0,30 1-5 * * *`, an expression names *times
///   of the day*, and each of them happens once. One that the clock leaps over fires at the moment of the leap
///   (in New York at 03:00 for all of 02:00 to 02:59; together they fire once). One that the clock shows twice
///   fires the first time.
/// - With a `*` there, as `*/15 * * * *`, `30 * * * *`, `*/10 2 * * *` or `@hourly`, an expression names a *pace*
///   and goes on with real time: it fires whenever the clock shows what it names. What the clock leaps over does
///   not happen, what it shows twice happens twice.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    zone: Tz,
    expression: String,
}

impl Schedule {
    /// Reads an expression of five to seven fields; the zone is an IANA name, and UTC where none is given.
    ///
    /// # Errors
    /// [`BadSchedule`] when the expression or the zone cannot be read.
    pub fn parse(expression: &str, zone: Option<&str>) -> Result<Self, BadSchedule> {
        let bad = |reason: String| BadSchedule::Expression {
            expression: expression.to_owned(),
            reason,
        };
        // The parser takes `,` for a list of nothing, and then looks for that moment for minutes.
        let mut items = expression.split_whitespace().flat_map(|it| it.split(','));
        if items.any(str::is_empty) {
            return Err(bad("a list has an empty item".to_owned()));
        }
        let cron = cron(expression).map_err(|error| bad(error.to_string()))?;
        let zone = zone.unwrap_or("UTC");
        let zone = Tz::from_str(zone).map_err(|_unknown| BadSchedule::Zone(zone.to_owned()))?;
        Ok(Self {
            cron,
            zone,
            expression: expression.to_owned(),
        })
    }

    /// The first fire after `after`.
    ///
    /// # Errors
    /// [`BadSchedule::Never`] when there is none before the year 5000.
    pub fn next_after(&self, after: DateTime<Utc>) -> Result<DateTime<Utc>, BadSchedule> {
        let next = if self.is_a_pace() {
            self.next_of_pace(after)
        } else {
            self.next_of_times(after)
        };
        next.ok_or_else(|| BadSchedule::Never(self.expression.clone()))
    }

    /// The first fires after `after`, in their order: `count` of them, or as many as there are.
    #[must_use]
    pub fn next_fires(&self, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        let first = self.next_after(after).ok();
        std::iter::successors(first, |last| self.next_after(*last).ok())
            .take(count)
            .collect()
    }

    /// Whether it goes on with real time: it has a `*` where it names a time of the day.
    fn is_a_pace(&self) -> bool {
        let pattern = &self.cron.pattern;
        [&pattern.seconds, &pattern.minutes, &pattern.hours]
            .iter()
            .any(|field| field.from_wildcard)
    }

    /// Times of the day in their order are moments in their order, so that the first one that is not over
    /// is the next.
    fn next_of_times(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut wall = self.wall(after)?;
        loop {
            wall = self.matching_after(wall)?;
            let at = match self.zone.from_local_datetime(&wall) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at,
                LocalResult::None => GapInfo::new(&wall, &self.zone)?.end?,
            };
            if after < at {
                return Some(at.to_utc());
            }
        }
    }

    /// What the clock shows later is not all that comes: where it is put back, it shows again what it showed
    /// before.
    fn next_of_pace(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let ahead = self.shown_after(after);
        let Some(length) = self.shown_again_in(after) else {
            return ahead;
        };
        let before_it_is_put_back =
            |at: &DateTime<Utc>| *at - after < length && self.shown_again_in(*at).is_some();
        if ahead.as_ref().is_some_and(before_it_is_put_back) {
            return ahead;
        }
        let again = self.shown_again_after(after, length);
        ahead.into_iter().chain(again).min()
    }

    /// The next fire among what the clock shows later.
    fn shown_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut wall = self.wall(after)?;
        loop {
            wall = self.matching_after(wall)?;
            let (first, second) = match self.zone.from_local_datetime(&wall) {
                LocalResult::Single(at) => (Some(at), None),
                LocalResult::Ambiguous(first, second) => (Some(first), Some(second)),
                LocalResult::None => (None, None),
            };
            let next = first.into_iter().chain(second).find(|at| after < *at);
            if let Some(at) = next {
                return Some(at.to_utc());
            }
        }
    }

    /// How long it is until the clock shows the same again, where it is put back before that.
    fn shown_again_in(&self, at: DateTime<Utc>) -> Option<TimeDelta> {
        match self.zone.from_local_datetime(&self.wall(at)?) {
            LocalResult::Ambiguous(first, second) if at < second => Some(second - first),
            LocalResult::Ambiguous(..) | LocalResult::Single(_) | LocalResult::None => None,
        }
    }

    /// The next fire among what the clock shows for a second time; `length` is how far it is put back.
    fn shown_again_after(&self, after: DateTime<Utc>, length: TimeDelta) -> Option<DateTime<Utc>> {
        let shown = self.wall(after)?;
        // So far back it is before all that is shown twice, and so far on it is after it.
        let end = shown.checked_add_signed(length)?;
        let mut wall = shown.checked_sub_signed(length)?;
        loop {
            wall = self.matching_after(wall)?;
            if end <= wall {
                return None;
            }
            if let LocalResult::Ambiguous(_, again) = self.zone.from_local_datetime(&wall) {
                return Some(again.to_utc());
            }
        }
    }

    /// What a clock on the wall shows; `None` where years have no number.
    fn wall(&self, at: DateTime<Utc>) -> Option<NaiveDateTime> {
        let utc = at.naive_utc();
        utc.checked_add_offset(self.zone.offset_from_utc_datetime(&utc).fix())
    }

    /// What the clock shows next that the expression names, if no clock were ever moved.
    fn matching_after(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        self.cron.find_next_occurrence(&wall, false).ok()
    }
}

fn cron(expression: &str) -> Result<Cron, croner::errors::CronError> {
    let parser = || CronParser::builder().seconds(Seconds::Optional);
    let cron = parser().build().parse(expression)?;
    // The library takes `*/2` for a day that is named, and has either day suffice then.
    let pattern = &cron.pattern;
    if pattern.days.from_wildcard || pattern.days_of_week.from_wildcard {
        return parser().dom_and_dow(true).build().parse(expression);
    }
    Ok(cron)
}

#[cfg(test)]
mod tests;
