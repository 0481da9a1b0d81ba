//! What differs between a file and the server, field by field.

use optio_domain::repo::RepoUrl;
use serde_json::Value;

use super::item::Item;

/// A difference.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// A member has another value.
    Field {
        /// Its name.
        name: String,
        /// What the server has.
        old: Value,
        /// What the file says.
        new: Value,
    },
    /// A secret is set or removed; what it is and was is nobody's business.
    Secret(&'static str),
}

impl Change {
    /// The difference, where there is one.
    pub(super) fn between(name: &str, old: Value, new: Value) -> Option<Self> {
        if is_same(name, &old, &new) {
            return None;
        }
        Some(Self::Field {
            name: name.to_owned(),
            old,
            new,
        })
    }
}

/// What a file says of something that is on the server already. What it leaves out is left as it is.
pub(super) fn changes(item: &Item, there: &Value) -> Vec<Change> {
    let said = item.fields.iter();
    said.filter(|(name, _)| name.as_str() != item.kind.key())
        .filter_map(|(name, new)| Change::between(name, there[name.as_str()].clone(), new.clone()))
        .collect()
}

/// Whether both mean the same, however they are written.
fn is_same(name: &str, old: &Value, new: &Value) -> bool {
    if old == new {
        return true;
    }
    match name {
        "budgetUsd" => matches!((dollars(old), dollars(new)), (Some(a), Some(b)) if a == b),
        "repoUrl" => matches!((address(old), address(new)), (Some(a), Some(b)) if a == b),
        _ => false,
    }
}

/// An amount without the zeros that mean nothing.
fn dollars(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let plain = match text.split_once('.') {
        Some((whole, part)) => format!("{whole}.{}", part.trim_end_matches('0')),
        None => text,
    };
    let plain = plain.trim_end_matches('.').trim_start_matches('0');
    Some(plain.to_owned())
}

fn address(value: &Value) -> Option<RepoUrl> {
    RepoUrl::parse(value.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_means_the_same_is_no_difference_however_it_is_written() {
        for (name, old, new) in [
            ("maxTurns", json!(3), json!(3)),
            ("model", json!(null), json!(null)),
            ("budgetUsd", json!("2.50"), json!(2.5)),
            ("budgetUsd", json!("2.5"), json!("2.500")),
            ("budgetUsd", json!("2"), json!("2.00")),
            ("budgetUsd", json!("0.5"), json!(".5")),
            (
                "repoUrl",
                json!("https://github.com/ada/engine"),
                json!("git@github.com:ada/engine.git"),
            ),
            (
                "paramsSchema",
                json!({ "a": 1, "b": 2 }),
                json!({ "b": 2, "a": 1 }),
            ),
        ] {
            assert_eq!(
                Change::between(name, old.clone(), new.clone()),
                None,
                "{name}: {old} {new}"
            );
        }
        for (name, old, new) in [
            ("maxTurns", json!(3), json!(4)),
            ("model", json!("opus"), json!(null)),
            ("budgetUsd", json!("2.50"), json!("25")),
            ("budgetUsd", json!("20"), json!("2")),
            ("budgetUsd", json!(null), json!("2")),
            (
                "repoUrl",
                json!(null),
                json!("https://github.com/ada/engine"),
            ),
            ("name", json!("2.50"), json!("2.5")),
        ] {
            assert!(
                Change::between(name, old.clone(), new.clone()).is_some(),
                "{name}: {old} {new}"
            );
        }
    }
}
