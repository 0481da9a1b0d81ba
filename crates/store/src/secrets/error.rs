//! What can go wrong with secrets, by what a person can do about it. No text holds a value or a key.

use crate::StoreError;

/// Why the store of secrets did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something is sealed with a key of that name, which is not here.
    #[error("secrets are sealed with the key {0}, which this server does not have")]
    NoKey(String),
    /// The key of that name does not open what was sealed with it.
    #[error("the check value of the key {0} in the database does not open")]
    WrongKey(String),
    /// The secrets of these names, with their scopes, do not open: somebody changed their rows.
    #[error("these secrets do not open, because their rows were changed outside of Optio: {}", .0.join(", "))]
    Unopened(Vec<String>),
    /// There are so many already.
    #[error("there are {0} secrets already, which is the most there may be")]
    Full(i64),
    /// The key is being changed by somebody else.
    #[error("the key is being changed right now")]
    Rotating,
    /// The keys cannot be had or kept; the words say what to do.
    #[error("{0}")]
    Keys(String),
}

impl From<sqlx::Error> for SecretError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
