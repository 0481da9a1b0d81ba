//! The sandboxes of a repository: where the next run goes, and which of them, and of their worktrees, are
//! not needed any more.

use chrono::{DateTime, TimeDelta, Utc};

use uuid::Uuid;

use crate::{actor::Wait, id::SandboxId};

/// How long a sandbox is kept without a run.
pub const IDLE: TimeDelta = TimeDelta::minutes(10);
/// How long the files of an ended sandbox are kept, so that the next one need not clone again.
pub const DORMANT: TimeDelta = TimeDelta::days(7);
/// How long the worktree of a failed or cancelled task is kept, so that it can be retried where it stood.
pub const WORKTREE_KEPT: TimeDelta = TimeDelta::hours(24);
/// How long a runner may take to answer that a worktree is gone before it is asked again.
const ANSWER_MAX: TimeDelta = TimeDelta::minutes(1);
/// How often a sandbox is looked at again that should be idle and is not known to be.
const BUSY_LOOK: TimeDelta = TimeDelta::minutes(1);
/// How long a warm sandbox may take until its runner is connected; then its driver is asked again.
const WARMING_MAX: TimeDelta = TimeDelta::seconds(10);

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
    /// Whether its runner can be spoken to.
    pub connected: bool,
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

/// A worktree of a task, wherever its sandbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worktree {
    /// Its name, which is the task's.
    pub name: Uuid,
    /// Where it is.
    pub sandbox: SandboxId,
    /// From when on nobody needs it; none while somebody does.
    pub due: Option<DateTime<Utc>>,
    /// When a runner was last asked to remove it.
    pub asked: Option<DateTime<Utc>>,
    /// Whether it holds work that is nowhere else; none where nobody knows, as after a crash.
    pub holds_work: Option<bool>,
    /// Whether its sandbox's runner is connected.
    pub connected: bool,
}

impl Worktree {
    fn is_due(self, now: DateTime<Utc>) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Whether its runner is to remove it, which looks first whether it holds work.
    fn may_be_cleared(self, now: DateTime<Utc>) -> bool {
        self.connected && self.holds_work != Some(true) && self.is_due(now)
    }

    /// Whether it may go unseen, with the files of its sandbox.
    fn may_be_lost(self, now: DateTime<Utc>) -> bool {
        self.holds_work == Some(false) && self.is_due(now)
    }
}

/// An ended sandbox whose files are still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dormant {
    /// Which.
    pub sandbox: SandboxId,
    /// Until when its files are kept.
    pub keep_until: DateTime<Utc>,
}

/// Everything of a pool that its plan looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its sandboxes.
    pub instances: Vec<Instance>,
    /// Those that were ended.
    pub dormant: Vec<Dormant>,
    /// The worktrees in all of them.
    pub worktrees: Vec<Worktree>,
    /// Sandboxes that are to be started while nothing runs in them.
    pub warm: i64,
    /// Sandboxes there may be, where some are to be warm.
    pub sandboxes_max: i64,
}

impl Seen {
    /// Sandboxes in which nothing runs.
    fn idle(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|it| it.runs == 0)
    }

    /// Those of them that are more than are to be warm, the longest idle first.
    fn spare(&self) -> impl Iterator<Item = &Instance> {
        let idle = i64::try_from(self.idle().count()).unwrap_or(i64::MAX);
        let spare = usize::try_from(idle - self.warm).unwrap_or(0);
        let mut idle: Vec<&Instance> = self.idle().collect();
        idle.sort_by_key(|it| it.keep_until.unwrap_or(DateTime::<Utc>::MAX_UTC));
        idle.into_iter().take(spare)
    }

    /// Whether one more sandbox is to be started.
    fn lacks_a_warm_one(&self) -> bool {
        let count = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
        count(self.idle().count()) < self.warm && count(self.instances.len()) < self.sandboxes_max
    }
}

/// One step of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing now.
    Nothing,
    /// Ask the runner of this sandbox to remove this worktree, unless it holds work that is nowhere else.
    Clear {
        /// Where it is.
        sandbox: SandboxId,
        /// Its name.
        worktree: Uuid,
    },
    /// End the processes of a sandbox, and keep its files.
    Retire(SandboxId),
    /// Remove the files of an ended sandbox.
    Destroy(SandboxId),
    /// Start one more sandbox, in which nothing runs yet.
    Warm,
    /// See to it that the runner of an idle sandbox runs, since a run may come at any time.
    Revive(SandboxId),
}

