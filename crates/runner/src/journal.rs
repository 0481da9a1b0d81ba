//! The journal of one run: an append-only file with a header and then one frame per line.
//!
//! Line `n` after the header is event `n`, ready to be sent as it stands. A line without its end is
//! a write the machine or the process did not survive, and counts as not written. There is no
//! fsync: the journal outlives the runner and the control plane, not the machine, and neither does
//! the agent.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use optio_domain::id::RunId;
use serde::{Deserialize, Serialize};

/// Every so many events the journal remembers where one begins.
const MARK_EVERY: i64 = 256;
/// Bytes read at once for sending; more only where one event is longer.
const READ_BYTES: usize = 256 << 10;

/// The first line of a journal: whose it is. Never a secret and never a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The run.
    pub run: RunId,
    /// Its epoch.
    pub epoch: i64,
    /// Whether files of it are to be kept.
    #[serde(default)]
    pub files: bool,
}

/// A position between two events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The last event before it.
    pub seq: i64,
    offset: u64,
}

/// The journal of one run, open for writing.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    bytes: u64,
    last_seq: i64,
    marks: Vec<u64>,
    /// Half a line may stand at the end, and must go before the next one is written.
    torn: bool,
}

/// A journal that an earlier runner has left.
#[derive(Debug)]
pub struct Left {
    /// Whose it is.
    pub header: Header,
    /// The journal, ready to be continued.
    pub journal: Journal,
    /// Whether its last event ended the run.
    pub ended: bool,
}

/// What replay needs of a frame.
#[derive(Deserialize)]
struct Glance {
    seq: i64,
    what: GlanceWhat,
}

#[derive(Deserialize)]
struct GlanceWhat {
    kind: String,
}

impl Journal {
    /// Begins the journal of a run. Nothing is left behind when that fails.
    pub fn create(dir: &Path, header: Header) -> io::Result<Self> {
        let path = dir.join(format!("{}.jsonl", header.run));
        let file = options().create_new(true).mode(0o600).open(&path)?;
        let mut line = serde_json::to_string(&header)?;
        line.push('\n');
        if let Err(error) = (&file).write_all(line.as_bytes()) {
            drop(std::fs::remove_file(&path));
            return Err(error);
        }
        Ok(Self {
            file,
            path,
            bytes: line.len() as u64,
            last_seq: 0,
            marks: Vec::new(),
            torn: false,
        })
    }

    /// Opens what an earlier runner has left, without its half-written end. `None`: not even the
    /// header was whole, so that nothing was ever started under it.
    pub fn open(path: &Path) -> io::Result<Option<Left>> {
        let file = options().open(path)?;
        let mut lines = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        lines.read_until(b'\n', &mut line)?;
        let Some(header) = whole::<Header>(&line) else {
            return Ok(None);
        };
        let mut journal = Self {
            file,
            path: path.to_owned(),
            bytes: line.len() as u64,
            last_seq: 0,
            marks: Vec::new(),
            torn: false,
        };
        let mut ended = false;
        loop {
            line.clear();
            lines.read_until(b'\n', &mut line)?;
            match whole::<Glance>(&line) {
                Some(glance) if glance.seq == journal.last_seq + 1 => {
                    ended = glance.what.kind == "ended";
                    journal.count(line.len());
                }
                Some(_) | None => break,
            }
        }
        journal.file.set_len(journal.bytes)?;
        Ok(Some(Left {
            header,
            journal,
            ended,
        }))
    }

    /// The last event written.
    #[must_use]
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// How long the file is.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes the next event. When that fails the journal is as it was before.
    pub fn append(&mut self, frame: &str) -> io::Result<()> {
        let mut line = Vec::with_capacity(frame.len() + 1);
        line.extend_from_slice(frame.as_bytes());
        line.push(b'\n');
        self.mend()?;
        if let Err(error) = (&self.file).write_all(&line) {
            self.torn = true;
            // Should this fail as well, the next append tries again before it writes.
            drop(self.mend());
            return Err(error);
        }
        self.count(line.len());
        Ok(())
    }

    /// The position after event `seq`, or the end where there is no such event.
    pub fn after(&self, seq: i64) -> io::Result<Cursor> {
        let seq = seq.clamp(0, self.last_seq);
        let Some(offset) = self.marks.get((seq / MARK_EVERY) as usize).copied() else {
            // Either nothing is written yet, or `seq` is the last event and its mark is the next
            // one to come: both are the end.
            return Ok(Cursor {
                seq,
                offset: self.bytes,
            });
        };
        let mut cursor = Cursor {
            seq: seq / MARK_EVERY * MARK_EVERY,
            offset,
        };
        while cursor.seq < seq {
            let missing = (seq - cursor.seq) as usize;
            (_, cursor) = self.lines(cursor, missing)?;
        }
        Ok(cursor)
    }

    /// The frames after a position, as many as fit one read and at least one, and the position
    /// after them. Empty at the end.
    pub fn read(&self, cursor: Cursor) -> io::Result<(Vec<String>, Cursor)> {
        self.lines(cursor, usize::MAX)
    }

    /// Deletes the file.
    pub fn delete(self) -> io::Result<()> {
        std::fs::remove_file(self.path)
    }

    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.bytes)?;
            self.torn = false;
        }
        Ok(())
    }

    fn count(&mut self, bytes: usize) {
        if self.last_seq % MARK_EVERY == 0 {
            self.marks.push(self.bytes);
        }
        self.last_seq += 1;
        self.bytes += bytes as u64;
    }

    fn lines(&self, cursor: Cursor, at_most: usize) -> io::Result<(Vec<String>, Cursor)> {
        let left = (self.bytes - cursor.offset) as usize;
        let mut want = READ_BYTES.min(left);
        let bytes = loop {
            let mut bytes = vec![0; want];
            self.file.read_exact_at(&mut bytes, cursor.offset)?;
            if bytes.contains(&b'\n') || want == left {
                break bytes;
            }
            want = (want * 2).min(left);
        };
        let mut after = cursor;
        let mut frames = Vec::new();
        for line in bytes
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"))
            .take(at_most)
        {
            after.seq += 1;
            after.offset += line.len() as u64;
            frames.push(String::from_utf8_lossy(&line[..line.len() - 1]).into_owned());
        }
        Ok((frames, after))
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    options
}

fn whole<T: serde::de::DeserializeOwned>(line: &[u8]) -> Option<T> {
    serde_json::from_slice(line.strip_suffix(b"\n")?).ok()
}
