//! How a receiver knows that a delivery is ours: the header of the seed system, and those of Standard
//! Webhooks beside it.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{agent::spec::Invalid, id::NoticeId, secret::SecretText};

/// What a secret of Standard Webhooks begins with.
pub const STANDARD_PREFIX: &str = "whsec_";
/// Bytes that a secret of Standard Webhooks stands for.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of a secret in any other form.
const TEXT_BYTES_MAX: usize = 1_024;

/// A secret that somebody wants deliveries to be signed with: `whsec_` and base64, or any text.
///
/// # Errors
/// The rule it breaks, without the secret.
pub fn read_secret(text: &str) -> Result<SecretText, Invalid> {
    let invalid = |rule: String| Err(Invalid::new("secret", rule));
    if text.is_empty() || TEXT_BYTES_MAX < text.len() {
        return invalid(format!("must be a text of 1 to {TEXT_BYTES_MAX} bytes"));
    }
    if text.chars().any(char::is_control) {
        return invalid("must not contain line ends or other control characters".to_owned());
    }
    if let Some(encoded) = text.strip_prefix(STANDARD_PREFIX) {
        let fits = STANDARD
            .decode(encoded)
            .is_ok_and(|key| KEY_BYTES.contains(&key.len()));
        if !fits {
            return invalid(format!(
                "begins with {STANDARD_PREFIX} and must go on with {} to {} bytes as base64",
                KEY_BYTES.start(),
                KEY_BYTES.end()
            ));
        }
    }
    Ok(SecretText::new(text))
}

/// A new secret from so many random bytes.
#[must_use]
pub fn new_secret(bytes: &[u8; 32]) -> SecretText {
    SecretText::new(format!("{STANDARD_PREFIX}{}", STANDARD.encode(bytes)))
}

/// The header of the seed system: HMAC-SHA256 of the body with the secret as it is written, in hex.
#[must_use]
pub fn seed(secret: &SecretText, body: &str) -> String {
    let mac = mac(secret.reveal().as_bytes(), &[body.as_bytes()]);
    mac.iter().fold(String::new(), |mut hex, byte| {
        let _written = write!(hex, "{byte:02x}");
        hex
    })
}

/// The header of Standard Webhooks: one signature for each secret that is good, over the identity, the
/// seconds since 1970, and the body.
#[must_use]
pub fn standard(secrets: &[SecretText], id: NoticeId, timestamp: i64, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.");
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| {
            let mac = mac(&standard_key(secret), &[signed.as_bytes(), body.as_bytes()]);
            format!("v1,{}", STANDARD.encode(mac))
        })
        .collect();
    signatures.join(" ")
}

/// The key that a secret stands for.
fn standard_key(secret: &SecretText) -> Vec<u8> {
    let text = secret.reveal();
    let decoded = text
        .strip_prefix(STANDARD_PREFIX)
        .and_then(|encoded| STANDARD.decode(encoded).ok());
    decoded.unwrap_or_else(|| text.as_bytes().to_vec())
}

pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn text(text: &str) -> SecretText {
        read_secret(text).unwrap()
    }

    #[test]
    fn the_signature_of_the_seed_system_is_that_of_every_other_tool() {
        // printf '{"a":1}' | openssl dgst -sha256 -hmac hush
        let expected = "dfe62afd3a708ea27b217b8cabc11f103edbfb2d176e892a38a2d475a803c4c2";
        assert_eq!(seed(&text("hush"), "{\"a\":1}"), expected);
    }

    #[test]
    fn the_signature_of_standard_webhooks_is_that_of_its_libraries() {
        // The example of the specification's own libraries.
        let secret = text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let mac = mac(
            &standard_key(&secret),
            &[b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"],
        );
        assert_eq!(
            STANDARD.encode(mac),
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn while_secrets_change_each_of_them_signs() {
        let id = NoticeId(Uuid::from_u128(7));
        let (old, new) = (text("old"), text("new"));
        let each = [&new, &old].map(|it| standard(std::slice::from_ref(it), id, 9, "{}"));
        let both = standard(&[new, old], id, 9, "{}");
        assert_eq!(both, each.join(" "));
        assert!(both.starts_with("v1,"), "{both}");
        assert_eq!(standard(&[], id, 9, "{}"), "");
    }

    #[test]
    fn a_secret_is_bounded_and_no_refusal_repeats_it() {
        let made = new_secret(&[7; 32]);
        assert!(read_secret(made.reveal()).is_ok());
        let long = "hunter2".repeat(TEXT_BYTES_MAX);
        for bad in ["", "hunter2\n", "whsec_hunter2", "whsec_aGVsbG8=", &long] {
            let refused = read_secret(bad).unwrap_err();
            assert_eq!(refused.field, "secret");
            assert!(!refused.rule.contains("hunter2"), "{refused}");
        }
    }
}
