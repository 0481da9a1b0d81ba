//! Keys of secrets that are kept in memory, as durable as the test wants them to be.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};
use optio_domain::{
    ports::{Chance, KeySource},
    secret::{KeyId, Ring, SecretKey},
};

use crate::{Store, secrets::Vault};

/// How often dice were thrown in this process.
static THROWS: AtomicU64 = AtomicU64::new(0);

/// Bytes that never repeat and that everybody can foretell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dice;

impl Chance for Dice {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        let throw = THROWS.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, thrown) in bytes.iter_mut().rev().zip(throw.iter().rev()) {
            *byte = *thrown;
        }
        Ok(())
    }
}

/// Where keys lie: whoever holds it holds the same keys, as processes that share a file do.
#[derive(Clone)]
pub struct MemoryKeys(Arc<Mutex<Ring>>);

impl MemoryKeys {
    /// A place with these keys, the newest first, each by a number.
    ///
    /// # Panics
    /// Without a number.
    #[must_use]
    pub fn new(numbers: &[u8]) -> Self {
        let mut keys = numbers.iter().map(|number| key(*number));
        let newest = keys.next().expect("a key");
        Self(Arc::new(Mutex::new(Ring::new(newest, keys.collect()))))
    }

    /// The keys that lie there.
    #[must_use]
    pub fn ring(&self) -> Ring {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A database with these keys, as a process that has just begun has it. Nothing is checked yet.
    ///
    /// # Panics
    /// Never: these keys can always be read.
    #[must_use]
    pub fn open(&self, store: &Store) -> Store {
        let vault = Vault::new(Arc::new(self.clone()), Arc::new(Dice));
        store.with_vault(Arc::new(vault.expect("keys in memory can be read")))
    }
}

impl KeySource for MemoryKeys {
    fn read(&self) -> Result<Ring, String> {
        Ok(self.ring())
    }

    fn renew(&self, current: &KeyId) -> Result<Ring, String> {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.newest().id() == *current {
            let number = u8::try_from(ring.keys().count()).unwrap_or(u8::MAX);
            let made = key(ring.newest().bytes()[0].wrapping_add(number));
            *ring = Ring::new(made, ring.keys().cloned().collect());
        }
        Ok(ring.clone())
    }

    fn settle(&self, current: &KeyId) -> Result<(), String> {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = ring.find(current.as_str()).cloned();
        *ring = Ring::new(kept.ok_or("the key is not there")?, Vec::new());
        Ok(())
    }
}

/// A key for each number, none of them weak.
fn key(number: u8) -> SecretKey {
    let mut bytes = [number; 32];
    for (at, byte) in bytes.iter_mut().enumerate().skip(1) {
        let square = u8::try_from(at * at % 251).unwrap_or_default();
        *byte = byte.wrapping_add(square);
    }
    SecretKey::new(bytes).unwrap_or_else(|weak| panic!("{weak}"))
}

/// A database with a key, ready for secrets.
///
/// # Panics
/// Where the test server does not answer.
pub async fn with_secrets(store: &Store, now: DateTime<Utc>) -> Store {
    let store = MemoryKeys::new(&[1]).open(store);
    store.check_keys(now).await.expect("a key is accepted");
    store
}
