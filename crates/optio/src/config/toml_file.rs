//! Reads the settings file into dotted keys and texts, each with its line.

use toml::de::{DeTable, DeValue};

/// A value of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The dotted key.
    pub(super) key: String,
    /// The value as text.
    pub(super) text: String,
    /// Its line, from 1.
    pub(super) line: usize,
}

/// The entries and the problems of a file, in the order of its lines.
pub(super) fn read(text: &str) -> (Vec<Entry>, Vec<(usize, String)>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut problems: Vec<_> = errors
        .iter()
        .map(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (line_of(text, at), format!("not TOML: {}", error.message()))
        })
        .collect();
    let mut entries = Vec::new();
    collect(text, "", table.get_ref(), &mut entries, &mut problems);
    entries.sort_by_key(|entry| entry.line);
    problems.sort();
    (entries, problems)
}

fn collect(
    text: &str,
    prefix: &str,
    table: &DeTable<'_>,
    entries: &mut Vec<Entry>,
    problems: &mut Vec<(usize, String)>,
) {
    for (key, value) in table {
        let line = line_of(text, key.span().start);
        let key = format!("{prefix}{}", key.get_ref());
        let value_text = match value.get_ref() {
            DeValue::Table(inner) => {
                collect(text, &format!("{key}."), inner, entries, problems);
                continue;
            }
            DeValue::String(value) => value.to_string(),
            DeValue::Integer(value) => value.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            other @ (DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_)) => {
                let is = other.type_str();
                problems.push((
                    line,
                    format!("{key}: no setting takes a value of type {is}"),
                ));
                continue;
            }
        };
        entries.push(Entry {
            key,
            text: value_text,
            line,
        });
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
