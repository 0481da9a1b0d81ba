//! Answers compared with the description of the API, member by member.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::{Value, json};

use super::api::Answer;

static API: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&crate::openapi()).unwrap());

/// The answer is one the description allows.
pub(crate) fn holds(method: &Method, path: &str, answer: &Answer) {
    if answer.body.is_null() && answer.status != 204 {
        return;
    }
    let problem = answer.header("content-type") == "application/problem+json";
    let status = answer.status.as_str();
    let described = operation(method, path).map(|operation| operation["responses"][status].clone());
    let schema = match described {
        Some(response) if response.is_object() => {
            let content = response["content"].as_object();
            let Some(kind) = content.and_then(|content| content.values().next()) else {
                assert_eq!(
                    answer.text, "",
                    "{method} {path} answers {status} without a body"
                );
                return;
            };
            kind["schema"].clone()
        }
        Some(_) if problem => json!({ "$ref": "#/components/schemas/Problem" }),
        Some(_) => panic!("{method} {path} answers {status}, which is not described"),
        None => return,
    };
    if let Err(difference) = fits(&schema, &answer.body) {
        panic!("{method} {path} {status}: {difference}\n{:#}", answer.body);
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let paths = API["paths"].as_object()?;
    let fitting = |template: &&String| {
        let (asked, known) = (path.split('/'), template.split('/'));
        let same = asked
            .clone()
            .zip(known.clone())
            .all(|(a, k)| k.starts_with('{') || a == k);
        same && asked.count() == known.count()
    };
    let mut templates: Vec<&String> = paths.keys().filter(fitting).collect();
    templates.sort_by_key(|template| template.matches('{').count());
    let item = paths.get(*templates.first()?)?;
    item.get(method.as_str().to_lowercase())
}

fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return fits(API.pointer(name.trim_start_matches('#')).unwrap(), value);
    }
    for word in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[word].as_array() {
            let fitting = choices.iter().any(|choice| fits(choice, value).is_ok());
            return if fitting {
                Ok(())
            } else {
                Err(format!("{value} is none of {schema}"))
            };
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return Ok(()),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&kind) {
        return Err(format!("{value} is {kind}, not {types:?}"));
    }
    if let Some(entries) = value.as_array() {
        for entry in entries {
            fits(&schema["items"], entry)?;
        }
    }
    match (value.as_object(), schema["properties"].as_object()) {
        (Some(members), Some(known)) => {
            for required in schema["required"].as_array().into_iter().flatten() {
                let name = required.as_str().unwrap();
                members
                    .get(name)
                    .ok_or_else(|| format!("`{name}` is missing"))?;
            }
            for (name, member) in members {
                let schema = known
                    .get(name)
                    .ok_or_else(|| format!("`{name}` is not described"))?;
                fits(schema, member).map_err(|difference| format!("{name}: {difference}"))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

const PATHS: [(&str, &[&str]); 25] = [
    ("/api/persistent-agents", &["get", "post"]),
    ("/api/persistent-agents/stats", &["get"]),
    (
        "/api/persistent-agents/{agent}",
        &["get", "patch", "delete"],
    ),
    ("/api/persistent-agents/{agent}/messages", &["get", "post"]),
    ("/api/persistent-agents/{agent}/turns", &["get"]),
    ("/api/persistent-agents/{agent}/turns/{turn}", &["get"]),
    ("/api/persistent-agents/{agent}/triggers", &["get", "post"]),
    (
        "/api/persistent-agents/{agent}/triggers/{trigger}",
        &["delete"],
    ),
    ("/api/persistent-agents/{agent}/control", &["post"]),
    ("/api/internal/persistent-agents", &["get"]),
    ("/api/internal/persistent-agents/send", &["post"]),
    ("/api/internal/persistent-agents/broadcast", &["post"]),
    ("/api/internal/persistent-agents/inbox", &["get"]),
    ("/api/health", &["get"]),
    ("/api/repos", &["get", "post"]),
    ("/api/repos/{repo}", &["get", "patch", "delete"]),
    ("/api/secrets", &["get", "post"]),
    ("/api/secrets/{name}", &["delete"]),
    ("/api/prompt-templates", &["get", "post"]),
    ("/api/prompt-templates/effective", &["get"]),
    ("/api/prompt-templates/builtin-default", &["get"]),
    ("/api/prompt-templates/review-default", &["get"]),
    ("/api/prompt-templates/named", &["post"]),
    ("/api/prompt-templates/{template}", &["patch", "delete"]),
    ("/api/prompt-templates/{template}/preview", &["post"]),
];

#[test]
fn every_path_older_clients_know_is_described_with_its_methods() {
    for (path, methods) in PATHS {
        for method in methods {
            let operation = &API["paths"][path][method];
            assert!(
                operation["description"].is_string() || operation["summary"].is_string(),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn the_description_is_openapi_3_1_and_every_reference_in_it_leads_somewhere() {
    assert!(API["openapi"].as_str().unwrap().starts_with("3.1"));
    let text = crate::openapi();
    for part in text.split("\"$ref\": \"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(API.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn the_description_in_the_docs_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == crate::openapi(),
        "write it anew: cargo build -p optio && target/debug/optio openapi > docs/openapi.json"
    );
}

#[test]
fn the_bodies_name_what_they_require() {
    let required = |name: &str| API["components"]["schemas"][name]["required"].clone();
    assert_eq!(
        required("NewAgent"),
        json!(["slug", "name", "initialPrompt"])
    );
    assert_eq!(required("NewMail"), json!(["body"]));
    assert_eq!(required("ToPeer"), json!(["body"]));
    assert_eq!(required("NewSecret"), json!(["name", "value"]));
}
