//! The one binary: everything wired together.

fn main() {}
