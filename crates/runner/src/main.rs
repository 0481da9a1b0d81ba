//! The small program inside every sandbox; it outlives the control plane.

fn main() {}
