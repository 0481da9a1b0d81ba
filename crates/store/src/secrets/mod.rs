//! Secrets, sealed with AES-256-GCM under a key that the database never sees.
//!
//! A row says with which key it is sealed, and the key itself says nothing: the ring of keys comes
//! from outside ([`optio_domain::ports::KeySource`]). Which of them seals what is written from now on
//! is decided by the one current row of `secret_keys`, so that several servers agree on it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use optio_domain::{
    id::SecretId,
    secret::{Place, SecretName, SecretText},
};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{Store, StoreError};

mod cipher;
mod error;
mod lookup;
mod ring;
mod rotation;
mod vault;

pub use error::SecretError;
pub use ring::KeyRow;
pub use rotation::Rotated;
pub use vault::Vault;

/// Secrets of one workspace, and secrets of all of them.
pub const SECRETS_MAX: i64 = 1_000;

/// A secret without its value, which nobody is shown.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SecretRow {
    /// Its identity.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// `global`, `workspace`, `user` or the address of a repository.
    pub scope: String,
    /// The person whose it is.
    pub user_id: Option<String>,
    /// When it was first set.
    pub created_at: DateTime<Utc>,
    /// When its value was last set.
    pub updated_at: DateTime<Utc>,
}

/// A secret as it is stored.
#[derive(Clone, FromRow)]
struct Sealed {
    id: Uuid,
    workspace: Option<String>,
    scope: String,
    user_id: Option<String>,
    name: String,
    key_id: String,
    nonce: Vec<u8>,
    sealed: Vec<u8>,
}

impl Sealed {
    /// Everything that is bound to the value.
    fn bound(&self) -> Vec<u8> {
        cipher::bound(&[
            Some(self.name.as_str()),
            Some(self.scope.as_str()),
            self.workspace.as_deref(),
            self.user_id.as_deref(),
            Some(self.key_id.as_str()),
        ])
    }
}

/// A value to be kept.
pub(crate) struct Entry<'a> {
    /// The identity of its row, where there is none yet.
    pub(crate) id: SecretId,
    /// Whose it is.
    pub(crate) place: &'a Place,
    /// Its name.
    pub(crate) name: &'a str,
    /// The value.
    pub(crate) value: &'a SecretText,
}

/// Removes a value from a place of a workspace; all that is there, where none is named.
pub(crate) async fn forget(
    connection: &mut PgConnection,
    place: &Place,
    name: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM secrets WHERE workspace = $2 AND scope = $1
           AND user_id IS NOT DISTINCT FROM $3 AND ($4::text IS NULL OR name = $4)",
    )
    .bind(place.scope())
    .bind(place.workspace())
    .bind(place.user())
    .bind(name)
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// The same database, with the keys by which its secrets are sealed.
    #[must_use]
    pub fn with_vault(&self, vault: Arc<Vault>) -> Self {
        Self {
            vault: Some(vault),
            ..self.clone()
        }
    }

    fn vault(&self) -> Result<&Vault, SecretError> {
        let words = "this process was started without the keys of secrets".to_owned();
        self.vault.as_deref().ok_or(SecretError::Keys(words))
    }

    /// Keeps a value under a name; what was there is replaced.
    ///
    /// # Errors
    /// [`SecretError::Full`] when its workspace has [`SECRETS_MAX`], [`SecretError::NoKey`] when
    /// another server seals with a key that is not here.
    pub async fn put_secret(
        &self,
        id: SecretId,
        place: &Place,
        name: &SecretName,
        value: &SecretText,
        now: DateTime<Utc>,
    ) -> Result<SecretRow, SecretError> {
        let mut transaction = self.pool.begin().await?;
        let entry = Entry {
            id,
            place,
            name: name.as_str(),
            value,
        };
        let stored = self.put_within(&mut transaction, &entry, now).await?;
        let (count,): (i64,) = sqlx::query_as(
            "SELECT count(*) FROM secrets
             WHERE (workspace = $1 OR ($1 IS NULL AND workspace IS NULL)) AND NOT starts_with(scope, 'of:')",
        )
        .bind(place.workspace())
        .fetch_one(&mut *transaction)
        .await?;
        if SECRETS_MAX < count {
            transaction.rollback().await?;
            return Err(SecretError::Full(SECRETS_MAX));
        }
        transaction.commit().await?;
        Ok(stored)
    }

    /// The same inside somebody else's transaction, however many there are.
    ///
    /// # Errors
    /// [`SecretError::NoKey`] when another server seals with a key that is not here.
    pub(crate) async fn put_within(
        &self,
        connection: &mut PgConnection,
        entry: &Entry<'_>,
        now: DateTime<Utc>,
    ) -> Result<SecretRow, SecretError> {
        let vault = self.vault()?;
        let current = ring::hold_current(connection).await?;
        let key = vault.key(&current)?;
        let place = entry.place;
        let mut row = Sealed {
            id: entry.id.0,
            workspace: place.workspace().map(str::to_owned),
            scope: place.scope().to_owned(),
            user_id: place.user().map(str::to_owned),
            name: entry.name.to_owned(),
            key_id: current,
            nonce: Vec::new(),
            sealed: Vec::new(),
        };
        vault.seal(&key, &mut row, entry.value)?;
        Ok(upsert(connection, &row, now).await?)
    }

    /// Removes a secret. False when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn delete_secret(&self, place: &Place, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "DELETE FROM secrets WHERE name = $1 AND scope = $2
               AND workspace IS NOT DISTINCT FROM $3 AND user_id IS NOT DISTINCT FROM $4",
        )
        .bind(name)
        .bind(place.scope())
        .bind(place.workspace())
        .bind(place.user())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// One page of the secrets somebody in a workspace can use, by name: those of every workspace,
    /// of this one and of its repositories, and the person's own; of one scope, where one is given. What
    /// belongs to one thing of ours is none of them.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn secrets(
        &self,
        workspace: &str,
        user: &str,
        scope: Option<&str>,
        after: Option<(&str, Uuid)>,
        limit: i64,
    ) -> Result<Vec<SecretRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, name, scope, user_id, created_at, updated_at FROM secrets
             WHERE (workspace = $1 OR workspace IS NULL) AND (user_id IS NULL OR user_id = $2)
               AND NOT starts_with(scope, 'of:') AND ($3::text IS NULL OR scope = $3)
               AND ($4::text IS NULL OR ($4, $5) < (name, id))
             ORDER BY name, id LIMIT $6",
        )
        .bind(workspace)
        .bind(user)
        .bind(scope)
        .bind(after.map(|(name, _)| name))
        .bind(after.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }
}

async fn upsert(
    connection: &mut PgConnection,
    row: &Sealed,
    now: DateTime<Utc>,
) -> Result<SecretRow, StoreError> {
    Ok(sqlx::query_as(
        "INSERT INTO secrets (id, workspace, scope, user_id, name, key_id, nonce, sealed, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         ON CONFLICT ON CONSTRAINT secrets_of_one_place DO UPDATE
           SET key_id = excluded.key_id, nonce = excluded.nonce, sealed = excluded.sealed,
               updated_at = excluded.updated_at
         RETURNING id, name, scope, user_id, created_at, updated_at",
    )
    .bind(row.id)
    .bind(&row.workspace)
    .bind(&row.scope)
    .bind(&row.user_id)
    .bind(&row.name)
    .bind(&row.key_id)
    .bind(&row.nonce)
    .bind(&row.sealed)
    .bind(now)
    .fetch_one(connection)
    .await?)
}
