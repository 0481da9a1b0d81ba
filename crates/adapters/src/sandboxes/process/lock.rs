//! Keeps control planes that share a data directory from starting or ending one runner at once.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use optio_domain::ports::SandboxError;
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use tokio::time::{Instant, sleep};

use super::{blocking, place::trouble};

/// How long another may take: it may be stopped, and then it is not worth waiting for.
const WAIT_MAX: Duration = Duration::from_secs(3);
/// How often to look meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The lock of one sandbox; given back when it is dropped, however its holder ends.
pub(super) struct Lock {
    /// Open is locked.
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of this name beside the directory of all sandboxes.
    pub(super) async fn take(root: &Path, name: &str) -> Result<Self, SandboxError> {
        let path = root.with_extension("locks").join(name);
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let to_try = path.clone();
            if let Some(file) = blocking(move || attempt(&to_try)).await? {
                return Ok(Self { _file: file, path });
            }
            if deadline < Instant::now() {
                return Err(SandboxError::Busy(
                    "another control plane is starting or ending this sandbox".to_owned(),
                ));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Gives the lock back for good: its sandbox is no more.
    pub(super) fn remove(self) {
        // Where that fails an empty file stays.
        drop(fs::remove_file(&self.path));
    }
}

fn attempt(path: &Path) -> Result<Option<File>, SandboxError> {
    let opened = || {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        File::options().create(true).append(true).open(path)
    };
    let file = opened().map_err(|error| trouble(&error, "open", path))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(None),
        Err(error) => return Err(trouble(&error.into(), "lock", path)),
    }
    // Whoever had it may have removed the file: then we hold what nobody else will ever find.
    let ours = file.metadata().map(|it| it.ino()).ok();
    let there = fs::metadata(path).map(|it| it.ino()).ok();
    Ok((ours == there).then_some(file))
}
