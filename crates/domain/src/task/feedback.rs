//! What a pull request asks of the agent that opened it, each change once.

use serde::{Deserialize, Serialize};

use crate::pull::{ChecksStatus, PullSeen, ReviewStatus};

/// Something about a pull request that its agent has to do something about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Feedback {
    /// It cannot be merged into its base.
    Conflict {
        /// The branch it conflicts with.
        base: String,
    },
    /// Checks have failed.
    ChecksFailed {
        /// Which.
        checks: Vec<String>,
    },
    /// A reviewer asks for changes.
    ChangesRequested {
        /// What the reviewer wrote.
        text: String,
    },
}

impl Feedback {
    /// The word in histories and reasons.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "conflicts",
            Self::ChecksFailed { .. } => "ci_failure",
            Self::ChangesRequested { .. } => "review",
        }
    }

    /// For people: what stands in the way.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Conflict { base } => format!("it conflicts with {base}"),
            Self::ChecksFailed { checks } if checks.is_empty() => "checks failed".to_owned(),
            Self::ChecksFailed { checks } => format!("checks failed: {}", checks.join(", ")),
            Self::ChangesRequested { .. } => "a reviewer asks for changes".to_owned(),
        }
    }
}

/// A change of a pull request that was acted on, and the head it then had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActedOn {
    /// Which change, by a name that is the same however often and by whomever it is seen.
    pub key: String,
    /// The head at that time.
    pub head: String,
}

/// What of a pull request has been acted on, of each kind the last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Acted {
    /// The last conflict.
    pub conflict: Option<ActedOn>,
    /// The last failure of its checks.
    pub checks: Option<ActedOn>,
    /// The last review that asks for changes.
    pub review: Option<ActedOn>,
}

/// What a pull request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// Something new; once it is acted on, this is what has been.
    New(Feedback, Acted),
    /// Something that was acted on and still stands although nothing was pushed since.
    Unsolved(Feedback),
    /// Nothing of the agent.
    Nothing,
}

/// Looks for what a pull request asks for. Conflicts come first: with them checks may not even run.
#[must_use]
pub fn asks(pull: &PullSeen, acted: &Acted) -> Asks {
    let mark = |key: &str| ActedOn {
        key: key.to_owned(),
        head: pull.head.clone(),
    };
    if pull.mergeable == Some(false) {
        let feedback = Feedback::Conflict {
            base: pull.base.clone(),
        };
        let to = Acted {
            conflict: Some(mark(&pull.head)),
            ..acted.clone()
        };
        return judge(feedback, &pull.head, pull, acted.conflict.as_ref(), to);
    }
    if pull.checks == ChecksStatus::Failing {
        let feedback = Feedback::ChecksFailed {
            checks: pull.failed_checks.clone(),
        };
        let to = Acted {
            checks: Some(mark(&pull.head)),
            ..acted.clone()
        };
        return judge(feedback, &pull.head, pull, acted.checks.as_ref(), to);
    }
    if let (ReviewStatus::ChangesRequested, Some(id)) = (pull.review, &pull.review_id) {
        let feedback = Feedback::ChangesRequested {
            text: pull.review_text.clone().unwrap_or_default(),
        };
        let to = Acted {
            review: Some(mark(id)),
            ..acted.clone()
        };
        return judge(feedback, id, pull, acted.review.as_ref(), to);
    }
    Asks::Nothing
}

fn judge(
    feedback: Feedback,
    key: &str,
    pull: &PullSeen,
    last: Option<&ActedOn>,
    to: Acted,
) -> Asks {
    match last {
        Some(last) if last.key == key && last.head == pull.head => Asks::Unsolved(feedback),
        // Something was pushed for it; whoever asked has to look again.
        Some(last) if last.key == key => Asks::Nothing,
        Some(_) | None => Asks::New(feedback, to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull::PullStatus;

    fn pull() -> PullSeen {
        PullSeen {
            number: 7,
            url: "https://git.example/o/r/pull/7".to_owned(),
            status: PullStatus::Open,
            head: "aaa".to_owned(),
            base: "main".to_owned(),
            draft: false,
            mergeable: Some(true),
            checks: ChecksStatus::Pending,
            failed_checks: Vec::new(),
            review: ReviewStatus::None,
            review_id: None,
            review_text: None,
            at: "2026-01-01T12:00:00Z".parse().unwrap(),
        }
    }

    fn new(asks: Asks) -> Acted {
        match asks {
            Asks::New(_, acted) => acted,
            Asks::Unsolved(_) | Asks::Nothing => panic!("{asks:?} is nothing new"),
        }
    }

    #[test]
    fn a_failure_of_checks_is_acted_on_once_per_head() {
        let failing = PullSeen {
            checks: ChecksStatus::Failing,
            ..pull()
        };
        let acted = new(asks(&failing, &Acted::default()));
        assert!(matches!(asks(&failing, &acted), Asks::Unsolved(_)));
        let pushed = PullSeen {
            head: "bbb".to_owned(),
            ..failing
        };
        let acted = new(asks(&pushed, &acted));
        assert_eq!(acted.checks.unwrap().head, "bbb");
    }

    #[test]
    fn a_review_is_acted_on_once_and_its_author_looks_again_after_a_push() {
        let asked = PullSeen {
            review: ReviewStatus::ChangesRequested,
            review_id: Some("r1".to_owned()),
            ..pull()
        };
        let acted = new(asks(&asked, &Acted::default()));
        assert!(matches!(asks(&asked, &acted), Asks::Unsolved(_)));
        let pushed = PullSeen {
            head: "bbb".to_owned(),
            ..asked.clone()
        };
        assert_eq!(asks(&pushed, &acted), Asks::Nothing);
        let again = PullSeen {
            review_id: Some("r2".to_owned()),
            ..pushed
        };
        assert!(matches!(asks(&again, &acted), Asks::New(..)));
    }

    #[test]
    fn conflicts_come_first_and_not_known_is_no_conflict() {
        let both = PullSeen {
            mergeable: Some(false),
            checks: ChecksStatus::Failing,
            ..pull()
        };
        let Asks::New(feedback, acted) = asks(&both, &Acted::default()) else {
            panic!("nothing new");
        };
        assert_eq!(feedback.name(), "conflicts");
        assert_eq!(acted.checks, None, "the checks are still to be acted on");
        let unknown = PullSeen {
            mergeable: None,
            ..pull()
        };
        assert_eq!(asks(&unknown, &Acted::default()), Asks::Nothing);
    }
}
