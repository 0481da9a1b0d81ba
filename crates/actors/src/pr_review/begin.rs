//! Beginning a review, whoever wants it.

use optio_domain::{
    git_host::PullState,
    id::{PrReviewId, PullId},
    pr_review::Origin,
    repo::RepoUrl,
};
use optio_store::{
    StoreError,
    pr_reviews::{Begun, NewPrReview},
};

use crate::World;

/// The agent program where nobody has registered the repository.
const AGENT: &str = "claude-code";

/// What is to be reviewed, and for whom.
#[derive(Debug)]
pub struct Beginning<'a> {
    /// Whose it is.
    pub workspace: &'a str,
    /// The repository.
    pub repo_url: &'a RepoUrl,
    /// The pull request, as its host tells it.
    pub pull: &'a PullState,
    /// Who begins it.
    pub origin: Origin,
    /// Who asks.
    pub by: &'a str,
}

/// Begins a review with what its repository says about reviewers, unless there is one already.
///
/// # Errors
/// [`StoreError`] when the database is away.
pub async fn begin(world: &World, beginning: &Beginning<'_>) -> Result<Begun, StoreError> {
    let (at, store) = (world.clock.now(), &world.store);
    let (workspace, repo_url) = (beginning.workspace, beginning.repo_url.as_str());
    let known = store.repo_at(workspace, beginning.repo_url).await?;
    let spec = known.map(|row| row.spec);
    let pool = store
        .pool_of(workspace, repo_url, world.ids.fresh(), at)
        .await?;
    let new = NewPrReview {
        id: PrReviewId(pool.beside(world.ids.fresh())),
        fresh_pull: PullId(world.ids.fresh()),
        workspace,
        repo_url,
        pull: beginning.pull,
        origin: beginning.origin,
        agent_type: spec.as_ref().map_or(AGENT, |spec| spec.reviewer()),
        model: spec.as_ref().and_then(|spec| spec.reviewing_model()),
        pool,
        created_by: beginning.by,
        at,
    };
    store.begin_review(&new).await
}
