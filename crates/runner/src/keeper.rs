//! Decides what of a run's files is said, from what was read of them. Whoever reads them does so as the
//! agent's user, so that nothing of what it says is taken on trust.

use std::fmt::Write as _;
use std::sync::Arc;

use optio_domain::wire::names;
use optio_domain::wire::outputs::{ALL, FileLimits, PIECE_BYTES_MAX, Piece};
use optio_domain::wire::runner::Happening;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::redact::Redactor;

/// Files that are named where they are not kept; of further ones only the number is said.
const LEFT_MAX: u64 = 100;
/// Characters of a path, and of a reason, that are said of a file that is not kept.
const SHOWN_CHARS_MAX: usize = 200;

/// What is read of the files of a run: one JSON object per line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "kebab-case")]
pub enum Read {
    /// A part of a file.
    Piece {
        /// Which file: its path below the outputs.
        path: String,
        /// The bytes that follow those of the part before.
        data: Piece,
    },
    /// The file was read to its end.
    Whole {
        /// Which.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not read, or not to its end.
    Left {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// There is no more.
    Done,
}

/// What was said of a run's files, and what may still be.
pub struct Keeper {
    limits: FileLimits,
    redactor: Arc<Redactor>,
    files: u64,
    bytes: u64,
    /// Files of which it was said that they are not kept, and those of which it was not.
    left: u64,
    unsaid: u64,
    open: Option<Open>,
    /// A file whose further parts are not heard.
    given_up: Option<String>,
    done: bool,
}

/// A file of which parts were said.
struct Open {
    path: String,
    bytes: u64,
    digest: Sha256,
    /// The last bytes, in which a secret may begin that ends in the next part.
    tail: Vec<u8>,
}

impl Keeper {
    /// Nothing is said yet. Files in which one of these secrets stands are not kept.
    #[must_use]
    pub fn new(limits: FileLimits, redactor: Arc<Redactor>) -> Self {
        Self {
            limits,
            redactor,
            files: 0,
            bytes: 0,
            left: 0,
            unsaid: 0,
            open: None,
            given_up: None,
            done: false,
        }
    }

    /// Whether everything was read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Takes what was read, and answers with what is to be said of it.
    pub fn hear(&mut self, read: Read) -> Vec<Happening> {
        match read {
            Read::Piece { path, data } => self.piece(path, data),
            Read::Whole { path, mode } => self.whole(path, mode),
            Read::Left { path, reason } => {
                if self.given_up.take_if(|it| *it == path).is_some() {
                    // Why it is not kept was said before.
                    return Vec::new();
                }
                let mut said = self.interrupt_unless(&path);
                said.extend(self.leave(&path, &reason));
                said
            }
            Read::Done => {
                self.done = true;
                Vec::new()
            }
        }
    }

    /// Ends it; `why` is the reason where not everything was read. What is to be said last.
    pub fn finish(mut self, why: Option<&str>) -> Vec<Happening> {
        let mut last = self.interrupt();
        last.extend(why.map(|why| left(ALL.to_owned(), self.shown(why))));
        if 0 < self.unsaid {
            let reason = format!("{} more were not kept", self.unsaid);
            last.push(left(ALL.to_owned(), reason));
        }
        last
    }

    fn piece(&mut self, path: String, data: Piece) -> Vec<Happening> {
        if self.given_up.as_ref() == Some(&path) {
            return Vec::new();
        }
        let mut said = self.interrupt_unless(&path);
        let (offset, tail) = match &self.open {
            Some(open) => (open.bytes, open.tail.as_slice()),
            None => (0, [].as_slice()),
        };
        let bytes = offset.saturating_add(data.0.len() as u64);
        let seen = [tail, &data.0].concat();
        let reason = if PIECE_BYTES_MAX < data.0.len() || data.0.is_empty() {
            Some("it was not read as it should be".to_owned())
        } else if self.redactor.is_in(&seen) {
            Some("a secret of the run stands in it".to_owned())
        } else {
            self.refuse(&path, bytes)
        };
        if let Some(reason) = reason {
            said.extend(self.leave(&path, &reason));
            self.given_up = Some(path);
            return said;
        }
        let open = self.open.get_or_insert_with(|| Open {
            path: path.clone(),
            bytes: 0,
            digest: Sha256::new(),
            tail: Vec::new(),
        });
        open.digest.update(&data.0);
        open.bytes = bytes;
        let begin = seen.len() - self.redactor.longest().min(seen.len());
        open.tail = seen[begin..].to_vec();
        said.push(Happening::FilePiece { path, offset, data });
        said
    }

    fn whole(&mut self, path: String, mode: u32) -> Vec<Happening> {
        if self.given_up.take_if(|it| *it == path).is_some() {
            return Vec::new();
        }
        let mut said = self.interrupt_unless(&path);
        let bytes = self.open.as_ref().map_or(0, |open| open.bytes);
        if let Some(reason) = self.refuse(&path, bytes) {
            said.extend(self.leave(&path, &reason));
            return said;
        }
        let open = self.open.take();
        self.files += 1;
        self.bytes += bytes;
        let digest = open.map_or_else(Sha256::new, |open| open.digest);
        said.push(Happening::File {
            path,
            bytes,
            sha256: hex(&digest.finalize()),
            mode: mode & 0o777,
        });
        said
    }

    /// Why a file of so many bytes is not kept under this path.
    fn refuse(&self, path: &str, bytes: u64) -> Option<String> {
        if let Err(reason) = names::kept(path) {
            return Some(reason.to_owned());
        }
        if self.redactor.is_in(path.as_bytes()) {
            return Some("a secret of the run stands in its path".to_owned());
        }
        self.limits.refuse(self.files, self.bytes, bytes)
    }

    /// Another file begins before the one that was begun is whole.
    fn interrupt_unless(&mut self, path: &str) -> Vec<Happening> {
        self.given_up = None;
        if self.open.as_ref().is_some_and(|open| open.path == path) {
            return Vec::new();
        }
        self.interrupt()
    }

    fn interrupt(&mut self) -> Vec<Happening> {
        let path = self.open.as_ref().map(|open| open.path.clone());
        let said = path.map(|path| self.leave(&path, "it was not read to its end"));
        said.unwrap_or_default()
    }

    /// A file is not kept. One that was begun is taken back under exactly its path, however many
    /// there are.
    fn leave(&mut self, path: &str, reason: &str) -> Vec<Happening> {
        let begun = self.open.take_if(|open| open.path == path);
        if begun.is_none() && LEFT_MAX <= self.left {
            self.unsaid += 1;
            return Vec::new();
        }
        self.left += 1;
        let path = begun.map_or_else(|| self.shown(path), |open| open.path);
        vec![left(path, self.shown(reason))]
    }

    fn shown(&self, text: &str) -> String {
        let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let text = self.redactor.text(text);
        text.chars().take(SHOWN_CHARS_MAX).map(plain).collect()
    }
}

fn left(path: String, reason: String) -> Happening {
    Happening::FileLeft { path, reason }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}
