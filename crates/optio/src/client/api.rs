//! The connection to a server: requests, pages, and refusals in words.

use std::{io::Write, time::Duration};

use optio_domain::ports::Ids;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::Value;
use uuid::Uuid;

use super::view;
use crate::{
    config::{ClientConfig, Secret},
    failure::{Exit, Failure},
    machine::RandomIds,
};

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long a request may take.
const REQUEST_MAX: Duration = Duration::from_secs(60);
/// How long a live stream may be silent before it is taken for dead; servers send a sign of life
/// more often than that.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Entries asked for with each page.
const PAGE_MAX: usize = 200;
/// Pages read of one list.
const PAGES_MAX: usize = 1_000;
/// Characters shown of an answer that is not in the form of the API.
const ANSWER_CHARS_MAX: usize = 200;

/// A server and how to sign in.
#[derive(Debug)]
pub struct Api {
    http: reqwest::Client,
    server: String,
    token: Option<Secret>,
}

impl Api {
    /// Prepares to talk to a server. Nothing is sent yet.
    ///
    /// # Errors
    /// When this build cannot speak to such an address.
    pub fn new(config: ClientConfig) -> Result<Self, Failure> {
        if config.server.starts_with("https://") {
            return Err(Failure::usage(format!(
                "this build speaks no TLS and cannot reach {}; use a http:// address, as that of \
                 a tunnel to the server",
                config.server
            )));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_MAX)
            .read_timeout(SILENCE_MAX)
            .build()
            .map_err(|error| Failure::general(format!("no HTTP client: {}", chain(&error))))?;
        Ok(Self {
            http,
            server: config.server,
            token: config.token,
        })
    }

    /// Asks for something.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.answer(self.request(Method::GET, path)).await
    }

    /// Asks for all pages of a list, whose entries are the member of that name.
    pub(super) async fn list(&self, path: &str, member: &str) -> Result<Vec<Value>, Failure> {
        let mut entries = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let limit = PAGE_MAX.to_string();
            let mut query = vec![("limit", limit.as_str())];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let request = self.request(Method::GET, path).query(&query);
            let mut page = self.answer(request).await?;
            if let Some(Value::Array(more)) = page.get_mut(member).map(Value::take) {
                entries.extend(more);
            }
            let next = page["nextCursor"].as_str().map(str::to_owned);
            // A cursor that does not move would never end.
            if next.is_none() || next == cursor {
                return Ok(entries);
            }
            cursor = next;
        }
        Ok(entries)
    }

    /// Changes something. A repetition of the same request is told by its key.
    pub(super) async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let mut request = self
            .request(method, path)
            .header("Idempotency-Key", RandomIds.fresh().to_string());
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(request).await
    }

    /// Opens a live stream after the event of that id; `None` when there is nothing more to come.
    pub(super) async fn stream(
        &self,
        path: &str,
        last_event_id: Option<&str>,
    ) -> Result<Option<Response>, Failure> {
        let mut request = self
            .request(Method::GET, path)
            .header(header::ACCEPT, "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let response = request.send().await.map_err(|error| self.lost(&error))?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(None),
            status if status.is_success() => Ok(Some(response)),
            _ => Err(refusal(response).await),
        }
    }

    /// Writes what is at a path, whatever it is.
    pub(super) async fn save(
        &self,
        path: &str,
        to: &mut (dyn Write + Send),
    ) -> Result<(), Failure> {
        let request = self.request(Method::GET, path);
        let mut response = request.send().await.map_err(|error| self.lost(&error))?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        while let Some(part) = response.chunk().await.map_err(|error| self.lost(&error))? {
            to.write_all(&part)
                .map_err(|error| Failure::general(format!("it cannot be written: {error}")))?;
        }
        Ok(())
    }

    /// The id of the agent with that slug or id.
    pub(super) async fn agent_id(&self, who: &str) -> Result<Uuid, Failure> {
        if let Ok(id) = who.parse() {
            return Ok(id);
        }
        let agents = self.list("/api/persistent-agents", "agents").await?;
        let agent = agents.iter().find(|agent| agent["slug"] == who);
        let id = agent.and_then(|agent| agent["id"].as_str()?.parse().ok());
        id.ok_or_else(|| {
            Failure::new(
                Exit::NotFound,
                format!("there is no agent {who:?}; `optio agent list` shows those there are"),
            )
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.server));
        match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        }
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let request = request.timeout(REQUEST_MAX);
        let response = request.send().await.map_err(|error| self.lost(&error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(response).await);
        }
        let body = response.bytes().await.map_err(|error| self.lost(&error))?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| {
            Failure::general(format!(
                "{} answered something that is not JSON; is it an Optio?",
                self.server
            ))
        })
    }

    fn lost(&self, error: &reqwest::Error) -> Failure {
        let server = &self.server;
        if error.is_connect() {
            return Failure::general(format!("no Optio at {server}; start it with `optio dev`"))
                .with([chain(error)]);
        }
        if error.is_timeout() {
            return Failure::general(format!("{server} did not answer in time"));
        }
        Failure::general(format!("the connection to {server} failed")).with([chain(error)])
    }
}

/// The failure that an answer of the server means.
async fn refusal(response: Response) -> Failure {
    let status = response.status();
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let body = response.text().await.unwrap_or_default();
    let problem: Value = serde_json::from_str(&body).unwrap_or_default();
    let exit = match status.as_u16() {
        401 | 403 => Exit::Auth,
        404 => Exit::NotFound,
        409 => Exit::Conflict,
        _ => Exit::General,
    };
    let message = ["error", "detail", "title"]
        .iter()
        .find_map(|member| problem[member].as_str())
        .map_or_else(
            || {
                let start: String = body.chars().take(ANSWER_CHARS_MAX).collect();
                format!("{status} {start}").trim_end().to_owned()
            },
            str::to_owned,
        );
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let rules = errors
        .iter()
        .map(|it| format!("{}: {}", view::text(it, "field"), view::text(it, "rule")))
        .filter(|rule| *rule != message);
    let mut failure = Failure::new(exit, view::clean(&message)).with(rules);
    if status == StatusCode::UNAUTHORIZED {
        let remedy = "give a token with --token or in OPTIO_TOKEN";
        failure.details.push(remedy.to_owned());
    }
    if let Some(seconds) = retry_after {
        failure.details.push(format!("try again in {seconds} s"));
    }
    failure
}

/// An error with all its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
