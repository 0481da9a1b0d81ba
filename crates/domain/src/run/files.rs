//! The files of a run as they come in: what is stored of what its runner says. A runner keeps the same
//! limits; but where nothing isolates it, an agent may speak in its place.

use std::collections::BTreeMap;

use crate::wire::{
    names,
    outputs::{FileLimits, PATH_BYTES_MAX, Piece},
};

/// Entries of one run about files that are not kept.
const LEFT_MAX: usize = 300;
/// Bytes of a reason.
const REASON_BYTES_MAX: usize = 500;

/// What a runner says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileNews {
    /// A part of it.
    Piece {
        /// Which file.
        path: String,
        /// How many bytes came before.
        offset: u64,
        /// The bytes.
        data: Piece,
    },
    /// It is whole.
    Whole {
        /// Which file.
        path: String,
        /// How many bytes it has.
        bytes: u64,
        /// Its SHA-256, in hexadecimal digits.
        sha256: String,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not kept.
    Left {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// What is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileWrite<'a> {
    /// This part, after so many bytes.
    Append {
        /// Of which file.
        path: &'a str,
        /// After how many bytes.
        offset: u64,
        /// The bytes.
        data: &'a Piece,
    },
    /// That the file is complete, where its content has this digest.
    Complete {
        /// Which file.
        path: &'a str,
        /// The digest.
        sha256: &'a str,
        /// Its permission bits.
        mode: u32,
    },
    /// That the file is not kept; what came of it goes.
    Leave {
        /// Which file.
        path: String,
        /// Why, in words.
        reason: String,
    },
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// More may come.
    Coming,
    /// It is there.
    Complete,
    /// It is not kept.
    Left,
}

/// The files of a run, as far as they have come.
#[derive(Debug, Clone, Default)]
pub struct Files {
    known: BTreeMap<String, (u64, FileState)>,
}

impl Files {
    /// Those that are stored: path, bytes, and how far each is.
    #[must_use]
    pub fn new(stored: impl IntoIterator<Item = (String, u64, FileState)>) -> Self {
        Self {
            known: stored
                .into_iter()
                .map(|(path, bytes, state)| (path, (bytes, state)))
                .collect(),
        }
    }

    /// What is to be stored of the next that was said; nothing where it adds nothing.
    pub fn learn<'a>(&mut self, limits: &FileLimits, news: &'a FileNews) -> Option<FileWrite<'a>> {
        match news {
            FileNews::Piece { path, offset, data } => {
                let came = self.came(path)?;
                let bytes = came.saturating_add(data.0.len() as u64);
                if came != *offset {
                    return self.leave(path, "a part of it is missing");
                }
                if let Some(reason) = self.refuse(limits, path, bytes) {
                    return self.leave(path, &reason);
                }
                self.known.insert(path.clone(), (bytes, FileState::Coming));
                Some(FileWrite::Append {
                    path,
                    offset: *offset,
                    data,
                })
            }
            FileNews::Whole {
                path,
                bytes,
                sha256,
                mode,
            } => {
                let came = self.came(path)?;
                if came != *bytes {
                    return self.leave(path, "a part of it is missing");
                }
                if let Some(reason) = self.refuse(limits, path, came) {
                    return self.leave(path, &reason);
                }
                self.known.insert(path.clone(), (came, FileState::Complete));
                Some(FileWrite::Complete {
                    path,
                    sha256,
                    mode: mode & 0o777,
                })
            }
            FileNews::Left { path, reason } => {
                self.came(path)?;
                self.leave(path, reason)
            }
        }
    }

    /// The file is not what it was said to be.
    pub fn disown(&mut self, path: &str) -> Option<FileWrite<'static>> {
        self.leave(path, "its digest is not the one that was said")
    }

    /// How many bytes of a file have come; nothing where all was said about it.
    fn came(&self, path: &str) -> Option<u64> {
        match self.known.get(path) {
            None => Some(0),
            Some((bytes, FileState::Coming)) => Some(*bytes),
            Some((_, FileState::Complete | FileState::Left)) => None,
        }
    }

    fn refuse(&self, limits: &FileLimits, path: &str, bytes: u64) -> Option<String> {
        if let Err(reason) = names::kept(path) {
            return Some(reason.to_owned());
        }
        let others = self.known.iter().filter(|(known, _)| *known != path);
        let kept = others.filter(|(_, (_, state))| *state != FileState::Left);
        let (mut files, mut all) = (0, 0_u64);
        for (_, (bytes, _)) in kept {
            files += 1;
            all = all.saturating_add(*bytes);
        }
        limits.refuse(files, all, bytes)
    }

    fn leave(&mut self, path: &str, reason: &str) -> Option<FileWrite<'static>> {
        let path = shown(path, PATH_BYTES_MAX);
        let left = |(_, state): &&(u64, FileState)| *state == FileState::Left;
        let many = LEFT_MAX <= self.known.values().filter(left).count();
        // What has begun to come must go, however many there are.
        if many && !self.known.contains_key(&path) {
            return None;
        }
        self.known.insert(path.clone(), (0, FileState::Left));
        Some(FileWrite::Leave {
            path,
            reason: shown(reason, REASON_BYTES_MAX),
        })
    }
}

