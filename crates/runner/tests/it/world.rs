//! Directories, a control plane and the real runner between them.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use optio_domain::id::{RunId, SandboxId};
use optio_domain::wire::runner::{Bootstrap, Isolation, RunAs, RunLimits, RunSpec};
use uuid::Uuid;

use crate::plane::{Plane, WAIT_MAX};

pub(crate) const TOKEN: &str = "sandbox-token-of-the-test";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bubblewrap,
    Bare,
}

pub(crate) struct World {
    pub(crate) plane: Plane,
    pub(crate) bootstrap: Bootstrap,
    runner: Option<Child>,
    dir: tempfile::TempDir,
}

impl World {
    /// A control plane, and a runner that has said hello to it.
    pub(crate) async fn new(kind: Kind) -> Self {
        let mut world = Self::without_runner(kind).await;
        world.start_runner().await;
        world
    }

    pub(crate) async fn without_runner(kind: Kind) -> Self {
        let plane = Plane::up().await;
        let dir = tempfile::tempdir().unwrap();
        // The agent's user must be able to pass.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let (workspace, home) = (path("workspace"), path("home"));
        let run_as = rustix::process::geteuid().is_root().then_some(RunAs {
            uid: 61_000,
            gid: 61_000,
        });
        let isolation = match kind {
            Kind::Bubblewrap => Isolation::Bubblewrap {
                program: bubblewrap(),
                workspace,
                home,
                run_as,
            },
            Kind::Bare => Isolation::None {
                workspace,
                home,
                run_as,
            },
        };
        let bootstrap = Bootstrap {
            reads_addresses: true,
            api_url: format!("http://{}", plane.address),
            sandbox: SandboxId(unique()),
            token: TOKEN.to_owned(),
            state_dir: path("state"),
            isolation,
            orphan_ms_max: 600_000,
        };
        Self {
            plane,
            bootstrap,
            runner: None,
            dir,
        }
    }

    /// Starts a runner and waits until it has said hello.
    pub(crate) async fn start_runner(&mut self) {
        let before = self.plane.look(|memory| memory.hellos.len());
        self.runner = Some(self.spawn(&mut Self::program()));
        self.hello_after(before).await;
    }

    pub(crate) async fn hello_after(&self, before: usize) {
        self.plane
            .until("hello", |memory| {
                (before < memory.hellos.len()).then_some(())
            })
            .await;
    }

    pub(crate) fn program() -> Command {
        Command::new(env!("CARGO_BIN_EXE_optio-runner"))
    }

    pub(crate) fn spawn(&self, command: &mut Command) -> Child {
        let log = self.dir.path().join("runner.log");
        let log = fs::File::options().create(true).append(true).open(log);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let text = serde_json::to_string(&self.bootstrap).unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        child
    }

    pub(crate) fn keep_runner(&mut self, runner: Child) {
        self.runner = Some(runner);
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("runner.log")).unwrap_or_default()
    }

    /// Kills the runner as a machine would: without a word.
    pub(crate) fn kill_runner(&mut self) {
        let mut runner = self.runner.take().unwrap();
        runner.kill().unwrap();
        runner.wait().unwrap();
    }

    pub(crate) fn signal_runner(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.runner.as_ref().unwrap().id()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn runner_memory_peak_kb(&self) -> u64 {
        let pid = self.runner.as_ref().unwrap().id();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    }

    /// Waits for the runner's own end.
    pub(crate) async fn runner_ended(&mut self) -> ExitStatus {
        let mut runner = self.runner.take().unwrap();
        until("the runner's end", || runner.try_wait().unwrap()).await
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn journal(&self, run: RunId) -> String {
        let path = self.path(&format!("state/journals/{run}.jsonl"));
        String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
    }

    /// A run of a shell script, with limits that no test reaches by itself.
    pub(crate) fn script(&self, script: &str) -> RunSpec {
        RunSpec {
            run: RunId(unique()),
            epoch: 7,
            program: "/bin/sh".to_owned(),
            args: vec!["-c".to_owned(), script.to_owned()],
            env: [].into(),
            secrets: [].into(),
            stdin: String::new(),
            files: vec![],
            read_only: vec![],
            limits: RunLimits {
                duration_ms: 600_000,
                silence_ms: 600_000,
                line_bytes: 64 << 10,
                output_bytes: 256 << 20,
                grace_ms: 500,
            },
            dialogue: None,
            checkout: None,
            directory: None,
            outputs: None,
            setup: None,
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mut runner) = self.runner.take() {
            drop(runner.kill());
            drop(runner.wait());
        }
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

/// Polls until something is there.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + WAIT_MAX;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "never: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Processes that carry the marker of a run.
pub(crate) fn survivors(run: RunId) -> Vec<String> {
    marked(&format!("OPTIO_RUN_ID={run}"))
}

fn marked(marker: &str) -> Vec<String> {
    let is_marked = |pid: &String| {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| {
            let mut variables = environ.split(|byte| *byte == 0);
            variables.any(|variable| variable == marker.as_bytes())
        })
    };
    processes().into_iter().filter(is_marked).collect()
}

/// Processes that were started in this world's sandbox.
pub(crate) fn carriers(world: &World) -> Vec<String> {
    marked(&format!("OPTIO_SANDBOX_ID={}", world.bootstrap.sandbox))
}

/// Processes whose command line contains a text.
pub(crate) fn running(text: &str) -> Vec<String> {
    let has = |pid: &String| {
        fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(text))
    };
    processes().into_iter().filter(has).collect()
}

fn processes() -> Vec<String> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.parse::<u32>().is_ok())
        .collect()
}

/// An identity that no other test has, in this or in another execution.
pub(crate) fn unique() -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let count = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
    Uuid::from_u128((nanos.as_nanos() << 48) | (u128::from(std::process::id()) << 16) | count)
}

fn bubblewrap() -> String {
    let found = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"]
        .into_iter()
        .find(|path| fs::metadata(path).is_ok());
    found
        .expect("these tests need bubblewrap: apt-get install bubblewrap")
        .to_owned()
}
