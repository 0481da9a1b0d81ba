//! Where in a body each parameter is found: a JSONPath (RFC 9535) such as `$.alert.labels[0]`, or the same as
//! dotted names, `alert.labels[0]`.

use jsonpath_rust::{
    parser::{model::JpQuery, parse_json_path},
    query::js_path_process,
};
use serde_json::{Map, Value};

use crate::agent::spec::Invalid;

/// Parameters of one mapping.
const PARAMS_MAX: usize = 100;
/// Characters of one path.
const PATH_CHARS_MAX: usize = 500;

/// Why a body gives no parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// Without a mapping the whole body is the parameters, so that it has to be an object.
    #[error("the body is not a JSON object")]
    NoObject,
    /// A path of the mapping cannot be read.
    #[error("paramMapping.{0}: {1}")]
    Path(String, String),
}

fn path(text: &str) -> Result<JpQuery, String> {
    if PATH_CHARS_MAX < text.len() {
        return Err(format!("a path may have {PATH_CHARS_MAX} characters"));
    }
    let whole = if text.starts_with('$') {
        text.to_owned()
    } else if text.starts_with('[') {
        format!("${text}")
    } else {
        format!("$.{text}")
    };
    parse_json_path(&whole).map_err(|_error| {
        format!(
            "`{text}` is no path; write dotted names such as alert.labels[0], or a JSONPath that begins with $"
        )
    })
}

/// Sees to it that a path can be read.
pub(super) fn checked_path(text: &str) -> Result<(), String> {
    path(text).map(drop)
}

/// Everything that a path finds.
pub(super) fn find(text: &str, body: &Value) -> Result<Vec<Value>, String> {
    let query = path(text)?;
    let found = js_path_process(&query, body).map_err(|error| error.to_string())?;
    Ok(found.into_iter().map(|it| it.val().clone()).collect())
}

/// Sees to it that all paths of a mapping can be read.
///
/// # Errors
/// The first that cannot.
pub fn check(mapping: &Map<String, Value>) -> Result<(), Invalid> {
    let wrong = |rule: String| Err(Invalid::new("paramMapping", rule));
    if PARAMS_MAX < mapping.len() {
        return wrong(format!("may name {PARAMS_MAX} parameters"));
    }
    for (name, place) in mapping {
        let Some(place) = place.as_str() else {
            return wrong(format!(
                "{name}: must be a text that says where it is found"
            ));
        };
        if let Err(words) = checked_path(place) {
            return wrong(format!("{name}: {words}"));
        }
    }
    Ok(())
}

/// The parameters in a body: what the mapping names, or the whole of it. What is not found is left out; what a
/// path finds several times is a list.
///
/// # Errors
/// [`BadBody`].
pub fn map(
    mapping: Option<&Map<String, Value>>,
    body: Value,
) -> Result<Map<String, Value>, BadBody> {
    let Some(mapping) = mapping.filter(|it| !it.is_empty()) else {
        return match body {
            Value::Object(params) => Ok(params),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(BadBody::NoObject),
        };
    };
    let mut params = Map::new();
    for (name, place) in mapping {
        let bad = |words| BadBody::Path(name.clone(), words);
        let mut found = find(place.as_str().unwrap_or_default(), &body).map_err(bad)?;
        let value = match found.len() {
            0 => continue,
            1 => found.remove(0),
            _ => Value::Array(found),
        };
        params.insert(name.clone(), value);
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn dotted_names_and_json_paths_find_the_same() {
        let body = json!({ "alert": { "labels": ["a", "b"], "name": "disk" }, "n": 3 });
        let mapping = of(json!({
            "name": "alert.name", "first": "alert.labels[0]", "all": "$.alert.labels[*]",
            "number": "$.n", "none": "alert.nothing", "any": "$..name",
        }));
        assert_eq!(check(&mapping), Ok(()));
        let params = map(Some(&mapping), body).unwrap();
        assert_eq!(
            Value::Object(params),
            json!({ "name": "disk", "first": "a", "all": ["a", "b"], "number": 3, "any": "disk" })
        );
    }

    #[test]
    fn without_a_mapping_the_body_is_the_parameters() {
        let body = json!({ "a": 1 });
        assert_eq!(map(None, body.clone()), Ok(of(body.clone())));
        assert_eq!(map(Some(&Map::new()), body.clone()), Ok(of(body)));
        assert_eq!(map(None, json!([1])), Err(BadBody::NoObject));
    }

    #[test]
    fn a_path_that_cannot_be_read_is_refused_when_it_is_written() {
        for bad in [
            json!({ "a": "b..[" }),
            json!({ "a": 3 }),
            json!({ "a": "" }),
        ] {
            assert!(check(&of(bad.clone())).is_err(), "{bad}");
        }
    }
}
