//! Several control planes on one database: which actors are ours, who runs the others, and how they
//! are told to look.

mod courier;
mod leases;
mod peers;

pub use leases::{Household, Joining, Leases};
pub use peers::{Peers, Whose};
