//! The directory of a sandbox: `workspace` and `home` for the agent, `runner` for us alone.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::{Path, PathBuf},
};

use optio_domain::{
    id::SandboxId,
    ports::SandboxError,
    wire::runner::{ADDRESSES_FILE, RunAs},
};

/// To be passed through, not to be looked into.
const TRAVERSE: u32 = 0o711;
/// For one user.
const PRIVATE: u32 = 0o700;

/// Where everything of one sandbox is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    root: PathBuf,
    dir: PathBuf,
}

impl Place {
    pub(super) fn new(root: &Path, sandbox: SandboxId) -> Self {
        Self {
            root: root.to_owned(),
            dir: root.join(sandbox.to_string()),
        }
    }

    pub(super) fn workspace(&self) -> PathBuf {
        self.dir.join("workspace")
    }

    pub(super) fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    pub(super) fn runner(&self) -> PathBuf {
        self.dir.join("runner")
    }

    pub(super) fn pid_file(&self) -> PathBuf {
        self.runner().join("pid")
    }

    pub(super) fn addresses(&self) -> PathBuf {
        self.runner().join(ADDRESSES_FILE)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.runner().join("runner.log")
    }

    /// Sees to it that all directories are there, with the right owner and mode.
    pub(super) fn prepare(&self, run_as: Option<RunAs>) -> Result<(), SandboxError> {
        directory(&self.root, TRAVERSE, None)?;
        directory(&self.dir, TRAVERSE, None)?;
        directory(&self.runner(), PRIVATE, None)?;
        directory(&self.workspace(), PRIVATE, run_as)?;
        directory(&self.home(), PRIVATE, run_as)?;
        run_as.map_or(Ok(()), |user| reachable(&self.dir, user))
    }

    /// Forgets which process the runner was.
    pub(super) fn forget_runner(&self) -> Result<(), SandboxError> {
        let file = self.pid_file();
        absent_is_fine(fs::remove_file(&file)).map_err(|error| trouble(&error, "remove", &file))
    }

    /// Removes everything.
    pub(super) fn remove(&self) -> Result<(), SandboxError> {
        let removed = absent_is_fine(fs::remove_dir_all(&self.dir)).or_else(|error| {
            if error.kind() != ErrorKind::PermissionDenied {
                return Err(error);
            }
            // Module caches are kept read-only on purpose, and only root may ignore that.
            make_writable(&self.dir)?;
            absent_is_fine(fs::remove_dir_all(&self.dir))
        });
        removed.map_err(|error| trouble(&error, "remove", &self.dir))
    }
}

/// What a failed file operation means for whoever has to act.
pub(super) fn trouble(error: &io::Error, verb: &str, path: &Path) -> SandboxError {
    let what = format!("cannot {verb} {}: {error}", path.display());
    let is = |kinds: &[ErrorKind]| kinds.contains(&error.kind());
    let remedy = if is(&[ErrorKind::StorageFull, ErrorKind::QuotaExceeded]) {
        Some("free disk space there, or move the data directory")
    } else if is(&[ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied]) {
        Some("the data directory must belong to the user of the control plane")
    } else if is(&[ErrorKind::NotADirectory, ErrorKind::AlreadyExists]) {
        Some("something else is in the way, remove it")
    } else {
        // Out of descriptors, memory or processes: passes.
        None
    };
    match remedy {
        Some(remedy) => SandboxError::Broken(format!("{what}; {remedy}")),
        None => SandboxError::Busy(what),
    }
}

fn directory(path: &Path, mode: u32, owner: Option<RunAs>) -> Result<(), SandboxError> {
    let made = || -> io::Result<()> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => {}
            // A link would lead our chown elsewhere.
            Ok(_) => return Err(ErrorKind::NotADirectory.into()),
            Err(_) => fs::create_dir_all(path)?,
        }
        let found = fs::symlink_metadata(path)?;
        if let Some(user) = owner.filter(|user| (user.uid, user.gid) != (found.uid(), found.gid()))
        {
            lchown(path, Some(user.uid), Some(user.gid))?;
        }
        if found.mode() & 0o7777 != mode {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    };
    made().map_err(|error| trouble(&error, "prepare", path))
}

/// An agent under another user must get through to its workspace. A data directory in root's home
/// does not allow that, and the error would come late and say little.
fn reachable(dir: &Path, user: RunAs) -> Result<(), SandboxError> {
    for parent in dir.ancestors() {
        let found = fs::metadata(parent).map_err(|error| trouble(&error, "look at", parent))?;
        let needed = match () {
            () if found.uid() == user.uid => 0o100,
            () if found.gid() == user.gid => 0o010,
            () => 0o001,
        };
        if found.mode() & needed == 0 {
            let (parent, uid) = (parent.display(), user.uid);
            return Err(SandboxError::Broken(format!(
                "agents run as user {uid}, who cannot enter {parent}: `chmod o+x {parent}`, or \
                 move the data directory"
            )));
        }
    }
    Ok(())
}

fn make_writable(dir: &Path) -> io::Result<()> {
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        fs::set_permissions(&dir, fs::Permissions::from_mode(PRIVATE))?;
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                dirs.push(entry.path());
            }
        }
    }
    Ok(())
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
