//! What an agent program prints: through the runner, and then through the reader of its vendor.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use optio_adapters::agents::claude_code::ClaudeCode;
use optio_domain::{
    ports::{AgentCli as _, Reading},
    pr_review::draft,
    transcript::{Fact, Facts},
};
use optio_runner::{lines::Splitter, redact::Redactor};

/// Characters of an entry's text, with the note of what was cut.
const CONTENT_CHARS_MAX: usize = 10_050;
/// Bytes of an entry's metadata.
const METADATA_BYTES_MAX: usize = 64 << 10;

/// Lines of standard output, read and folded into what is kept of a run.
pub(super) fn line(data: &[u8]) {
    let cli = ClaudeCode {
        program: PathBuf::from("/claude"),
        ..ClaudeCode::default()
    };
    let mut facts = Facts::default();
    for line in String::from_utf8_lossy(data).lines() {
        let reading = cli.read(line);
        assert_eq!(reading, cli.read(line), "the same line reads the same");
        bounded(&reading);
        for fact in reading.facts {
            facts.learn(fact);
        }
        facts.hear_stderr(line);
    }
    if let Some(end) = &facts.end {
        let counts = [end.input_tokens, end.output_tokens];
        let believed = 0..=1_000_000_000_000;
        assert!(
            counts.iter().flatten().all(|it| believed.contains(it)),
            "{end:?}"
        );
        let million = 1_000_000.into();
        assert!(end.cost_usd.is_none_or(|cost| cost <= million), "{end:?}");
    }
    // Facts are kept as JSON, so that another process can go on with them.
    let kept = serde_json::to_string(&facts).unwrap_or_else(|error| panic!("{facts:?}: {error}"));
    let back = serde_json::from_str::<Facts>(&kept);
    assert_eq!(back.ok(), Some(facts), "what is kept reads the same");
}

/// The final answer of a review agent, as a draft and as what is said in a conversation.
pub(super) fn draft(data: &[u8]) {
    let answer = String::from_utf8_lossy(data);
    if let Ok(read) = draft::read(&answer) {
        assert_eq!(read.check(), Ok(()), "what is read keeps the rules");
        let text = serde_json::to_string(&read).unwrap_or_else(|error| panic!("{read:?}: {error}"));
        assert_eq!(
            draft::read(&text),
            Ok(read),
            "what is written reads the same"
        );
    }
    let (words, changed) = draft::read_in_chat(&answer);
    let own = "I have changed the draft.".len();
    assert!(words.len() <= answer.len().max(own));
    if let Ok(Some(changed)) = changed {
        assert_eq!(changed.check(), Ok(()));
    }
}

/// Whatever is read can be stored: nothing is endless, and no column refuses it.
fn bounded(reading: &Reading) {
    for entry in &reading.entries {
        assert!(entry.content.chars().count() <= CONTENT_CHARS_MAX);
        assert!(!entry.content.contains('\0'));
        let metadata = entry.metadata.as_ref().map(ToString::to_string);
        let metadata = metadata.unwrap_or_default();
        assert!(metadata.len() <= METADATA_BYTES_MAX, "{}", metadata.len());
        assert!(!metadata.contains("\\u0000"));
    }
    for fact in &reading.facts {
        match fact {
            Fact::Session(text) | Fact::Model(text) => assert!(!text.contains('\0')),
            Fact::ApiTrouble {
                message, retry_at, ..
            } => {
                assert!(!message.contains('\0'));
                assert!(retry_at.is_none_or(fits), "{retry_at:?} cannot be stored");
            }
            Fact::End(end) => {
                assert!(end.summary.chars().count() <= CONTENT_CHARS_MAX);
                assert!(!end.summary.contains('\0'));
            }
            Fact::SessionUnknown => {}
        }
    }
}

/// Whether Postgres has a place for it, and a person can read it.
fn fits(at: DateTime<Utc>) -> bool {
    (0..=253_402_300_799).contains(&at.timestamp())
}

/// Bytes of standard output, cut into lines and freed of a secret.
pub(super) fn output(data: &[u8]) {
    let Some((&size, data)) = data.split_first() else {
        return;
    };
    let (size, keep) = (usize::from(size % 61) + 1, 64);
    let whole = lines(data, data.len().max(1), keep);
    assert_eq!(
        whole,
        lines(data, size, keep),
        "lines do not depend on how the bytes come"
    );
    let secret = "s3cret-value";
    let redactor = Redactor::new([secret]);
    for (kept, total) in whole {
        assert!(kept.len() <= keep + redactor.longest() && kept.len() as u64 <= total);
        let clean = redactor.head(&kept, kept.len());
        assert!(!clean.contains(secret), "{clean}");
        let text = String::from_utf8_lossy(&kept);
        assert!(!redactor.text(&text).contains(secret));
    }
}

fn lines(data: &[u8], size: usize, keep: usize) -> Vec<(Vec<u8>, u64)> {
    let mut splitter = Splitter::new(keep);
    let mut lines = Vec::new();
    for mut chunk in data.chunks(size) {
        while !chunk.is_empty() {
            let (line, rest) = splitter.push(chunk);
            lines.extend(line);
            chunk = rest;
        }
    }
    lines.extend(splitter.finish());
    lines
        .into_iter()
        .map(|line| (line.kept, line.total))
        .collect()
}
