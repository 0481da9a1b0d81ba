//! Answers already given to requests that carried an idempotency key.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Store, StoreError};

/// After this a request that was never answered may be tried again.
const UNANSWERED: TimeDelta = TimeDelta::minutes(1);

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// It is new: carry the request out and say what was answered.
    Fresh,
    /// The same request is being answered right now.
    Busy,
    /// The key belongs to another request.
    Other,
    /// The request was answered before.
    Answered {
        /// HTTP status.
        status: u16,
        /// Body.
        body: Vec<u8>,
    },
}

impl Store {
    /// Takes a key for a request, or finds what became of it. After `kept` a key is new again.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn take_key(
        &self,
        caller: &str,
        key: &str,
        fingerprint: &str,
        kept: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Key, StoreError> {
        let (ours,): (bool,) = sqlx::query_as(
            "WITH taken AS (
               INSERT INTO idempotency_keys (caller, key, fingerprint, created_at)
               VALUES ($1, $2, $3, $4)
               ON CONFLICT (caller, key) DO UPDATE
                 SET fingerprint = excluded.fingerprint, created_at = excluded.created_at,
                     status = NULL, body = NULL
                 WHERE idempotency_keys.created_at < $5
                    OR (idempotency_keys.status IS NULL AND idempotency_keys.created_at < $6)
               RETURNING 1)
             SELECT EXISTS (SELECT 1 FROM taken)",
        )
        .bind(caller)
        .bind(key)
        .bind(fingerprint)
        .bind(now)
        .bind(now - kept)
        .bind(now - UNANSWERED)
        .fetch_one(&self.pool)
        .await?;
        if ours {
            return Ok(Key::Fresh);
        }
        let row: Option<(String, Option<i16>, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT fingerprint, status, body FROM idempotency_keys WHERE caller = $1 AND key = $2",
        )
        .bind(caller)
        .bind(key)
        .fetch_optional(&self.pool)
        .await?;
        Ok(match row {
            Some((stored, ..)) if stored != fingerprint => Key::Other,
            Some((_, Some(status), body)) => Key::Answered {
                status: u16::try_from(status).unwrap_or(500),
                body: body.unwrap_or_default(),
            },
            Some((_, None, _)) | None => Key::Busy,
        })
    }

    /// Writes down what was answered.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn keep_answer(
        &self,
        caller: &str,
        key: &str,
        status: u16,
        body: &[u8],
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE idempotency_keys SET status = $3, body = $4 WHERE caller = $1 AND key = $2",
        )
        .bind(caller)
        .bind(key)
        .bind(i16::try_from(status).unwrap_or(500))
        .bind(body)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets a key whose request failed for a reason that may pass.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn free_key(&self, caller: &str, key: &str) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM idempotency_keys WHERE caller = $1 AND key = $2 AND status IS NULL",
        )
        .bind(caller)
        .bind(key)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
