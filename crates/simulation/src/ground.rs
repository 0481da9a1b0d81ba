//! Where stories are played, one after the other: a database of its own, and the gate before it.

use std::path::PathBuf;

use optio_store::{
    Store,
    testing::{Overseer, database_url},
};
use tokio::sync::mpsc;

use crate::gate::{Arrival, Gate, Postgres};

/// Connections a control plane may have: more than tasks ever stand at the gate at once.
const CONNECTIONS: u32 = 16;
/// After so many stories the room of deleted rows is given back.
const THOROUGH_EVERY: u64 = 50;

/// A database and the gate before it.
pub struct Ground {
    /// The store behind the gate, as control planes have it.
    pub(crate) store: Store,
    /// The store before the gate, for what is not part of the story.
    pub(crate) setup: Store,
    pub(crate) overseer: Overseer,
    pub(crate) postgres: Postgres,
    pub(crate) gate: Gate,
    pub(crate) arrivals: mpsc::UnboundedReceiver<Arrival>,
    stories: u64,
    _socket: tempfile::TempDir,
}

impl Ground {
    /// An empty, migrated database on the test server.
    ///
    /// # Panics
    /// Where there is no test server: start it with `scripts/with-postgres`.
    pub async fn new() -> Self {
        let url = database_url().await;
        let setup = Store::connect(&url, 2).await.expect("the database answers");
        setup.migrate().await.expect("the migrations apply");
        setup.close().await;
        let overseer = Overseer::connect(&url).await;
        let setup = Store::connect(&url, 2).await.expect("the database answers");
        let socket = tempfile::Builder::new()
            .prefix("optio-gate")
            .tempdir_in("/tmp")
            .expect("a directory for the socket");
        let (gate, arrivals) = Gate::new();
        let postgres = Postgres::listen(socket.path(), &server_dir(&url), gate.clone())
            .expect("a socket can be opened");
        let gated = url.replace(
            &server_dir(&url).display().to_string(),
            &socket.path().display().to_string(),
        );
        let store = Store::connect(&format!("{gated}&sslmode=disable"), CONNECTIONS)
            .await
            .expect("the database answers through the gate");
        Self {
            store,
            setup,
            overseer,
            postgres,
            gate,
            arrivals,
            stories: 0,
            _socket: socket,
        }
    }

    /// Nothing is left of the story before.
    pub(crate) async fn clear(&mut self) {
        self.postgres
            .settled(&std::collections::BTreeSet::new())
            .await;
        while self.arrivals.try_recv().is_ok() {}
        self.overseer
            .empty(self.stories.is_multiple_of(THOROUGH_EVERY))
            .await;
        self.stories += 1;
    }
}

/// The directory of the server's socket, as the URL names it.
fn server_dir(url: &str) -> PathBuf {
    let (_, query) = url.split_once('?').unwrap_or((url, ""));
    let host = query.split('&').find_map(|pair| pair.strip_prefix("host="));
    PathBuf::from(host.expect("the test server listens on a socket: use scripts/with-postgres"))
}
