//! What a process believes to be its machine: a wall clock that can be set, and a disk that can be
//! slow, by a small library that stands in front of the C library's functions.
//!
//! Runners and agents are not told of it: their environment is made from nothing, and what they write
//! is compared with what others write, so that their clock is one more that differs.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const SOURCE: &str = include_str!("machine.c");
/// Where the two numbers of `machine.c` lie in its file.
const CLOCK_AT: u64 = 0;
const FLUSH_AT: u64 = 8;

/// The library.
#[derive(Debug, Clone)]
pub(super) struct Library(PathBuf);

/// The machine of one process and its children.
#[derive(Debug)]
pub(super) struct Machine {
    library: PathBuf,
    file: PathBuf,
    numbers: File,
}

impl Library {
    /// Compiles it into a directory.
    pub(super) fn compile(dir: &Path) -> Self {
        let (source, library) = (dir.join("machine.c"), dir.join("machine.so"));
        fs::write(&source, SOURCE).unwrap();
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"]);
        let made = cc.arg(&library).arg(&source).output();
        let made = made.expect("the kill tests need a C compiler, called `cc`");
        assert!(made.status.success(), "{made:?}");
        Self(library)
    }

    /// A machine on which nothing is wrong, known by the name of its file.
    pub(super) fn machine(&self, file: PathBuf) -> Machine {
        fs::write(&file, [0; 16]).unwrap();
        // Postgres runs as a user of its own.
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let numbers = File::options().write(true).open(&file).unwrap();
        Machine {
            library: self.0.clone(),
            file,
            numbers,
        }
    }
}

impl Machine {
    /// Lets a program that is about to start believe in this machine.
    pub(super) fn carry(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("OPTIO_CHAOS_MACHINE", &self.file);
    }

    /// Sets the wall clock: so many milliseconds ahead of what is right.
    pub(super) fn clock(&self, ahead_ms: i64) {
        self.set(CLOCK_AT, ahead_ms);
    }

    /// Lets every flush take so much longer.
    pub(super) fn flush(&self, longer: Duration) {
        self.set(FLUSH_AT, i64::try_from(longer.as_millis()).unwrap());
    }

    fn set(&self, at: u64, number: i64) {
        let bytes = number.to_ne_bytes();
        self.numbers.write_all_at(&bytes, at).unwrap();
    }
}

#[test]
fn a_running_program_sees_its_clock_set_and_waits_for_a_slow_disk() {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        process::Stdio,
        time::{Instant, SystemTime},
    };
    let dir = tempfile::tempdir().unwrap();
    let machine = Library::compile(dir.path()).machine(dir.path().join("machine"));
    let mut command = Command::new("bash");
    let script = r#"while read -r _; do printf '%(%s)T\n' -1; done"#;
    command.args(["-c", script]).stdin(Stdio::piped());
    machine.carry(&mut command);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let (mut ask, answer) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut answers = BufReader::new(answer).lines();
    let mut off_by = || {
        ask.write_all(b"now\n").unwrap();
        let says: i64 = answers.next().unwrap().unwrap().parse().unwrap();
        let right = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        says - i64::try_from(right.unwrap().as_secs()).unwrap()
    };
    for ahead_s in [0, 3_600, -300, 0] {
        machine.clock(ahead_s * 1_000);
        let off = off_by();
        assert!((off - ahead_s).abs() <= 2, "{off} instead of {ahead_s}");
    }
    drop(ask);
    assert!(child.wait().unwrap().success());

    let flush = || {
        let mut dd = Command::new("dd");
        dd.args(["if=/dev/null", "conv=fsync"]);
        dd.arg(format!("of={}", dir.path().join("flushed").display()));
        machine.carry(&mut dd);
        let begun = Instant::now();
        assert!(dd.output().unwrap().status.success());
        begun.elapsed()
    };
    machine.flush(Duration::from_secs(2));
    assert!(Duration::from_secs(2) <= flush());
    machine.flush(Duration::ZERO);
    assert!(flush() < Duration::from_secs(2));
}
