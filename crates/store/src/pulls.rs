//! Pull requests that are watched: as they were last seen, and who is told when that changes.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::{ActorKey, Wait},
    id::{PrReviewId, PullId, TaskId},
    pull::{PullSeen, PullStatus, plan::Seen},
};
use serde_json::json;
use sqlx::{FromRow, Postgres, Transaction};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    actors::Version,
    step::{NewEvent, Step},
};

/// What the plan of a watched pull request looks at, and what is needed to look at the host.
#[derive(Debug, Clone, PartialEq)]
pub struct PullSight {
    /// Which.
    pub pull: PullId,
    /// The version that was read.
    pub version: Version,
    /// What its row says it waits for.
    pub wait: Wait,
    /// Whether it is left alone.
    pub quarantined: bool,
    /// The repository's address.
    pub repo_url: String,
    /// Its number there.
    pub number: i64,
    /// The head that was last seen.
    pub head: String,
    /// What the plan looks at.
    pub seen: Seen,
}

/// How often a pull request is looked at where nobody tells us of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every {
    /// One of a task.
    pub task: TimeDelta,
    /// One that only a review waits for.
    pub review: TimeDelta,
}

#[derive(FromRow)]
struct RawPull {
    version: i64,
    wake_at: Option<DateTime<Utc>>,
    wait_reason: String,
    wait_holder: String,
    heeds_mail: bool,
    quarantined_at: Option<DateTime<Utc>>,
    inbox_pending: i32,
    repo_url: String,
    number: i64,
    head: String,
    unsettled_since: Option<DateTime<Utc>>,
    status: String,
    looked_at: Option<DateTime<Utc>>,
    troubles: i32,
    trouble: Option<String>,
    hold_until: Option<DateTime<Utc>>,
    wanted_by_task: bool,
    wanted_by_review: bool,
}

/// A failed task may still have its pull request merged by a person.
const SIGHT: &str = "
SELECT a.version, a.wake_at, a.wait_reason, a.wait_holder, a.heeds_mail, a.quarantined_at, a.inbox_pending,
       p.repo_url, p.number, p.head, p.unsettled_since, p.status, p.looked_at, p.troubles, p.trouble, p.hold_until,
       EXISTS (SELECT FROM tasks t WHERE t.pull_id = p.id AND t.state NOT IN ('completed', 'cancelled'))
         AS wanted_by_task,
       EXISTS (SELECT FROM pr_reviews v WHERE v.pull_id = p.id AND v.state <> 'cancelled'
         AND (v.state <> 'submitted' OR p.status = 'open')) AS wanted_by_review
FROM pulls p JOIN actors a ON a.kind = 'pull-request' AND a.id = p.id WHERE p.id = $1";

impl Store {
    /// Reads everything about a watched pull request that its plan looks at. How often it is looked at
    /// depends on who waits for it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn see_pull(
        &self,
        pull: PullId,
        every: Every,
    ) -> Result<Option<PullSight>, StoreError> {
        let row: Option<RawPull> = sqlx::query_as(SIGHT)
            .bind(pull.0)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| PullSight {
            pull,
            version: Version::read(row.version),
            wait: Wait {
                reason: row.wait_reason,
                holder: row.wait_holder,
                until: row.wake_at,
                heeds_mail: row.heeds_mail,
            },
            quarantined: row.quarantined_at.is_some(),
            repo_url: row.repo_url,
            number: row.number,
            head: row.head,
            seen: Seen {
                status: row.looked_at.and(PullStatus::parse(&row.status)),
                looked_at: row.looked_at,
                told: 0 < row.inbox_pending,
                wanted: row.wanted_by_task || row.wanted_by_review,
                every: if row.wanted_by_task {
                    every.task
                } else {
                    every.review
                },
                unsettled_since: row.unsettled_since,
                troubles: row.troubles,
                hold: row.hold_until.map(|until| {
                    let words = row.trouble.unwrap_or_default();
                    (until, format!("the git host to answer again: {words}"))
                }),
            },
        }))
    }

    /// The watched pull requests of a repository that have one of these numbers, or this head, in every
    /// workspace. The repository may have several addresses.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn pulls_told_of(
        &self,
        repo_urls: &[String],
        numbers: &[i64],
        head: Option<&str>,
    ) -> Result<Vec<PullId>, StoreError> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM pulls
             WHERE repo_url = ANY($1) AND status = 'open' AND (number = ANY($2) OR head = $3)",
        )
        .bind(repo_urls)
        .bind(numbers)
        .bind(head)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id,)| PullId(id)).collect())
    }
}

