//! Whether bubblewrap works on this machine, found out by using it.

use std::{path::PathBuf, process::Stdio, time::Duration};

use optio_domain::{
    ports::IsolationReport,
    wire::runner::{Isolation, RunAs},
};
use tokio::{process::Command, time::timeout};

use super::{Settings, place::Place};

/// How long the trial may take.
const PROBE_MAX: Duration = Duration::from_secs(5);

/// Bubblewrap on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bubblewrap {
    /// It works.
    Works(PathBuf),
    /// It does not, for this reason.
    Unusable(String),
}

/// Tries bubblewrap as the user who will use it. Being installed is not enough: kernels, containers
/// and AppArmor profiles forbid user namespaces or a fresh `/proc`.
pub(super) async fn probe(settings: &Settings) -> Bubblewrap {
    let program = match &settings.bwrap {
        Ok(program) => program,
        Err(why) => return Bubblewrap::Unusable(why.clone()),
    };
    let shown = program.display();
    let mut command = Command::new(program);
    command
        .args([
            "--unshare-pid",
            "--unshare-ipc",
            "--die-with-parent",
            "--new-session",
        ])
        .args([
            "--ro-bind",
            "/",
            "/",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--tmpfs",
            "/tmp",
        ])
        .args(["--", "true"])
        .env_clear()
        .env("PATH", &settings.path)
        .current_dir("/")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(user) = settings.run_as {
        command.uid(user.uid).gid(user.gid);
    }
    let why = match timeout(PROBE_MAX, command.output()).await {
        Ok(Ok(output)) if output.status.success() => return Bubblewrap::Works(program.clone()),
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer".to_owned(),
    };
    Bubblewrap::Unusable(format!(
        "{shown} does not work here ({why}); allow unprivileged user namespaces, for example with \
         `sysctl kernel.unprivileged_userns_clone=1`, or in a container with a seccomp profile that \
         permits them"
    ))
}

impl Bubblewrap {
    pub(super) fn report(&self) -> IsolationReport {
        match self {
            Self::Works(_) => IsolationReport {
                isolated: true,
                words: "bubblewrap: own /workspace, HOME and /tmp, own process namespace; the \
                        system read-only"
                    .to_owned(),
            },
            Self::Unusable(why) => IsolationReport {
                isolated: false,
                words: format!(
                    "agents are not isolated: they see this machine as the user they run as does. \
                     {why}"
                ),
            },
        }
    }

    /// What the runner is to do about it.
    pub(super) fn isolation(&self, place: &Place, run_as: Option<RunAs>) -> Isolation {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let (workspace, home) = (text(place.workspace()), text(place.home()));
        match self {
            Self::Works(program) => Isolation::Bubblewrap {
                program: text(program.clone()),
                workspace,
                home,
                run_as,
            },
            Self::Unusable(_) => Isolation::None {
                workspace,
                home,
                run_as,
            },
        }
    }
}
