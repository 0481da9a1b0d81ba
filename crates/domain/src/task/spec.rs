//! What a task is asked to do, and the bounds within which it can be asked.

use serde_json::Value;

use super::seen::TaskType;
use crate::{git_host::RepoUrl, id::TaskId};

/// Characters of a title.
pub const TITLE_CHARS_MAX: usize = 500;
/// Priorities: the lower, the sooner.
pub const PRIORITY: std::ops::RangeInclusive<i32> = 1..=1_000;
/// The priority of a task whose creator names none.
pub const PRIORITY_DEFAULT: i32 = 100;
/// The priority of a review: somebody waits for it.
pub const PRIORITY_REVIEW: i32 = 10;
/// How often a failed run may be tried again by itself.
pub const RETRIES: std::ops::RangeInclusive<i32> = 0..=10;
/// The same, where nobody says it.
pub const RETRIES_DEFAULT: i32 = 3;
/// Tasks one task may depend on.
pub const DEPENDENCIES_MAX: usize = 100;
/// Characters of a branch's name.
const BRANCH_CHARS_MAX: usize = 200;

/// A task as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSpec {
    /// What it is for.
    pub kind: TaskType,
    /// One line for people.
    pub title: String,
    /// What the agent is to do.
    pub prompt: String,
    /// The repository's address, without credentials.
    pub repo_url: String,
    /// The branch it starts from and merges into.
    pub base_branch: String,
    /// The agent program.
    pub agent_type: String,
    /// The model, where one is chosen.
    pub model: Option<String>,
    /// The lower, the sooner.
    pub priority: i32,
    /// How often a failed run may be tried again by itself.
    pub retries_max: i32,
    /// Where its ticket is, such as `github`.
    pub ticket_source: Option<String>,
    /// Its ticket's name there.
    pub ticket_id: Option<String>,
    /// Whatever its creator wants to find again.
    pub metadata: Option<Value>,
    /// The task it is part of.
    pub parent: Option<TaskId>,
    /// Whether that task's pull request waits for it.
    pub blocks_parent: bool,
    /// What it looks at, where it is a review.
    pub head: Option<String>,
}

/// A value that cannot be: the field, why, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {words}")]
pub struct BadField {
    /// Its name in the API.
    pub field: &'static str,
    /// Why, and what would be right.
    pub words: String,
}

/// What the names of tasks' branches begin with.
pub const BRANCH_PREFIX: &str = "optio/task-";

/// The branch a task works on.
#[must_use]
pub fn work_branch(task: TaskId) -> String {
    format!("{BRANCH_PREFIX}{task}")
}

/// Whether a text can be a branch: what `git check-ref-format --branch` and the API allow, both.
#[must_use]
pub fn is_branch(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
    let part_ok =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    (1..=BRANCH_CHARS_MAX).contains(&name.len())
        && name.chars().all(plain)
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && name.split('/').all(part_ok)
}

impl TaskSpec {
    /// Says what cannot be about it.
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn check(&self) -> Result<(), BadField> {
        let bad = |field, words: String| Err(BadField { field, words });
        let title = self.title.trim().chars().count();
        if title == 0 || TITLE_CHARS_MAX < title {
            return bad(
                "title",
                format!("give it 1 to {TITLE_CHARS_MAX} characters, not {title}"),
            );
        }
        if self.prompt.trim().is_empty() {
            return bad("prompt", "say what the agent is to do".to_owned());
        }
        if let Err(error) = self.repo_url.parse::<RepoUrl>() {
            return bad("repoUrl", error.to_string());
        }
        if !is_branch(&self.base_branch) {
            return bad(
                "repoBranch",
                "give it the name of a branch: letters, digits and ._/- , and what git allows"
                    .to_owned(),
            );
        }
        if !PRIORITY.contains(&self.priority) {
            let words = format!(
                "give it {} to {}, not {}",
                PRIORITY.start(),
                PRIORITY.end(),
                self.priority
            );
            return bad("priority", words);
        }
        if !RETRIES.contains(&self.retries_max) {
            let words = format!(
                "give it {} to {}, not {}",
                RETRIES.start(),
                RETRIES.end(),
                self.retries_max
            );
            return bad("maxRetries", words);
        }
        if self.ticket_id.is_some() != self.ticket_source.is_some() {
            return bad(
                "ticketExternalId",
                "give it together with ticketSource".to_owned(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_what_git_and_the_api_allow() {
        for good in ["main", "feature/x-1.2", "optio/task-0"] {
            assert!(is_branch(good), "{good}");
        }
        for bad in [
            "", "-x", "a..b", "a/", "/a", "a//b", ".a", "a/.b", "a.lock", "a.", "a b", "a;b", "ä",
        ] {
            assert!(!is_branch(bad), "{bad}");
        }
    }
}
