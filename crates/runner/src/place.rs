//! Where a run sees its workspace and its home, and writing files there without being led astray.
//!
//! The agent of an earlier run may have put links anywhere below its directories, and the runner
//! may be root: so a path is walked one name at a time and no link is ever followed.

use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use optio_domain::{
    id::SandboxId,
    wire::runner::{FileSpec, Isolation, RunAs},
};
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

/// Where an isolated agent sees its workspace.
pub const WORKSPACE: &str = "/workspace";
/// Where an isolated agent sees its home.
pub const HOME: &str = "/home/agent";

/// The directories and the identity of the runs of this sandbox.
#[derive(Debug, Clone)]
pub struct Place {
    /// The sandbox, as every process in it carries it in its environment.
    pub sandbox: String,
    /// The `bwrap` program, where runs are isolated.
    pub bwrap: Option<PathBuf>,
    /// The workspace on this machine.
    pub workspace: PathBuf,
    /// The home on this machine.
    pub home: PathBuf,
    /// Who the agents are, where that is not the runner's user.
    pub run_as: Option<RunAs>,
}

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not in a place where files may be written.
    #[error("{0:?} is neither below /workspace nor below ~")]
    Outside(String),
    /// The machine refused.
    #[error("cannot write {path:?}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Place {
    /// The place that an isolation describes, for a runner that is root or not.
    #[must_use]
    pub fn of(sandbox: SandboxId, isolation: &Isolation, root: bool) -> Self {
        let (bwrap, workspace, home, run_as) = match isolation {
            Isolation::Bubblewrap {
                program,
                workspace,
                home,
                run_as,
            } => (Some(PathBuf::from(program)), workspace, home, run_as),
            Isolation::None {
                workspace,
                home,
                run_as,
            } => (None, workspace, home, run_as),
        };
        Self {
            sandbox: sandbox.to_string(),
            bwrap,
            workspace: workspace.into(),
            home: home.into(),
            run_as: run_as.filter(|_| root),
        }
    }

    /// Makes sure that workspace and home exist and belong to the agent.
    pub fn prepare(&self) -> io::Result<()> {
        for dir in [&self.workspace, &self.home] {
            std::fs::create_dir_all(dir)?;
            if let Some(run_as) = self.run_as {
                std::os::unix::fs::chown(dir, Some(run_as.uid), Some(run_as.gid))?;
            }
        }
        Ok(())
    }

    /// Where runs see their workspace, without links on the way.
    pub fn seen(&self) -> io::Result<PathBuf> {
        if self.bwrap.is_some() {
            return Ok(PathBuf::from(WORKSPACE));
        }
        self.workspace.canonicalize()
    }

    /// Writes a file for the agent, in place of what was there.
    pub fn write(&self, file: &FileSpec) -> Result<(), FileError> {
        let (root, below) = self.locate(&file.path)?;
        let content = file.content.as_bytes();
        self.replace(root, &below, content, file.mode)
            .map_err(|error| FileError::Io {
                path: file.path.clone(),
                source: error,
            })
    }

    /// Adds these lines to a file below the workspace, as far as it does not have them. One that is
    /// longer than `bytes_max` is an error.
    pub fn add_lines(&self, path: &str, lines: &[String], bytes_max: u64) -> io::Result<()> {
        let below = Path::new(path);
        let text = self.read(below, bytes_max)?;
        let known: Vec<&str> = text.lines().collect();
        let new = lines.iter().filter(|line| !known.contains(&line.as_str()));
        let new: String = new.map(|line| format!("{line}\n")).collect();
        if new.is_empty() {
            return Ok(());
        }
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let content = format!("{text}{end}{new}");
        self.replace(&self.workspace, below, content.as_bytes(), 0o644)
    }

    /// Makes a directory below the workspace, where it is not there.
    pub fn make(&self, below: &str) -> io::Result<()> {
        let mut dir = rustix::fs::open(
            &self.workspace,
            OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        for name in Path::new(below) {
            dir = self.enter(&dir, name)?;
        }
        Ok(())
    }

    /// Makes a link below the home, in place of what was there, unless it leads there already.
    pub fn link(&self, path: &str, target: &Path) -> io::Result<()> {
        let (dir, name) = self.parent(&self.home, Path::new(path))?;
        let there = rustix::fs::readlinkat(&dir, name, Vec::new());
        if there.is_ok_and(|there| there.to_bytes() == target.as_os_str().as_encoded_bytes()) {
            return Ok(());
        }
        remove(&dir, name)?;
        Ok(rustix::fs::symlinkat(target, &dir, name)?)
    }

    /// The text of a file below the workspace; empty where there is none.
    fn read(&self, below: &Path, bytes_max: u64) -> io::Result<String> {
        let (dir, name) = self.parent(&self.workspace, below)?;
        // Without waiting: it may be a pipe.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&dir, name, flags, Mode::empty()) {
            Ok(file) => std::fs::File::from(file),
            Err(Errno::NOENT) => return Ok(String::new()),
            Err(error) => return Err(error.into()),
        };
        let found = file.metadata()?;
        if !found.is_file() || bytes_max < found.len() {
            return Err(io::Error::other("it is no file, or too long"));
        }
        let mut bytes = Vec::new();
        file.take(bytes_max).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn locate(&self, path: &str) -> Result<(&Path, PathBuf), FileError> {
        let outside = || FileError::Outside(path.to_owned());
        let roots = [
            (WORKSPACE, &self.workspace),
            ("~", &self.home),
            (HOME, &self.home),
        ];
        let (root, below) = roots
            .into_iter()
            .find_map(|(seen, root)| Some((root, path.strip_prefix(seen)?.strip_prefix('/')?)))
            .ok_or_else(outside)?;
        let below = PathBuf::from(below);
        let plain = below
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
        if !plain || below.file_name().is_none() {
            return Err(outside());
        }
        Ok((root, below))
    }

    /// The directory of a path, made where it is not there, and the name in it.
    fn parent<'a>(
        &self,
        root: &Path,
        below: &'a Path,
    ) -> io::Result<(OwnedFd, &'a std::ffi::OsStr)> {
        let mut dir = rustix::fs::open(root, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        for name in below.parent().into_iter().flat_map(Path::components) {
            dir = self.enter(&dir, name.as_os_str())?;
        }
        Ok((dir, below.file_name().unwrap_or_default()))
    }

    fn replace(&self, root: &Path, below: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        let (dir, name) = self.parent(root, below)?;
        // A new file instead of new content: what is there may be a pipe, or a second name of
        // something else.
        remove(&dir, name)?;
        let new = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let made = rustix::fs::openat(
            &dir,
            name,
            new | OFlags::WRONLY | OFlags::CLOEXEC,
            Mode::RUSR | Mode::WUSR,
        )?;
        let mut made = std::fs::File::from(made);
        made.write_all(content)?;
        self.give_away(&made)?;
        rustix::fs::fchmod(&made, Mode::from_raw_mode(mode & 0o777))?;
        Ok(())
    }

    fn enter(&self, dir: &OwnedFd, name: &std::ffi::OsStr) -> io::Result<OwnedFd> {
        let made = match rustix::fs::mkdirat(dir, name, Mode::from_raw_mode(0o755)) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(error.into()),
        };
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let entered = rustix::fs::openat(dir, name, flags, Mode::empty())?;
        if made {
            self.give_away(&entered)?;
        }
        Ok(entered)
    }

    fn give_away(&self, made: &impl std::os::fd::AsFd) -> io::Result<()> {
        if let Some(RunAs { uid, gid }) = self.run_as {
            rustix::fs::fchown(made, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        Ok(())
    }
}

fn remove(dir: &OwnedFd, name: &std::ffi::OsStr) -> io::Result<()> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
