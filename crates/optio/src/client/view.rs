//! Members of answers as a person reads them. Whatever an agent or a server wrote is cleaned: it
//! must not be able to steer the terminal.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// What stands where there is nothing.
pub(super) const NOTHING: &str = "-";

/// Text without what a terminal would obey.
pub(super) fn clean(text: &str) -> String {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    text.replace(steers, "\u{fffd}")
}

/// A member as text, [`NOTHING`] where it is absent.
pub(super) fn text(value: &Value, member: &str) -> String {
    some(&value[member]).unwrap_or_else(|| NOTHING.to_owned())
}

/// A value as text, where there is one.
pub(super) fn some(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(clean(text)),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(clean(&value.to_string()))
        }
    }
}

/// What is decided about a sandbox, each as a name and its value.
pub(super) fn decided(sandbox: &Value) -> Option<String> {
    let members = sandbox.as_object().into_iter().flatten();
    let words =
        members.filter_map(|(name, value)| Some(format!("{} {}", clean(name), some(value)?)));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Money: what the API says is exact, so nothing is rounded.
pub(super) fn dollars(value: &Value) -> String {
    some(value).map_or_else(|| NOTHING.to_owned(), |amount| format!("${amount}"))
}

/// A moment of an answer.
pub(super) fn moment(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

/// A moment as a person says it.
pub(super) fn ago(value: &Value, now: DateTime<Utc>) -> String {
    match moment(value) {
        None => NOTHING.to_owned(),
        Some(at) if at <= now => format!("{} ago", span(now - at)),
        Some(at) => format!("in {}", span(at - now)),
    }
}

/// A length of time in its largest unit.
pub(super) fn span(length: TimeDelta) -> String {
    let units = [
        (length.num_days(), "d"),
        (length.num_hours(), "h"),
        (length.num_minutes(), "min"),
    ];
    let largest = units.iter().find(|(count, _)| 0 < *count);
    largest.map_or_else(
        || format!("{} s", length.num_seconds()),
        |(count, unit)| format!("{count} {unit}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_passes() {
        assert_eq!(
            clean("a\x1b[31mb\r\n\tc\u{9b}"),
            "a\u{fffd}[31mb\u{fffd}\n\tc\u{fffd}"
        );
    }

    #[test]
    fn moments_are_said_from_now() {
        let now = "2030-01-02T00:00:00Z".parse().unwrap();
        let said = |at: &str| ago(&json!(at), now);
        assert_eq!(said("2030-01-01T23:59:30Z"), "30 s ago");
        assert_eq!(said("2030-01-01T21:00:00Z"), "3 h ago");
        assert_eq!(said("2030-01-02T00:05:01Z"), "in 5 min");
        assert_eq!(said("yesterday"), "-");
    }
}
