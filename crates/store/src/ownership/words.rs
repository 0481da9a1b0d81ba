//! Words between replicas, by `NOTIFY`. They may be lost; nothing depends on one.

use sqlx::{PgPool, postgres::PgListener};

use crate::StoreError;

/// Hears what is said on its channels.
#[derive(Debug)]
pub struct Listener {
    listener: PgListener,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Somebody said something.
    Words {
        /// Where.
        channel: String,
        /// What.
        words: String,
    },
    /// The connection broke and is there again: something may have been missed.
    Gap,
}

impl Listener {
    pub(super) async fn start(pool: &PgPool, channels: &[String]) -> Result<Self, StoreError> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener
            .listen_all(channels.iter().map(String::as_str))
            .await?;
        Ok(Self { listener })
    }

    /// Waits for the next words.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; listening begins anew with a new listener.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        Ok(match self.listener.try_recv().await? {
            Some(said) => Heard::Words {
                channel: said.channel().to_owned(),
                words: said.payload().to_owned(),
            },
            None => Heard::Gap,
        })
    }
}
