//! The GitHub App: what it signs is checked, and its installation gets tokens that end.

use chrono::TimeDelta;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::setup::AppSetup;
use super::shape::{self, node};
use super::wire::{Answer, Call, Refusal, created, ok};
use super::world::{Caller, Lent, World, now, stamp};

/// Seconds that a text signed by the app may say it is good for, as with GitHub.
const CLAIM_S_MAX: i64 = 600;
/// What the app is called.
const SLUG: &str = "optio";

/// The app, if it signed this text, which is a JSON Web Token.
pub(super) fn signed_by(app: &AppSetup, text: &str) -> Option<Caller> {
    let (signed, signature) = text.rsplit_once('.')?;
    let (_, claims) = signed.split_once('.')?;
    let key = public_key(&app.private_key)?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(signed.as_bytes(), &decode(signature)?).ok()?;
    let claims: Value = serde_json::from_slice(&decode(claims)?).ok()?;
    // Both a number and its digits will do.
    let issuer = &claims["iss"];
    let digits = issuer.as_str().and_then(|text| text.parse().ok());
    let issuer = issuer.as_u64().or(digits);
    let left_s = claims["exp"].as_i64()? - now().timestamp();
    let is_good = issuer == Some(app.id) && (0..=CLAIM_S_MAX).contains(&left_s);
    is_good.then(|| Caller {
        login: format!("{SLUG}[bot]"),
        repos: None,
        token: format!("app {}", app.id),
        is_app: true,
    })
}

fn public_key(pem: &str) -> Option<Vec<u8>> {
    let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()?;
    let pair = if let PrivateKeyDer::Pkcs1(der) = &der {
        RsaKeyPair::from_der(der.secret_pkcs1_der())
    } else if let PrivateKeyDer::Pkcs8(der) = &der {
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
    } else {
        return None;
    };
    Some(pair.ok()?.public_key().as_ref().to_vec())
}

fn decode(text: &str) -> Option<Vec<u8>> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The installation of the app in a repository. It has the number of the repository.
pub(super) fn installation(world: &World, key: &str) -> Answer {
    let app = world.app.as_ref().ok_or_else(Refusal::missing)?;
    let repo = world.repos.get(key).ok_or_else(Refusal::missing)?;
    let own = format!("{}/app/installations/{}", world.url, repo.id);
    let since = stamp(repo.created);
    ok(json!({
        "id": repo.id, "app_id": app.id, "app_slug": SLUG, "target_id": repo.id,
        "node_id": node("IN", repo.id),
        "target_type": "User", "single_file_name": null, "repository_selection": "selected",
        "access_tokens_url": format!("{own}/access_tokens"), "html_url": own,
        "repositories_url": format!("{}/installation/repositories", world.url),
        "account": shape::user(world, &repo.owner), "events": ["pull_request"],
        "permissions": { "contents": "write", "pull_requests": "write", "checks": "read" },
        "created_at": since, "updated_at": since, "suspended_by": null, "suspended_at": null,
    }))
}

/// A token for an installation, for the repositories that are named or for all of their owner.
pub(super) fn lend(world: &mut World, number: &str, call: &Call) -> Answer {
    let app = world.app.clone().ok_or_else(Refusal::missing)?;
    let number: u64 = number.parse().map_err(|_| Refusal::missing())?;
    let owner = world.repos.values().find(|repo| repo.id == number);
    let owner = owner.ok_or_else(Refusal::missing)?.owner.clone();
    let names = call.texts("repositories");
    let of_owner = world.repos.values().filter(|repo| repo.owner == owner);
    let wanted = |name: &str| {
        names
            .as_ref()
            .is_none_or(|it| it.iter().any(|it| it == name))
    };
    let keys: Vec<String> = of_owner
        .filter(|it| wanted(&it.name))
        .map(|it| it.key())
        .collect();
    if names
        .as_ref()
        .is_some_and(|names| names.len() != keys.len())
    {
        let words = "There is at least one repository that does not exist or is not accessible to the parent installation.";
        return Err(Refusal::new(422, words));
    }
    let seconds = i64::try_from(app.token_s).unwrap_or(i64::MAX);
    let until = now() + TimeDelta::seconds(seconds);
    let token = format!("ghs_{:036x}", world.fresh());
    let repos = Some(keys);
    world.lent.insert(token.clone(), Lent { until, repos });
    created(json!({
        "token": token, "expires_at": stamp(until),
        "permissions": { "contents": "write", "pull_requests": "write", "checks": "read" },
        "repository_selection": "selected",
    }))
}

/// Whoever holds a token of an installation, while it lasts.
pub(super) fn holder(world: &World, token: &str) -> Option<Caller> {
    let lent = world.lent.get(token).filter(|lent| now() < lent.until)?;
    Some(Caller {
        login: format!("{SLUG}[bot]"),
        repos: lent.repos.clone(),
        token: token.to_owned(),
        is_app: false,
    })
}
