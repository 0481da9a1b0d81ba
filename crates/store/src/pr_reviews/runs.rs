//! Opening and closing a review's run.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    id::{RunId, SandboxId},
    pool::{Bounds, WORKTREE_KEPT},
    pr_review::{PrReviewEvent, closing::Closing},
    transcript::Facts,
};
use serde_json::json;

use super::PrReviewRow;
use crate::{
    Store, StoreError,
    clean::storable,
    step::{NewEvent, Step},
    tasks::{OpenedRun, Placing},
};

/// What is needed to open a run.
#[derive(Debug)]
pub struct ReviewRunOpening<'a> {
    /// The review as it was read.
    pub review: &'a PrReviewRow,
    /// The run's identity.
    pub run: RunId,
    /// The identity of its sandbox, where it needs a new one.
    pub new_sandbox: SandboxId,
    /// The commit it looks at.
    pub head: &'a str,
    /// What the agent is told.
    pub prompt: &'a str,
    /// The vendor's session it resumes.
    pub session: Option<&'a str>,
    /// The messages it is told of: all up to this one.
    pub told_up_to: Option<i64>,
    /// Milliseconds until its process must have started.
    pub provision_ms: i64,
    /// Milliseconds it may take.
    pub duration_ms: i64,
    /// Runs of all reviews at once.
    pub all_max: i64,
    /// How large its pool may grow.
    pub pool: Bounds,
}

/// What is needed to close a run.
#[derive(Debug)]
pub struct ClosedReviewRun<'a> {
    /// Which.
    pub run: RunId,
    /// The commit it looked at.
    pub head: &'a str,
    /// What it means.
    pub closing: &'a Closing,
    /// What its output told.
    pub facts: &'a Facts,
    /// Until when its sandbox is kept without another run.
    pub keep_until: DateTime<Utc>,
}

impl Store {
    /// What a review's run was opened with: what the agent is told, and the session it resumes.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn review_run_words(
        &self,
        run: RunId,
    ) -> Result<Option<(String, Option<String>)>, StoreError> {
        Ok(
            sqlx::query_as("SELECT prompt, resumed_session FROM pr_review_runs WHERE id = $1")
                .bind(run.0)
                .fetch_optional(&self.pool)
                .await?,
        )
    }
}

