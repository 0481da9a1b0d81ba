//! Places for agents to run in, behind `Sandboxes`. One folder per driver.

pub mod kubernetes;
pub mod process;
