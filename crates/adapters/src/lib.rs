//! The outside world behind `domain::ports`: agent CLIs and sandboxes.

pub mod agents;
pub mod sandboxes;
