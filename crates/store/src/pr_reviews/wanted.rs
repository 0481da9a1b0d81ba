//! Repositories whose open pull requests are to be looked at.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use crate::{Store, StoreError};

/// A repository whose open pull requests are to be looked at now.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RepoToLookAt {
    /// Whose.
    pub workspace: String,
    /// Its address.
    pub repo_url: String,
}

/// Whoever moves the time on looks; the others find nothing due.
const TAKE: &str = "
WITH due AS (
  SELECT id FROM repos WHERE external_look_at <= $1
  ORDER BY external_look_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE repos SET external_look_at = $2 FROM due WHERE repos.id = due.id
RETURNING repos.workspace, repos.repo_url";

impl Store {
    /// Takes the repositories that are due; each is due again after `every`, whatever becomes of the look.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn take_repos_to_look_at(
        &self,
        now: DateTime<Utc>,
        every: TimeDelta,
        max: i64,
    ) -> Result<Vec<RepoToLookAt>, StoreError> {
        Ok(sqlx::query_as(TAKE)
            .bind(now)
            .bind(now + every)
            .bind(max)
            .fetch_all(&self.pool)
            .await?)
    }

    /// A repository is not looked at before then.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn look_at_repo_later(
        &self,
        repo: &RepoToLookAt,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE repos SET external_look_at = GREATEST(external_look_at, $3)
             WHERE workspace = $1 AND repo_url = $2",
        )
        .bind(&repo.workspace)
        .bind(&repo.repo_url)
        .bind(until)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Something about the pull requests of a repository has changed: whoever looks at them looks now. The
    /// repository may have several addresses.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn look_at_repos_now(
        &self,
        repo_urls: &[String],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE repos SET external_look_at = $2
             WHERE external_look_at > $2 AND lower(repo_url) = ANY($1)",
        )
        .bind(repo_urls)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Which of these pull requests of a repository have a review, whatever became of it, or were opened by
    /// a task.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn known_pulls(
        &self,
        repo: &RepoToLookAt,
        numbers: &[i64],
    ) -> Result<Vec<(i64, bool)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT p.number, EXISTS (SELECT FROM pr_reviews v WHERE v.pull_id = p.id) FROM pulls p
             WHERE p.workspace = $1 AND p.repo_url = $2 AND p.number = ANY($3)
               AND (EXISTS (SELECT FROM pr_reviews v WHERE v.pull_id = p.id)
                 OR EXISTS (SELECT FROM tasks t WHERE t.pull_id = p.id))",
        )
        .bind(&repo.workspace)
        .bind(&repo.repo_url)
        .bind(numbers)
        .fetch_all(&self.pool)
        .await?)
    }
}
