//! What our own processes say to each other.

pub mod runner;
