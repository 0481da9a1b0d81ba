//! What the kernel knows about processes and about this machine.

use std::{collections::BTreeMap, fs, path::Path};

use crate::Outcome;

/// The kernel counts processor time for `/proc` in hundredths of a second, everywhere.
const TICKS_PER_SECOND: f64 = 100.0;

struct Stat {
    name: String,
    parent: i32,
    own: u64,
    waited_for: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, tail) = text.rsplit_once(") ")?;
    let (_, name) = head.split_once(" (")?;
    let fields: Vec<&str> = tail.split(' ').collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Stat {
        name: name.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        waited_for: number(13)? + number(14)?,
    })
}

fn pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Processor time used so far, in seconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// The control plane.
    pub(crate) optio: f64,
    /// Postgres with all its processes.
    pub(crate) postgres: f64,
    /// Runners, and everything they have started and seen end.
    pub(crate) runners: f64,
    /// Ourselves: the load.
    pub(crate) load: f64,
}

impl Cpu {
    /// What was used since.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            optio: self.optio - before.optio,
            postgres: self.postgres - before.postgres,
            runners: self.runners - before.runners,
            load: self.load - before.load,
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            optio: self.optio + other.optio,
            postgres: self.postgres + other.postgres,
            runners: self.runners + other.runners,
            load: self.load + other.load,
        }
    }

    /// Without the load.
    pub(crate) fn system(self) -> f64 {
        self.optio + self.postgres + self.runners
    }
}

/// Who used what. `server` is the control plane, or whatever stands in for it.
pub(crate) fn cpu(server: i32, postmaster: i32) -> Cpu {
    let seconds =
        |ticks: u64| f64::from(u32::try_from(ticks).unwrap_or(u32::MAX)) / TICKS_PER_SECOND;
    let stats: BTreeMap<i32, Stat> = pids()
        .into_iter()
        .filter_map(|pid| Some((pid, stat(pid)?)))
        .collect();
    let mut cpu = Cpu::default();
    for (pid, stat) in &stats {
        let both = seconds(stat.own + stat.waited_for);
        if *pid == server {
            cpu.optio += seconds(stat.own);
        } else if *pid == postmaster {
            cpu.postgres += both;
        } else if stat.parent == postmaster {
            cpu.postgres += seconds(stat.own);
        } else if stat.parent == server && stat.name.starts_with("optio-runner") {
            cpu.runners += both;
        } else if u32::try_from(*pid) == Ok(std::process::id()) {
            cpu.load += seconds(stat.own);
        }
    }
    cpu
}

/// Resident memory of a process, in megabytes.
pub(crate) fn rss_mb(pid: i32) -> Outcome<f64> {
    memory_mb(pid, "VmRSS:")
}

/// The most that was resident since its start, in megabytes.
pub(crate) fn rss_mb_max(pid: i32) -> Outcome<f64> {
    memory_mb(pid, "VmHWM:")
}

fn memory_mb(pid: i32, field: &str) -> Outcome<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .unwrap_or_default()
        .parse()?;
    Ok(kilobytes / 1_024.0)
}

/// Processes below a directory: runners that work in it, and whatever else was left there.
pub(crate) fn working_in(dir: &Path) -> Vec<i32> {
    pids()
        .into_iter()
        .filter(|pid| {
            fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(dir))
        })
        .collect()
}

/// Processes that wanted a core, on average over the last minute.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Cores, memory, kernel: what absolute figures depend on. No names.
pub(crate) fn shape() -> Vec<(&'static str, String)> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let memory = read("/proc/meminfo");
    let memory: f64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    vec![
        ("cores", cores.to_string()),
        ("memory", format!("{:.0} GB", memory / 1_048_576.0)),
        (
            "kernel",
            read("/proc/sys/kernel/osrelease").trim().to_owned(),
        ),
        ("load before the run", load()),
    ]
}
