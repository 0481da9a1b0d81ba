//! The keys secrets are sealed with.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

/// Bytes of a key.
const BYTES: usize = 32;
/// Characters of a key's name.
const ID_CHARS: usize = 16;
/// 32 random bytes have about 30 values; fewer than this many never come by chance.
const VALUES_MIN: usize = 16;

/// The name of a key: a part of its hash, from which nobody finds the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no key, or a bad one. The words never contain it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; `openssl rand -hex 32` makes a good one")]
pub struct WeakKey(String);

/// A key of AES-256. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; BYTES]);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey({})", self.id())
    }
}

impl SecretKey {
    /// A key of these bytes.
    ///
    /// # Errors
    /// [`WeakKey`] when nobody would find such bytes by chance.
    pub fn new(bytes: [u8; BYTES]) -> Result<Self, WeakKey> {
        match pattern(&bytes) {
            None => Ok(Self(bytes)),
            Some(why) => Err(WeakKey(format!("is too easy to guess: {why}"))),
        }
    }

    /// Reads a key: 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`WeakKey`] when it is something else, or too easy to guess.
    pub fn parse(text: &str) -> Result<Self, WeakKey> {
        let count = text.chars().count();
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(WeakKey(format!("must be {} hexadecimal digits", 2 * BYTES)));
        }
        if count != 2 * BYTES {
            return Err(WeakKey(format!(
                "must be {} hexadecimal digits and has {count}",
                2 * BYTES
            )));
        }
        let mut bytes = [0; BYTES];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).unwrap_or_default();
            *byte = u8::from_str_radix(pair, 16).unwrap_or_default();
        }
        Self::new(bytes)
    }

    /// The key as [`SecretKey::parse`] reads it, for the file it is kept in.
    #[must_use]
    pub fn reveal(&self) -> String {
        hex(&self.0)
    }

    /// The bytes, for the cipher.
    #[must_use]
    pub fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash = Sha256::new()
            .chain_update(b"optio secret key\0")
            .chain_update(self.0)
            .finalize();
        let mut name = hex(&hash);
        name.truncate(ID_CHARS);
        KeyId(name)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a person would see in these bytes.
fn pattern(bytes: &[u8; BYTES]) -> Option<&'static str> {
    let step = |pair: &[u8]| pair[1].wrapping_sub(pair[0]);
    let values: BTreeSet<u8> = bytes.iter().copied().collect();
    let steps: BTreeSet<u8> = bytes.windows(2).map(step).collect();
    let repeats = (1..=BYTES / 2).any(|period| bytes[period..] == bytes[..BYTES - period]);
    if values.len() == 1 {
        Some("all its bytes are equal")
    } else if steps.len() == 1 {
        Some("it counts")
    } else if repeats {
        Some("it repeats itself")
    } else if values.len() < VALUES_MIN {
        Some("it has few different bytes")
    } else if bytes
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
    {
        Some("it is a text")
    } else {
        None
    }
}

/// The keys there are: the newest, and those before it that something may still be sealed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    newest: SecretKey,
    older: Vec<SecretKey>,
}

impl Ring {
    /// A ring of keys, the newest first. The same key twice is one key.
    #[must_use]
    pub fn new(newest: SecretKey, older: Vec<SecretKey>) -> Self {
        let older = older.into_iter().filter(|key| *key != newest).collect();
        Self { newest, older }
    }

    /// The newest.
    #[must_use]
    pub fn newest(&self) -> &SecretKey {
        &self.newest
    }

    /// All of them, the newest first.
    pub fn keys(&self) -> impl Iterator<Item = &SecretKey> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    /// The key of that name.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&SecretKey> {
        self.keys().find(|key| key.id().as_str() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "8f1c5a07d39be2644af0917e2cb8d35566a90ef3127bc48d01fe3a95d7602bc4";

    #[test]
    fn a_key_is_read_and_never_printed() {
        let key = SecretKey::parse(GOOD).unwrap();
        assert_eq!(key, SecretKey::parse(&GOOD.to_uppercase()).unwrap());
        assert_eq!(key.reveal(), GOOD);
        let printed = format!("{key:?}");
        assert_eq!(printed, format!("SecretKey({})", key.id()));
        assert!(!printed.contains(&GOOD[..8]), "{printed}");
    }

    #[test]
    fn a_weak_key_is_refused_with_its_reason_and_never_repeated() {
        let text = "correct horse battery staple 123";
        let of_text: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let counting: String = (3..35).map(|byte| format!("{byte:02x}")).collect();
        let two = format!("{}{}", "00".repeat(31), "01");
        for (weak, why) in [
            ("", "64 hexadecimal digits and has 0"),
            (&GOOD[..62], "has 62"),
            ("hunter2", "64 hexadecimal digits"),
            (&"ab".repeat(32), "all its bytes are equal"),
            (&counting, "it counts"),
            (&"0123456789abcdef".repeat(4), "it repeats itself"),
            (&two, "few different bytes"),
            (&of_text, "it is a text"),
        ] {
            let refused = SecretKey::parse(weak).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
            assert!(refused.contains("openssl rand -hex 32"), "{refused}");
            assert!(weak.is_empty() || !refused.contains(weak), "{refused}");
        }
    }

    #[test]
    fn a_ring_finds_its_keys_by_name() {
        let one = SecretKey::parse(GOOD).unwrap();
        let other = SecretKey::parse(&GOOD.replace('8', "9")).unwrap();
        let ring = Ring::new(other.clone(), vec![other.clone(), one.clone()]);
        assert_eq!(ring.keys().count(), 2);
        assert_eq!(ring.find(one.id().as_str()), Some(&one));
        assert_eq!(ring.find("nonsense"), None);
    }
}
