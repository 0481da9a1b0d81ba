//! The one binary. What it does is in the library of the same name, so that tests can use it.

use std::process::ExitCode;

fn main() -> ExitCode {
    optio::run()
}
