//! What a simulated GitHub remembers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::setup::AppSetup;
use super::{HookSetup, Play};
use crate::git_host::faults::Faults;
use crate::git_host::git::Git;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) login: String,
    /// The only repositories that the token opens, where it is not for all.
    pub(super) repos: Option<Vec<String>>,
    /// What the token counts its calls under.
    pub(super) token: String,
    /// Whether it is the app itself, which may only make tokens.
    pub(super) is_app: bool,
}

/// A token that an installation of the app got.
#[derive(Debug, Clone)]
pub(super) struct Lent {
    pub(super) until: DateTime<Utc>,
    pub(super) repos: Option<Vec<String>>,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) url: String,
    pub(super) tokens: BTreeMap<String, String>,
    pub(super) lent: BTreeMap<String, Lent>,
    pub(super) users: BTreeMap<String, u64>,
    pub(super) app: Option<AppSetup>,
    pub(super) hook: Option<HookSetup>,
    pub(super) repos: BTreeMap<String, Repo>,
    pub(super) faults: Faults,
    pub(super) rate_limit: u64,
    /// Calls counted by token in this hour.
    pub(super) used: BTreeMap<String, u64>,
    /// When the counting starts anew.
    pub(super) reset: Option<DateTime<Utc>>,
    pub(super) seen: VecDeque<super::Asked>,
    pub(super) sent: VecDeque<super::Delivery>,
    pub(super) last_id: u64,
}

#[derive(Debug)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) created: DateTime<Utc>,
    pub(super) git: Git,
    /// Held by whoever changes the branches.
    pub(super) lock: Arc<tokio::sync::Mutex<()>>,
    pub(super) branches: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, u64>,
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) pulls: BTreeMap<u64, Pull>,
    pub(super) checks: Vec<CheckRun>,
    pub(super) statuses: Vec<Status>,
    pub(super) plays: VecDeque<Play>,
}

/// An issue, or what a pull request has in common with one.
#[derive(Debug)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) author: String,
    pub(super) labels: Vec<String>,
    pub(super) open: bool,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) closed: Option<DateTime<Utc>>,
    pub(super) comments: Vec<Comment>,
}

#[derive(Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) at: DateTime<Utc>,
}

#[derive(Debug)]
pub(super) struct Pull {
    pub(super) head: String,
    pub(super) head_sha: String,
    pub(super) base: String,
    pub(super) base_sha: String,
    pub(super) draft: bool,
    /// Whose review is asked for, in the order in which it was.
    pub(super) asked: Vec<String>,
    pub(super) merged: Option<Merge>,
    /// What git said of these commits; unknown again as soon as one of them moves.
    pub(super) known: Option<Known>,
    pub(super) reviews: Vec<Review>,
}

#[derive(Debug, Clone)]
pub(super) struct Merge {
    pub(super) sha: String,
    pub(super) by: String,
    pub(super) at: DateTime<Utc>,
}

/// What git says of a head and its base.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) mergeable: bool,
    /// Files, lines added, lines removed, commits.
    pub(super) extent: [u64; 4],
}

#[derive(Debug)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) state: &'static str,
    pub(super) body: String,
    pub(super) sha: String,
    pub(super) at: DateTime<Utc>,
    pub(super) comments: Vec<LineComment>,
}

#[derive(Debug)]
pub(super) struct LineComment {
    pub(super) id: u64,
    pub(super) path: String,
    pub(super) line: u64,
    pub(super) side: String,
    pub(super) body: String,
}

#[derive(Debug)]
pub(super) struct CheckRun {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) sha: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) summary: String,
    pub(super) started: DateTime<Utc>,
    pub(super) completed: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub(super) struct Status {
    pub(super) id: u64,
    pub(super) sha: String,
    pub(super) state: String,
    pub(super) context: String,
    pub(super) description: Option<String>,
    pub(super) target: Option<String>,
    pub(super) creator: String,
    pub(super) at: DateTime<Utc>,
}

impl Issue {
    /// One that was opened just now.
    pub(super) fn new(id: u64, number: u64, title: &str, body: Option<&str>, author: &str) -> Self {
        Self {
            id,
            number,
            title: title.to_owned(),
            body: body.map(str::to_owned),
            author: author.to_owned(),
            labels: Vec::new(),
            open: true,
            created: now(),
            updated: now(),
            closed: None,
            comments: Vec::new(),
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
    pub(super) fn user(&self, login: &str) -> u64 {
        let known = self.users.get(login).copied();
        known.unwrap_or_else(|| {
            login
                .bytes()
                .fold(1_000, |sum, byte| sum * 31 % 9_973 + u64::from(byte))
        })
    }
}

impl Repo {
    /// The number of the next issue or pull request.
    pub(super) fn next_number(&self) -> u64 {
        self.issues.keys().next_back().map_or(1, |last| last + 1)
    }

    /// `owner/name`.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The key under which the repository is kept and its directory is named.
    pub(super) fn key(&self) -> String {
        self.full_name().to_ascii_lowercase()
    }

    /// The commit that a branch, a full name of a reference or a commit names.
    pub(super) fn resolve(&self, name: &str) -> Option<String> {
        let short = name.strip_prefix("refs/").unwrap_or(name);
        let short = short.strip_prefix("heads/").unwrap_or(short);
        let is_sha = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let branch = self.branches.get(short).cloned();
        branch.or_else(|| is_sha.then(|| name.to_owned()))
    }
}

/// What the clock of this machine says, in whole seconds as GitHub writes times.
pub(super) fn now() -> DateTime<Utc> {
    let now = DateTime::<Utc>::from(std::time::SystemTime::now());
    DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
}

/// A time as GitHub writes it.
pub(super) fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
