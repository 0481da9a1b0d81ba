//! The outside world behind the ports of `domain`: agent CLIs, sandboxes, git hosts, trackers and notifiers.

pub mod agents;
pub mod git_hosts;
pub mod notifiers;
pub mod sandboxes;
pub mod trackers;
