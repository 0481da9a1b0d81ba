//! Issues, their comments, and the hidden mark by which a comment is written once.

use std::fmt;

use chrono::{DateTime, Utc};

use super::PullNumber;

/// The number of an issue in its repository. Some hosts number pull requests among them, others by
/// themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssueNumber(pub u64);

impl fmt::Display for IssueNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is commented on and labelled. Issue 1 and pull request 1 are two things on some hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thread {
    /// An issue.
    Issue(IssueNumber),
    /// A pull request.
    Pull(PullNumber),
}

impl Thread {
    /// Its number, for hosts that number both together.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Issue(IssueNumber(number)) | Self::Pull(PullNumber(number)) => number,
        }
    }
}

impl From<IssueNumber> for Thread {
    fn from(number: IssueNumber) -> Self {
        Self::Issue(number)
    }
}

impl From<PullNumber> for Thread {
    fn from(number: PullNumber) -> Self {
        Self::Pull(number)
    }
}

/// An issue as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: IssueNumber,
    /// Where a person can look at it.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its text; may be empty.
    pub body: String,
    /// Who wrote it.
    pub author: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who is to do it, as the host has it.
    pub assignee: Option<String>,
    /// Whether it is open.
    pub open: bool,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which issues are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IssueState {
    /// Those that are open.
    #[default]
    Open,
    /// Those that are closed.
    Closed,
    /// All of them.
    All,
}

impl IssueState {
    const ALL: [Self; 3] = [Self::Open, Self::Closed, Self::All];

    /// The word used in HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::All => "all",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == text)
    }
}

/// Issues of one list, at most.
pub const ISSUES_MAX: usize = 200;

/// A comment on an issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Who wrote it.
    pub author: String,
    /// What it says.
    pub body: String,
    /// Where a person can look at it.
    pub url: String,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// The text of a comment with a mark that its readers do not see, so that whoever writes it again
/// after a crash finds that it is there.
#[must_use]
pub fn marked(body: &str, mark: &str) -> String {
    format!("{body}\n\n{}", hidden(mark))
}

/// Whether a comment bears the mark.
#[must_use]
pub fn has_mark(comment: &str, mark: &str) -> bool {
    comment.trim_end().ends_with(&hidden(mark))
}

/// In a comment of HTML neither `--` nor `>` may occur.
fn hidden(mark: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '.' };
    format!(
        "<!-- optio:{} -->",
        mark.chars().map(safe).collect::<String>()
    )
}
