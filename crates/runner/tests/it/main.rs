//! The real runner, as a process, against a control plane in the test.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests are tests: what surprises them is to fail, and most events do not matter to most of them"
)]

mod credentials;
mod directory;
mod files;
mod host;
mod isolation;
mod journal;
mod keeper;
mod lifecycle;
mod output;
mod plane;
mod pure;
mod stop;
mod stream;
mod unprepared;
mod upkeep;
mod warm;
mod worktree;
mod world;
