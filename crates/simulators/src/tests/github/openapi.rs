//! GitHub's published description of its API, and whether an answer is as it says.

use std::sync::LazyLock;

use serde_json::Value;

/// The description, which is read once.
static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let text = crate::tests::description("github-openapi", "api.github.com.json");
    serde_json::from_str(&text).unwrap()
});

/// What is wrong with an answer to this call; nothing if it is as described.
pub(super) fn faults(method: &str, template: &str, status: u16, body: &Value) -> Vec<String> {
    let Some(call) = DESCRIPTION["paths"][template].get(method.to_ascii_lowercase()) else {
        return vec![format!("{method} {template} is not described")];
    };
    let Some(answer) = call["responses"].get(status.to_string()) else {
        return vec![format!(
            "{method} {template} is not described to answer {status}"
        )];
    };
    let content = &resolve(answer)["content"];
    let mut faults = Vec::new();
    match content.get("application/json") {
        Some(content) => check(&content["schema"], body, "", &mut faults),
        None if body.is_null() => {}
        None => faults.push("no body is described".to_owned()),
    }
    faults
}

fn resolve(schema: &'static Value) -> &'static Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.trim_start_matches('#');
            resolve(DESCRIPTION.pointer(pointer).unwrap())
        }
        None => schema,
    }
}

/// Looks at what the description uses of JSON Schema. Where it says `oneOf`, several may fit: GitHub
/// itself does not tell them apart.
fn check(schema: &'static Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let schema = resolve(schema);
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    for any in ["anyOf", "oneOf"] {
        let Some(choices) = schema[any].as_array() else {
            continue;
        };
        let fits = |choice: &'static Value| {
            let mut wrong = Vec::new();
            check(choice, value, at, &mut wrong);
            wrong.is_empty()
        };
        if !choices.iter().any(fits) {
            faults.push(format!("{at}: fits no choice: {value}"));
        }
    }
    for all in schema["allOf"].as_array().into_iter().flatten() {
        check(all, value, at, faults);
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        faults.push(format!("{at}: {value} is none of {choices:?}"));
    }
    let fits = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    if !fits {
        faults.push(format!("{at}: {value} is no {}", schema["type"]));
        return;
    }
    check_format(schema, value, at, faults);
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], item, &format!("{at}[{number}]"), faults);
    }
    check_object(schema, value, at, faults);
}

fn check_format(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(text) = value.as_str() else { return };
    let is_right = match schema["format"].as_str() {
        Some("date-time") => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        Some("uri") => text.contains("://"),
        _ => true,
    };
    if !is_right {
        faults.push(format!("{at}: {text} is no {}", schema["format"]));
    }
}

fn check_object(schema: &'static Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(object) = value.as_object() else {
        return;
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        if !object.contains_key(name.as_str().unwrap()) {
            faults.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, field) in object {
        match schema["properties"].get(name) {
            Some(schema) => check(schema, field, &format!("{at}.{name}"), faults),
            None if schema["additionalProperties"] == false => {
                faults.push(format!("{at}: {name} is not described"));
            }
            None => {}
        }
    }
}
