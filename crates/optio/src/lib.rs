//! Everything wired together: the command line, the configuration, the embedded database and the
//! client of the HTTP API. Nothing about agents is decided here.

pub mod agent_versions;
pub mod cli;
pub mod client;
pub mod config;
pub mod console;
pub mod doctor;
pub mod failure;
pub mod machine;
pub mod percent;
pub mod postgres;
pub mod server;

mod dispatch;
#[cfg(test)]
mod house;

pub use dispatch::run;
