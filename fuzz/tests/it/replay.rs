//! Every input that was ever worth keeping, and neighbours of each, in every test run.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use optio_fuzz::{TARGETS, Target};

/// How long one input may keep a reader busy, on a machine that is shared.
const ONE_MAX: Duration = Duration::from_secs(5);
/// Neighbours played of each input.
const NEIGHBOURS: u64 = 50;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn inputs(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(corpus().join(target.name)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// A small generator of numbers, so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }
}

/// The input with a few bytes changed, cut out, doubled or taken from another input.
fn neighbour(input: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + 1 + dice.below(12)).min(bytes.len());
        match dice.below(5) {
            0 if at < end => bytes[at] ^= 1 << dice.below(8),
            1 if at < end => drop(bytes.drain(at..end)),
            2 if at < end => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => {
                let number = [
                    &b"-1"[..],
                    b"9223372036854775807",
                    b"1e308",
                    b"0",
                    b"18446744073709551616",
                ];
                bytes.splice(at..at, number[dice.below(number.len())].iter().copied());
            }
            _ => {
                let from = dice.below(other.len() + 1);
                let to = (from + 1 + dice.below(40)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

fn play(target: &Target, bytes: &[u8], name: &str) {
    let begun = Instant::now();
    let played = std::panic::catch_unwind(|| (target.play)(bytes));
    assert!(
        played.is_ok(),
        "{} breaks on {name}: {:?}",
        target.name,
        String::from_utf8_lossy(bytes)
    );
    let took = begun.elapsed();
    assert!(took < ONE_MAX, "{} took {took:?} for {name}", target.name);
}

#[test]
fn every_target_has_inputs_and_all_inputs_have_a_target() {
    let names: BTreeSet<_> = TARGETS.iter().map(|it| it.name.to_owned()).collect();
    let entries = fs::read_dir(corpus()).unwrap();
    let dirs = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names, dirs.collect());
    for target in &TARGETS {
        assert!(!inputs(target).is_empty(), "{}", target.name);
    }
}

#[test]
fn no_kept_input_breaks_a_promise() {
    for target in &TARGETS {
        for (path, bytes) in inputs(target) {
            play(target, &bytes, &path.display().to_string());
        }
    }
}

#[test]
fn no_neighbour_of_a_kept_input_breaks_a_promise() {
    for target in &TARGETS {
        let inputs = inputs(target);
        for (at, (path, bytes)) in inputs.iter().enumerate() {
            let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (at as u64 + 1));
            for number in 0..NEIGHBOURS {
                let other = &inputs[dice.below(inputs.len())].1;
                let bytes = neighbour(bytes, other, &mut dice);
                play(
                    target,
                    &bytes,
                    &format!("neighbour {number} of {}", path.display()),
                );
            }
        }
    }
}
