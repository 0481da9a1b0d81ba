//! What a review's plan looks at.

use super::{Intent, Origin, RunKind};
use crate::{
    agent::seen::{Hold, Lingering, Link},
    pull::PullSeen,
    repo::ExternalReviewMode,
    run::watch::OpenRun,
};

/// Everything the plan looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What a person asked for and was not done yet.
    pub intent: Option<Intent>,
    /// Who began it.
    pub origin: Origin,
    /// Whether a person has done anything to it: from then on nothing happens to it by itself.
    pub engaged: bool,
    /// What its open or next run is for.
    pub kind: RunKind,
    /// Not before this, and why.
    pub hold: Option<Hold>,
    /// Runs of all reviews that are open, and how many there may be.
    pub room: (i64, i64),
    /// The open run.
    pub run: Option<OpenRun>,
    /// A run that is not known to be gone although it is closed.
    pub lingering: Option<Lingering>,
    /// Whether its sandbox's runner can be spoken to.
    pub link: Link,
    /// Its pull request as it was last seen.
    pub pull: PullSeen,
    /// The head that the draft is about.
    pub head: Option<String>,
    /// Whether the draft as it is stands on the pull request already.
    pub handed_in: bool,
    /// Whether the host refused the draft as it is.
    pub refused: bool,
    /// Messages that wait for an answer.
    pub chat_pending: i64,
    /// How often it was looked at again by itself.
    pub auto_reviews: i32,
    /// What its repository wants.
    pub policy: ReviewPolicy,
}

/// What a repository wants of reviews that begin by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewPolicy {
    /// Which, and what becomes of them.
    pub mode: ExternalReviewMode,
    /// Whether they wait for the checks to be over.
    pub wait_for_ci: bool,
    /// How often one is looked at again by itself.
    pub auto_reviews_max: i32,
}

impl Seen {
    /// Whether something may happen to it by itself.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        self.origin == Origin::Auto && !self.engaged && self.policy.mode != ExternalReviewMode::Off
    }
}
