//! Finding reviews.

use chrono::{DateTime, Utc};
use optio_domain::id::PrReviewId;
use uuid::Uuid;

use super::{PrReviewRow, RawReview, select};
use crate::{Store, StoreError};

/// Which reviews are wanted; what is not given does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedReviews {
    /// In this state.
    pub state: Option<String>,
    /// Of this repository.
    pub repo_url: Option<String>,
    /// After this one, where a page before has ended.
    pub after: Option<(DateTime<Utc>, Uuid)>,
}

impl Store {
    /// One page of a workspace's reviews, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn pr_reviews(
        &self,
        workspace: &str,
        wanted: &WantedReviews,
        limit: i64,
    ) -> Result<Vec<PrReviewRow>, StoreError> {
        let mut query = select();
        query.push(" WHERE v.workspace = ").push_bind(workspace);
        if let Some(state) = &wanted.state {
            query.push(" AND v.state = ").push_bind(state);
        }
        if let Some(repo_url) = &wanted.repo_url {
            query.push(" AND v.repo_url = ").push_bind(repo_url);
        }
        if let Some((at, id)) = wanted.after {
            query.push(" AND (v.created_at, v.id) < (").push_bind(at);
            query.push(", ").push_bind(id).push(")");
        }
        query
            .push(" ORDER BY v.created_at DESC, v.id DESC LIMIT ")
            .push_bind(limit);
        let rows: Vec<RawReview> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(RawReview::read).collect()
    }

    /// Reviews of a workspace whose ids are in this range, two at most.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn pr_reviews_between(
        &self,
        workspace: &str,
        low: Uuid,
        high: Uuid,
    ) -> Result<Vec<PrReviewRow>, StoreError> {
        let mut query = select();
        query.push(" WHERE v.id BETWEEN ").push_bind(low);
        query.push(" AND ").push_bind(high);
        query.push(" AND v.workspace = ").push_bind(workspace);
        query.push(" LIMIT 2");
        let rows: Vec<RawReview> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(RawReview::read).collect()
    }

    /// The latest review of each of these pull requests of a repository.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn reviews_of_pulls(
        &self,
        workspace: &str,
        repo_url: &str,
        numbers: &[i64],
    ) -> Result<Vec<PrReviewRow>, StoreError> {
        let mut query = select();
        query.push(
            " WHERE v.id IN (SELECT DISTINCT ON (w.pull_id) w.id FROM pr_reviews w JOIN pulls q ON q.id = w.pull_id
              WHERE q.workspace = ",
        );
        query.push_bind(workspace);
        query.push(" AND q.repo_url = ").push_bind(repo_url);
        query.push(" AND q.number = ANY(").push_bind(numbers);
        query.push(") ORDER BY w.pull_id, w.created_at DESC)");
        let rows: Vec<RawReview> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(RawReview::read).collect()
    }

    /// The reviews that wait for room, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn next_reviews(
        &self,
        now: DateTime<Utc>,
        max: i64,
    ) -> Result<Vec<PrReviewId>, StoreError> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM pr_reviews
             WHERE state IN ('queued', 'waiting_ci', 'reviewing') AND open_run IS NULL
               AND state <> 'waiting_ci' AND COALESCE(hold_until <= $1, true)
             ORDER BY created_at, id LIMIT $2",
        )
        .bind(now)
        .bind(max)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id,)| PrReviewId(id)).collect())
    }
}
