//! What agent programs sign in with, and whatever else is stored for them.

use std::collections::BTreeMap;

use optio_domain::{
    ports::{AgentCli, Launch, LaunchOrder},
    secret::SecretText,
};

/// Secrets by the names under which the program looks for them.
pub(crate) type Stored = BTreeMap<String, SecretText>;

/// How to start the program with these secrets. Where credentials of its vendor are among them, it gets
/// none that this control plane was started with.
pub(crate) fn launch(cli: &dyn AgentCli, order: &LaunchOrder, stored: &Stored) -> Launch {
    let mut launch = cli.launch(order);
    let credentials = cli.credentials();
    if credentials.iter().any(|name| stored.contains_key(*name)) {
        for name in credentials {
            launch.secrets.remove(*name);
        }
    }
    let stored = stored.iter();
    let revealed = stored.map(|(name, value)| (name.clone(), value.reveal().to_owned()));
    launch.secrets.extend(revealed);
    launch
}
