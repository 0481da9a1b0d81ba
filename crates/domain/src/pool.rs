//! The sandboxes of a repository: where the next run goes, and which are not needed any more.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{actor::Wait, id::SandboxId};

/// How long a sandbox is kept without a run.
pub const IDLE: TimeDelta = TimeDelta::minutes(10);

/// How large a pool may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Sandboxes.
    pub sandboxes_max: i64,
    /// Runs in one of them.
    pub runs_each_max: i64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            sandboxes_max: 1,
            runs_each_max: 2,
        }
    }
}

/// A sandbox of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instance {
    /// Which.
    pub sandbox: SandboxId,
    /// Runs in it that are not known to be over.
    pub runs: i64,
    /// Until when it is kept without a run.
    pub keep_until: Option<DateTime<Utc>>,
}

/// Where a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Into this sandbox, which may have to be started again.
    At(SandboxId),
    /// Into a new one.
    New,
    /// Nowhere now.
    Full,
}

/// Chooses where a run goes. A task goes back to where its worktree is, and waits for room there; any
/// other goes where the fewest runs are.
#[must_use]
pub fn place(home: Option<SandboxId>, instances: &[Instance], bounds: Bounds) -> Place {
    let count = i64::try_from(instances.len()).unwrap_or(i64::MAX);
    let fits = |instance: &&Instance| instance.runs < bounds.runs_each_max;
    if let Some(home) = home {
        return match instances.iter().find(|it| it.sandbox == home) {
            Some(instance) if fits(&instance) => Place::At(home),
            None if count < bounds.sandboxes_max => Place::At(home),
            Some(_) | None => Place::Full,
        };
    }
    let emptiest = instances.iter().filter(fits).min_by_key(|it| it.runs);
    match emptiest {
        Some(instance) => Place::At(instance.sandbox),
        None if count < bounds.sandboxes_max => Place::New,
        None => Place::Full,
    }
}

/// What a pool does next: end a sandbox that nobody needs, or wait until one is not needed.
#[must_use]
pub fn plan(instances: &[Instance], now: DateTime<Utc>) -> (Option<SandboxId>, Wait) {
    let idle = || instances.iter().filter(|it| it.runs == 0);
    let over = idle().find(|it| it.keep_until.is_some_and(|until| until <= now));
    if let Some(over) = over {
        let wait = Wait::until("the next look", "the control plane", now);
        return (Some(over.sandbox), wait);
    }
    let next = idle().filter_map(|it| it.keep_until).min();
    let wait = match next {
        Some(until) => Wait::until("its sandboxes to be idle for long enough", "time", until),
        None => Wait::at_rest("runs to end", "the tasks that run"),
    };
    (None, wait.whatever_mail_comes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn sandbox(number: u128) -> SandboxId {
        SandboxId(Uuid::from_u128(number))
    }

    fn instance(number: u128, runs: i64) -> Instance {
        Instance {
            sandbox: sandbox(number),
            runs,
            keep_until: None,
        }
    }

    const BOUNDS: Bounds = Bounds {
        sandboxes_max: 2,
        runs_each_max: 2,
    };

    #[test]
    fn a_run_goes_where_the_fewest_are_and_a_new_sandbox_is_the_last_resort() {
        assert_eq!(place(None, &[], BOUNDS), Place::New);
        let one = [instance(1, 1)];
        assert_eq!(place(None, &one, BOUNDS), Place::At(sandbox(1)));
        assert_eq!(place(None, &[instance(1, 2)], BOUNDS), Place::New);
        let two = [instance(1, 1), instance(2, 0)];
        assert_eq!(place(None, &two, BOUNDS), Place::At(sandbox(2)));
        assert_eq!(
            place(None, &[instance(1, 2), instance(2, 2)], BOUNDS),
            Place::Full
        );
    }

    #[test]
    fn a_task_goes_back_to_its_worktree_and_nowhere_else() {
        let busy = [instance(1, 2), instance(2, 0)];
        assert_eq!(place(Some(sandbox(1)), &busy, BOUNDS), Place::Full);
        assert_eq!(
            place(Some(sandbox(2)), &busy, BOUNDS),
            Place::At(sandbox(2))
        );
        let gone = [instance(2, 0)];
        assert_eq!(
            place(Some(sandbox(1)), &gone, BOUNDS),
            Place::At(sandbox(1))
        );
    }

    #[test]
    fn only_an_idle_sandbox_whose_time_is_over_is_ended() {
        let now: DateTime<Utc> = "2026-01-01T12:00:00Z".parse().unwrap();
        let kept = |runs, until| Instance {
            keep_until: Some(until),
            ..instance(1, runs)
        };
        let later = now + IDLE;
        assert_eq!(plan(&[kept(0, now)], now).0, Some(sandbox(1)));
        assert_eq!(plan(&[kept(1, now)], now).0, None);
        let (none, wait) = plan(&[kept(0, later)], now);
        assert_eq!((none, wait.until), (None, Some(later)));
        assert_eq!(plan(&[], now).1.until, None);
    }
}
