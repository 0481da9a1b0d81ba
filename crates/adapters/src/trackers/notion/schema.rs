//! Which properties of a database hold what, and what a page says in them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use optio_domain::tracker::{Ticket, TrackerError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::text;

/// The group of states in which a page is done, as Notion itself calls it.
const COMPLETE: &str = "Complete";

/// What people call things in their database.
#[derive(Debug)]
pub(super) struct Words {
    /// The property with the state.
    pub(super) status: String,
    /// What it says of a page that is done.
    pub(super) done: String,
    /// The property with the title.
    pub(super) title: Option<String>,
}

/// How a database tells where a page stands.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Status,
    Select,
    Checkbox,
}

/// The properties of a database that matter.
pub(super) struct Schema {
    /// Those that may hold the label.
    labels: Vec<String>,
    kind: Kind,
    /// The states in which a page is done.
    over: Vec<String>,
    title: String,
}

/// A page of a database.
#[derive(Deserialize)]
pub(super) struct PageShape {
    id: String,
    url: String,
    last_edited_time: DateTime<Utc>,
    #[serde(default)]
    in_trash: bool,
    #[serde(default)]
    archived: bool,
    properties: Map<String, Value>,
}

#[derive(Deserialize)]
struct DatabaseShape {
    properties: BTreeMap<String, PropertyShape>,
}

#[derive(Deserialize)]
struct PropertyShape {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    status: Option<StatesShape>,
}

#[derive(Deserialize)]
struct StatesShape {
    #[serde(default)]
    options: Vec<OptionShape>,
    #[serde(default)]
    groups: Vec<GroupShape>,
}

#[derive(Deserialize)]
struct OptionShape {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct GroupShape {
    name: String,
    option_ids: Vec<String>,
}

impl Schema {
    /// Reads a database.
    pub(super) fn read(database: &Value, words: &Words) -> Result<Self, TrackerError> {
        let shape: DatabaseShape = super::read(database.clone())?;
        let refused = |words: String| Err(TrackerError::Refused(words));
        let of_kind = |kind: &str| -> Vec<String> {
            let found = shape.properties.iter().filter(|(_, it)| it.kind == kind);
            found.map(|(name, _)| name.clone()).collect()
        };
        let labels = of_kind("multi_select");
        if labels.is_empty() {
            let words = "its database has no property of the type multi-select for the label";
            return refused(words.to_owned());
        }
        let Some(status) = shape.properties.get(&words.status) else {
            return refused(format!(
                "its database has no property `{}` (config.statusProperty)",
                words.status
            ));
        };
        let kind = match status.kind.as_str() {
            "status" => Kind::Status,
            "select" => Kind::Select,
            "checkbox" => Kind::Checkbox,
            other => {
                return refused(format!(
                    "the property `{}` is of the type {other}; it must be a status, select or \
                     checkbox (config.statusProperty)",
                    words.status
                ));
            }
        };
        let title = match &words.title {
            Some(title) if shape.properties.contains_key(title) => title.clone(),
            Some(title) => {
                return refused(format!(
                    "its database has no property `{title}` (config.titleProperty)"
                ));
            }
            None => of_kind("title").pop().unwrap_or_default(),
        };
        Ok(Self {
            labels,
            kind,
            over: status.status.as_ref().map_or_else(Vec::new, complete),
            title,
        })
    }

    /// The filter for pages that bear a label.
    pub(super) fn bears(&self, label: &str) -> Value {
        let bears = |property: &String| json!({ "property": property, "multi_select": { "contains": label } });
        let any: Vec<Value> = self.labels.iter().map(bears).collect();
        json!({ "or": any })
    }

    /// The filters for pages that are not done.
    pub(super) fn are_not_done(&self, words: &Words) -> Vec<Value> {
        let property = &words.status;
        let kind = match self.kind {
            Kind::Status => "status",
            Kind::Select => "select",
            Kind::Checkbox => {
                return vec![json!({ "property": property, "checkbox": { "equals": false } })];
            }
        };
        let over = self.over.iter().filter(|name| **name != words.done);
        let names = std::iter::once(&words.done).chain(over);
        let is_not = |name| json!({ "property": property, kind: { "does_not_equal": name } });
        names.map(is_not).collect()
    }

    /// The properties of a page that is done.
    pub(super) fn done(&self, words: &Words) -> Value {
        let value = match self.kind {
            Kind::Status => json!({ "status": { "name": words.done } }),
            Kind::Select => json!({ "select": { "name": words.done } }),
            Kind::Checkbox => json!({ "checkbox": true }),
        };
        json!({ words.status.as_str(): value })
    }

    /// Whether a page is done.
    pub(super) fn is_done(&self, page: &PageShape, words: &Words) -> bool {
        let property = &page.properties.get(&words.status).unwrap_or(&Value::Null);
        let named = |kind: &str| {
            let name = property[kind]["name"].as_str().unwrap_or_default();
            name == words.done || self.over.iter().any(|it| it == name)
        };
        match self.kind {
            Kind::Status => named("status"),
            Kind::Select => named("select"),
            Kind::Checkbox => property["checkbox"] == true,
        }
    }

    /// A page as a ticket.
    pub(super) fn ticket(&self, page: &PageShape, words: &Words, body: String) -> Ticket {
        let labels = self
            .labels
            .iter()
            .filter_map(|name| page.properties.get(name));
        let labels = labels.flat_map(|property| property["multi_select"].as_array());
        let labels = labels
            .flatten()
            .filter_map(|option| option["name"].as_str());
        let title = page.properties.get(&self.title).unwrap_or(&Value::Null);
        // Titles may be kept in a property of another type.
        let title = ["title", "rich_text"]
            .iter()
            .map(|kind| text::plain(&title[*kind]))
            .find(|text| !text.is_empty());
        let short: String = page.id.chars().filter(|c| *c != '-').take(8).collect();
        Ticket {
            id: page.id.clone(),
            key: short,
            url: page.url.clone(),
            title: title.unwrap_or_default(),
            body,
            // Notion tells the id of whoever made the page, which says nothing to people.
            author: String::new(),
            labels: labels.map(str::to_owned).collect(),
            open: !page.in_trash && !page.archived && !self.is_done(page, words),
            changed_at: page.last_edited_time,
            repo_url: None,
        }
    }
}

fn complete(states: &StatesShape) -> Vec<String> {
    let groups = states.groups.iter().filter(|group| group.name == COMPLETE);
    let ids: Vec<&String> = groups.flat_map(|group| &group.option_ids).collect();
    let over = states.options.iter().filter(|it| ids.contains(&&it.id));
    over.map(|option| option.name.clone()).collect()
}
