//! The connection to the control plane: dials, tells what happened, hears what is wanted, and
//! begins again for as long as the runner lives.
//!
//! What is sent is read from the journals, never from a queue in memory: an absent or slow control
//! plane costs disk, within the output limit, and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use optio_domain::id::{RunId, SandboxId};
use optio_domain::wire::runner::{FRAME_BYTES_MAX, FromRunner, PATH, ToRunner, VERSION};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::clock;
use crate::held::Sent;
use crate::runs::{End, Runs};

/// How long dialling may take.
const DIAL_MAX: Duration = Duration::from_secs(5);
/// Between two attempts to dial: at first, and at most.
const DIAL_AGAIN: Duration = Duration::from_millis(50);
const DIAL_AGAIN_MAX: Duration = Duration::from_secs(2);
/// How often the runner asks whether anybody is there.
const PING_EVERY: Duration = Duration::from_secs(10);
/// A connection on which nothing was heard for so long is dead.
const SILENCE_MAX: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where to dial, and as whom.
pub(crate) struct Link {
    request: Request,
    sandbox: SandboxId,
    up: AtomicBool,
}

/// What makes a connection impossible for ever.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("api_url must begin with http://")]
    Scheme,
    #[error("api_url is not an address")]
    Address(#[source] tungstenite::Error),
    #[error("the token has characters that a header cannot carry")]
    Token,
}

impl Link {
    pub(crate) fn new(
        api_url: &str,
        token: &str,
        sandbox: SandboxId,
    ) -> Result<Self, AddressError> {
        let rest = api_url
            .strip_prefix("http://")
            .ok_or(AddressError::Scheme)?;
        let url = format!("ws://{}{PATH}", rest.trim_end_matches('/'));
        let mut request = url.into_client_request().map_err(AddressError::Address)?;
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| AddressError::Token)?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        Ok(Self {
            request,
            sandbox,
            up: AtomicBool::new(false),
        })
    }

    /// Whether there is a connection.
    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// Keeps the connection up, for ever.
    pub(crate) async fn keep(&self, runs: &Arc<Runs>) {
        let mut failures = 0;
        loop {
            match self.dial().await {
                Ok(socket) => {
                    tracing::info!("connected");
                    self.up.store(true, Ordering::Relaxed);
                    let heard = self.talk(socket, runs).await;
                    self.up.store(false, Ordering::Relaxed);
                    if heard {
                        failures = 0;
                    }
                }
                Err(error) if failures == 0 => {
                    tracing::warn!(%error, "no connection, will dial again");
                }
                Err(error) => tracing::debug!(%error, failures, "no connection"),
            }
            tokio::time::sleep(pause(failures, noise())).await;
            failures = failures.saturating_add(1);
        }
    }

    async fn dial(&self) -> Result<Socket, tungstenite::Error> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let dialling =
            tokio_tungstenite::connect_async_with_config(self.request.clone(), Some(config), true);
        match tokio::time::timeout(DIAL_MAX, dialling).await {
            Ok(answer) => answer.map(|(socket, _)| socket),
            Err(late) => Err(tungstenite::Error::Io(late.into())),
        }
    }

    /// Talks until the connection is lost; whether anything was heard on it.
    async fn talk(&self, socket: Socket, runs: &Arc<Runs>) -> bool {
        let (sink, stream) = socket.split();
        let mut heard = false;
        let lost = tokio::select! {
            lost = listen(stream, runs, &mut heard) => lost,
            lost = self.tell(sink, runs) => lost,
        };
        tracing::info!(reason = %lost, "connection lost");
        heard
    }

    /// Says who we are, then everything that is not acknowledged, then what happens.
    async fn tell(&self, mut sink: SplitSink<Socket, Message>, runs: &Runs) -> String {
        let mut news = runs.news();
        let hello = FromRunner::Hello {
            protocol: VERSION,
            runner: env!("CARGO_PKG_VERSION").to_owned(),
            sandbox: self.sandbox,
            runs: runs.views(),
        };
        let mut pings = tokio::time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let told = async {
            sink.send(Message::text(serde_json::to_string(&hello)?))
                .await?;
            let mut sent = BTreeMap::new();
            loop {
                while send_some(&mut sink, runs, &mut sent).await? {}
                tokio::select! {
                    changed = news.changed() => if changed.is_err() { return Ok(()) },
                    _ = pings.tick() => sink.send(Message::Ping(Vec::new().into())).await?,
                }
            }
        };
        let told: Result<(), TellError> = told.await;
        told.err()
            .map_or_else(|| "no runs".to_owned(), |error| error.to_string())
    }
}

#[derive(Debug, thiserror::Error)]
enum TellError {
    #[error("journal not read: {0}")]
    Journal(#[from] std::io::Error),
    #[error("frame not written: {0}")]
    Frame(#[from] serde_json::Error),
    #[error("not sent: {0}")]
    Socket(#[from] tungstenite::Error),
}

/// Sends each run's next frames, so that a talkative run does not keep the others waiting; whether
/// there were any.
async fn send_some(
    sink: &mut SplitSink<Socket, Message>,
    runs: &Runs,
    sent: &mut BTreeMap<RunId, Sent>,
) -> Result<bool, TellError> {
    let all = runs.all();
    sent.retain(|run, _| all.contains_key(run));
    let mut any = false;
    for (run, held) in all {
        let (frames, after) = held.batch(sent.get(&run).copied())?;
        any |= !frames.is_empty();
        for frame in frames {
            sink.feed(Message::text(frame)).await?;
        }
        sink.flush().await?;
        if let Some(after) = after {
            sent.insert(run, after);
        }
    }
    Ok(any)
}

/// Does what is wanted until nothing is heard any more.
async fn listen(mut stream: SplitStream<Socket>, runs: &Arc<Runs>, heard: &mut bool) -> String {
    loop {
        let message = match tokio::time::timeout(SILENCE_MAX, stream.next()).await {
            Err(_) => return "nothing heard".to_owned(),
            Ok(None) => return "closed".to_owned(),
            Ok(Some(Err(error))) => return error.to_string(),
            Ok(Some(Ok(message))) => message,
        };
        *heard = true;
        if let Message::Text(text) = message {
            match serde_json::from_str(&text) {
                Ok(wanted) => obey(runs, wanted),
                // The words may be a newer control plane's; the content may be a secret.
                Err(error) => tracing::warn!(column = error.column(), "frame not understood"),
            }
        }
    }
}

fn obey(runs: &Arc<Runs>, wanted: ToRunner) {
    match wanted {
        ToRunner::Start(spec) => runs.start(*spec),
        ToRunner::Stop { run } => runs.stop(run),
        ToRunner::Ack { run, seq } => runs.ack(run, seq),
        ToRunner::Forget { run } => runs.forget(run),
        ToRunner::Shutdown => runs.ask_end(End::Asked),
        ToRunner::Refused { reason } => runs.ask_end(End::Refused(reason)),
    }
}

/// How long to wait after so many failures: doubling, with up to a quarter less, so that many
/// runners do not come back in one moment.
fn pause(failures: u32, noise: u32) -> Duration {
    let whole = (DIAL_AGAIN * 2_u32.pow(failures.min(6))).min(DIAL_AGAIN_MAX);
    whole - whole / 4 * (noise % 1_000) / 1_000
}

/// A number that differs between runners and between moments. Nothing depends on more than that.
fn noise() -> u32 {
    clock::now().timestamp_subsec_nanos() ^ std::process::id().wrapping_mul(0x9E37_79B9)
}
