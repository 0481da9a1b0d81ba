//! Atlassian's format of documents, read as text and written from it
//! (<https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>).

use serde_json::{Value, json};

/// How deep a document is read: what is deeper was made to hurt.
const DEPTH_MAX: usize = 32;

/// A document as text, in the manner of Markdown. What cannot be said in text is left out.
pub(super) fn text(document: &Value) -> String {
    // Older issues may have a plain text in its place.
    if let Some(text) = document.as_str() {
        return text.to_owned();
    }
    let blocks = blocks(document, DEPTH_MAX);
    blocks.join("\n\n").trim().to_owned()
}

/// The blocks of a node, each as one text.
fn blocks(node: &Value, depth: usize) -> Vec<String> {
    let mut blocks = Vec::new();
    if depth == 0 {
        return blocks;
    }
    for child in content(node) {
        let inner = || self::blocks(child, depth - 1);
        match kind(child) {
            "paragraph" => blocks.push(inline(child)),
            "heading" => {
                let level = child["attrs"]["level"].as_u64().unwrap_or(1).clamp(1, 6);
                let marks = "#".repeat(usize::try_from(level).unwrap_or(1));
                blocks.push(format!("{marks} {}", inline(child)));
            }
            "codeBlock" => {
                let language = child["attrs"]["language"].as_str().unwrap_or_default();
                blocks.push(format!("```{language}\n{}\n```", inline(child)));
            }
            "blockquote" => blocks.push(prefixed(&inner().join("\n\n"), "> ", "> ")),
            "bulletList" | "taskList" | "decisionList" => {
                blocks.push(items(child, depth, |_| "- ".to_owned()));
            }
            "orderedList" => blocks.push(items(child, depth, |at| format!("{}. ", at + 1))),
            "rule" => blocks.push("---".to_owned()),
            "tableRow" => {
                let cells = content(child).map(|cell| self::blocks(cell, depth - 1).join(" "));
                let cells: Vec<String> = cells.collect();
                blocks.push(format!("| {} |", cells.join(" | ")));
            }
            "table" => blocks.push(inner().join("\n")),
            _ => blocks.extend(inner()),
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    blocks
}

fn items(list: &Value, depth: usize, bullet: impl Fn(usize) -> String) -> String {
    let item = |(at, item): (usize, &Value)| {
        let bullet = bullet(at);
        let inner = match kind(item) {
            // These hold their words themselves.
            "taskItem" | "decisionItem" => inline(item),
            _ => blocks(item, depth - 1).join("\n"),
        };
        prefixed(&inner, &bullet, &" ".repeat(bullet.len()))
    };
    let items: Vec<String> = content(list).enumerate().map(item).collect();
    items.join("\n")
}

fn prefixed(text: &str, first: &str, others: &str) -> String {
    let mut lines = text.lines();
    let begin = format!("{first}{}", lines.next().unwrap_or_default());
    let rest = lines.map(|line| format!("\n{others}{line}"));
    std::iter::once(begin).chain(rest).collect()
}

/// The words of a node.
fn inline(node: &Value) -> String {
    let word = |child: &Value| {
        let attribute = |name: &str| child["attrs"][name].as_str().unwrap_or_default().to_owned();
        match kind(child) {
            "text" => marked(child),
            "hardBreak" => "\n".to_owned(),
            "mention" | "status" => attribute("text"),
            "emoji" => attribute("shortName"),
            "inlineCard" => attribute("url"),
            _ => String::new(),
        }
    };
    content(node).map(word).collect()
}

fn marked(node: &Value) -> String {
    let mut text = node["text"].as_str().unwrap_or_default().to_owned();
    for mark in node["marks"].as_array().into_iter().flatten() {
        match kind(mark) {
            "code" => text = format!("`{text}`"),
            "link" => {
                let to = mark["attrs"]["href"].as_str().unwrap_or_default();
                if to != text {
                    text = format!("[{text}]({to})");
                }
            }
            _ => {}
        }
    }
    text
}

fn kind(node: &Value) -> &str {
    node["type"].as_str().unwrap_or_default()
}

fn content(node: &Value) -> impl Iterator<Item = &Value> {
    node["content"].as_array().into_iter().flatten()
}

/// A text as a document: a paragraph for each part between empty lines. Addresses can be followed.
pub(super) fn document(text: &str) -> Value {
    let paragraphs = text.split("\n\n").filter(|part| !part.trim().is_empty());
    let content: Vec<Value> = paragraphs.map(paragraph).collect();
    json!({ "type": "doc", "version": 1, "content": content })
}

fn paragraph(text: &str) -> Value {
    let mut content: Vec<Value> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if 0 < at {
            content.push(json!({ "type": "hardBreak" }));
        }
        content.extend(line.split_inclusive(' ').flat_map(word));
    }
    json!({ "type": "paragraph", "content": content })
}

/// A word with the space behind it.
fn word(word: &str) -> Vec<Value> {
    let bare = word.trim_end_matches([' ', '.', ',']);
    if !bare.starts_with("https://") && !bare.starts_with("http://") {
        return vec![json!({ "type": "text", "text": word })];
    }
    let link = json!([{ "type": "link", "attrs": { "href": bare } }]);
    let mut nodes = vec![json!({ "type": "text", "text": bare, "marks": link })];
    let rest = &word[bare.len()..];
    if !rest.is_empty() {
        nodes.push(json!({ "type": "text", "text": rest }));
    }
    nodes
}

#[cfg(test)]
mod unit {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Value {
        json!({ "type": "text", "text": text })
    }

    fn paragraphs(texts: &[&str]) -> Vec<Value> {
        let paragraph = |text: &&str| json!({ "type": "paragraph", "content": [words(text)] });
        texts.iter().map(paragraph).collect()
    }

    #[test]
    fn a_document_is_read_as_people_would_write_it() {
        let item = |content: Value| json!({ "type": "listItem", "content": content });
        let nested = json!([
            paragraphs(&["two"])[0],
            { "type": "orderedList", "content": [item(json!(paragraphs(&["deep"])))] },
        ]);
        let document = json!({ "type": "doc", "version": 1, "content": [
            { "type": "heading", "attrs": { "level": 2 }, "content": [words("What")] },
            { "type": "paragraph", "content": [
                words("See "),
                { "type": "text", "text": "here", "marks": [{ "type": "link", "attrs": { "href": "https://a.b" } }] },
                words(", "), { "type": "text", "text": "x()", "marks": [{ "type": "code" }] },
                { "type": "hardBreak" }, { "type": "mention", "attrs": { "id": "1", "text": "@Ada" } },
                { "type": "emoji", "attrs": { "shortName": ":ok:" } },
                { "type": "inlineCard", "attrs": { "url": "https://c.d" } },
            ] },
            { "type": "bulletList", "content": [item(json!(paragraphs(&["one"]))), item(nested)] },
            { "type": "codeBlock", "attrs": { "language": "rust" }, "content": [words("fn x() {}")] },
            { "type": "blockquote", "content": paragraphs(&["a", "b"]) },
            { "type": "rule" },
            { "type": "panel", "attrs": { "panelType": "info" }, "content": paragraphs(&["note"]) },
            { "type": "table", "content": [{ "type": "tableRow", "content": [
                { "type": "tableHeader", "content": paragraphs(&["k"]) },
                { "type": "tableCell", "content": paragraphs(&["v"]) },
            ] }] },
            { "type": "taskList", "content": [{ "type": "taskItem", "content": [words("do")] }] },
            { "type": "mediaSingle", "content": [{ "type": "media", "attrs": {} }] },
        ] });
        let wanted = "## What\n\nSee [here](https://a.b), `x()`\n@Ada:ok:https://c.d\n\n- one\n- two\n  1. deep\n\n\
                      ```rust\nfn x() {}\n```\n\n> a\n> \n> b\n\n---\n\nnote\n\n| k | v |\n\n- do";
        assert_eq!(text(&document), wanted);
        assert_eq!(text(&json!("plain")), "plain");
        assert_eq!(text(&Value::Null), "");
    }

    #[test]
    fn a_text_is_written_so_that_it_is_read_again_as_it_was() {
        let said = "Done by https://a.b/pull/7.\n\nOne\ntwo\n\n[optio:done.1]";
        let document = document(said);
        assert_eq!(text(&document), said);
        let link = &document["content"][0]["content"][2];
        assert_eq!(link["marks"][0]["attrs"]["href"], "https://a.b/pull/7");
    }

    proptest! {
        #[test]
        fn any_document_is_read_without_falling(depth in 0usize..200, text in ".{0,20}") {
            let mut node = json!({ "type": "paragraph", "content": [words(&text)] });
            for _ in 0..depth {
                node = json!({ "type": "bulletList", "content": [{ "type": "listItem", "content": [node] }] });
            }
            let read = super::text(&json!({ "type": "doc", "content": [node] }));
            prop_assert!(read.len() < 1 << 20);
        }
    }
}
