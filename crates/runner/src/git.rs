//! Git, as far as worktrees need it.

use std::collections::BTreeMap;
use std::path::Path;

use optio_domain::wire::checkout::{WORKTREES, WorktreeState};

use crate::command::installed;
use crate::tools::{Done, Halt, Tool, Tools, Voice};

/// In a worktree: the commit that was given to it to look at, which is somebody else's work. Git
/// keeps it with the worktree and forgets it with it.
pub(crate) const GIVEN: &str = "refs/worktree/given/commit";
/// The same for git's options: everything below this.
const GIVEN_BELOW: &str = "--glob=refs/worktree/given";

/// Git in a sandbox, with what it needs.
pub(crate) struct Git<'a> {
    pub(crate) tools: &'a Tools<'a>,
    pub(crate) env: &'a BTreeMap<String, String>,
    program: String,
}

impl<'a> Git<'a> {
    pub(crate) fn new(
        tools: &'a Tools<'a>,
        env: &'a BTreeMap<String, String>,
    ) -> Result<Self, Halt> {
        let program = installed("git").ok_or_else(|| {
            let words = "git is not installed here (for example: apt-get install git)";
            Halt::Failed(words.to_owned())
        })?;
        Ok(Self {
            tools,
            env,
            program,
        })
    }

    /// Asks git something about a directory below the workspace; what it answers when it knows.
    pub(crate) async fn ask(&self, dir: &str, args: &[&str]) -> Result<Option<Done>, Halt> {
        let done = self.run(dir, args, Voice::Silent).await?;
        Ok(done.success.then_some(done))
    }

    /// Lets git do something that may fail.
    pub(crate) async fn attempt(&self, dir: &str, args: &[&str]) -> Result<Done, Halt> {
        self.run(dir, args, Voice::Complaints).await
    }

    /// Lets git do something that must not fail.
    pub(crate) async fn must(&self, dir: &str, args: &[&str]) -> Result<Done, Halt> {
        let done = self.attempt(dir, args).await?;
        if done.success {
            return Ok(done);
        }
        let what = args.first().copied().unwrap_or_default();
        Err(Halt::Failed(format!("git {what}: {}", done.complaint())))
    }

    async fn run(&self, dir: &str, args: &[&str], voice: Voice) -> Result<Done, Halt> {
        let into = (!dir.is_empty()).then_some(["-C", dir]);
        let args = into.iter().flatten().chain(args);
        let tool = Tool {
            program: &self.program,
            args: args.map(|arg| (*arg).to_owned()).collect(),
            // It changes the directory itself: one that is not there is its answer.
            dir: "",
            env: self.env,
            voice,
        };
        self.tools.run(&tool).await
    }

    /// Uses another program on the workspace, silently; whether it succeeded.
    pub(crate) async fn other(&self, program: &str, args: &[&str]) -> Result<bool, Halt> {
        self.tools.other(self.env, program, args).await
    }

    /// The clone that a worktree belongs to, as a name below the workspace; nothing where the
    /// directory is not a worktree by itself.
    pub(crate) async fn clone_of(&self, worktree: &str) -> Result<Option<String>, Halt> {
        let dir = below(worktree);
        let question = [
            "rev-parse",
            "--path-format=absolute",
            "--git-common-dir",
            "--show-toplevel",
        ];
        let Some(done) = self.ask(&dir, &question).await? else {
            return Ok(None);
        };
        let seen = self.seen()?;
        let [common, top] = done.lines.as_slice() else {
            return Ok(None);
        };
        let clone = Path::new(common).strip_prefix(&seen).ok();
        let itself = Path::new(top) == Path::new(&seen).join(&dir);
        let clone = clone.filter(|_| itself).and_then(Path::to_str);
        Ok(clone.map(str::to_owned))
    }

    /// Whether a commit is known by this name.
    pub(crate) async fn knows(&self, dir: &str, name: &str) -> Result<bool, Halt> {
        let commit = format!("{name}^{{commit}}");
        let question = ["rev-parse", "--verify", "--quiet", &commit];
        Ok(self.ask(dir, &question).await?.is_some())
    }

    /// What is in a worktree.
    pub(crate) async fn state(&self, worktree: &str) -> Result<WorktreeState, Halt> {
        let dir = below(worktree);
        let (head_sha, branch) = self.head(worktree).await?;
        let unpushed = self.own_commits(worktree, &["--remotes"]).await?;
        let dirty = self
            .must(&dir, &["status", "--porcelain", "--untracked-files=all"])
            .await?;
        Ok(WorktreeState {
            worktree: worktree.to_owned(),
            head_sha,
            branch,
            unpushed,
            dirty_files: dirty.count,
        })
    }

    /// How many commits a worktree has that are neither among these branches nor given to it.
    pub(crate) async fn own_commits(&self, worktree: &str, but: &[&str]) -> Result<u64, Halt> {
        let count = ["rev-list", "--count", "HEAD", "--not", GIVEN_BELOW];
        let count = self.must(&below(worktree), &[&count, but].concat()).await?;
        let count = count.line();
        count
            .parse()
            .map_err(|_| Halt::Failed(format!("git counts {count:?} commits")))
    }

    /// The commit a worktree is at, and the branch it is on.
    pub(crate) async fn head(&self, worktree: &str) -> Result<(String, Option<String>), Halt> {
        let dir = below(worktree);
        let head = self.must(&dir, &["rev-parse", "--verify", "HEAD"]).await?;
        let branch = self
            .ask(&dir, &["symbolic-ref", "--quiet", "--short", "HEAD"])
            .await?;
        let branch = branch.map(|done| done.line().to_owned());
        Ok((head.line().to_owned(), branch))
    }

    /// Removes a worktree, whatever is in it.
    pub(crate) async fn remove(&self, clone: &str, worktree: &str) -> Result<(), Halt> {
        let dir = below(worktree);
        let path = format!("{}/{dir}", self.seen()?);
        let remove = ["worktree", "remove", "--force", "--force", &path];
        self.ask(clone, &remove).await?;
        self.delete(&dir).await?;
        self.must(clone, &["worktree", "prune"]).await?;
        Ok(())
    }

    /// Deletes a directory below the workspace, where it is there.
    pub(crate) async fn delete(&self, dir: &str) -> Result<(), Halt> {
        self.tools.delete(self.env, dir).await
    }

    /// Where the workspace is seen.
    pub(crate) fn seen(&self) -> Result<String, Halt> {
        let seen = self.tools.runs.place().seen();
        let seen = seen.map_err(|error| Halt::Failed(format!("no workspace: {error}")))?;
        Ok(seen.to_string_lossy().into_owned())
    }
}

/// A worktree's directory below the workspace.
pub(crate) fn below(worktree: &str) -> String {
    format!("{WORKTREES}/{worktree}")
}
