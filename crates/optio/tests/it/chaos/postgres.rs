//! A Postgres of the site's own that keeps its promises after a crash, and can be made to crash.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use optio::postgres::installed;
use rustix::process::{Signal, geteuid};

use super::machine::Machine;
use crate::world::{PATIENCE, signal};

/// How often something that has to change by itself is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The server.
#[derive(Debug)]
pub(super) struct Postgres {
    dir: PathBuf,
    programs: PathBuf,
    machine: Arc<Machine>,
    child: Option<Child>,
}

impl Postgres {
    /// Makes the files and starts the server.
    pub(super) async fn start(dir: &Path, machine: Arc<Machine>) -> Self {
        let search: Vec<PathBuf> = ["/usr/local/bin", "/usr/bin"].map(PathBuf::from).into();
        let programs = installed(&search).pop().expect("no Postgres programs");
        fs::create_dir(dir).unwrap();
        if geteuid().is_root() {
            let chown = Command::new("chown").arg("postgres").arg(dir).status();
            assert!(chown.unwrap().success());
        }
        let mut postgres = Self {
            dir: dir.to_owned(),
            programs: programs.dir,
            machine,
            child: None,
        };
        let mut initdb = postgres.command("initdb");
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--locale=C",
            "--encoding=UTF8",
        ]);
        let made = initdb
            .arg("--pgdata")
            .arg(dir.join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        postgres.again().await;
        postgres
    }

    /// As the user Postgres runs as.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
            command.arg(path);
            command
        } else {
            Command::new(path)
        };
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", "/usr/bin:/bin");
        command.current_dir(&self.dir).stdin(Stdio::null());
        command
    }

    /// Where to connect to.
    pub(super) fn url(&self) -> String {
        let host = self.dir.display();
        format!("postgres:///postgres?host={host}&user=postgres")
    }

    /// Starts the server where it does not run. After a kill its processes may still be on their way
    /// out: then it is tried again.
    pub(super) async fn again(&mut self) {
        if self.child.is_some() {
            return;
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.dir.join("../postgres.log"))
            .unwrap();
        for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
            let mut command = self.command("postgres");
            command.arg("-D").arg(self.dir.join("data"));
            command.arg("-k").arg(&self.dir);
            for setting in [
                "listen_addresses=",
                "fsync=on",
                "synchronous_commit=on",
                "full_page_writes=on",
                "max_connections=200",
            ] {
                command.args(["-c", setting]);
            }
            command
                .stdout(log.try_clone().unwrap())
                .stderr(log.try_clone().unwrap());
            self.machine.carry(&mut command);
            let mut child = command.process_group(0).spawn().unwrap();
            loop {
                if child.try_wait().unwrap().is_some() {
                    break;
                }
                if self.answers() {
                    self.child = Some(child);
                    return;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("Postgres does not start: {}", self.said());
    }

    /// What it said last.
    fn said(&self) -> String {
        let log = fs::read_to_string(self.dir.join("../postgres.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn answers(&self) -> bool {
        let mut ready = self.command("pg_isready");
        ready.args(["--quiet", "--username=postgres", "--host"]);
        ready.arg(&self.dir).status().unwrap().success()
    }

    /// Ends it: KILL without a word, INT with a checkpoint.
    pub(super) async fn end(&mut self, how: Signal) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        signal(i32::try_from(child.id()).unwrap(), how);
        tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal(i32::try_from(child.id()).unwrap(), Signal::QUIT);
            drop(child.wait());
        }
    }
}
