//! Jira Cloud, over its REST API of version 3
//! (<https://developer.atlassian.com/cloud/jira/platform/rest/v3/>).

mod adf;
mod answers;
mod shapes;

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    ports::{Clock, Told, Tracker},
    secret::SecretText,
    tracker::{
        COMMENTS_MAX, Place, Ticket, TicketComment, TicketPage, TrackerError, TrackerSpec,
        signature, signed,
    },
};
use serde_json::{Value, json};

pub(super) use self::answers::DIALECT;
use self::shapes::{CommentsShape, FoundShape, IssueShape, StatusShape, TransitionsShape};
use crate::git_hosts::rest::{Bearer, Http, Method, encode, plain_token};

/// Issues of a page.
const PAGE: u32 = 100;
/// What is asked for of an issue.
const FIELDS: [&str; 6] = [
    "summary",
    "description",
    "labels",
    "status",
    "updated",
    "creator",
];
/// The category of states in which an issue is done.
const DONE: &str = "done";
/// How far Jira's clock may be from ours: it is asked in minutes before its own now, which no time zone
/// changes.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// Issues of a site that bear a label.
pub(super) struct Jira {
    http: Http,
    bearer: Bearer,
    clock: Arc<dyn Clock>,
    site: String,
    label: String,
    project: Option<String>,
    done: Option<String>,
    todo: Option<String>,
}

impl Jira {
    pub(super) fn new(
        http: Http,
        clock: Arc<dyn Clock>,
        spec: &TrackerSpec,
        token: &SecretText,
    ) -> Result<Self, TrackerError> {
        let Place::Jira {
            base_url,
            email,
            project_key,
            done_status,
            todo_status,
        } = &spec.place
        else {
            return Err(TrackerError::Refused("it is no tracker of Jira".to_owned()));
        };
        let token = plain_token(token.reveal()).ok_or_else(|| {
            TrackerError::Refused("the token holds characters that no token has".to_owned())
        })?;
        Ok(Self {
            http,
            bearer: Bearer {
                name: String::new(),
                token: STANDARD.encode(format!("{email}:{token}")),
            },
            clock,
            site: base_url.as_str().to_owned(),
            label: spec.label.clone(),
            project: project_key.clone(),
            done: done_status.clone(),
            todo: todo_status.clone(),
        })
    }

    /// What is searched for. Texts of people stand in quotes.
    fn query(&self, since: Option<DateTime<Utc>>) -> String {
        let mut parts = vec![format!("labels = {}", quoted(&self.label))];
        if let Some(project) = &self.project {
            parts.push(format!("project = {}", quoted(project)));
        }
        match (since, &self.todo) {
            (Some(since), _) => {
                let ago = self.clock.now() - since + SKEW;
                let minutes = ago.num_minutes().max(0) + 1;
                parts.push(format!("updated >= \"-{minutes}m\""));
            }
            (None, Some(todo)) => parts.push(format!("status = {}", quoted(todo))),
            (None, None) => parts.push("statusCategory != Done".to_owned()),
        }
        format!("{} ORDER BY updated ASC", parts.join(" AND "))
    }

    async fn list(
        &self,
        since: Option<DateTime<Utc>>,
        page: Option<&str>,
    ) -> Result<TicketPage, TrackerError> {
        // A token belongs to its query, and minutes pass between two pages: the query goes with it.
        let (jql, token) = match page.and_then(|page| page.split_once('\n')) {
            Some((token, jql)) => (jql.to_owned(), Some(token)),
            None => (self.query(since), None),
        };
        let mut body = json!({ "jql": jql, "fields": FIELDS, "maxResults": PAGE });
        if let Some(token) = token {
            body["nextPageToken"] = json!(token);
        }
        let path = "/rest/api/3/search/jql";
        let sent = self
            .http
            .call(&self.bearer, Method::Post, path, Some(&body));
        let found: FoundShape = sent.await?.read()?;
        let next = found
            .next_page_token
            .filter(|_| found.is_last != Some(true));
        let issues = found.issues.into_iter();
        Ok(TicketPage {
            tickets: issues.map(|issue| self.ticket_of(issue)).collect(),
            next: next.map(|token| format!("{token}\n{jql}")),
        })
    }

