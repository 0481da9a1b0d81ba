//! What a runner and the control plane say to each other, and what a runner finds on its disk.

use std::{collections::BTreeMap, fs, sync::Arc};

use optio_domain::run::files::{FileNews, FileWrite, Files};
use optio_domain::wire::outputs::FileLimits;
use optio_domain::wire::runner::{FRAME_BYTES_MAX, FromRunner, Happening, ToRunner};
use optio_runner::{journal::Journal, keeper::Keeper, redact::Redactor};
use uuid::Uuid;

/// How much is kept of files, and what must not stand in them.
const LIMITS: FileLimits = FileLimits {
    files_max: 4,
    file_bytes_max: 40,
    bytes_max: 60,
};
const SECRET: &str = "s3cret-value";

/// A frame in either direction, or a bootstrap.
pub(super) fn frame(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(frame) = serde_json::from_str::<FromRunner>(&text) {
        let printed = serde_json::to_string(&frame).unwrap_or_default();
        let again = serde_json::from_str::<FromRunner>(&printed);
        assert_eq!(again.ok(), Some(frame), "{printed}");
    }
    if let Ok(frame) = serde_json::from_str::<ToRunner>(&text) {
        let printed = serde_json::to_string(&frame).unwrap_or_default();
        let again = serde_json::from_str::<ToRunner>(&printed);
        assert_eq!(again.ok(), Some(frame), "{printed}");
    }
    if let Err(failure) = optio_runner::parse(&text) {
        assert_eq!(failure.exit_code(), 2);
    }
}

/// What is read of the files of a run, as its runner hears it, says it, and as it is taken in.
pub(super) fn files(data: &[u8]) {
    let mut keeper = Keeper::new(LIMITS, Arc::new(Redactor::new([SECRET])));
    let mut said = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(read) = serde_json::from_slice(line) {
            said.extend(keeper.hear(read));
        }
    }
    said.extend(keeper.finish(Some("over")));
    let mut begun: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let (mut files, mut bytes) = (0, 0);
    for what in &said {
        let printed = serde_json::to_string(what).unwrap_or_default();
        assert!(printed.len() < FRAME_BYTES_MAX && !printed.contains(SECRET));
        if let Happening::FilePiece { path, offset, data } = what {
            let file = begun.entry(path.clone()).or_default();
            assert_eq!(*offset, file.len() as u64, "{path}");
            file.extend(&data.0);
            assert!(!String::from_utf8_lossy(file).contains(SECRET), "{path}");
        } else if let Happening::File {
            path, bytes: all, ..
        } = what
        {
            assert_eq!(begun.remove(path).unwrap_or_default().len() as u64, *all);
            (files, bytes) = (files + 1, bytes + all);
        } else if let Happening::FileLeft { path, .. } = what {
            begun.remove(path);
        } else {
            panic!("{what:?} is about no file");
        }
    }
    assert!(begun.is_empty(), "begun and not ended: {begun:?}");
    assert!(files <= LIMITS.files_max && bytes <= LIMITS.bytes_max);
    taken_in(said);
}

/// A control plane that was told so stores no more than it may, and no file with a hole.
fn taken_in(said: Vec<Happening>) {
    let mut files = Files::default();
    let mut stored: BTreeMap<String, u64> = BTreeMap::new();
    for what in said {
        let news = if let Happening::FilePiece { path, offset, data } = what {
            FileNews::Piece { path, offset, data }
        } else if let Happening::File {
            path,
            bytes,
            sha256,
            mode,
        } = what
        {
            FileNews::Whole {
                path,
                bytes,
                sha256,
                mode,
            }
        } else if let Happening::FileLeft { path, reason } = what {
            FileNews::Left { path, reason }
        } else {
            continue;
        };
        match files.learn(&LIMITS, &news) {
            None => {}
            Some(FileWrite::Append { path, offset, data }) => {
                let file = stored.entry(path.to_owned()).or_default();
                assert_eq!(*file, offset, "{path}");
                *file += data.0.len() as u64;
            }
            Some(FileWrite::Complete { path, .. }) => {
                stored.entry(path.to_owned()).or_default();
            }
            Some(FileWrite::Leave { path, reason }) => {
                assert!(!path.contains('\0') && !reason.contains('\0'));
                stored.remove(&path);
            }
        }
        assert!(stored.values().sum::<u64>() <= LIMITS.bytes_max);
        assert!(stored.len() as u64 <= LIMITS.files_max);
    }
}

/// A journal that an earlier runner has left, whole, torn or overwritten.
pub(super) fn journal(data: &[u8]) {
    let dir = tempfile::tempdir_in(directory()).unwrap_or_else(|error| panic!("{error}"));
    let path = dir.path().join(format!("{}.jsonl", Uuid::nil()));
    fs::write(&path, data).unwrap_or_else(|error| panic!("{error}"));
    let open = || Journal::open(&path).unwrap_or_else(|error| panic!("{error}"));
    let Some(mut left) = open() else {
        return;
    };
    let (last, header) = (left.journal.last_seq(), left.header);
    assert!(left.journal.bytes() <= data.len() as u64);
    assert_eq!(frames(&left.journal), last);
    let event = format!(
        r#"{{"type":"event","run":"{}","epoch":{},"seq":{},"what":{{"kind":"ended"}}}}"#,
        header.run,
        header.epoch,
        last + 1
    );
    left.journal
        .append(&event)
        .unwrap_or_else(|error| panic!("{error}"));
    let again = open().unwrap_or_else(|| panic!("the header is gone"));
    assert_eq!((again.header, again.ended), (header, true));
    assert_eq!(again.journal.last_seq(), last + 1);
    assert_eq!(frames(&again.journal), last + 1);
}

fn frames(journal: &Journal) -> i64 {
    let mut cursor = journal.after(0).unwrap_or_else(|error| panic!("{error}"));
    let mut count = 0;
    loop {
        let (frames, after) = journal
            .read(cursor)
            .unwrap_or_else(|error| panic!("{error}"));
        if frames.is_empty() {
            return count;
        }
        count += i64::try_from(frames.len()).unwrap_or(i64::MAX);
        assert_eq!(after.seq, count);
        cursor = after;
    }
}

/// Memory, where the machine has a directory of it: a search writes a million files.
fn directory() -> &'static str {
    if fs::metadata("/dev/shm").is_ok() {
        "/dev/shm"
    } else {
        "/tmp"
    }
}
