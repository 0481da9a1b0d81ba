//! What a review's plan looks at, read in one statement.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::Wait,
    agent::{seen::Lingering, warm::Setting},
    id::{PrReviewId, RunId, SandboxId},
    pr_review::RunKind,
    pull::{ChecksStatus, PullSeen, PullStatus, ReviewStatus},
    transcript::Facts,
    wire::runner::Ended,
};
use sqlx::{FromRow, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use super::{COLUMNS, PrReviewRow, RawReview};
use crate::{Store, StoreError, actors::Version};

/// Everything about a review that its plan looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct PrReviewSight {
    /// The review.
    pub review: PrReviewRow,
    /// The version that was read.
    pub version: Version,
    /// Its incarnation.
    pub epoch: i64,
    /// What its row says it waits for.
    pub wait: Wait,
    /// Whether it is left alone.
    pub quarantined: bool,
    /// Runs of all reviews that are open.
    pub running: i64,
    /// Its open run.
    pub run: Option<ReviewRunSight>,
    /// A run that is not known to be gone although it is closed.
    pub lingering: Option<Lingering>,
    /// Its pull request, as it was last seen.
    pub pull: PullSeen,
    /// Messages that wait for an answer.
    pub chat_pending: i64,
}

/// The open run as the plan looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewRunSight {
    /// Which.
    pub run: RunId,
    /// Which of the review's runs.
    pub number: i32,
    /// What it is for.
    pub kind: RunKind,
    /// The commit it looks at.
    pub head: String,
    /// Where it runs.
    pub sandbox: SandboxId,
    /// When its process must have started.
    pub provision_until: DateTime<Utc>,
    /// Milliseconds it may take.
    pub duration_ms: i64,
    /// When it was given to a runner.
    pub sent_at: Option<DateTime<Utc>>,
    /// When its process started.
    pub started_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub ended: Option<Ended>,
    /// What its output told.
    pub facts: Facts,
    /// What its process is set to, where it takes further input.
    pub setting: Option<Setting>,
}

#[derive(FromRow)]
struct RawSight {
    #[sqlx(flatten)]
    review: RawReview,
    version: i64,
    epoch: i64,
    wake_at: Option<DateTime<Utc>>,
    wait_reason: String,
    wait_holder: String,
    heeds_mail: bool,
    quarantined_at: Option<DateTime<Utc>>,
    running: i64,
    run_number: Option<i32>,
    run_kind: Option<String>,
    run_head: Option<String>,
    run_sandbox: Option<Uuid>,
    provision_until: Option<DateTime<Utc>>,
    duration_ms: Option<i64>,
    sent_at: Option<DateTime<Utc>>,
    run_started_at: Option<DateTime<Utc>>,
    ended: Option<Json<Ended>>,
    facts: Option<Json<Facts>>,
    setting: Option<Json<Setting>>,
    lingering_run: Option<Uuid>,
    lingering_asked: Option<DateTime<Utc>>,
    pull_status: String,
    pull_base: String,
    pull_draft: bool,
    pull_mergeable: Option<bool>,
    pull_checks: String,
    pull_failed_checks: Vec<String>,
    pull_review: String,
    pull_review_id: Option<String>,
    pull_review_text: Option<String>,
    pull_seen_at: DateTime<Utc>,
    chat_pending: i64,
}

