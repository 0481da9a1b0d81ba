//! The keys this process has, and what is sealed and opened with them.

use std::sync::{Arc, PoisonError, RwLock};

use optio_domain::{
    ports::{Chance, KeySource},
    secret::{KeyId, Ring, SecretKey, SecretText},
};

use super::{Sealed, SecretError, cipher};

/// The keys this process has. Where one is missing, it is looked for once more where they are kept:
/// another server may have made it.
pub struct Vault {
    ring: RwLock<Ring>,
    source: Arc<dyn KeySource>,
    chance: Arc<dyn Chance>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Vault {
    /// The keys of a source.
    ///
    /// # Errors
    /// What is wrong with them, and what to do.
    pub fn new(source: Arc<dyn KeySource>, chance: Arc<dyn Chance>) -> Result<Self, String> {
        Ok(Self {
            ring: RwLock::new(source.read()?),
            source,
            chance,
        })
    }

    /// The keys there are now.
    pub(super) fn ring(&self) -> Ring {
        self.ring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn put(&self, ring: Ring) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
    }

    /// Reads the keys anew.
    pub(super) fn reload(&self) -> Result<(), SecretError> {
        self.put(self.source.read().map_err(SecretError::Keys)?);
        Ok(())
    }

    /// The key to seal with once this one is not to be used any longer.
    pub(super) fn renew(&self, current: &KeyId) -> Result<SecretKey, SecretError> {
        let ring = self.source.renew(current).map_err(SecretError::Keys)?;
        self.put(ring.clone());
        Ok(ring.newest().clone())
    }

    /// Lets all other keys go.
    pub(super) fn settle(&self, current: &KeyId) -> Result<(), SecretError> {
        self.source.settle(current).map_err(SecretError::Keys)?;
        self.reload()
    }

    /// The key of that name, wherever it must be looked for.
    pub(super) fn key(&self, id: &str) -> Result<SecretKey, SecretError> {
        if let Some(key) = self.ring().find(id) {
            return Ok(key.clone());
        }
        self.reload()?;
        let ring = self.ring();
        let key = ring.find(id).cloned();
        key.ok_or_else(|| SecretError::NoKey(id.to_owned()))
    }

    /// A fresh nonce: 96 random bits are enough for 2^32 sealings under one key.
    pub(super) fn nonce(&self) -> Result<[u8; cipher::NONCE_BYTES], SecretError> {
        let mut nonce = [0; cipher::NONCE_BYTES];
        let filled = self.chance.fill(&mut nonce);
        filled.map_err(|error| {
            SecretError::Keys(format!("this machine gives no randomness: {error}"))
        })?;
        Ok(nonce)
    }

    /// Seals a value into its row, bound to all the row says.
    pub(super) fn seal(
        &self,
        key: &SecretKey,
        row: &mut Sealed,
        value: &SecretText,
    ) -> Result<(), SecretError> {
        key.id().as_str().clone_into(&mut row.key_id);
        let nonce = self.nonce()?;
        let sealed = cipher::seal(key, nonce, &row.bound(), value.reveal().as_bytes());
        row.sealed = sealed.ok_or_else(|| SecretError::Unopened(vec![row.name.clone()]))?;
        row.nonce = nonce.to_vec();
        Ok(())
    }

    /// Opens a row.
    pub(super) fn open(&self, row: &Sealed) -> Result<SecretText, SecretError> {
        let key = self.key(&row.key_id)?;
        cipher::open(&key, &row.nonce, &row.bound(), &row.sealed)
            .map(SecretText::new)
            .ok_or_else(|| SecretError::Unopened(vec![format!("{} ({})", row.name, row.scope)]))
    }
}
