//! Beginning a review: one at a time of each pull request.

use chrono::{DateTime, Utc};
use optio_domain::{
    git_host::PullState,
    id::{PoolId, PrReviewId, PullId},
    pr_review::{Origin, PrReviewState},
    pull::PullSeen,
};
use serde_json::json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{PrReviewRow, fetch};
use crate::{
    Store, StoreError, pulls,
    step::{self, NewEvent},
};

/// A review to be begun.
#[derive(Debug)]
pub struct NewPrReview<'a> {
    /// Its identity, made beside its pool's.
    pub id: PrReviewId,
    /// The identity of its pull request, where nobody watches that yet.
    pub fresh_pull: PullId,
    /// Whose.
    pub workspace: &'a str,
    /// The repository's address.
    pub repo_url: &'a str,
    /// The pull request, as its host tells it.
    pub pull: &'a PullState,
    /// Who begins it.
    pub origin: Origin,
    /// The agent program.
    pub agent_type: &'a str,
    /// The model, where one is chosen.
    pub model: Option<&'a str>,
    /// Where it may run.
    pub pool: PoolId,
    /// Who asks.
    pub created_by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// It is there now.
    New(Box<PrReviewRow>),
    /// There is one of this pull request already.
    There(Box<PrReviewRow>),
}

/// How often it is tried. Whoever first sees a pull request locks it before its watcher, which is not there
/// yet; where others come between, Postgres ends one of them, which finds the watcher at its next try.
const TRIES_MAX: u32 = 4;
/// The watcher of a pull request is an actor: actors are locked before what is theirs.
const LOCK_WATCHER: &str = "
SELECT a.id FROM actors a WHERE a.kind = 'pull-request' AND a.id =
  (SELECT id FROM pulls WHERE workspace = $1 AND repo_url = $2 AND number = $3) FOR UPDATE";

/// Those who begin with the same pull request do so one after the other: where there is no row yet, there is
/// none to lock.
const ALONE: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2 || ' ' || $3, 0))";

/// A person may have a pull request reviewed again whose last review was cancelled; by itself that is
/// not done.
const THERE: &str = "
SELECT id FROM pr_reviews WHERE pull_id = $1 AND (state <> 'cancelled' OR $2) ORDER BY created_at DESC LIMIT 1";

impl Store {
    /// Begins a review with its actor and the watcher of its pull request, unless there is one already.
    /// A person who asks for one that is there takes it into his own hands.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn begin_review(&self, new: &NewPrReview<'_>) -> Result<Begun, StoreError> {
        for _try in 1..TRIES_MAX {
            match self.try_to_begin(new).await {
                Err(StoreError::Moved) => {}
                done => return done,
            }
        }
        self.try_to_begin(new).await
    }

    async fn try_to_begin(&self, new: &NewPrReview<'_>) -> Result<Begun, StoreError> {
        let seen = PullSeen::unchecked(new.pull, new.at);
        let mut tx = self.pool.begin().await?;
        sqlx::query(ALONE)
            .bind(new.workspace)
            .bind(new.repo_url)
            .bind(seen.number.to_string())
            .execute(&mut *tx)
            .await?;
        sqlx::query(LOCK_WATCHER)
            .bind(new.workspace)
            .bind(new.repo_url)
            .bind(seen.number)
            .execute(&mut *tx)
            .await?;
        // From here on the row of the pull request is locked: two who begin do so one after the other.
        let pull = pulls::put(&mut tx, new.workspace, new.repo_url, new.fresh_pull, &seen).await?;
        let by_itself = new.origin == Origin::Auto;
        let there: Option<(Uuid,)> = sqlx::query_as(THERE)
            .bind(pull.0)
            .bind(by_itself)
            .fetch_optional(&mut *tx)
            .await?;
        let gone = |row: Option<PrReviewRow>| row.map(Box::new).ok_or(StoreError::Moved);
        if let Some((id,)) = there {
            let id = PrReviewId(id);
            if !by_itself {
                super::wishes::wake(&mut tx, id, new.at).await?;
                sqlx::query("UPDATE pr_reviews SET engaged = true, updated_at = $2 WHERE id = $1")
                    .bind(id.0)
                    .bind(new.at)
                    .execute(&mut *tx)
                    .await?;
            }
            let row = gone(fetch(&mut tx, id).await?)?;
            tx.commit().await?;
            return Ok(Begun::There(row));
        }
        insert(&mut tx, new, pull, &seen).await?;
        let row = gone(fetch(&mut tx, new.id).await?)?;
        tx.commit().await?;
        Ok(Begun::New(row))
    }
}

async fn insert(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewPrReview<'_>,
    pull: PullId,
    seen: &PullSeen,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO actors (kind, id, wake_at) VALUES ('pr-review', $1, $2)")
        .bind(new.id.0)
        .bind(new.at)
        .execute(&mut **tx)
        .await?;
    let state = PrReviewState::Queued.name();
    let plain = |text: &str| text.replace('\0', "\u{fffd}");
    sqlx::query(
        "INSERT INTO pr_reviews (id, workspace, pull_id, repo_url, number, title, author, description, agent_type,
                                 model, pool_id, origin, state, state_since, created_by, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $14, $14)",
    )
    .bind(new.id.0)
    .bind(new.workspace)
    .bind(pull.0)
    .bind(new.repo_url)
    .bind(seen.number)
    .bind(plain(&new.pull.title))
    .bind(plain(&new.pull.author))
    .bind(plain(&new.pull.body))
    .bind(new.agent_type)
    .bind(new.model)
    .bind(new.pool.0)
    .bind(new.origin.name())
    .bind(state)
    .bind(new.at)
    .bind(new.created_by)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "INSERT INTO pr_review_events (review_id, to_state, trigger, by, at) VALUES ($1, $2, 'created', $3, $4)",
    )
    .bind(new.id.0)
    .bind(state)
    .bind(new.created_by)
    .bind(new.at)
    .execute(&mut **tx)
    .await?;
    let event = NewEvent {
        actor_id: new.id.0,
        turn_id: None,
        type_name: "pr_review:created",
        data: json!({
            "prReviewId": new.id, "prUrl": seen.url, "origin": new.origin.name(), "state": state,
        }),
        at: new.at,
    };
    step::tell(tx, &[event]).await
}
