//! What people want of reviews.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::PrReviewId,
    pr_review::{Intent, draft::Draft},
};
use sqlx::{Postgres, Transaction};

use super::{PrReviewRow, fetch};
use crate::{Store, StoreError, clean::storable};

/// What became of a change of a draft.
#[derive(Debug, Clone, PartialEq)]
pub enum Edited<E> {
    /// The draft is changed.
    Yes(Box<PrReviewRow>),
    /// It has no draft that can be changed; this is how it stands.
    NoDraft(Box<PrReviewRow>),
    /// The change was refused.
    Refused(E),
}

/// The version moves, so that a look that has not seen the wish writes nothing. Actors are locked before
/// what is theirs, as by every step.
pub(super) async fn wake(
    tx: &mut Transaction<'_, Postgres>,
    review: PrReviewId,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE actors SET wake_at = $2, version = version + 1 WHERE kind = 'pr-review' AND id = $1",
    )
    .bind(review.0)
    .bind(at)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

impl Store {
    /// Notes what a person wants of a review, which is his from now on. False where there is no such review.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn want_review(
        &self,
        review: PrReviewId,
        intent: Intent,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let there = wake(&mut tx, review, at).await?;
        // What the host refused before may be refused again, but a person wants to see that.
        sqlx::query(
            "UPDATE pr_reviews SET intent = $2, engaged = true, updated_at = $3,
                    submit_error = CASE WHEN $2 = 'submit' THEN NULL ELSE submit_error END,
                    hold_until = CASE WHEN $2 = 'submit' THEN NULL ELSE hold_until END
             WHERE id = $1",
        )
        .bind(review.0)
        .bind(intent.name())
        .bind(at)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(there)
    }

    /// Changes the draft of a review, which is the person's from now on. `None` where there is no such
    /// review.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn edit_review<E>(
        &self,
        review: PrReviewId,
        at: DateTime<Utc>,
        change: impl FnOnce(Draft) -> Result<Draft, E>,
    ) -> Result<Option<Edited<E>>, StoreError> {
        let mut tx = self.pool.begin().await?;
        if !wake(&mut tx, review, at).await? {
            return Ok(None);
        }
        let Some(row) = fetch(&mut tx, review).await? else {
            return Ok(None);
        };
        let open = row.state.has_open_draft() && row.intent.is_none();
        let Some((draft, _)) = row.draft.clone().filter(|_| open) else {
            return Ok(Some(Edited::NoDraft(Box::new(row))));
        };
        let draft = match change(draft) {
            Ok(draft) => draft,
            Err(refused) => return Ok(Some(Edited::Refused(refused))),
        };
        sqlx::query(
            "UPDATE pr_reviews SET verdict = $2, summary = $3, file_comments = $4, revision = revision + 1,
                    engaged = true, submit_error = NULL, updated_at = $5
             WHERE id = $1",
        )
        .bind(review.0)
        .bind(draft.verdict.name())
        .bind(&draft.summary)
        .bind(storable(&draft.file_comments)?)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        let row = fetch(&mut tx, review).await?.ok_or(StoreError::Moved)?;
        tx.commit().await?;
        Ok(Some(Edited::Yes(Box::new(row))))
    }
}
