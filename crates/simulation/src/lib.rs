//! The kernel's promises, played out: the real kinds of actor, reports, schedules and the real store
//! on a real Postgres, under a scheduler that takes every choice from a seed. Time is virtual,
//! exactly one future makes progress at a time, and whatever is outside is played by a small fake
//! with memory. The same seed gives the same history.
//!
//! This crate is never part of the product, and the product has no hooks for it in its store: the
//! gate at which statements and commits are held up, refused or answered with silence stands on the
//! socket between the two.

mod chance;
mod fleet;
mod gate;
mod ground;
mod history;
mod invariants;
mod ledger;
mod plane;
mod story;
mod time;
mod waits;

pub use ground::Ground;
pub use history::fingerprint;
pub use invariants::INVARIANTS;
pub use story::{Ending, play};
