//! What a request to the Messages API asks, seen with the eyes of a scripted model.

use serde_json::Value;

use super::prompt;

/// What the model is asked. Only what follows the last prompt counts: a resumed conversation
/// carries its earlier turns along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) system: String,
    /// The role the agent plays, from the last prompt that names one.
    pub(crate) role: String,
    /// The last user message that holds text of its own.
    pub(crate) prompt: String,
    /// What the tools answered since then, oldest first.
    pub(crate) results: Vec<String>,
    pub(crate) has_tools: bool,
    pub(crate) model: String,
    pub(crate) is_streaming: bool,
}

impl Asked {
    /// Reads the body of a request. The error is a fragment, as the API would word it.
    pub(crate) fn read(body: &Value) -> Result<Self, &'static str> {
        let Some(messages) = body.get("messages").and_then(Value::as_array) else {
            return Err("messages: Field required");
        };
        let Some(model) = body.get("model").and_then(Value::as_str) else {
            return Err("model: Field required");
        };
        if messages.is_empty() {
            return Err("messages: at least one message is required");
        }
        let mut asked = Self {
            system: body.get("system").map(flat).unwrap_or_default(),
            has_tools: body
                .get("tools")
                .and_then(Value::as_array)
                .is_some_and(|t| !t.is_empty()),
            model: model.to_owned(),
            is_streaming: body.get("stream").and_then(Value::as_bool) == Some(true),
            ..Self::default()
        };
        for message in messages {
            if message.get("role").and_then(Value::as_str) == Some("user") {
                asked.hear(message.get("content").unwrap_or(&Value::Null));
            }
        }
        Ok(asked)
    }

    fn hear(&mut self, content: &Value) {
        let mut prompt: Option<String> = None;
        let mut blocks: Vec<&Value> = content
            .as_array()
            .map(|b| b.iter().collect())
            .unwrap_or_default();
        if content.is_string() {
            blocks.push(content);
        }
        for block in blocks {
            if block.get("type").and_then(Value::as_str) == Some("tool_result") {
                self.results
                    .push(block.get("content").map(flat).unwrap_or_default());
                continue;
            }
            let text = flat(block);
            let text = prompt::without_asides(&text);
            if !text.is_empty() {
                self.results.clear();
                let prompt = prompt.get_or_insert_default();
                if !prompt.is_empty() {
                    prompt.push('\n');
                }
                prompt.push_str(text);
            }
        }
        if let Some(prompt) = prompt {
            if let Some(role) = prompt::section(&prompt, prompt::ROLE) {
                role.clone_into(&mut self.role);
            }
            self.prompt = prompt;
        }
    }
}

/// All text of a content value: a string, a block, or a list of blocks.
fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join("\n"),
        Value::Object(block) => block
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}
