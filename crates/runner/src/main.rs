//! Reads one bootstrap from standard input and serves its sandbox until it is not needed any more.
//!
//! In a pod, `optio-runner install` prepares what `optio-runner pod` then serves. Inside the sandbox the same program gives credentials to git (`optio-runner git-credential get`),
//! stands before `gh` and `glab`, where it is called by such a name, and reads the files that a run
//! has left (`optio-runner collect`).
//!
//! Exit codes: 0 ended as asked or orphaned, 1 the machine does not allow it, 2 the bootstrap
//! cannot be used, 3 another runner works on the sandbox, 4 refused by the control plane.

use std::io::{self, Read as _, Write};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::ExitCode;

use optio_runner::collect;
use optio_runner::credentials::{Called, Tool, before, git_credential};
use optio_runner::pod::{self, Layout};
use optio_runner::{Bootstrap, Failure};

/// Bytes of a bootstrap.
const BOOTSTRAP_BYTES_MAX: u64 = 1 << 20;
/// Bytes of git's question.
const QUESTION_BYTES_MAX: u64 = 64 << 10;

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
    let mut args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let called = args.next().unwrap_or_default();
    let args: Vec<String> = args.collect();
    let name = Path::new(&called).file_name();
    let mut tools = Tool::ALL.into_iter();
    if let Some(tool) = tools.find(|tool| name.is_some_and(|name| name == tool.name())) {
        return stand_before(tool);
    }
    if args.first().is_some_and(|arg| arg == "git-credential") {
        return credential(args.get(1).map_or("", String::as_str));
    }
    if args.first().is_some_and(|arg| arg == collect::ARGUMENT) {
        return read_files();
    }
    match args.first().map(String::as_str) {
        Some(pod::INSTALL) => told(|| {
            let to = args.get(1).map_or("", String::as_str);
            pod::install(&Layout::default(), Path::new(to), &variable)
        }),
        Some(pod::POD) => told(|| serve(pod::bootstrap(&Layout::default())?)),
        _ => told(|| serve(read_bootstrap()?)),
    }
}

/// Works, and tells why where it cannot go on.
fn told(work: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(|| Stderr)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_max_level(tracing::Level::INFO)
        .init();
    match work() {
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

/// What whoever has started us writes to our standard input.
fn read_bootstrap() -> Result<Bootstrap, Failure> {
    let mut text = String::new();
    io::stdin()
        .take(BOOTSTRAP_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| Failure::Bootstrap(error.to_string()))?;
    optio_runner::parse(&text)
}

fn serve(bootstrap: Bootstrap) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::Machine {
            what: "no runtime".to_owned(),
            source,
        })?;
    runtime.block_on(optio_runner::serve(bootstrap))
}

/// Answers git, which asks for credentials.
fn credential(operation: &str) -> ExitCode {
    let mut input = String::new();
    let read = io::stdin()
        .take(QUESTION_BYTES_MAX)
        .read_to_string(&mut input);
    let reply = git_credential(operation, &input, &variable);
    if let Some(complaint) = reply.complaint {
        drop(Stderr.write_all(complaint.as_bytes()));
    }
    let written = io::stdout().write_all(reply.output.as_bytes());
    ExitCode::from(u8::from(read.is_err() || written.is_err()))
}

/// Says what a run has left in its outputs.
fn read_files() -> ExitCode {
    match collect::run(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(Stderr, "optio: files cannot be read: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Executes the real program with a token.
fn stand_before(tool: Tool) -> ExitCode {
    let me = std::env::current_exe().unwrap_or_default();
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let (words, code) = match before(tool, &me, &args, &variable) {
        Called::Execute(mut command) => {
            // Comes back only where it failed.
            let error = command.exec();
            let name = tool.name();
            (format!("optio: {name} cannot be executed: {error}\n"), 126)
        }
        Called::Refuse(words, code) => (words, code),
    };
    drop(Stderr.write_all(words.as_bytes()));
    ExitCode::from(code)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a run says in the environment who it is, and these are processes of a run"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
