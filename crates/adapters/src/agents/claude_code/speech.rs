//! What is said to a process that is kept, one JSON object per line.
//!
//! Each message gets an `init` event and a `result` of its own. An interrupt ends the work under way
//! with one more `result`, or is nothing where none is.

use std::collections::BTreeMap;

use optio_domain::{id::MessageId, ports::Speech, wire::runner::Mark};
use serde_json::{Value, json};

/// How the process tells where it stands.
pub(super) fn marks() -> Speech {
    Speech {
        begins: mark(&[("type", "system"), ("subtype", "init")]),
        ends: mark(&[("type", "result")]),
    }
}

/// A message of the user.
pub(super) fn says(text: &str) -> String {
    let content = json!([{ "type": "text", "text": text }]);
    line(&json!({ "type": "user", "message": { "role": "user", "content": content } }))
}

/// Ends the work under way, tools included; the process goes on.
pub(super) fn interrupts(message: MessageId) -> String {
    request(&message.to_string(), &json!({ "subtype": "interrupt" }))
}

/// Sets the model from the next message on; none is the program's default.
pub(super) fn sets_model(model: Option<&str>) -> String {
    let request_body = match model {
        Some(model) => json!({ "subtype": "set_model", "model": model }),
        None => json!({ "subtype": "set_model" }),
    };
    request("set_model", &request_body)
}

fn request(id: &str, request: &Value) -> String {
    line(&json!({ "type": "control_request", "request_id": id, "request": request }))
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

fn mark(fields: &[(&str, &str)]) -> Mark {
    let fields = fields
        .iter()
        .map(|(field, text)| ((*field).to_owned(), (*text).to_owned()));
    Mark(fields.collect::<BTreeMap<_, _>>())
}
