//! What an agent program signs in to its vendor with: what is stored, in the place of what this
//! control plane was started with.

use chrono::TimeDelta;
use optio_domain::{actor::Decision, ports::AgentCli};
use optio_runtime::{Fault, Progress};
use optio_store::{agents::AgentSight, secrets::SecretError};

use super::Agents;
use crate::credentials::Stored;

/// How long after secrets could not be opened they are looked at again.
const PAUSE: TimeDelta = TimeDelta::seconds(10);

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
