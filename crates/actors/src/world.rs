//! What every kind of actor is given: the store, the outside world behind its ports, and the limits.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, Wait},
    agent::seen::Link,
    id::{RunId, SandboxId},
    job::environment::Environment,
    limits::Limits,
    ports::{
        AgentCli, Clock, GitHosts, Ids, Notifier, SandboxError, SandboxOrder, SandboxState,
        Sandboxes, Trackers,
    },
    run::{Failure, FailureClass, Verdict},
    token::{SandboxClaims, Signer},
};
use optio_runtime::{Fault, Progress, links::Links, stream::Stream};
use optio_store::{Store, actors::Version};

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
    /// How others are told what happens.
    pub notifier: Arc<dyn Notifier>,
    /// Where people write tickets.
    pub trackers: Arc<dyn Trackers>,
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

    /// Lets an actor wait; where its row says so already, nothing is written. `read` is the version that was
    /// looked at, and what the actor waited for then.
    ///
    /// # Errors
    /// [`Fault`] where it has moved since, or the database is away.
    pub(crate) async fn rest(
        &self,
        key: ActorKey,
        (version, seen): (Version, &Wait),
        wait: &Wait,
    ) -> Result<Progress, Fault> {
        if wait != seen {
            self.store.wait(key, version, wait).await?;
        }
        Ok(Progress::Rest { until: wait.until })
    }

    /// Lets an actor wait until the driver, which had no sandbox, is asked again, and says what it said.
    ///
    /// # Errors
    /// [`Fault`] where it has moved since, or the database is away.
    pub(crate) async fn no_sandbox_yet(
        &self,
        key: ActorKey,
        version: Version,
        until: DateTime<Utc>,
        error: &SandboxError,
    ) -> Result<Progress, Fault> {
        let wait = Wait::until(format!("a sandbox: {error}"), "the sandbox driver", until);
        self.store.wait(key, version, &wait).await?;
        Ok(Progress::Rest { until: Some(until) })
    }

    /// What the driver is told about a sandbox and its runner. A durable one keeps its files wherever it runs.
    ///
    /// # Errors
    /// [`Fault`] where the database is away.
    pub(crate) async fn sandbox_order(
        &self,
        sandbox: SandboxId,
        owner: impl Into<ActorKey>,
        durable: bool,
    ) -> Result<SandboxOrder, Fault> {
        let owner = owner.into();
        let (spec, environment) = self.store.sandbox_spec(owner).await?;
        // One that is no longer understood stops a run, and not its sandbox.
        let environment = Environment::read(environment.as_ref()).unwrap_or_default();
        Ok(SandboxOrder {
            sandbox,
            owner,
            api_url: self.runner_url().to_owned(),
            token: self.signer.sandbox(&SandboxClaims { sandbox }),
            durable,
            spec,
            connections: environment.destinations(),
        })
    }

    /// A verdict on a run that was lost with its sandbox, with how that ended.
    pub(crate) fn explained(&self, sandbox: SandboxId, verdict: &Verdict) -> Verdict {
        let words = match verdict {
            Verdict::Failed(failure) if failure.class != FailureClass::Crash => None,
            Verdict::Done => None,
            Verdict::Failed(_) | Verdict::Stopped => self.sandboxes.last_words(sandbox),
        };
        match (verdict, words) {
            (Verdict::Failed(failure), Some(words)) => {
                let message = format!("{}: {words}", failure.message);
                Verdict::Failed(Failure::new(FailureClass::Crash, message))
            }
            // Its runner was told to end, and not by us.
            (Verdict::Stopped, Some(words)) => Verdict::Failed(Failure::new(
                FailureClass::Crash,
                format!("the run was stopped with its sandbox: {words}"),
            )),
            (Verdict::Done | Verdict::Failed(_) | Verdict::Stopped, _) => verdict.clone(),
        }
    }

    /// Whether the runner of a sandbox can be spoken to, and whether it holds this run.
    pub(crate) async fn link(
        &self,
        actor: impl Into<ActorKey>,
        sandbox: SandboxId,
        run: Option<RunId>,
    ) -> Link {
        if let Some(holds_run) = self.links.holds(sandbox, run) {
            return Link::Connected { holds_run };
        }
        Link::Away {
            runner: self.runner(actor, sandbox).await,
        }
    }

    /// Whether the runner's process is there.
    pub(crate) async fn runner(
        &self,
        actor: impl Into<ActorKey>,
        sandbox: SandboxId,
    ) -> SandboxState {
        match self.sandboxes.state(sandbox).await {
            Ok(state) => state,
            Err(error) => {
                // Not knowing is no reason to start a second runner.
                tracing::warn!(actor.key = %actor.into(), %error, "the sandbox could not be looked at");
                SandboxState::Alive
            }
        }
    }
}
