//! What a simulated Notion remembers, and how it shows it.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use serde_json::{Value, json};

use super::NotionSimulator;
use crate::git_host::CannotPlay;
use crate::tracker::{TicketSetup, identity, now};

/// The states of the database, each with its group.
pub(super) const STATES: [(&str, &str); 4] = [
    ("Not started", "To-do"),
    ("In progress", "In progress"),
    ("Done", "Complete"),
    ("Archived", "Complete"),
];

#[derive(Debug)]
pub(super) struct World {
    pub(super) url: String,
    pub(super) keys: BTreeMap<String, String>,
    pub(super) pages: Vec<Page>,
}

#[derive(Debug)]
pub(super) struct Page {
    pub(super) id: String,
    number: u64,
    title: String,
    /// Its lines, and those inside each.
    blocks: Vec<(String, Vec<String>)>,
    pub(super) labels: Vec<String>,
    pub(super) status: String,
    created: DateTime<Utc>,
    pub(super) edited: DateTime<Utc>,
    pub(super) comments: Vec<Comment>,
}

#[derive(Debug)]
pub(super) struct Comment {
    pub(super) id: String,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) at: DateTime<Utc>,
}

impl World {
    pub(super) fn new(url: String, keys: BTreeMap<String, String>) -> Self {
        Self {
            url,
            keys,
            pages: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, setup: &TicketSetup) -> String {
        let number = u64::try_from(self.pages.len()).unwrap_or(0) + 1;
        let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
        for line in setup.body.lines() {
            match (line.strip_prefix("  "), blocks.last_mut()) {
                (Some(inner), Some((_, inside))) => inside.push(inner.to_owned()),
                _ => blocks.push((line.to_owned(), Vec::new())),
            }
        }
        let id = identity(1, number);
        self.pages.push(Page {
            id: id.clone(),
            number,
            title: setup.title.clone(),
            blocks,
            labels: setup.labels.clone(),
            status: STATES[0].0.to_owned(),
            created: now(),
            edited: now(),
            comments: Vec::new(),
        });
        id
    }

    pub(super) fn page(&self, id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    pub(super) fn page_mut(&mut self, id: &str) -> Result<&mut Page, CannotPlay> {
        let found = self.pages.iter_mut().find(|page| page.id == id);
        found.ok_or_else(|| CannotPlay(format!("there is no page {id}")))
    }

    /// Somebody says something. Answers the comment as it is shown.
    pub(super) fn say(&mut self, id: &str, author: &str, body: &str) -> Result<Value, CannotPlay> {
        let page = self.page_mut(id)?;
        let number = u64::try_from(page.comments.len()).unwrap_or(0);
        page.comments.push(Comment {
            id: identity(3, page.number * 1_000 + number),
            author: author.to_owned(),
            body: body.to_owned(),
            at: now(),
        });
        page.edited = now();
        let page = self.page(id);
        let made = page.and_then(|page| Some(self.said(page, page.comments.last()?)));
        made.ok_or_else(|| CannotPlay(format!("there is no page {id}")))
    }

    /// The blocks of a page, or inside one of them.
    pub(super) fn blocks_in(&self, id: &str) -> Option<Vec<Value>> {
        if let Some(page) = self.page(id) {
            let blocks = page.blocks.iter().enumerate();
            let shown = blocks.map(|(at, (line, inside))| {
                block(page, &block_id(page, at, 0), line, !inside.is_empty())
            });
            return Some(shown.collect());
        }
        for page in &self.pages {
            let at = (0..page.blocks.len()).find(|at| block_id(page, *at, 0) == id);
            let Some(at) = at else { continue };
            let inside = page.blocks[at].1.iter().enumerate();
            let shown = inside
                .map(|(inner, line)| block(page, &block_id(page, at, inner + 1), line, false));
            return Some(shown.collect());
        }
        None
    }

    pub(super) fn shown(&self, page: &Page) -> Value {
        let tags = page
            .labels
            .iter()
            .map(|name| json!({ "id": format!("tag-{name}"), "name": name, "color": "default" }));
        let bare = page.id.replace('-', "");
        json!({
            "object": "page", "id": page.id, "created_time": stamp(page.created),
            "last_edited_time": stamp(page.edited), "archived": false, "in_trash": false,
            "url": format!("{}/{bare}", self.url), "public_url": null, "icon": null, "cover": null,
            "created_by": { "object": "user", "id": "user-1" },
            "last_edited_by": { "object": "user", "id": "user-1" },
            "parent": { "type": "database_id", "database_id": NotionSimulator::DATABASE },
            "properties": {
                "Name": { "id": "title", "type": "title", "title": rich(&page.title) },
                "Tags": { "id": "tag", "type": "multi_select", "multi_select": tags.collect::<Vec<_>>() },
                "Status": { "id": "sta", "type": "status",
                            "status": { "id": format!("st-{}", page.status), "name": page.status,
                                        "color": "default" } },
            },
        })
    }
}

fn block_id(page: &Page, at: usize, inner: usize) -> String {
    let number = u64::try_from(at * 100 + inner).unwrap_or(0);
    identity(2, page.number * 100_000 + number)
}

fn block(page: &Page, id: &str, line: &str, has_children: bool) -> Value {
    let (kind, words) = match line.strip_prefix("- ") {
        Some(words) => ("bulleted_list_item", words),
        None => ("paragraph", line),
    };
    json!({
        "object": "block", "id": id, "parent": { "type": "page_id", "page_id": page.id },
        "created_time": stamp(page.created), "last_edited_time": stamp(page.edited),
        "created_by": { "object": "user", "id": "user-1" },
        "last_edited_by": { "object": "user", "id": "user-1" },
        "has_children": has_children, "archived": false, "in_trash": false, "type": kind,
        kind: { "rich_text": rich(words), "color": "default" },
    })
}

/// The database as Notion shows it.
pub(super) fn database(url: &str, id: &str) -> Value {
    let option = |(name, _): &(&str, &str)| json!({ "id": format!("st-{name}"), "name": name, "color": "default" });
    let options: Vec<Value> = STATES.iter().map(option).collect();
    let group = |group: &str| {
        let members = STATES.iter().filter(|(_, it)| *it == group);
        let ids: Vec<String> = members.map(|(name, _)| format!("st-{name}")).collect();
        json!({ "id": format!("gr-{group}"), "name": group, "color": "gray", "option_ids": ids })
    };
    let groups: Vec<Value> = ["To-do", "In progress", "Complete"].map(group).to_vec();
    json!({
        "object": "database", "id": id, "created_time": "2026-01-01T00:00:00.000Z",
        "last_edited_time": "2026-01-01T00:00:00.000Z", "title": rich("Work"), "description": [],
        "is_inline": false, "archived": false, "in_trash": false, "url": format!("{url}/{}", id.replace('-', "")),
        "public_url": null, "icon": null, "cover": null,
        "parent": { "type": "workspace", "workspace": true },
        "properties": {
            "Name": { "id": "title", "name": "Name", "type": "title", "title": {} },
            "Tags": { "id": "tag", "name": "Tags", "type": "multi_select",
                      "multi_select": { "options": [] } },
            "Status": { "id": "sta", "name": "Status", "type": "status",
                        "status": { "options": options, "groups": groups } },
        },
    })
}

/// A text as Notion shows it.
pub(super) fn rich(text: &str) -> Value {
    if text.is_empty() {
        return json!([]);
    }
    json!([{ "type": "text", "text": { "content": text, "link": null }, "plain_text": text, "href": null,
             "annotations": { "bold": false, "italic": false, "strikethrough": false, "underline": false,
                              "code": false, "color": "default" } }])
}

pub(super) fn plain(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Notion tells changes in whole minutes.
pub(super) fn minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

pub(super) fn stamp(at: DateTime<Utc>) -> String {
    crate::tracker::stamp(minute(at))
}
