//! A call as it comes in, and what is answered before it is put on the wire.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::Caller;
use crate::git_host::git::GitError;

/// One call of the API.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The parts of the path, decoded.
    pub(super) path: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Value,
    pub(super) caller: Caller,
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Reply {
    One(StatusCode, Value),
    /// A list, to be cut into pages; where it is inside an object, that and the field.
    List(Vec<Value>, Option<(Value, &'static str)>),
    Nothing,
}

/// Why a call is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
    pub(super) errors: Option<Value>,
}

pub(super) type Answer = Result<Reply, Refusal>;

pub(super) fn ok(value: Value) -> Answer {
    Ok(Reply::One(StatusCode::OK, value))
}

pub(super) fn created(value: Value) -> Answer {
    Ok(Reply::One(StatusCode::CREATED, value))
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            errors: None,
        }
    }

    pub(super) fn missing() -> Self {
        Self::new(404, "Not Found")
    }

    /// A field is not as it should be.
    pub(super) fn invalid(resource: &str, field: &str, code: &str) -> Self {
        Self {
            errors: Some(json!([{ "resource": resource, "field": field, "code": code }])),
            ..Self::new(422, "Validation Failed")
        }
    }

    /// Something else is wrong with what is asked.
    pub(super) fn custom(resource: &str, message: &str) -> Self {
        Self {
            errors: Some(json!([
                { "resource": resource, "code": "custom", "message": message }
            ])),
            ..Self::new(422, "Validation Failed")
        }
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.to_string(),
        });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }
}

impl From<GitError> for Refusal {
    fn from(error: GitError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "git failed");
        Self::new(500, "Server Error")
    }
}

impl Call {
    /// A text of the body.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }

    /// A text that must be there.
    pub(super) fn needed(&self, resource: &str, field: &str) -> Result<&str, Refusal> {
        let text = self.text(field).filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::invalid(resource, field, "missing_field"))
    }

    /// A list of texts of the body.
    pub(super) fn texts(&self, field: &str) -> Option<Vec<String>> {
        let list = self.body.get(field)?.as_array()?;
        let text = |it: &Value| it.as_str().map(str::to_owned);
        Some(list.iter().filter_map(text).collect())
    }

    /// A parameter of the query.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}
