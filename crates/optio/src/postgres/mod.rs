//! An own Postgres in the data directory, so that one command runs everything. It listens on a Unix
//! socket only, in a directory that nobody else can enter, never runs as root, and outlives us: the
//! next start adopts it.
//!
//! All calls block; from async code, call them on a blocking thread.

use std::{fs::File, os::unix::ffi::OsStrExt, path::Path, thread, time::Duration};

use crate::{config::surroundings, percent};

mod cluster;
mod error;
mod owner;
mod programs;
mod server;

pub use error::PostgresError;
pub(crate) use error::install;
pub use programs::{Programs, installed};

use cluster::Cluster;
use owner::Owner;
use server::Server;

/// Bytes of a socket's directory. The kernel allows 108 for the whole path.
const SOCKET_DIR_BYTES_MAX: usize = 90;
/// How long another start in the same data directory may keep us waiting.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(180);
/// How often something is looked at again that has to change by itself.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The user Postgres runs as where we are root.
pub const SYSTEM_USER: &str = "postgres";
/// The database everything is in.
const DATABASE: &str = "optio";

/// A running Postgres of our own.
///
/// Dropping it leaves the server running, for the next start to adopt. [`EmbeddedPostgres::stop`]
/// stops it.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    url: String,
    version: String,
    adopted: bool,
    server: Server,
}

impl EmbeddedPostgres {
    /// Starts the Postgres of that data directory, makes it where there is none, or adopts the one
    /// that still runs. Where we are root, it runs as the system user of that name.
    ///
    /// # Errors
    /// What a person has to mend, with how.
    pub fn start(data_dir: &Path, run_as_when_root: &str) -> Result<Self, PostgresError> {
        let data_dir = std::path::absolute(data_dir).map_err(error::at(data_dir))?;
        let socket_dir = socket_dir(&data_dir)?;
        let owner = Owner::choose(run_as_when_root)?;
        owner::create_open_directory(&data_dir)?;
        owner.can_enter(&data_dir)?;
        let cluster = Cluster::in_data_dir(&data_dir);
        owner.owns(&cluster.dir)?;
        let _lock = lock(&data_dir)?;
        let programs = cluster.programs(&surroundings::search_path())?;
        owner.own_directory(&socket_dir)?;
        if !cluster.exists() {
            cluster.make(&programs, &owner)?;
        }
        let found = Server::adopt(&cluster, &programs, &owner)?;
        let adopted = found.is_some();
        let server = match found {
            Some(server) => server,
            None => Server::start(&cluster, &programs, &owner, &socket_dir)?,
        };
        server.create_database(&programs, &owner, DATABASE)?;
        Ok(Self {
            url: url(server.socket_dir()),
            version: programs.version.clone(),
            adopted,
            server,
        })
    }

    /// Where to connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server programs' major version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether it ran already.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        self.adopted
    }

    /// The postmaster's process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.server.pid()
    }

    /// Stops the server: connections are ended, everything committed is on the disk.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(self) -> Result<(), PostgresError> {
        self.server.stop()
    }
}

/// Whether a Postgres could be started in that data directory, and with which programs. Changes
/// nothing.
///
/// # Errors
/// What a person has to mend, with how.
pub fn can_start(data_dir: &Path, run_as_when_root: &str) -> Result<Programs, PostgresError> {
    let data_dir = std::path::absolute(data_dir).map_err(error::at(data_dir))?;
    socket_dir(&data_dir)?;
    let owner = Owner::choose(run_as_when_root)?;
    if let Some(there) = data_dir.ancestors().find(|dir| dir.exists()) {
        owner.can_enter(there)?;
    }
    let cluster = Cluster::in_data_dir(&data_dir);
    owner.owns(&cluster.dir)?;
    cluster.programs(&surroundings::search_path())
}

/// The URL of the database behind a socket. It names every part, so that no `PGPORT` or `PGUSER`
/// of the environment leads elsewhere.
fn url(socket_dir: &Path) -> String {
    let host = percent::encode(socket_dir.as_os_str().as_bytes());
    format!("postgres:///{DATABASE}?host={host}&port=5432&user=postgres")
}

fn socket_dir(data_dir: &Path) -> Result<std::path::PathBuf, PostgresError> {
    let dir = data_dir.join("postgres-run");
    let bytes = dir.as_os_str().as_bytes();
    if SOCKET_DIR_BYTES_MAX < bytes.len() {
        return Err(PostgresError::SocketPathTooLong {
            dir: dir.clone(),
            over: bytes.len() - SOCKET_DIR_BYTES_MAX,
        });
    }
    // Postgres and its clients read a comma as the border between two directories.
    if bytes.iter().any(|byte| b",\"\n".contains(byte)) {
        return Err(PostgresError::SocketPathUnusable { dir });
    }
    Ok(dir)
}

/// Lets one start at a time work on a data directory. Ends with the file, so also with the process.
fn lock(data_dir: &Path) -> Result<File, PostgresError> {
    let path = data_dir.join("postgres.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(error::at(&path))?;
    let mut waited = Duration::ZERO;
    while waited < LOCK_WAIT_MAX {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => thread::sleep(LOOK_EVERY),
            Err(std::fs::TryLockError::Error(error)) => return Err(error::at(&path)(error)),
        }
        waited += LOOK_EVERY;
    }
    Err(PostgresError::Busy { lock: path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_the_socket_whatever_its_path() {
        assert_eq!(
            url(Path::new("/da ta/ü?")),
            "postgres:///optio?host=%2Fda%20ta%2F%C3%BC%3F&port=5432&user=postgres"
        );
    }

    #[test]
    fn a_socket_path_the_kernel_would_refuse_is_refused_in_words() {
        let long = format!("/{}", "x".repeat(90));
        let error = socket_dir(Path::new(&long)).unwrap_err().to_string();
        assert!(error.contains("14 bytes too long"), "{error}");
        assert!(error.contains("--data-dir"), "{error}");
        assert!(socket_dir(Path::new("/a,b")).is_err());
    }
}
