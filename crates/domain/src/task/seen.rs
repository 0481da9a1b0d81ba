//! What a task's plan looks at.

use chrono::{DateTime, Utc};

use super::{Intent, depends::Dependencies, feedback::Acted, policy::Policy, review::ReviewSeen};
use crate::{
    agent::seen::{Hold, Lingering, Link, RunSeen},
    id::RunId,
    limits::Limits,
    pull::PullSeen,
    run::watch,
};

/// What a task is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskType {
    /// Work that ends in a pull request.
    Coding,
    /// A run of a job: it ends when its agent is done.
    Job,
    /// A look at another task's pull request that ends in a verdict.
    Review,
}

impl TaskType {
    const ALL: [Self; 3] = [Self::Coding, Self::Job, Self::Review];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Coding => "coding",
            Self::Job => "job",
            Self::Review => "review",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == text)
    }
}

/// Everything the plan looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What it is for.
    pub kind: TaskType,
    /// What a person asked for and was not done yet.
    pub intent: Option<Intent>,
    /// What it depends on.
    pub dependencies: Dependencies,
    /// Not before this, and why.
    pub hold: Option<Hold>,
    /// Whether a person wants it to start whatever the hour.
    pub ignore_off_peak: bool,
    /// Whether there is room for another run.
    pub room: Room,
    /// The open run, in the two states that have one.
    pub run: Option<OpenRun>,
    /// A run that is not known to be gone although it is closed.
    pub lingering: Option<Lingering>,
    /// Whether its sandbox's runner can be spoken to.
    pub link: Link,
    /// Its pull request as it was last seen.
    pub pull: Option<PullSeen>,
    /// What of it has been acted on.
    pub acted: Acted,
    /// How often it was sent back by itself since a person last said something.
    pub auto_resumes: i32,
    /// Subtasks that have to be over before its pull request may be merged.
    pub blocking_open: i64,
    /// What its review agent says.
    pub review: Option<ReviewSeen>,
    /// What people have written to it since it came to rest, or what the run before did not get to see.
    pub letters_new: i64,
    /// The verdict of a review that is still to be told to the git host.
    pub verdict_untold: bool,
    /// The ticket that is still to be closed.
    pub ticket_open: bool,
    /// The settings of its repository.
    pub policy: Policy,
}

/// Whether there is room for another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Runs of all tasks, or, for a job's run, of all jobs.
    pub all: i64,
    /// How many of them there may be.
    pub all_max: i64,
    /// Runs of this repository's tasks, or of this job.
    pub own: i64,
}

/// How many runs there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunsMax {
    /// Of tasks on repositories.
    pub tasks: i64,
    /// Of jobs.
    pub jobs: i64,
}

impl RunsMax {
    /// How many there may be of its class.
    #[must_use]
    pub fn of(self, kind: TaskType) -> i64 {
        match kind {
            TaskType::Coding | TaskType::Review => self.tasks,
            TaskType::Job => self.jobs,
        }
    }
}

impl From<&Limits> for RunsMax {
    fn from(limits: &Limits) -> Self {
        Self {
            tasks: limits.tasks_running_max,
            jobs: limits.jobs_running_max,
        }
    }
}

/// The open run.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRun {
    /// Which.
    pub run: RunId,
    /// When it must be running.
    pub provision_until: DateTime<Utc>,
    /// How long it may run, in milliseconds.
    pub duration_ms: i64,
    /// How far it is.
    pub seen: RunSeen,
    /// Whether its process takes further input.
    pub takes_input: bool,
    /// Messages that cannot wait for the next run.
    pub inputs_pending: i64,
    /// Since when its runner has not answered for something it was given while it ran.
    pub unanswered_since: Option<DateTime<Utc>>,
}

impl OpenRun {
    /// The run as far as every kind of run is watched.
    #[must_use]
    pub fn watched(&self) -> watch::OpenRun {
        watch::OpenRun {
            run: self.run,
            provision_until: self.provision_until,
            duration_ms: self.duration_ms,
            seen: self.seen.clone(),
        }
    }
}
