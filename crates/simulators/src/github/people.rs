//! What people and other programs do on a simulated GitHub: the door for tests written in Rust. Its
//! twin over HTTP is in [`crate::git_host::door`].

use super::acts::{self, key};
use super::heads;
use super::world::Repo;
use super::{CannotPlay, CheckSetup, GithubSimulator, IssueSetup, Play, RepoSetup, ReviewSetup};

impl GithubSimulator {
    /// Makes a repository.
    ///
    /// # Errors
    /// When its name is not `owner/name` or is taken, or git fails.
    pub async fn add_repo(&self, repo: RepoSetup) -> Result<(), CannotPlay> {
        acts::add_repo(&self.shared, repo).await
    }

    /// Commits files to a branch as somebody else. `None` removes a file. Answers the commit.
    ///
    /// # Errors
    /// When there is no such repository or git fails.
    pub async fn push(
        &self,
        repo: &str,
        branch: &str,
        files: &[(&str, Option<&str>)],
        message: &str,
        author: &str,
    ) -> Result<String, CannotPlay> {
        let owned = |text: &str| text.to_owned();
        let files = files
            .iter()
            .map(|(path, text)| (owned(path), text.map(owned)));
        acts::push(
            &self.shared,
            &key(repo),
            branch,
            &files.collect(),
            message,
            author,
        )
        .await
    }

    /// Adds to what is played for the heads of pull requests that arrive from now on.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn play(&self, repo: &str, play: Play) -> Result<(), CannotPlay> {
        self.of_repo(repo, |repo| repo.plays.push_back(play))
    }

    /// Begins a check run of a commit, and ends it where it has a conclusion. Answers its number.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn check(&self, repo: &str, sha: &str, check: &CheckSetup) -> Result<u64, CannotPlay> {
        self.of_repo(repo, |_| ())?;
        Ok(acts::check(&self.shared, &key(repo), sha, check))
    }

    /// Ends a check run.
    pub fn end_check(&self, repo: &str, id: u64, conclusion: &str) {
        let mut world = self.shared.world();
        heads::end_check(&self.shared, &mut world, &key(repo), id, conclusion);
    }

    /// Submits a review as a person, of the head as it is.
    ///
    /// # Errors
    /// What GitHub would say.
    pub fn review(&self, repo: &str, number: u64, it: &ReviewSetup) -> Result<u64, CannotPlay> {
        acts::review(&self.shared, &key(repo), number, None, it)
    }

    /// Opens an issue as a person. Answers its number.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn add_issue(&self, repo: &str, issue: &IssueSetup) -> Result<u64, CannotPlay> {
        self.of_repo(repo, |_| ())?;
        Ok(acts::add_issue(&self.shared, &key(repo), issue))
    }

    /// Closes an issue, or a pull request without merging it, as a person.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn close(&self, repo: &str, number: u64, by: &str) -> Result<(), CannotPlay> {
        self.of_repo(repo, |_| ())?;
        acts::close(&self.shared, &key(repo), number, by);
        Ok(())
    }

    /// The commit a branch is at.
    #[must_use]
    pub fn branch(&self, repo: &str, branch: &str) -> Option<String> {
        let world = self.shared.world();
        world.repos.get(&key(repo))?.branches.get(branch).cloned()
    }

    /// A file of a branch as it is.
    ///
    /// # Errors
    /// When there is none.
    pub async fn file(&self, repo: &str, branch: &str, path: &str) -> Result<String, CannotPlay> {
        let git = self.of_repo(repo, |repo| repo.git.clone())?;
        Ok(git
            .run(&["show", &format!("refs/heads/{branch}:{path}")])
            .await?)
    }

    /// A commit as git keeps it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn commit(&self, repo: &str, sha: &str) -> Result<String, CannotPlay> {
        let git = self.of_repo(repo, |repo| repo.git.clone())?;
        Ok(git.run(&["cat-file", "commit", sha]).await?)
    }

    fn of_repo<T>(&self, name: &str, act: impl FnOnce(&mut Repo) -> T) -> Result<T, CannotPlay> {
        let mut world = self.shared.world();
        let repo = world.repos.get_mut(&key(name));
        repo.map(act)
            .ok_or_else(|| CannotPlay(format!("there is no repository {name}")))
    }
}
