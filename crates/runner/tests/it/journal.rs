//! The journal as a file.

use std::io::Write as _;

use optio_domain::id::RunId;
use optio_runner::journal::{Header, Journal};

use crate::world::unique;

fn header() -> Header {
    Header {
        run: RunId(unique()),
        epoch: 1,
        files: false,
    }
}

fn frame(seq: i64, kind: &str) -> String {
    format!(r#"{{"type":"event","seq":{seq},"what":{{"kind":"{kind}"}}}}"#)
}

fn seqs(journal: &Journal, after: i64) -> Vec<i64> {
    let mut seqs = Vec::new();
    let mut cursor = journal.after(after).unwrap();
    loop {
        let (frames, next) = journal.read(cursor).unwrap();
        if frames.is_empty() {
            assert_eq!(next, cursor);
            return seqs;
        }
        seqs.extend(frames.iter().map(|frame| {
            let frame: serde_json::Value = serde_json::from_str(frame).unwrap();
            frame["seq"].as_i64().unwrap()
        }));
        assert_eq!(next.seq, *seqs.last().unwrap());
        cursor = next;
    }
}

#[test]
fn a_journal_is_read_from_any_position() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), header()).unwrap();
    assert_eq!(seqs(&journal, 0), [0_i64; 0]);
    for seq in 1..=1_000 {
        // Some are longer than one read.
        let padding = if seq % 400 == 0 { 600_000 } else { 0 };
        journal
            .append(&(frame(seq, "stdout") + &" ".repeat(padding)))
            .unwrap();
    }
    for after in [0, 1, 255, 256, 257, 399, 400, 511, 512, 999, 1_000, 2_000] {
        let expected: Vec<i64> = (after.min(1_000) + 1..=1_000).collect();
        assert_eq!(seqs(&journal, after), expected, "after {after}");
    }
}

#[test]
fn a_half_written_line_is_dropped_and_the_numbering_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let header = header();
    let path = dir.path().join(format!("{}.jsonl", header.run));
    let mut journal = Journal::create(dir.path(), header).unwrap();
    for seq in 1..=300 {
        journal.append(&frame(seq, "stdout")).unwrap();
    }
    drop(journal);
    for torn in ["{\"type\":\"ev", "\0\0\0\0\n", &frame(400, "ended"), "\n"] {
        let mut file = std::fs::File::options().append(true).open(&path).unwrap();
        file.write_all(torn.as_bytes()).unwrap();
        let left = Journal::open(&path).unwrap().unwrap();
        assert_eq!(left.header, header);
        assert_eq!(left.journal.last_seq(), 300);
        assert!(!left.ended);
    }
    let mut left = Journal::open(&path).unwrap().unwrap();
    left.journal.append(&frame(301, "ended")).unwrap();
    assert_eq!(seqs(&left.journal, 299), [300, 301]);
    assert!(Journal::open(&path).unwrap().unwrap().ended);
}

#[test]
fn a_journal_without_a_whole_header_is_none() {
    let dir = tempfile::tempdir().unwrap();
    for text in ["", "{\"run\":", "{\"run\":\"x\"}\n"] {
        let path = dir.path().join("x.jsonl");
        std::fs::write(&path, text).unwrap();
        assert!(Journal::open(&path).unwrap().is_none());
    }
}
