//! Starts the agent process: as it is, or inside bubblewrap.
//!
//! The environment is never passed as arguments, which everybody can read. Bubblewrap hands its own
//! environment on, and `/proc/<pid>/environ` is open only to root and to the same user; another run
//! of the same user cannot look either, because its PID namespace has a `/proc` of its own.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use optio_domain::wire::runner::{EndCause, Ended, RunSpec};
use rustix::io::FdFlags;
use tokio::process::{Child, Command};

use crate::place::{HOME, Place, WORKSPACE};
use crate::tree;

/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// What of `/etc` an isolated agent sees, besides a list of users of its own.
const ETC: [&str; 11] = [
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/localtime",
    "/etc/gitconfig",
];
/// Directories that are links into `/usr` on most systems, and are what they are on this one.
const MERGED: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// A process that has been started.
pub(crate) struct Spawned {
    pub(crate) child: Child,
    /// What bubblewrap says about itself, where there is one.
    pub(crate) report: Option<Report>,
}

/// Where bubblewrap reports that it could set up the sandbox.
pub(crate) struct Report(io::PipeReader);

impl Report {
    /// Whether the program in the sandbox was ever executed. To be asked after bubblewrap's end:
    /// it reports an exit code only for a program that it has started.
    pub(crate) fn executed(self) -> bool {
        let mut text = String::new();
        self.0
            .take(4 << 10)
            .read_to_string(&mut text)
            .is_ok_and(|_| text.contains("\"exit-code\""))
    }
}

/// Starts the program of a run.
///
/// Must be called on a thread that lives as long as the runner: bubblewrap dies with the thread
/// that has started it.
pub(crate) fn spawn(place: &Place, state_dir: &Path, spec: &RunSpec) -> Result<Spawned, Ended> {
    executable(Path::new(&spec.program))?;
    let started = match &place.bwrap {
        Some(bwrap) => isolated(bwrap, place, state_dir, spec),
        None => bare(place, spec),
    };
    started.map_err(|error| match (error.kind(), &place.bwrap) {
        (io::ErrorKind::NotFound, Some(bwrap)) => failed(format!(
            "{} is not there: install bubblewrap (for example: apt-get install bubblewrap)",
            bwrap.display()
        )),
        (io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied, None) => {
            missing(format!("{} cannot be executed: {error}", spec.program))
        }
        (_, _) => failed(format!("{} was not started: {error}", spec.program)),
    })
}

/// An end without a process.
pub(crate) fn failed(detail: String) -> Ended {
    Ended {
        cause: EndCause::SpawnFailed,
        code: None,
        signal: None,
        detail: Some(detail),
    }
}

fn missing(detail: String) -> Ended {
    Ended {
        cause: EndCause::Missing,
        ..failed(detail)
    }
}

fn executable(program: &Path) -> Result<(), Ended> {
    let shown = program.display();
    if !program.is_absolute() {
        return Err(missing(format!("{shown} is not an absolute path")));
    }
    let found = fs::metadata(program).map_err(|error| missing(format!("{shown}: {error}")))?;
    if !found.is_file() || found.permissions().mode() & 0o111 == 0 {
        return Err(missing(format!("{shown} is not an executable file")));
    }
    Ok(())
}

fn bare(place: &Place, spec: &RunSpec) -> io::Result<Spawned> {
    let mut command = Command::new(&spec.program);
    command.args(&spec.args).current_dir(&place.workspace);
    let home = place.home.to_string_lossy();
    furnish(
        &mut command,
        place,
        spec,
        &home,
        &place.workspace.to_string_lossy(),
    );
    Ok(Spawned {
        child: command.spawn()?,
        report: None,
    })
}

