//! A simulator of Notion: a database with pages, their blocks and comments, in the version of the API in
//! which a database is queried itself. A filter that is not played is refused.

mod filter;
mod objects;

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use self::objects::{Page, World, database, plain, rich};
use crate::git_host::{Asked, CannotPlay, Fault};
use crate::model::SimulatorError;
use crate::tracker::{Call, House, Reply, Stand, TicketSeen, TicketSetup, now};

/// Entries of a page of a list, at most.
const PAGE: usize = 100;
/// The version that is played.
const VERSION: &str = "2022-06-28";

/// What a simulated Notion holds when it starts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotionSetup {
    /// The keys that are good, each with the name of its integration.
    pub keys: std::collections::BTreeMap<String, String>,
    /// The pages of its database.
    pub pages: Vec<TicketSetup>,
}

/// A running simulator. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct NotionSimulator {
    house: House<World>,
}

impl NotionSimulator {
    /// The id of its database. Its properties are `Name`, `Tags` (multi-select) and `Status`.
    pub const DATABASE: &'static str = "0d5a4f6e-1111-4222-8333-944445555666";

    /// Starts to listen. Port 0 takes a free port.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(listen: SocketAddr, setup: NotionSetup) -> Result<Self, SimulatorError> {
        let house = House::start(listen, |url| {
            let mut world = World::new(url, setup.keys);
            for page in &setup.pages {
                world.add(page);
            }
            world
        });
        Ok(Self {
            house: house.await?,
        })
    }

    /// The base of the API.
    #[must_use]
    pub fn url(&self) -> String {
        self.house.url()
    }

    /// The calls answered lately, oldest first.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.house.asked()
    }

    /// Lets something go wrong.
    pub fn fail(&self, fault: Fault) {
        self.house.fail(fault);
    }

    /// Nothing goes wrong any more.
    pub fn mend(&self) {
        self.house.mend();
    }

    /// Makes a page, whose text has a line for each of its body's; a line that begins with two spaces is
    /// inside the one before. Answers its id.
    pub fn add(&self, page: &TicketSetup) -> String {
        self.house.stand().add(page)
    }

    /// Somebody changes a page: its status and its tags.
    ///
    /// # Errors
    /// When there is no such page.
    pub fn change(&self, id: &str, status: &str, labels: &[&str]) -> Result<(), CannotPlay> {
        let mut world = self.house.stand();
        let page = world.page_mut(id)?;
        status.clone_into(&mut page.status);
        page.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        page.edited = now();
        Ok(())
    }

    /// A page looks as if it had last changed then.
    ///
    /// # Errors
    /// When there is no such page.
    pub fn changed_last(&self, id: &str, at: DateTime<Utc>) -> Result<(), CannotPlay> {
        self.house.stand().page_mut(id)?.edited = at;
        Ok(())
    }

    /// Somebody comments on a page.
    ///
    /// # Errors
    /// When there is no such page.
    pub fn comment(&self, id: &str, author: &str, body: &str) -> Result<(), CannotPlay> {
        let mut world = self.house.stand();
        world.say(id, author, body).map(drop)
    }

    /// A page as it stands.
    #[must_use]
    pub fn seen(&self, id: &str) -> Option<TicketSeen> {
        let world = self.house.stand();
        let page = world.page(id)?;
        Some(TicketSeen {
            labels: page.labels.clone(),
            state: page.status.clone(),
            comments: page
                .comments
                .iter()
                .map(|it| (it.author.clone(), it.body.clone()))
                .collect(),
        })
    }

    /// Stops, and breaks off the answers under way.
    pub async fn stop(self) {
        self.house.stop().await;
    }
}

fn refused(status: u16, code: &str, message: &str) -> Reply {
    Reply::new(
        status,
        json!({ "object": "error", "status": status, "code": code, "message": message,
                               "request_id": "00000000-0000-4000-8000-000000000000" }),
    )
}

fn missing(what: &str) -> Reply {
    let words = format!(
        "Could not find {what}. Make sure the relevant pages and databases are shared with your integration."
    );
    refused(404, "object_not_found", &words)
}

fn invalid(words: &str) -> Reply {
    refused(400, "validation_error", words)
}

/// A list of what there is, and where it goes on.
fn listed(kind: &'static str, page: Vec<Value>, next: Option<String>) -> Reply {
    Reply::new(
        200,
        json!({ "object": "list", "results": page, "has_more": next.is_some(),
        "next_cursor": next, "type": kind, kind: {}, "request_id": "r" }),
    )
}

impl Stand for World {
    const NAME: &'static str = "notion";

    fn answer(&mut self, call: &Call) -> Reply {
        let key = call.header("authorization").strip_prefix("Bearer ");
        let Some(by) = key.and_then(|key| self.keys.get(key)).cloned() else {
            return refused(401, "unauthorized", "API token is invalid.");
        };
        if call.header("notion-version") != VERSION {
            return refused(
                400,
                "missing_version",
                "Notion-Version header should be defined.",
            );
        }
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match (call.method.as_str(), path.as_slice()) {
            ("GET", ["v1", "databases", id]) if is_database(id) => {
                Reply::new(200, database(&self.url, NotionSimulator::DATABASE))
            }
            ("POST", ["v1", "databases", id, "query"]) if is_database(id) => self.query(&call.body),
            ("GET", ["v1", "pages", id]) => match self.page(id) {
                Some(page) => Reply::new(200, self.shown(page)),
                None => missing("page"),
            },
            ("PATCH", ["v1", "pages", id]) => self.patch(id, &call.body),
            ("GET", ["v1", "blocks", id, "children"]) => self.children(id, call),
            ("GET", ["v1", "comments"]) => self.comments(call),
            ("POST", ["v1", "comments"]) => self.write(&by, &call.body),
            _ => missing("what was asked for"),
        }
    }

