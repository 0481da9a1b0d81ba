//! What a step may change about a review.

use chrono::{DateTime, Utc};
use optio_domain::pr_review::{Intent, PrReviewEvent, PrReviewState, RunKind};
use serde_json::json;

use crate::{
    StoreError,
    step::{NewEvent, Step},
};

/// A change of a review's state.
#[derive(Debug, Clone, Copy)]
pub struct MovedReview<'a> {
    /// From where.
    pub from: PrReviewState,
    /// Where to.
    pub to: PrReviewState,
    /// What happened.
    pub event: PrReviewEvent,
    /// Why, in words.
    pub reason: &'a str,
    /// The person who wanted it.
    pub by: Option<&'a str>,
}

impl Step {
    /// Moves the review from one state to another, writes its history, and tells the stream and others. What it
    /// was wanted to do is done with once it is over.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn review_state(&mut self, moved: &MovedReview<'_>) -> Result<(), StoreError> {
        let (from, to) = (moved.from.name(), moved.to.name());
        sqlx::query(
            "UPDATE pr_reviews SET state = $2, open_run = $3, state_reason = $5, updated_at = $4,
                    state_since = CASE WHEN state = $2 THEN state_since ELSE $4 END,
                    intent = CASE WHEN $2 = 'cancelled' THEN NULL ELSE intent END
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(to)
        .bind(moved.to.run().map(|run| run.0))
        .bind(self.now)
        .bind(moved.reason)
        .execute(&mut *self.tx)
        .await?;
        let run = moved.to.run().or(moved.from.run()).map(|run| run.0);
        sqlx::query(
            "INSERT INTO pr_review_events (review_id, run_id, from_state, to_state, trigger, message, by, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(self.key.id)
        .bind(run)
        .bind(from)
        .bind(to)
        .bind(moved.event.name())
        .bind(moved.reason)
        .bind(moved.by)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        let event = |type_name| NewEvent {
            actor_id: self.key.id,
            turn_id: run,
            type_name,
            data: json!({
                "prReviewId": self.key.id, "fromState": from, "toState": to,
                "trigger": moved.event.name(), "reason": moved.reason,
            }),
            at: self.now,
        };
        let mut events = vec![event("pr_review:state_changed")];
        if moved.event == PrReviewEvent::HeadMoved {
            events.push(event("pr_review:stale"));
        }
        self.tell(&events).await?;
        self.notice_review(moved).await
    }

    /// Forgets what a person asked for, because it is done or cannot be.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn review_intent_met(&mut self, intent: Intent) -> Result<(), StoreError> {
        sqlx::query("UPDATE pr_reviews SET intent = NULL WHERE id = $1 AND intent = $2")
            .bind(self.key.id)
            .bind(intent.name())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Its agent is to look or to answer once more: as if nothing had gone wrong before.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn review_relaunched(
        &mut self,
        kind: RunKind,
        by_itself: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE pr_reviews SET kind = $2, auto_reviews = auto_reviews + $3, retries = 0, rate_limits = 0,
                    hold_until = NULL, hold_reason = NULL, error = NULL, error_class = NULL
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(kind.name())
        .bind(i32::from(by_itself))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Not before this, and why.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn review_held(
        &mut self,
        until: DateTime<Utc>,
        reason: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE pr_reviews SET hold_until = $2, hold_reason = $3 WHERE id = $1")
            .bind(self.key.id)
            .bind(until)
            .bind(reason)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The draft as it is stands on the pull request.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn review_submitted(
        &mut self,
        revision: i32,
        url: Option<&str>,
        by_itself: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE pr_reviews SET submitted_revision = $2, submitted_at = $3, submitted_url = $4,
                    auto_submitted = $5, submit_error = NULL, hold_until = NULL, hold_reason = NULL
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(revision)
        .bind(self.now)
        .bind(url)
        .bind(by_itself)
        .execute(&mut *self.tx)
        .await?;
        self.review_intent_met(Intent::Submit).await
    }

    /// The git host does not take the draft as it is.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn review_refused(&mut self, words: &str) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE pr_reviews SET submit_error = $2, hold_until = NULL, hold_reason = NULL, updated_at = $3
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(words)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        self.review_intent_met(Intent::Submit).await
    }
}
