//! What things are and what should happen next. Pure: no async, no I/O, no clock, no chance.
//!
//! Everything that decides lives here and can be called with plain values: the state machine of a
//! kind of actor, the plan that turns what was seen into one step, the prompt an agent gets, the
//! verdict on how a run ended. The outside world is only named here, as the traits of [`ports`].

pub mod actor;
pub mod agent;
pub mod git_host;
pub mod id;
pub mod job;
pub mod limits;
pub mod mail;
pub mod notice;
pub mod ownership;
pub mod pool;
pub mod ports;
pub mod pr_review;
pub mod prompt_template;
pub mod pull;
pub mod repo;
pub mod run;
pub mod sandbox;
pub mod schedule;
pub mod secret;
pub mod strays;
pub mod task;
pub mod template;
pub mod token;
pub mod tracker;
pub mod transcript;
pub mod trigger;
pub mod wire;
