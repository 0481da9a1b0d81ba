//! What the door over HTTP lets happen on a simulated GitLab.

use super::{Asked, Delivery, Fault, HookSetup, Shared, acts, reviews};
use crate::git_host::door::{Close, Push, Stage};
use crate::git_host::{CannotPlay, CheckSetup, IssueSetup, Play, RepoSetup, ReviewSetup};

impl Stage for Shared {
    async fn add_repo(&self, repo: RepoSetup) -> Result<(), CannotPlay> {
        acts::add_project(self, repo).await
    }

    fn has_repo(&self, key: &str) -> bool {
        self.world().projects.contains_key(key)
    }

    async fn push(&self, key: &str, it: &Push) -> Result<String, CannotPlay> {
        acts::push(self, key, &it.branch, &it.files, &it.message, &it.author).await
    }

    fn play(&self, key: &str, play: Play) {
        if let Some(project) = self.world().projects.get_mut(key) {
            project.plays.push_back(play);
        }
    }

    fn check(&self, key: &str, sha: &str, check: &CheckSetup) -> u64 {
        acts::check(self, key, sha, check)
    }

    fn review(&self, key: &str, number: u64, review: &ReviewSetup) -> Result<u64, CannotPlay> {
        reviews::submit(self, key, number, None, review)
    }

    fn add_issue(&self, key: &str, issue: &IssueSetup) -> u64 {
        acts::add_issue(self, key, issue)
    }

    fn close(&self, key: &str, it: &Close) {
        let mut world = self.world();
        if it.pull {
            acts::set_merge_open(self, &mut world, key, it.number, false, &it.by);
        } else {
            acts::set_issue_open(self, &mut world, key, it.number, false, &it.by);
        }
    }

    fn hook(&self, hook: Option<HookSetup>) {
        self.world().hook = hook;
    }

    fn fail(&self, fault: Fault) {
        self.world().faults.add(fault);
    }

    fn mend(&self) {
        self.world().faults.clear();
    }

    fn asked(&self) -> Vec<Asked> {
        self.world().seen.iter().cloned().collect()
    }

    fn sent(&self) -> Vec<Delivery> {
        self.world().sent.iter().cloned().collect()
    }
}
