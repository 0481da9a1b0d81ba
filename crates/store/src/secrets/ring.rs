//! The keys the database knows of, and whether ours open what is stored.

use chrono::{DateTime, Utc};
use optio_domain::secret::SecretKey;
use sqlx::{FromRow, PgConnection};

use super::{SecretError, Vault, cipher};
use crate::{Store, StoreError};

/// What the check value says.
const CHECK: &str = "this key opens what is stored";

/// A key the database knows of.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct KeyRow {
    /// Its name.
    pub id: String,
    /// Whether secrets are sealed with it.
    pub current: bool,
}

#[derive(FromRow)]
struct Check {
    id: String,
    nonce: Vec<u8>,
    sealed: Vec<u8>,
}

impl Store {
    /// The keys that something may be sealed with, the current one first; none where no secret was
    /// ever stored.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn secret_keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        Ok(
            sqlx::query_as("SELECT id, current FROM secret_keys ORDER BY current DESC, id")
                .fetch_all(&self.pool)
                .await?,
        )
    }

    /// Sees to it that the keys we have open all that is stored. Where nothing ever was, the newest
    /// of them is the one to seal with. Where the current key is not the newest we have, it stays the
    /// current one until it is changed ([`Store::rotate_key`]): other servers may not have the newest
    /// yet.
    ///
    /// # Errors
    /// [`SecretError::NoKey`] and [`SecretError::WrongKey`] when they do not.
    pub async fn check_keys(&self, now: DateTime<Utc>) -> Result<(), SecretError> {
        let vault = self.vault()?;
        let mut transaction = self.pool.begin().await?;
        // Of several servers that begin at once, one registers its key, and the others compare.
        sqlx::query("LOCK TABLE secret_keys IN SHARE ROW EXCLUSIVE MODE")
            .execute(&mut *transaction)
            .await?;
        let known: Vec<Check> = sqlx::query_as("SELECT id, nonce, sealed FROM secret_keys")
            .fetch_all(&mut *transaction)
            .await?;
        if known.is_empty() {
            register(&mut transaction, vault, vault.ring().newest(), now).await?;
        }
        transaction.commit().await?;
        known.iter().try_for_each(|check| opens(vault, check))
    }
}

/// The name of the current key, which stays the current one until the transaction ends: whoever seals
/// everything anew afterwards finds what it writes. It may go on with other rows meanwhile, which name
/// their key and so look at its row: that is why no stronger lock is taken.
pub(super) async fn hold_current(connection: &mut PgConnection) -> Result<String, SecretError> {
    // Where another one takes its place just then, the first look finds none, and the second that.
    for _ in 0..2 {
        let current: Option<(String,)> =
            sqlx::query_as("SELECT id FROM secret_keys WHERE current FOR NO KEY UPDATE")
                .fetch_optional(&mut *connection)
                .await?;
        if let Some((current,)) = current {
            return Ok(current);
        }
    }
    Err(SecretError::NoKey("none".to_owned()))
}

/// Makes a key the one to seal with.
pub(super) async fn register(
    connection: &mut PgConnection,
    vault: &Vault,
    key: &SecretKey,
    now: DateTime<Utc>,
) -> Result<(), SecretError> {
    let (id, nonce) = (key.id(), vault.nonce()?);
    let sealed = cipher::seal(key, nonce, &bound(id.as_str()), CHECK.as_bytes());
    sqlx::query("UPDATE secret_keys SET current = false WHERE current AND id <> $1")
        .bind(id.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO secret_keys (id, current, nonce, sealed, created_at) VALUES ($1, true, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET current = true",
    )
    .bind(id.as_str())
    .bind(nonce.as_slice())
    .bind(sealed.unwrap_or_default())
    .bind(now)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

fn opens(vault: &Vault, check: &Check) -> Result<(), SecretError> {
    let key = vault.key(&check.id)?;
    let opened = cipher::open(&key, &check.nonce, &bound(&check.id), &check.sealed);
    if opened.as_deref() == Some(CHECK) {
        return Ok(());
    }
    Err(SecretError::WrongKey(check.id.clone()))
}

fn bound(key: &str) -> Vec<u8> {
    cipher::bound(&[Some("check"), Some(key)])
}
