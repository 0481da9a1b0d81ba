//! Finds Postgres's server programs. Debian keeps them out of `PATH`, in a directory for each
//! version.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::PostgresError;

/// Directories in which packages put one directory for each version.
const PLACES: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
];

/// The server programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// Their directory.
    pub dir: PathBuf,
    /// Their major version.
    pub version: String,
}

impl Programs {
    /// A program of these.
    #[must_use]
    pub fn path(&self, program: &str) -> PathBuf {
        self.dir.join(program)
    }

    fn number(&self) -> u32 {
        self.version.parse().unwrap_or(0)
    }
}

/// All installed versions, the newest first.
#[must_use]
pub fn installed(search_path: &[PathBuf]) -> Vec<Programs> {
    let mut dirs = Vec::new();
    for (place, bin) in PLACES {
        let versions = std::fs::read_dir(place).into_iter().flatten().flatten();
        dirs.extend(versions.map(|version| version.path().join(bin)));
    }
    dirs.extend(said_by_pg_config(search_path));
    dirs.extend(search_path.iter().cloned());
    let mut found: Vec<Programs> = Vec::new();
    for dir in dirs {
        // The same programs may be reached by several links.
        let Ok(program) = dir.join("postgres").canonicalize() else {
            continue;
        };
        let dir = program.parent().map_or(dir, Path::to_path_buf);
        let whole = ["initdb", "postgres", "psql", "pg_isready"];
        if !whole.iter().all(|program| dir.join(program).exists())
            || found.iter().any(|known| known.dir == dir)
        {
            continue;
        }
        if let Some(version) = version_of(&program) {
            found.push(Programs { dir, version });
        }
    }
    found.sort_by_key(|programs| std::cmp::Reverse(programs.number()));
    found
}

/// The programs for data of that version, or the newest where there is no data yet.
pub(super) fn choose(
    search_path: &[PathBuf],
    data: Option<(&Path, &str)>,
) -> Result<Programs, PostgresError> {
    fit(installed(search_path), data)
}

fn fit(installed: Vec<Programs>, data: Option<(&Path, &str)>) -> Result<Programs, PostgresError> {
    let versions: Vec<String> = installed.iter().map(|it| it.version.clone()).collect();
    let wanted = data.map(|(_, version)| version);
    let mut fitting = installed
        .into_iter()
        .filter(|programs| wanted.is_none_or(|version| version == programs.version));
    match (fitting.next(), data) {
        (Some(programs), _) => Ok(programs),
        (None, Some((dir, data))) if !versions.is_empty() => Err(PostgresError::OtherVersion {
            dir: dir.to_path_buf(),
            data: data.to_owned(),
            installed: versions,
        }),
        (None, _) => Err(PostgresError::NoPrograms),
    }
}

fn said_by_pg_config(search_path: &[PathBuf]) -> Option<PathBuf> {
    let pg_config = search_path.iter().map(|dir| dir.join("pg_config"));
    let said = said(&pg_config.into_iter().find(|it| it.exists())?, "--bindir")?;
    Some(PathBuf::from(said))
}

/// `postgres (PostgreSQL) 15.13 (Debian 15.13-0)` is of version 15.
fn version_of(postgres: &Path) -> Option<String> {
    major(&said(postgres, "--version")?)
}

fn major(said: &str) -> Option<String> {
    let number = said.split_whitespace().nth(2)?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

fn said(program: &Path, argument: &str) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.arg(argument).stdin(Stdio::null()).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(version: &str) -> Programs {
        Programs {
            dir: PathBuf::from("/bin").join(version),
            version: version.to_owned(),
        }
    }

    #[test]
    fn versions_are_read_as_postgres_says_them() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.13 (Debian 15.13-0)").unwrap(),
            "15"
        );
        assert_eq!(major("postgres (PostgreSQL) 19devel").unwrap(), "19");
        assert_eq!(major("postgres"), None);
    }

    #[test]
    fn data_gets_the_programs_of_its_version_and_fresh_data_the_newest() {
        let both = || vec![programs("17"), programs("9")];
        let dir = Path::new("/data");
        assert_eq!(fit(both(), None).unwrap().version, "17");
        assert_eq!(fit(both(), Some((dir, "9"))).unwrap().version, "9");
        let error = fit(both(), Some((dir, "15"))).unwrap_err().to_string();
        for words in [
            "Postgres 15",
            "17, 9",
            "postgresql-15",
            "pg_upgrade",
            "--data-dir",
        ] {
            assert!(error.contains(words), "{error}");
        }
        let error = fit(Vec::new(), None).unwrap_err().to_string();
        assert!(
            error.contains("install") && error.contains("postgresql"),
            "{error}"
        );
    }
}
