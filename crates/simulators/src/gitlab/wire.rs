//! A call as it comes in, and what is answered before it is put on the wire.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::git_host::git::GitError;

/// One call of the API.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The parts of the path below `/api/v4`, decoded: a project's name is one part.
    pub(super) path: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Value,
    /// The user name of whoever calls.
    pub(super) by: String,
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Reply {
    One(StatusCode, Value),
    /// A list, to be cut into pages.
    List(Vec<Value>),
    Nothing,
}

/// Why a call is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: Value,
}

pub(super) type Answer = Result<Reply, Refusal>;

pub(super) fn ok(value: Value) -> Answer {
    Ok(Reply::One(StatusCode::OK, value))
}

pub(super) fn created(value: Value) -> Answer {
    Ok(Reply::One(StatusCode::CREATED, value))
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<Value>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    pub(super) fn missing() -> Self {
        Self::new(404, "404 Not found")
    }

    /// Something that must be given is not.
    pub(super) fn lacking(field: &str) -> Self {
        Self::new(400, format!("400 Bad request - {field} is missing"))
    }

    pub(super) fn body(&self) -> Value {
        json!({ "message": self.message })
    }
}

impl From<GitError> for Refusal {
    fn from(error: GitError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "git failed");
        Self::new(500, "500 Internal Server Error")
    }
}

impl Call {
    /// A text of the body or the query.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        let given = self.body.get(field).and_then(Value::as_str);
        given.or_else(|| self.query.get(field).map(String::as_str))
    }

    /// A text that must be there.
    pub(super) fn needed(&self, field: &str) -> Result<&str, Refusal> {
        let text = self.text(field).filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::lacking(field))
    }

    /// A yes or no.
    pub(super) fn is(&self, field: &str) -> bool {
        self.body[field].as_bool().unwrap_or(false) || self.text(field) == Some("true")
    }

    /// Words with commas between them, or a list of texts.
    pub(super) fn words(&self, field: &str) -> Option<Vec<String>> {
        if let Some(list) = self.body.get(field).and_then(Value::as_array) {
            let text = |it: &Value| it.as_str().map(str::to_owned);
            return Some(list.iter().filter_map(text).collect());
        }
        let words = self.text(field)?.split(',').filter(|word| !word.is_empty());
        Some(words.map(str::to_owned).collect())
    }
}
