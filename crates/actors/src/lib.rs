//! The kinds of actor. Each looks, plans, commits and carries out; the decisions are in the domain.

pub mod agent;
pub mod asks;
mod known;
pub mod reports;
pub mod schedules;
mod world;

pub use known::KnownRuns;
pub use world::World;

#[cfg(test)]
mod tests;