fn isolated(bwrap: &Path, place: &Place, state_dir: &Path, spec: &RunSpec) -> io::Result<Spawned> {
    let (report, reporter) = io::pipe()?;
    let users = Users::of(place)?;
    // These three are for bubblewrap, and are closed here as soon as it has them. Nothing else is
    // started meanwhile, since the runner has one thread.
    let inherited: [OwnedFd; 3] = [reporter.into(), users.passwd.into(), users.group.into()];
    for fd in &inherited {
        rustix::io::fcntl_setfd(fd, FdFlags::empty())?;
    }
    let [reporter, passwd, group] = inherited.each_ref().map(|fd| fd.as_raw_fd().to_string());
    let mut command = Command::new(bwrap);
    command
        .args(["--unshare-pid", "--unshare-ipc", "--die-with-parent"])
        .args(["--new-session", "--cap-drop", "ALL"])
        .args(["--json-status-fd", &reporter])
        .args(system())
        .args(["--ro-bind-data", &passwd, "/etc/passwd"])
        .args(["--ro-bind-data", &group, "/etc/group"]);
    for path in visible(spec) {
        if state_dir.starts_with(&path) {
            return Err(io::Error::other(format!(
                "{} cannot be shown to an agent: the runner's own files are below it",
                path.display()
            )));
        }
        command.arg("--ro-bind").arg(&path).arg(&path);
    }
    command
        .arg("--bind")
        .args([place.workspace.as_os_str(), WORKSPACE.as_ref()])
        .arg("--bind")
        .args([place.home.as_os_str(), HOME.as_ref()])
        .args(["--chdir", WORKSPACE, "--", &spec.program])
        .args(&spec.args)
        .current_dir("/");
    furnish(&mut command, place, spec, HOME, WORKSPACE);
    Ok(Spawned {
        child: command.spawn()?,
        report: Some(Report(report)),
    })
}

/// What both kinds have in common: environment, identity, pipes.
fn furnish(command: &mut Command, place: &Place, spec: &RunSpec, home: &str, workspace: &str) {
    command
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", home)
        .env("TMPDIR", "/tmp")
        .env("LANG", "C.UTF-8")
        .env("OPTIO_WORKSPACE", workspace)
        .envs(&spec.env)
        .envs(&spec.secrets)
        .env(tree::MARKER, spec.run.to_string())
        .env(tree::SANDBOX_MARKER, &place.sandbox)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    if let Some(run_as) = place.run_as {
        // This also drops the runner's supplementary groups.
        command.uid(run_as.uid).gid(run_as.gid);
    }
}

/// The system as an agent sees it: read-only, and nothing of anybody's data.
fn system() -> Vec<OsString> {
    let mut args: Vec<OsString> = ["--ro-bind", "/usr", "/usr"].map(OsString::from).to_vec();
    for path in MERGED {
        match (fs::read_link(path), Path::new(path).is_dir()) {
            (Ok(target), _) => args.extend(["--symlink".into(), target.into(), path.into()]),
            (Err(_), true) => args.extend(["--ro-bind", path, path].map(OsString::from)),
            (Err(_), false) => {}
        }
    }
    args.extend(["--proc", "/proc", "--dev", "/dev"].map(OsString::from));
    args.extend(["--tmpfs", "/tmp", "--tmpfs", "/run"].map(OsString::from));
    for path in ETC {
        args.extend(["--ro-bind-try", path, path].map(OsString::from));
    }
    args
}

/// What the run may read besides the system: what it names, and the program with its neighbours,
/// where it is reached by its name and where it really is.
fn visible(spec: &RunSpec) -> Vec<PathBuf> {
    let program = PathBuf::from(&spec.program);
    let real = fs::canonicalize(&program).unwrap_or_else(|_| program.clone());
    let mut paths: Vec<PathBuf> = spec.read_only.iter().map(PathBuf::from).collect();
    paths.extend(
        [program, real]
            .iter()
            .filter_map(|path| path.parent())
            .map(Path::to_owned),
    );
    paths.sort();
    paths.dedup();
    paths.retain(|path| {
        let system =
            path.starts_with("/usr") || MERGED.iter().any(|merged| path.starts_with(merged));
        !system
    });
    paths
}

/// The list of users an isolated agent sees: itself and root, and nobody of this machine.
struct Users {
    passwd: io::PipeReader,
    group: io::PipeReader,
}

impl Users {
    fn of(place: &Place) -> io::Result<Self> {
        let (uid, gid) = place.run_as.map_or_else(
            || {
                let uid = rustix::process::geteuid().as_raw();
                (uid, rustix::process::getegid().as_raw())
            },
            |run_as| (run_as.uid, run_as.gid),
        );
        let mut passwd = "root:x:0:0:root:/root:/bin/sh\n".to_owned();
        let mut group = "root:x:0:\n".to_owned();
        if uid != 0 {
            passwd += &format!("agent:x:{uid}:{gid}:agent:{HOME}:/bin/bash\n");
            group += &format!("agent:x:{gid}:\n");
        }
        Ok(Self {
            passwd: filled(&passwd)?,
            group: filled(&group)?,
        })
    }
}

/// A pipe with this in it: far less than a pipe holds, so that writing does not wait.
fn filled(text: &str) -> io::Result<io::PipeReader> {
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(text.as_bytes())?;
    Ok(reader)
}
