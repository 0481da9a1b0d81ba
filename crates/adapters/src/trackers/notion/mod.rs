//! Notion, over its API of the version below (<https://developers.notion.com/reference>).
//!
//! A database says itself which of its properties hold labels, states and titles. Its last change is told
//! in whole minutes, so that what changed in the minute of the last look is read again.

mod answers;
mod schema;
mod text;

use chrono::{DateTime, SecondsFormat, Utc};
use optio_domain::{
    ports::{Told, Tracker},
    secret::SecretText,
    tracker::{
        COMMENTS_MAX, Place, Ticket, TicketComment, TicketPage, TrackerError, TrackerSpec,
        signature, signed,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use self::answers::DIALECT;
use self::schema::{PageShape, Schema, Words};
use crate::git_hosts::rest::{Bearer, Http, Method, encode, plain_token};

/// Pages of a list, as many as Notion gives at once.
const PAGE: u32 = 100;
/// Lists of blocks read of one page: its text is cut where there are more.
const LISTS_MAX: usize = 20;
/// Pages of comments read. Notion begins with the oldest.
const COMMENT_PAGES_MAX: usize = 20;

/// Pages of a database that bear a label.
pub(super) struct Notion {
    http: Http,
    bearer: Bearer,
    database: String,
    label: String,
    words: Words,
}

/// A part of a list.
#[derive(Deserialize)]
struct Part {
    results: Vec<Value>,
    #[serde(default)]
    has_more: bool,
    #[serde(default)]
    next_cursor: Option<String>,
}

impl Part {
    fn next(&self) -> Option<String> {
        self.next_cursor.clone().filter(|_| self.has_more)
    }
}

impl Notion {
    pub(super) fn new(
        http: Http,
        spec: &TrackerSpec,
        token: &SecretText,
    ) -> Result<Self, TrackerError> {
        let Place::Notion {
            database,
            status_property,
            done_value,
            title_property,
        } = &spec.place
        else {
            return Err(TrackerError::Refused(
                "it is no tracker of Notion".to_owned(),
            ));
        };
        let token = plain_token(token.reveal()).ok_or_else(|| {
            TrackerError::Refused("the key holds characters that no key has".to_owned())
        })?;
        Ok(Self {
            http,
            bearer: Bearer {
                name: String::new(),
                token,
            },
            database: database.clone(),
            label: spec.label.clone(),
            words: Words {
                status: status_property.clone(),
                done: done_value.clone(),
                title: title_property.clone(),
            },
        })
    }

    async fn get(&self, path: &str) -> Result<Value, TrackerError> {
        Ok(self.http.get(&self.bearer, path).await?)
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, TrackerError> {
        let sent = self.http.call(&self.bearer, method, path, Some(body));
        Ok(sent.await?.read()?)
    }

    async fn schema(&self) -> Result<Schema, TrackerError> {
        let path = format!("/v1/databases/{}", encode(&self.database));
        Schema::read(&self.get(&path).await?, &self.words)
    }

    async fn list(
        &self,
        since: Option<DateTime<Utc>>,
        page: Option<&str>,
    ) -> Result<TicketPage, TrackerError> {
        let schema = self.schema().await?;
        let mut all = vec![schema.bears(&self.label)];
        match since {
            Some(since) => {
                let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
                all.push(json!({ "timestamp": "last_edited_time",
                                 "last_edited_time": { "on_or_after": since } }));
            }
            None => all.extend(schema.are_not_done(&self.words)),
        }
        let mut body = json!({
            "filter": { "and": all }, "page_size": PAGE,
            "sorts": [{ "timestamp": "last_edited_time", "direction": "descending" }],
        });
        if let Some(page) = page {
            body["start_cursor"] = json!(page);
        }
        let path = format!("/v1/databases/{}/query", encode(&self.database));
        let part: Part = read(self.send(Method::Post, &path, &body).await?)?;
        let next = part.next();
        let pages = part.results.into_iter().map(read::<PageShape>);
        let pages: Vec<PageShape> = pages.collect::<Result<_, _>>()?;
        Ok(TicketPage {
            tickets: pages
                .iter()
                .map(|page| schema.ticket(page, &self.words, String::new()))
                .collect(),
            next,
        })
    }

    async fn page(&self, id: &str) -> Result<PageShape, TrackerError> {
        read(self.get(&format!("/v1/pages/{}", encode(id))).await?)
    }

    async fn whole(&self, id: &str) -> Result<Ticket, TrackerError> {
        let schema = self.schema().await?;
        let page = self.page(id).await?;
        let mut lists_left = LISTS_MAX;
        let lines = self.blocks(id.to_owned(), 0, &mut lists_left).await?;
        Ok(schema.ticket(&page, &self.words, lines.join("\n")))
    }

    /// The text of a block or page, with what is inside its blocks, as far as so many lists hold it.
    fn blocks<'a>(
        &'a self,
        id: String,
        depth: usize,
        lists_left: &'a mut usize,
    ) -> Told<'a, Vec<String>> {
        Box::pin(async move {
            let (mut lines, mut cursor) = (Vec::new(), None::<String>);
            loop {
                if *lists_left == 0 {
                    lines.push("[cut: there is more on the page]".to_owned());
                    return Ok(lines);
                }
                *lists_left -= 1;
                let part = self.children(&id, cursor.as_deref()).await?;
                for child in &part.results {
                    lines.extend(text::block(child, depth));
                    if let Some(inner) = text::inside(child, depth) {
                        lines.extend(self.blocks(inner, depth + 1, lists_left).await?);
                    }
                }
                cursor = part.next();
                if cursor.is_none() {
                    return Ok(lines);
                }
            }
        })
    }

    async fn children(&self, block: &str, cursor: Option<&str>) -> Result<Part, TrackerError> {
        let mut path = format!("/v1/blocks/{}/children?page_size={PAGE}", encode(block));
        if let Some(cursor) = cursor {
            path.push_str(&format!("&start_cursor={}", encode(cursor)));
        }
        read(self.get(&path).await?)
    }

    async fn said(&self, id: &str) -> Result<Vec<TicketComment>, TrackerError> {
        let (mut said, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..COMMENT_PAGES_MAX {
            let mut path = format!("/v1/comments?block_id={}&page_size={PAGE}", encode(id));
            if let Some(cursor) = &cursor {
                path.push_str(&format!("&start_cursor={}", encode(cursor)));
            }
            let part: Part = read(self.get(&path).await?)?;
            said.extend(part.results.iter().filter_map(text::comment));
            cursor = part.next();
            if cursor.is_none() {
                break;
            }
        }
        let older = said.len().saturating_sub(COMMENTS_MAX);
        Ok(said.split_off(older))
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
        let body =
            json!({ "parent": { "page_id": id }, "rich_text": text::rich(&signed(body, mark)) });
        self.send(Method::Post, "/v1/comments", &body).await?;
        Ok(())
    }

    async fn finish(&self, id: &str) -> Result<(), TrackerError> {
        let schema = self.schema().await?;
        let page = self.page(id).await?;
        if schema.is_done(&page, &self.words) {
            return Ok(());
        }
        let body = json!({ "properties": schema.done(&self.words) });
        let path = format!("/v1/pages/{}", encode(id));
        self.send(Method::Patch, &path, &body).await?;
        Ok(())
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, TrackerError> {
    serde_json::from_value(value).map_err(|error| {
        TrackerError::Busy(format!("the answer is not what was expected: {error}"))
    })
}

impl Tracker for Notion {
    fn changed<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        page: Option<&'a str>,
    ) -> Told<'a, TicketPage> {
        Box::pin(self.list(since, page))
    }

    fn ticket<'a>(&'a self, id: &'a str) -> Told<'a, Ticket> {
        Box::pin(self.whole(id))
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
