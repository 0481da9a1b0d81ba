//! The worktree of a run, brought to where it is to be: the one place that decides what is kept.

use optio_domain::wire::checkout::{Checkout, CheckoutStart};

use crate::git::{GIVEN, Git, below};
use crate::tools::{Done, Halt};
use crate::warm;

/// How often a fetch is tried: another git in the sandbox may hold a lock for a moment.
const FETCHES_MAX: u32 = 2;
/// In a worktree: it is complete, with submodules and setup. Git keeps it with the worktree and
/// forgets it with it.
pub(crate) const COMPLETE: &str = "refs/worktree/optio/complete";

/// A repository and the worktree that is wanted of it. Whoever uses it has the clone's lock.
pub(crate) struct Site<'a> {
    pub(crate) git: &'a Git<'a>,
    pub(crate) checkout: &'a Checkout,
}

impl Site<'_> {
    /// Makes the worktree what it is to be; where it came from, in words.
    pub(crate) async fn begin(&self) -> Result<String, Halt> {
        self.have_clone().await?;
        match &self.checkout.start {
            CheckoutStart::Fresh => self.fresh().await,
            CheckoutStart::Continue => self.go_on().await,
            CheckoutStart::Detached { sha } => self.detached(sha).await,
        }
    }

    /// Sees to it that there is a clone, if an empty one. It has no worktree of its own, so that
    /// every branch is free for those of the tasks.
    async fn have_clone(&self) -> Result<(), Halt> {
        let Checkout { url, clone, .. } = self.checkout;
        let address = "remote.origin.url";
        let question = ["config", "--get", address];
        let known = self.git.ask(clone, &question).await?;
        if known.is_some_and(|known| known.line() == url) {
            return self.forget_locks().await;
        }
        self.git.tools.say(format!("cloning {url}"), 0)?;
        let git = self.git;
        git.must("", &["init", "--quiet", "--bare", clone]).await?;
        self.forget_locks().await?;
        let branches = "+refs/heads/*:refs/remotes/origin/*";
        let fetch = ["config", "--replace-all", "remote.origin.fetch", branches];
        git.must(clone, &fetch).await?;
        // Last: whoever finds the address finds a whole clone.
        let address = ["config", "--replace-all", address, url];
        git.must(clone, &address).await?;
        Ok(())
    }

    /// Removes the locks of whoever was killed while he held them, where nobody is left who could
    /// hold one.
    async fn forget_locks(&self) -> Result<(), Halt> {
        let clone = &self.checkout.clone;
        if !self.git.tools.runs.is_alone_in(clone) {
            return Ok(());
        }
        let stale = [clone.as_str(), "-name", "*.lock", "-type", "f", "-delete"];
        self.git.other("find", &stale).await?;
        Ok(())
    }

    async fn fresh(&self) -> Result<String, Halt> {
        self.fetch_well().await?;
        self.know_base().await?;
        self.clear().await?;
        self.branch_off().await
    }

    async fn go_on(&self) -> Result<String, Halt> {
        if self.is_there().await? {
            let fetched = self.fetch().await?;
            let tale = if fetched.success {
                "the worktree as it was left"
            } else {
                "the worktree as it was left; the remote could not be asked for news"
            };
            return Ok(tale.to_owned());
        }
        let fetched = self.fetch().await?;
        let Checkout { clone, branch, .. } = self.checkout;
        let pushed = format!("refs/remotes/origin/{branch}");
        let local = format!("refs/heads/{branch}");
        let is_pushed = self.git.knows(clone, &pushed).await?;
        if self.git.knows(clone, &local).await?
            && !(is_pushed && self.leads_to(&local, &pushed).await?)
        {
            self.add(&[branch]).await?;
            return Ok(format!("a new worktree of the local branch {branch}"));
        }
        if !fetched.success {
            return Err(not_fetched(&fetched));
        }
        if is_pushed {
            self.add(&["--no-track", "-B", branch, &pushed]).await?;
            return Ok(format!("a new worktree of the pushed branch {branch}"));
        }
        self.know_base().await?;
        self.branch_off().await
    }

    async fn detached(&self, sha: &str) -> Result<String, Halt> {
        let clone = &self.checkout.clone;
        if !self.git.knows(clone, sha).await? {
            self.fetch_well().await?;
        }
        if !self.git.knows(clone, sha).await? {
            // On no branch here: the head of somebody else's pull request, for instance.
            let fetch = ["fetch", "--no-recurse-submodules", "origin", sha];
            self.git.must(clone, &fetch).await?;
        }
        let worktree = &self.checkout.worktree;
        let dir = below(worktree);
        let given = ["update-ref", GIVEN, sha];
        if !self.is_there().await? {
            self.add(&["--detach", sha]).await?;
            self.git.must(&dir, &given).await?;
            return Ok(format!("a new worktree at {sha}"));
        }
        let branches = ["--branches", "--remotes"];
        if 0 < self.git.own_commits(worktree, &branches).await? {
            let words = "the worktree has commits that are on no branch; start fresh, or remove it";
            return Err(Halt::Failed(words.to_owned()));
        }
        self.git.must(&dir, &["checkout", "--detach", sha]).await?;
        self.git.must(&dir, &given).await?;
        Ok(format!("the worktree that was there, now at {sha}"))
    }

    /// Whether the worktree is there. What stands in its place and is none stays, and is an error.
    async fn is_there(&self) -> Result<bool, Halt> {
        let Checkout {
            clone, worktree, ..
        } = self.checkout;
        let dir = below(worktree);
        // An empty one is as good as none.
        if self.git.other("rmdir", &[&dir]).await? || !self.git.other("test", &["-e", &dir]).await?
        {
            return Ok(false);
        }
        let mut owner = self.git.clone_of(worktree).await?;
        if owner.is_none() {
            // Its link to the clone may be lost, and the clone knows where it led.
            self.git.ask(clone, &["worktree", "repair"]).await?;
            owner = self.git.clone_of(worktree).await?;
        }
        match owner {
            Some(owner) if owner == *clone => Ok(true),
            Some(owner) => Err(Halt::Failed(format!(
                "the worktree belongs to another repository, {owner}; start fresh, or remove it"
            ))),
            None => Err(Halt::Failed(format!(
                "{dir} is there and is no worktree any more; start fresh, or remove it"
            ))),
        }
    }

    /// Throws away what is there.
    async fn clear(&self) -> Result<(), Halt> {
        let Checkout {
            clone, worktree, ..
        } = self.checkout;
        let dir = below(worktree);
        warm::end_in(self.git.tools.runs, &dir).await;
        self.git.remove(clone, worktree).await
    }

    async fn branch_off(&self) -> Result<String, Halt> {
        let Checkout { base, branch, .. } = self.checkout;
        let remote = format!("refs/remotes/origin/{base}");
        self.add(&["--no-track", "-B", branch, &remote]).await?;
        Ok(format!("a new branch {branch} from {base}"))
    }

    /// Adds the worktree. `what`: options, and at the end the branch or commit.
    async fn add(&self, what: &[&str]) -> Result<(), Halt> {
        let Checkout {
            clone, worktree, ..
        } = self.checkout;
        let dir = below(worktree);
        // A program that waits in a directory that is gone cannot work in the new one.
        warm::end_in(self.git.tools.runs, &dir).await;
        self.git.must(clone, &["worktree", "prune"]).await?;
        let path = format!("{}/{dir}", self.git.seen()?);
        let (commit, options) = what.split_last().unwrap_or((&"HEAD", &[]));
        let add = ["worktree", "add", "--quiet"].iter().chain(options);
        let add: Vec<&str> = add.chain(&[path.as_str(), *commit]).copied().collect();
        self.git.must(clone, &add).await?;
        Ok(())
    }

    async fn know_base(&self) -> Result<(), Halt> {
        let Checkout { clone, base, .. } = self.checkout;
        let remote = format!("refs/remotes/origin/{base}");
        if self.git.knows(clone, &remote).await? {
            return Ok(());
        }
        Err(Halt::Failed(format!(
            "the repository has no branch {base}; name the one that work begins from"
        )))
    }

    /// Whether one commit is an ancestor of the other: then it has nothing that the other has not.
    async fn leads_to(&self, from: &str, to: &str) -> Result<bool, Halt> {
        let question = ["merge-base", "--is-ancestor", from, to];
        let answer = self.git.ask(&self.checkout.clone, &question).await?;
        Ok(answer.is_some())
    }

    /// Asks the remote for news.
    async fn fetch(&self) -> Result<Done, Halt> {
        let fetch = [
            "fetch",
            "--quiet",
            "--prune",
            "--no-recurse-submodules",
            "origin",
        ];
        let mut tries = 1;
        loop {
            let done = self.git.attempt(&self.checkout.clone, &fetch).await?;
            if done.success || FETCHES_MAX <= tries {
                return Ok(done);
            }
            tries += 1;
        }
    }

    async fn fetch_well(&self) -> Result<(), Halt> {
        let done = self.fetch().await?;
        if done.success {
            Ok(())
        } else {
            Err(not_fetched(&done))
        }
    }
}

fn not_fetched(done: &Done) -> Halt {
    Halt::Failed(format!(
        "the repository cannot be fetched: {}",
        done.complaint()
    ))
}
