//! What is, or would be, done, as a person reads it and as a program does.

use serde_json::{Map, Value, json};
use similar::{ChangeTag, TextDiff};

use super::{
    super::view,
    compare::Change,
    plan::{Outcome, Step},
};
use crate::console::Tone;

/// Characters of a value that stands beside the one before.
const SHORT_CHARS_MAX: usize = 60;
/// Lines of one difference.
const LINES_MAX: usize = 24;
/// Lines that stay and are shown around those that do not.
const CONTEXT: usize = 1;
/// What names of variables contain whose values nobody should see.
const HIDDEN: [&str; 5] = ["SECRET", "TOKEN", "PASSWORD", "KEY", "CREDENTIAL"];

/// The lines for a person.
pub(super) fn lines(step: &Step) -> Vec<(Tone, String)> {
    let outcome = step.outcome();
    let mut lines = vec![(
        tone(outcome),
        format!("{:<9}  {}", outcome.word(), step.item.label()),
    )];
    lines.extend(step.changes.iter().flat_map(|it| change(it, "    ")));
    for (wanted, trigger) in step.triggers() {
        let label = view::clean(&wanted.label());
        match trigger.outcome() {
            Outcome::Created => lines.push((Tone::Good, format!("    + trigger {label}"))),
            Outcome::Updated => {
                lines.push((Tone::Warning, format!("    trigger {label}")));
                lines.extend(trigger.changes.iter().flat_map(|it| change(it, "      ")));
            }
            Outcome::Unchanged => {}
        }
    }
    lines
}

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Created => Tone::Good,
        Outcome::Updated => Tone::Warning,
        Outcome::Unchanged => Tone::Dim,
    }
}

/// The same for a program.
pub(super) fn to_json(step: &Step) -> Value {
    let triggers: Vec<Value> = step
        .triggers()
        .map(|(wanted, trigger)| {
            json!({
                "trigger": wanted.label(), "result": trigger.outcome().word(),
                "changes": changes_to_json(&trigger.changes),
            })
        })
        .collect();
    json!({
        "kind": step.item.kind.word(), "name": step.item.name, "file": step.item.place,
        "result": step.outcome().word(), "changes": changes_to_json(&step.changes), "triggers": triggers,
    })
}

fn changes_to_json(changes: &[Change]) -> Vec<Value> {
    let to_json = |change: &Change| match change {
        Change::Field { name, old, new } => {
            json!({ "field": name, "old": masked(name, old), "new": masked(name, new) })
        }
        Change::Secret(word) => json!({ "field": "secret", "old": "***", "new": word }),
    };
    changes.iter().map(to_json).collect()
}

fn change(change: &Change, margin: &str) -> Vec<(Tone, String)> {
    let (name, old, new) = match change {
        Change::Secret(word) => {
            return vec![(Tone::Plain, format!("{margin}secret  ({word})"))];
        }
        Change::Field { name, old, new } => (name, masked(name, old), masked(name, new)),
    };
    let shown = view::clean(name);
    if old == new {
        let words = format!("{margin}{shown}  (in what is not shown)");
        return vec![(Tone::Plain, words)];
    }
    if let (Some(old), Some(new)) = (short(&old), short(&new)) {
        return vec![(Tone::Plain, format!("{margin}{shown}  {old} → {new}"))];
    }
    let mut lines = vec![(Tone::Plain, format!("{margin}{shown}"))];
    lines.extend(difference(&long(&old), &long(&new), margin));
    lines
}

/// A value that fits beside another one.
fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => view::clean(text),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => view::clean(&value.to_string()),
    };
    let fits = text.chars().count() <= SHORT_CHARS_MAX && !text.contains('\n') && !text.is_empty();
    fits.then_some(text)
}

/// A value over several lines.
fn long(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => view::clean(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            view::clean(&format!("{value:#}"))
        }
    }
}

/// The lines that go and come, with a line around them.
fn difference(old: &str, new: &str, margin: &str) -> Vec<(Tone, String)> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if 0 < number {
            lines.push((Tone::Dim, format!("{margin}  …")));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (tone, mark) = match change.tag() {
                ChangeTag::Equal => (Tone::Dim, ' '),
                ChangeTag::Delete => (Tone::Bad, '-'),
                ChangeTag::Insert => (Tone::Good, '+'),
            };
            let line = format!("{margin}  {mark} {}", change.value());
            lines.push((tone, line.trim_end().to_owned()));
        }
    }
    let more = lines.len().saturating_sub(LINES_MAX);
    if 0 < more {
        lines.truncate(LINES_MAX);
        lines.push((Tone::Dim, format!("{margin}  … {more} more lines")));
    }
    lines
}

/// A value without what should not be seen: variables that are named like secrets.
fn masked(name: &str, value: &Value) -> Value {
    let mut value = value.clone();
    if name == "environmentSpec"
        && let Some(env) = value.get_mut("env").and_then(Value::as_object_mut)
    {
        mask(env);
    }
    value
}

fn mask(env: &mut Map<String, Value>) {
    for (name, value) in env {
        let upper = name.to_ascii_uppercase();
        if HIDDEN.iter().any(|word| upper.contains(word)) {
            *value = "***".into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, old: Value, new: Value) -> String {
        let between = Change::between(name, old, new).unwrap();
        let lines = change(&between, "  ");
        lines.into_iter().map(|(_, line)| line + "\n").collect()
    }

    #[test]
    fn short_values_stand_beside_each_other_and_texts_line_by_line() {
        assert_eq!(shown("maxTurns", json!(3), json!(4)), "  maxTurns  3 → 4\n");
        assert_eq!(
            shown("model", json!(null), json!("opus")),
            "  model  none → opus\n"
        );
        let old = "a\nb\nc\nd\ne\nf\n\x1b[31mg";
        let new = "a\nB\nc\nd\ne\nf\ng";
        let lines = "  prompt\n      a\n    - b\n    + B\n      c\n    …\n      f\n    - \u{fffd}[31mg\n    + g\n";
        assert_eq!(shown("prompt", json!(old), json!(new)), lines);
        assert_eq!(
            shown("prompt", json!("a\nb"), json!(null)),
            "  prompt\n    - a\n    - b\n"
        );
    }

    #[test]
    fn a_long_difference_is_cut_and_says_how_much_is_left() {
        let new: String = (0..100).map(|number| format!("{number}\n")).collect();
        let lines = shown("prompt", json!(null), json!(new));
        assert!(lines.ends_with("    … 76 more lines\n"), "{lines}");
    }

    #[test]
    fn what_is_named_like_a_secret_is_not_shown() {
        let spec = |key: &str, zone: &str| json!({ "env": { "API_KEY": key, "TZ": zone } });
        let lines = shown(
            "environmentSpec",
            spec("hunter1", "UTC"),
            spec("hunter2", "Asia/Tokyo"),
        );
        assert!(
            !lines.contains("hunter") && lines.contains("Asia/Tokyo"),
            "{lines}"
        );
        let lines = shown(
            "environmentSpec",
            spec("hunter1", "UTC"),
            spec("hunter2", "UTC"),
        );
        assert_eq!(lines, "  environmentSpec  (in what is not shown)\n");
        assert_eq!(
            change(&Change::Secret("set"), ""),
            [(Tone::Plain, "secret  (set)".to_owned())]
        );
    }
}
