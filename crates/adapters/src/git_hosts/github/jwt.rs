//! What a GitHub App signs to say that it is itself: a JSON Web Token under RS256.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ring::{rand::SystemRandom, signature};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde_json::json;

use super::BadSettings;

/// Seconds a claim is good for. GitHub allows ten minutes by its own clock.
const GOOD_S: i64 = 540;
/// Seconds the claim is dated back, for a clock of ours that is fast.
const BACK_S: i64 = 60;

/// The key of a GitHub App.
pub(super) struct AppKey {
    id: u64,
    pair: signature::RsaKeyPair,
}

impl AppKey {
    /// The key from what GitHub gave out: PEM, of either kind.
    pub(super) fn read(id: u64, pem: &str) -> Result<Self, BadSettings> {
        let bad = |_| BadSettings::PrivateKey;
        let der =
            PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| BadSettings::PrivateKey)?;
        let pair = if let PrivateKeyDer::Pkcs1(der) = &der {
            signature::RsaKeyPair::from_der(der.secret_pkcs1_der())
        } else if let PrivateKeyDer::Pkcs8(der) = &der {
            signature::RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
        } else {
            return Err(BadSettings::PrivateKey);
        };
        Ok(Self {
            id,
            pair: pair.map_err(bad)?,
        })
    }

    /// A claim to be the app, good for some minutes. `None` if the machine has no randomness.
    pub(super) fn claim(&self, now: DateTime<Utc>) -> Option<String> {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(json!({ "alg": "RS256", "typ": "JWT" }));
        let claims = part(json!({
            "iat": (now - TimeDelta::seconds(BACK_S)).timestamp(),
            "exp": (now + TimeDelta::seconds(GOOD_S)).timestamp(),
            "iss": self.id.to_string(),
        }));
        let text = format!("{head}.{claims}");
        let mut signed = vec![0; self.pair.public().modulus_len()];
        let padding = &signature::RSA_PKCS1_SHA256;
        self.pair
            .sign(padding, &SystemRandom::new(), text.as_bytes(), &mut signed)
            .ok()?;
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signed)))
    }
}
