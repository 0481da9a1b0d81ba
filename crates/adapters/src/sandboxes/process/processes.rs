//! Processes as `/proc` shows them, told apart by pid and start time.

use std::{collections::BTreeSet, fs};

use optio_domain::id::SandboxId;
use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal},
};

use super::MARKER;

/// One process. A pid alone is no identity: it is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    pub(super) pid: i32,
    /// When it began, in ticks since boot.
    pub(super) began: u64,
}

impl Process {
    /// The process that has this pid now. A zombie is none: it only waits to be reaped.
    pub(super) fn now(pid: i32) -> Option<Self> {
        let stat = Stat::of(pid)?;
        let process = Self {
            pid,
            began: stat.began,
        };
        (!stat.dead).then_some(process)
    }

    pub(super) fn is_alive(self) -> bool {
        Self::now(self.pid) == Some(self)
    }

    /// Sends a signal to this process and to no later one with its pid. Whether it was still there
    /// is for the next look to say.
    pub(super) fn signal(self, signal: Signal) {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return;
        };
        // The handle is taken first: while we hold it, the look that follows is about its process.
        let handle = pidfd_open(pid, PidfdFlags::empty());
        if !self.is_alive() {
            return;
        }
        let sent = match handle {
            Ok(handle) => pidfd_send_signal(handle, signal),
            Err(Errno::NOSYS | Errno::PERM) => kill_process(pid, signal),
            Err(errno) => Err(errno),
        };
        if let Err(errno) = sent.or_else(gone_is_fine) {
            tracing::warn!(error = %errno, pid = self.pid, "signal not sent");
        }
    }
}

fn gone_is_fine(errno: Errno) -> Result<(), Errno> {
    match errno {
        Errno::SRCH => Ok(()),
        errno => Err(errno),
    }
}

/// What may outlive a runner.
pub(super) struct Survivors {
    marker: Vec<u8>,
    known: BTreeSet<Process>,
}

impl Survivors {
    /// All that carries the sandbox's marker.
    pub(super) fn of(sandbox: SandboxId) -> Self {
        Self {
            marker: format!("{MARKER}={sandbox}").into_bytes(),
            known: BTreeSet::new(),
        }
    }

    /// Also what the runner has below it now, which may have shed the marker.
    pub(super) fn with_descendants(mut self, runner: Process) -> Self {
        if !runner.is_alive() {
            return self;
        }
        let all: Vec<_> = pids()
            .filter_map(|pid| Some((pid, Stat::of(pid)?)))
            .collect();
        let mut parents = vec![runner.pid];
        while let Some(parent) = parents.pop() {
            for (pid, stat) in all.iter().filter(|(_, stat)| stat.parent == parent) {
                let (pid, began) = (*pid, stat.began);
                if self.known.insert(Process { pid, began }) {
                    parents.push(pid);
                }
            }
        }
        self
    }

    /// Kills everything that is still there, and says what it was.
    pub(super) fn kill(&self) -> Vec<Process> {
        let ourselves = i32::try_from(std::process::id()).ok();
        let marked = pids()
            .filter(|pid| self.is_marked(*pid))
            .filter_map(Process::now);
        let known = self
            .known
            .iter()
            .copied()
            .filter(|process| process.is_alive());
        let left: BTreeSet<_> = marked
            .chain(known)
            .filter(|process| Some(process.pid) != ourselves)
            .collect();
        left.iter().for_each(|process| process.signal(Signal::KILL));
        left.into_iter().collect()
    }

    fn is_marked(&self, pid: i32) -> bool {
        // Processes of other users cannot be read, and are not ours.
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == self.marker)
    }
}

struct Stat {
    dead: bool,
    parent: i32,
    began: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field is the program's name and may hold anything, brackets and spaces included;
    /// so the fields are counted from the last bracket: state is the third, start time the 22nd.
    fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_whitespace().collect();
        Some(Self {
            dead: matches!(*fields.first()?, "Z" | "X" | "x"),
            parent: fields.get(1)?.parse().ok()?,
            began: fields.get(19)?.parse().ok()?,
        })
    }
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let line = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1 1";
        let stat = Stat::parse(line).unwrap();
        assert!(!stat.dead);
        assert_eq!((stat.parent, stat.began), (1, 4242));
        assert!(Stat::parse("7 (x) Z").is_none());
    }

    #[test]
    fn a_pid_that_was_used_again_is_another_process() {
        let ourselves = Process::now(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(ourselves.is_alive());
        let former = Process {
            began: ourselves.began - 1,
            ..ourselves
        };
        assert!(!former.is_alive());
        // Would end this test if it hit us.
        former.signal(Signal::KILL);
    }
}
