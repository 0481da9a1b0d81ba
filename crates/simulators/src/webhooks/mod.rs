//! A receiver of webhooks: it remembers what comes, checks the signatures by its own reading of their
//! rules, and answers as it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::model::SimulatorError;

mod signatures;

pub use signatures::Signature;

/// Bytes of one delivery that are read.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How long a receiver that is stopped waits for whoever it answers.
const STOP_MAX: Duration = Duration::from_secs(2);
/// How many bytes of a large answer go out at once.
const CHUNK_BYTES: usize = 16 << 10;

/// What is answered to one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A status, with a word.
    Status(u16),
    /// A status, and when to come again.
    PutOff {
        /// The status.
        status: u16,
        /// The header.
        retry_after: String,
    },
    /// Somewhere else.
    Redirect(String),
    /// 200, after this time.
    Slow(Duration),
    /// 200, and then so many bytes.
    Huge(usize),
    /// 200, and a body that never ends nor goes on.
    Stuck,
    /// Nothing: the connection is held and never answered.
    Hang,
}

/// A delivery that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The path.
    pub path: String,
    /// The headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
    /// What `webhook-signature` is worth.
    pub standard: Signature,
    /// What `x-optio-signature` is worth.
    pub seed: Signature,
}

impl Received {
    /// One header, nothing where it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

#[derive(Default)]
struct Memory {
    replies: VecDeque<Reply>,
    received: Vec<Received>,
}

#[derive(Clone)]
struct Shared {
    memory: Arc<Mutex<Memory>>,
    secret: Arc<str>,
    stop: CancellationToken,
}

impl Shared {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running receiver.
pub struct WebhookReceiver {
    address: SocketAddr,
    shared: Shared,
    server: JoinHandle<()>,
}

impl WebhookReceiver {
    /// Begins to listen. What comes should be signed with the secret.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn start(listen: SocketAddr, secret: &str) -> Result<Self, SimulatorError> {
        let listener =
            TcpListener::bind(listen)
                .await
                .map_err(|source| SimulatorError::Listen {
                    address: listen,
                    source,
                })?;
        let address = listener.local_addr().unwrap_or(listen);
        let shared = Shared {
            memory: Arc::default(),
            secret: secret.into(),
            stop: CancellationToken::new(),
        };
        let router = Router::new().fallback(serve).with_state(shared.clone());
        let stopped = shared.stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(stopped);
            if let Err(error) = served.await {
                tracing::warn!(%error, "webhook receiver failed");
            }
        });
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to deliver to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What the next deliveries are answered, one each; those after them 200.
    pub fn answers(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.memory().replies.extend(replies);
    }

    /// What came, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.memory().received.clone()
    }

    /// Stops, and breaks off the answers under way.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        let stopped = tokio::time::timeout(STOP_MAX, &mut self.server).await;
        if stopped.is_err() {
            self.server.abort();
        }
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let headers = plain(&parts.headers);
    let received = Received {
        path: parts.uri.path().to_owned(),
        standard: signatures::standard(&shared.secret, &headers, &body),
        seed: signatures::seed(&shared.secret, &headers, &body),
        body: String::from_utf8_lossy(&body).into_owned(),
        headers,
    };
    let reply = {
        let mut memory = shared.memory();
        memory.received.push(received);
        memory.replies.pop_front()
    };
    tokio::select! {
        () = shared.stop.cancelled() => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        response = answer(reply.unwrap_or(Reply::Status(200)), shared.stop.clone()) => response,
    }
}

fn plain(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect()
}

async fn answer(reply: Reply, stop: CancellationToken) -> Response {
    let status = |status| StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    match reply {
        Reply::Status(code) => (status(code), format!("it is {code}")).into_response(),
        Reply::PutOff {
            status: code,
            retry_after,
        } => (status(code), [(header::RETRY_AFTER, retry_after)]).into_response(),
        Reply::Redirect(to) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Reply::Slow(pause) => {
            tokio::time::sleep(pause).await;
            StatusCode::OK.into_response()
        }
        Reply::Huge(bytes) => huge(bytes).into_response(),
        Reply::Stuck => stuck(stop).into_response(),
        Reply::Hang => std::future::pending().await,
    }
}

fn huge(bytes: usize) -> Body {
    Body::from_stream(async_stream::stream! {
        let mut left = bytes;
        while 0 < left {
            let size = left.min(CHUNK_BYTES);
            left -= size;
            yield Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; size]));
        }
    })
}

fn stuck(stop: CancellationToken) -> Body {
    Body::from_stream(async_stream::stream! {
        yield Ok(Bytes::from_static(b"so far"));
        stop.cancelled().await;
        yield Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted));
    })
}
