//! Processes as `/proc` shows them.

use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::PATIENCE;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) command: String,
}

/// Every process that carries the marker of one of these sandboxes.
pub(crate) fn marked(sandboxes: &[String]) -> Vec<Process> {
    let markers: Vec<_> = sandboxes
        .iter()
        .map(|sandbox| format!("OPTIO_SANDBOX_ID={sandbox}").into_bytes())
        .collect();
    let carries = |process: &Process| {
        let environment = fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| markers.iter().any(|marker| marker == variable))
    };
    all().filter(carries).collect()
}

/// Every process with that text in its command line.
pub(crate) fn running(text: &str) -> Vec<Process> {
    all()
        .filter(|process| process.command.contains(text))
        .collect()
}

/// Every process of this machine that is not dead.
fn all() -> impl Iterator<Item = Process> {
    let entries = fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| alive(*pid)).filter_map(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&line).replace('\0', " ");
        Some(Process { pid, command })
    })
}

/// A zombie is not alive.
pub(crate) fn alive(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit_once(')')
            .is_some_and(|it| !it.1.starts_with(" Z"))
    })
}

/// Sends a signal to a process that may be gone.
pub(crate) fn signal(pid: i32, signal: Signal) {
    // It may have ended meanwhile.
    let _gone = kill_process(Pid::from_raw(pid).unwrap(), signal);
}

/// Kills without a word.
pub(crate) fn kill9(pid: i32) {
    signal(pid, Signal::KILL);
}

/// Waits until none of them is there.
pub(crate) fn until_gone(pids: &[i32]) {
    let deadline = Instant::now() + PATIENCE;
    while pids.iter().any(|pid| alive(*pid)) {
        assert!(Instant::now() < deadline, "{pids:?} are still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}
