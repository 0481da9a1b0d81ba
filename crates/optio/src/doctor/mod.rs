//! Placeholder.
use crate::{config::Config, console::Console, failure::Failure};
/// x
///
/// # Errors
/// x
pub fn run(_config: &Config, _console: &mut Console) -> Result<(), Failure> {
    Ok(())
}
