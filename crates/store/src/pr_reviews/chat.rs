//! What people and the agent of a review say to each other.

use chrono::{DateTime, Utc};
use optio_domain::id::PrReviewId;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, step::Step};

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ChatMessage {
    /// Order.
    pub seq: i64,
    /// Its identity.
    pub id: Uuid,
    /// The run that was told of it, or that said it.
    pub run_id: Option<Uuid>,
    /// `user` or `assistant`.
    pub role: String,
    /// What is said.
    pub content: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Store {
    /// What was said about a review, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn review_chat(&self, review: PrReviewId) -> Result<Vec<ChatMessage>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT seq, id, run_id, role, content, at FROM pr_review_messages
             WHERE review_id = $1 ORDER BY seq",
        )
        .bind(review.0)
        .fetch_all(&self.pool)
        .await?)
    }

    /// What people wrote about a review and nobody has read yet, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn review_chat_pending(
        &self,
        review: PrReviewId,
    ) -> Result<Vec<ChatMessage>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT seq, id, run_id, role, content, at FROM pr_review_messages
             WHERE review_id = $1 AND role = 'user' AND run_id IS NULL ORDER BY seq",
        )
        .bind(review.0)
        .fetch_all(&self.pool)
        .await?)
    }

    /// A person writes about a review, which is his from now on.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn write_to_review(
        &self,
        review: PrReviewId,
        id: Uuid,
        content: &str,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<ChatMessage, StoreError> {
        let mut tx = self.pool.begin().await?;
        super::wishes::wake(&mut tx, review, at).await?;
        sqlx::query("UPDATE pr_reviews SET engaged = true, updated_at = $2 WHERE id = $1")
            .bind(review.0)
            .bind(at)
            .execute(&mut *tx)
            .await?;
        let message = sqlx::query_as(
            "INSERT INTO pr_review_messages (id, review_id, role, content, by, at)
             VALUES ($1, $2, 'user', $3, $4, $5) RETURNING seq, id, run_id, role, content, at",
        )
        .bind(id)
        .bind(review.0)
        .bind(content)
        .bind(by)
        .bind(at)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(message)
    }
}

impl Step {
    /// The agent says something.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn review_says(
        &mut self,
        id: Uuid,
        run: optio_domain::id::RunId,
        content: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO pr_review_messages (id, review_id, run_id, role, content, at)
             VALUES ($1, $2, $3, 'assistant', $4, $5)",
        )
        .bind(id)
        .bind(self.key.id)
        .bind(run.0)
        .bind(content)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
