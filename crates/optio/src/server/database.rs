//! The database of a control plane: the one it was told, or its own.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::Mutex;

use crate::{
    config::{Config, Secret},
    failure::Failure,
    postgres::{EmbeddedPostgres, SYSTEM_USER},
};

/// The database, and the server where it is our own.
#[derive(Clone)]
pub(super) struct Database {
    url: Secret,
    own: Option<Own>,
}

#[derive(Clone)]
struct Own {
    data_dir: PathBuf,
    server: Arc<Mutex<Option<EmbeddedPostgres>>>,
}

impl Database {
    /// Takes the database that was named, or starts our own.
    ///
    /// # Errors
    /// What a person has to mend, with how.
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        if let Some(url) = &config.database_url {
            return Ok(Self {
                url: url.clone(),
                own: None,
            });
        }
        let server = start(config.data_dir.clone()).await?;
        Ok(Self {
            url: Secret::new(server.url()),
            own: Some(Own {
                data_dir: config.data_dir.clone(),
                server: Arc::new(Mutex::new(Some(server))),
            }),
        })
    }

    /// Where to connect to.
    pub(super) fn url(&self) -> &Secret {
        &self.url
    }

    /// Starts our own server again where it has died; somebody else's is somebody else's.
    pub(super) async fn revive(&self) {
        let Some(own) = &self.own else { return };
        let mut server = own.server.lock().await;
        if server.is_none() {
            return;
        }
        match start(own.data_dir.clone()).await {
            Ok(started) => {
                if !started.is_adopted() {
                    tracing::warn!(
                        postgres.pid = started.pid(),
                        "our Postgres had died and was started again"
                    );
                }
                *server = Some(started);
            }
            Err(failure) => {
                tracing::warn!(%failure, "our Postgres cannot be started, will try again")
            }
        }
    }

    /// Stops our own server after a start that failed, unless it ran before us: then it is another
    /// control plane's, or was left for the next start.
    pub(super) async fn abandon(self) {
        let Some(own) = self.own else { return };
        let started = own
            .server
            .lock()
            .await
            .take()
            .filter(|server| !server.is_adopted());
        let Some(server) = started else { return };
        if let Err(failure) = blocking(move || server.stop()).await {
            tracing::warn!(%failure, "our Postgres could not be stopped");
        }
    }

    /// Leaves our own server to whoever else works on it.
    pub(super) async fn leave(self) {
        let Some(own) = self.own else { return };
        drop(own.server.lock().await.take());
    }

    /// Stops our own server.
    ///
    /// # Errors
    /// When it does not end.
    pub(super) async fn close(self) -> Result<(), Failure> {
        let Some(own) = self.own else { return Ok(()) };
        let Some(server) = own.server.lock().await.take() else {
            return Ok(());
        };
        blocking(move || server.stop()).await
    }
}

async fn start(data_dir: PathBuf) -> Result<EmbeddedPostgres, Failure> {
    blocking(move || EmbeddedPostgres::start(&data_dir, SYSTEM_USER)).await
}

/// Starting and stopping a server takes seconds of waiting.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::postgres::PostgresError> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::general(error.to_string()))?
        .map_err(|error| Failure::general(error.to_string()))
}
