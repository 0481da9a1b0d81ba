//! Everything is killed, frozen, cut off, slowed down and set to the wrong time under load, by a schedule that a seed
//! decides. When the faults have stopped and everything is at rest, the counts must be exact.
//!
//! The agents keep ledgers of what they saw and did, the senders keep their receipts, and the
//! database says what became of it: the three must agree.

mod accounts;
mod faults;
mod ledger;
mod load;
mod machine;
mod network;
mod postgres;
mod replica;
mod schedule;
mod site;

use std::time::Duration;

use schedule::Plan;
use site::Site;

/// How long everything may take to come to rest once nothing disturbs it: more than two of the longest
/// pauses after failures, since a scripted agent may fail once more by chance.
const REST_MAX: Duration = Duration::from_secs(720);

/// Plays a plan to its end, or until somebody at the keyboard has seen enough: then everything that
/// was started ends with it.
async fn play(plan: Plan) {
    tokio::select! {
        () = play_to_end(plan) => {}
        _ = tokio::signal::ctrl_c() => panic!("interrupted"),
    }
}

/// From the first process to the last count.
async fn play_to_end(plan: Plan) {
    let schedule = plan.schedule();
    let site = Site::build(&plan).await;
    let load = site.load(&plan);
    faults::strike(&site, &schedule).await;
    site.heal().await;
    let receipts = load.stop().await;
    let rested = site.rest(REST_MAX).await;
    let found = site.close(receipts, rested).await;
    let words = found.in_words(&plan);
    assert!(
        found.violations.is_empty(),
        "{words}\n{}\nschedule:\n{}",
        found.violations.join("\n"),
        schedule::in_words(&schedule)
    );
    eprintln!("{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_replicas_under_every_fault_end_with_exact_counts() {
    play(Plan::asked_or(Plan::short(2))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_under_every_fault_ends_with_exact_counts() {
    play(Plan::asked_or(Plan::short(1))).await;
}