    fn broken(&self, status: u16) -> Reply {
        refused(
            status,
            "internal_server_error",
            "An unexpected error occurred.",
        )
    }

    fn limited(&self, retry_after_s: u64) -> Reply {
        let mut reply = refused(429, "rate_limited", "You have been rate limited.");
        reply.headers = vec![("retry-after", retry_after_s.to_string())];
        reply
    }
}

fn is_database(id: &str) -> bool {
    id.replace('-', "")
        .eq_ignore_ascii_case(&NotionSimulator::DATABASE.replace('-', ""))
}

impl World {
    fn query(&self, body: &Value) -> Reply {
        let sorts = json!([{ "timestamp": "last_edited_time", "direction": "descending" }]);
        if body["sorts"] != sorts {
            return invalid("only the newest first is played");
        }
        let mut found: Vec<&Page> = Vec::new();
        for page in &self.pages {
            match filter::fits(page, &body["filter"]) {
                Ok(true) => found.push(page),
                Ok(false) => {}
                Err(words) => return invalid(&words),
            }
        }
        found.sort_by_key(|page| std::cmp::Reverse(page.edited));
        let size = body["page_size"].as_u64().map(usize::try_from);
        let size = size.and_then(Result::ok).unwrap_or(PAGE).clamp(1, PAGE);
        // A cursor is the first page of what is left.
        let begin = match body["start_cursor"].as_str() {
            None => 0,
            Some(cursor) => match found.iter().position(|page| page.id == cursor) {
                Some(at) => at,
                None => return invalid("The start_cursor provided is invalid."),
            },
        };
        let page = found.iter().skip(begin).take(size);
        let page: Vec<Value> = page.map(|it| self.shown(it)).collect();
        let next = found.get(begin + size).map(|it| it.id.clone());
        listed("page_or_database", page, next)
    }

    fn patch(&mut self, id: &str, body: &Value) -> Reply {
        let properties = body["properties"].as_object().into_iter().flatten();
        let mut status = None;
        for (name, value) in properties {
            match (name.as_str(), value["status"]["name"].as_str()) {
                ("Status", Some(word)) if objects::STATES.iter().any(|(it, _)| *it == word) => {
                    status = Some(word.to_owned());
                }
                ("Status", Some(word)) => {
                    return invalid(&format!(
                        "Status is expected to be status. {word} does not exist."
                    ));
                }
                (other, _) => {
                    return invalid(&format!("{other} is not a property that is played."));
                }
            }
        }
        match self.page_mut(id) {
            Ok(page) => {
                if let Some(status) = status {
                    page.status = status;
                }
                page.edited = now();
            }
            Err(_) => return missing("page"),
        }
        self.page(id)
            .map_or_else(|| missing("page"), |page| Reply::new(200, self.shown(page)))
    }

    fn children(&self, id: &str, call: &Call) -> Reply {
        let Some(all) = self.blocks_in(id) else {
            return missing("block");
        };
        part("block", all, call)
    }

    fn comments(&self, call: &Call) -> Reply {
        let id = call.param("block_id").unwrap_or_default();
        let Some(page) = self.page(id) else {
            return missing("block");
        };
        let all = page.comments.iter().map(|it| self.said(page, it));
        part("comment", all.collect(), call)
    }

    fn write(&mut self, by: &str, body: &Value) -> Reply {
        let id = body["parent"]["page_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let pieces = body["rich_text"].as_array().into_iter().flatten();
        let mut words = String::new();
        for piece in pieces {
            let Some(text) = piece["text"]["content"].as_str() else {
                return invalid("body.rich_text[0].text should be defined.");
            };
            if 2_000 < text.chars().count() {
                return invalid("body.rich_text[0].text.content.length should be ≤ `2000`.");
            }
            words.push_str(text);
        }
        match self.say(&id, by, &words) {
            Ok(made) => Reply::new(200, made),
            Err(_) => missing("page"),
        }
    }

    fn said(&self, page: &Page, it: &objects::Comment) -> Value {
        json!({
            "object": "comment", "id": it.id, "parent": { "type": "page_id", "page_id": page.id },
            "discussion_id": it.id, "created_time": objects::stamp(it.at),
            "last_edited_time": objects::stamp(it.at),
            "created_by": { "object": "user", "id": format!("user-{}", it.author) },
            "rich_text": rich(&it.body), "display_name": { "type": "user", "resolved_name": it.author },
        })
    }
}

/// The part of a list that is asked for.
fn part(kind: &'static str, all: Vec<Value>, call: &Call) -> Reply {
    let size = call
        .param("page_size")
        .and_then(|it| it.parse::<usize>().ok());
    let size = size.unwrap_or(PAGE).clamp(1, PAGE);
    let begin = match call.param("start_cursor") {
        None => 0,
        Some(cursor) => match all.iter().position(|it| it["id"] == cursor) {
            Some(at) => at,
            None => return invalid("The start_cursor provided is invalid."),
        },
    };
    let next = all.get(begin + size).map(|it| plain(&it["id"]));
    listed(kind, all.into_iter().skip(begin).take(size).collect(), next)
}
