//! The cluster in which sandboxes are pods.

use optio_adapters::sandboxes::kubernetes::{Finding, Settings, examine};

use super::{Check, Verdict};

pub(super) fn checks(settings: &Settings) -> Vec<Check> {
    // The command is carried out on a runtime already, and waits for nothing else.
    let findings = tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(examine(settings))
    });
    findings.into_iter().map(check).collect()
}

fn check(Finding { name, found }: Finding) -> Check {
    let verdict = match found {
        Ok(words) => Verdict::Good(words),
        Err(words) => match words.rsplit_once("; ") {
            Some((problem, remedy)) => Verdict::broken(problem, remedy),
            None => Verdict::broken(words, "docs/kubernetes.md says what a cluster has to give"),
        },
    };
    Check { name, verdict }
}
