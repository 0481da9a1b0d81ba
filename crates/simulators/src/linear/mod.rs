//! A simulator of Linear: issues, their comments and states over GraphQL, with the filters, cursors and
//! errors that clients meet. A field that Linear does not have is refused as Linear refuses it.

mod filter;
mod graphql;
mod objects;

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use self::graphql::{Field, Operation};
use self::objects::{Comment, Issue, World};
use crate::git_host::{Asked, CannotPlay, Fault};
use crate::model::SimulatorError;
use crate::tracker::{Call, House, Reply, Stand, TicketSeen, TicketSetup, now};

/// Entries of a page, unless told otherwise, and at most.
const PAGE: (usize, usize) = (50, 250);

/// What a simulated Linear holds when it starts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearSetup {
    /// The keys that are good, each with whose it is.
    pub keys: std::collections::BTreeMap<String, String>,
    /// Its issues, all of the team `ENG`.
    pub issues: Vec<TicketSetup>,
}

/// A running simulator. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct LinearSimulator {
    house: House<World>,
}

impl LinearSimulator {
    /// Starts to listen. Port 0 takes a free port.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(listen: SocketAddr, setup: LinearSetup) -> Result<Self, SimulatorError> {
        let house = House::start(listen, |url| {
            let mut world = World::new(url, setup.keys);
            for issue in &setup.issues {
                world.add(issue);
            }
            world
        });
        Ok(Self {
            house: house.await?,
        })
    }

    /// The address of the API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/graphql", self.house.url())
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

    /// Opens an issue. Answers its id.
    pub fn add(&self, issue: &TicketSetup) -> String {
        self.house.stand().add(issue)
    }

    /// Somebody changes an issue: its state, by name, and its labels.
    ///
    /// # Errors
    /// When there is no such issue or state.
    pub fn change(&self, id: &str, state: &str, labels: &[&str]) -> Result<(), CannotPlay> {
        let mut world = self.house.stand();
        let state = world.state_called(state)?;
        let issue = world.issue_mut(id)?;
        issue.state = state;
        issue.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        issue.updated = now();
        Ok(())
    }

    /// An issue looks as if it had last changed then.
    ///
    /// # Errors
    /// When there is no such issue.
    pub fn changed_last(&self, id: &str, at: DateTime<Utc>) -> Result<(), CannotPlay> {
        self.house.stand().issue_mut(id)?.updated = at;
        Ok(())
    }

    /// Somebody comments on an issue.
    ///
    /// # Errors
    /// When there is no such issue.
    pub fn comment(&self, id: &str, author: &str, body: &str) -> Result<(), CannotPlay> {
        self.house.stand().say(id, author, body)
    }

    /// An issue as it stands.
    #[must_use]
    pub fn seen(&self, id: &str) -> Option<TicketSeen> {
        let world = self.house.stand();
        let issue = world.issue(id)?;
        let comments = issue.comments.iter();
        Some(TicketSeen {
            labels: issue.labels.clone(),
            state: world.states[issue.state].name.to_owned(),
            comments: comments
                .map(|it| (it.author.clone(), it.body.clone()))
                .collect(),
        })
    }

    /// Stops, and breaks off the answers under way.
    pub async fn stop(self) {
        self.house.stop().await;
    }
}

/// An error as GraphQL tells it.
fn error(status: u16, code: &str, kind: &str, message: &str) -> Reply {
    let extensions = json!({
        "type": kind, "code": code, "statusCode": status, "userError": status < 500,
        "userPresentableMessage": message,
    });
    Reply::new(
        status,
        json!({ "errors": [{ "message": message, "extensions": extensions }] }),
    )
}

impl Stand for World {
    const NAME: &'static str = "linear";

    fn answer(&mut self, call: &Call) -> Reply {
        let shown = call.header("authorization");
        let key = shown
            .strip_prefix("Bearer lin_oauth")
            .map_or(shown, |_| &shown[7..]);
        let Some(by) = self.keys.get(key).cloned() else {
            let words = "Authentication required, not authenticated";
            return error(401, "AUTHENTICATION_ERROR", "authentication error", words);
        };
        if call.method != "POST" || call.path != ["graphql"] {
            return Reply::new(404, json!({ "error": "Not found" }));
        }
        let query = call.body["query"].as_str().unwrap_or_default();
        let invalid = |words: &str| error(400, "GRAPHQL_VALIDATION_FAILED", "graphql error", words);
        let operation = match Operation::read(query, &call.body["variables"]) {
            Ok(operation) => operation,
            Err(words) => return invalid(&words),
        };
        let mut data = serde_json::Map::new();
        for field in &operation.fields {
            match self.root(operation.mutates, field, &by) {
                Ok(value) => data.insert(field.name.clone(), value),
                Err(Refused::Invalid(words)) => return invalid(&words),
                Err(Refused::NoSuch(what)) => {
                    let words = format!("Entity not found: {what}");
                    let mut reply = error(400, "INPUT_ERROR", "invalid input", &words);
                    reply.status = 200;
                    return reply;
                }
            };
        }
        Reply::new(200, json!({ "data": data }))
    }