impl Step {
    /// Opens a run: takes room and a place, and writes the run.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn open_review_run(
        &mut self,
        opening: &ReviewRunOpening<'_>,
    ) -> Result<OpenedRun, StoreError> {
        let review = opening.review;
        self.take_gate().await?;
        let (running,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM pr_reviews WHERE open_run IS NOT NULL")
                .fetch_one(&mut *self.tx)
                .await?;
        if opening.all_max <= running {
            return Ok(OpenedRun::NoRoom);
        }
        let placing = Placing {
            pool: review.pool,
            worktree: review.id.0,
            home: review.sandbox,
            new_sandbox: opening.new_sandbox,
            bounds: opening.pool,
        };
        let Some(sandbox) = self.take_sandbox(&placing).await? else {
            return Ok(OpenedRun::NoRoom);
        };
        self.write_review_run(opening, sandbox).await?;
        if let Some(last) = opening.told_up_to {
            sqlx::query(
                "UPDATE pr_review_messages SET run_id = $2
                 WHERE review_id = $1 AND role = 'user' AND run_id IS NULL AND seq <= $3",
            )
            .bind(review.id.0)
            .bind(opening.run.0)
            .bind(last)
            .execute(&mut *self.tx)
            .await?;
        }
        let event = NewEvent {
            actor_id: review.id.0,
            turn_id: Some(opening.run.0),
            type_name: "pr_review:run_started",
            data: json!({
                "prReviewId": review.id, "prReviewRunId": opening.run,
                "number": review.runs_taken + 1, "kind": review.kind.name(), "head": opening.head,
            }),
            at: self.now,
        };
        self.tell(&[event]).await?;
        Ok(OpenedRun::At(sandbox))
    }

    async fn write_review_run(
        &mut self,
        opening: &ReviewRunOpening<'_>,
        sandbox: SandboxId,
    ) -> Result<(), StoreError> {
        let review = opening.review;
        let until = self.now + TimeDelta::milliseconds(opening.provision_ms);
        sqlx::query(
            "INSERT INTO pr_review_runs (id, review_id, number, kind, head, epoch, prompt, sandbox_id,
                                         resumed_session, provision_until, duration_ms, opened_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(opening.run.0)
        .bind(review.id.0)
        .bind(review.runs_taken + 1)
        .bind(review.kind.name())
        .bind(opening.head)
        .bind(self.epoch)
        .bind(opening.prompt)
        .bind(sandbox.0)
        .bind(opening.session)
        .bind(until)
        .bind(opening.duration_ms)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query(
            "INSERT INTO runs (id, actor_kind, actor_id, sandbox_id, epoch, runtime, created_at)
             VALUES ($1, 'pr-review', $2, $3, $4, $5, $6)",
        )
        .bind(opening.run.0)
        .bind(review.id.0)
        .bind(sandbox.0)
        .bind(self.epoch)
        .bind(&review.agent_type)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query(
            "UPDATE pr_reviews SET runs_taken = runs_taken + 1, sandbox_id = $2, hold_until = NULL,
                    hold_reason = NULL
             WHERE id = $1",
        )
        .bind(review.id.0)
        .bind(sandbox.0)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Closes a run: its outcome, its cost, and what the review keeps of it.
    ///
    /// # Errors
    /// [`StoreError::Moved`] where it is closed already.
    pub async fn close_review_run(
        &mut self,
        closed: &ClosedReviewRun<'_>,
    ) -> Result<(), StoreError> {
        let (closing, facts) = (closed.closing, closed.facts);
        let (failure, end) = (closing.failure.as_ref(), facts.end.as_ref());
        // First of all, since a pool locks its own row before those of its sandboxes.
        self.wake_pool_of("pr_reviews").await?;
        let event = closing.event;
        let outcome = if matches!(event, PrReviewEvent::Cancelled | PrReviewEvent::PullOver) {
            "cancelled"
        } else if failure.is_some() || event == PrReviewEvent::TriedAgain {
            "failed"
        } else {
            "completed"
        };
        let done = sqlx::query(
            "UPDATE pr_review_runs SET outcome = $2, error = $3, error_class = $4, cost_usd = $5,
                    input_tokens = $6, output_tokens = $7, model_used = $8, session_id = $9, summary = $10,
                    finished_at = $11
             WHERE id = $1 AND finished_at IS NULL",
        )
        .bind(closed.run.0)
        .bind(outcome)
        .bind(failure.map_or_else(
            || (outcome == "failed").then_some(closing.reason.as_str()),
            |failure| Some(failure.message.as_str()),
        ))
        .bind(failure.map(|failure| failure.class.name()))
        .bind(end.and_then(|end| end.cost_usd))
        .bind(end.and_then(|end| end.input_tokens))
        .bind(end.and_then(|end| end.output_tokens))
        .bind(&facts.model)
        .bind(&facts.session)
        .bind(end.map(|end| end.summary.as_str()))
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Moved);
        }
        sqlx::query(
            "UPDATE runs SET open = false, state = CASE state WHEN 'unsent' THEN 'ended' ELSE state END,
                    ended_at = CASE state WHEN 'unsent' THEN $2 ELSE ended_at END
             WHERE id = $1",
        )
        .bind(closed.run.0)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query(
            "UPDATE sandboxes SET keep_until = $2 WHERE id = (SELECT sandbox_id FROM runs WHERE id = $1)",
        )
        .bind(closed.run.0)
        .bind(closed.keep_until)
        .execute(&mut *self.tx)
        .await?;
        // A chat may go on in it; nothing in it is kept.
        sqlx::query("UPDATE worktrees SET due_at = $2, discard = true WHERE id = $1")
            .bind(self.key.id)
            .bind(self.now + WORKTREE_KEPT)
            .execute(&mut *self.tx)
            .await?;
        if closing.event == PrReviewEvent::TriedAgain {
            // The next run is told what this one was told.
            sqlx::query(
                "UPDATE pr_review_messages SET run_id = NULL
                 WHERE review_id = $1 AND run_id = $2 AND role = 'user'",
            )
            .bind(self.key.id)
            .bind(closed.run.0)
            .execute(&mut *self.tx)
            .await?;
        }
        self.review_keeps(closed).await
    }

    async fn review_keeps(&mut self, closed: &ClosedReviewRun<'_>) -> Result<(), StoreError> {
        let (closing, facts) = (closed.closing, closed.facts);
        let (failure, end) = (closing.failure.as_ref(), facts.end.as_ref());
        sqlx::query(
            "UPDATE pr_reviews SET retries = $2, rate_limits = $3, hold_until = $4, hold_reason = $5,
                    session_id = CASE WHEN $6 THEN NULL ELSE COALESCE($7, session_id) END,
                    error = $8, error_class = $9,
                    cost_usd = cost_usd + COALESCE($10, 0), input_tokens = input_tokens + COALESCE($11, 0),
                    output_tokens = output_tokens + COALESCE($12, 0), model_used = COALESCE($13, model_used)
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(closing.retries)
        .bind(closing.rate_limits)
        .bind(closing.hold.as_ref().map(|hold| hold.until))
        .bind(closing.hold.as_ref().map(|hold| hold.reason.as_str()))
        .bind(closing.forget_session)
        .bind(&facts.session)
        .bind(failure.map(|failure| failure.message.as_str()))
        .bind(failure.map(|failure| failure.class.name()))
        .bind(end.and_then(|end| end.cost_usd))
        .bind(end.and_then(|end| end.input_tokens))
        .bind(end.and_then(|end| end.output_tokens))
        .bind(&facts.model)
        .execute(&mut *self.tx)
        .await?;
        let Some(draft) = &closing.draft else {
            return Ok(());
        };
        sqlx::query(
            "UPDATE pr_reviews SET verdict = $2, summary = $3, file_comments = $4, head = $5,
                    revision = revision + 1, submit_error = NULL
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(draft.verdict.name())
        .bind(&draft.summary)
        .bind(storable(&draft.file_comments)?)
        .bind(closed.head)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
