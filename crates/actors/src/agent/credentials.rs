//! What an agent program signs in to its vendor with: what is stored, in the place of what this
//! control plane was started with.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use optio_domain::{
    actor::Decision,
    ports::{AgentCli, Launch, LaunchOrder},
    secret::SecretText,
};
use optio_runtime::{Fault, Progress};
use optio_store::{agents::AgentSight, secrets::SecretError};

use super::Agents;

/// How long after secrets could not be opened they are looked at again.
const PAUSE: TimeDelta = TimeDelta::seconds(10);

/// Secrets by the names under which the program looks for them.
pub(super) type Stored = BTreeMap<String, SecretText>;

impl Agents {
    /// The stored credentials of this agent's program.
    pub(super) async fn stored(
        &self,
        sight: &AgentSight,
        cli: &dyn AgentCli,
    ) -> Result<Stored, SecretError> {
        let store = &self.world.store;
        store
            .vendor_secrets(&sight.agent.workspace, cli.credentials())
            .await
    }

    /// Rests, and says what a person has to mend.
    pub(super) async fn without_credentials(
        &self,
        sight: &AgentSight,
        decision: &Decision,
        error: SecretError,
    ) -> Result<Progress, Fault> {
        if let SecretError::Store(error) = error {
            return Err(error.into());
        }
        tracing::warn!(agent.id = %sight.agent.id, %error, "no credentials, will try again");
        let what = "the credentials of its program";
        let holder = "a person: mend the secrets";
        self.ask_again(sight, decision, what, holder, PAUSE, &error)
            .await
    }
}

/// How to start the program with these credentials, where there are any: then with none that this
/// control plane was started with.
pub(super) fn launch(cli: &dyn AgentCli, order: &LaunchOrder, stored: &Stored) -> Launch {
    let mut launch = cli.launch(order);
    if stored.is_empty() {
        return launch;
    }
    for name in cli.credentials() {
        launch.secrets.remove(*name);
    }
    let stored = stored.iter();
    let revealed = stored.map(|(name, value)| (name.clone(), value.reveal().to_owned()));
    launch.secrets.extend(revealed);
    launch
}
