//! Tries a program: with a deadline, with nothing of our environment, as the user it is meant for.

use std::{
    ffi::OsStr,
    io::Read,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a program may take that has nothing to do.
const TRIAL_MAX: Duration = Duration::from_secs(20);
/// How often we look whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Bytes read of what it says.
const SAID_BYTES_MAX: u64 = 4_000;

/// Runs the program and returns the first line it printed, or why that did not go well.
pub(super) fn run<S: AsRef<OsStr>>(
    program: &Path,
    args: &[S],
    uid: Option<u32>,
) -> Result<String, String> {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(uid) = uid {
        command.uid(uid).gid(uid);
    }
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let deadline = Instant::now() + TRIAL_MAX;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => thread::sleep(LOOK_EVERY),
            Ok(None) => {
                drop(child.kill());
                drop(child.wait());
                return Err(format!("it did not end within {} s", TRIAL_MAX.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    let said = |from: &mut dyn Read| {
        let mut bytes = Vec::new();
        drop(from.take(SAID_BYTES_MAX).read_to_end(&mut bytes));
        let text = String::from_utf8_lossy(&bytes);
        text.lines().next().unwrap_or_default().trim().to_owned()
    };
    if status.success() {
        return Ok(child.stdout.as_mut().map(|it| said(it)).unwrap_or_default());
    }
    let words = child.stderr.as_mut().map(|it| said(it)).unwrap_or_default();
    Err(if words.is_empty() {
        status.to_string()
    } else {
        words
    })
}
