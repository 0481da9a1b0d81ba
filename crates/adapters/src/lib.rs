//! The outside world behind the ports of `domain`: agent CLIs, sandboxes, git hosts and trackers.

pub mod agents;
pub mod git_hosts;
pub mod sandboxes;
pub mod trackers;
