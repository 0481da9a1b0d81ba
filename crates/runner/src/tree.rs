//! Which processes belong to a run: read from `/proc`, because agents start their tools in sessions
//! of their own and no signal to a group reaches them all.
//!
//! The runner is a child subreaper, so that everything a run starts stays below it. A process
//! belongs to a run if its first process is an ancestor, if it carries the run's marker in its
//! environment, if it shares a process group with one that belongs, if it is in the first process's
//! session, or if it was seen to belong before. What has shed all of that can only be told from another run's while no other run is
//! alive, and then belongs to the one that is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use optio_domain::id::RunId;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

/// The marker: every process of a run has it in its environment.
pub const MARKER: &str = "OPTIO_RUN_ID";
/// The marker of the whole sandbox: whoever ends it finds by it what a dead runner left behind.
pub const SANDBOX_MARKER: &str = "OPTIO_SANDBOX_ID";

/// A process as `/proc` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    parent: i32,
    group: i32,
    session: i32,
    /// When it began, in ticks since boot: with the id an identity that is not used twice.
    began: u64,
    dead: bool,
    cpu_ticks: u64,
    rss_pages: u64,
}

/// All processes at one moment.
#[derive(Debug)]
pub struct Snapshot {
    processes: BTreeMap<i32, Process>,
    children: BTreeMap<i32, Vec<i32>>,
}

/// What is known about the processes of one run, or of a sandbox.
#[derive(Debug)]
pub struct Family {
    marker: Vec<u8>,
    first: Option<i32>,
    seen: BTreeSet<(i32, u64)>,
}

/// What a run uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Processor time in milliseconds.
    pub cpu_ms: u64,
    /// Resident memory in bytes.
    pub rss_bytes: u64,
    /// How many processes.
    pub processes: u32,
}

impl Process {
    /// Whether one of these is its parent.
    #[must_use]
    pub fn is_child_of(&self, parents: &[i32]) -> bool {
        parents.contains(&self.parent)
    }
}

impl Snapshot {
    /// Looks at `/proc`. What vanishes meanwhile is left out.
    #[must_use]
    pub fn take() -> Self {
        let processes: BTreeMap<i32, Process> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, process(pid)?)))
            .collect();
        let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for process in processes.values() {
            children
                .entry(process.parent)
                .or_default()
                .push(process.pid);
        }
        Self {
            processes,
            children,
        }
    }

    /// The children of a process.
    pub fn children(&self, pid: i32) -> impl Iterator<Item = &Process> {
        self.children
            .get(&pid)
            .into_iter()
            .flatten()
            .filter_map(|pid| self.processes.get(pid))
    }

    /// Buries children of ours that are dead and nobody waits for: orphans a run has left to the
    /// subreaper. `waited` are those somebody waits for.
    pub fn bury(&self, waited: &BTreeSet<i32>) {
        for process in self.children(me()) {
            if process.dead && !waited.contains(&process.pid) {
                let pid = Pid::from_raw(process.pid);
                let _already_gone = rustix::process::waitpid(pid, WaitOptions::NOHANG);
            }
        }
    }

    /// The given processes and everything below them.
    fn with_descendants(&self, roots: impl IntoIterator<Item = i32>) -> BTreeSet<i32> {
        let mut found = BTreeSet::new();
        let mut open: Vec<i32> = roots.into_iter().collect();
        while let Some(pid) = open.pop() {
            if found.insert(pid) {
                open.extend(self.children.get(&pid).into_iter().flatten());
            }
        }
        found
    }
}

impl Family {
    /// The family of a run, `first` being its first process where the runner has started it.
    #[must_use]
    pub fn new(run: RunId, first: Option<i32>) -> Self {
        Self {
            marker: format!("{MARKER}={run}").into_bytes(),
            first,
            seen: BTreeSet::new(),
        }
    }

    /// Everything that ever started in a sandbox.
    #[must_use]
    pub fn of_sandbox(sandbox: &str) -> Self {
        Self {
            marker: format!("{SANDBOX_MARKER}={sandbox}").into_bytes(),
            first: None,
            seen: BTreeSet::new(),
        }
    }

    /// Its living members below the runner. `alone`: no other run is alive, so that everything
    /// below the runner is of this one.
    pub fn alive(&mut self, snapshot: &Snapshot, alone: bool) -> Vec<Process> {
        let mut below = snapshot.with_descendants([me()]);
        below.remove(&me());
        let candidates: Vec<Process> = below
            .iter()
            .filter_map(|pid| snapshot.processes.get(pid).copied())
            .collect();
        self.remember(snapshot, &candidates, |family, process| {
            alone || family.is_member(process)
        })
    }

