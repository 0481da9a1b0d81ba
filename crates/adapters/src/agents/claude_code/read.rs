//! Lines of stream-json, understood. What we do not know is kept as it is and is never an error.

use chrono::{DateTime, Utc};
use optio_domain::{
    ports::Reading,
    run::FailureClass,
    transcript::{Entry, EntryKind, Fact},
};
use serde_json::{Value, json};

use super::{result, tools};
use crate::agents::text::{bounded, clean};

/// System events about the CLI's own screen and progress: nothing a reader would miss.
const NOISE: [&str; 3] = [
    "ui_invalidate",
    "thinking_tokens",
    "background_tasks_changed",
];

/// The last second of the year 9999, counted from 1970.
const SECONDS_MAX: i64 = 253_402_300_799;

pub(super) fn read(line: &str) -> Reading {
    match serde_json::from_str(line) {
        Ok(event @ Value::Object(_)) => understand(event),
        // A lone JSON scalar is a word somebody printed, not an event.
        Ok(_) | Err(_) => garbage(line),
    }
}

fn understand(event: Value) -> Reading {
    match (text(&event, "type"), text(&event, "subtype")) {
        ("system", "init") => session_started(&event),
        ("system", "api_retry") => api_retry(&event),
        ("system", subtype) if NOISE.contains(&subtype) => Reading::default(),
        ("assistant", _) => assistant(&event),
        ("user", _) => user(&event),
        ("rate_limit_event", _) => rate_limit(event),
        ("result", _) => result::read(&event),
        // What we asked for was done; where it was not, a reader should know.
        ("control_response", _) if text(&event["response"], "subtype") == "success" => {
            Reading::default()
        }
        _ => other(event),
    }
}

fn session_started(event: &Value) -> Reading {
    let (session, model) = (text(event, "session_id"), text(event, "model"));
    let tools = event["tools"].as_array().map_or(0, Vec::len);
    let metadata = json!({
        "sessionId": session,
        "model": model,
        "tools": tools,
        "version": event["claude_code_version"],
        "permissionMode": event["permissionMode"],
        "mcpServers": event["mcp_servers"],
    });
    let mut facts = Vec::new();
    if !session.is_empty() {
        facts.push(Fact::Session(clean(session)));
    }
    if !model.is_empty() {
        facts.push(Fact::Model(clean(model)));
    }
    let words = format!("Session started · {model} · {tools} tools");
    Reading {
        entries: vec![entry(EntryKind::System, &words, Some(metadata))],
        facts,
        garbage: false,
    }
}

fn api_retry(event: &Value) -> Reading {
    let (error, status) = (text(event, "error"), event["error_status"].as_i64());
    let number = |name| event[name].as_i64().unwrap_or_default();
    let message = match status {
        Some(status) => format!("the model API answered {status} ({error})"),
        None => format!("the model API did not answer ({error})"),
    };
    let words = format!(
        "{message}; attempt {} of {} in {} ms",
        number("attempt"),
        number("max_retries"),
        number("retry_delay_ms")
    );
    let class = class_of_error(error)
        .or_else(|| status.and_then(result::class_of_status))
        .unwrap_or(FailureClass::Api);
    let metadata = json!({ "error": error, "status": status });
    Reading {
        entries: vec![entry(EntryKind::System, &words, Some(metadata))],
        facts: vec![trouble(class, &message, None)],
        garbage: false,
    }
}

fn assistant(event: &Value) -> Reading {
    let error = text(event, "error");
    let entries: Vec<_> = blocks(event)
        .iter()
        .map(|block| match text(block, "type") {
            // The CLI tells its own errors in the model's voice.
            "text" if !error.is_empty() => {
                let metadata = json!({ "error": error, "status": event["api_error_status"] });
                entry(EntryKind::Error, text(block, "text"), Some(metadata))
            }
            "text" => entry(
                EntryKind::Text,
                text(block, "text"),
                parent(event, json!({})),
            ),
            "thinking" => {
                let metadata = parent(event, json!({}));
                entry(EntryKind::Thinking, text(block, "thinking"), metadata)
            }
            "tool_use" => tool_use(event, block),
            kind => entry(EntryKind::System, kind, Some(block.clone())),
        })
        .collect();
    let said = entries
        .first()
        .map_or(error, |first| first.content.as_str());
    let facts = class_of_error(error)
        .map(|class| trouble(class, said, None))
        .into_iter()
        .collect();
    Reading {
        entries,
        facts,
        garbage: false,
    }
}

