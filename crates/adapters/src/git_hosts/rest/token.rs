//! Tokens: whose they are, and how they are shown.

use std::sync::Arc;

use optio_domain::{git_host::GitHostError, ports::StoredToken};

/// A token and the name its rate limit is counted under.
#[derive(Clone)]
pub(crate) struct Bearer {
    pub(crate) name: String,
    pub(crate) token: String,
}

/// How most show a token.
pub(crate) fn as_bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The token of an account.
#[derive(Clone)]
pub(in super::super) enum Account {
    /// Given at the start.
    Given(String),
    /// Stored where people change it.
    Stored(Arc<dyn StoredToken>),
}

impl Account {
    /// What calls are made with now.
    pub(in super::super) async fn bearer(&self) -> Result<Bearer, GitHostError> {
        let token = match self {
            Self::Given(token) => token.clone(),
            Self::Stored(stored) => {
                let unusable = |words: &str| GitHostError::Unauthorized {
                    words: words.to_owned(),
                    remedy: stored.remedy(),
                };
                let token = stored.token().await.map_err(GitHostError::Busy)?;
                let token = token.ok_or_else(|| unusable("there is no token"))?;
                plain_token(token.reveal())
                    .ok_or_else(|| unusable("the token holds characters that no token has"))?
            }
        };
        Ok(Bearer {
            name: String::new(),
            token,
        })
    }
}

/// A token as a header can carry it; `None` where it is empty or holds what no token has.
pub(crate) fn plain_token(token: &str) -> Option<String> {
    let token = token.trim().to_owned();
    let is_plain = !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic());
    is_plain.then_some(token)
}
