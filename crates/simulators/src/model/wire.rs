//! Answers in the shapes of the Messages API: a stream of events, one JSON object, or an error.

use std::time::Duration;

use serde_json::{Value, json};

use crate::scenario::{Answer, Beat, Text, Usage};

/// How many characters one event of a stream carries.
const DELTA_CHARS: usize = 24;
/// Signs every thought. The API's clients hand it back without looking at it.
const SIGNATURE: &str = "c2ltdWxhdGVk";

/// What does not come from the scenario.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    /// Unlike in every other request of the conversation, and the same when one is sent again.
    pub(super) id: &'a str,
    pub(super) model: &'a str,
}

/// What is put on the wire, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Frame {
    Pause(Duration),
    Event {
        name: &'static str,
        data: Value,
    },
    /// The connection breaks.
    Cut,
    /// Nothing more comes, and the connection stays.
    Silence,
}

/// The answer as a stream.
pub(super) fn frames(answer: &Answer, head: Head<'_>) -> Vec<Frame> {
    let mut frames = vec![
        event(json!({ "type": "message_start", "message": message(answer, head, 1) })),
        event(json!({ "type": "ping" })),
    ];
    let mut index = 0;
    for beat in &answer.beats {
        let (start, deltas) = match beat {
            Beat::Pause(pause) => {
                frames.push(Frame::Pause(*pause));
                continue;
            }
            Beat::Error { status, .. } => {
                frames.push(event(error_body(*status, message_of(*status), head.id)));
                return frames;
            }
            Beat::Drop => {
                frames.push(Frame::Cut);
                return frames;
            }
            Beat::Hang => {
                frames.push(Frame::Silence);
                return frames;
            }
            Beat::Think(text) => {
                let mut deltas = spoken(text, "thinking_delta", "thinking");
                deltas.push((
                    Duration::ZERO,
                    json!({ "type": "signature_delta", "signature": SIGNATURE }),
                ));
                (
                    json!({ "type": "thinking", "thinking": "", "signature": "" }),
                    deltas,
                )
            }
            Beat::Say(text) => (
                json!({ "type": "text", "text": "" }),
                spoken(text, "text_delta", "text"),
            ),
            Beat::Tool { name, input } => {
                let input = Text {
                    text: input.to_string(),
                    trickle: Duration::ZERO,
                };
                let start =
                    json!({ "type": "tool_use", "id": tool_id(head), "name": name, "input": {} });
                (start, spoken(&input, "input_json_delta", "partial_json"))
            }
        };
        frames.push(event(
            json!({ "type": "content_block_start", "index": index, "content_block": start }),
        ));
        for (pause, delta) in deltas {
            frames.extend((!pause.is_zero()).then_some(Frame::Pause(pause)));
            frames.push(event(
                json!({ "type": "content_block_delta", "index": index, "delta": delta }),
            ));
        }
        frames.push(event(
            json!({ "type": "content_block_stop", "index": index }),
        ));
        index += 1;
    }
    frames.push(event(json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason(answer), "stop_sequence": null },
        "usage": usage(answer.usage, answer.usage.output),
    })));
    frames.push(event(json!({ "type": "message_stop" })));
    frames
}

/// The answer in one piece.
pub(super) fn whole(answer: &Answer, head: Head<'_>) -> Value {
    let content: Vec<Value> = answer
        .beats
        .iter()
        .filter_map(|beat| match beat {
            Beat::Think(text) => {
                Some(json!({ "type": "thinking", "thinking": text.text, "signature": SIGNATURE }))
            }
            Beat::Say(text) => Some(json!({ "type": "text", "text": text.text })),
            Beat::Tool { name, input } => Some(
                json!({ "type": "tool_use", "id": tool_id(head), "name": name, "input": input }),
            ),
            Beat::Pause(_) | Beat::Error { .. } | Beat::Drop | Beat::Hang => None,
        })
        .collect();
    let mut message = message(answer, head, answer.usage.output);
    message["content"] = Value::Array(content);
    message["stop_reason"] = json!(stop_reason(answer));
    message
}

/// An error in the API's shape.
pub(super) fn error_body(status: u16, message: &str, request: &str) -> Value {
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    json!({
        "type": "error",
        "error": { "type": kind, "message": message },
        "request_id": format!("req_{request}"),
    })
}

/// What the API says with an error status.
pub(super) fn message_of(status: u16) -> &'static str {
    match status {
        400 => "The request is not valid",
        401 => "invalid x-api-key",
        403 => "Your API key does not have permission to use the specified resource",
        404 => "Not found",
        413 => "Request exceeds the maximum size",
        429 => "This request would exceed your rate limit",
        529 => "Overloaded",
        _ => "Internal server error",
    }
}

/// One event as the bytes of a server-sent event.
pub(super) fn bytes(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn event(data: Value) -> Frame {
    let name = match data["type"].as_str() {
        Some("message_start") => "message_start",
        Some("content_block_start") => "content_block_start",
        Some("content_block_delta") => "content_block_delta",
        Some("content_block_stop") => "content_block_stop",
        Some("message_delta") => "message_delta",
        Some("message_stop") => "message_stop",
        Some("ping") => "ping",
        Some(_) | None => "error",
    };
    Frame::Event { name, data }
}

fn message(answer: &Answer, head: Head<'_>, output: u64) -> Value {
    json!({
        "id": format!("msg_{}", head.id),
        "type": "message",
        "role": "assistant",
        "model": head.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": usage(answer.usage, output),
    })
}

fn usage(usage: Usage, output: u64) -> Value {
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": output,
    })
}

fn stop_reason(answer: &Answer) -> &'static str {
    let calls = answer
        .beats
        .iter()
        .any(|beat| matches!(beat, Beat::Tool { .. }));
    if calls { "tool_use" } else { "end_turn" }
}

fn tool_id(head: Head<'_>) -> String {
    format!("toolu_{}", head.id)
}

/// The text in pieces, with the time to wait before each.
fn spoken(text: &Text, kind: &str, field: &str) -> Vec<(Duration, Value)> {
    let chars: Vec<char> = text.text.chars().collect();
    let pieces: Vec<String> = chars
        .chunks(DELTA_CHARS)
        .map(|piece| piece.iter().collect())
        .collect();
    let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX).max(1);
    let pause = text.trickle / count;
    pieces
        .into_iter()
        .map(|piece| (pause, json!({ "type": kind, field: piece })))
        .collect()
}
