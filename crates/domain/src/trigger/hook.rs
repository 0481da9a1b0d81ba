//! Calls of a webhook: whether whoever calls knows the secret, and whether it is the same call again.
//!
//! The signature is that of the bytes which came in. The schemes: Optio's own, which the seed system's clients
//! use (`X-Optio-Signature`, hexadecimal HMAC-SHA256); [Standard Webhooks](https://www.standardwebhooks.com)
//! (`webhook-id`, `webhook-timestamp`, `webhook-signature`); GitHub's (`X-Hub-Signature-256`); and GitLab's, which
//! shows the secret itself (`X-Gitlab-Token`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::config::SameBody;
use crate::{
    git_host::{is_signed, is_token},
    secret::SecretText,
};

/// How far a signed moment may lie from ours.
pub const CLOCK_MAX: TimeDelta = TimeDelta::minutes(5);
/// How secrets of Standard Webhooks begin; what follows is base64.
const PREFIX: &str = "whsec_";
/// Characters of a delivery's id that are looked at.
const ID_CHARS_MAX: usize = 200;

/// How calls are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// By any of them.
    #[default]
    Any,
    /// `X-Optio-Signature`.
    Optio,
    /// Standard Webhooks.
    Standard,
    /// `X-Hub-Signature-256`.
    GitHub,
    /// `X-Gitlab-Token`.
    GitLab,
}

impl Scheme {
    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            ("any", Self::Any),
            ("optio", Self::Optio),
            ("standard", Self::Standard),
            ("github", Self::GitHub),
            ("gitlab", Self::GitLab),
        ]
        .into_iter()
        .find(|(word, _)| *word == text)
        .map(|(_, scheme)| scheme)
    }

    fn takes(self, other: Self) -> bool {
        self == Self::Any || self == other
    }
}

/// The headers of a call that matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    /// `X-Optio-Signature`.
    pub optio: Option<&'a str>,
    /// `webhook-id`.
    pub standard_id: Option<&'a str>,
    /// `webhook-timestamp`, in seconds of Unix time.
    pub standard_at: Option<&'a str>,
    /// `webhook-signature`.
    pub standard: Option<&'a str>,
    /// `X-Hub-Signature-256`.
    pub github: Option<&'a str>,
    /// `X-GitHub-Delivery`.
    pub github_id: Option<&'a str>,
    /// `X-Gitlab-Token`.
    pub gitlab: Option<&'a str>,
    /// `X-Gitlab-Event-UUID`.
    pub gitlab_id: Option<&'a str>,
    /// `Idempotency-Key`.
    pub key: Option<&'a str>,
}

/// Why a call is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disbelieved {
    /// It is not signed.
    #[error("the call is not signed, or not in the way this webhook wants it")]
    Unsigned,
    /// The signature is not that of the secret and these bytes.
    #[error("the signature is not that of this webhook's secret and of the bytes that came in")]
    Wrong,
    /// It was signed at another time.
    #[error(
        "the call was signed more than five minutes ago or ahead: it is a repeat, or a clock is wrong"
    )]
    Stale,
}

/// Whether whoever calls knows the secret.
///
/// # Errors
/// Why it is not believed.
pub fn verify(
    scheme: Scheme,
    secret: &SecretText,
    headers: &Headers<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Disbelieved> {
    let key = secret.reveal().as_bytes();
    if let (true, Some(given)) = (scheme.takes(Scheme::Standard), headers.standard) {
        return standard(secret.reveal(), headers, given, body, now);
    }
    let told = if let (true, Some(given)) = (scheme.takes(Scheme::GitHub), headers.github) {
        is_signed(key, body, given)
    } else if let (true, Some(given)) = (scheme.takes(Scheme::Optio), headers.optio) {
        let given = given.trim_start_matches("sha256=");
        is_signed(key, body, &format!("sha256={given}"))
    } else if let (true, Some(given)) = (scheme.takes(Scheme::GitLab), headers.gitlab) {
        is_token(key, given.as_bytes())
    } else {
        return Err(Disbelieved::Unsigned);
    };
    if told {
        Ok(())
    } else {
        Err(Disbelieved::Wrong)
    }
}

fn standard(
    secret: &str,
    headers: &Headers<'_>,
    given: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Disbelieved> {
    let (Some(id), Some(at)) = (headers.standard_id, headers.standard_at) else {
        return Err(Disbelieved::Unsigned);
    };
    let key = match secret.strip_prefix(PREFIX) {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map_err(|_bad| Disbelieved::Wrong)?,
        None => secret.as_bytes().to_vec(),
    };
    let signed = |signature: &[u8]| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
            return false;
        };
        for part in [id.as_bytes(), b".", at.as_bytes(), b".", body] {
            mac.update(part);
        }
        !key.is_empty() && mac.verify_slice(signature).is_ok()
    };
    // Several signatures stand beside each other while a secret is being exchanged.
    let told = given
        .split_whitespace()
        .filter_map(|it| it.strip_prefix("v1,"))
        .filter_map(|it| STANDARD.decode(it).ok())
        .any(|it| signed(&it));
    if !told {
        return Err(Disbelieved::Wrong);
    }
    let at = at
        .parse()
        .ok()
        .and_then(|at| DateTime::from_timestamp(at, 0));
    let near = at.is_some_and(|at| (now - at).abs() <= CLOCK_MAX);
    if near {
        Ok(())
    } else {
        Err(Disbelieved::Stale)
    }
}

