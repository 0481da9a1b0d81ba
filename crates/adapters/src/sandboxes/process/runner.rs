//! The runner process of a sandbox: how it is started and how it is found again.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    path::Path,
    process::Stdio,
};

use optio_domain::{
    id::SandboxId,
    ports::{SandboxError, SandboxOrder},
    wire::runner::Bootstrap,
};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

use super::{
    MARKER, Settings, blocking,
    isolation::Bubblewrap,
    place::{Place, trouble},
    processes::Process,
};

/// A log longer than this is put aside when a runner starts; one former log is kept.
const LOG_BYTES_MAX: u64 = 1 << 20;

/// What the runner is told over its standard input.
pub(super) fn bootstrap(
    order: &SandboxOrder,
    place: &Place,
    bubblewrap: &Bubblewrap,
    settings: &Settings,
) -> Bootstrap {
    Bootstrap {
        api_url: order.api_url.clone(),
        sandbox: order.sandbox,
        token: order.token.clone(),
        state_dir: place.runner().to_string_lossy().into_owned(),
        reads_addresses: true,
        isolation: bubblewrap.isolation(place, settings.run_as),
        orphan_ms_max: settings.orphan_ms_max,
    }
}

/// The runner of a sandbox, if it lives.
pub(super) fn alive(place: &Place) -> Option<Process> {
    let text = fs::read_to_string(place.pid_file()).ok()?;
    let (pid, began) = text.trim().split_once(' ')?;
    let process = Process {
        pid: pid.parse().ok()?,
        began: began.parse().ok()?,
    };
    process.is_alive().then_some(process)
}

/// Starts the runner, writes down which process it is and hands it its bootstrap.
pub(super) async fn start(
    place: &Place,
    sandbox: SandboxId,
    settings: &Settings,
    bootstrap: &Bootstrap,
) -> Result<(), SandboxError> {
    let to_log = place.clone();
    let log = blocking(move || open_log(&to_log.log())).await?;
    let error_log = log
        .try_clone()
        .map_err(|error| trouble(&error, "write", &place.log()))?;
    let mut child = Command::new(&settings.runner)
        .env_clear()
        .env("PATH", &settings.path)
        .env(MARKER, sandbox.to_string())
        .current_dir(place.runner())
        .stdin(Stdio::piped())
        .stdout(log)
        .stderr(error_log)
        // Ctrl-C in the terminal of the control plane is not meant for it.
        .process_group(0)
        .spawn()
        .map_err(|error| not_started(&error, &settings.runner))?;
    let introduced = introduce(&mut child, place, bootstrap).await;
    if introduced.is_err() {
        // Without a pid file nobody would ever find it, and it knows nothing yet.
        drop(child.start_kill());
    }
    reap(child, sandbox);
    introduced
}

async fn introduce(
    child: &mut Child,
    place: &Place,
    bootstrap: &Bootstrap,
) -> Result<(), SandboxError> {
    let early = || {
        let log = place.log();
        SandboxError::Busy(format!("the runner ended at once; see {}", log.display()))
    };
    // Not reaped yet, so that the pid is still its own.
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    let process = pid.and_then(Process::now).ok_or_else(early)?;
    let (file, text) = (
        place.pid_file(),
        format!("{} {}\n", process.pid, process.began),
    );
    blocking(move || {
        // Renamed into place: a reader never sees half a number.
        let draft = file.with_extension("new");
        fs::write(&draft, text)
            .and_then(|()| fs::rename(&draft, &file))
            .map_err(|error| trouble(&error, "write", &file))
    })
    .await?;
    let told = serde_json::to_vec(bootstrap).map_err(io::Error::from);
    let mut stdin = child.stdin.take().ok_or_else(early)?;
    match told {
        // Dropping it afterwards is the end of file.
        Ok(told) => stdin.write_all(&told).await.map_err(|_| early()),
        Err(error) => Err(SandboxError::Broken(error.to_string())),
    }
}

/// Waits for the runner, so that it does not stay a zombie.
fn reap(mut child: Child, sandbox: SandboxId) {
    tokio::spawn(async move {
        match child.wait().await {
            Ok(status) => tracing::info!(sandbox.id = %sandbox, %status, "runner ended"),
            Err(error) => tracing::warn!(sandbox.id = %sandbox, %error, "runner not reaped"),
        }
    });
}

fn open_log(path: &Path) -> Result<File, SandboxError> {
    let long = fs::metadata(path).is_ok_and(|found| LOG_BYTES_MAX < found.len());
    let moved = if long {
        fs::rename(path, path.with_extension("log.1"))
    } else {
        Ok(())
    };
    moved
        .and_then(|()| OpenOptions::new().create(true).append(true).open(path))
        .map_err(|error| trouble(&error, "write", path))
}

fn not_started(error: &io::Error, program: &Path) -> SandboxError {
    let what = format!("cannot start the runner {}: {error}", program.display());
    let remedy = if error.kind() == ErrorKind::NotFound {
        "install `optio-runner` beside `optio`, or name its path in the configuration"
    } else if error.kind() == ErrorKind::PermissionDenied {
        "it must be executable, on a file system without `noexec`"
    } else {
        // Out of processes or memory, or the program is being replaced: passes.
        return SandboxError::Busy(what);
    };
    SandboxError::Broken(format!("{what}; {remedy}"))
}
