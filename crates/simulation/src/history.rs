//! What happened, one line per event, and its fingerprint.

use uuid::Uuid;

/// The history of a story.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    lines: Vec<String>,
}

impl History {
    pub(crate) fn note(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Adds to what was noted last.
    pub(crate) fn add(&mut self, words: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.push_str(words);
        }
    }

    pub(crate) fn lines(self) -> Vec<String> {
        self.lines
    }
}

/// A fingerprint of lines (FNV-1a): equal histories have equal ones.
#[must_use]
pub fn fingerprint(lines: &[String]) -> u64 {
    let bytes = lines.iter().flat_map(|line| line.bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// An identity that was counted, as people read it: `#12`.
pub(crate) fn short(id: Uuid) -> String {
    format!("#{}", id.as_u128() & 0xffff_ffff)
}
