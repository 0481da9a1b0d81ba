//! Merging as hosts do it: in the bare repository, without a checkout.

use super::git::{Git, GitError, command};

/// What a merge commit says, and who is its author.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) message: String,
    pub(crate) author: String,
}

impl Git {
    /// The tree of the two commits merged, where they do not conflict.
    pub(crate) async fn merged_tree(
        &self,
        ours: &str,
        theirs: &str,
    ) -> Result<Option<String>, GitError> {
        let (clean, text) = self
            .ask(&["merge-tree", "--write-tree", ours, theirs])
            .await?;
        Ok(clean.then(|| text.lines().next().unwrap_or_default().to_owned()))
    }

    /// Whether the two merge without a conflict.
    pub(crate) async fn merges(&self, base: &str, head: &str) -> Result<bool, GitError> {
        Ok(self.merged_tree(base, head).await?.is_some())
    }

    /// Whether the head has a commit that the base lacks.
    pub(crate) async fn is_ahead(&self, base: &str, head: &str) -> Result<bool, GitError> {
        let (contained, _) = self
            .ask(&["merge-base", "--is-ancestor", head, base])
            .await?;
        Ok(!contained)
    }

    /// The files that differ, the lines added and the lines removed since they parted, and the
    /// number of commits.
    pub(crate) async fn extent(&self, base: &str, head: &str) -> Result<[u64; 4], GitError> {
        let between = format!("{base}...{head}");
        let text = self.run(&["diff", "--numstat", &between]).await?;
        let mut sums = [0; 4];
        for line in text.lines() {
            let mut numbers = line.split('\t').map(|it| it.parse().unwrap_or(0));
            sums[0] += 1;
            sums[1] += numbers.next().unwrap_or(0);
            sums[2] += numbers.next().unwrap_or(0);
        }
        let commits = format!("{base}..{head}");
        let count = self.run(&["rev-list", "--count", &commits]).await?;
        sums[3] = count.parse().unwrap_or(0);
        Ok(sums)
    }

    /// Merges the head into the branch, which is at `base`. `None` where they conflict.
    pub(crate) async fn merge(
        &self,
        branch: &str,
        base: &str,
        head: &str,
        method: &str,
        words: &Words,
    ) -> Result<Option<String>, GitError> {
        let made = match method {
            "rebase" => self.replay(base, head).await?,
            _ => match self.merged_tree(base, head).await? {
                Some(tree) => {
                    let parents: &[&str] = if method == "merge" {
                        &[base, head]
                    } else {
                        &[base]
                    };
                    Some(self.commit_tree(&tree, parents, words).await?)
                }
                None => None,
            },
        };
        if let Some(made) = &made {
            let name = format!("refs/heads/{branch}");
            self.run(&["update-ref", &name, made, base]).await?;
        }
        Ok(made)
    }

    /// Each commit of the head again, on top of the base.
    async fn replay(&self, base: &str, head: &str) -> Result<Option<String>, GitError> {
        let between = format!("{base}..{head}");
        let list = self
            .run(&["rev-list", "--reverse", "--no-merges", &between])
            .await?;
        let mut onto = base.to_owned();
        for commit in list.lines() {
            let from = format!("--merge-base={commit}^");
            let args = ["merge-tree", "--write-tree", &from, &onto, commit];
            let (clean, tree) = self.ask(&args).await?;
            if !clean {
                return Ok(None);
            }
            let words = Words {
                message: self.run(&["log", "-1", "--format=%B", commit]).await?,
                author: self.run(&["log", "-1", "--format=%an", commit]).await?,
            };
            let tree = tree.lines().next().unwrap_or_default();
            onto = self.commit_tree(tree, &[&onto], &words).await?;
        }
        Ok(Some(onto))
    }

    pub(crate) async fn commit_tree(
        &self,
        tree: &str,
        parents: &[&str],
        words: &Words,
    ) -> Result<String, GitError> {
        let mut commit = command(&self.dir);
        let email = format!("{}@{}", words.author, self.house.people);
        commit
            .env("GIT_COMMITTER_NAME", self.house.name)
            .env("GIT_COMMITTER_EMAIL", self.house.mail)
            .env("GIT_AUTHOR_NAME", &words.author)
            .env("GIT_AUTHOR_EMAIL", email)
            .args(["commit-tree", tree, "-m", &words.message]);
        for parent in parents {
            commit.args(["-p", parent]);
        }
        let output = commit.output().await?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        Err(GitError::Failed {
            command: "commit-tree".to_owned(),
            words: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }
}

/// The issues that a text says it closes.
pub(crate) fn closes(text: &str) -> Vec<u64> {
    let pattern = r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)";
    let Ok(pattern) = regex::Regex::new(pattern) else {
        return Vec::new();
    };
    let found = pattern.captures_iter(text).map(|found| found[1].parse());
    found.flatten().collect()
}
