//! Starts a program of a run: as it is, or inside bubblewrap.
//!
//! The environment is never passed as arguments, which everybody can read. Bubblewrap hands its own
//! environment on, and `/proc/<pid>/environ` is open only to root and to the same user; another run
//! of the same user cannot look either, because its PID namespace has a `/proc` of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use optio_domain::id::RunId;
use optio_domain::wire::runner::{EndCause, Ended};
use rustix::io::FdFlags;
use tokio::process::{Child, Command};

use crate::door::{Door, SEEN};
use crate::place::{HOME, Place, WORKSPACE};
use crate::seen::{Users, system, visible};
use crate::tree;

/// Where programs are looked for.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What is to be executed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What<'a> {
    /// A program, by its absolute path, or by a name that is looked for.
    Program(&'a str),
    /// The runner's own program.
    Ourselves,
}

/// A program that is to be started.
pub(crate) struct Order<'a> {
    /// Whose marker its processes carry.
    pub(crate) marker: RunId,
    pub(crate) program: What<'a>,
    /// Never a secret: they can be read by others.
    pub(crate) args: &'a [String],
    /// Where it starts, below the workspace; empty for the workspace itself.
    pub(crate) dir: &'a str,
    /// Its environment, secrets included.
    pub(crate) env: &'a BTreeMap<String, String>,
    /// Directories it may read besides the system.
    pub(crate) read_only: &'a [String],
}

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

/// Starts a program.
///
/// Must be called on a thread that lives as long as the runner: bubblewrap dies with the thread
/// that has started it.
pub(crate) fn spawn(
    place: &Place,
    door: &Door,
    state_dir: &Path,
    order: &Order<'_>,
) -> Result<Spawned, Ended> {
    let found;
    let program = match order.program {
        What::Program(name) if !name.contains('/') => {
            found = installed(name).ok_or_else(|| {
                missing(format!(
                    "{name} is in none of {PATH}; the image of this sandbox has to bring it"
                ))
            })?;
            found.as_str()
        }
        What::Program(program) => program,
        What::Ourselves => door.program(),
    };
    executable(Path::new(program))?;
    let started = match &place.bwrap {
        Some(bwrap) => isolated(bwrap, place, door, state_dir, order),
        None => bare(place, program, order),
    };
    started.map_err(|error| match (error.kind(), &place.bwrap) {
        (io::ErrorKind::NotFound, Some(bwrap)) => failed(format!(
            "{} is not there: install bubblewrap (for example: apt-get install bubblewrap)",
            bwrap.display()
        )),
        (io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied, None) => {
            missing(format!("{program} cannot be executed: {error}"))
        }
        (_, _) => failed(format!("{program} was not started: {error}")),
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

/// The directory itself where nothing below it is named: a joined path would end with a slash.
fn inside(workspace: &Path, dir: &str) -> PathBuf {
    if dir.is_empty() {
        workspace.to_owned()
    } else {
        workspace.join(dir)
    }
}

fn bare(place: &Place, program: &str, order: &Order<'_>) -> io::Result<Spawned> {
    let mut command = Command::new(program);
    command
        .args(order.args)
        .current_dir(inside(&place.workspace, order.dir));
    let home = place.home.to_string_lossy();
    furnish(
        &mut command,
        place,
        order,
        &home,
        &place.workspace.to_string_lossy(),
    );
    Ok(Spawned {
        child: command.spawn()?,
        report: None,
    })
}

fn isolated(
    bwrap: &Path,
    place: &Place,
    door: &Door,
    state_dir: &Path,
    order: &Order<'_>,
) -> io::Result<Spawned> {
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
        .args(["--ro-bind-data", &group, "/etc/group"])
        .args(door.shown(order));
    // Our own program is shown by the door, without what lies beside it.
    let (program, paths) = match order.program {
        What::Program(program) => (program, visible(program, order.read_only)),
        What::Ourselves => (SEEN, Vec::new()),
    };
    for path in paths {
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
        .arg("--chdir")
        .arg(inside(Path::new(WORKSPACE), order.dir))
        .args(["--", program])
        .args(order.args)
        .current_dir("/");
    furnish(&mut command, place, order, HOME, WORKSPACE);
    Ok(Spawned {
        child: command.spawn()?,
        report: Some(Report(report)),
    })
}

/// What both kinds have in common: environment, identity, pipes.
fn furnish(command: &mut Command, place: &Place, order: &Order<'_>, home: &str, workspace: &str) {
    command
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", home)
        .env("TMPDIR", "/tmp")
        .env("LANG", "C.UTF-8")
        .env("OPTIO_WORKSPACE", workspace)
        .envs(order.env)
        .env(tree::MARKER, order.marker.to_string())
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

/// Where a program of the system is.
pub(crate) fn installed(name: &str) -> Option<String> {
    PATH.split(':')
        .map(|dir| format!("{dir}/{name}"))
        .find(|path| Path::new(path).is_file())
}
