//! What is said of files, decided without any.

use std::sync::Arc;

use optio_domain::wire::outputs::{FileLimits, PIECE_BYTES_MAX, Piece};
use optio_domain::wire::runner::Happening;
use optio_runner::keeper::{Keeper, Read};
use optio_runner::redact::Redactor;

const LIMITS: FileLimits = FileLimits {
    files_max: 2,
    file_bytes_max: 10,
    bytes_max: 15,
};
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn keeper() -> Keeper {
    Keeper::new(LIMITS, Arc::new(Redactor::new(["a-long-secret"])))
}

fn piece(path: &str, text: &str) -> Read {
    Read::Piece {
        path: path.to_owned(),
        data: Piece(text.as_bytes().to_vec()),
    }
}

fn whole(path: &str) -> Read {
    Read::Whole {
        path: path.to_owned(),
        mode: 0o4755,
    }
}

fn gone(path: &str) -> Read {
    Read::Left {
        path: path.to_owned(),
        reason: "it is gone".to_owned(),
    }
}

/// In one line each.
fn words(said: &[Happening]) -> Vec<String> {
    let word = |what: &Happening| match what {
        Happening::FilePiece { path, offset, data } => {
            format!("{path}@{offset} {}", String::from_utf8_lossy(&data.0))
        }
        Happening::File {
            path,
            bytes,
            sha256,
            mode,
        } => format!("{path} whole {bytes} {mode:o} {sha256}"),
        Happening::FileLeft { path, reason } => format!("{path} left: {reason}"),
        other => panic!("{other:?} is about no file"),
    };
    said.iter().map(word).collect()
}

fn play(reads: Vec<Read>, why: Option<&str>) -> Vec<String> {
    let mut keeper = keeper();
    let mut said: Vec<Happening> = reads.into_iter().flat_map(|it| keeper.hear(it)).collect();
    said.extend(keeper.finish(why));
    words(&said)
}

#[test]
fn parts_are_numbered_and_the_digest_is_ours() {
    let reads = vec![piece("a", "ab"), piece("a", "c"), whole("a"), whole("b")];
    let wanted = [
        "a@0 ab".to_owned(),
        "a@2 c".to_owned(),
        format!("a whole 3 755 {ABC}"),
        format!("b whole 0 755 {NOTHING}"),
    ];
    assert_eq!(play(reads, None), wanted);
}

#[test]
fn a_file_that_grows_over_a_limit_is_taken_back_and_no_longer_heard() {
    let reads = vec![
        piece("a", "12345678"),
        piece("a", "901"),
        piece("a", "2"),
        whole("a"),
        piece("b", "x"),
        whole("b"),
    ];
    let said = play(reads, None);
    assert_eq!(said[0], "a@0 12345678");
    assert_eq!(
        said[1],
        "a left: it has more than 10 bytes (run_file_bytes_max)"
    );
    assert_eq!(said[2], "b@0 x");
    assert_eq!(said.len(), 4);
}

#[test]
fn the_number_of_files_and_their_bytes_together_are_limited_whatever_is_read() {
    let reads = vec![piece("a", "1234567890"), whole("a"), piece("b", "123456")];
    let said = play(reads, None);
    assert!(
        said[2].starts_with("b left: all files together"),
        "{said:?}"
    );
    let said = play(vec![whole("a"), whole("b"), whole("c")], None);
    assert!(said[2].starts_with("c left: 2 files are kept"), "{said:?}");
}

#[test]
fn whoever_reads_cannot_say_paths_parts_or_secrets_that_it_may_not() {
    for path in ["../x", "/etc/passwd", "a//b", "", "a\nb"] {
        let said = play(vec![piece(path, "x"), whole(path)], None);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(" left: its path"), "{said:?}");
    }
    let long = "x".repeat(PIECE_BYTES_MAX + 1);
    assert!(play(vec![piece("a", &long)], None)[0].starts_with("a left: it was not read"));
    assert!(play(vec![piece("a", "")], None)[0].starts_with("a left: it was not read"));
    let mut keeper = Keeper::new(
        FileLimits {
            file_bytes_max: 100,
            bytes_max: 100,
            ..LIMITS
        },
        Arc::new(Redactor::new(["a-long-secret"])),
    );
    assert_eq!(keeper.hear(piece("a", "here is a-long-")).len(), 1);
    let said = words(&keeper.hear(piece("a", "secret")));
    assert_eq!(said, ["a left: a secret of the run stands in it"]);
    let said = words(&keeper.hear(piece("of-a-long-secret", "x")));
    assert_eq!(
        said,
        ["of-*** left: a secret of the run stands in its path"]
    );
}

#[test]
fn a_file_that_was_begun_is_ended_or_taken_back() {
    let said = play(vec![piece("a", "x"), piece("b", "y"), gone("b")], None);
    let wanted = [
        "a@0 x",
        "a left: it was not read to its end",
        "b@0 y",
        "b left: it is gone",
    ];
    assert_eq!(said, wanted);
    let said = play(vec![piece("a", "x")], Some("it took too long"));
    assert_eq!(
        said,
        [
            "a@0 x",
            "a left: it was not read to its end",
            ". left: it took too long"
        ]
    );
}

#[test]
fn of_many_that_are_not_kept_a_hundred_are_named_and_one_that_was_begun_always_is() {
    let mut reads: Vec<Read> = (0..150).map(|n| gone(&format!("f{n}"))).collect();
    reads.extend([piece("begun", "x"), gone("begun")]);
    let said = play(reads, None);
    assert_eq!(said.len(), 100 + 2 + 1);
    assert_eq!(
        said[100..],
        [
            "begun@0 x",
            "begun left: it is gone",
            ". left: 50 more were not kept"
        ]
    );
    let mut keeper = keeper();
    assert!(!keeper.is_done());
    assert_eq!(keeper.hear(Read::Done), []);
    assert!(keeper.is_done());
}
