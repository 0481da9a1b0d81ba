//! The targets, played.

#[cfg(test)]
mod replay;
