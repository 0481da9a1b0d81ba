//! Reads one bootstrap from standard input and serves its sandbox until it is not needed any more.
//!
//! Exit codes: 0 ended as asked or orphaned, 1 the machine does not allow it, 2 the bootstrap
//! cannot be used, 3 another runner works on the sandbox, 4 refused by the control plane.

use std::io::{self, Read as _, Write};
use std::process::ExitCode;

use optio_runner::Failure;

/// Bytes of a bootstrap.
const BOOTSTRAP_BYTES_MAX: u64 = 1 << 20;

/// Standard error that may have been closed by whoever started us. The runner outlives them, so
/// that a line nobody reads is not a reason to fail.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        drop(io::stderr().write(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(|| Stderr)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_max_level(tracing::Level::INFO)
        .init();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!(
                error = &failure as &dyn std::error::Error,
                "runner cannot go on"
            );
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run() -> Result<(), Failure> {
    let mut text = String::new();
    io::stdin()
        .take(BOOTSTRAP_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| Failure::Bootstrap(error.to_string()))?;
    let bootstrap = optio_runner::parse(&text)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::Machine {
            what: "no runtime".to_owned(),
            source,
        })?;
    runtime.block_on(optio_runner::serve(bootstrap))
}
