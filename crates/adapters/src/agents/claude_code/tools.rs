//! One line for a tool call, so that a transcript can be read without opening every entry.

use serde_json::Value;

use crate::agents::text::headline;

const CHARS_MAX: usize = 120;

/// The tool and what it is about, for example `Bash: cargo test`.
pub(super) fn short(tool: &str, input: &Value) -> String {
    let field = |name| input.get(name).and_then(Value::as_str);
    let about = match tool {
        "Bash" => field("command"),
        "Read" | "Edit" | "Write" => field("file_path"),
        "NotebookEdit" => field("notebook_path"),
        "Glob" | "Grep" => field("pattern"),
        "WebFetch" => field("url"),
        "WebSearch" | "ToolSearch" => field("query"),
        "Task" | "Agent" => field("description"),
        "Skill" => field("skill"),
        // Tools come and go with every version, and MCP servers bring their own: the first text of
        // the input says more than nothing.
        _ => input
            .as_object()
            .and_then(|fields| fields.values().find_map(Value::as_str)),
    };
    match about {
        Some(about) => format!(
            "{}: {}",
            headline(tool, CHARS_MAX),
            headline(about, CHARS_MAX)
        ),
        None => headline(tool, CHARS_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tool_call_is_one_short_line() {
        let cases = [
            (
                "Bash",
                json!({ "command": "make\nmake test" }),
                "Bash: make…",
            ),
            ("Read", json!({ "file_path": "/a" }), "Read: /a"),
            ("Grep", json!({ "pattern": "x", "path": "." }), "Grep: x"),
            (
                "mcp__p__ping",
                json!({ "n": 1, "who": "me" }),
                "mcp__p__ping: me",
            ),
            ("TodoWrite", json!({ "todos": [] }), "TodoWrite"),
            ("Bash", json!(null), "Bash"),
        ];
        for (tool, input, short_form) in cases {
            assert_eq!(short(tool, &input), short_form);
        }
    }
}
