//! The crate's tests: the scenario format, the script of a turn, the wire, and the embedded story.
