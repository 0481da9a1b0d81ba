//! Linear, over its GraphQL API (<https://linear.app/developers/graphql>).
//!
//! Issues are listed from the newest change on, by cursors that stay where they are; whatever changes
//! meanwhile is at the beginning of the next round.

mod answers;
mod shapes;

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use optio_domain::{
    ports::{Clock, Told, Tracker},
    secret::SecretText,
    tracker::{COMMENTS_MAX, Ticket, TicketComment, TicketPage, TrackerError, signature, signed},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::{
    answers::{DIALECT, data},
    shapes::{Commented, Issues, OneIssue, States, Updated},
};
use crate::git_hosts::rest::{Bearer, Http, Method, plain_token};

/// Issues of a page.
const PAGE: u32 = 50;
/// The kinds of state in which nobody works on an issue any more.
const OVER: [&str; 3] = ["completed", "canceled", "duplicate"];

const LIST: &str = "query($filter: IssueFilter, $first: Int, $after: String) {
  issues(filter: $filter, first: $first, after: $after, orderBy: updatedAt) {
    nodes { id identifier url title description updatedAt creator { displayName } state { type } labels { nodes { name } } }
    pageInfo { hasNextPage endCursor }
  }
}";
const ONE: &str = "query($id: String!) {
  issue(id: $id) {
    id identifier url title description updatedAt creator { displayName } state { type } labels { nodes { name } }
  }
}";
/// The newest come first.
const COMMENTS: &str = "query($id: String!, $first: Int) {
  issue(id: $id) {
    comments(first: $first, orderBy: createdAt) { nodes { body createdAt user { displayName } } }
  }
}";
const STATES: &str = "query($id: String!) {
  issue(id: $id) {
    state { type }
    team { states(first: 250) { nodes { id type position } } }
  }
}";
const COMMENT: &str = "mutation($input: CommentCreateInput!) {
  commentCreate(input: $input) { success }
}";
const UPDATE: &str = "mutation($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success }
}";

/// Which issues are looked at.
#[derive(Debug)]
pub(super) struct Only {
    pub(super) label: String,
    pub(super) team: Option<String>,
    pub(super) project: Option<String>,
}

/// Issues of Linear that bear a label.
pub(super) struct Linear {
    http: Http,
    /// The path of the address, which is all there is.
    path: String,
    bearer: Bearer,
    only: Only,
    clock: Arc<dyn Clock>,
}

impl Linear {
    pub(super) fn new(
        api_url: &str,
        clock: Arc<dyn Clock>,
        only: Only,
        token: &SecretText,
    ) -> Result<Self, TrackerError> {
        let refused = |words: &str| TrackerError::Refused(words.to_owned());
        let after = api_url.find("://").map_or(0, |at| at + 3);
        let slash = api_url[after..].find('/').map(|at| at + after);
        let (base, path) = api_url.split_at(slash.unwrap_or(api_url.len()));
        let token = plain_token(token.reveal());
        Ok(Self {
            http: super::open(base, DIALECT, &clock)?,
            path: if path.is_empty() { "/" } else { path }.to_owned(),
            bearer: Bearer {
                name: String::new(),
                token: token.ok_or_else(|| refused("the key holds characters that no key has"))?,
            },
            only,
            clock,
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        query: &str,
        variables: Value,
    ) -> Result<T, TrackerError> {
        let body = json!({ "query": query, "variables": variables });
        let sent = self
            .http
            .call(&self.bearer, Method::Post, &self.path, Some(&body));
        data(&sent.await?, self.clock.now())
    }

    fn filter(&self, since: Option<DateTime<Utc>>) -> Value {
        let mut filter = json!({
            "labels": { "some": { "name": { "eqIgnoreCase": self.only.label } } },
        });
        match since {
            Some(since) => {
                let since = since.to_rfc3339_opts(SecondsFormat::Millis, true);
                filter["updatedAt"] = json!({ "gte": since });
            }
            None => filter["state"] = json!({ "type": { "nin": OVER } }),
        }
        if let Some(team) = &self.only.team {
            filter["team"] = json!({ "id": { "eq": team } });
        }
        if let Some(project) = &self.only.project {
            filter["project"] = json!({ "id": { "eq": project } });
        }
        filter
    }

    async fn list(
        &self,
        since: Option<DateTime<Utc>>,
        page: Option<&str>,
    ) -> Result<TicketPage, TrackerError> {
        let variables = json!({ "filter": self.filter(since), "first": PAGE, "after": page });
        let Issues { issues } = self.ask(LIST, variables).await?;
        let next = issues.page_info.end_cursor;
        Ok(TicketPage {
            tickets: issues.nodes.into_iter().map(Ticket::from).collect(),
            next: next.filter(|_| issues.page_info.has_next_page),
        })
    }

    async fn said(&self, id: &str) -> Result<Vec<TicketComment>, TrackerError> {
        let variables = json!({ "id": id, "first": COMMENTS_MAX });
        let Commented { issue } = self.ask(COMMENTS, variables).await?;
        let oldest = issue.comments.nodes.into_iter().rev();
        let mut said: Vec<TicketComment> = oldest.map(TicketComment::from).collect();
        said.sort_by_key(|comment| comment.at);
        Ok(said)
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
        let input = json!({ "issueId": id, "body": signed(body, mark) });
        let done: Updated = self.ask(COMMENT, json!({ "input": input })).await?;
        done.succeeded("comment")
    }

    /// The first of the team's states that is called completed, as people have put them in order.
    async fn finish(&self, id: &str) -> Result<(), TrackerError> {
        let States { issue } = self.ask(STATES, json!({ "id": id })).await?;
        if OVER.contains(&issue.state.kind.as_str()) {
            return Ok(());
        }
        let states = issue.team.states.nodes.into_iter();
        let done = states
            .filter(|state| state.kind == "completed")
            .min_by(|a, b| a.position.total_cmp(&b.position));
        let done = done.ok_or_else(|| {
            TrackerError::Refused("its team has no state of the kind completed".to_owned())
        })?;
        let variables = json!({ "id": id, "input": { "stateId": done.id } });
        let done: Updated = self.ask(UPDATE, variables).await?;
        done.succeeded("state")
    }
}

impl Tracker for Linear {
    fn changed<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        page: Option<&'a str>,
    ) -> Told<'a, TicketPage> {
        Box::pin(self.list(since, page))
    }

    fn ticket<'a>(&'a self, id: &'a str) -> Told<'a, Ticket> {
        Box::pin(async move {
            let OneIssue { issue } = self.ask(ONE, json!({ "id": id })).await?;
            Ok(issue.into())
        })
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