fn tool_use(event: &Value, block: &Value) -> Entry {
    let tool = text(block, "name");
    let metadata = json!({
        "toolName": tool,
        "toolUseId": block["id"],
        "input": block["input"],
    });
    let words = tools::short(tool, &block["input"]);
    entry(EntryKind::ToolUse, &words, parent(event, metadata))
}

fn user(event: &Value) -> Reading {
    let entries = blocks(event)
        .iter()
        .map(|block| match text(block, "type") {
            "tool_result" => {
                let metadata = json!({
                    "toolUseId": block["tool_use_id"],
                    "isError": block["is_error"].as_bool().unwrap_or(false),
                });
                let words = plain(&block["content"]);
                entry(EntryKind::ToolResult, &words, parent(event, metadata))
            }
            // The CLI speaks to the model in the user's voice, for instance when a task ended.
            "text" => entry(
                EntryKind::System,
                text(block, "text"),
                parent(event, json!({})),
            ),
            kind => entry(EntryKind::System, kind, parent(event, json!({}))),
        })
        .collect();
    Reading {
        entries,
        ..Reading::default()
    }
}

fn rate_limit(event: Value) -> Reading {
    let info = &event["rate_limit_info"];
    let (status, kind) = (text(info, "status"), text(info, "rateLimitType"));
    // A moment that no calendar of ours holds could not be stored with the run.
    let resets_at = info["resetsAt"]
        .as_i64()
        .filter(|seconds| (0..=SECONDS_MAX).contains(seconds))
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let mut words = format!("rate limit {kind} {status}").replace('_', " ");
    if let Some(at) = resets_at {
        words = format!("{words}, resets at {}", at.to_rfc3339());
    }
    // `allowed` and `allowed_warning` are news, not trouble.
    let facts = match status {
        "rejected" => vec![trouble(FailureClass::RateLimit, &words, resets_at)],
        _ => Vec::new(),
    };
    Reading {
        entries: vec![entry(EntryKind::System, &words, Some(event))],
        facts,
        garbage: false,
    }
}

fn other(event: Value) -> Reading {
    let words = [
        text(&event, "content"),
        text(&event, "message"),
        text(&event, "subtype"),
        text(&event, "type"),
        "unknown event",
    ]
    .into_iter()
    .find(|words| !words.is_empty())
    .unwrap_or_default()
    .to_owned();
    Reading {
        entries: vec![entry(EntryKind::System, &words, Some(event))],
        ..Reading::default()
    }
}

fn garbage(line: &str) -> Reading {
    let words = clean(line.trim());
    let entries = if words.is_empty() {
        Vec::new()
    } else {
        vec![entry(EntryKind::Text, &words, None)]
    };
    Reading {
        entries,
        facts: Vec::new(),
        garbage: true,
    }
}

/// The vendor's words for what went wrong with the model API. `None` where the request itself was
/// at fault: then the terminal event knows more.
fn class_of_error(error: &str) -> Option<FailureClass> {
    match error {
        "authentication_failed"
        | "oauth_org_not_allowed"
        | "account_on_hold"
        | "verification_required"
        | "billing_error"
        | "cloud_credential_error" => Some(FailureClass::Auth),
        "rate_limit" => Some(FailureClass::RateLimit),
        "overloaded" | "server_error" | "unknown" => Some(FailureClass::Api),
        _ => None,
    }
}

fn trouble(class: FailureClass, message: &str, retry_at: Option<DateTime<Utc>>) -> Fact {
    Fact::ApiTrouble {
        class,
        message: clean(message),
        retry_at,
    }
}

pub(super) fn entry(kind: EntryKind, content: &str, metadata: Option<Value>) -> Entry {
    Entry {
        kind,
        content: clean(content),
        metadata: metadata.map(bounded),
    }
}

/// Adds which tool call of the main agent a subagent's event belongs to.
fn parent(event: &Value, mut metadata: Value) -> Option<Value> {
    if let Some(parent) = event["parent_tool_use_id"].as_str() {
        metadata["parentToolUseId"] = parent.into();
    }
    metadata
        .as_object()
        .is_some_and(|fields| !fields.is_empty())
        .then_some(metadata)
}

/// The blocks of a message. Content may also be a bare string.
fn blocks(event: &Value) -> Vec<Value> {
    match &event["message"]["content"] {
        Value::Array(blocks) => blocks.clone(),
        Value::String(text) => vec![json!({ "type": "text", "text": text })],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

/// The text of a tool's answer: a string, or blocks of which some are images.
fn plain(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let words = blocks.iter().map(|block| match text(block, "type") {
                "text" => text(block, "text").to_owned(),
                kind => format!("[{kind}]"),
            });
            words.collect::<Vec<_>>().join("\n")
        }
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => content.to_string(),
    }
}

/// A field's text, or nothing.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
