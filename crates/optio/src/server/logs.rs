//! The log of a server: one line per event, on the error stream.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Begins to write the log. A second call in one process changes nothing.
pub(super) fn begin(filter: &str) {
    // Libraries that tell of their own housekeeping are heard where somebody asks for them.
    let filter = if filter == "info" {
        "info,tokio_cron_scheduler=warn"
    } else {
        filter
    };
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_unreadable| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .finish();
    // Somebody else may have begun already; the log goes on there.
    let _begun = tracing::subscriber::set_global_default(log);
}
