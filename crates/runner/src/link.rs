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
use optio_domain::wire::runner::{FRAME_BYTES_MAX, FromRunner, ToRunner, VERSION};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::addresses::{AddressError, Addresses, request};
use crate::clock;
use crate::held::{Input, Sent};
use crate::runs::{End, Runs};
use crate::upkeep;

/// How long dialling may take.
const DIAL_MAX: Duration = Duration::from_secs(5);
/// Between two attempts to dial: at first, and at most.
const DIAL_AGAIN: Duration = Duration::from_millis(50);
const DIAL_AGAIN_MAX: Duration = Duration::from_secs(2);
/// Redirects that are followed at once; more of them mean that nobody knows.
const REDIRECTS_MAX: u32 = 4;
/// How often the runner asks whether anybody is there.
const PING_EVERY: Duration = Duration::from_secs(5);
/// A connection on which nothing was heard for so long is dead.
const SILENCE_MAX: Duration = Duration::from_secs(15);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where to dial, and as whom.
pub(crate) struct Link {
    addresses: Addresses,
    bearer: HeaderValue,
    sandbox: SandboxId,
    up: AtomicBool,
}

/// How a connection ended.
enum Lost {
    /// It broke.
    Gone(String),
    /// Another control plane, there, is the one to talk to.
    Elsewhere(String),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum DialError {
    #[error("{0}")]
    Address(#[from] AddressError),
    #[error("{0}")]
    Socket(#[from] tungstenite::Error),
}

impl Link {
    pub(crate) fn new(
        addresses: Addresses,
        token: &str,
        sandbox: SandboxId,
    ) -> Result<Self, AddressError> {
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| AddressError::Token)?;
        bearer.set_sensitive(true);
        Ok(Self {
            addresses,
            bearer,
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
        let (mut failures, mut redirects) = (0, 0);
        loop {
            match self.once(runs, failures).await {
                Some((Lost::Elsewhere(url), _)) if redirects < REDIRECTS_MAX => {
                    self.addresses.redirect(url);
                    redirects += 1;
                    continue;
                }
                Some((_, true)) => failures = 0,
                Some((_, false)) | None => {}
            }
            redirects = 0;
            tokio::time::sleep(pause(failures, noise())).await;
            failures = failures.saturating_add(1);
        }
    }

    /// Dials every address in turn until one answers, and talks there. How that ended, and whether
    /// anything was heard; nothing where nobody answers.
    async fn once(&self, runs: &Arc<Runs>, failures: u32) -> Option<(Lost, bool)> {
        for url in self.addresses.all() {
            let written = self.addresses.written();
            match self.dial(&url).await {
                Ok(socket) => {
                    tracing::info!(url, "connected");
                    self.up.store(true, Ordering::Relaxed);
                    let ended = self.talk(socket, runs, written).await;
                    self.up.store(false, Ordering::Relaxed);
                    return Some(ended);
                }
                Err(error) if failures == 0 => {
                    tracing::warn!(%error, url, "no connection, will dial again");
                }
                Err(error) => tracing::debug!(%error, url, failures, "no connection"),
            }
            self.addresses.forget_redirect(&url);
        }
        None
    }

    async fn dial(&self, url: &str) -> Result<Socket, DialError> {
        let mut request = request(url)?;
        request
            .headers_mut()
            .insert(header::AUTHORIZATION, self.bearer.clone());
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let dialling = tokio_tungstenite::connect_async_with_config(request, Some(config), true);
        match tokio::time::timeout(DIAL_MAX, dialling).await {
            Ok(answer) => Ok(answer.map(|(socket, _)| socket)?),
            Err(late) => Err(tungstenite::Error::Io(late.into()).into()),
        }
    }

    /// Talks until the connection is lost; how, and whether anything was heard on it.
    async fn talk(
        &self,
        socket: Socket,
        runs: &Arc<Runs>,
        written: Option<String>,
    ) -> (Lost, bool) {
        let (sink, stream) = socket.split();
        let mut heard = false;
        let lost = tokio::select! {
            lost = self.listen(stream, runs, &mut heard) => lost,
            lost = self.tell(sink, runs) => Lost::Gone(lost),
            url = self.addresses.rewritten(written) => Lost::Elsewhere(url),
        };
        match &lost {
            Lost::Gone(reason) => tracing::info!(reason, "connection lost"),
            Lost::Elsewhere(url) => tracing::info!(url, "another control plane runs our agent"),
        }
        (lost, heard)
    }

    /// Does what is wanted until nothing is heard any more.
    async fn listen(
        &self,
        mut stream: SplitStream<Socket>,
        runs: &Arc<Runs>,
        heard: &mut bool,
    ) -> Lost {
        let gone = |reason: &str| Lost::Gone(reason.to_owned());
        loop {
            let message = match tokio::time::timeout(SILENCE_MAX, stream.next()).await {
                Err(_) => return gone("nothing heard"),
                Ok(None) => return gone("closed"),
                Ok(Some(Err(error))) => return gone(&error.to_string()),
                Ok(Some(Ok(message))) => message,
            };
            *heard = true;
            let Message::Text(text) = message else {
                continue;
            };
            match serde_json::from_str(&text) {
                Ok(ToRunner::Redirect { url }) => return Lost::Elsewhere(url),
                Ok(ToRunner::Peers { urls }) => self.addresses.peers(urls),
                Ok(wanted) => obey(runs, wanted),
                // The words may be a newer control plane's; the content may be a secret.
                Err(error) => tracing::warn!(column = error.column(), "frame not understood"),
            }
        }
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
                for (name, outcome) in runs.claims().take_removals() {
                    let removal = FromRunner::Removal { name, outcome };
                    sink.send(Message::text(serde_json::to_string(&removal)?))
                        .await?;
                }
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

fn obey(runs: &Arc<Runs>, wanted: ToRunner) {
    match wanted {
        ToRunner::Start(spec) => runs.start(*spec),
        ToRunner::Stop { run } => runs.stop(run),
        ToRunner::Input { run, input, text } => runs.input(run, Input { id: input, text }),
        ToRunner::Ack { run, seq } => runs.ack(run, seq),
        ToRunner::Forget { run } => runs.forget(run),
        ToRunner::Shutdown => runs.ask_end(End::Asked),
        ToRunner::Refused { reason } => runs.ask_end(End::Refused(reason)),
        // About the connection itself: whoever listens has done it.
        ToRunner::Redirect { .. } | ToRunner::Peers { .. } => {}
        ToRunner::RemoveWorktree {
            name,
            discard_unpushed,
        } => upkeep::begin(runs, name, discard_unpushed),
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
