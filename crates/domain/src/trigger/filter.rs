//! Which calls of a webhook are meant: whoever calls tells of more than a trigger wants to hear, and what it does not
//! want starts nothing.

use serde_json::{Map, Value};

use super::mapping::{checked_path, find};
use crate::agent::spec::Invalid;

/// Conditions of one trigger.
const CONDITIONS_MAX: usize = 20;
/// Values of one condition.
const VALUES_MAX: usize = 100;

/// What the body of a call has to say, all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(Vec<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    path: String,
    values: Vec<Value>,
    sense: Sense,
}

/// Whether what is found at the path has to be one of the values, or none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    Is,
    IsNot,
}

impl Filter {
    /// Reads what a person has written: an object of paths, each with the value it has to have, a list of such values,
    /// or `{"not": …}` with those it must not have.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(when: Option<&Value>) -> Result<Self, Invalid> {
        let Some(when) = when.filter(|it| !it.is_null()) else {
            return Ok(Self::default());
        };
        let Some(conditions) = when.as_object() else {
            return wrong("must be an object of paths and the values they have to have");
        };
        if CONDITIONS_MAX < conditions.len() {
            return wrong(format!("may have {CONDITIONS_MAX} conditions"));
        }
        let conditions = conditions
            .iter()
            .map(|(path, value)| condition(path, value));
        conditions.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a body says all of it. A path that finds several values says each of them.
    #[must_use]
    pub fn wants(&self, body: &Value) -> bool {
        self.0.iter().all(|it| it.holds(body))
    }
}

impl Condition {
    fn holds(&self, body: &Value) -> bool {
        let found = find(&self.path, body).unwrap_or_default();
        let is_one = found.iter().any(|it| self.values.contains(it));
        match self.sense {
            Sense::Is => is_one,
            Sense::IsNot => !is_one,
        }
    }
}

fn wrong<T>(rule: impl std::fmt::Display) -> Result<T, Invalid> {
    Err(Invalid::new("config", format!("when: {rule}")))
}

fn condition(path: &str, value: &Value) -> Result<Condition, Invalid> {
    if let Err(words) = checked_path(path) {
        return wrong(words);
    }
    let (sense, value) = match value {
        Value::Object(members) => (Sense::IsNot, excluded(path, members)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            (Sense::Is, value)
        }
    };
    let values = match value {
        Value::Array(values) => values.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![value.clone()]
        }
    };
    if values.is_empty() || VALUES_MAX < values.len() {
        return wrong(format!("{path}: must have 1 to {VALUES_MAX} values"));
    }
    if values.iter().any(|it| it.is_array() || it.is_object()) {
        return wrong(format!(
            "{path}: a value is a text, a number, true, false or null"
        ));
    }
    Ok(Condition {
        path: path.to_owned(),
        values,
        sense,
    })
}

fn excluded<'a>(path: &str, members: &'a Map<String, Value>) -> Result<&'a Value, Invalid> {
    match (members.len(), members.get("not")) {
        (1, Some(value)) => Ok(value),
        _ => wrong(format!(
            "{path}: write a value, a list of values, or {{\"not\": …}} with those that are not wanted"
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filter(when: Value) -> Filter {
        Filter::read(Some(&when)).unwrap()
    }

    #[test]
    fn a_call_is_wanted_when_its_body_says_all_that_it_has_to() {
        let merged = filter(json!({
            "action": "closed", "pull_request.merged": true,
            "pull_request.base.ref": ["main", "trunk"], "pull_request.labels[*].name": { "not": ["skip", "bot"] },
        }));
        let body = |action: &str, merged: bool, base: &str, labels: &[&str]| {
            let labels: Vec<Value> = labels.iter().map(|it| json!({ "name": it })).collect();
            json!({ "action": action, "pull_request": { "merged": merged, "base": { "ref": base }, "labels": labels } })
        };
        assert!(merged.wants(&body("closed", true, "trunk", &["bug"])));
        assert!(merged.wants(&body("closed", true, "main", &[])));
        for other in [
            body("opened", true, "main", &[]),
            body("closed", false, "main", &[]),
            body("closed", true, "next", &[]),
            body("closed", true, "main", &["bug", "skip"]),
            json!({ "zen": "Keep it logically awesome." }),
            json!([]),
        ] {
            assert!(!merged.wants(&other), "{other}");
        }
        assert!(Filter::default().wants(&json!(null)));
        assert!(
            filter(json!({ "a": { "not": 1 } })).wants(&json!({})),
            "what is not there is not 1"
        );
        assert!(
            !filter(json!({ "a": null })).wants(&json!({})),
            "nothing is found, not even null"
        );
    }

    #[test]
    fn a_condition_that_cannot_be_met_or_read_is_refused_with_its_path() {
        for (bad, words) in [
            (json!([]), "when: must be an object"),
            (json!({ "a..[": 1 }), "when: `a..[` is no path"),
            (json!({ "a": [] }), "when: a: must have 1 to"),
            (json!({ "a": [[1]] }), "when: a: a value is"),
            (json!({ "a": { "matches": "x" } }), "when: a: write a value"),
            (
                json!({ "a": { "not": [], "b": 1 } }),
                "when: a: write a value",
            ),
            (json!({ "a": { "not": [] } }), "when: a: must have 1 to"),
        ] {
            let error = Filter::read(Some(&bad)).unwrap_err();
            assert!(error.rule.starts_with(words), "{bad}: {}", error.rule);
        }
        assert_eq!(Filter::read(Some(&json!(null))), Ok(Filter::default()));
    }
}