/// By what a call is known: the same one again changes nothing. `None` where nothing tells it from others.
#[must_use]
pub fn delivery(headers: &Headers<'_>, same: SameBody, body: &[u8]) -> Option<String> {
    let ids = [
        headers.standard_id,
        headers.github_id,
        headers.gitlab_id,
        headers.key,
    ];
    if same == SameBody::Once {
        return Some(digest(body));
    }
    let id = ids.into_iter().flatten().find(|id| !id.trim().is_empty())?;
    // What is long is cut, and what was cut is told apart by all of it.
    Some(if id.chars().count() <= ID_CHARS_MAX {
        id.to_owned()
    } else {
        digest(id.as_bytes())
    })
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn secret(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    #[test]
    fn every_scheme_believes_its_own_signature_and_no_other() {
        let (key, body) = (secret("hunter2"), br#"{"a": 1}"#.as_slice());
        let plain = hex(&mac(b"hunter2", &[body]));
        let hub = format!("sha256={plain}");
        let seed = Headers {
            optio: Some(&plain),
            ..Headers::default()
        };
        let github = Headers {
            github: Some(&hub),
            ..Headers::default()
        };
        let gitlab = Headers {
            gitlab: Some("hunter2"),
            ..Headers::default()
        };
        let all = [
            (Scheme::Optio, seed),
            (Scheme::GitHub, github),
            (Scheme::GitLab, gitlab),
        ];
        for (mine, headers) in all {
            for scheme in [Scheme::Any, Scheme::Optio, Scheme::GitHub, Scheme::GitLab] {
                let told = verify(scheme, &key, &headers, body, now());
                let wanted = if scheme == Scheme::Any || scheme == mine {
                    Ok(())
                } else {
                    Err(Disbelieved::Unsigned)
                };
                assert_eq!(told, wanted, "{mine:?} by {scheme:?}");
            }
            let other = verify(Scheme::Any, &secret("other"), &headers, body, now());
            assert_eq!(other, Err(Disbelieved::Wrong));
        }
        for headers in [seed, github] {
            let changed = verify(Scheme::Any, &key, &headers, br#"{"a":1}"#, now());
            assert_eq!(changed, Err(Disbelieved::Wrong), "not even by a blank");
        }
        let none = verify(Scheme::Any, &key, &Headers::default(), body, now());
        assert_eq!(none, Err(Disbelieved::Unsigned));
    }

    #[test]
    fn the_example_of_standard_webhooks_is_believed_and_only_at_its_time() {
        // The example that the libraries of Standard Webhooks test themselves with.
        let key = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let headers = Headers {
            standard_id: Some("msg_p5jXN8AQM9LWM0D4loKWxJek"),
            standard_at: Some("1614265330"),
            standard: Some(
                "v1,bm9ldHUjKzFob2VudXRob2VodWUzMjRvdWVvdW9ldQo= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            ..Headers::default()
        };
        let then = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        assert_eq!(verify(Scheme::Any, &key, &headers, body, then), Ok(()));
        let late = then + TimeDelta::seconds(301);
        let told = verify(Scheme::Standard, &key, &headers, body, late);
        assert_eq!(told, Err(Disbelieved::Stale));
        let other = Headers {
            standard_id: Some("msg_other"),
            ..headers
        };
        let told = verify(Scheme::Any, &key, &other, body, then);
        assert_eq!(told, Err(Disbelieved::Wrong), "the id is signed too");
    }

    #[test]
    fn a_call_is_known_by_its_delivery_or_by_its_body() {
        let github = Headers {
            github_id: Some("72d3162e"),
            ..Headers::default()
        };
        let of = |headers: &Headers<'_>, same, body: &[u8]| delivery(headers, same, body);
        assert_eq!(
            of(&github, SameBody::Again, b"1").as_deref(),
            Some("72d3162e")
        );
        assert_eq!(of(&Headers::default(), SameBody::Again, b"1"), None);
        let once = |body: &[u8]| of(&github, SameBody::Once, body);
        assert_eq!(once(b"1"), once(b"1"));
        assert_ne!(once(b"1"), once(b"2"));
    }
}