const SEEN: &str = "
UPDATE pulls SET url = $2, status = $3, head = $4, base = $5, draft = $6, mergeable = $7, checks = $8,
       failed_checks = $9, review = $10, review_id = $11, review_text = $12, seen_at = $13, looked_at = $13,
       unsettled_since = CASE WHEN $3 = 'open' AND $7::boolean IS NULL THEN COALESCE(unsettled_since, $13) END,
       troubles = 0, trouble = NULL, hold_until = NULL
WHERE id = $1
  AND (status, head, base, draft, mergeable, checks, failed_checks, review, review_id)
      IS DISTINCT FROM ($3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Where a task closes its run just now and locks both the other way round, Postgres ends one of the two,
/// which looks again.
const WAKE: &str = "
UPDATE actors SET wake_at = $2, version = version + 1
WHERE kind = 'task' AND id IN (SELECT id FROM tasks WHERE pull_id = $1) RETURNING id";

const WAKE_REVIEWS: &str = "
UPDATE actors SET wake_at = $2, version = version + 1
WHERE kind = 'pr-review' AND id IN (SELECT id FROM pr_reviews WHERE pull_id = $1 AND state <> 'cancelled')
RETURNING id";

impl Step {
    /// Writes how a pull request stands. Where that is news, its tasks and reviews are woken in the same
    /// transaction, and answered, so that they can be told to look.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn pull_seen(&mut self, seen: &PullSeen) -> Result<Vec<ActorKey>, StoreError> {
        let changed = sqlx::query(SEEN)
            .bind(self.key.id)
            .bind(&seen.url)
            .bind(seen.status.name())
            .bind(&seen.head)
            .bind(&seen.base)
            .bind(seen.draft)
            .bind(seen.mergeable)
            .bind(seen.checks.name())
            .bind(&seen.failed_checks)
            .bind(seen.review.name())
            .bind(&seen.review_id)
            .bind(&seen.review_text)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        if changed.rows_affected() == 0 {
            self.pull_unchanged().await?;
            return Ok(Vec::new());
        }
        let tasks: Vec<(Uuid,)> = sqlx::query_as(WAKE)
            .bind(self.key.id)
            .bind(self.now)
            .fetch_all(&mut *self.tx)
            .await?;
        let tasks: Vec<TaskId> = tasks.into_iter().map(|(id,)| TaskId(id)).collect();
        let events: Vec<NewEvent> = tasks
            .iter()
            .map(|task| NewEvent {
                actor_id: task.0,
                turn_id: None,
                type_name: "task:pull_request",
                data: json!({
                    "taskId": task, "prUrl": seen.url, "prNumber": seen.number,
                    "prState": seen.status.name(), "prChecksStatus": seen.checks.name(),
                    "prReviewStatus": seen.review.name(), "head": seen.head,
                }),
                at: self.now,
            })
            .collect();
        self.tell(&events).await?;
        let reviews: Vec<(Uuid,)> = sqlx::query_as(WAKE_REVIEWS)
            .bind(self.key.id)
            .bind(self.now)
            .fetch_all(&mut *self.tx)
            .await?;
        let reviews = reviews.into_iter().map(|(id,)| PrReviewId(id).into());
        Ok(tasks
            .into_iter()
            .map(ActorKey::from)
            .chain(reviews)
            .collect())
    }

    async fn pull_unchanged(&mut self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE pulls SET looked_at = $2, seen_at = $2, troubles = 0, trouble = NULL, hold_until = NULL
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Writes that the host gave no answer.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn pull_trouble(
        &mut self,
        until: DateTime<Utc>,
        words: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE pulls SET troubles = troubles + 1, trouble = $2, hold_until = $3 WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(words)
        .bind(until)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What its watcher was told is done with: it has looked since.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn pull_mail_read(&mut self, up_to: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query(
            "WITH read AS (
               UPDATE messages SET state = 'consumed', processed_at = $3
               WHERE receiver_kind = 'pull-request' AND receiver_id = $1 AND state = 'pending'
                 AND received_at <= $2
               RETURNING class
             )
             UPDATE actors SET inbox_pending = inbox_pending - (SELECT count(*)::int FROM read),
                    inbox_waking = inbox_waking
                      - (SELECT count(*) FILTER (WHERE class IN ('work', 'interrupt'))::int FROM read)
             WHERE kind = 'pull-request' AND id = $1",
        )
        .bind(self.key.id)
        .bind(up_to)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What is known of the task's pull request is old: its watcher is to look as soon as it is told.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_pull_stale(&mut self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE pulls SET looked_at = NULL WHERE id = (SELECT pull_id FROM tasks WHERE id = $1)",
        )
        .bind(self.key.id)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The task of this step has a pull request, which is watched from now on. One that is watched
    /// already is seen anew: what was known of another head is forgotten.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_pull(
        &mut self,
        workspace: &str,
        repo_url: &str,
        fresh: PullId,
        seen: &PullSeen,
    ) -> Result<PullId, StoreError> {
        let pull = put(&mut self.tx, workspace, repo_url, fresh, seen).await?;
        sqlx::query("UPDATE tasks SET pull_id = $2 WHERE id = $1")
            .bind(self.key.id)
            .bind(pull.0)
            .execute(&mut *self.tx)
            .await?;
        Ok(pull)
    }
}

