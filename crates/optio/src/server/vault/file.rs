//! Keys in a file: one per line, the newest first. A change is written aside, made durable and moved
//! into place, so that the file is never seen half and never lacks a key that something needs.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use optio_domain::{
    ports::{Chance as _, KeySource},
    secret::{KeyId, Ring, SecretKey},
};
use uuid::Uuid;

use crate::machine::SystemChance;

/// Bytes of a file that may hold keys.
const BYTES_MAX: u64 = 64 << 10;

/// A file with keys.
pub(super) struct KeyFile(PathBuf);

impl KeyFile {
    /// The file at a path.
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the file with a new key. Where somebody else made it just then, theirs stays.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub(super) fn make(&self) -> Result<(), String> {
        let aside = self.write_aside(&Ring::new(fresh()?, Vec::new()))?;
        let linked = fs::hard_link(&aside, &self.0);
        drop(fs::remove_file(&aside));
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(self.failed(&error)),
            Ok(()) | Err(_) => self.sync_directory(),
        }
    }

    fn write(&self, ring: &Ring) -> Result<(), String> {
        let aside = self.write_aside(ring)?;
        if let Err(error) = fs::rename(&aside, &self.0) {
            drop(fs::remove_file(&aside));
            return Err(self.failed(&error));
        }
        self.sync_directory()
    }

    fn write_aside(&self, ring: &Ring) -> Result<PathBuf, String> {
        let lines: Vec<String> = ring.keys().map(|key| key.reveal() + "\n").collect();
        #[expect(clippy::disallowed_methods, reason = "a name nobody else uses")]
        let aside = self.0.with_extension(Uuid::new_v4().simple().to_string());
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&aside)
            .and_then(|mut file| {
                file.write_all(lines.concat().as_bytes())?;
                file.sync_all()
            });
        match written {
            Ok(()) => Ok(aside),
            Err(error) => {
                drop(fs::remove_file(&aside));
                Err(self.failed(&error))
            }
        }
    }

    /// The name of a file is durable once its directory is.
    fn sync_directory(&self) -> Result<(), String> {
        let directory = self.0.parent().unwrap_or(Path::new("/"));
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> String {
        format!("the key file {}: {error}", self.0.display())
    }
}

impl KeySource for KeyFile {
    fn read(&self) -> Result<Ring, String> {
        let size = fs::metadata(&self.0).map_err(|error| {
            if error.kind() != ErrorKind::NotFound {
                return self.failed(&error);
            }
            format!(
                "the key file {0} is not there; put it back, or, where no secret was ever stored, make \
                 one: openssl rand -hex 32 >{0} && chmod 600 {0}",
                self.0.display()
            )
        })?;
        if BYTES_MAX < size.len() {
            return Err(format!(
                "the key file {} is too large to be one",
                self.0.display()
            ));
        }
        let text = fs::read_to_string(&self.0).map_err(|error| self.failed(&error))?;
        let mut keys = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let place = format!("{}:{}", self.0.display(), number + 1);
            let key = SecretKey::parse(line.trim());
            keys.push(key.map_err(|weak| format!("{place}: a key {weak}"))?);
        }
        let mut keys = keys.into_iter();
        match keys.next() {
            Some(newest) => Ok(Ring::new(newest, keys.collect())),
            None => Err(format!("the key file {} is empty", self.0.display())),
        }
    }

    fn renew(&self, current: &KeyId) -> Result<Ring, String> {
        let ring = self.read()?;
        if ring.newest().id() != *current {
            return Ok(ring);
        }
        let ring = Ring::new(fresh()?, ring.keys().cloned().collect());
        self.write(&ring).map_err(|words| {
            format!(
                "{words}; where Optio may not write, put a new key (openssl rand -hex 32) before the \
                 others in that file, in a line of its own, and repeat this"
            )
        })?;
        Ok(ring)
    }

    fn settle(&self, current: &KeyId) -> Result<(), String> {
        let ring = self.read()?;
        if ring.keys().all(|key| key.id() == *current) {
            return Ok(());
        }
        let key = ring.find(current.as_str());
        let key = key.ok_or_else(|| format!("the key file {} has changed", self.0.display()))?;
        self.write(&Ring::new(key.clone(), Vec::new()))
            .map_err(|words| format!("the older keys are not needed any longer, but stay: {words}"))
    }
}

/// A key nobody has.
fn fresh() -> Result<SecretKey, String> {
    let mut bytes = [0; 32];
    let filled = SystemChance.fill(&mut bytes);
    filled.map_err(|error| format!("this machine gives no randomness: {error}"))?;
    SecretKey::new(bytes).map_err(|weak| weak.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file() -> (tempfile::TempDir, KeyFile) {
        let dir = tempfile::tempdir().unwrap();
        let file = KeyFile::new(dir.path().join("secrets.key"));
        (dir, file)
    }

    #[test]
    fn a_file_that_is_made_is_for_its_owner_alone_and_is_made_once() {
        let (dir, file) = file();
        file.make().unwrap();
        let mode = fs::metadata(&file.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let ring = file.read().unwrap();
        file.make().unwrap();
        assert_eq!(file.read().unwrap(), ring);
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing lies aside"
        );
    }

    #[test]
    fn a_change_keeps_the_old_key_until_it_is_let_go() {
        let (dir, file) = file();
        file.make().unwrap();
        let old = file.read().unwrap().newest().clone();
        let ring = file.renew(&old.id()).unwrap();
        assert_eq!(ring, file.read().unwrap());
        assert_eq!(ring.keys().last(), Some(&old));
        // Begun once, it goes on with the same key.
        assert_eq!(file.renew(&old.id()).unwrap(), ring);
        let new = ring.newest().clone();
        file.settle(&new.id()).unwrap();
        assert_eq!(file.read().unwrap(), Ring::new(new, Vec::new()));
        let mode = fs::metadata(&file.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line_and_without_what_stands_there() {
        let (_dir, file) = file();
        let words = file.read().unwrap_err();
        assert!(words.contains("is not there"), "{words}");
        for (text, place) in [("\n", "is empty"), ("\nhunter2\n", ":2: a key must be 64")] {
            fs::write(&file.0, text).unwrap();
            let words = file.read().unwrap_err();
            assert!(words.contains(place), "{words}");
            assert!(!words.contains("hunter2"), "{words}");
        }
    }
}
