//! What a runner and the control plane say to each other, and what a runner finds on its disk.

use std::fs;

use optio_domain::wire::runner::{FromRunner, ToRunner};
use optio_runner::journal::Journal;
use uuid::Uuid;

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
