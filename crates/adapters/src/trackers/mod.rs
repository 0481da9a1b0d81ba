//! Trackers: where people write tickets. Each speaks the protocol of its service; what differs from git
//! hosts ends at [`Tracker`].

mod issues;
mod jira;
mod linear;
mod notion;
pub(crate) mod pages;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use optio_domain::{
    id::TrackerId,
    ports::{Clock, Tracker, Trackers},
    secret::SecretText,
    tracker::{Place, TrackerError, TrackerSpec},
};

use self::{issues::Issues, jira::Jira, linear::Linear, notion::Notion};
use crate::git_hosts::{
    github::GitHub,
    gitlab::GitLab,
    rest::{BadApi, Dialect, Http},
};

/// Trackers kept open. All are forgotten when there are more: what is lost is what was cached.
const OPEN_MAX: usize = 1_000;

/// Where trackers are that have one address for everybody, and the git hosts whose issues are tickets.
#[derive(Debug, Clone)]
pub struct TrackerSettings {
    /// The GitHub that is configured.
    pub github: Arc<GitHub>,
    /// The GitLab that is configured.
    pub gitlab: Arc<GitLab>,
    /// The address of Linear's API.
    pub linear_api_url: String,
    /// The base of Notion's API.
    pub notion_api_url: String,
}

/// The address of Linear's API.
pub const LINEAR_API: &str = "https://api.linear.app/graphql";
/// The base of Notion's API.
pub const NOTION_API: &str = "https://api.notion.com";

/// All kinds of trackers.
pub struct TrackerAdapters {
    settings: TrackerSettings,
    clock: Arc<dyn Clock>,
    /// A tracker that is opened again is the same, as long as nothing about it has changed: it knows its
    /// rate limit and what it has read.
    open: Mutex<BTreeMap<TrackerId, Open>>,
}

struct Open {
    spec: TrackerSpec,
    token: Option<SecretText>,
    tracker: Arc<dyn Tracker>,
}

impl std::fmt::Debug for TrackerAdapters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrackerAdapters").finish_non_exhaustive()
    }
}

impl TrackerAdapters {
    /// Trackers as the settings say. Makes no call.
    #[must_use]
    pub fn new(settings: TrackerSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            settings,
            clock,
            open: Mutex::default(),
        }
    }

    fn make(
        &self,
        spec: &TrackerSpec,
        token: Option<&SecretText>,
    ) -> Result<Arc<dyn Tracker>, TrackerError> {
        let needed = || token.cloned().ok_or_else(|| no_token(spec));
        let clock = Arc::clone(&self.clock);
        Ok(match &spec.place {
            Place::GitHub { repo } => {
                let github = match token {
                    None => Arc::clone(&self.settings.github),
                    Some(token) => Arc::new(self.settings.github.with_token(token).map_err(bad)?),
                };
                Arc::new(Issues::new(github, repo.clone(), &spec.label))
            }
            Place::GitLab { host, project } => {
                let configured = &self.settings.gitlab;
                let gitlab = match token {
                    None if configured.is_at(host) => Arc::clone(configured),
                    None => return Err(no_token(spec)),
                    Some(token) => Arc::new(configured.with_token(host, token).map_err(bad)?),
                };
                Arc::new(Issues::new(gitlab, project.clone(), &spec.label))
            }
            Place::Jira { base_url, .. } => {
                let http = open(base_url.as_str(), jira::DIALECT, &clock)?;
                Arc::new(Jira::new(http, clock, spec, &needed()?)?)
            }
            Place::Linear { team, project } => {
                let url = &self.settings.linear_api_url;
                let only = linear::Only {
                    label: spec.label.clone(),
                    team: team.clone(),
                    project: project.clone(),
                };
                Arc::new(Linear::new(url, clock, only, &needed()?)?)
            }
            Place::Notion { .. } => {
                let http = open(&self.settings.notion_api_url, notion::DIALECT, &clock)?;
                Arc::new(Notion::new(http, spec, &needed()?)?)
            }
        })
    }
}

impl Trackers for TrackerAdapters {
    fn open(
        &self,
        tracker: TrackerId,
        spec: &TrackerSpec,
        token: Option<&SecretText>,
    ) -> Result<Arc<dyn Tracker>, TrackerError> {
        let mut kept = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&tracker)
            && known.spec == *spec
            && known.token.as_ref() == token
        {
            return Ok(Arc::clone(&known.tracker));
        }
        let made = self.make(spec, token)?;
        if OPEN_MAX <= kept.len() {
            kept.clear();
        }
        let open = Open {
            spec: spec.clone(),
            token: token.cloned(),
            tracker: Arc::clone(&made),
        };
        kept.insert(tracker, open);
        Ok(made)
    }
}

fn no_token(spec: &TrackerSpec) -> TrackerError {
    let source = spec.source();
    TrackerError::Unauthorized {
        words: format!("a tracker of {} needs a token", source.name()),
        remedy: format!("give one as config.{}", source.token_field()),
    }
}

fn bad(error: impl std::fmt::Display) -> TrackerError {
    TrackerError::Refused(error.to_string())
}

/// An API at an address that was checked before.
fn open(url: &str, dialect: Dialect, clock: &Arc<dyn Clock>) -> Result<Http, TrackerError> {
    Http::new(url, dialect, Arc::clone(clock)).map_err(|bad| {
        TrackerError::Refused(match bad {
            BadApi::Url => format!("`{url}` is no base of an API"),
            BadApi::Certificates => {
                "this machine has no root certificates; install the package ca-certificates"
                    .to_owned()
            }
        })
    })
}
