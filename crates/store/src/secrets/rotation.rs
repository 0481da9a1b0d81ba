//! Another key for everything, while all is in use.
//!
//! Whoever is killed at any moment of it leaves every secret readable: the new key is kept for good
//! before anything is sealed with it, each row says which key it has, and the old one goes only once
//! no row has it. Whatever is unfinished is finished by the next call.

use chrono::{DateTime, Utc};
use optio_domain::secret::{KeyId, SecretKey};
use uuid::Uuid;

use super::{Sealed, SecretError, Vault, ring};
use crate::{Store, StoreError};

/// Rows read at once.
const BATCH: i64 = 100;
/// The lock of whoever changes the key: a number of our own.
const LOCK: i64 = 0x6f70_7469_6f5f_6b65;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The key that everything is sealed with now.
    pub key: KeyId,
    /// How many secrets were sealed anew.
    pub secrets: u64,
    /// What a person has to remove by hand, where the old key could not be let go.
    pub left: Option<String>,
}

impl Store {
    /// Seals every secret with another key, and lets the old one go. Where an earlier call was cut
    /// short, it is finished instead.
    ///
    /// # Errors
    /// [`SecretError::Rotating`] while somebody else does the same, [`SecretError::Unopened`] when
    /// secrets do not open: they and the old key are left as they are.
    pub async fn rotate_key(&self, now: DateTime<Utc>) -> Result<Rotated, SecretError> {
        let vault = self.vault()?;
        let mut lock = self.pool.acquire().await?;
        // Where this is cut short, the lock ends with its connection.
        lock.close_on_drop();
        let (ours,): (bool,) = sqlx::query_as("SELECT pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut *lock)
            .await?;
        if !ours {
            return Err(SecretError::Rotating);
        }
        let rotated = self.rotate(vault, now).await;
        // Said by ourselves, so that whoever repeats it at once does not find it locked.
        let unlocked = sqlx::query("SELECT pg_advisory_unlock($1)").bind(LOCK);
        drop(unlocked.execute(&mut *lock).await);
        rotated
    }

    async fn rotate(&self, vault: &Vault, now: DateTime<Utc>) -> Result<Rotated, SecretError> {
        let key = match self.unfinished().await? {
            Some(current) => vault.key(&current)?,
            None => self.change(vault, now).await?,
        };
        let secrets = self.seal_anew(vault, &key).await?;
        self.forget_unused().await?;
        let id = key.id();
        let left = match vault.settle(&id) {
            Ok(()) => None,
            Err(SecretError::Keys(words)) => Some(words),
            Err(error) => return Err(error),
        };
        Ok(Rotated {
            key: id,
            secrets,
            left,
        })
    }

    /// The database forgets the keys that nothing is sealed with.
    async fn forget_unused(&self) -> Result<(), SecretError> {
        sqlx::query(
            "DELETE FROM secret_keys k WHERE NOT current
               AND NOT EXISTS (SELECT 1 FROM secrets s WHERE s.key_id = k.id)",
        )
        .execute(&self.pool)
        .await?;
        // What is still used must not be let go, whoever made it so.
        match self.unfinished().await? {
            None => Ok(()),
            Some(_) => Err(SecretError::Rotating),
        }
    }

    /// The current key, where something may be sealed with an older one.
    async fn unfinished(&self) -> Result<Option<String>, StoreError> {
        let keys = self.secret_keys().await?;
        let older = keys.iter().any(|key| !key.current);
        let current = keys.into_iter().find(|key| key.current);
        Ok(current.filter(|_| older).map(|key| key.id))
    }

    /// Takes another key. From then on everything new is sealed with it: whoever writes holds the row
    /// of the current key until the end.
    async fn change(&self, vault: &Vault, now: DateTime<Utc>) -> Result<SecretKey, SecretError> {
        let keys = self.secret_keys().await?;
        let current = keys.iter().find(|key| key.current);
        let current = current.ok_or_else(|| SecretError::NoKey("none".to_owned()))?;
        let key = vault.renew(&vault.key(&current.id)?.id())?;
        let mut transaction = self.pool.begin().await?;
        ring::register(&mut transaction, vault, &key, now).await?;
        transaction.commit().await?;
        Ok(key)
    }

    async fn seal_anew(&self, vault: &Vault, key: &SecretKey) -> Result<u64, SecretError> {
        let (mut count, mut after, mut unopened) = (0, Uuid::nil(), Vec::new());
        loop {
            let rows = self.sealed_otherwise(key, after).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            for row in rows {
                match vault.open(&row) {
                    Ok(value) => {
                        let mut anew = row.clone();
                        vault.seal(key, &mut anew, &value)?;
                        count += self.replace(&row, &anew).await?;
                    }
                    Err(SecretError::Unopened(names)) => unopened.extend(names),
                    Err(error) => return Err(error),
                }
            }
        }
        if unopened.is_empty() {
            return Ok(count);
        }
        Err(SecretError::Unopened(unopened))
    }

    async fn sealed_otherwise(
        &self,
        key: &SecretKey,
        after: Uuid,
    ) -> Result<Vec<Sealed>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, workspace, scope, user_id, name, key_id, nonce, sealed FROM secrets
             WHERE key_id <> $1 AND $2 < id ORDER BY id LIMIT $3",
        )
        .bind(key.id().as_str())
        .bind(after)
        .bind(BATCH)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Only where the row still is as it was read: who set it anew in between used the new key.
    async fn replace(&self, read: &Sealed, anew: &Sealed) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE secrets SET key_id = $3, nonce = $4, sealed = $5
             WHERE id = $1 AND nonce = $2 AND key_id = $6",
        )
        .bind(read.id)
        .bind(&read.nonce)
        .bind(&anew.key_id)
        .bind(&anew.nonce)
        .bind(&anew.sealed)
        .bind(&read.key_id)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}