    /// Its living members anywhere on the machine: for a run whose runner has died.
    pub fn alive_anywhere(&mut self, snapshot: &Snapshot) -> Vec<Process> {
        let mut ours = BTreeSet::from([me()]);
        let mut pid = me();
        while let Some(process) = snapshot.processes.get(&pid) {
            pid = process.parent;
            ours.insert(pid);
        }
        let group = snapshot.processes.get(&me()).map(|process| process.group);
        let candidates: Vec<Process> = snapshot
            .processes
            .values()
            .filter(|process| !ours.contains(&process.pid) && Some(process.group) != group)
            .copied()
            .collect();
        self.remember(snapshot, &candidates, Self::is_member)
    }

    /// The roots, everything below them, and the rest of the process groups they are in, as far as
    /// that is among `candidates`. A group in which a process of the run is has none of another.
    fn remember(
        &mut self,
        snapshot: &Snapshot,
        candidates: &[Process],
        is_root: impl Fn(&Self, &Process) -> bool,
    ) -> Vec<Process> {
        let roots: Vec<&Process> = candidates
            .iter()
            .filter(|process| is_root(self, process))
            .collect();
        let groups: BTreeSet<i32> = roots.iter().map(|process| process.group).collect();
        let mates = candidates
            .iter()
            .filter(|process| groups.contains(&process.group));
        let alive: Vec<Process> = snapshot
            .with_descendants(mates.map(|process| process.pid))
            .iter()
            .filter_map(|pid| snapshot.processes.get(pid))
            .filter(|process| !process.dead)
            .copied()
            .collect();
        self.seen = alive.iter().map(|p| (p.pid, p.began)).collect();
        alive
    }

    fn is_member(&self, process: &Process) -> bool {
        let first = self.first.is_some_and(|first| {
            process.pid == first || process.session == first || process.group == first
        });
        first || self.seen.contains(&(process.pid, process.began)) || self.is_marked(process.pid)
    }

    fn is_marked(&self, pid: i32) -> bool {
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|e| e == self.marker))
    }
}

/// What these processes use together.
#[must_use]
pub fn usage(processes: &[Process]) -> Usage {
    let ticks: u64 = processes.iter().map(|process| process.cpu_ticks).sum();
    let pages: u64 = processes.iter().map(|process| process.rss_pages).sum();
    Usage {
        cpu_ms: ticks * 1_000 / rustix::param::clock_ticks_per_second().max(1),
        rss_bytes: pages * rustix::param::page_size() as u64,
        processes: u32::try_from(processes.len()).unwrap_or(u32::MAX),
    }
}

/// Sends a signal to this process and to no later one of the same id.
pub fn signal(target: &Process, signal: Signal) {
    let Some(pid) = Pid::from_raw(target.pid) else {
        return;
    };
    let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty());
    if process(target.pid).is_none_or(|found| found.began != target.began) {
        return;
    }
    let sent = match handle {
        Ok(handle) => rustix::process::pidfd_send_signal(handle, signal),
        // A kernel without process handles.
        Err(rustix::io::Errno::NOSYS) => rustix::process::kill_process(pid, signal),
        Err(error) => Err(error),
    };
    if let Err(error) = sent
        && error != rustix::io::Errno::SRCH
    {
        tracing::warn!(process.pid = target.pid, ?signal, %error, "signal not sent");
    }
}

/// The runner's own id.
#[must_use]
pub fn me() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// The id of a process inside the namespace of its own.
#[must_use]
pub fn inner_pid(pid: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let ids = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    ids.split_whitespace().next_back()?.parse().ok()
}

fn process(pid: i32) -> Option<Process> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name stands in brackets and may contain anything, brackets included.
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<i64>().ok();
    // A dead first thread does not make the process dead while others run.
    let dead = matches!(*fields.first()?, "Z" | "X") && number(17)? <= 1;
    let cpu: i64 = [11, 12, 13, 14].into_iter().filter_map(number).sum();
    Some(Process {
        pid,
        parent: i32::try_from(number(1)?).ok()?,
        group: i32::try_from(number(2)?).ok()?,
        session: i32::try_from(number(3)?).ok()?,
        began: u64::try_from(number(19)?).ok()?,
        dead,
        cpu_ticks: u64::try_from(cpu).unwrap_or(0),
        rss_pages: u64::try_from(number(21)?).unwrap_or(0),
    })
}
