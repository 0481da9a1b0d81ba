//! HTTP: who may ask what; nothing is decided here.
//!
//! A handler extracts, asks and shows. Status codes live in [`error`], who is asking in [`caller`].

use std::sync::Arc;

use optio_actors::{World, notices::Notices, reports::Reports};
use optio_domain::secret::SecretText;
use optio_runtime::{Hints, Mailroom};
use tokio::net::TcpListener;

mod admission;
mod body;
mod caller;
mod docs;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzz;
mod hooks;
mod idempotency;
mod page;
mod routes;
mod runner;
#[cfg(test)]
mod tests;
mod web;

/// What every handler is given.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    mailroom: Mailroom,
    hints: Hints,
    reports: Reports,
    buckets: hooks::Buckets,
    notices: Notices,
    admin_token: Option<SecretText>,
}

impl Gateway {
    /// A gateway to this world.
    #[must_use]
    pub fn new(world: World, mailroom: Mailroom, hints: Hints) -> Self {
        Self::guarded(world, mailroom, hints, None)
    }

    /// The same, and where there is a token, whoever is not an agent has to show it.
    #[must_use]
    pub fn guarded(
        world: World,
        mailroom: Mailroom,
        hints: Hints,
        admin_token: Option<SecretText>,
    ) -> Self {
        let reports = Reports::new(world.clone(), hints.clone());
        let notices = Notices::new(world.clone());
        Self {
            inner: Arc::new(Inner {
                world,
                mailroom,
                hints,
                reports,
                buckets: hooks::Buckets::default(),
                notices,
                admin_token,
            }),
        }
    }

    /// From now on, whoever uses a sandbox that changes by itself looks at it at once.
    pub fn hear_of_sandboxes(&self) {
        let reports = self.inner.reports.clone();
        let changed = move |sandbox| reports.changed(sandbox);
        self.inner.world.sandboxes.tell(Arc::new(changed));
    }

    /// Serves until `stopped`, then lets open requests finish.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        axum::serve(listener, routes::router(self))
            .with_graceful_shutdown(stopped)
            .await
    }

    /// The same for runners alone: nobody else is answered, except about our health.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve_runners(
        self,
        listener: TcpListener,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        axum::serve(listener, routes::for_runners(self))
            .with_graceful_shutdown(stopped)
            .await
    }

    fn admin_token(&self) -> Option<&SecretText> {
        self.inner.admin_token.as_ref()
    }

    fn world(&self) -> &World {
        &self.inner.world
    }

    fn mailroom(&self) -> &Mailroom {
        &self.inner.mailroom
    }

    fn hints(&self) -> &Hints {
        &self.inner.hints
    }

    fn buckets(&self) -> &hooks::Buckets {
        &self.inner.buckets
    }

    fn reports(&self) -> &Reports {
        &self.inner.reports
    }

    fn notices(&self) -> &Notices {
        &self.inner.notices
    }
}

/// The OpenAPI 3.1 description of everything that is served, as JSON.
#[must_use]
pub fn openapi() -> String {
    let mut text = routes::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
