//! What a repository's settings mean for its tasks.

use chrono::{DateTime, Datelike as _, TimeZone as _, Timelike as _, Utc, Weekday};
use rust_decimal::Decimal;

use crate::{
    job::JobSpec,
    repo::{RepoSpec, ReviewTrigger},
};

/// The settings of a repository that decide how its tasks go on. Everything here is enforced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whether the agent is sent back to its pull request by itself.
    pub auto_resume: bool,
    /// How often in a row, until a person says something.
    pub auto_resumes_max: i32,
    /// Whether its pull request is merged by itself once it may be.
    pub auto_merge: bool,
    /// Draft pull requests, and never merged by itself.
    pub cautious: bool,
    /// Whether the first run only plans and a person has to agree.
    pub planning: bool,
    /// Whether tasks only start outside of the hours in which models are expensive.
    pub off_peak_only: bool,
    /// Runs of its tasks at once.
    pub runs_max: i64,
    /// Whether the review agent has to approve.
    pub review: bool,
    /// When it looks by itself.
    pub review_trigger: ReviewTrigger,
    /// Model calls of one run that works.
    pub turns_coding_max: u32,
    /// Model calls of one run that reviews.
    pub turns_review_max: u32,
    /// Dollars that all its runs together may cost.
    pub budget_usd: Option<Decimal>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            auto_resume: true,
            auto_resumes_max: 10,
            auto_merge: false,
            cautious: false,
            planning: false,
            off_peak_only: false,
            runs_max: 2,
            review: false,
            review_trigger: ReviewTrigger::OnCiPass,
            turns_coding_max: 250,
            turns_review_max: 30,
            budget_usd: None,
        }
    }
}

impl Policy {
    /// What a person decided about a repository.
    #[must_use]
    pub fn of(spec: &RepoSpec) -> Self {
        let plain = Self::default();
        let count = |number: i32| u32::try_from(number).unwrap_or(1);
        let each = i64::from(spec.max_pod_instances) * i64::from(spec.max_agents_per_pod);
        Self {
            auto_resume: spec.auto_resume,
            auto_resumes_max: spec.max_auto_resumes.unwrap_or(plain.auto_resumes_max),
            auto_merge: spec.auto_merge,
            cautious: spec.cautious_mode,
            planning: spec.planning_mode_enabled,
            off_peak_only: spec.off_peak_only,
            runs_max: i64::from(spec.max_concurrent_tasks).min(each),
            review: spec.review_enabled,
            review_trigger: spec.review_trigger,
            turns_coding_max: count(spec.max_turns_coding),
            turns_review_max: count(spec.max_turns_review),
            budget_usd: None,
        }
    }

    /// What a person decided about a job.
    #[must_use]
    pub fn of_job(job: &JobSpec) -> Self {
        let plain = Self::default();
        let turns = job.turns_max.and_then(|turns| u32::try_from(turns).ok());
        Self {
            runs_max: i64::from(job.runs_max)
                .min(i64::from(job.sandboxes_max) * i64::from(job.runs_each_max)),
            turns_coding_max: turns.unwrap_or(plain.turns_coding_max),
            budget_usd: job.budget_usd,
            ..plain
        }
    }
}

/// The hours in which models are expensive, as the vendors name them: working days from 8 to 14 o'clock
/// on the east coast of the United States.
const PEAK_ZONE: chrono_tz::Tz = chrono_tz::America::New_York;
const PEAK_HOURS: std::ops::Range<u32> = 8..14;

/// When the expensive hours end, where it is one of them.
#[must_use]
pub fn peak_ends(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let there = now.with_timezone(&PEAK_ZONE);
    let works = !matches!(there.weekday(), Weekday::Sat | Weekday::Sun);
    let end = there.date_naive().and_hms_opt(PEAK_HOURS.end, 0, 0)?;
    let end = PEAK_ZONE.from_local_datetime(&end).single()?;
    (works && PEAK_HOURS.contains(&there.hour())).then(|| end.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_a_working_days_morning_on_the_east_coast_whatever_the_season() {
        let ends = |at: &str| peak_ends(at.parse().unwrap()).map(|end| end.to_rfc3339());
        // 2026-01-05 is a Monday; noon in New York is 17:00 UTC in winter.
        assert_eq!(
            ends("2026-01-05T17:00:00Z").unwrap(),
            "2026-01-05T19:00:00+00:00"
        );
        assert_eq!(
            ends("2026-07-06T16:00:00Z").unwrap(),
            "2026-07-06T18:00:00+00:00"
        );
        assert_eq!(ends("2026-01-05T19:00:00Z"), None);
        assert_eq!(ends("2026-01-05T12:59:59Z"), None);
        assert_eq!(ends("2026-01-04T17:00:00Z"), None, "a Sunday");
    }
}
