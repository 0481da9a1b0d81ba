//! What Notion's blocks and rich texts say, in the manner of Markdown.

use chrono::{DateTime, Utc};
use optio_domain::tracker::TicketComment;
use serde_json::{Value, json};

/// How deep blocks are read that are inside others.
const DEPTH_MAX: usize = 4;
/// Characters of one piece of a rich text, as many as Notion takes.
const PIECE_CHARS_MAX: usize = 2_000;

/// The words of a rich text.
pub(super) fn plain(rich: &Value) -> String {
    let pieces = rich.as_array().into_iter().flatten();
    let word = |piece: &Value| {
        let text = piece["plain_text"].as_str().unwrap_or_default();
        match piece["href"].as_str() {
            Some(to) if to != text => format!("[{text}]({to})"),
            Some(_) | None if piece["annotations"]["code"] == true => format!("`{text}`"),
            Some(_) | None => text.to_owned(),
        }
    };
    pieces.map(word).collect()
}

/// A block, where it says something.
pub(super) fn block(block: &Value, depth: usize) -> Option<String> {
    let kind = block["type"].as_str()?;
    let own = &block[kind];
    let words = plain(&own["rich_text"]);
    let line = match kind {
        "heading_1" => format!("\n# {words}\n"),
        "heading_2" => format!("\n## {words}\n"),
        "heading_3" => format!("\n### {words}\n"),
        "bulleted_list_item" | "toggle" => format!("- {words}"),
        "numbered_list_item" => format!("1. {words}"),
        "to_do" => {
            let mark = if own["checked"] == true { "x" } else { " " };
            format!("- [{mark}] {words}")
        }
        "quote" => format!("> {words}"),
        "code" => {
            let language = own["language"].as_str().unwrap_or_default();
            format!("```{language}\n{words}\n```")
        }
        "divider" => "---".to_owned(),
        "child_page" => format!("[page: {}]", own["title"].as_str().unwrap_or_default()),
        "bookmark" | "embed" | "link_preview" => own["url"].as_str()?.to_owned(),
        "table_row" => {
            let cells = own["cells"].as_array().into_iter().flatten().map(plain);
            format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
        }
        _ if words.is_empty() && kind != "paragraph" => return None,
        _ => words,
    };
    let indent = "  ".repeat(depth);
    let lines: Vec<String> = line.lines().map(|it| format!("{indent}{it}")).collect();
    Some(lines.join("\n"))
}

/// The block whose insides are a part of this text. Pages in a page are not.
pub(super) fn inside(block: &Value, depth: usize) -> Option<String> {
    let kind = block["type"].as_str().unwrap_or_default();
    let apart = matches!(kind, "child_page" | "child_database");
    if block["has_children"] != true || apart || DEPTH_MAX <= depth {
        return None;
    }
    block["id"].as_str().map(str::to_owned)
}

/// A comment.
pub(super) fn comment(comment: &Value) -> Option<TicketComment> {
    let at: DateTime<Utc> = comment["created_time"].as_str()?.parse().ok()?;
    let name = comment["display_name"]["resolved_name"].as_str();
    Some(TicketComment {
        author: name.unwrap_or("somebody").to_owned(),
        body: plain(&comment["rich_text"]),
        at,
    })
}

/// A text as a rich text, in pieces that Notion takes.
pub(super) fn rich(text: &str) -> Value {
    let chars: Vec<char> = text.chars().collect();
    let piece = |piece: &[char]| {
        let text: String = piece.iter().collect();
        json!({ "type": "text", "text": { "content": text } })
    };
    chars.chunks(PIECE_CHARS_MAX).map(piece).collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    fn said(text: &str) -> Value {
        json!([{ "type": "text", "plain_text": text, "href": null, "annotations": { "code": false } }])
    }

    fn of(kind: &str, own: Value) -> Value {
        json!({ "type": kind, kind: own, "has_children": false, "id": "b" })
    }

    #[test]
    fn blocks_are_read_as_people_would_write_them() {
        let rich = |text: &str| json!({ "rich_text": said(text) });
        for (kind, own, depth, is) in [
            ("paragraph", rich("Hello"), 0, Some("Hello")),
            ("paragraph", json!({ "rich_text": [] }), 0, Some("")),
            ("heading_2", rich("Why"), 0, Some("\n## Why")),
            ("bulleted_list_item", rich("a"), 1, Some("  - a")),
            (
                "to_do",
                json!({ "rich_text": said("b"), "checked": true }),
                0,
                Some("- [x] b"),
            ),
            (
                "code",
                json!({ "rich_text": said("x\ny"), "language": "c" }),
                0,
                Some("```c\nx\ny\n```"),
            ),
            ("callout", rich("mind"), 0, Some("mind")),
            (
                "table_row",
                json!({ "cells": [said("k"), said("v")] }),
                0,
                Some("| k | v |"),
            ),
            (
                "bookmark",
                json!({ "url": "https://a.b" }),
                0,
                Some("https://a.b"),
            ),
            ("image", json!({ "file": {} }), 0, None),
        ] {
            assert_eq!(block(&of(kind, own), depth).as_deref(), is, "{kind}");
        }
        let linked = json!([{ "plain_text": "here", "href": "https://a.b", "annotations": {} },
                            { "plain_text": "x()", "href": null, "annotations": { "code": true } }]);
        assert_eq!(plain(&linked), "[here](https://a.b)`x()`");
    }

    #[test]
    fn what_is_inside_a_block_is_read_and_what_is_inside_another_page_is_not() {
        let mut toggle = of("toggle", json!({ "rich_text": [] }));
        assert_eq!(inside(&toggle, 0), None);
        toggle["has_children"] = json!(true);
        assert_eq!(inside(&toggle, 0).as_deref(), Some("b"));
        assert_eq!(inside(&toggle, DEPTH_MAX), None);
        let mut page = of("child_page", json!({ "title": "Other" }));
        page["has_children"] = json!(true);
        assert_eq!(inside(&page, 0), None);
        assert_eq!(block(&page, 0).as_deref(), Some("[page: Other]"));
    }

    #[test]
    fn a_long_text_is_written_in_pieces_that_are_taken() {
        let pieces = rich(&"é".repeat(4_500));
        let lengths: Vec<usize> = pieces
            .as_array()
            .unwrap()
            .iter()
            .map(|piece| piece["text"]["content"].as_str().unwrap().chars().count())
            .collect();
        assert_eq!(lengths, [2_000, 2_000, 500]);
    }
}
