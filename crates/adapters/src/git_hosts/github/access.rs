//! Which token opens a repository: the one that was given, or one of the installation of our app, got
//! anew before it ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::git_host::{GitHostError, GitToken, RepoName};
use serde_json::json;

use super::{
    BadSettings, Credentials, GitHub,
    jwt::AppKey,
    shapes::{InstallationShape, LentShape, UserShape},
};
use crate::git_hosts::rest::{Account, Bearer, Method, plain_token};

/// The user name that GitHub takes with any token.
const USERNAME: &str = "x-access-token";
/// Minutes that a token must still last to be used.
const LEFT_MINUTES_MIN: i64 = 5;
/// Minutes that a token must still last to be given to a sandbox.
const LENT_MINUTES_MIN: i64 = 15;
/// Installations and tokens remembered.
const KNOWN_MAX: usize = 10_000;

/// The right to speak to GitHub.
pub(super) enum Access {
    Account(Account),
    App {
        key: Box<AppKey>,
        known: Mutex<Known>,
    },
}

/// What the app has learned and got.
#[derive(Default)]
pub(super) struct Known {
    installations: BTreeMap<RepoName, u64>,
    tokens: BTreeMap<Scope, Lent>,
}

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// All repositories of an installation.
    Installation(u64),
    /// One repository.
    Repo(RepoName),
}

#[derive(Clone)]
struct Lent {
    token: String,
    until: DateTime<Utc>,
}

impl Access {
    pub(super) fn new(credentials: Credentials) -> Result<Self, BadSettings> {
        match credentials {
            Credentials::Token(token) => plain_token(&token)
                .map(|token| Self::Account(Account::Given(token)))
                .ok_or(BadSettings::Token),
            Credentials::Stored(stored) => Ok(Self::Account(Account::Stored(stored))),
            Credentials::App { id, private_key } => Ok(Self::App {
                key: Box::new(AppKey::read(id, &private_key)?),
                known: Mutex::default(),
            }),
        }
    }
}

impl GitHub {
    /// What calls about this repository are made with.
    pub(super) async fn bearer(&self, repo: &RepoName) -> Result<Bearer, GitHostError> {
        match &self.access {
            Access::Account(account) => account.bearer().await,
            Access::App { key, known } => {
                let number = self.installation(key, known, repo).await?;
                let scope = Scope::Installation(number);
                let lent = self
                    .lent(key, known, number, scope, LEFT_MINUTES_MIN)
                    .await?;
                Ok(Bearer {
                    name: format!("installation {number}"),
                    token: lent.token,
                })
            }
        }
    }

    /// Lets go of a token that GitHub no longer takes. Answers whether there may be another one.
    pub(super) fn forget(&self, bearer: &Bearer) -> bool {
        let Access::App { known, .. } = &self.access else {
            return false;
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.tokens.retain(|_, lent| lent.token != bearer.token);
        true
    }

    /// A token that opens this repository to `git`, and no other one where the app makes it.
    pub(super) async fn lend_token(&self, repo: &RepoName) -> Result<GitToken, GitHostError> {
        let (secret, expires_at) = match &self.access {
            Access::Account(account) => (account.bearer().await?.token, None),
            Access::App { key, known } => {
                let number = self.installation(key, known, repo).await?;
                let scope = Scope::Repo(repo.clone());
                let lent = self
                    .lent(key, known, number, scope, LENT_MINUTES_MIN)
                    .await?;
                (lent.token, Some(lent.until))
            }
        };
        Ok(GitToken {
            username: USERNAME.to_owned(),
            secret,
            expires_at,
        })
    }

    /// Who we are. An app is nobody whose review could be asked for.
    pub(super) async fn read_me(&self) -> Result<String, GitHostError> {
        let Access::Account(account) = &self.access else {
            return Err(GitHostError::Refused(
                "nobody can ask a GitHub App for a review; give a token of an account".to_owned(),
            ));
        };
        let bearer = account.bearer().await?;
        let user: UserShape = self.http.get(&bearer, "/user").await?;
        Ok(user.login)
    }

    /// The app as itself.
    fn as_app(&self, key: &AppKey) -> Result<Bearer, GitHostError> {
        let claim = key.claim(self.clock.now());
        let token = claim.ok_or_else(|| GitHostError::Busy("nothing can be signed".to_owned()))?;
        Ok(Bearer {
            name: "app".to_owned(),
            token,
        })
    }

    async fn installation(
        &self,
        key: &AppKey,
        known: &Mutex<Known>,
        repo: &RepoName,
    ) -> Result<u64, GitHostError> {
        let found = lock(known).installations.get(repo).copied();
        if let Some(number) = found {
            return Ok(number);
        }
        let bearer = self.as_app(key)?;
        let path = format!("/repos/{repo}/installation");
        let reply = self.http.call(&bearer, Method::Get, &path, None).await;
        if let Err(GitHostError::NotFound(_)) = &reply {
            return Err(GitHostError::Unauthorized {
                words: format!("the GitHub App is not installed in {repo}"),
                remedy: "install it there, or give it access to this repository".to_owned(),
            });
        }
        let reply = reply?;
        let number = reply.read::<InstallationShape>()?.id;
        let mut known = lock(known);
        if KNOWN_MAX <= known.installations.len() {
            known.installations.clear();
        }
        known.installations.insert(repo.clone(), number);
        Ok(number)
    }

    /// A token that lasts at least so long; the one we have, or a new one.
    async fn lent(
        &self,
        key: &AppKey,
        known: &Mutex<Known>,
        number: u64,
        scope: Scope,
        minutes: i64,
    ) -> Result<Lent, GitHostError> {
        let needed_until = self.clock.now() + TimeDelta::minutes(minutes);
        let found = lock(known).tokens.get(&scope).cloned();
        if let Some(lent) = found.filter(|lent| needed_until < lent.until) {
            return Ok(lent);
        }
        let bearer = self.as_app(key)?;
        let path = format!("/app/installations/{number}/access_tokens");
        let body = match &scope {
            Scope::Installation(_) => json!({}),
            Scope::Repo(repo) => json!({ "repositories": [repo.name()] }),
        };
        let reply = self
            .http
            .call(&bearer, Method::Post, &path, Some(&body))
            .await;
        if let Err(GitHostError::NotFound(_)) = &reply {
            // The app was taken out and perhaps put in again: the next call looks anew.
            lock(known)
                .installations
                .retain(|_, known| *known != number);
        }
        let shape: LentShape = reply?.read()?;
        let lent = Lent {
            token: shape.token,
            until: shape.expires_at,
        };
        let mut known = lock(known);
        if KNOWN_MAX <= known.tokens.len() {
            known.tokens.clear();
        }
        known.tokens.insert(scope, lent.clone());
        Ok(lent)
    }
}

fn lock(known: &Mutex<Known>) -> std::sync::MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
