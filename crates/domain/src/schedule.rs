//! Cron as a pure function: expression, timezone and last fire in, next fire out.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
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
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    zone: Tz,
    expression: String,
}

impl Schedule {
    /// Reads an expression of five fields, or six with seconds in front.
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
        let cron = CronParser::builder()
            .seconds(Seconds::Optional)
            .build()
            .parse(expression)
            .map_err(|error| bad(error.to_string()))?;
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
    /// [`BadSchedule::Never`] when there is none within the library's horizon.
    pub fn next_after(&self, after: DateTime<Utc>) -> Result<DateTime<Utc>, BadSchedule> {
        self.cron
            .find_next_occurrence(&after.with_timezone(&self.zone), false)
            .map(|at| at.with_timezone(&Utc))
            .map_err(|_none| BadSchedule::Never(self.expression.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_fire_is_strictly_after() {
        let schedule = Schedule::parse("*/10 * * * *", None).unwrap();
        assert_eq!(
            schedule.next_after(at("2026-01-01T00:10:00Z")),
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
}
