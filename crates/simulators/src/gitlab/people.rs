//! What people and other programs do on a simulated GitLab: the door for tests written in Rust. Its twin
//! over HTTP is in [`crate::git_host::door`].

use super::world::Project;
use super::{GitlabSimulator, acts, heads, reviews};
use crate::git_host::{CannotPlay, CheckSetup, IssueSetup, Play, ReviewSetup};

impl GitlabSimulator {
    /// Commits files to a branch as somebody else. `None` removes a file. Answers the commit.
    ///
    /// # Errors
    /// When there is no such project or git fails.
    pub async fn push(
        &self,
        repo: &str,
        branch: &str,
        files: &[(&str, Option<&str>)],
        author: &str,
    ) -> Result<String, CannotPlay> {
        let owned = |text: &str| text.to_owned();
        let files = files
            .iter()
            .map(|(path, text)| (owned(path), text.map(owned)));
        let (key, files) = (Project::key(repo), files.collect());
        acts::push(&self.shared, &key, branch, &files, "work", author).await
    }

    /// Adds to what is played for the heads of merge requests that arrive from now on.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn play(&self, repo: &str, play: Play) -> Result<(), CannotPlay> {
        self.of_project(repo, |project| project.plays.push_back(play))
    }

    /// Begins a job of a commit, and ends it where it has a conclusion. Answers its number.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn check(&self, repo: &str, sha: &str, check: &CheckSetup) -> Result<u64, CannotPlay> {
        self.of_project(repo, |_| ())?;
        Ok(acts::check(&self.shared, &Project::key(repo), sha, check))
    }

    /// Ends a job.
    pub fn end_check(&self, repo: &str, id: u64, status: &str) {
        let mut world = self.shared.world();
        heads::end_job(&self.shared, &mut world, &Project::key(repo), id, status);
    }

    /// A pipeline of a commit fails without a job, as one does whose configuration is wrong.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn break_pipeline(&self, repo: &str, sha: &str) -> Result<(), CannotPlay> {
        let made = {
            let mut world = self.shared.world();
            heads::pipeline(&mut world, &Project::key(repo), sha, acts::PUSH)
        };
        self.of_project(repo, |project| {
            let mut pipelines = project.pipelines.iter_mut();
            let broken = made.and_then(|made| pipelines.find(|it| it.id == made.id));
            if let Some(broken) = broken {
                broken.failed = true;
            }
        })
    }

    /// A pipeline runs on what the head of a merge request would be in its target, with one job.
    ///
    /// # Errors
    /// When there is no such merge request, it conflicts, or git fails.
    pub async fn merged_results(
        &self,
        repo: &str,
        iid: u64,
        check: &CheckSetup,
    ) -> Result<(), CannotPlay> {
        let key = Project::key(repo);
        let missing = || CannotPlay(format!("there is no merge request {repo}!{iid}"));
        let (git, target, sha) = self
            .of_project(repo, |project| {
                let merge = project.merges.get(&iid)?;
                let (target, sha) = (merge.target_sha.clone(), merge.sha.clone());
                Some((project.git.clone(), target, sha))
            })?
            .ok_or_else(missing)?;
        let merged = super::git::merged(&git, iid, &target, &sha).await?;
        let merged = merged.ok_or_else(|| CannotPlay(format!("{repo}!{iid} conflicts")))?;
        let mut world = self.shared.world();
        let (shared, source) = (&self.shared, acts::MERGE_REQUEST);
        let id = heads::add_job(shared, &mut world, &key, &merged, check, source);
        if let Some(project) = world.projects.get_mut(&key) {
            let branch = super::git::merged_name(iid);
            let pipelines = project.pipelines.iter_mut();
            pipelines
                .filter(|it| it.sha == merged)
                .for_each(|it| it.branch.clone_from(&branch));
        }
        if let Some(conclusion) = &check.conclusion {
            heads::end_job(shared, &mut world, &key, id, conclusion);
        }
        Ok(())
    }

    /// Reviews a merge request as a person, the head as it is.
    ///
    /// # Errors
    /// What GitLab would say.
    pub fn review(&self, repo: &str, iid: u64, it: &ReviewSetup) -> Result<u64, CannotPlay> {
        reviews::submit(&self.shared, &Project::key(repo), iid, None, it)
    }

    /// Takes an approval back as a person. Answers whether there was one.
    pub fn unapprove(&self, repo: &str, iid: u64, by: &str) -> bool {
        let mut world = self.shared.world();
        reviews::unapprove(&self.shared, &mut world, &Project::key(repo), iid, by)
    }

    /// Opens an issue as a person. Answers its number.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn add_issue(&self, repo: &str, issue: &IssueSetup) -> Result<u64, CannotPlay> {
        self.of_project(repo, |_| ())?;
        Ok(acts::add_issue(&self.shared, &Project::key(repo), issue))
    }

    /// Closes an issue as a person.
    pub fn close_issue(&self, repo: &str, iid: u64, by: &str) {
        let (mut world, key) = (self.shared.world(), Project::key(repo));
        acts::set_issue_open(&self.shared, &mut world, &key, iid, false, by);
    }

    /// Closes a merge request without merging it, as a person.
    pub fn close_merge(&self, repo: &str, iid: u64, by: &str) {
        let (mut world, key) = (self.shared.world(), Project::key(repo));
        acts::set_merge_open(&self.shared, &mut world, &key, iid, false, by);
    }

    /// Merges in this project are fast-forwards from now on, or not.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn only_forward(&self, repo: &str, only: bool) -> Result<(), CannotPlay> {
        self.of_project(repo, |project| {
            let method = if only { "ff" } else { "merge" };
            method.clone_into(&mut project.merge_method);
        })
    }

    /// The commit a branch is at.
    #[must_use]
    pub fn branch(&self, repo: &str, branch: &str) -> Option<String> {
        let found = self.of_project(repo, |project| project.branches.get(branch).cloned());
        found.ok().flatten()
    }

    /// A file of a branch as it is.
    ///
    /// # Errors
    /// When there is none.
    pub async fn file(&self, repo: &str, branch: &str, path: &str) -> Result<String, CannotPlay> {
        let git = self.of_project(repo, |project| project.git.clone())?;
        let place = format!("refs/heads/{branch}:{path}");
        Ok(git.run(&["show", &place]).await?)
    }

    /// A commit as git keeps it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn commit(&self, repo: &str, sha: &str) -> Result<String, CannotPlay> {
        let git = self.of_project(repo, |project| project.git.clone())?;
        Ok(git.run(&["cat-file", "commit", sha]).await?)
    }

    fn of_project<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Project) -> T,
    ) -> Result<T, CannotPlay> {
        let mut world = self.shared.world();
        let project = world.projects.get_mut(&Project::key(name));
        project
            .map(act)
            .ok_or_else(|| CannotPlay(format!("there is no project {name}")))
    }
}