/// The text without control characters, up to so many bytes.
fn shown(text: &str, bytes_max: usize) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        let c = if c.is_control() { '\u{fffd}' } else { c };
        if bytes_max < shown.len() + c.len_utf8() {
            break;
        }
        shown.push(c);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FileLimits = FileLimits {
        files_max: 2,
        file_bytes_max: 10,
        bytes_max: 15,
    };

    fn piece(path: &str, offset: u64, text: &str) -> FileNews {
        FileNews::Piece {
            path: path.to_owned(),
            offset,
            data: Piece(text.as_bytes().to_vec()),
        }
    }

    fn whole(path: &str, bytes: u64) -> FileNews {
        FileNews::Whole {
            path: path.to_owned(),
            bytes,
            sha256: "00".to_owned(),
            mode: 0o100_644,
        }
    }

    fn left(path: &str) -> FileNews {
        FileNews::Left {
            path: path.to_owned(),
            reason: "it is a link".to_owned(),
        }
    }

    /// What becomes of these, in a word each.
    fn fates(files: &mut Files, news: &[FileNews]) -> Vec<String> {
        let fate = |write: Option<FileWrite<'_>>| match write {
            None => "nothing".to_owned(),
            Some(FileWrite::Append { offset, data, .. }) => {
                format!("append {} at {offset}", data.0.len())
            }
            Some(FileWrite::Complete { mode, .. }) => format!("complete {mode:o}"),
            Some(FileWrite::Leave { path, reason }) => format!("leave {path}: {reason}"),
        };
        news.iter()
            .map(|it| fate(files.learn(&LIMITS, it)))
            .collect()
    }

    #[test]
    fn a_file_is_complete_when_all_its_parts_came_in_order() {
        let news = [piece("a", 0, "one"), piece("a", 3, "two"), whole("a", 6)];
        let wanted = ["append 3 at 0", "append 3 at 3", "complete 644"];
        assert_eq!(fates(&mut Files::default(), &news), wanted);
        let news = [whole("empty", 0), piece("empty", 0, "late"), left("empty")];
        let wanted = ["complete 644", "nothing", "nothing"];
        assert_eq!(fates(&mut Files::default(), &news), wanted);
    }

    #[test]
    fn a_hole_is_never_taken_for_a_file() {
        for news in [
            vec![piece("a", 3, "two")],
            vec![whole("a", 6)],
            vec![piece("a", 0, "one"), piece("a", 4, "two")],
            vec![piece("a", 0, "one"), whole("a", 4)],
        ] {
            let mut files = Files::default();
            let last = fates(&mut files, &news).pop().unwrap();
            assert_eq!(last, "leave a: a part of it is missing");
            let late = fates(&mut files, &[piece("a", 0, "one"), whole("a", 3)]);
            assert_eq!(late, ["nothing", "nothing"]);
        }
    }

    #[test]
    fn limits_hold_over_what_was_stored_before_and_not_over_what_was_left() {
        let stored = [
            ("a".to_owned(), 9, FileState::Complete),
            ("x".to_owned(), 0, FileState::Left),
        ];
        let mut files = Files::new(stored);
        let news = [piece("b", 0, "1234567"), piece("b", 7, "8"), whole("b", 7)];
        let fates = fates(&mut files, &news);
        assert!(fates[0].contains("run_files_bytes_max"), "{fates:?}");
        let fates = self::fates(&mut files, &[piece("c", 0, "12345"), piece("c", 5, "6")]);
        assert_eq!(fates, ["append 5 at 0", "append 1 at 5"]);
        let fates = self::fates(&mut files, &[left("c"), whole("d", 0), whole("e", 0)]);
        assert_eq!(fates[..2], ["leave c: it is a link", "complete 644"]);
        assert!(fates[2].contains("run_files_max"), "{fates:?}");
    }

    #[test]
    fn paths_that_lead_elsewhere_or_cannot_be_stored_are_left() {
        for path in ["../a", "/a", "", "a\0b", &"é".repeat(600)] {
            let mut files = Files::default();
            let news = piece(path, 0, "x");
            let write = format!("{:?}", files.learn(&LIMITS, &news).unwrap());
            assert!(write.starts_with("Leave"), "{write}");
            assert!(!write.contains("\\0"), "{write}");
        }
        let odd = FileNews::Left {
            path: "a\0b".to_owned(),
            reason: "\0".repeat(9_999),
        };
        let mut files = Files::default();
        let Some(FileWrite::Leave { path, reason }) = files.learn(&LIMITS, &odd) else {
            panic!("{odd:?}")
        };
        assert_eq!(path, "a\u{fffd}b");
        assert!(reason.len() <= REASON_BYTES_MAX && !reason.contains('\0'));
    }

    #[test]
    fn of_files_that_are_not_kept_only_so_many_are_stored_but_one_that_began_always_goes() {
        let mut files = Files::default();
        let all: Vec<FileNews> = (0..400).map(|n| left(&format!("f{n}"))).collect();
        let begun = fates(&mut files, &[piece("begun", 0, "x")]);
        assert_eq!(begun, ["append 1 at 0"]);
        let stored = fates(&mut files, &all);
        let count = stored.iter().filter(|it| *it != "nothing").count();
        assert_eq!(count, LEFT_MAX);
        assert_eq!(
            fates(&mut files, &[left("begun")]),
            ["leave begun: it is a link"]
        );
    }

    #[test]
    fn a_file_whose_digest_is_wrong_is_left() {
        let mut files = Files::default();
        files.learn(&LIMITS, &whole("a", 0));
        let Some(FileWrite::Leave { reason, .. }) = files.disown("a") else {
            panic!("it stays")
        };
        assert!(reason.contains("digest"), "{reason}");
    }
}
