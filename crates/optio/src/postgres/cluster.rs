//! The files of a Postgres: made once, kept for good.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    PostgresError,
    error::at,
    owner::Owner,
    programs::{self, Programs},
};

/// The directories and files of one Postgres.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) dir: PathBuf,
    pub(super) log: PathBuf,
    unfinished: PathBuf,
}

/// What a server wrote about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: i32,
    pub(super) socket_dir: PathBuf,
}

impl Cluster {
    pub(super) fn in_data_dir(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("postgres"),
            log: data_dir.join("postgres.log"),
            unfinished: data_dir.join("postgres.new"),
        }
    }

    pub(super) fn exists(&self) -> bool {
        self.dir.exists()
    }

    /// The programs that can run this: of the version of the data, where there is data.
    pub(super) fn programs(&self, search_path: &[PathBuf]) -> Result<Programs, PostgresError> {
        let version = self.version()?;
        let data = version.as_deref().map(|it| (self.dir.as_path(), it));
        programs::choose(search_path, data)
    }

    fn version(&self) -> Result<Option<String>, PostgresError> {
        if !self.exists() {
            return Ok(None);
        }
        let path = self.dir.join("PG_VERSION");
        let version = fs::read_to_string(&path).map_err(at(&path))?;
        Ok(Some(version.trim().to_owned()))
    }

    /// Makes the files beside their place and moves them there whole: whoever is killed in between
    /// leaves nothing that looks like data.
    pub(super) fn make(&self, programs: &Programs, owner: &Owner) -> Result<(), PostgresError> {
        let dir = &self.unfinished;
        if dir.exists() {
            fs::remove_dir_all(dir).map_err(at(dir))?;
        }
        owner.own_directory(dir)?;
        let args = [
            "--username=postgres",
            // The directory of the socket is closed to everyone else: who gets in is trusted.
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--data-checksums",
            "--pgdata",
        ];
        let args = args.iter().map(AsRef::as_ref).chain([dir.as_os_str()]);
        owner.run(programs, "initdb", args, dir)?;
        fs::rename(dir, &self.dir).map_err(at(&self.dir))
    }

    /// What the server that runs, or did, wrote about itself.
    pub(super) fn pid_file(&self) -> Result<Option<PidFile>, PostgresError> {
        let path = self.pid_path();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(parse(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// Removes what a killed server left behind to keep a second one away. Only for who knows that
    /// none runs.
    pub(super) fn remove_leftovers(&self, socket_dir: &Path) -> Result<(), PostgresError> {
        let socket = ".s.PGSQL.5432";
        let lock = socket_dir.join(format!("{socket}.lock"));
        for path in [self.pid_path(), lock, socket_dir.join(socket)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(at(&path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn pid_path(&self) -> PathBuf {
        self.dir.join("postmaster.pid")
    }
}

/// The process is on the first line, the socket's directory on the fifth.
fn parse(text: &str) -> Option<PidFile> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok().filter(|pid| 0 < *pid)?;
    let socket_dir = PathBuf::from(lines.nth(3)?);
    Some(PidFile { pid, socket_dir })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_own_words_are_read() {
        let text =
            "4711\n/data/postgres\n1763635000\n5432\n/data/postgres-run\n\n  1 2\nready   \n";
        let read = parse(text).unwrap();
        assert_eq!(
            (read.pid, read.socket_dir),
            (4711, PathBuf::from("/data/postgres-run"))
        );
        assert_eq!(parse("4711\n/data\n"), None);
        assert_eq!(parse("-1\n\n\n\n/x\n"), None);
    }
}
