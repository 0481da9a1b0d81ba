//! The kinds of actor. Each looks, plans, commits and carries out; the decisions are in the domain.

pub mod agent;
pub mod asks;
mod credentials;
pub mod job;
mod kinds;
mod known;
pub mod notices;
pub mod pool;
pub mod pr_review;
pub mod pull;
pub mod reports;
pub mod review_rounds;
mod run_files;
pub mod strays;
pub mod task;
pub mod tracker;
pub mod triggers;
mod world;

pub use kinds::Kinds;
pub use known::KnownRuns;
pub use world::World;

#[cfg(test)]
mod tests;
