//! Reads the files a run has left in its outputs, as a process of its own: `optio-runner collect`.
//!
//! It runs where agents run, as agents do, so that it can read what the agent could read and nothing
//! else, and can be ended where it takes too long. No link is ever followed, and nothing is opened
//! that is not a directory or a regular file.

use std::ffi::{CStr, CString};
use std::io::{self, Read as _, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use optio_domain::wire::outputs::{ALL, FileLimits, PIECE_BYTES_MAX, Piece};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::keeper::Read;

/// The argument by which the runner's program knows what it is to do.
pub const ARGUMENT: &str = "collect";
/// Directories in each other.
const DEPTH_MAX: usize = 16;
/// Names that are looked at, in all directories together.
const ENTRIES_MAX: u64 = 20_000;
/// Bytes of an order.
const ORDER_BYTES_MAX: u64 = 64 << 10;

/// What is to be read: one JSON object on the standard input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Where the files are, below the directory in which this runs.
    pub dir: String,
    /// How much is kept: what is more is not read.
    pub limits: FileLimits,
}

/// Reads an order and says what it finds, one line for each.
///
/// # Errors
/// When there is no order, or nobody listens.
pub fn run(from: impl io::Read, to: impl Write) -> io::Result<()> {
    let order: Order = serde_json::from_reader(from.take(ORDER_BYTES_MAX))?;
    let mut walk = Walk {
        limits: order.limits,
        to: io::BufWriter::new(to),
        files: 0,
        bytes: 0,
        entries: 0,
        buffer: vec![0; PIECE_BYTES_MAX],
    };
    match open_below(&order.dir) {
        Ok(dir) => walk.directory(&dir, "", 0)?,
        // An agent may have removed it; then it has left nothing.
        Err(Errno::NOENT) => {}
        Err(error) => walk.leave(ALL, &unread(error))?,
    }
    walk.say(&Read::Done)?;
    walk.to.flush()
}

