//! Repositories that want the pull requests of others reviewed are looked at again and again: whoever moves
//! their time on looks, whoever that is, and a pull request has one review however often it is seen.

use chrono::TimeDelta;
use optio_domain::{
    git_host::{GitHost, GitHostError, PullState, RepoUrl},
    pr_review::{
        Origin,
        wanted::{PULLS_MAX, wants},
    },
    repo::{self, ExternalReviewMode},
};
use optio_runtime::Hints;
use optio_store::{
    StoreError,
    pr_reviews::{Begun, RepoToLookAt},
    repos::RepoRow,
};

use crate::{
    World,
    pr_review::{Beginning, begin},
};

/// Repositories looked at in one go.
const BATCH: i64 = 20;
/// Who has asked for a review that began by itself.
const BY_ITSELF: &str = "optio";

/// Looks at the open pull requests of repositories.
#[derive(Clone)]
pub struct ReviewRounds {
    world: World,
    hints: Hints,
}

/// Why a repository was not looked at.
#[derive(Debug, thiserror::Error)]
enum Unseen {
    /// The database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The host gave no answer.
    #[error(transparent)]
    Host(#[from] GitHostError),
}

impl ReviewRounds {
    /// For the repositories of this world.
    #[must_use]
    pub fn new(world: World, hints: Hints) -> Self {
        Self { world, hints }
    }

    /// Looks at those that are due.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then what is due stays due.
    pub async fn look_due(&self) -> Result<(), StoreError> {
        let now = self.world.clock.now();
        let every = TimeDelta::milliseconds(self.world.limits.pull_poll_ms);
        let store = &self.world.store;
        for due in store.take_repos_to_look_at(now, every, BATCH).await? {
            let Err(error) = self.look(&due).await else {
                continue;
            };
            tracing::warn!(repo.url = due.repo_url, %error, "open pull requests could not be looked at");
            if let Unseen::Host(GitHostError::RateLimited { until }) = error {
                store.look_at_repo_later(&due, until).await?;
            }
        }
        Ok(())
    }

    async fn look(&self, due: &RepoToLookAt) -> Result<(), Unseen> {
        let Some(repo) = self.settings(due).await? else {
            return Ok(());
        };
        let refused = |words: String| GitHostError::Refused(words);
        let url: RepoUrl = due
            .repo_url
            .parse()
            .map_err(|error| refused(format!("{error}")))?;
        let host = self
            .world
            .hosts
            .of(&url)
            .ok_or_else(|| refused(format!("no git host `{}` is configured", url.host)))?;
        let me = me(host, repo.spec.external_reviews.mode).await?;
        let settings = &repo.spec.external_reviews;
        let open = host.open_pulls(&url.repo).await?;
        let wanted: Vec<PullState> = open
            .into_iter()
            .take(PULLS_MAX)
            .filter(|pull| wants(settings, pull, me.as_deref()))
            .collect();
        let numbers: Vec<i64> = wanted.iter().map(number).collect();
        let known = self.world.store.known_pulls(due, &numbers).await?;
        let skips_own = settings.filters.skip_optio_authored;
        for pull in wanted {
            let known = known.iter().find(|(it, _)| *it == number(&pull));
            // One that is known without a review was opened by a task.
            let passes = known.is_none_or(|(_, reviewed)| !reviewed && !skips_own);
            if passes {
                self.begin(&repo, &pull).await?;
            }
        }
        Ok(())
    }

    async fn settings(&self, due: &RepoToLookAt) -> Result<Option<RepoRow>, StoreError> {
        let Ok(url) = repo::RepoUrl::parse(&due.repo_url) else {
            return Ok(None);
        };
        self.world.store.repo_at(&due.workspace, &url).await
    }

    async fn begin(&self, repo: &RepoRow, pull: &PullState) -> Result<(), StoreError> {
        let beginning = Beginning {
            workspace: &repo.workspace,
            repo_url: &repo.spec.url,
            pull,
            origin: Origin::Auto,
            by: BY_ITSELF,
        };
        if let Begun::New(review) = begin(&self.world, &beginning).await? {
            tracing::info!(review.id = %review.id, pull.url = review.url, "a review began by itself");
            self.hints.look(review.id.into());
            self.hints.look(review.pull.into());
        }
        Ok(())
    }
}

/// Our account, where it is needed: an app is none, and has no own pull requests either.
async fn me(host: &dyn GitHost, mode: ExternalReviewMode) -> Result<Option<String>, GitHostError> {
    match host.me().await {
        Ok(me) => Ok(Some(me)),
        Err(GitHostError::Refused(_)) if mode != ExternalReviewMode::OnRequest => Ok(None),
        Err(error) => Err(error),
    }
}

fn number(pull: &PullState) -> i64 {
    i64::try_from(pull.number.0).unwrap_or(i64::MAX)
}
