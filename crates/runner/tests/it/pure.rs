//! The decisions, without a process.

use std::time::Duration;

use optio_domain::wire::runner::{EndCause, RunLimits};
use optio_runner::lines::{Line, Splitter};
use optio_runner::redact::Redactor;
use optio_runner::watch::{Step, Watch};
use tokio::time::Instant;

const LIMITS: RunLimits = RunLimits {
    duration_ms: 10_000,
    silence_ms: 1_000,
    line_bytes: 100,
    output_bytes: 1_000,
    grace_ms: 100,
};

fn at(begin: Instant, ms: u64) -> Instant {
    begin + Duration::from_millis(ms)
}

#[test]
fn a_stop_goes_from_interrupt_to_kill_and_each_step_comes_once() {
    let begin = Instant::now();
    let mut watch = Watch::new(LIMITS, begin);
    assert_eq!(watch.due(begin), None);
    watch.end(EndCause::Stopped, Step::Interrupt, begin);
    assert_eq!(watch.due(begin), Some(Step::Interrupt));
    watch.end(EndCause::Stopped, Step::Interrupt, begin);
    assert_eq!(watch.due(at(begin, 99)), None);
    assert_eq!(watch.next_at(), at(begin, 100));
    assert_eq!(watch.due(at(begin, 100)), Some(Step::Terminate));
    assert_eq!(watch.due(at(begin, 199)), None);
    assert_eq!(watch.due(at(begin, 200)), Some(Step::Kill));
}

#[test]
fn a_later_cause_can_hasten_an_end_and_not_change_its_reason() {
    let begin = Instant::now();
    let mut watch = Watch::new(LIMITS, begin);
    watch.end(EndCause::Silence, Step::Interrupt, begin);
    watch.end(EndCause::Stopped, Step::Terminate, begin);
    assert_eq!(watch.due(begin), Some(Step::Terminate));
    watch.end(EndCause::JournalFailed, Step::Kill, begin);
    assert_eq!(watch.cause(), Some(EndCause::Silence));
    assert_eq!(watch.due(at(begin, 100)), Some(Step::Kill));
}

#[test]
fn a_line_ends_the_silence_and_nothing_ends_the_time() {
    let begin = Instant::now();
    let mut watch = Watch::new(LIMITS, begin);
    for ms in (900..10_000).step_by(900) {
        assert_eq!(watch.due(at(begin, ms)), None);
        watch.heard(at(begin, ms));
    }
    assert_eq!(watch.due(at(begin, 10_000)), Some(Step::Interrupt));
    assert_eq!(watch.cause(), Some(EndCause::Duration));
}

#[test]
fn endless_limits_do_not_overflow() {
    let limits = RunLimits {
        duration_ms: u64::MAX,
        silence_ms: u64::MAX,
        grace_ms: u64::MAX,
        ..LIMITS
    };
    let mut watch = Watch::new(limits, Instant::now());
    assert_eq!(watch.due(Instant::now()), None);
    watch.end(EndCause::Stopped, Step::Interrupt, Instant::now());
    assert_eq!(watch.due(Instant::now()), Some(Step::Interrupt));
}

#[test]
fn a_long_secret_goes_before_a_short_one_in_it() {
    let redactor = Redactor::new(["token", "token-and-more"]);
    assert_eq!(redactor.text("a token-and-more b token c"), "a *** b *** c");
}

#[test]
fn short_and_empty_values_are_left_alone() {
    let redactor = Redactor::new(["", "abc"]);
    assert_eq!(redactor.text("abc abc"), "abc abc");
    assert_eq!(redactor.longest(), 0);
}

#[test]
fn base64_of_a_secret_is_found_wherever_it_stands() {
    use base64::Engine as _;
    let secret = "gh-token-0123456789";
    let redactor = Redactor::new([secret]);
    for before in ["", "u", "us", "user:", "x-access-token:"] {
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{before}{secret}!"));
        let hidden = redactor.text(&text);
        assert!(hidden.contains("***"), "{text}: {hidden}");
        assert!(hidden.len() <= text.len() - 20, "{text}: {hidden}");
    }
}

fn split(keep: usize, parts: &[&[u8]]) -> Vec<Line> {
    let mut splitter = Splitter::new(keep);
    let mut lines = Vec::new();
    for part in parts {
        let mut rest = *part;
        while !rest.is_empty() {
            let (line, after) = splitter.push(rest);
            lines.extend(line);
            rest = after;
        }
    }
    lines.extend(splitter.finish());
    lines
}

#[test]
fn lines_do_not_depend_on_how_the_bytes_arrive() {
    let text = b"one\n\ntwo\r\nthree long line\nlast";
    let whole = split(8, &[text]);
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(split(8, &bytes), whole);
    let texts: Vec<(String, u64)> = whole
        .iter()
        .map(|line| line.text(8, &Redactor::new([])))
        .collect();
    let expected = [
        ("one", 0),
        ("", 0),
        ("two", 0),
        ("three lo", 7),
        ("last", 0),
    ];
    assert_eq!(texts, expected.map(|(text, cut)| (text.to_owned(), cut)));
}

#[test]
fn a_character_is_not_cut_in_two() {
    let lines = split(20, &["aä€😀".as_bytes()]);
    let texts: Vec<(String, u64)> = (0..=10)
        .map(|limit| lines[0].text(limit, &Redactor::new([])))
        .collect();
    let kept = [
        "",
        "a",
        "a",
        "aä",
        "aä",
        "aä",
        "aä€",
        "aä€",
        "aä€",
        "aä€",
        "aä€😀",
    ];
    for ((text, cut), kept) in texts.iter().zip(kept) {
        assert_eq!(text, kept);
        assert_eq!(*cut, 10 - kept.len() as u64);
    }
}
