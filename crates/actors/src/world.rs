//! What every kind of actor is given: the store, the outside world behind its ports, and the limits.

use std::{collections::BTreeMap, sync::Arc};

use optio_domain::{
    limits::Limits,
    ports::{AgentCli, Clock, GitHosts, Ids, Sandboxes},
    token::Signer,
};
use optio_runtime::{links::Links, stream::Stream};
use optio_store::Store;

use crate::KnownRuns;

/// What every kind of actor is given.
#[derive(Clone)]
pub struct World {
    /// The database.
    pub store: Store,
    /// The runners that are connected.
    pub links: Links,
    /// The live stream.
    pub stream: Stream,
    /// Where agents run.
    pub sandboxes: Arc<dyn Sandboxes>,
    /// The agent programs, by the name in `agentRuntime`.
    pub clis: Arc<BTreeMap<&'static str, Arc<dyn AgentCli>>>,
    /// The git hosts that are configured.
    pub hosts: GitHosts,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identities.
    pub ids: Arc<dyn Ids>,
    /// Signs tokens.
    pub signer: Signer,
    /// Where agents reach the API.
    pub api_url: String,
    /// The runs whose reports are taken in here.
    pub runs: KnownRuns,
    /// The limits.
    pub limits: Limits,
}

impl World {
    /// Where runners reach this control plane.
    #[must_use]
    pub fn runner_url(&self) -> &str {
        self.links.peers().url().unwrap_or(&self.api_url)
    }
}
