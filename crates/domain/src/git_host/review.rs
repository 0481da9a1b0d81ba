//! Reviews of a pull request, and what they say together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// What a submitted review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    /// Words only.
    Commented,
    /// The commit may be merged.
    Approved,
    /// Something has to change first.
    ChangesRequested,
    /// Somebody took it back.
    Dismissed,
}

/// A comment on a line, of a review that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewComment {
    /// Who wrote it.
    pub author: String,
    /// The file, from the root of the repository.
    pub path: String,
    /// The line, where the comment still has one.
    pub line: Option<u64>,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// A review that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The host's number of it.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// What it says.
    pub state: ReviewState,
    /// Its text; may be empty.
    pub body: String,
    /// The commit it is about. Empty where the host has forgotten it.
    pub sha: String,
    /// When it was submitted.
    pub at: DateTime<Utc>,
    /// Its comments on lines, oldest first.
    pub comments: Vec<ReviewComment>,
}

/// What the reviews of a pull request say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewVerdict {
    /// Nobody has approved the head, and nobody asks for changes.
    None,
    /// Somebody has approved the head, and nobody asks for changes.
    Approved {
        /// Who has, in the order of their names.
        by: Vec<String>,
    },
    /// Somebody asks for changes.
    ChangesRequested {
        /// Who does, in the order of their names.
        by: Vec<String>,
    },
}

/// What the reviews say together about a head. The latest review of each author that approves or
/// asks for changes counts; a request for changes stands whatever was pushed since; an approval
/// counts for the commit it was given for and no other.
#[must_use]
pub fn verdict(reviews: &[Review], head_sha: &str) -> ReviewVerdict {
    let mut latest: BTreeMap<&str, &Review> = BTreeMap::new();
    for review in reviews {
        let is_substantive = matches!(
            review.state,
            ReviewState::Approved | ReviewState::ChangesRequested
        );
        let older = latest.get(review.author.as_str());
        if is_substantive && older.is_none_or(|older| older.at <= review.at) {
            latest.insert(&review.author, review);
        }
    }
    let authors = |wanted: ReviewState, of_head: bool| -> Vec<String> {
        latest
            .values()
            .filter(|it| it.state == wanted && (!of_head || it.sha == head_sha))
            .map(|it| it.author.clone())
            .collect()
    };
    let against = authors(ReviewState::ChangesRequested, false);
    if !against.is_empty() {
        return ReviewVerdict::ChangesRequested { by: against };
    }
    let by = authors(ReviewState::Approved, true);
    if by.is_empty() {
        ReviewVerdict::None
    } else {
        ReviewVerdict::Approved { by }
    }
}

/// What a review of ours does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewAct {
    /// Says something.
    Comment,
    /// Approves the commit.
    Approve,
    /// Asks for changes.
    RequestChanges,
}

/// The side of a diff that a line is counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffSide {
    /// As it was.
    Left,
    /// As it is now.
    Right,
}

/// A comment of ours on a line of the diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineComment {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line.
    pub line: u64,
    /// Where the line is counted.
    pub side: DiffSide,
    /// What it says.
    pub body: String,
}

/// A review to submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReview {
    /// The commit it is about.
    pub sha: String,
    /// What it does.
    pub act: ReviewAct,
    /// Its text. Only an approval may have none.
    pub body: String,
    /// Its comments on lines.
    pub comments: Vec<LineComment>,
}
