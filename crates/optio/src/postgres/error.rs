//! What can stand in the way of an own Postgres, each with what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why there is no Postgres.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The server programs are not installed.
    #[error(
        "no Postgres server programs on this machine; install them with `{}`, or name a database \
         with DATABASE_URL",
        install("postgresql")
    )]
    NoPrograms,
    /// The data is of a version whose programs are not installed.
    #[error(
        "{} holds data of Postgres {data}, but installed is {}; install that version with `{}`, \
         convert the data with pg_upgrade, or start afresh with another --data-dir",
        dir.display(), installed.join(", "), install(&format!("postgresql-{data}"))
    )]
    OtherVersion {
        /// The directory of the data.
        dir: PathBuf,
        /// The version of the data.
        data: String,
        /// The versions of the programs.
        installed: Vec<String>,
    },
    /// We are root, and there is nobody to run it as.
    #[error(
        "Postgres does not run as root, and there is no user {user} to run it as; make one with \
         `adduser --system --group {user}`, or run Optio as an ordinary user"
    )]
    NoUser {
        /// The user that was looked for.
        user: String,
    },
    /// The user Postgres runs as cannot get to the data directory.
    #[error(
        "the user {user}, as which Postgres runs, cannot enter {}; allow it with `chmod o+x {}`, \
         or choose another --data-dir",
        dir.display(), dir.display()
    )]
    Closed {
        /// The first directory on the way that is closed.
        dir: PathBuf,
        /// Who cannot enter.
        user: String,
    },
    /// The kernel limits the length of a socket's path.
    #[error(
        "the path of the socket directory {} is {over} bytes too long for a Unix socket; choose a \
         shorter --data-dir",
        dir.display()
    )]
    SocketPathTooLong {
        /// The directory.
        dir: PathBuf,
        /// By how much.
        over: usize,
    },
    /// The path has characters that mean something to Postgres.
    #[error(
        "the path of the socket directory {} has a comma, a quote or a line break; choose a \
         --data-dir without",
        dir.display()
    )]
    SocketPathUnusable {
        /// The directory.
        dir: PathBuf,
    },
    /// The disk is full.
    #[error("no space left on the disk of {}; free some and start again", dir.display())]
    DiskFull {
        /// What could not be written.
        dir: PathBuf,
    },
    /// A file belongs to someone else.
    #[error(
        "no permission for {}; it was probably made by another user: run Optio as that user, or \
         choose another --data-dir",
        path.display()
    )]
    Denied {
        /// The file or directory.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One of Postgres's programs failed.
    #[error("{program} failed: {said}")]
    Program {
        /// Which.
        program: &'static str,
        /// What it said.
        said: String,
    },
    /// The server ended while it started, or did not get ready.
    #[error("Postgres did not start; the end of {}: {said}", log.display())]
    NotReady {
        /// Its log.
        log: PathBuf,
        /// The end of it.
        said: String,
    },
    /// Another start in the same data directory goes on and on.
    #[error("another `optio` is starting Postgres and holds {}; wait or end it", lock.display())]
    Busy {
        /// The lock.
        lock: PathBuf,
    },
    /// It does not end.
    #[error("Postgres (process {pid}) did not stop; end it with `kill -QUIT {pid}`")]
    StillRunning {
        /// Its process id.
        pid: i32,
    },
}

/// Turns an error of the file system into ours.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> PostgresError {
    use io::ErrorKind as E;
    move |source| {
        let path = path.to_path_buf();
        if matches!(source.kind(), E::StorageFull | E::QuotaExceeded) {
            PostgresError::DiskFull { dir: path }
        } else if source.kind() == E::PermissionDenied {
            PostgresError::Denied { path }
        } else {
            PostgresError::File { path, source }
        }
    }
}

/// What a program's last words mean, where they have a meaning of their own.
pub(super) fn understood(said: &str, dir: &Path) -> Option<PostgresError> {
    let dir = dir.to_path_buf();
    if said.contains("No space left on device") || said.contains("Disk quota exceeded") {
        return Some(PostgresError::DiskFull { dir });
    }
    if said.contains("Permission denied") || said.contains("has wrong ownership") {
        return Some(PostgresError::Denied { path: dir });
    }
    None
}

/// The command that installs a package on this machine.
pub(crate) fn install(package: &str) -> String {
    let sudo = if rustix::process::geteuid().is_root() {
        ""
    } else {
        "sudo "
    };
    let managers = [
        ("/usr/bin/apt-get", "apt-get install -y"),
        ("/usr/bin/dnf", "dnf install -y"),
        ("/usr/bin/pacman", "pacman -S"),
        ("/sbin/apk", "apk add"),
    ];
    let found = managers.iter().find(|(path, _)| Path::new(path).exists());
    let command = found.map_or("apt-get install -y", |(_, command)| command);
    // Only Debian's packages carry Postgres's name without the word server.
    let package = match (command, package) {
        ("dnf install -y", "postgresql") => "postgresql-server",
        _ => package,
    };
    format!("{sudo}{command} {package}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_last_words() {
        let dir = Path::new("/data");
        let said = |text: &str| understood(text, dir).map(|error| error.to_string());
        let full = "FATAL:  could not write to file: No space left on device";
        assert_eq!(
            said(full).unwrap(),
            "no space left on the disk of /data; free some and start again"
        );
        assert_eq!(said("FATAL:  something else"), None);
        let full = at(dir)(io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(full, PostgresError::DiskFull { .. }));
    }
}
