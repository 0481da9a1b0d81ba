//! The one place where the runner reads the calendar; everything else measures with `Instant`.

use chrono::{DateTime, Utc};

/// Now, by this machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the runner is the edge: its events carry the time they happened"
)]
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