    fn ticket_of(&self, issue: IssueShape) -> Ticket {
        let open = self.is_open(&issue.fields.status);
        issue.understood(&self.site, open)
    }

    fn is_open(&self, status: &StatusShape) -> bool {
        match &self.todo {
            Some(todo) => same(&status.name, todo),
            None => !is_done(status) && !self.is_called_done(&status.name),
        }
    }

    fn is_called_done(&self, status: &str) -> bool {
        self.done.as_ref().is_some_and(|done| same(status, done))
    }

    fn path(id: &str, rest: &str) -> String {
        format!("/rest/api/3/issue/{}{rest}", encode(id))
    }

    async fn read(&self, id: &str) -> Result<IssueShape, TrackerError> {
        let path = Self::path(id, &format!("?fields={}", FIELDS.join(",")));
        Ok(self.http.get(&self.bearer, &path).await?)
    }

    async fn said(&self, id: &str) -> Result<Vec<TicketComment>, TrackerError> {
        // The newest first, so that of very many the older ones are missing.
        let path = Self::path(
            id,
            &format!("/comment?orderBy=-created&maxResults={COMMENTS_MAX}"),
        );
        let shape: CommentsShape = self.http.get(&self.bearer, &path).await?;
        let comments = shape.comments.into_iter().rev();
        Ok(comments.map(TicketComment::from).collect())
    }

    async fn write(&self, id: &str, body: &str, mark: &str) -> Result<(), TrackerError> {
        let sign = signature(mark);
        if self
            .said(id)
            .await?
            .iter()
            .any(|it| it.body.contains(&sign))
        {
            return Ok(());
        }
        let body = json!({ "body": adf::document(&signed(body, mark)) });
        let path = Self::path(id, "/comment");
        self.post(&path, &body).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(), TrackerError> {
        let sent = self.http.call(&self.bearer, Method::Post, path, Some(body));
        sent.await?;
        Ok(())
    }

    async fn finish(&self, id: &str) -> Result<(), TrackerError> {
        let status = self.read(id).await?.fields.status;
        let is_there = match &self.done {
            Some(done) => same(&status.name, done),
            None => is_done(&status),
        };
        if is_there {
            return Ok(());
        }
        let path = Self::path(id, "/transitions");
        let shape: TransitionsShape = self.http.get(&self.bearer, &path).await?;
        let leads_there = |to: &StatusShape, name: &str| match &self.done {
            Some(done) => same(&to.name, done) || same(name, done),
            None => is_done(to),
        };
        let found = shape
            .transitions
            .iter()
            .find(|it| leads_there(&it.to, &it.name));
        let Some(transition) = found else {
            let there: Vec<&str> = shape
                .transitions
                .iter()
                .map(|it| it.to.name.as_str())
                .collect();
            let done = self.done.as_deref().unwrap_or("a state that is done");
            return Err(TrackerError::Refused(format!(
                "from `{}` nothing leads to {done}; there are: {}",
                status.name,
                there.join(", ")
            )));
        };
        let body = json!({ "transition": { "id": transition.id } });
        self.post(&path, &body).await
    }
}

/// A text inside a query.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn is_done(status: &StatusShape) -> bool {
    status.status_category.key == DONE
}

impl Tracker for Jira {
    fn changed<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        page: Option<&'a str>,
    ) -> Told<'a, TicketPage> {
        Box::pin(self.list(since, page))
    }

    fn ticket<'a>(&'a self, id: &'a str) -> Told<'a, Ticket> {
        Box::pin(async move { Ok(self.ticket_of(self.read(id).await?)) })
    }

    fn comments<'a>(&'a self, id: &'a str) -> Told<'a, Vec<TicketComment>> {
        Box::pin(self.said(id))
    }

    fn comment<'a>(&'a self, id: &'a str, body: &'a str, mark: &'a str) -> Told<'a, ()> {
        Box::pin(self.write(id, body, mark))
    }

    fn set_done<'a>(&'a self, id: &'a str) -> Told<'a, ()> {
        Box::pin(self.finish(id))
    }
}
