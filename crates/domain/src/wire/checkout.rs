//! What a run needs of a repository, and what the runner says about it.
//!
//! In a sandbox each repository has one clone, `/workspace/<clone>`, and each task its worktree,
//! `/workspace/tasks/<worktree>`, in which its agent works.

use serde::{Deserialize, Serialize};

use crate::wire::runner::FileSpec;

/// Where worktrees are, below `/workspace`. No clone may have this name.
pub const WORKTREES: &str = "tasks";
/// What a repository may bring along to be executed after a new worktree, below the worktree.
pub const SETUP: &str = ".optio/setup.sh";

/// The repository of a run, and the worktree its agent works in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// Where the repository is, for example `https://github.com/acme/shop.git`. Never with
    /// credentials: those are asked for when they are needed.
    pub url: String,
    /// Name of the clone's directory: the same in all runs of this repository in the sandbox.
    pub clone: String,
    /// Name of the worktree's directory: the task's id. One living run at a time works in it.
    pub worktree: String,
    /// The branch that work begins from and returns to, as the remote calls it.
    pub base: String,
    /// The branch of this work, for example `optio/task-<id>`.
    pub branch: String,
    /// What the worktree is to be.
    pub start: CheckoutStart,
    /// Whose commits these are.
    pub author: Author,
    /// Files to write before the start, with paths below the worktree (`.optio/task.md`). Git does
    /// not see them: they are excluded.
    #[serde(default)]
    pub files: Vec<FileSpec>,
    /// Whether a new worktree gets its submodules.
    #[serde(default)]
    pub submodules: bool,
    /// Milliseconds for everything with git before the start, together.
    pub git_ms_max: u64,
    /// Milliseconds for the repository's own setup script.
    pub setup_ms_max: u64,
}

/// What a worktree is to be when the agent starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CheckoutStart {
    /// A new branch from the remote's base. A worktree and a branch that are there already are
    /// thrown away, whatever is in them: only this word allows that.
    Fresh,
    /// The worktree as it is, with commits and dirty files. Where it is gone: the local branch, or
    /// else the pushed one, or else a new one from the base.
    Continue,
    /// This commit, on no branch.
    Detached {
        /// The commit, as 40 or 64 hexadecimal digits.
        sha: String,
    },
}

/// Who commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The mail address.
    pub mail: String,
}

/// What is in a worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorktreeState {
    /// Its name.
    pub worktree: String,
    /// The commit it is at.
    pub head_sha: String,
    /// The branch it is on, where it is on one. The agent may have gone elsewhere.
    pub branch: Option<String>,
    /// Commits that are on no branch of the remote, as far as this clone knows.
    pub unpushed: u64,
    /// Files with changes that are not committed, and new ones that are not ignored.
    pub dirty_files: u64,
}

/// What became of the wish to remove a worktree, and the run directory of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Removal {
    /// It is gone, and its branch with it.
    Removed,
    /// It was not there.
    Absent,
    /// A living run works in one of them.
    InUse,
    /// It holds work that is nowhere else.
    Unpushed(WorktreeState),
    /// It could not be removed.
    Failed {
        /// Why, in words.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::runner::{FromRunner, RunSpec, ToRunner};

    #[test]
    fn a_run_of_before_worktrees_is_understood() {
        let text = r#"{"run":"00000000-0000-0000-0000-000000000001","epoch":1,"program":"/bin/a",
            "args":[],"env":{},"secrets":{},"stdin":"","files":[],"read_only":[],
            "limits":{"duration_ms":1,"silence_ms":1,"line_bytes":1,"output_bytes":1,"grace_ms":1}}"#;
        let spec: RunSpec = serde_json::from_str(text).unwrap();
        assert_eq!(spec.checkout, None);
    }

    #[test]
    fn a_removal_is_the_same_on_both_sides() {
        let wish = ToRunner::RemoveWorktree {
            name: "t1".to_owned(),
            discard_unpushed: false,
        };
        let text = serde_json::to_string(&wish).unwrap();
        assert_eq!(
            text,
            r#"{"type":"remove-worktree","name":"t1","discard_unpushed":false}"#
        );
        for outcome in [
            Removal::Removed,
            Removal::Unpushed(WorktreeState {
                worktree: "t1".to_owned(),
                head_sha: "ab".repeat(20),
                branch: None,
                unpushed: 2,
                dirty_files: 1,
            }),
        ] {
            let said = FromRunner::Removal {
                name: "t1".to_owned(),
                outcome,
            };
            let text = serde_json::to_string(&said).unwrap();
            assert_eq!(serde_json::from_str::<FromRunner>(&text).unwrap(), said);
        }
    }
}
