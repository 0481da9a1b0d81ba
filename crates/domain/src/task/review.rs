//! The review agent: what it says of a pull request, and when it is asked.

use serde::{Deserialize, Serialize};

use super::policy::Policy;
use crate::{
    pull::{ChecksStatus, PullSeen},
    repo::ReviewTrigger,
};

/// What a reviewer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewVerdict {
    /// It may be merged.
    Approve,
    /// It may not, before something is changed.
    RequestChanges,
    /// Words without a decision.
    Comment,
}

impl ReviewVerdict {
    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::RequestChanges => "request_changes",
            Self::Comment => "comment",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Approve, Self::RequestChanges, Self::Comment]
            .into_iter()
            .find(|it| it.name() == text)
    }
}

/// A review as the agent hands it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The decision.
    pub verdict: ReviewVerdict,
    /// For everybody to read.
    pub summary: String,
}

/// Why what an agent handed in is no review.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the review agent handed in no verdict: {0}")]
pub struct NoReview(pub String);

/// Reads a review out of the last words of an agent: the last JSON object with a `verdict` in them.
///
/// # Errors
/// [`NoReview`] where there is none, or one that cannot be read.
pub fn read(words: &str) -> Result<Review, NoReview> {
    let mut last = Err(NoReview(
        "there is no JSON object with a `verdict`".to_owned(),
    ));
    for (at, _) in words.match_indices('{') {
        let rest = words.get(at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
        let Some(Ok(value)) = values.next() else {
            continue;
        };
        if value.get("verdict").is_some() {
            last = serde_json::from_value(value).map_err(|error| NoReview(error.to_string()));
        }
    }
    last
}

/// The latest review by the review agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewSeen {
    /// The head it looked at, or looks at.
    pub head: String,
    /// Whether it is over.
    pub over: bool,
    /// What it decided.
    pub verdict: Option<ReviewVerdict>,
}

/// Whether the review agent is to look at this head now, by itself.
#[must_use]
pub fn due(pull: &PullSeen, last: Option<&ReviewSeen>, policy: &Policy) -> bool {
    let looked = last.is_some_and(|last| last.head == pull.head || !last.over);
    let time = match policy.review_trigger {
        ReviewTrigger::OnPull => true,
        ReviewTrigger::OnCiPass => pull.checks == ChecksStatus::Passing,
        ReviewTrigger::Manual => false,
    };
    policy.review && !looked && time
}

/// Whether the review agent approves of exactly this head.
#[must_use]
pub fn approves(pull: &PullSeen, last: Option<&ReviewSeen>) -> bool {
    last.is_some_and(|last| last.head == pull.head && last.verdict == Some(ReviewVerdict::Approve))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_verdict_in_the_words_counts() {
        let words = "First {\"verdict\":\"approve\",\"summary\":\"fine\"}, but:\n```json\n\
                     {\"verdict\": \"request_changes\", \"summary\": \"a {brace}\"}\n```\nBye.";
        let review = read(words).unwrap();
        assert_eq!(review.verdict, ReviewVerdict::RequestChanges);
        assert_eq!(review.summary, "a {brace}");
    }

    #[test]
    fn words_without_a_verdict_are_no_review() {
        assert!(read("Looks good to me {really}").is_err());
        let unknown = read("{\"verdict\":\"ship it\",\"summary\":\"\"}").unwrap_err();
        assert!(unknown.0.contains("ship it"), "{unknown}");
    }
}
