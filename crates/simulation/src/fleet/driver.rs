//! The driver of the played sandboxes: each of its calls stands at the gate.

use optio_domain::{
    id::SandboxId,
    ports::{Eventually, IsolationReport, SandboxError, SandboxOrder, SandboxState, Sandboxes},
};

use super::Fleet;
use crate::gate::{Gate, Verdict};

/// The sandbox driver of one control plane: each of its calls stands at the gate.
pub(crate) struct Driver {
    pub(crate) fleet: Fleet,
    pub(crate) gate: Gate,
}

impl Driver {
    async fn call(
        &self,
        what: &str,
        sandbox: SandboxId,
        act: impl FnOnce(&Fleet) + Send,
    ) -> Result<(), SandboxError> {
        let what = format!("{what} {}", crate::history::short(sandbox.0));
        let verdict = self.gate.stand(what.clone(), None, false, false).await;
        refused(verdict)?;
        act(&self.fleet);
        if verdict == Verdict::Watch {
            refused(self.gate.stand(what, None, false, true).await)?;
        }
        Ok(())
    }
}

fn refused(verdict: Verdict) -> Result<(), SandboxError> {
    match verdict {
        Verdict::Pass | Verdict::Watch => Ok(()),
        Verdict::Fail => Err(SandboxError::Busy("the host is full".to_owned())),
        Verdict::Ruin => Err(SandboxError::Broken("bwrap is missing".to_owned())),
    }
}

impl Sandboxes for Driver {
    fn ensure<'a>(&'a self, order: &'a SandboxOrder) -> Eventually<'a, Result<(), SandboxError>> {
        let sandbox = order.sandbox;
        Box::pin(self.call("ensure", sandbox, move |fleet| fleet.comes_up(sandbox)))
    }

    fn state(&self, sandbox: SandboxId) -> Eventually<'_, Result<SandboxState, SandboxError>> {
        Box::pin(async move {
            Ok(if self.fleet.at(sandbox, |place| place.alive) {
                SandboxState::Alive
            } else {
                SandboxState::Gone
            })
        })
    }

    fn retire(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(self.call("retire", sandbox, move |fleet| fleet.goes_down(sandbox)))
    }

    fn destroy(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(self.call("destroy", sandbox, move |fleet| {
            fleet.goes_down(sandbox);
            fleet.at(sandbox, |place| place.journals.clear());
        }))
    }

    fn isolation(&self) -> IsolationReport {
        IsolationReport {
            isolated: false,
            words: "played by hand".to_owned(),
        }
    }
}
