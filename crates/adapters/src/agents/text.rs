//! What agents print, made fit to be kept: no terminal codes, no NUL (a text column refuses it),
//! nothing without a limit.

use serde_json::{Value, json};

/// Characters of one entry's text.
pub(super) const CONTENT_CHARS_MAX: usize = 10_000;
/// Bytes of one entry's metadata, as JSON.
pub(super) const METADATA_BYTES_MAX: usize = 64 << 10;

/// The text without terminal codes and control characters, cut and marked where it is too long.
pub(super) fn clean(text: &str) -> String {
    cut(&plain(text), CONTENT_CHARS_MAX)
}

/// The first line, cut to `chars_max` without a count: a headline.
pub(super) fn headline(text: &str, chars_max: usize) -> String {
    let text = plain(text);
    let line = text.trim().lines().next().unwrap_or_default();
    let more = line.trim_end().len() < text.trim().len() || chars_max < line.chars().count();
    let mut short: String = line.chars().take(chars_max).collect();
    if more {
        short.push('…');
    }
    short
}

/// The value with every long string in it cut, or only a note of its size where that does not help.
pub(super) fn bounded(value: Value) -> Value {
    let value = clean_value(value);
    let bytes = value.to_string().len();
    if bytes <= METADATA_BYTES_MAX {
        return value;
    }
    json!({ "cutBytes": bytes })
}

fn clean_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(items) => items.into_iter().map(clean_value).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (clean(&name), clean_value(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn cut(text: &str, chars_max: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(chars_max) else {
        return text.to_owned();
    };
    let rest = text[end..].chars().count();
    format!("{}… [{rest} more characters]", &text[..end])
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_code(&mut chars),
            '\n' | '\t' => out.push(c),
            '\r' => {}
            '\0' => out.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Skips the rest of a terminal code: `ESC [ … letter`, `ESC ] … BEL` (or `ESC \`), `ESC x`.
fn skip_code(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        Some(']') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' {
                    return;
                }
                if c == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    return;
                }
            }
        }
        Some(_) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_codes_and_nul_are_gone() {
        assert_eq!(clean("\u{1b}[1;31mred\u{1b}[0m\r\n\tx"), "red\n\tx");
        assert_eq!(clean("\u{1b}]0;title\u{7}a\u{1b}]8;;u\u{1b}\\b"), "ab");
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        assert_eq!(clean("\u{1b}[31"), "");
    }

    #[test]
    fn what_is_cut_says_how_much() {
        let long = "ä".repeat(CONTENT_CHARS_MAX + 7);
        assert!(clean(&long).ends_with("ä… [7 more characters]"));
        assert_eq!(clean("short"), "short");
    }

    #[test]
    fn a_headline_is_one_line_and_marked_when_it_is_not_all() {
        assert_eq!(headline("  one\ntwo", 10), "one…");
        assert_eq!(headline("one two", 3), "one…");
        assert_eq!(headline("one\n", 10), "one");
    }

    #[test]
    fn metadata_is_never_huge() {
        let one = bounded(json!({ "content": "x".repeat(1 << 20) }));
        assert!(
            one["content"]
                .as_str()
                .unwrap()
                .ends_with("more characters]")
        );
        let many: Vec<_> = (0..100).map(|_| "x".repeat(2_000)).collect();
        assert!(bounded(json!(many)).get("cutBytes").is_some());
    }
}
