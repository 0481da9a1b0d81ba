//! Which secret is meant where several have the name, and what a program is given.

use std::collections::BTreeMap;

use optio_domain::{
    repo::RepoUrl,
    secret::{Place, SecretText, may_be_injected},
};

use super::{Sealed, SecretError};
use crate::{Store, StoreError};

/// Which secrets are meant.
#[derive(Default)]
struct Meant<'a> {
    workspace: &'a str,
    user: Option<&'a str>,
    repo: Option<&'a RepoUrl>,
    /// Those of these names; all where none are given.
    names: Option<&'a [&'a str]>,
}

impl Store {
    /// The value of a secret: a person's own before the workspace's, that before every workspace's.
    ///
    /// # Errors
    /// [`SecretError`] when there is one and it cannot be opened.
    pub async fn secret(
        &self,
        workspace: &str,
        user: Option<&str>,
        name: &str,
    ) -> Result<Option<SecretText>, SecretError> {
        let meant = Meant {
            workspace,
            user,
            repo: None,
            names: Some(&[name]),
        };
        let mut found = self.opened(&meant, winner).await?;
        Ok(found.pop_last().map(|(_, value)| value))
    }

    /// The value of the secret of exactly this place.
    ///
    /// # Errors
    /// [`SecretError`] when there is one and it cannot be opened.
    pub async fn secret_at(
        &self,
        place: &Place,
        name: &str,
    ) -> Result<Option<SecretText>, SecretError> {
        let Some(row) = self.sealed_at(place, name).await? else {
            return Ok(None);
        };
        match self.vault()?.open(&row) {
            // It may have been sealed anew in the meantime.
            Err(SecretError::NoKey(_)) => {
                let row = self.sealed_at(place, name).await?;
                row.map(|row| self.vault()?.open(&row)).transpose()
            }
            opened => opened.map(Some),
        }
    }

    async fn sealed_at(&self, place: &Place, name: &str) -> Result<Option<Sealed>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, workspace, scope, user_id, name, key_id, nonce, sealed FROM secrets
             WHERE name = $1 AND scope = $2 AND workspace IS NOT DISTINCT FROM $3
               AND user_id IS NOT DISTINCT FROM $4",
        )
        .bind(name)
        .bind(place.scope())
        .bind(place.workspace())
        .bind(place.user())
        .fetch_optional(&self.pool)
        .await?)
    }

    /// What a program signs in to its vendor with: the secrets of these names of the workspace, or,
    /// where it has none of them, those of every workspace. They are never mixed: a program that is
    /// given two credentials chooses by itself.
    ///
    /// # Errors
    /// [`SecretError`] when one of them cannot be opened.
    pub async fn vendor_secrets(
        &self,
        workspace: &str,
        names: &[&str],
    ) -> Result<BTreeMap<String, SecretText>, SecretError> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let meant = Meant {
            workspace,
            names: Some(names),
            ..Meant::default()
        };
        self.opened(&meant, nearest).await
    }

    /// Everything that a task may find in its environment: the secrets of every workspace, of this
    /// one, of the repository and of the person. Of the same name the person's wins, then the
    /// repository's, then the workspace's. Names that [`may_be_injected`] refuses are left out.
    ///
    /// # Errors
    /// [`SecretError`] when one of them cannot be opened.
    pub async fn secrets_for(
        &self,
        workspace: &str,
        user: Option<&str>,
        repo: Option<&RepoUrl>,
    ) -> Result<BTreeMap<String, SecretText>, SecretError> {
        let meant = Meant {
            workspace,
            user,
            repo,
            names: None,
        };
        self.opened(&meant, injected).await
    }

    /// Everything that is kept in one place of a workspace, by name.
    ///
    /// # Errors
    /// [`SecretError`] when one of them cannot be opened.
    pub async fn secrets_of(
        &self,
        place: &Place,
    ) -> Result<BTreeMap<String, SecretText>, SecretError> {
        match self.open_all(self.sealed_in(place).await?) {
            Err(SecretError::NoKey(_)) => self.open_all(self.sealed_in(place).await?),
            opened => opened,
        }
    }

    async fn sealed_in(&self, place: &Place) -> Result<Vec<Sealed>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, workspace, scope, user_id, name, key_id, nonce, sealed FROM secrets
             WHERE workspace = $2 AND scope = $1 AND user_id IS NOT DISTINCT FROM $3",
        )
        .bind(place.scope())
        .bind(place.workspace())
        .bind(place.user())
        .fetch_all(&self.pool)
        .await?)
    }

    /// The rows that are meant, those that win last.
    async fn sealed(&self, meant: &Meant<'_>) -> Result<Vec<Sealed>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, workspace, scope, user_id, name, key_id, nonce, sealed FROM secrets
             WHERE ($4::text[] IS NULL OR name = ANY ($4))
               AND (workspace IS NULL OR workspace = $1)
               AND (scope IN ('global', 'workspace') OR scope = $3 OR (scope = 'user' AND user_id = $2))
             ORDER BY CASE scope WHEN 'global' THEN 0 WHEN 'workspace' THEN 1 WHEN 'user' THEN 3 ELSE 2 END,
                      name",
        )
        .bind(meant.workspace)
        .bind(meant.user)
        .bind(meant.repo.map(RepoUrl::as_str))
        .bind(meant.names)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Opens what is chosen of what is meant. Where its key is gone, it may have been sealed anew in
    /// the meantime, and is read once more.
    async fn opened(
        &self,
        meant: &Meant<'_>,
        choose: fn(Vec<Sealed>) -> Vec<Sealed>,
    ) -> Result<BTreeMap<String, SecretText>, SecretError> {
        match self.open_all(choose(self.sealed(meant).await?)) {
            Err(SecretError::NoKey(_)) => self.open_all(choose(self.sealed(meant).await?)),
            opened => opened,
        }
    }

    /// Of the same name the last one stays.
    fn open_all(&self, rows: Vec<Sealed>) -> Result<BTreeMap<String, SecretText>, SecretError> {
        if rows.is_empty() {
            return Ok(BTreeMap::new());
        }
        let vault = self.vault()?;
        let open = |row: Sealed| vault.open(&row).map(|value| (row.name, value));
        rows.into_iter().map(open).collect()
    }
}

/// The one that wins: whether the others open does not matter.
fn winner(mut rows: Vec<Sealed>) -> Vec<Sealed> {
    rows.pop().into_iter().collect()
}

/// Those of a workspace, or, where there are none, those of all.
fn nearest(mut rows: Vec<Sealed>) -> Vec<Sealed> {
    if rows.iter().any(|row| row.workspace.is_some()) {
        rows.retain(|row| row.workspace.is_some());
    }
    rows
}

/// Those a program may be given.
fn injected(mut rows: Vec<Sealed>) -> Vec<Sealed> {
    rows.retain(|row| may_be_injected(&row.name));
    rows
}