    fn broken(&self, status: u16) -> Reply {
        error(
            status,
            "INTERNAL_SERVER_ERROR",
            "internal error",
            "Internal server error",
        )
    }

    fn limited(&self, retry_after_s: u64) -> Reply {
        let words = "Rate limit exceeded. Only 1500 requests are allowed per 1 hour";
        let mut reply = error(400, "RATELIMITED", "ratelimited", words);
        let wait = chrono::TimeDelta::seconds(i64::try_from(retry_after_s).unwrap_or(60));
        let reset = (now() + wait).timestamp_millis();
        reply.headers = vec![
            ("x-ratelimit-requests-limit", "1500".to_owned()),
            ("x-ratelimit-requests-remaining", "0".to_owned()),
            ("x-ratelimit-requests-reset", reset.to_string()),
        ];
        reply
    }
}

/// Why a field cannot be had.
enum Refused {
    Invalid(String),
    NoSuch(&'static str),
}

impl From<String> for Refused {
    fn from(words: String) -> Self {
        Self::Invalid(words)
    }
}

impl World {
    fn root(&mut self, mutates: bool, field: &Field, by: &str) -> Result<Value, Refused> {
        match (mutates, field.name.as_str()) {
            (false, "issues") => {
                field.takes(&["filter", "first", "after", "orderBy"])?;
                Ok(self.list(field)?)
            }
            (false, "issue") => {
                field.takes(&["id"])?;
                let issue = self
                    .issue(field.text("id"))
                    .ok_or(Refused::NoSuch("Issue"))?;
                Ok(graphql::pick(&self.shown(issue), &field.fields, "Issue")?)
            }
            (true, "commentCreate") => {
                let input = &field.arguments["input"];
                graphql::known(input, &["issueId", "body", "id"], "CommentCreateInput")?;
                let (id, body) = (&input["issueId"], &input["body"]);
                let id = id.as_str().unwrap_or_default().to_owned();
                let body = body.as_str().unwrap_or_default().to_owned();
                self.say(&id, by, &body)
                    .map_err(|_| Refused::NoSuch("Issue"))?;
                let payload = json!({ "success": true, "lastSyncId": 1 });
                Ok(graphql::pick(&payload, &field.fields, "CommentPayload")?)
            }
            (true, "issueUpdate") => {
                let (id, input) = (field.text("id").to_owned(), &field.arguments["input"]);
                graphql::known(input, &["stateId"], "IssueUpdateInput")?;
                let wanted = input["stateId"].as_str().unwrap_or_default();
                let state = self.states.iter().position(|state| state.id == wanted);
                let state = state.ok_or(Refused::NoSuch("WorkflowState"))?;
                let issue = self.issue_mut(&id).map_err(|_| Refused::NoSuch("Issue"))?;
                issue.state = state;
                issue.updated = now();
                let payload = json!({ "success": true, "lastSyncId": 1 });
                Ok(graphql::pick(&payload, &field.fields, "IssuePayload")?)
            }
            (_, name) => Err(Refused::Invalid(format!(
                "Cannot query field \"{name}\" on type \"{}\".",
                if mutates { "Mutation" } else { "Query" }
            ))),
        }
    }

    /// Those that changed last come first.
    fn list(&self, field: &Field) -> Result<Value, String> {
        if field.arguments["orderBy"] != "updatedAt" {
            return Err("only orderBy: updatedAt is played".to_owned());
        }
        let filter = &field.arguments["filter"];
        let mut found: Vec<&Issue> = Vec::new();
        for issue in &self.issues {
            if filter::fits(self, issue, filter)? {
                found.push(issue);
            }
        }
        found.sort_by_key(|issue| std::cmp::Reverse(issue.updated));
        let first = field.arguments["first"].as_u64().map(usize::try_from);
        let first = first.and_then(Result::ok).unwrap_or(PAGE.0);
        if first == 0 || PAGE.1 < first {
            return Err("Argument Validation Error: first must be from 1 to 250".to_owned());
        }
        let after = field.arguments["after"].as_str();
        let begin = match after {
            None => 0,
            Some(cursor) => {
                let at = found.iter().position(|issue| issue.id == cursor);
                at.map_or(found.len(), |at| at + 1)
            }
        };
        let page: Vec<&&Issue> = found.iter().skip(begin).take(first).collect();
        let more = begin + page.len() < found.len();
        let nodes: Vec<Value> = page.iter().map(|issue| self.shown(issue)).collect();
        let end = page.last().map(|issue| issue.id.clone());
        let connection = json!({
            "nodes": nodes,
            "pageInfo": { "hasNextPage": more, "hasPreviousPage": 0 < begin, "endCursor": end,
                          "startCursor": page.first().map(|issue| issue.id.clone()) },
        });
        graphql::pick(&connection, &field.fields, "IssueConnection")
    }
}

/// The newest first, as Linear orders by the time of creation.
fn newest_first(comments: &[Comment]) -> impl Iterator<Item = &Comment> {
    comments.iter().rev()
}
