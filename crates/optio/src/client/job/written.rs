//! Settings and parameters as people write them on a command line.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::{
    input::{self, pair, text_or_file},
    kind::{Form, Kind},
};
use crate::failure::Failure;

/// The members that were given.
pub(in super::super) fn settings(
    kind: Kind,
    given: &[String],
) -> Result<Map<String, Value>, Failure> {
    let mut members = Map::new();
    for setting in given {
        let (name, value) = pair(setting, "NAME=VALUE")?;
        let form = kind
            .form(name)
            .ok_or_else(|| Failure::usage(kind.no_member(name)))?;
        let value = setting_of(name, form, value)?;
        put(&mut members, name, value)?;
    }
    Ok(members)
}

pub(in super::super) fn setting_of(name: &str, form: Form, value: &str) -> Result<Value, Failure> {
    if value == "null" {
        return Ok(Value::Null);
    }
    match (form, value.strip_prefix('@')) {
        (Form::Text, _) => text_or_file(value).map(Value::from),
        (Form::Json, Some(file)) => input::json(Path::new(file)),
        (Form::Json, None) => serde_json::from_str(value).map_err(|error| {
            Failure::usage(format!(
                "{name} is written as JSON, such as 3, true or @FILE: {error}"
            ))
        }),
    }
}

/// The parameters that were given, as the schema wants them.
pub(super) fn params(schema: &Value, given: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut params = Map::new();
    for param in given {
        let (name, value) = pair(param, "PARAM=VALUE")?;
        let text = text_or_file(value)?;
        put(
            &mut params,
            name,
            param_of(&schema["properties"][name], name, text)?,
        )?;
    }
    Ok(params)
}

pub(in super::super) fn put(
    members: &mut Map<String, Value>,
    name: &str,
    value: Value,
) -> Result<(), Failure> {
    match members.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Failure::usage(format!("{name} is given twice"))),
    }
}

/// A parameter as its schema calls it; a text where that says nothing.
fn param_of(schema: &Value, name: &str, text: String) -> Result<Value, Failure> {
    let types = types(schema);
    let json: Option<Value> = serde_json::from_str(&text).ok();
    let fits = |value: &Value| types.iter().any(|name| is_of(name, value));
    if let Some(value) = json.filter(fits) {
        // A text may look like anything; only a null that is allowed is meant before it.
        if value.is_null() || !types.contains(&"string") {
            return Ok(value);
        }
    }
    if types.is_empty() {
        let choices = schema["enum"].as_array().into_iter().flatten();
        let mut choices = choices.chain(schema.get("const"));
        let chosen = choices.find(|choice| choice.to_string() == text);
        return Ok(chosen.cloned().unwrap_or(Value::String(text)));
    }
    if types.contains(&"string") {
        return Ok(Value::String(text));
    }
    Err(Failure::usage(format!(
        "{name}: must be of type {}",
        types.join(" or ")
    )))
}

/// The types that a schema allows; none where it does not say.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        // JSON Schema counts 1.0 among them.
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::failure::Exit;

    fn given(all: &[&str]) -> Vec<String> {
        all.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn a_setting_is_text_or_json_as_its_member_wants_it() {
        let all = [
            "name=7",
            "budgetUsd=2.50",
            "maxRetries=3",
            "enabled=false",
            "model=null",
            "paramsSchema={\"type\":\"object\"}",
            "promptTemplate=a=b",
        ];
        let read = settings(Kind::Job, &given(&all)).unwrap();
        let meant = json!({ "name": "7", "budgetUsd": "2.50", "maxRetries": 3, "enabled": false, "model": null,
                            "paramsSchema": { "type": "object" }, "promptTemplate": "a=b" });
        assert_eq!(Value::Object(read), meant);
    }

    #[test]
    fn what_is_no_setting_is_refused_before_anybody_is_asked() {
        for (bad, words) in [
            (&["name"][..], "name must be NAME=VALUE"),
            (&["=x"], "=x must be NAME=VALUE"),
            (&["prompt=x"], "a job has no member `prompt`"),
            (&["maxRetries=many"], "maxRetries is written as JSON"),
            (&["name=a", "name=b"], "name is given twice"),
            (&["promptTemplate=@/nowhere"], "cannot read /nowhere"),
            (&["paramsSchema=@/nowhere"], "cannot read /nowhere"),
        ] {
            let failure = settings(Kind::Job, &given(bad)).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.message.starts_with(words), "{}", failure.message);
        }
    }

    #[test]
    fn a_parameter_is_what_its_schema_calls_it() {
        let schema = json!({ "properties": {
            "text": { "type": "string" }, "number": { "type": "number" }, "whole": { "type": "integer" },
            "truth": { "type": "boolean" }, "list": { "type": "array" }, "maybe": { "type": ["string", "null"] },
            "either": { "type": ["integer", "boolean"] }, "level": { "enum": [1, "two"] }, "fixed": { "const": true },
        } });
        let all = [
            "text=7",
            "number=7.5",
            "whole=7",
            "truth=true",
            "list=[1]",
            "maybe=null",
            "either=true",
            "level=1",
            "fixed=true",
            "other=1.10",
        ];
        let read = params(&schema, &given(&all)).unwrap();
        let meant = json!({ "text": "7", "number": 7.5, "whole": 7, "truth": true, "list": [1], "maybe": null,
                            "either": true, "level": 1, "fixed": true, "other": "1.10" });
        assert_eq!(Value::Object(read), meant);
        let two = params(&schema, &given(&["level=two", "maybe=7"])).unwrap();
        assert_eq!(Value::Object(two), json!({ "level": "two", "maybe": "7" }));
        for bad in ["whole=7.5", "truth=yes", "list=a,b", "number=\"7\""] {
            let words = params(&schema, &given(&[bad])).unwrap_err().message;
            assert!(words.contains("must be of type"), "{bad}: {words}");
        }
        // Without a schema nothing is guessed: a version is no number.
        let read = params(&Value::Null, &given(&["version=1.10"])).unwrap();
        assert_eq!(Value::Object(read), json!({ "version": "1.10" }));
    }
}
