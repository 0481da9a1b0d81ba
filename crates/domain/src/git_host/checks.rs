//! What was checked of a commit, and what that means.

/// How one check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// It is not over.
    Pending,
    /// It does not stand in the way.
    Passed,
    /// It does.
    Failed,
}

impl CheckState {
    /// How a check run stands. What is over with an unknown conclusion is not known to be good, so
    /// it has failed.
    #[must_use]
    pub fn of_run(status: &str, conclusion: Option<&str>) -> Self {
        match (status, conclusion) {
            ("completed", Some("success" | "skipped" | "neutral")) => Self::Passed,
            ("completed", Some(_)) => Self::Failed,
            (_, _) => Self::Pending,
        }
    }

    /// How a commit status stands.
    #[must_use]
    pub fn of_status(state: &str) -> Self {
        match state {
            "success" => Self::Passed,
            "failure" | "error" => Self::Failed,
            _ => Self::Pending,
        }
    }
}

/// One check of a commit: a check run or a commit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it is called.
    pub name: String,
    /// How it stands.
    pub state: CheckState,
    /// How it stands in the host's own word, such as `timed_out`.
    pub word: String,
    /// Where a person can look at it.
    pub url: Option<String>,
}

/// All checks of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// The latest of each.
    pub runs: Vec<Check>,
}

/// What the checks of a commit say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksVerdict {
    /// There are none, or none yet. This is not a pass.
    None,
    /// None has failed and some are not over.
    Pending,
    /// There are some, all are over, and none has failed.
    Passing,
    /// At least one has failed.
    Failing,
}

impl Checks {
    /// What they say together. A failure counts at once, also while others are not over.
    #[must_use]
    pub fn verdict(&self) -> ChecksVerdict {
        let any = |state| self.runs.iter().any(|run| run.state == state);
        if any(CheckState::Failed) {
            ChecksVerdict::Failing
        } else if any(CheckState::Pending) {
            ChecksVerdict::Pending
        } else if self.runs.is_empty() {
            ChecksVerdict::None
        } else {
            ChecksVerdict::Passing
        }
    }

    /// Those that have failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.runs
            .iter()
            .filter(|run| run.state == CheckState::Failed)
    }
}
