//! Pull requests as they were last seen on their git host, and what that means.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::git_host::{
    Checks, ChecksVerdict, PullPhase, PullState, Review, ReviewState, ReviewVerdict, verdict,
};

pub mod plan;

/// Where a pull request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullStatus {
    /// It can be merged or closed.
    Open,
    /// It was merged, which is final.
    Merged,
    /// It was closed without being merged.
    Closed,
}

impl PullStatus {
    const ALL: [Self; 3] = [Self::Open, Self::Merged, Self::Closed];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Merged => "merged",
            Self::Closed => "closed",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == text)
    }
}

/// What the checks of a head commit say, all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksStatus {
    /// Nobody has looked yet at those of this head.
    Unknown,
    /// There are none.
    None,
    /// Some are not over.
    Pending,
    /// All are over and none failed.
    Passing,
    /// At least one failed.
    Failing,
}

impl ChecksStatus {
    const ALL: [Self; 5] = [
        Self::Unknown,
        Self::None,
        Self::Pending,
        Self::Passing,
        Self::Failing,
    ];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::None => "none",
            Self::Pending => "pending",
            Self::Passing => "passing",
            Self::Failing => "failing",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == text)
    }
}

/// What its reviewers say, all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// Nobody has decided.
    None,
    /// Somebody approved, and nobody asks for changes.
    Approved,
    /// Somebody asks for changes.
    ChangesRequested,
}

impl ReviewStatus {
    const ALL: [Self; 3] = [Self::None, Self::Approved, Self::ChangesRequested];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes_requested",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == text)
    }
}

/// A pull request as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullSeen {
    /// Its number.
    pub number: i64,
    /// Where people read it.
    pub url: String,
    /// Where it stands.
    pub status: PullStatus,
    /// The commit it would merge.
    pub head: String,
    /// The branch it merges into.
    pub base: String,
    /// Whether its author calls it unfinished.
    pub draft: bool,
    /// Whether it can be merged without conflicts; `None` while the host has not found out.
    pub mergeable: Option<bool>,
    /// What the checks of that head say.
    pub checks: ChecksStatus,
    /// Those that failed, by name, for people and for the agent.
    pub failed_checks: Vec<String>,
    /// What its reviewers say.
    pub review: ReviewStatus,
    /// The review that decides it, by the host's name for it.
    pub review_id: Option<String>,
    /// What that review says, comments on lines included.
    pub review_text: Option<String>,
    /// When all of this was seen.
    pub at: DateTime<Utc>,
}

/// Characters of the text of a review that the agent is told.
const REVIEW_CHARS_MAX: usize = 16_000;

impl PullSeen {
    /// A pull request as its host tells it: the checks are those of its head.
    #[must_use]
    pub fn of(state: &PullState, checks: &Checks, reviews: &[Review], at: DateTime<Utc>) -> Self {
        let (review, deciding) = match verdict(reviews, &state.head_sha) {
            ReviewVerdict::None => (ReviewStatus::None, None),
            ReviewVerdict::Approved { by } => (
                ReviewStatus::Approved,
                latest(reviews, &by, ReviewState::Approved),
            ),
            ReviewVerdict::ChangesRequested { by } => (
                ReviewStatus::ChangesRequested,
                latest(reviews, &by, ReviewState::ChangesRequested),
            ),
        };
        Self {
            checks: match checks.verdict() {
                ChecksVerdict::None => ChecksStatus::None,
                ChecksVerdict::Pending => ChecksStatus::Pending,
                ChecksVerdict::Passing => ChecksStatus::Passing,
                ChecksVerdict::Failing => ChecksStatus::Failing,
            },
            failed_checks: checks.failed().map(|check| check.name.clone()).collect(),
            review,
            review_id: deciding.map(|review| review.id.to_string()),
            review_text: deciding.map(review_text),
            ..Self::unchecked(state, at)
        }
    }

    /// The same before anybody has looked at its checks and reviews.
    #[must_use]
    pub fn unchecked(state: &PullState, at: DateTime<Utc>) -> Self {
        Self {
            number: i64::try_from(state.number.0).unwrap_or(i64::MAX),
            url: state.url.clone(),
            status: match state.phase {
                PullPhase::Open => PullStatus::Open,
                PullPhase::Merged => PullStatus::Merged,
                PullPhase::Closed => PullStatus::Closed,
            },
            head: state.head_sha.clone(),
            base: state.base_branch.clone(),
            draft: state.draft,
            mergeable: state.mergeable,
            checks: ChecksStatus::Unknown,
            failed_checks: Vec::new(),
            review: ReviewStatus::None,
            review_id: None,
            review_text: None,
            at,
        }
    }
}

fn latest<'a>(reviews: &'a [Review], by: &[String], state: ReviewState) -> Option<&'a Review> {
    reviews
        .iter()
        .filter(|review| review.state == state && by.contains(&review.author))
        .max_by_key(|review| review.at)
}

/// What a review says, with what it says of single lines.
fn review_text(review: &Review) -> String {
    let mut text = format!("{}: {}", review.author, review.body.trim());
    for comment in &review.comments {
        let line = comment
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        text.push_str(&format!(
            "\n- {}{line}: {}",
            comment.path,
            comment.body.trim()
        ));
    }
    text.chars().take(REVIEW_CHARS_MAX).collect()
}
