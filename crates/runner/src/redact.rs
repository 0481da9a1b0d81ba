//! Takes secrets out of what a run prints, before anything else sees it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// What stands where a secret was.
pub const MARK: &str = "***";
/// Shorter values are words that occur by chance; hiding them would make the output unreadable.
const SECRET_BYTES_MIN: usize = 4;
/// Base64 pieces and lines of a value are only looked for from this length on, for the same reason.
const PIECE_BYTES_MIN: usize = 8;

/// Finds secret values in the forms in which they usually appear: plain, inside JSON text, in
/// base64 (alone or inside a longer value), and line by line where the value has lines.
pub struct Redactor {
    /// Longest first, so that a secret which contains another goes as a whole.
    patterns: Vec<Vec<u8>>,
    /// Which bytes a pattern can begin with: almost every position is passed with one look.
    begins: [bool; 256],
}

impl Redactor {
    /// A redactor for these values.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut patterns: Vec<Vec<u8>> = secrets
            .into_iter()
            .filter(|secret| SECRET_BYTES_MIN <= secret.len())
            .flat_map(forms)
            .map(String::into_bytes)
            .collect();
        patterns.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        patterns.dedup();
        let mut begins = [false; 256];
        for first in patterns.iter().filter_map(|pattern| pattern.first()) {
            begins[usize::from(*first)] = true;
        }
        Self { patterns, begins }
    }

    /// Bytes of the longest form. Who cuts a text must keep as many bytes after the cut, or else
    /// the first half of a secret would pass.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.patterns.first().map_or(0, Vec::len)
    }

    /// The text without secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.head(text.as_bytes(), text.len())
    }

    /// The first `limit` bytes as text without secrets; one that begins before the limit goes as a
    /// whole. Invalid UTF-8 is replaced.
    #[must_use]
    pub fn head(&self, bytes: &[u8], limit: usize) -> String {
        let limit = limit.min(bytes.len());
        let mut kept = Vec::with_capacity(limit);
        let mut at = 0;
        while at < limit {
            match self.match_at(&bytes[at..]) {
                Some(length) => {
                    kept.extend_from_slice(MARK.as_bytes());
                    at += length;
                }
                None => {
                    kept.push(bytes[at]);
                    at += 1;
                }
            }
        }
        match String::from_utf8(kept) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }

    /// Whether a secret stands somewhere in these bytes. Values that are so short that they may be
    /// there by chance do not count.
    #[must_use]
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        (0..bytes.len()).any(|at| {
            self.match_at(&bytes[at..])
                .is_some_and(|length| PIECE_BYTES_MIN <= length)
        })
    }

    fn match_at(&self, rest: &[u8]) -> Option<usize> {
        if !self.begins[usize::from(*rest.first()?)] {
            return None;
        }
        self.patterns
            .iter()
            .find(|pattern| rest.starts_with(pattern))
            .map(Vec::len)
    }
}

fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        json_inside(secret),
        STANDARD.encode(secret),
        URL_SAFE.encode(secret),
    ];
    forms.extend((0..3).flat_map(|shift| {
        [
            base64_core(secret, shift, &STANDARD_NO_PAD),
            base64_core(secret, shift, &URL_SAFE_NO_PAD),
        ]
    }));
    forms.extend(secret.lines().map(str::to_owned));
    let plain = secret.len();
    forms.retain(|form| form.len() == plain || PIECE_BYTES_MIN.min(plain) <= form.len());
    forms
}

/// The value as it stands between the quotes of a JSON string.
fn json_inside(secret: &str) -> String {
    let quoted = serde_json::Value::from(secret).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The characters which base64 gives for the value wherever it stands in a longer one (as in
/// `user:token`), `shift` bytes after a multiple of three. Characters that also carry bits of a
/// neighbour are left out.
fn base64_core(secret: &str, shift: usize, engine: &impl base64::Engine) -> String {
    let padded = [vec![0; shift], secret.as_bytes().to_vec()].concat();
    let text = engine.encode(&padded);
    let from = [0, 2, 3][shift];
    let to = text.len() - usize::from(!padded.len().is_multiple_of(3));
    let core = text.get(from..to).unwrap_or_default();
    if core.len() < PIECE_BYTES_MIN {
        String::new()
    } else {
        core.to_owned()
    }
}
