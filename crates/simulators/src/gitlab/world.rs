//! What a simulated GitLab remembers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::git_host::faults::Faults;
use crate::git_host::git::Git;
use crate::git_host::{Asked, Delivery, HookSetup, Play};

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) url: String,
    pub(super) tokens: BTreeMap<String, String>,
    pub(super) hook: Option<HookSetup>,
    pub(super) projects: BTreeMap<String, Project>,
    pub(super) faults: Faults,
    pub(super) rate_limit: u64,
    /// Calls counted by token in this minute.
    pub(super) used: BTreeMap<String, u64>,
    /// When the counting starts anew.
    pub(super) reset: Option<DateTime<Utc>>,
    pub(super) seen: VecDeque<Asked>,
    pub(super) sent: VecDeque<Delivery>,
    pub(super) last_id: u64,
}

#[derive(Debug)]
pub(super) struct Project {
    pub(super) id: u64,
    /// The whole name: groups and its own.
    pub(super) path: String,
    pub(super) created: DateTime<Utc>,
    pub(super) git: Git,
    /// Held by whoever changes the branches.
    pub(super) lock: Arc<tokio::sync::Mutex<()>>,
    /// `merge` or `ff`.
    pub(super) merge_method: String,
    pub(super) branches: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, u64>,
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) merges: BTreeMap<u64, MergeRequest>,
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) jobs: Vec<Job>,
    pub(super) plays: VecDeque<Play>,
}

/// An issue, or what a merge request has in common with one.
#[derive(Debug)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) iid: u64,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) author: String,
    pub(super) labels: Vec<String>,
    pub(super) open: bool,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) closed: Option<DateTime<Utc>>,
    pub(super) notes: Vec<Note>,
}

#[derive(Debug)]
pub(super) struct Note {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) at: DateTime<Utc>,
    /// Whether GitLab itself wrote it down.
    pub(super) system: bool,
    pub(super) position: Option<Position>,
}

/// A place in a diff.
#[derive(Debug, Clone)]
pub(super) struct Position {
    pub(super) version: Version,
    pub(super) path: String,
    pub(super) new_line: Option<u64>,
    pub(super) old_line: Option<u64>,
}

#[derive(Debug)]
pub(super) struct MergeRequest {
    pub(super) issue: Issue,
    pub(super) source: String,
    pub(super) sha: String,
    pub(super) target: String,
    pub(super) target_sha: String,
    pub(super) merged: Option<Merge>,
    /// What git said of these commits; unknown again as soon as one of them moves.
    pub(super) known: Option<Known>,
    /// The heads it has had, oldest first.
    pub(super) versions: Vec<Version>,
    pub(super) approvals: BTreeMap<String, DateTime<Utc>>,
    pub(super) reviewers: BTreeMap<String, Reviewer>,
}

#[derive(Debug, Clone)]
pub(super) struct Merge {
    pub(super) merge_sha: Option<String>,
    pub(super) squash_sha: Option<String>,
    pub(super) by: String,
    pub(super) at: DateTime<Utc>,
}

/// What git says of a head and its target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) merges: bool,
    /// Whether the target has a commit that the head lacks.
    pub(super) is_behind: bool,
}

/// A head, and what its difference is counted from.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) id: u64,
    pub(super) head: String,
    pub(super) base: String,
    pub(super) at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(super) struct Reviewer {
    pub(super) state: &'static str,
    pub(super) at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub(super) id: u64,
    pub(super) iid: u64,
    pub(super) sha: String,
    pub(super) branch: String,
    pub(super) source: &'static str,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    /// How it ended without a job.
    pub(super) failed: bool,
}

/// A job of a pipeline, or a status that somebody set.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) pipeline: u64,
    pub(super) sha: String,
    pub(super) branch: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) description: Option<String>,
    pub(super) target: Option<String>,
    pub(super) author: String,
    pub(super) started: DateTime<Utc>,
    pub(super) finished: Option<DateTime<Utc>>,
}

impl Issue {
    /// One that was opened just now.
    pub(super) fn new(id: u64, iid: u64, title: &str, body: &str, author: &str) -> Self {
        Self {
            id,
            iid,
            title: title.to_owned(),
            body: body.to_owned(),
            author: author.to_owned(),
            labels: Vec::new(),
            open: true,
            created: now(),
            updated: now(),
            closed: None,
            notes: Vec::new(),
        }
    }
}

impl MergeRequest {
    /// Whether its title says that it is not ready.
    pub(super) fn is_draft(&self) -> bool {
        let title = self.issue.title.to_ascii_lowercase();
        ["draft:", "[draft]", "(draft)"]
            .iter()
            .any(|it| title.starts_with(it))
    }

    /// `opened`, `closed` or `merged`.
    pub(super) fn state(&self) -> &'static str {
        match (self.issue.open, &self.merged) {
            (_, Some(_)) => "merged",
            (true, None) => "opened",
            (false, None) => "closed",
        }
    }
}

impl World {
    /// A number that nothing else has.
    pub(super) fn fresh(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The number of a person, who exists from the moment of being named.
    pub(super) fn user(login: &str) -> u64 {
        let start = 1_000;
        login
            .bytes()
            .fold(start, |sum, byte| sum * 31 % 999_983 + u64::from(byte))
    }

    /// The merge request with this number.
    pub(super) fn merge_mut(&mut self, key: &str, iid: u64) -> Option<&mut MergeRequest> {
        self.projects.get_mut(key)?.merges.get_mut(&iid)
    }
}

impl Project {
    /// The key under which the project is kept and its directory is named.
    pub(super) fn key(path: &str) -> String {
        path.to_ascii_lowercase()
    }

    /// The number of the next one of some numbered things.
    pub(super) fn next<T>(numbered: &BTreeMap<u64, T>) -> u64 {
        numbered.keys().next_back().map_or(1, |last| last + 1)
    }

    /// How a pipeline stands, by its jobs.
    pub(super) fn status(&self, pipeline: &Pipeline) -> &'static str {
        let of = |job: &&Job| job.pipeline == pipeline.id;
        let jobs: Vec<&str> = self
            .jobs
            .iter()
            .filter(of)
            .map(|job| job.status.as_str())
            .collect();
        let any = |word: &str| jobs.contains(&word);
        if pipeline.failed {
            "failed"
        } else if any("running") {
            "running"
        } else if any("pending") || jobs.is_empty() {
            "pending"
        } else if any("failed") {
            "failed"
        } else if any("canceled") {
            "canceled"
        } else {
            "success"
        }
    }
}

/// What the clock of this machine says, in milliseconds as GitLab writes times.
pub(super) fn now() -> DateTime<Utc> {
    let now = DateTime::<Utc>::from(std::time::SystemTime::now());
    DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
}

/// A time as GitLab writes it.
pub(super) fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
