//! Parameters of a run: checked against the job's JSON Schema, with its defaults filled in.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{agent::spec::Invalid, prompt_template::with_defaults};

/// Bytes of a schema.
const SCHEMA_BYTES_MAX: usize = 64 << 10;
/// Faults that are named at once.
const NAMED_MAX: usize = 5;

/// Why a run cannot have these parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("params: {}", .0.join("; "))]
pub struct BadParams(Vec<String>);

/// Whether a text is a JSON Schema that says something about an object. It may point into itself only:
/// nothing is fetched.
///
/// # Errors
/// What is wrong with it.
pub fn check_schema(schema: Option<&Value>) -> Result<(), Invalid> {
    let Some(schema) = schema else {
        return Ok(());
    };
    let wrong = |rule: String| Err(Invalid::new("paramsSchema", rule));
    if !schema.is_object() {
        return wrong("must be a JSON Schema: an object with `properties`".to_owned());
    }
    if SCHEMA_BYTES_MAX < schema.to_string().len() {
        return wrong(format!("must not have more than {SCHEMA_BYTES_MAX} bytes"));
    }
    match jsonschema::validator_for(schema) {
        Ok(_) => Ok(()),
        Err(error) => wrong(format!("is no JSON Schema: {error}")),
    }
}

/// The parameters that a schema knows; `None` where it allows any.
#[must_use]
pub fn names(schema: Option<&Value>) -> Option<BTreeSet<String>> {
    let properties = schema?.get("properties")?.as_object()?;
    Some(properties.keys().cloned().collect())
}

/// Fills in the defaults of the schema and checks the rest.
///
/// # Errors
/// [`BadParams`] with the first faults and where they are.
pub fn checked(
    schema: Option<&Value>,
    params: Map<String, Value>,
) -> Result<Map<String, Value>, BadParams> {
    let Some(schema) = schema else {
        return Ok(params);
    };
    let params = with_defaults(schema.as_object(), &params);
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| BadParams(vec![format!("the job's paramsSchema is broken: {error}")]))?;
    let value = Value::Object(params);
    let faults: Vec<String> = validator
        .iter_errors(&value)
        .take(NAMED_MAX)
        .map(|error| {
            let place = error.instance_path().to_string();
            let place = place.trim_start_matches('/').replace('/', ".");
            if place.is_empty() {
                error.to_string()
            } else {
                format!("{place}: {error}")
            }
        })
        .collect();
    match (faults.is_empty(), value) {
        (true, Value::Object(params)) => Ok(params),
        _ => Err(BadParams(faults)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn defaults_are_filled_in_and_faults_are_named_with_their_place() {
        let schema = json!({
            "type": "object", "required": ["service"], "additionalProperties": false,
            "properties": {
                "service": { "type": "string" },
                "severity": { "enum": ["low", "high"], "default": "low" },
                "hosts": { "type": "array", "items": { "type": "string" } },
            },
        });
        let filled = checked(Some(&schema), of(json!({ "service": "shop" }))).unwrap();
        assert_eq!(filled["severity"], "low");
        let error = checked(
            Some(&schema),
            of(json!({ "severity": "odd", "hosts": [1], "x": 1 })),
        )
        .unwrap_err()
        .to_string();
        for part in ["service", "severity: ", "hosts.0: ", "x"] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }

    #[test]
    fn a_schema_that_is_none_or_points_elsewhere_is_refused() {
        assert!(check_schema(Some(&json!({ "type": "objekt" }))).is_err());
        assert!(check_schema(Some(&json!([]))).is_err());
        let far = json!({ "$ref": "https://example.com/schema.json" });
        assert!(check_schema(Some(&far)).is_err());
        let near = json!({ "$defs": { "a": { "type": "string" } }, "properties": { "x": { "$ref": "#/$defs/a" } } });
        assert_eq!(check_schema(Some(&near)), Ok(()));
    }

    #[test]
    fn without_a_schema_everything_goes() {
        let params = of(json!({ "any": [1] }));
        assert_eq!(checked(None, params.clone()), Ok(params));
        assert_eq!(names(None), None);
    }
}