impl Step {
    /// A word for logs and decisions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Clear { .. } => "clear worktree",
            Self::Retire(_) => "retire sandbox",
            Self::Destroy(_) => "destroy sandbox",
            Self::Warm => "warm sandbox",
            Self::Revive(_) => "revive sandbox",
        }
    }
}

/// What a pool does next: remove what nobody needs, or wait until something is not needed.
#[must_use]
pub fn plan(seen: &Seen, now: DateTime<Utc>) -> (Step, Wait) {
    let again = Wait::until("the next look", "the control plane", now);
    let may_ask = |it: &&Worktree| it.asked.is_none_or(|asked| asked + ANSWER_MAX <= now);
    let clearable = || seen.worktrees.iter().filter(|it| it.may_be_cleared(now));
    if let Some(it) = clearable().find(may_ask) {
        let step = Step::Clear {
            sandbox: it.sandbox,
            worktree: it.name,
        };
        return (step, again);
    }
    let over = |until: Option<DateTime<Utc>>| until.is_some_and(|until| until <= now);
    let unanswered = |sandbox| clearable().any(|it| it.sandbox == sandbox);
    let mut spare = seen.spare();
    if let Some(it) = spare.find(|it| over(it.keep_until) && !unanswered(it.sandbox)) {
        return (Step::Retire(it.sandbox), again);
    }
    if seen.lacks_a_warm_one() {
        return (Step::Warm, again);
    }
    let warm = 0 < seen.warm;
    if let Some(it) = seen.idle().find(|it| warm && !it.connected) {
        let soon = Wait::until("a warm sandbox", "the sandbox driver", now + WARMING_MAX);
        return (Step::Revive(it.sandbox), soon.whatever_mail_comes());
    }
    let needed = |sandbox| {
        let mut within = seen.worktrees.iter().filter(|it| it.sandbox == sandbox);
        within.any(|it| !it.may_be_lost(now))
    };
    let dormant = seen.dormant.iter();
    if let Some(it) = dormant
        .clone()
        .find(|it| it.keep_until <= now && !needed(it.sandbox))
    {
        return (Step::Destroy(it.sandbox), again);
    }
    let answers = clearable().filter_map(|it| it.asked.map(|asked| asked + ANSWER_MAX));
    let dues = seen.worktrees.iter().filter_map(|it| it.due);
    // A run that was closed may be at work for a while; nobody tells us when it is not.
    let busy = seen.instances.iter().filter(|it| over(it.keep_until));
    let busy = busy.map(|_| now + BUSY_LOOK);
    let kept = seen.instances.iter().filter_map(|it| it.keep_until);
    // A runner that dies is not told of.
    let warm = warm.then(|| now + BUSY_LOOK);
    let ends = dormant
        .map(|it| it.keep_until)
        .chain(kept)
        .chain(busy)
        .chain(warm);
    let next = answers
        .chain(dues.chain(ends).filter(|until| now < *until))
        .min();
    let wait = match next {
        Some(until) => Wait::until("what nobody needs to be old enough", "time", until),
        None => Wait::at_rest("runs to end", "the tasks that run"),
    };
    (Step::Nothing, wait.whatever_mail_comes())
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
            connected: true,
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

    fn noon() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn kept(runs: i64, until: DateTime<Utc>) -> Instance {
        Instance {
            keep_until: Some(until),
            ..instance(1, runs)
        }
    }

    fn worktree(sandbox_number: u128, due: Option<DateTime<Utc>>) -> Worktree {
        Worktree {
            name: Uuid::from_u128(7),
            sandbox: sandbox(sandbox_number),
            due,
            asked: None,
            holds_work: Some(false),
            connected: true,
        }
    }

    fn seen(instances: &[Instance], worktrees: &[Worktree]) -> Seen {
        Seen {
            instances: instances.to_vec(),
            worktrees: worktrees.to_vec(),
            ..Seen::default()
        }
    }

    #[test]
    fn only_an_idle_sandbox_whose_time_is_over_is_ended() {
        let now = noon();
        let later = now + IDLE;
        let of = |it: Instance| plan(&seen(&[it], &[]), now);
        assert_eq!(of(kept(0, now)).0, Step::Retire(sandbox(1)));
        let (busy, wait) = of(kept(1, now));
        assert_eq!((busy, wait.until), (Step::Nothing, Some(now + BUSY_LOOK)));
        assert_eq!(
            of(instance(1, 1)).1.until,
            None,
            "its run tells when it is over"
        );
        let (none, wait) = of(kept(0, later));
        assert_eq!((none, wait.until), (Step::Nothing, Some(later)));
        assert_eq!(plan(&Seen::default(), now).1.until, None);
    }

    #[test]
    fn a_worktree_is_removed_once_nobody_needs_it_and_never_with_work_in_it() {
        let now = noon();
        let clear = Step::Clear {
            sandbox: sandbox(1),
            worktree: Uuid::from_u128(7),
        };
        let of = |it: Worktree| plan(&seen(&[instance(1, 0)], &[it]), now);
        assert_eq!(of(worktree(1, Some(now))).0, clear);
        assert_eq!(of(worktree(1, None)).0, Step::Nothing);
        let later = of(worktree(1, Some(now + WORKTREE_KEPT)));
        assert_eq!(
            (later.0, later.1.until),
            (Step::Nothing, Some(now + WORKTREE_KEPT))
        );
        let full = Worktree {
            holds_work: Some(true),
            ..worktree(1, Some(now))
        };
        assert_eq!(of(full), (Step::Nothing, of(full).1));
        assert_eq!(of(full).1.until, None);
    }

    #[test]
    fn a_runner_that_does_not_answer_is_asked_again_and_its_sandbox_not_ended_meanwhile() {
        let now = noon();
        let asked = |at| Worktree {
            asked: Some(at),
            ..worktree(1, Some(now - IDLE))
        };
        let of = |it: Worktree| plan(&seen(&[kept(0, now)], &[it]), now);
        let (step, wait) = of(asked(now));
        assert_eq!((step, wait.until), (Step::Nothing, Some(now + ANSWER_MAX)));
        assert!(matches!(of(asked(now - ANSWER_MAX)).0, Step::Clear { .. }));
        let away = Worktree {
            connected: false,
            ..asked(now)
        };
        assert_eq!(of(away).0, Step::Retire(sandbox(1)), "its files stay");
    }

    #[test]
    fn a_warm_pool_keeps_so_many_idle_sandboxes_started_and_no_more() {
        let now = noon();
        let of = |instances: &[Instance], warm| {
            let mut seen = seen(instances, &[]);
            (seen.warm, seen.sandboxes_max) = (warm, 3);
            plan(&seen, now).0
        };
        assert_eq!(of(&[], 0), Step::Nothing);
        assert_eq!(of(&[], 1), Step::Warm);
        assert_eq!(of(&[instance(1, 0)], 1), Step::Nothing);
        assert_eq!(of(&[instance(1, 1)], 1), Step::Warm, "that one is busy");
        let full = [instance(1, 1), instance(2, 1), instance(3, 1)];
        assert_eq!(of(&full, 1), Step::Nothing, "there may be no more");
        let old = [kept(0, now)];
        assert_eq!(of(&old, 1), Step::Nothing, "it is the warm one");
        assert_eq!(of(&old, 0), Step::Retire(sandbox(1)));
        let two = [kept(0, now), instance(2, 0)];
        assert_eq!(of(&two, 1), Step::Retire(sandbox(1)));
        let dead = [Instance {
            connected: false,
            ..instance(1, 0)
        }];
        assert_eq!(of(&dead, 1), Step::Revive(sandbox(1)));
        assert_eq!(of(&dead, 0), Step::Nothing, "nobody waits for it");
    }

    #[test]
    fn the_files_of_an_ended_sandbox_go_when_they_are_old_and_no_worktree_in_it_is_needed() {
        let now = noon();
        let of = |keep_until, worktrees: &[Worktree]| {
            let mut seen = seen(&[], worktrees);
            seen.dormant = vec![Dormant {
                sandbox: sandbox(1),
                keep_until,
            }];
            plan(&seen, now)
        };
        let away = |due| Worktree {
            connected: false,
            ..worktree(1, due)
        };
        assert_eq!(of(now, &[]).0, Step::Destroy(sandbox(1)));
        assert_eq!(of(now, &[away(Some(now))]).0, Step::Destroy(sandbox(1)));
        assert_eq!(of(now, &[away(None)]).0, Step::Nothing, "its task goes on");
        let full = Worktree {
            holds_work: Some(true),
            ..away(Some(now))
        };
        assert_eq!(
            of(now, &[full]).0,
            Step::Nothing,
            "work is never thrown away"
        );
        let unknown = Worktree {
            holds_work: None,
            ..full
        };
        assert_eq!(of(now, &[unknown]).0, Step::Nothing, "nor what may be work");
        let (step, wait) = of(now + DORMANT, &[]);
        assert_eq!((step, wait.until), (Step::Nothing, Some(now + DORMANT)));
    }
}
