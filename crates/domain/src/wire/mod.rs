//! What our own processes say to each other.

pub mod checkout;
pub mod credentials;
pub mod names;
pub mod outputs;
pub mod runner;
