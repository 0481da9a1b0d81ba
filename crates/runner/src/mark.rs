//! Recognises the lines by which a program says that it begins or is done, without knowing whose
//! program it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use optio_domain::wire::runner::Mark;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A field's value, as far as a mark can be about it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(IgnoredAny),
}

/// Whether the line is an object that has all texts of the mark. A line that was cut is none.
#[must_use]
pub fn is(mark: &Mark, line: &[u8]) -> bool {
    // Almost every line is passed without being understood.
    let likely = mark.0.values().all(|text| contains(line, text.as_bytes()));
    if !likely {
        return false;
    }
    let Ok(fields) = serde_json::from_slice::<BTreeMap<Cow<'_, str>, Value<'_>>>(line) else {
        return false;
    };
    mark.0.iter().all(|(field, wanted)| {
        matches!(fields.get(field.as_str()), Some(Value::Text(text)) if text == wanted)
    })
}

fn contains(line: &[u8], text: &[u8]) -> bool {
    text.is_empty() || line.windows(text.len()).any(|window| window == text)
}
