//! Who Postgres runs as: ourselves, or an ordinary system user where we are root.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    PostgresError,
    error::{at, understood},
    programs::Programs,
};

/// Characters shown of what a program said.
const SAID_CHARS_MAX: usize = 2_000;

/// The user Postgres runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// Us.
    Ourselves,
    /// Another one, because we are root.
    Other { name: String, uid: u32, gid: u32 },
}

impl Owner {
    pub(super) fn choose(run_as_when_root: &str) -> Result<Self, PostgresError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let path = Path::new("/etc/passwd");
        let users = fs::read_to_string(path).map_err(at(path))?;
        match look_up(&users, run_as_when_root) {
            Some((uid, gid)) if uid != 0 => Ok(Self::Other {
                name: run_as_when_root.to_owned(),
                uid,
                gid,
            }),
            _ => Err(PostgresError::NoUser {
                user: run_as_when_root.to_owned(),
            }),
        }
    }

    /// Whether files that are there belong to this user. Somebody else's must not be touched: they
    /// could no longer be used by whoever made them.
    pub(super) fn owns(&self, path: &Path) -> Result<(), PostgresError> {
        let uid = match self {
            Self::Ourselves => rustix::process::geteuid().as_raw(),
            Self::Other { uid, .. } => *uid,
        };
        match fs::metadata(path) {
            Ok(there) if there.uid() != uid => Err(PostgresError::Denied {
                path: path.to_path_buf(),
            }),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(path)(error)),
            _ => Ok(()),
        }
    }

    /// A program as that user, with nothing of our environment: `PGHOST` and its kin would mislead.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null());
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Runs one of Postgres's programs to its end and returns what it printed.
    pub(super) fn run<I, S>(
        &self,
        programs: &Programs,
        program: &'static str,
        args: I,
        about: &Path,
    ) -> Result<String, PostgresError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let path = programs.path(program);
        let mut command = self.command(&path);
        let output = command.args(args).output().map_err(at(&path))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(
            understood(&said, about).unwrap_or_else(|| PostgresError::Program {
                program,
                said: said.trim().chars().take(SAID_CHARS_MAX).collect(),
            }),
        )
    }

    /// Sees to it that the directory is there and that nobody but this user (and root) can enter.
    pub(super) fn own_directory(&self, dir: &Path) -> Result<(), PostgresError> {
        if !dir.exists() {
            fs::create_dir(dir).map_err(at(dir))?;
        }
        if let Self::Other { uid, gid, .. } = self {
            std::os::unix::fs::chown(dir, Some(*uid), Some(*gid)).map_err(at(dir))?;
        }
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(at(dir))
    }

    /// Whether this user gets as far as the directory; if not, where it is stopped.
    pub(super) fn can_enter(&self, dir: &Path) -> Result<(), PostgresError> {
        let Self::Other { name, .. } = self else {
            return Ok(());
        };
        let mut way: Vec<&Path> = dir.ancestors().collect();
        way.reverse();
        for dir in way {
            // Asking as the user counts access lists and whatever else decides.
            let mut command = self.command("test");
            let status = command.arg("-x").arg(dir).status().map_err(at(dir))?;
            if !status.success() {
                return Err(PostgresError::Closed {
                    dir: dir.to_path_buf(),
                    user: name.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Makes the directory with all that is missing above it, open for others to pass through: the
/// users of Postgres and of agents have their own places below.
pub(super) fn create_open_directory(dir: &Path) -> Result<(), PostgresError> {
    let missing: Vec<PathBuf> = dir
        .ancestors()
        .take_while(|dir| !dir.exists())
        .map(Path::to_path_buf)
        .collect();
    for dir in missing.iter().rev() {
        match fs::create_dir(dir) {
            // Another start made it since we looked.
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(at(dir)(error));
            }
            _ => fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).map_err(at(dir))?,
        }
    }
    if fs::metadata(dir).map_err(at(dir))?.mode() & 0o040_000 == 0 {
        let source = std::io::Error::from(std::io::ErrorKind::NotADirectory);
        return Err(at(dir)(source));
    }
    Ok(())
}

/// The numbers of a user and its group.
fn look_up(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let (uid, gid) = (fields.nth(1)?, fields.next()?);
        Some((uid.parse().ok()?, gid.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/\npostgres:x:101:104:a,b:/:/\n";
        assert_eq!(look_up(users, "postgres"), Some((101, 104)));
        assert_eq!(look_up(users, "post"), None);
    }
}