const MORE: &str = ", a.version, a.epoch, a.wake_at, a.wait_reason, a.wait_holder, a.heeds_mail, a.quarantined_at,
  CASE WHEN v.open_run IS NULL THEN (SELECT count(*) FROM pr_reviews o WHERE o.open_run IS NOT NULL) ELSE 0 END
    AS running,
  w.number AS run_number, w.kind AS run_kind, w.head AS run_head, w.sandbox_id AS run_sandbox,
  w.provision_until, w.duration_ms, r.sent_at, r.started_at AS run_started_at, r.ended, r.facts, r.setting,
  l.id AS lingering_run, l.stop_asked_at AS lingering_asked,
  p.status AS pull_status, p.base AS pull_base, p.draft AS pull_draft, p.mergeable AS pull_mergeable,
  p.checks AS pull_checks, p.failed_checks AS pull_failed_checks, p.review AS pull_review,
  p.review_id AS pull_review_id, p.review_text AS pull_review_text, p.seen_at AS pull_seen_at,
  (SELECT count(*) FROM pr_review_messages m WHERE m.review_id = v.id AND m.role = 'user' AND m.run_id IS NULL)
    AS chat_pending
  FROM pr_reviews v JOIN actors a ON a.kind = 'pr-review' AND a.id = v.id
  JOIN pulls p ON p.id = v.pull_id
  LEFT JOIN pr_review_runs w ON w.id = v.open_run
  LEFT JOIN runs r ON r.id = v.open_run
  LEFT JOIN LATERAL (SELECT id, stop_asked_at FROM runs
     WHERE actor_kind = 'pr-review' AND actor_id = v.id AND state <> 'ended' AND NOT open LIMIT 1) l ON true
  WHERE v.id = ";

impl Store {
    /// Reads everything a review's plan looks at.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn see_review(&self, id: PrReviewId) -> Result<Option<PrReviewSight>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(COLUMNS).push(MORE).push_bind(id.0);
        let row: Option<RawSight> = query.build_query_as().fetch_optional(&self.pool).await?;
        row.map(read).transpose()
    }
}

fn read(row: RawSight) -> Result<PrReviewSight, StoreError> {
    Ok(PrReviewSight {
        version: Version::read(row.version),
        epoch: row.epoch,
        quarantined: row.quarantined_at.is_some(),
        running: row.running,
        run: run_of(&row)?,
        lingering: row.lingering_run.map(|run| Lingering {
            run: RunId(run),
            stop_asked: row.lingering_asked,
        }),
        pull: pull_of(&row)?,
        chat_pending: row.chat_pending,
        wait: Wait {
            reason: row.wait_reason,
            holder: row.wait_holder,
            until: row.wake_at,
            heeds_mail: row.heeds_mail,
        },
        review: row.review.read()?,
    })
}

fn run_of(row: &RawSight) -> Result<Option<ReviewRunSight>, StoreError> {
    let parts = (
        row.review.open_run,
        row.run_number,
        &row.run_kind,
        &row.run_head,
        row.run_sandbox,
        row.provision_until,
        row.duration_ms,
    );
    let (
        Some(run),
        Some(number),
        Some(kind),
        Some(head),
        Some(sandbox),
        Some(provision_until),
        Some(duration_ms),
    ) = parts
    else {
        return Ok(None);
    };
    Ok(Some(ReviewRunSight {
        run: RunId(run),
        number,
        kind: RunKind::parse(kind)
            .ok_or_else(|| StoreError::Corrupt(format!("run {run}: its kind is unknown")))?,
        head: head.clone(),
        sandbox: SandboxId(sandbox),
        provision_until,
        duration_ms,
        sent_at: row.sent_at,
        started_at: row.run_started_at,
        ended: row.ended.as_ref().map(|json| json.0.clone()),
        facts: row
            .facts
            .as_ref()
            .map(|json| json.0.clone())
            .unwrap_or_default(),
        setting: row.setting.as_ref().map(|json| json.0.clone()),
    }))
}

fn pull_of(row: &RawSight) -> Result<PullSeen, StoreError> {
    let unknown = |what: &str| StoreError::Corrupt(format!("a pull request's {what} is unknown"));
    Ok(PullSeen {
        number: row.review.number,
        url: row.review.pull_url.clone(),
        status: PullStatus::parse(&row.pull_status).ok_or_else(|| unknown("status"))?,
        head: row.review.pull_head.clone(),
        base: row.pull_base.clone(),
        draft: row.pull_draft,
        mergeable: row.pull_mergeable,
        checks: ChecksStatus::parse(&row.pull_checks).ok_or_else(|| unknown("checks"))?,
        failed_checks: row.pull_failed_checks.clone(),
        review: ReviewStatus::parse(&row.pull_review).ok_or_else(|| unknown("review"))?,
        review_id: row.pull_review_id.clone(),
        review_text: row.pull_review_text.clone(),
        at: row.pull_seen_at,
    })
}