/// Opens a directory without following a link on the way.
fn open_below(path: &str) -> Result<OwnedFd, Errno> {
    let mut dir = rustix::fs::openat(CWD, ".", DIRECTORY, Mode::empty())?;
    for name in Path::new(path) {
        dir = rustix::fs::openat(&dir, name, DIRECTORY, Mode::empty())?;
    }
    Ok(dir)
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// Without waiting: what was a file when it was looked at may be a pipe when it is opened.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

struct Walk<W: Write> {
    limits: FileLimits,
    to: io::BufWriter<W>,
    /// Files that were read, and their bytes.
    files: u64,
    bytes: u64,
    /// Names that were looked at.
    entries: u64,
    buffer: Vec<u8>,
}

impl<W: Write> Walk<W> {
    fn say(&mut self, read: &Read) -> io::Result<()> {
        serde_json::to_writer(&mut self.to, read)?;
        self.to.write_all(b"\n")
    }

    fn leave(&mut self, path: &str, reason: &str) -> io::Result<()> {
        self.say(&Read::Left {
            path: path.to_owned(),
            reason: reason.to_owned(),
        })
    }

    /// Reads what is in a directory, by name.
    fn directory(&mut self, dir: &OwnedFd, path: &str, depth: usize) -> io::Result<()> {
        let (mut names, trouble) = self.names(dir);
        names.sort();
        for name in &names {
            self.entry(dir, path, name, depth)?;
        }
        let shown = if path.is_empty() { ALL } else { path };
        trouble.map_or(Ok(()), |words| self.leave(shown, &words))
    }

    /// The names in a directory, and why they are not all.
    fn names(&mut self, dir: &OwnedFd) -> (Vec<CString>, Option<String>) {
        let mut names = Vec::new();
        let entries = match Dir::read_from(dir) {
            Ok(entries) => entries,
            Err(error) => return (names, Some(unread(error))),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return (names, Some(unread(error))),
            };
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            if ENTRIES_MAX <= self.entries {
                let words = "were looked at; the others are not kept";
                return (names, Some(format!("{ENTRIES_MAX} names {words}")));
            }
            self.entries += 1;
            names.push(entry.file_name().to_owned());
        }
        (names, None)
    }

    fn entry(&mut self, dir: &OwnedFd, above: &str, name: &CStr, depth: usize) -> io::Result<()> {
        let join = |name: &str| {
            if above.is_empty() {
                name.to_owned()
            } else {
                format!("{above}/{name}")
            }
        };
        let Ok(text) = name.to_str() else {
            let path = join(&name.to_string_lossy());
            return self.leave(&path, "its name is not UTF-8");
        };
        let path = join(text);
        let found = match rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => found,
            Err(error) => return self.leave(&path, &unread(error)),
        };
        match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => self.file(dir, &path, name, &found),
            FileType::Directory if DEPTH_MAX <= depth + 1 => {
                let words = format!("it lies in more than {} directories", DEPTH_MAX - 1);
                self.leave(&path, &words)
            }
            FileType::Directory => match rustix::fs::openat(dir, name, DIRECTORY, Mode::empty()) {
                Ok(dir) => self.directory(&dir, &path, depth + 1),
                Err(error) => self.leave(&path, &unread(error)),
            },
            FileType::Symlink => self.leave(&path, "it is a link"),
            FileType::Fifo => self.leave(&path, "it is a pipe"),
            FileType::Socket => self.leave(&path, "it is a socket"),
            FileType::CharacterDevice | FileType::BlockDevice => {
                self.leave(&path, "it is a device")
            }
            FileType::Unknown => self.leave(&path, "it is no file"),
        }
    }

    fn file(&mut self, dir: &OwnedFd, path: &str, name: &CStr, seen: &Stat) -> io::Result<()> {
        let size = u64::try_from(seen.st_size).unwrap_or(u64::MAX);
        if let Some(reason) = self.limits.refuse(self.files, self.bytes, size) {
            return self.leave(path, &reason);
        }
        let file = match rustix::fs::openat(dir, name, FILE, Mode::empty()) {
            Ok(file) => std::fs::File::from(file),
            Err(error) => return self.leave(path, &unread(error)),
        };
        let same =
            |file: &std::fs::File| rustix::fs::fstat(file).is_ok_and(|it| is_same(&it, seen));
        if !same(&file) {
            return self.leave(path, CHANGED);
        }
        match self.content(&file, path, size)? {
            Ok(()) if same(&file) => {}
            Ok(()) => return self.leave(path, CHANGED),
            Err(reason) => return self.leave(path, &reason),
        }
        self.files += 1;
        self.bytes += size;
        self.say(&Read::Whole {
            path: path.to_owned(),
            mode: seen.st_mode & 0o777,
        })
    }

    /// Says the content of a file of that size; why it could not be read.
    fn content(
        &mut self,
        mut file: &std::fs::File,
        path: &str,
        size: u64,
    ) -> io::Result<Result<(), String>> {
        let mut bytes = 0;
        loop {
            let read = match file.read(&mut self.buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Err(format!("it cannot be read: {error}"))),
            };
            bytes += read as u64;
            if read == 0 || size < bytes {
                let whole = bytes == size;
                return Ok(if whole {
                    Ok(())
                } else {
                    Err(CHANGED.to_owned())
                });
            }
            let data = Piece(self.buffer[..read].to_vec());
            self.say(&Read::Piece {
                path: path.to_owned(),
                data,
            })?;
        }
    }
}

const CHANGED: &str = "it changed while it was read";

fn is_same(now: &Stat, before: &Stat) -> bool {
    let identity = |it: &Stat| (it.st_dev, it.st_ino, it.st_mode, it.st_size);
    let moment = |it: &Stat| (it.st_mtime, it.st_mtime_nsec, it.st_ctime, it.st_ctime_nsec);
    identity(now) == identity(before) && moment(now) == moment(before)
}

fn unread(error: Errno) -> String {
    match error {
        // What is a link, or not a directory any more.
        Errno::LOOP | Errno::NOTDIR => "it is a link".to_owned(),
        error => format!("it cannot be read: {}", io::Error::from(error)),
    }
}
