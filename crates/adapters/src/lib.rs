//! The outside world behind the ports of `domain`: agent CLIs, sandboxes and git hosts.

pub mod agents;
pub mod git_hosts;
pub mod sandboxes;
