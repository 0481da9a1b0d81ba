//! Which fires of a schedule are due, and when the next one is.

use chrono::{DateTime, TimeDelta, Utc};

use crate::schedule::Schedule;

/// How late a fire may be and still count as on time.
pub const LATE_MAX: TimeDelta = TimeDelta::minutes(1);
/// Fires that are made up for in one go.
pub const FIRES_MAX: usize = 100;

/// What becomes of fires whose time passed while nobody looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missed {
    /// All of them together are one.
    #[default]
    Once,
    /// Each is made up for.
    All,
    /// They are gone.
    Skip,
}

impl Missed {
    const ALL: [(&'static str, Self); 3] = [
        ("once", Self::Once),
        ("all", Self::All),
        ("skip", Self::Skip),
    ];

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(word, _)| *word == text);
        found.map(|(_, missed)| missed)
    }
}

/// What is due now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The moments that fire.
    pub fires: Vec<DateTime<Utc>>,
    /// When the next one is; `None` where there is none any more.
    pub next: Option<DateTime<Utc>>,
}

/// Decides, for a schedule whose next fire was at `due`.
#[must_use]
pub fn due(schedule: &Schedule, missed: Missed, due: DateTime<Utc>, now: DateTime<Utc>) -> Due {
    let after = |at| schedule.next_after(at).ok();
    if now < due {
        return Due {
            fires: Vec::new(),
            next: Some(due),
        };
    }
    match missed {
        Missed::Once => Due {
            fires: vec![due],
            next: after(now),
        },
        Missed::Skip => Due {
            fires: [due]
                .into_iter()
                .filter(|due| now - *due <= LATE_MAX)
                .collect(),
            next: after(now),
        },
        Missed::All => {
            let mut fires = vec![due];
            let mut next = after(due);
            while let Some(at) = next.filter(|at| *at <= now && fires.len() < FIRES_MAX) {
                fires.push(at);
                next = after(at);
            }
            Due { fires, next }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-01-01T{text}Z").parse().unwrap()
    }

    fn of(missed: Missed, now: &str) -> Due {
        let schedule = Schedule::parse("*/10 * * * *", None).unwrap();
        due(&schedule, missed, at("12:00:00"), at(now))
    }

    #[test]
    fn a_fire_on_time_is_one_fire_whatever_the_policy() {
        for missed in [Missed::Once, Missed::All, Missed::Skip] {
            let due = of(missed, "12:00:01");
            assert_eq!(due.fires, [at("12:00:00")]);
            assert_eq!(due.next, Some(at("12:10:00")));
            assert!(of(missed, "11:59:59").fires.is_empty());
        }
    }

    #[test]
    fn what_was_missed_is_one_fire_or_each_or_none() {
        let next = Some(at("12:40:00"));
        let once = of(Missed::Once, "12:35:00");
        assert_eq!((once.fires, once.next), (vec![at("12:00:00")], next));
        let all = of(Missed::All, "12:35:00");
        let each = ["12:00:00", "12:10:00", "12:20:00", "12:30:00"].map(at);
        assert_eq!((all.fires, all.next), (each.to_vec(), next));
        let skip = of(Missed::Skip, "12:35:00");
        assert_eq!((skip.fires, skip.next), (Vec::new(), next));
    }

    #[test]
    fn making_up_for_a_year_goes_in_portions() {
        let schedule = Schedule::parse("* * * * *", None).unwrap();
        let late = at("00:00:00") + TimeDelta::days(365);
        let first = due(&schedule, Missed::All, at("00:00:00"), late);
        assert_eq!(first.fires.len(), FIRES_MAX);
        assert_eq!(first.next, Some(at("01:40:00")));
    }
}
