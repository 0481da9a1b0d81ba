//! What is kept, and for how long. Old rows are found by index and deleted in bounded batches, so
//! that no sweep holds up what happens now.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::limits::Limits;

use crate::{Store, StoreError};

/// Rows of one kind deleted by one statement.
const BATCH: i64 = 2_000;
/// Statements for one kind in one sweep; the next sweep goes on.
const ROUNDS: u32 = 10;
/// Turns go with everything they have written, so fewer at once.
const TURNS_BATCH: i64 = 100;
/// Files of runs go with their content, which may be large.
const FILES_BATCH: i64 = 100;
/// How long a quiet pair's count is kept; its window is over long before.
const VOLLEYS_KEPT: TimeDelta = TimeDelta::days(1);

/// How long what is over is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Consumed and discarded mail, and questions that are over.
    pub mail: TimeDelta,
    /// Finished turns with their runs and what is left of their logs.
    pub turns: TimeDelta,
    /// Events, transcripts among them, and refused reports.
    pub logs: TimeDelta,
    /// Answers to requests with an idempotency key.
    pub answers: TimeDelta,
    /// Files of runs.
    pub files: TimeDelta,
    /// Deliveries to webhooks that nothing more becomes of.
    pub deliveries: TimeDelta,
}

impl From<&Limits> for Keep {
    fn from(limits: &Limits) -> Self {
        // Beyond this nobody would live to see it, and time itself would overflow.
        let days = |days: i64| TimeDelta::days(days.min(36_500));
        Self {
            mail: days(limits.keep_mail_days),
            turns: days(limits.keep_turns_days),
            logs: days(limits.keep_logs_days),
            answers: days(limits.keep_answers_days),
            files: days(limits.keep_files_days),
            deliveries: days(limits.keep_deliveries_days),
        }
    }
}

/// What one sweep has deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Messages.
    pub messages: u64,
    /// Questions.
    pub asks: u64,
    /// Turns.
    pub turns: u64,
    /// Events.
    pub events: u64,
    /// Refused reports.
    pub refused: u64,
    /// Answers.
    pub answers: u64,
    /// Files of runs.
    pub files: u64,
    /// Deliveries.
    pub deliveries: u64,
}

impl Store {
    /// Deletes a bounded part of what is kept long enough. What waits, feeds a turn or is dead stays
    /// however old it is.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; what was deleted until then stays deleted.
    pub async fn tidy(&self, keep: Keep, now: DateTime<Utc>) -> Result<Tidied, StoreError> {
        let rounds = async |statement: &'static str, before: DateTime<Utc>, batch: i64| {
            let mut all = 0;
            for _round in 0..ROUNDS {
                let done = sqlx::query(statement)
                    .bind(before)
                    .bind(batch)
                    .execute(&self.pool)
                    .await?;
                all += done.rows_affected();
                if done.rows_affected() < batch.unsigned_abs() {
                    break;
                }
            }
            Ok::<u64, StoreError>(all)
        };
        rounds(VOLLEYS, now - VOLLEYS_KEPT, BATCH).await?;
        Ok(Tidied {
            messages: rounds(MESSAGES, now - keep.mail, BATCH).await?,
            asks: rounds(ASKS, now - keep.mail, BATCH).await?,
            turns: rounds(TURNS, now - keep.turns, TURNS_BATCH).await?,
            events: rounds(EVENTS, now - keep.logs, BATCH).await?,
            refused: rounds(REFUSED, now - keep.logs, BATCH).await?,
            answers: rounds(ANSWERS, now - keep.answers, BATCH).await?,
            files: rounds(FILES, now - keep.files, FILES_BATCH).await?,
            deliveries: rounds(DELIVERIES, now - keep.deliveries, BATCH).await?,
        })
    }
}

const MESSAGES: &str = "
DELETE FROM messages WHERE seq IN (
  SELECT seq FROM messages WHERE state IN ('consumed', 'discarded') AND processed_at < $1
  ORDER BY processed_at LIMIT $2)";

const ASKS: &str = "
DELETE FROM asks WHERE id IN (
  SELECT id FROM asks WHERE state <> 'open' AND ended_at < $1 ORDER BY ended_at LIMIT $2)";

/// A run that is not known to be gone keeps its row, so that its process is still looked after.
const TURNS: &str = "
WITH old AS (
  SELECT id FROM turns WHERE finished_at IS NOT NULL AND finished_at < $1
  ORDER BY finished_at LIMIT $2
), runs AS (
  DELETE FROM runs r USING old o WHERE r.id = o.id AND r.state = 'ended'
), logs AS (
  DELETE FROM events e USING old o WHERE e.turn_id = o.id
)
DELETE FROM turns t USING old o WHERE t.id = o.id";

/// The oldest events have the smallest identities, so a sweep reads no more than it may delete.
const EVENTS: &str = "
DELETE FROM events WHERE id IN (
  SELECT id FROM (SELECT id, at FROM events ORDER BY id LIMIT $2) oldest WHERE at < $1)";

const REFUSED: &str = "
DELETE FROM refused_reports WHERE id IN (
  SELECT id FROM refused_reports WHERE at < $1 ORDER BY at LIMIT $2)";

const ANSWERS: &str = "
DELETE FROM idempotency_keys WHERE (caller, key) IN (
  SELECT caller, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)";

/// One of a run that may still speak of it stays until it is over.
const FILES: &str = "
DELETE FROM run_files WHERE (run_id, path) IN (
  SELECT f.run_id, f.path FROM run_files f JOIN runs r ON r.id = f.run_id
  WHERE f.created_at < $1 AND r.state = 'ended' ORDER BY f.created_at LIMIT $2)";
const DELIVERIES: &str = "
DELETE FROM webhook_deliveries WHERE seq IN (
  SELECT seq FROM webhook_deliveries WHERE next_at IS NULL AND created_at < $1
  ORDER BY created_at LIMIT $2)";

const VOLLEYS: &str = "
DELETE FROM volleys WHERE (receiver_id, sender_id) IN (
  SELECT receiver_id, sender_id FROM volleys WHERE since < $1 ORDER BY since LIMIT $2)";
