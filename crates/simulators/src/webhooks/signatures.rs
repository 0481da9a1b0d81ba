//! What signatures are worth, by the rules as receivers read them.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// There is none.
    None,
    /// It is that of the secret.
    Good,
    /// It is not.
    Bad,
}

impl Signature {
    fn of(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}

/// Standard Webhooks: `webhook-signature` holds `v1,` and base64 of HMAC-SHA256 over
/// `{webhook-id}.{webhook-timestamp}.{body}`, several with blanks between them; the secret is `whsec_` and
/// base64 of the key.
pub(super) fn standard(secret: &str, headers: &BTreeMap<String, String>, body: &[u8]) -> Signature {
    let header = |name: &str| headers.get(name).map(String::as_str);
    let Some(signatures) = header("webhook-signature") else {
        return Signature::None;
    };
    let (Some(id), Some(timestamp)) = (header("webhook-id"), header("webhook-timestamp")) else {
        return Signature::Bad;
    };
    let encoded = secret.strip_prefix("whsec_");
    let key = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
    let key = key.unwrap_or_else(|| secret.as_bytes().to_vec());
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let good = signatures.split(' ').any(|signature| {
        let encoded = signature.strip_prefix("v1,");
        let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
        bytes.is_some_and(|bytes| is_mac(&key, &signed, &bytes))
    });
    Signature::of(good)
}

/// The seed system: `x-optio-signature` is HMAC-SHA256 of the body in hex; the secret's own characters are
/// the key.
pub(super) fn seed(secret: &str, headers: &BTreeMap<String, String>, body: &[u8]) -> Signature {
    let Some(hex) = headers.get("x-optio-signature") else {
        return Signature::None;
    };
    let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(byte).collect();
    Signature::of(bytes.is_some_and(|bytes| is_mac(secret.as_bytes(), body, &bytes)))
}

fn is_mac(key: &[u8], signed: &[u8], mac: &[u8]) -> bool {
    let Ok(mut right) = Hmac::<Sha256>::new_from_slice(key) else {
        return false;
    };
    right.update(signed);
    right.verify_slice(mac).is_ok()
}
