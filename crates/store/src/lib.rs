//! Every line of SQL: rows in, domain values out.
//!
//! Every write of an actor names the version it has read ([`step::Step`]); the loser gets
//! [`StoreError::Moved`] and looks again.

use std::{sync::Arc, time::Duration};

use sqlx::{
    Connection as _,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
};

pub mod actors;
pub mod agents;
pub mod asks;
mod clean;
mod error;
pub mod events;
pub mod idempotency;
pub mod jobs;
pub mod ledger;
pub mod mail;
pub mod metrics;
pub mod notices;
pub mod overview;
pub mod ownership;
pub mod pools;
pub mod pr_reviews;
pub mod pulls;
pub mod repos;
pub mod retention;
pub mod run_files;
pub mod runs;
pub mod secrets;
pub mod step;
pub mod tasks;
pub mod templates;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod tickets;
pub mod topics;
pub mod triggers;
pub mod turns;

pub use error::StoreError;
use ownership::Holding;

/// How long a caller waits for a connection before it is told that the database is away.
const ACQUIRE_MAX: Duration = Duration::from_secs(3);
/// A connection that nobody used for so long is asked whether it still lives before it is used.
/// Asking each time would double the round trips of a busy database.
const TRUST_MAX: Duration = Duration::from_millis(10);
/// How long a transaction may wait for us.
const IDLE_IN_TRANSACTION_MAX: &str = "3s";

/// The database, as everything else knows it.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    /// What is ours, where several control planes share the database.
    holding: Option<Arc<Holding>>,
    counters: Arc<metrics::Counters>,
    /// What opens the secrets.
    vault: Option<Arc<secrets::Vault>>,
}

impl Store {
    /// Connects. The URL may name a socket directory: `postgres:///optio?host=/run/x&user=y`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database does not answer, [`StoreError::Corrupt`] when
    /// the URL cannot be read.
    pub async fn connect(url: &str, connections_max: u32) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url
            .parse()
            .map_err(|error: sqlx::Error| StoreError::Corrupt(format!("database URL: {error}")))?;
        let pool = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(ACQUIRE_MAX)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if TRUST_MAX <= meta.idle_for {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(with_settings(options).application_name("optio"))
            .await?;
        Ok(Self {
            pool,
            holding: None,
            counters: Arc::default(),
            vault: None,
        })
    }

    /// Brings the schema up to date. Safe to call from several processes at once.
    ///
    /// # Errors
    /// [`StoreError`] when a migration fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut migrations = sqlx::migrate!("../../migrations");
        // Migrations only ever add what the version before can live with: while one version takes the place of
        // another, or is taken back, the older one starts on the newer schema.
        migrations.set_ignore_missing(true);
        migrations
            .run(&self.pool)
            .await
            .map_err(|error| StoreError::Corrupt(plainly(&error)))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// How many connections there may be at once.
    #[must_use]
    pub fn connections_max(&self) -> usize {
        usize::try_from(self.pool.options().get_max_connections()).unwrap_or(1)
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn plainly(error: &MigrateError) -> String {
    if let MigrateError::VersionMismatch(version) = error {
        return format!(
            "migration {version} of the database is not this program's: an unreleased build made it; \
             choose another --data-dir or DATABASE_URL, or remove this one if nothing in it matters"
        );
    }
    format!("migration: {error}")
}

/// A process that is stopped in the middle of a transaction must not keep its rows from the others
/// for longer than a lease: the server ends such a session.
///
/// Every statement is planned once for each connection. Postgres would rather plan most of ours anew for each
/// call, because it takes unknown arrays for long ones; planning takes longer than carrying them out. A plan
/// that was made while a table was small must serve it when it is large, so that it may not begin by reading
/// all of it: every statement of ours finds its rows by an index.
fn with_settings(options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        (
            "idle_in_transaction_session_timeout",
            IDLE_IN_TRANSACTION_MAX,
        ),
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("jit", "off"),
    ])
}
