//! What a simulated Linear remembers, and how it shows it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::newest_first;
use crate::git_host::CannotPlay;
use crate::tracker::{TicketSetup, identity, now, stamp};

/// The id of the only team.
pub(super) const TEAM: &str = "9cfb482a-81e3-4154-b5b9-2c805e70a02d";
/// The id of the only project.
pub(super) const PROJECT: &str = "5f1c2ab3-0000-4000-8000-00000000b0b0";

#[derive(Debug)]
pub(super) struct World {
    pub(super) url: String,
    pub(super) keys: BTreeMap<String, String>,
    pub(super) states: Vec<State>,
    pub(super) issues: Vec<Issue>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) position: f64,
}

#[derive(Debug)]
pub(super) struct Issue {
    pub(super) id: String,
    pub(super) number: usize,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) author: String,
    pub(super) labels: Vec<String>,
    pub(super) state: usize,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
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
        // People may put them in any order: the second of the two that are done comes first.
        let states = [
            ("Backlog", "backlog", 0.0),
            ("Todo", "unstarted", 1.0),
            ("In Progress", "started", 2.0),
            ("Shipped", "completed", 4.0),
            ("Done", "completed", 3.0),
            ("Canceled", "canceled", 5.0),
        ];
        let state = |(number, (name, kind, position)): (usize, (_, _, _))| State {
            id: identity(2, u64::try_from(number).unwrap_or(0)),
            name,
            kind,
            position,
        };
        Self {
            url,
            keys,
            states: states.into_iter().enumerate().map(state).collect(),
            issues: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, setup: &TicketSetup) -> String {
        let number = self.issues.len() + 1;
        let id = identity(1, u64::try_from(number).unwrap_or(0));
        self.issues.push(Issue {
            id: id.clone(),
            number,
            title: setup.title.clone(),
            body: setup.body.clone(),
            author: setup.author.clone(),
            labels: setup.labels.clone(),
            state: 1,
            created: now(),
            updated: now(),
            comments: Vec::new(),
        });
        id
    }

    /// An issue is named by its id or by what people call it.
    pub(super) fn issue(&self, id: &str) -> Option<&Issue> {
        let mut issues = self.issues.iter();
        issues.find(|issue| issue.id == id || issue.called() == id)
    }

    pub(super) fn issue_mut(&mut self, id: &str) -> Result<&mut Issue, CannotPlay> {
        let mut issues = self.issues.iter_mut();
        issues
            .find(|issue| issue.id == id || issue.called() == id)
            .ok_or_else(|| CannotPlay(format!("there is no issue {id}")))
    }

    pub(super) fn state_called(&self, name: &str) -> Result<usize, CannotPlay> {
        let at = self.states.iter().position(|state| state.name == name);
        at.ok_or_else(|| CannotPlay(format!("there is no state {name}")))
    }

    pub(super) fn say(&mut self, id: &str, author: &str, body: &str) -> Result<(), CannotPlay> {
        let issue = self.issue_mut(id)?;
        let number = issue.number * 1_000 + issue.comments.len();
        issue.comments.push(Comment {
            id: identity(3, u64::try_from(number).unwrap_or(0)),
            author: author.to_owned(),
            body: body.to_owned(),
            at: now(),
        });
        issue.updated = now();
        Ok(())
    }

    pub(super) fn shown(&self, issue: &Issue) -> Value {
        let state = &self.states[issue.state];
        let labels = issue.labels.iter().map(|name| {
            json!({ "id": format!("label-{name}"), "name": name, "color": "#bec2c8", "isGroup": false })
        });
        let comments = newest_first(&issue.comments).map(|it| {
            json!({ "id": it.id, "body": it.body, "createdAt": stamp(it.at), "updatedAt": stamp(it.at),
                    "url": format!("{}/acme/issue/{}#comment-{}", self.url, issue.called(), &it.id[..8]),
                    "user": user(&it.author) })
        });
        json!({
            "id": issue.id, "identifier": issue.called(), "number": issue.number,
            "url": format!("{}/acme/issue/{}", self.url, issue.called()),
            "title": issue.title, "description": issue.body, "priority": 0, "priorityLabel": "No priority",
            "branchName": format!("eng-{}", issue.number),
            "createdAt": stamp(issue.created), "updatedAt": stamp(issue.updated),
            "creator": user(&issue.author), "state": shown_state(state),
            "labels": { "nodes": labels.collect::<Vec<_>>() },
            "comments": { "nodes": comments.collect::<Vec<_>>() },
            "team": { "id": TEAM, "key": "ENG", "name": "Engineering",
                      "states": { "nodes": self.states.iter().map(shown_state).collect::<Vec<_>>() } },
        })
    }
}

impl Issue {
    fn called(&self) -> String {
        format!("ENG-{}", self.number)
    }
}

fn shown_state(state: &State) -> Value {
    json!({ "id": state.id, "name": state.name, "type": state.kind, "position": state.position,
            "color": "#e2e2e2" })
}

/// Nobody where it was made by a program.
fn user(name: &str) -> Value {
    if name.is_empty() {
        return Value::Null;
    }
    json!({ "id": format!("user-{name}"), "name": name, "displayName": name,
            "email": format!("{name}@acme.example"), "active": true })
}
