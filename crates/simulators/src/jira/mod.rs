//! A simulator of Jira Cloud: issues, their comments and transitions over REST, searched with as much of
//! JQL as clients need. A clause that is not played is refused as one that Jira does not know.

mod jql;
mod objects;

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::objects::{Issue, STATUSES, World, document, status};
use crate::git_host::{Asked, CannotPlay, Fault};
use crate::model::SimulatorError;
use crate::tracker::{Call, House, Reply, Stand, TicketSeen, TicketSetup, now};

/// Issues of a page, unless told otherwise, and at most.
const PAGE: (usize, usize) = (50, 100);

/// What a simulated Jira holds when it starts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JiraSetup {
    /// The tokens that are good, by the address of mail of whoever made them.
    pub accounts: std::collections::BTreeMap<String, String>,
    /// Its issues, all of the project `SHOP`.
    pub issues: Vec<TicketSetup>,
}

/// A running simulator. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct JiraSimulator {
    house: House<World>,
}

impl JiraSimulator {
    /// Starts to listen. Port 0 takes a free port.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(listen: SocketAddr, setup: JiraSetup) -> Result<Self, SimulatorError> {
        let house = House::start(listen, |url| {
            let mut world = World::new(url, setup.accounts);
            for issue in &setup.issues {
                world.add(issue);
            }
            world
        });
        Ok(Self {
            house: house.await?,
        })
    }

    /// The address of the site.
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

    /// Opens an issue. Answers its key.
    pub fn add(&self, issue: &TicketSetup) -> String {
        self.house.stand().add(issue)
    }

    /// Somebody changes an issue: its status, by name, and its labels.
    ///
    /// # Errors
    /// When there is no such issue or status.
    pub fn change(&self, key: &str, status: &str, labels: &[&str]) -> Result<(), CannotPlay> {
        let mut world = self.house.stand();
        let at = STATUSES.iter().position(|(name, _)| *name == status);
        let at = at.ok_or_else(|| CannotPlay(format!("there is no status {status}")))?;
        let issue = world.issue_mut(key)?;
        issue.status = at;
        issue.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        issue.updated = now();
        Ok(())
    }

    /// From now on an issue can only be moved to these statuses.
    pub fn only_leads_to(&self, names: &[&'static str]) {
        self.house.stand().leads_to = names.to_vec();
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
    pub fn comment(&self, key: &str, author: &str, body: &str) -> Result<(), CannotPlay> {
        let body = document(body);
        self.house.stand().say(key, author, body).map(drop)
    }

    /// An issue as it stands. Comments are shown as the words in them.
    #[must_use]
    pub fn seen(&self, key: &str) -> Option<TicketSeen> {
        let world = self.house.stand();
        let issue = world.issue(key)?;
        let comments = issue.comments.iter();
        Some(TicketSeen {
            labels: issue.labels.clone(),
            state: STATUSES[issue.status].0.to_owned(),
            comments: comments
                .map(|it| (it.author.clone(), objects::words(&it.body)))
                .collect(),
        })
    }

    /// Stops, and breaks off the answers under way.
    pub async fn stop(self) {
        self.house.stop().await;
    }
}

fn refused(status: u16, words: &str) -> Reply {
    Reply::new(status, json!({ "errorMessages": [words], "errors": {} }))
}

fn missing() -> Reply {
    refused(
        404,
        "Issue does not exist or you do not have permission to see it.",
    )
}

impl Stand for World {
    const NAME: &'static str = "jira";

    fn answer(&mut self, call: &Call) -> Reply {
        let Some(by) = self.caller(call.header("authorization")) else {
            return Reply::new(
                401,
                json!({ "message": "Client must be authenticated to access this resource.",
                                           "status-code": 401 }),
            );
        };
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let Some(rest) = path.strip_prefix(&["rest", "api", "3"]) else {
            return refused(404, "No endpoint");
        };
        match (call.method.as_str(), rest) {
            ("POST", ["search", "jql"]) => self.search(&call.body),
            ("GET", ["issue", key]) => match self.issue(key) {
                Some(issue) => {
                    let fields: Vec<String> = call
                        .param("fields")
                        .map_or_else(Vec::new, |it| it.split(',').map(str::to_owned).collect());
                    Reply::new(200, self.shown(issue, &fields))
                }
                None => missing(),
            },
            ("GET", ["issue", key, "comment"]) => self.comments(key, call),
            ("POST", ["issue", key, "comment"]) => {
                let body = &call.body["body"];
                if body["type"] != "doc" || body["version"] != 1 {
                    return Reply::new(
                        400,
                        json!({ "errorMessages": [],
                        "errors": { "comment": "Comment body is not valid!" } }),
                    );
                }
                match self.say(key, &by, body.clone()) {
                    Ok(made) => Reply::new(201, made),
                    Err(_) => missing(),
                }
            }
            ("GET", ["issue", key, "transitions"]) => self.transitions(key),
            ("POST", ["issue", key, "transitions"]) => self.move_on(key, &call.body),
            _ => refused(404, "No endpoint"),
        }
    }

    fn broken(&self, status: u16) -> Reply {
        refused(status, "Internal server error")
    }

    fn limited(&self, retry_after_s: u64) -> Reply {
        let mut reply = refused(429, "Rate limit exceeded.");
        reply.headers = vec![
            ("retry-after", retry_after_s.to_string()),
            ("x-ratelimit-nearlimit", "true".to_owned()),
        ];
        reply
    }
}

impl World {
    fn caller(&self, authorization: &str) -> Option<String> {
        let pair = STANDARD
            .decode(authorization.strip_prefix("Basic ")?)
            .ok()?;
        let pair = String::from_utf8(pair).ok()?;
        let (email, token) = pair.split_once(':')?;
        let is_good = self.accounts.get(email).is_some_and(|good| good == token);
        is_good.then(|| email.split('@').next().unwrap_or(email).to_owned())
    }

    /// Of a search only the fields that are asked for are told. The token of the next page stands for the
    /// search as it was when it was begun.
    fn search(&mut self, body: &Value) -> Reply {
        let query = body["jql"].as_str().unwrap_or_default();
        let found = match jql::run(self, query) {
            Ok(found) => found,
            Err(words) => return refused(400, &words),
        };
        let keys = match body["nextPageToken"].as_str() {
            None => found,
            Some(token) => match self.searches.remove(token) {
                Some(rest) => rest,
                None => return refused(400, "The page token is not valid."),
            },
        };
        let size = body["maxResults"].as_u64().map(usize::try_from);
        let size = size.and_then(Result::ok).unwrap_or(PAGE.0).clamp(1, PAGE.1);
        let names = body["fields"].as_array().into_iter().flatten();
        let fields: Vec<String> = names
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect();
        let (page, rest) = keys.split_at(size.min(keys.len()));
        let issues: Vec<Value> = page
            .iter()
            .filter_map(|key| self.issue(key))
            .map(|issue| self.shown(issue, &fields))
            .collect();
        let mut answer = json!({ "issues": issues, "isLast": rest.is_empty() });
        // The token is missing on the last page.
        if !rest.is_empty() {
            let token = format!("token-{}", self.fresh());
            answer["nextPageToken"] = json!(token);
            self.searches.insert(token, rest.to_vec());
        }
        Reply::new(200, answer)
    }

    fn comments(&self, key: &str, call: &Call) -> Reply {
        let Some(issue) = self.issue(key) else {
            return missing();
        };
        let number = |name: &str| call.param(name).and_then(|it| it.parse::<usize>().ok());
        let (start, max) = (
            number("startAt").unwrap_or(0),
            number("maxResults").unwrap_or(50),
        );
        let mut all: Vec<Value> = issue
            .comments
            .iter()
            .map(|it| self.said(issue, it))
            .collect();
        if call.param("orderBy") == Some("-created") {
            all.reverse();
        }
        let total = all.len();
        let page: Vec<Value> = all.into_iter().skip(start).take(max).collect();
        Reply::new(
            200,
            json!({ "startAt": start, "maxResults": max, "total": total, "comments": page }),
        )
    }

    fn transitions(&self, key: &str) -> Reply {
        if self.issue(key).is_none() {
            return missing();
        }
        let shown = self.ways().map(|(at, name)| {
            json!({ "id": (at * 10 + 11).to_string(), "name": format!("Move to {name}"),
                    "to": status(&self.url, at), "hasScreen": false, "isGlobal": true,
                    "isInitial": false, "isConditional": false, "isAvailable": true })
        });
        let shown: Vec<Value> = shown.collect();
        Reply::new(
            200,
            json!({ "expand": "transitions", "transitions": shown }),
        )
    }

    fn move_on(&mut self, key: &str, body: &Value) -> Reply {
        let id = body["transition"]["id"].as_str().unwrap_or_default();
        let way = self.ways().find(|(at, _)| (at * 10 + 11).to_string() == id);
        let Some((at, _)) = way else {
            return Reply::new(
                400,
                json!({ "errorMessages": [
                format!("It seems that you have tried to perform an illegal workflow operation: {id}")
            ], "errors": {} }),
            );
        };
        match self.issue_mut(key) {
            Ok(issue) => {
                issue.status = at;
                issue.updated = now();
                Reply::new(204, Value::Null)
            }
            Err(_) => missing(),
        }
    }

    /// The statuses that an issue can be moved to.
    fn ways(&self) -> impl Iterator<Item = (usize, &'static str)> + '_ {
        let all = STATUSES
            .iter()
            .enumerate()
            .map(|(at, (name, _))| (at, *name));
        all.filter(|(_, name)| self.leads_to.is_empty() || self.leads_to.contains(name))
    }

    fn shown(&self, issue: &Issue, only: &[String]) -> Value {
        let all = self.fields(issue);
        let wanted = |name: &String| only.is_empty() || only.contains(name);
        let fields: Map<String, Value> = all
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        json!({ "expand": "", "id": issue.id.to_string(), "key": issue.key,
                "self": format!("{}/rest/api/3/issue/{}", self.url, issue.id), "fields": fields })
    }
}
