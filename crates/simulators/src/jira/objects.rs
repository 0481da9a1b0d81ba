//! What a simulated Jira remembers, and how it shows it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::git_host::CannotPlay;
use crate::tracker::{TicketSetup, now};

/// The statuses of the project, each with the key of its category.
pub(super) const STATUSES: [(&str, &str); 4] = [
    ("To Do", "new"),
    ("In Progress", "indeterminate"),
    ("Shipped", "done"),
    ("Done", "done"),
];

#[derive(Debug)]
pub(super) struct World {
    pub(super) url: String,
    pub(super) accounts: BTreeMap<String, String>,
    pub(super) issues: Vec<Issue>,
    /// The statuses that issues can be moved to; all where there are none.
    pub(super) leads_to: Vec<&'static str>,
    /// What is left of searches, by the token of the next page.
    pub(super) searches: BTreeMap<String, Vec<String>>,
    last: u64,
}

#[derive(Debug)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) title: String,
    pub(super) body: Value,
    pub(super) author: String,
    pub(super) labels: Vec<String>,
    pub(super) status: usize,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) comments: Vec<Comment>,
}

#[derive(Debug)]
pub(super) struct Comment {
    id: u64,
    pub(super) author: String,
    pub(super) body: Value,
    at: DateTime<Utc>,
}

impl World {
    pub(super) fn new(url: String, accounts: BTreeMap<String, String>) -> Self {
        Self {
            url,
            accounts,
            issues: Vec::new(),
            leads_to: Vec::new(),
            searches: BTreeMap::new(),
            last: 10_000,
        }
    }

    pub(super) fn fresh(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn add(&mut self, setup: &TicketSetup) -> String {
        let key = format!("SHOP-{}", self.issues.len() + 1);
        let id = self.fresh();
        self.issues.push(Issue {
            id,
            key: key.clone(),
            title: setup.title.clone(),
            body: document(&setup.body),
            author: setup.author.clone(),
            labels: setup.labels.clone(),
            status: 0,
            created: now(),
            updated: now(),
            comments: Vec::new(),
        });
        key
    }

    pub(super) fn issue(&self, key: &str) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.key == key)
    }

    pub(super) fn issue_mut(&mut self, key: &str) -> Result<&mut Issue, CannotPlay> {
        let found = self.issues.iter_mut().find(|issue| issue.key == key);
        found.ok_or_else(|| CannotPlay(format!("there is no issue {key}")))
    }

    /// Somebody says something. Answers the comment as it is shown.
    pub(super) fn say(
        &mut self,
        key: &str,
        author: &str,
        body: Value,
    ) -> Result<Value, CannotPlay> {
        let id = self.fresh();
        let issue = self.issue_mut(key)?;
        issue.comments.push(Comment {
            id,
            author: author.to_owned(),
            body,
            at: now(),
        });
        issue.updated = now();
        let issue = self.issue(key);
        let made = issue.and_then(|issue| Some(self.said(issue, issue.comments.last()?)));
        made.ok_or_else(|| CannotPlay(format!("there is no issue {key}")))
    }

    pub(super) fn said(&self, issue: &Issue, it: &Comment) -> Value {
        let own = format!(
            "{}/rest/api/3/issue/{}/comment/{}",
            self.url, issue.id, it.id
        );
        json!({
            "self": own, "id": it.id.to_string(), "author": user(&it.author),
            "updateAuthor": user(&it.author), "body": it.body, "created": stamp(it.at),
            "updated": stamp(it.at), "jsdPublic": true,
        })
    }

    pub(super) fn fields(&self, issue: &Issue) -> Value {
        json!({
            "summary": issue.title, "description": issue.body, "labels": issue.labels,
            "status": status(&self.url, issue.status), "created": stamp(issue.created),
            "updated": stamp(issue.updated), "creator": user(&issue.author), "reporter": user(&issue.author),
            "assignee": null, "resolution": null,
            "project": { "id": "10000", "key": "SHOP", "name": "Shop", "projectTypeKey": "software" },
            "issuetype": { "id": "10001", "name": "Task", "subtask": false },
        })
    }
}

/// A status as Jira shows it.
pub(super) fn status(url: &str, at: usize) -> Value {
    let (name, category) = STATUSES[at];
    let (id, label) = match category {
        "new" => (2, "To Do"),
        "indeterminate" => (4, "In Progress"),
        _ => (3, "Done"),
    };
    json!({
        "self": format!("{url}/rest/api/3/status/{}", 10_000 + at), "description": "",
        "name": name, "id": (10_000 + at).to_string(),
        "statusCategory": { "self": format!("{url}/rest/api/3/statuscategory/{id}"), "id": id,
                            "key": category, "colorName": "blue-gray", "name": label },
    })
}

fn user(name: &str) -> Value {
    json!({ "accountId": format!("acc-{name}"), "displayName": name, "active": true,
            "accountType": "atlassian", "timeZone": "Etc/UTC" })
}

/// A moment as Jira writes it, with an offset without a colon.
fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// A text as a document of one paragraph.
pub(super) fn document(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    json!({ "type": "doc", "version": 1, "content": [
        { "type": "paragraph", "content": [{ "type": "text", "text": text }] }
    ] })
}

/// The words of a document.
pub(super) fn words(node: &Value) -> String {
    let own = node["text"].as_str().unwrap_or_default().to_owned();
    let inner = node["content"].as_array().into_iter().flatten();
    let inner: Vec<String> = inner.map(words).collect();
    let between = match node["type"].as_str() {
        Some("doc") => "\n",
        _ => "",
    };
    own + &inner.join(between)
}
