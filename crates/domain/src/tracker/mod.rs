//! Trackers: places where people write tickets. A tracker is looked at again and again; a ticket that
//! bears its label becomes work, once, and is told what came of it.

mod choice;
mod place;
pub mod plan;
mod spec;
#[cfg(test)]
mod tests;
mod ticket;
mod work;

use chrono::{DateTime, Utc};

pub use choice::agent_of;
pub use place::{BaseUrl, Place, Source};
pub use spec::{LABEL_DEFAULT, MASK, PAGES, PAGES_DEFAULT, TRACKERS_MAX, TrackerSpec};
pub use ticket::{
    COMMENTS_MAX, News, Ticket, TicketComment, TicketPage, is_ours, signature, signed,
};
pub use work::{TicketWork, prompt, repo_of, task_of};

use crate::git_host::GitHostError;

/// Why a tracker did not do what it was asked, by what the caller can do about it. No text holds a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrackerError {
    /// It is not there, or this token may not know of it.
    #[error("the tracker does not know {0}")]
    NotFound(String),
    /// The token is missing, wrong, expired, or may not do this. A person has to act.
    #[error("the tracker refuses the credentials: {words}; {remedy}")]
    Unauthorized {
        /// What the tracker said.
        words: String,
        /// What a person can do.
        remedy: String,
    },
    /// No more calls until then.
    #[error("the tracker's rate limit is used up until {until}")]
    RateLimited {
        /// When calls are answered again.
        until: DateTime<Utc>,
    },
    /// It fails or does not answer. Trying again later may help.
    #[error("the tracker could not answer: {0}")]
    Busy(String),
    /// It understood and said no; the same call will be refused again.
    #[error("the tracker refused: {0}")]
    Refused(String),
}

impl From<GitHostError> for TrackerError {
    fn from(error: GitHostError) -> Self {
        match error {
            GitHostError::NotFound(what) => Self::NotFound(what),
            GitHostError::Unauthorized { words, remedy } => Self::Unauthorized { words, remedy },
            GitHostError::RateLimited { until } => Self::RateLimited { until },
            GitHostError::Busy(words) => Self::Busy(words),
            GitHostError::Refused(words) => Self::Refused(words),
        }
    }
}
