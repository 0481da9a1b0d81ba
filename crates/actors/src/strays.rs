//! Looks after sandboxes that nobody wants any more.

use optio_domain::{
    id::SandboxId,
    strays::{Stray, strays},
};
use optio_runtime::Whose;

use crate::World;

/// The round over all sandboxes there are.
#[derive(Clone)]
pub struct Strays {
    world: World,
}

impl Strays {
    /// In this world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self { world }
    }

    /// Ends and removes those whose actors would be ours.
    pub async fn look(&self) {
        let world = &self.world;
        let found = match world.sandboxes.found().await {
            Ok(found) if found.is_empty() => return,
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, "the sandboxes there are could not be listed");
                return;
            }
        };
        // Read after that: a sandbox is written down before it is started.
        let (wanted, known) = match world.store.known_sandboxes().await {
            Ok(read) => read,
            Err(error) => {
                tracing::debug!(%error, "the sandboxes that are wanted could not be read");
                return;
            }
        };
        let ours = |sandbox: SandboxId| matches!(world.links.whose(sandbox), Whose::Ours);
        for stray in strays(&found, &wanted, &known, world.clock.now()) {
            let (sandbox, ended) = match stray {
                Stray::Ends(sandbox) if ours(sandbox) => {
                    tracing::warn!(sandbox.id = %sandbox, "a sandbox runs that nobody wants; it is ended");
                    (sandbox, world.sandboxes.retire(sandbox).await)
                }
                Stray::Goes(sandbox) if ours(sandbox) => {
                    tracing::warn!(sandbox.id = %sandbox, "the files of a sandbox nobody knows are removed");
                    (sandbox, world.sandboxes.destroy(sandbox).await)
                }
                Stray::Ends(_) | Stray::Goes(_) => continue,
            };
            if let Err(error) = ended {
                tracing::warn!(sandbox.id = %sandbox, %error, "it could not be done, will try again");
            }
        }
    }
}
