//! What every simulated tracker has: a place to listen, faults on request, and what was asked of it.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::git_host::faults::{FaultKind, Faults, pause};
use crate::git_host::http::{cut, parts, query};
use crate::git_host::{Asked, Fault, STOP_MAX, keep};
use crate::model::SimulatorError;

const BODY_BYTES_MAX: usize = 8 << 20;

/// One call as it comes in.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The parts of the path, decoded.
    pub(crate) path: Vec<String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Value,
    headers: BTreeMap<String, String>,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }
}

/// A tracker as it answers, one call after the other.
pub(crate) trait Stand: Send + 'static {
    /// Its name in logs.
    const NAME: &'static str;
    fn answer(&mut self, call: &Call) -> Reply;
    /// What it says when it is broken.
    fn broken(&self, status: u16) -> Reply;
    /// What it says to whoever calls too often.
    fn limited(&self, retry_after_s: u64) -> Reply;
}

/// A tracker that listens. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct House<S> {
    address: SocketAddr,
    shared: Shared<S>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared<S> {
    stand: Arc<Mutex<S>>,
    book: Arc<Mutex<Book>>,
    stop: CancellationToken,
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self {
            stand: Arc::clone(&self.stand),
            book: Arc::clone(&self.book),
            stop: self.stop.clone(),
        }
    }
}

/// What is to go wrong, and what was asked.
#[derive(Debug, Default)]
struct Book {
    faults: Faults,
    asked: VecDeque<Asked>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Stand> House<S> {
    /// Starts to listen, with what is made for the address.
    pub(crate) async fn start(
        listen: SocketAddr,
        make: impl FnOnce(String) -> S,
    ) -> Result<Self, SimulatorError> {
        let refused = |source| SimulatorError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let shared = Shared {
            stand: Arc::new(Mutex::new(make(format!("http://{address}")))),
            book: Arc::default(),
            stop: CancellationToken::new(),
        };
        let router = Router::new()
            .fallback(serve::<S>)
            .with_state(shared.clone());
        let stopped = shared.stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(stopped);
            if let Err(error) = served.await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, name = S::NAME, "a simulator failed");
            }
        });
        tracing::info!(%address, name = S::NAME, "a simulator listens");
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The lock around what is remembered. It is never held across an await.
    pub(crate) fn stand(&self) -> MutexGuard<'_, S> {
        lock(&self.shared.stand)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.book).asked.iter().cloned().collect()
    }

    pub(crate) fn fail(&self, fault: Fault) {
        lock(&self.shared.book).faults.add(fault);
    }

    pub(crate) fn mend(&self) {
        lock(&self.shared.book).faults.clear();
    }

    pub(crate) async fn stop(mut self) {
        self.shared.stop.cancel();
        let ended = tokio::time::timeout(STOP_MAX, &mut self.server).await;
        if ended.is_err() {
            self.server.abort();
        }
    }
}

impl<S> Drop for House<S> {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn serve<S: Stand>(State(shared): State<Shared<S>>, request: Request) -> Response {
    let (parts_of, body) = request.into_parts();
    let path = parts_of.uri.path().to_owned();
    let method = parts_of.method.clone();
    let fault = lock(&shared.book).faults.of_request(method.as_str(), &path);
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    if let Some(FaultKind::Slow { ms }) = &fault {
        tokio::time::sleep(pause(*ms)).await;
    }
    let headers = parts_of.headers.iter();
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    let call = Call {
        method: method.clone(),
        path: parts(&path),
        query: query(&parts_of.uri),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
    };
    let reply = {
        let mut stand = lock(&shared.stand);
        match &fault {
            Some(FaultKind::Status { status }) => stand.broken(*status),
            Some(FaultKind::RateLimit) => stand.limited(60),
            Some(FaultKind::SecondaryLimit { retry_after_s }) => stand.limited(*retry_after_s),
            Some(
                FaultKind::Slow { .. }
                | FaultKind::LostAnswer
                | FaultKind::LostEvent
                | FaultKind::DoubleEvent,
            )
            | None => stand.answer(&call),
        }
    };
    let asked = Asked {
        method: method.as_str().to_owned(),
        path: parts_of
            .uri
            .path_and_query()
            .map_or_else(String::new, |path| path.as_str().to_owned()),
        status: reply.status,
        counted: true,
    };
    tracing::debug!(
        name = S::NAME,
        path = asked.path,
        status = asked.status,
        "asked"
    );
    keep(&mut lock(&shared.book).asked, asked);
    if fault == Some(FaultKind::LostAnswer) {
        return cut();
    }
    respond(reply)
}

fn respond(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_REQUEST);
    if reply.body.is_null() {
        return status.into_response();
    }
    let kind = [(header::CONTENT_TYPE, "application/json")];
    let mut response = (status, kind, reply.body.to_string()).into_response();
    for (name, value) in reply.headers {
        if let Ok(value) = value.parse() {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// What the clock of this machine says.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::<Utc>::from(std::time::SystemTime::now())
}

/// The same, as trackers write it that know milliseconds.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// An identity that nothing else in this simulator has.
pub(crate) fn identity(kind: u16, number: u64) -> String {
    format!("{:08x}-{kind:04x}-4000-8000-{number:012x}", number * 7_919)
}

/// A ticket of a setup, whichever tracker it is in.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TicketSetup {
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Who opens it.
    pub author: String,
    /// Its labels.
    pub labels: Vec<String>,
}

/// A ticket as it stands in a simulated tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketSeen {
    /// Its labels.
    pub labels: Vec<String>,
    /// The name of its state.
    pub state: String,
    /// Who said what, oldest first.
    pub comments: Vec<(String, String)>,
}
