//! The actor engine: durable mailboxes, turns, timers and supervision.