/// Watches a pull request from now on, which is seen anew where it is watched already.
pub(crate) async fn put(
    tx: &mut Transaction<'_, Postgres>,
    workspace: &str,
    repo_url: &str,
    fresh: PullId,
    seen: &PullSeen,
) -> Result<PullId, StoreError> {
    let (id,): (Uuid,) = sqlx::query_as(
        "INSERT INTO pulls (id, workspace, repo_url, number, url, status, head, base, draft, mergeable, checks,
                            review, seen_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
         ON CONFLICT (workspace, repo_url, number) DO UPDATE SET
           status = excluded.status, base = excluded.base, draft = excluded.draft, seen_at = excluded.seen_at,
           mergeable = CASE WHEN pulls.head = excluded.head THEN pulls.mergeable END,
           checks = CASE WHEN pulls.head = excluded.head THEN pulls.checks ELSE excluded.checks END,
           failed_checks = CASE WHEN pulls.head = excluded.head THEN pulls.failed_checks ELSE '{}' END,
           head = excluded.head
         RETURNING id",
    )
    .bind(fresh.0)
    .bind(workspace)
    .bind(repo_url)
    .bind(seen.number)
    .bind(&seen.url)
    .bind(seen.status.name())
    .bind(&seen.head)
    .bind(&seen.base)
    .bind(seen.draft)
    .bind(seen.mergeable)
    .bind(seen.checks.name())
    .bind(seen.review.name())
    .bind(seen.at)
    .fetch_one(&mut **tx)
    .await?;
    if id == fresh.0 {
        sqlx::query("INSERT INTO actors (kind, id, wake_at) VALUES ('pull-request', $1, $2)")
            .bind(id)
            .bind(seen.at)
            .execute(&mut **tx)
            .await?;
    } else {
        // What its watcher has asked for before is old by now: its version moves.
        sqlx::query(
            "UPDATE actors SET wake_at = $2, version = version + 1
             WHERE kind = 'pull-request' AND id = $1",
        )
        .bind(id)
        .bind(seen.at)
        .execute(&mut **tx)
        .await?;
    }
    Ok(PullId(id))
}
