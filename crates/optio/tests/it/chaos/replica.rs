//! One control plane: the real binary, started again whenever it has ended, as a service manager
//! would.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::{SocketAddr, TcpStream},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use super::machine::Machine;
use crate::world::{PATIENCE, signal};

/// How often something that has to change by itself is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// A control plane.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) number: usize,
    pub(super) address: SocketAddr,
    dir: PathBuf,
    /// `dev` where it is alone, `serve` among others.
    command: &'static str,
    env: BTreeMap<String, String>,
    machine: Arc<Machine>,
    child: Option<Child>,
    /// Whether it is to run: then somebody starts it when it does not.
    wanted: bool,
    /// How often it ended although nobody wanted that.
    pub(super) falls: Vec<String>,
}

impl Replica {
    pub(super) fn new(
        number: usize,
        address: SocketAddr,
        dir: PathBuf,
        command: &'static str,
        env: BTreeMap<String, String>,
        machine: Arc<Machine>,
    ) -> Self {
        Self {
            number,
            address,
            dir,
            command,
            env,
            machine,
            child: None,
            wanted: false,
            falls: Vec::new(),
        }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join(format!("replica-{}.log", self.number))
    }

    /// Starts it, without waiting for anything.
    pub(super) fn start(&mut self) {
        self.wanted = true;
        if self.child.is_some() {
            return;
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let mut command = Command::new(self.dir.join("optio"));
        command
            .args([
                self.command,
                "--listen",
                &self.address.to_string(),
                "--data-dir",
            ])
            .arg(self.dir.join("data"))
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("NO_COLOR", "1")
            .envs(&self.env)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0);
        self.machine.carry(&mut command);
        self.child = Some(command.spawn().unwrap());
    }

    /// Starts it again where it has ended by itself.
    pub(super) fn tend(&mut self) {
        let Some(child) = &mut self.child else {
            return;
        };
        if let Some(status) = child.try_wait().unwrap() {
            self.child = None;
            self.falls
                .push(format!("replica {} ended with {status}", self.number));
            if self.wanted {
                self.start();
            }
        }
    }

    fn pid(&self) -> Option<i32> {
        let child = self.child.as_ref()?;
        Some(i32::try_from(child.id()).unwrap())
    }

    /// Sends a signal, where it runs.
    pub(super) fn signal(&self, what: Signal) {
        if let Some(pid) = self.pid() {
            signal(pid, what);
        }
    }

    /// Kills it without a word.
    pub(super) async fn kill(&mut self) {
        self.wanted = false;
        self.signal(Signal::KILL);
        self.wait().await;
    }

    /// Stops it as an operator would. How it ended, where it ran.
    pub(super) async fn stop(&mut self) -> Option<ExitStatus> {
        self.wanted = false;
        self.signal(Signal::TERM);
        self.wait().await
    }

    async fn wait(&mut self) -> Option<ExitStatus> {
        let mut child = self.child.take()?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return Some(status);
            }
            if deadline < Instant::now() {
                drop(child.kill());
                self.falls
                    .push(format!("replica {} did not stop", self.number));
                return child.wait().ok();
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether somebody listens.
    pub(super) fn listens(&self) -> bool {
        self.child.is_some() && TcpStream::connect(self.address).is_ok()
    }

    /// What it said last.
    pub(super) fn said(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Replica {
    /// Ends it for good, at once.
    pub(super) fn finish(&mut self) {
        self.wanted = false;
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.finish();
    }
}
