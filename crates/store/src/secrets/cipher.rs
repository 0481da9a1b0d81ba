//! AES-256-GCM: nothing is opened that was changed, or that was sealed for another row.

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use optio_domain::secret::SecretKey;

/// Bytes of a nonce.
pub(super) const NONCE_BYTES: usize = 12;

/// The parts that are bound to a sealed text, each with its length, so that no two rows have the
/// same.
pub(super) fn bound(parts: &[Option<&str>]) -> Vec<u8> {
    let mut bytes = b"optio.secret.1".to_vec();
    for part in parts {
        match part {
            None => bytes.push(0),
            Some(text) => {
                bytes.push(1);
                bytes.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    bytes
}

/// Seals a text. `None` where it is too large for the cipher.
pub(super) fn seal(
    key: &SecretKey,
    nonce: [u8; NONCE_BYTES],
    bound: &[u8],
    text: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload {
        msg: text,
        aad: bound,
    };
    cipher(key).encrypt(&Nonce::from(nonce), payload).ok()
}

/// Opens a text. `None` where key, nonce, text or what is bound to it are not those of the sealing.
pub(super) fn open(key: &SecretKey, nonce: &[u8], bound: &[u8], sealed: &[u8]) -> Option<String> {
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    let payload = Payload {
        msg: sealed,
        aad: bound,
    };
    let text = cipher(key).decrypt(&Nonce::from(nonce), payload).ok()?;
    String::from_utf8(text).ok()
}

fn cipher(key: &SecretKey) -> Aes256Gcm {
    Aes256Gcm::new(&(*key.bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(first: u8) -> SecretKey {
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = first.wrapping_add(u8::try_from(at * at % 251).unwrap());
        }
        SecretKey::new(bytes).unwrap()
    }

    #[test]
    fn only_what_was_sealed_is_opened_and_only_with_everything_that_was_bound_to_it() {
        let (nonce, bound_to) = ([7; NONCE_BYTES], bound(&[Some("NAME"), None]));
        let sealed = seal(&key(1), nonce, &bound_to, b"hunter2").unwrap();
        assert!(!sealed.windows(7).any(|it| it == b"hunter2"));
        let opened = open(&key(1), &nonce, &bound_to, &sealed);
        assert_eq!(opened.as_deref(), Some("hunter2"));
        assert_eq!(open(&key(2), &nonce, &bound_to, &sealed), None);
        assert_eq!(open(&key(1), &[8; NONCE_BYTES], &bound_to, &sealed), None);
        assert_eq!(
            open(&key(1), &nonce, &bound(&[Some("OTHER"), None]), &sealed),
            None
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(
                open(&key(1), &nonce, &bound_to, &changed),
                None,
                "byte {at}"
            );
        }
    }

    #[test]
    fn what_is_bound_is_the_same_for_no_two_rows() {
        let rows = [
            bound(&[Some("a"), Some("bc")]),
            bound(&[Some("ab"), Some("c")]),
            bound(&[Some("abc"), None]),
            bound(&[Some("abc"), Some("")]),
            bound(&[None, Some("abc")]),
        ];
        for (at, row) in rows.iter().enumerate() {
            assert!(!rows[..at].contains(row), "{at}");
        }
    }
}
