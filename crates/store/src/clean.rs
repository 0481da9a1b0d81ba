//! Postgres cannot hold the character NUL, and agents print whatever they like.

use serde::Serialize;
use serde_json::Value;

use crate::StoreError;

/// The value as Postgres can hold it: NUL becomes the character for what cannot be shown.
pub(crate) fn storable(value: impl Serialize) -> Result<Value, StoreError> {
    let mut value = serde_json::to_value(value)
        .map_err(|error| StoreError::Corrupt(format!("a value that is no JSON: {error}")))?;
    scrub(&mut value);
    Ok(value)
}

fn scrub(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => {
            *text = text.replace('\0', "\u{fffd}");
        }
        Value::Array(items) => items.iter_mut().for_each(scrub),
        Value::Object(fields) if fields.keys().any(|name| name.contains('\0')) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(name, value)| (name.replace('\0', "\u{fffd}"), value))
                .collect();
            fields.values_mut().for_each(scrub);
        }
        Value::Object(fields) => fields.values_mut().for_each(scrub),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
