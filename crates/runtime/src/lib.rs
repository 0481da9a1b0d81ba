//! The actor engine: an actor exists because its row exists; it takes memory only while it has
//! something to do.
//!
//! Messages in memory are hints ("look"); the truth is always read from the store. ractor gives
//! supervision and mailboxes, Postgres gives identity, mail and time.

mod bell;
mod engine;
mod kind;
pub mod links;
mod mailroom;
mod ownership;
mod shell;
pub mod stream;
#[cfg(test)]
mod tests;
mod timer;

pub use bell::Bell;
pub use engine::{Engine, EngineError, Hints, Steering};
pub use kind::{Fault, Kind, Progress};
pub use mailroom::{Mailroom, Publication, SendError};
pub use ownership::{Household, Joining, Leases, Peers, Whose};
