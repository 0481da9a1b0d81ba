//! What a job's plan looks at, read in one statement.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::Wait,
    id::{JobId, MessageId},
    job::plan::Seen,
    trigger::Fired,
};
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{COLUMNS, JobRow, RawJob};
use crate::{Store, StoreError, actors::Version};

/// Everything about a job that its plan looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSight {
    /// The job.
    pub job: JobRow,
    /// The version that was read.
    pub version: Version,
    /// What its row says it waits for.
    pub wait: Wait,
    /// Whether it is left alone.
    pub quarantined: bool,
    /// The message of the oldest fire that waits.
    pub message: Option<MessageId>,
    /// Who sent it.
    pub sender: String,
    /// The rest.
    pub seen: Seen,
}

#[derive(FromRow)]
struct RawSight {
    #[sqlx(flatten)]
    job: RawJob,
    version: i64,
    wake_at: Option<DateTime<Utc>>,
    wait_reason: String,
    wait_holder: String,
    heeds_mail: bool,
    quarantined_at: Option<DateTime<Utc>>,
    active: i64,
    message_id: Option<Uuid>,
    message_payload: Option<Value>,
    message_sender: Option<String>,
    recent: i64,
}

const MORE: &str = ", a.version, a.wake_at, a.wait_reason, a.wait_holder, a.heeds_mail, a.quarantined_at,
  (SELECT count(*) FROM tasks t WHERE t.job_id = j.id
     AND t.state NOT IN ('completed', 'failed', 'cancelled', 'pr_opened', 'needs_attention')) AS active,
  m.id AS message_id, m.payload AS message_payload, m.sender_id AS message_sender,
  CASE WHEN m.id IS NULL THEN 0 ELSE
    (SELECT count(*) FROM tasks t WHERE t.trigger_id = (m.payload ->> 'trigger')::uuid
       AND t.created_at > ";

const FROM: &str = ") END AS recent
  FROM jobs j JOIN actors a ON a.kind = 'job' AND a.id = j.id
  LEFT JOIN LATERAL (SELECT id, payload, sender_id FROM messages
     WHERE receiver_kind = 'job' AND receiver_id = j.id AND state = 'pending' ORDER BY seq LIMIT 1) m ON true
  WHERE j.id = ";

impl Store {
    /// Reads everything a job's plan looks at. Runs that wait for a person or for their pull request count as
    /// over: what comes then is not their agent's work. Runs a trigger has started within `window` are
    /// counted, of which there may be `recent_max`.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn see_job(
        &self,
        id: JobId,
        now: DateTime<Utc>,
        window: TimeDelta,
        recent_max: i64,
    ) -> Result<Option<JobSight>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(COLUMNS).push(MORE).push_bind(now - window);
        query.push(FROM).push_bind(id.0);
        let row: Option<RawSight> = query.build_query_as().fetch_optional(&self.pool).await?;
        row.map(|row| read(row, recent_max)).transpose()
    }
}

fn read(row: RawSight, recent_max: i64) -> Result<JobSight, StoreError> {
    let job = row.job.read()?;
    let fire = row
        .message_id
        .map(|_| Fired::read(row.message_payload.as_ref()));
    Ok(JobSight {
        version: Version::read(row.version),
        wait: Wait {
            reason: row.wait_reason,
            holder: row.wait_holder,
            until: row.wake_at,
            heeds_mail: row.heeds_mail,
        },
        quarantined: row.quarantined_at.is_some(),
        message: row.message_id.map(MessageId),
        sender: row.message_sender.unwrap_or_default(),
        seen: Seen {
            enabled: job.spec.enabled,
            deleted: job.deleted,
            fire,
            active: row.active,
            recent: row.recent,
            recent_max,
        },
        job,
    })
}
