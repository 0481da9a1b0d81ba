//! Sandboxes that nobody wants any more: what is left where an ending failed, or where a database or a
//! cluster was put back to an earlier day.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{id::SandboxId, ports::FoundSandbox};

/// How long files are kept that nobody knows. They may hold work that is nowhere else, and whoever has put an
/// old database in place may put a newer one there.
pub const FILES_KEPT: TimeDelta = TimeDelta::days(14);

/// What is to be done about a stray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stray {
    /// Something runs that nobody wants: it ends, its files stay.
    Ends(SandboxId),
    /// Its files have been unknown for long: they go.
    Goes(SandboxId),
}

/// Finds the strays among what a driver has found. `wanted` are the sandboxes in which something may run,
/// `known` those whose files belong to somebody; both are to be read after the driver was asked, since a
/// sandbox is written down before it is started.
#[must_use]
pub fn strays(
    found: &[FoundSandbox],
    wanted: &BTreeSet<SandboxId>,
    known: &BTreeSet<SandboxId>,
    now: DateTime<Utc>,
) -> Vec<Stray> {
    let strays = found.iter().filter_map(|it| {
        if it.runs {
            return (!wanted.contains(&it.sandbox)).then_some(Stray::Ends(it.sandbox));
        }
        let old = it.since + FILES_KEPT <= now;
        (old && !known.contains(&it.sandbox)).then_some(Stray::Goes(it.sandbox))
    });
    strays.collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_runs_and_nobody_wants_ends_at_once_and_files_nobody_knows_go_late() {
        let now: DateTime<Utc> = "2026-01-20T12:00:00Z".parse().unwrap();
        let [wanted, retired, unknown, old] = [1, 2, 3, 4].map(|it| SandboxId(Uuid::from_u128(it)));
        let found = |sandbox, runs, days| FoundSandbox {
            sandbox,
            since: now - TimeDelta::days(days),
            runs,
        };
        let all = [
            found(wanted, true, 100),
            found(wanted, false, 100),
            found(retired, true, 0),
            found(retired, false, 100),
            found(unknown, true, 0),
            found(unknown, false, 13),
            found(old, false, 15),
        ];
        let strays = strays(
            &all,
            &BTreeSet::from([wanted]),
            &BTreeSet::from([wanted, retired]),
            now,
        );
        assert_eq!(
            strays,
            [Stray::Ends(retired), Stray::Ends(unknown), Stray::Goes(old)]
        );
    }
}
