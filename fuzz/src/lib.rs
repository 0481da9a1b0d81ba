//! What reads foreign bytes, with what must be true of it whatever the bytes are.
//!
//! A target is a plain function that panics where a promise is broken. `tests/it/replay.rs` plays the
//! committed inputs, and changed ones, in every test run; `scripts/fuzz` searches for new ones.

mod targets;

pub use targets::{TARGETS, Target};
