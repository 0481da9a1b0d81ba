//! The endpoint runners dial: one WebSocket per sandbox.

use std::time::Duration;

use axum::{
    Json,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::HeaderMap,
    response::Response,
};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _, stream::SplitStream};
use optio_actors::reports::ReportError;
use optio_domain::{
    id::SandboxId,
    ports::Unrecognised,
    token::SandboxClaims,
    wire::{
        checkout::Removal,
        runner::{FRAME_BYTES_MAX, FromRunner, RunEvent, ToRunner, TokenAnswer, VERSION},
    },
};
use optio_runtime::Whose;
use tokio::sync::mpsc;

use crate::{Gateway, caller::bearer, error::ApiError};

/// How long a runner may take to say who it is.
const HELLO_MAX: Duration = Duration::from_secs(10);
/// How long a runner may say nothing: it pings every ten seconds.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// Events stored by one transaction, and bytes of them after which no more are waited for.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 << 20;
/// How long we wait before asking an absent database again.
const AWAY_PAUSE: Duration = Duration::from_millis(500);
/// Seconds after which a pod asks again who cannot be recognised now.
const RETRY_S: u32 = 2;
/// Frames that wait to be sent.
const WAITING_MAX: usize = 64;

/// Accepts a runner.
pub(crate) async fn connect(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let token =
        bearer(&headers).ok_or_else(|| ApiError::Unauthorized("no sandbox token".to_owned()))?;
    let claims = gateway
        .world()
        .signer
        .read_sandbox(&token)
        .map_err(|_unknown| ApiError::Unauthorized("the sandbox token is unknown".to_owned()))?;
    Ok(upgrade
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .on_upgrade(move |socket| serve(gateway, claims.sandbox, socket)))
}

/// Gives the runner of a pod its token, where it proves which pod it is.
pub(crate) async fn enrol(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
) -> Result<Json<TokenAnswer>, ApiError> {
    let proof = bearer(&headers)
        .ok_or_else(|| ApiError::Unauthorized("no proof of identity".to_owned()))?;
    let world = gateway.world();
    match world.sandboxes.recognise(&proof).await {
        Ok(sandbox) => {
            tracing::info!(sandbox.id = %sandbox, "a pod has proved which sandbox it is");
            let token = world.signer.sandbox(&SandboxClaims { sandbox });
            Ok(Json(TokenAnswer { token }))
        }
        Err(Unrecognised::Refused(words)) => {
            tracing::warn!(%words, "a pod was not recognised");
            Err(ApiError::Unauthorized(words))
        }
        Err(error @ Unrecognised::Away(_)) => {
            Err(ApiError::Unavailable(error.to_string(), RETRY_S))
        }
    }
}

async fn serve(gateway: Gateway, sandbox: SandboxId, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let hello = tokio::time::timeout(HELLO_MAX, next_frame(&mut stream)).await;
    let Ok(Some(FromRunner::Hello {
        protocol,
        sandbox: claimed,
        runs,
        ..
    })) = hello
    else {
        tracing::warn!(sandbox.id = %sandbox, "a runner did not say who it is");
        return;
    };
    if protocol != VERSION || claimed != sandbox {
        let reason = format!(
            "this control plane speaks version {VERSION} with sandbox {sandbox}, not version \
             {protocol} with sandbox {claimed}"
        );
        drop(sink.send(text(&ToRunner::Refused { reason })).await);
        return;
    }
    let links = &gateway.world().links;
    let (connection, mut orders) = links.connect(sandbox, &runs);
    // Looked at only now: whoever is connected is told when that changes.
    if let Whose::Theirs { url, .. } = links.whose(sandbox) {
        links.disconnect(&connection);
        drop(sink.send(text(&ToRunner::Redirect { url })).await);
        // Ours to close, but the words must not be overtaken.
        drop(sink.close().await);
        return;
    }
    let (answers, mut answered) = mpsc::channel::<ToRunner>(WAITING_MAX);
    let writer = tokio::spawn(async move {
        loop {
            let frame = tokio::select! {
                Some(frame) = answered.recv() => frame,
                Some(frame) = orders.recv() => frame,
                else => break,
            };
            if sink.send(text(&frame)).await.is_err() {
                break;
            }
        }
    });
    let urls = gateway.world().links.peers().urls();
    if !urls.is_empty() {
        drop(answers.send(ToRunner::Peers { urls }).await);
    }
    let said = match gateway.reports().hello(sandbox, &runs).await {
        Ok(said) => said,
        Err(error) => {
            tracing::debug!(sandbox.id = %sandbox, %error, "a runner could not be greeted");
            Vec::new()
        }
    };
    for frame in said {
        drop(answers.send(frame).await);
    }
    listen(&gateway, sandbox, &mut stream, &answers).await;
    gateway.world().links.disconnect(&connection);
    writer.abort();
    gateway.reports().changed(sandbox);
}

/// Takes in what the runner says until the connection ends.
async fn listen(
    gateway: &Gateway,
    sandbox: SandboxId,
    stream: &mut SplitStream<WebSocket>,
    answers: &mpsc::Sender<ToRunner>,
) {
    loop {
        let Ok(Some(first)) = tokio::time::timeout(SILENCE_MAX, stream.next()).await else {
            return;
        };
        let mut heard = Heard::default();
        if !take(first, &mut heard) {
            return;
        }
        while heard.events.len() < BATCH && heard.bytes < BATCH_BYTES {
            match stream.next().now_or_never() {
                Some(Some(frame)) => {
                    if !take(frame, &mut heard) {
                        return;
                    }
                }
                Some(None) => return,
                None => break,
            }
        }
        let Heard {
            events, removals, ..
        } = heard;
        for (name, outcome) in removals {
            // Whoever looks after worktrees looks again: what is not heard is asked again.
            if let Err(error) = gateway.reports().removal(sandbox, &name, &outcome).await {
                tracing::debug!(sandbox.id = %sandbox, %error, "an answer was not stored");
            }
        }
        if !store(gateway, sandbox, &events, answers).await {
            return;
        }
    }
}

/// Stores a batch; while the database is away the runner's journal holds what comes next.
async fn store(
    gateway: &Gateway,
    sandbox: SandboxId,
    events: &[RunEvent],
    answers: &mpsc::Sender<ToRunner>,
) -> bool {
    if events.is_empty() {
        return true;
    }
    match gateway.reports().take_in(sandbox, events).await {
        Ok(frames) => {
            for frame in frames {
                if answers.send(frame).await.is_err() {
                    return false;
                }
            }
            true
        }
        Err(error @ ReportError::Hole { .. }) => {
            tracing::warn!(sandbox.id = %sandbox, %error, "a runner's stream has a hole");
            false
        }
        Err(ReportError::Store(error)) => {
            tracing::debug!(sandbox.id = %sandbox, %error, "a report was not stored, the runner will repeat it");
            // Ending the connection makes the runner repeat everything that was not acknowledged.
            tokio::time::sleep(AWAY_PAUSE).await;
            false
        }
    }
}

/// What a runner has said, one frame after the other.
#[derive(Default)]
struct Heard {
    events: Vec<RunEvent>,
    /// Bytes of all frames.
    bytes: usize,
    /// Worktrees it was asked to remove, and what became of them.
    removals: Vec<(String, Removal)>,
}

impl Heard {
    fn read(&mut self, text: &str) -> serde_json::Result<FromRunner> {
        self.bytes += text.len();
        serde_json::from_str(text)
    }
}

/// Takes one frame; false when the connection is over or speaks nonsense.
fn take(frame: Result<Message, axum::Error>, heard: &mut Heard) -> bool {
    match frame {
        Ok(Message::Text(text)) => match heard.read(&text) {
            Ok(FromRunner::Event(event)) => heard.events.push(event),
            Ok(FromRunner::Removal { name, outcome }) => heard.removals.push((name, outcome)),
            Ok(FromRunner::Hello { .. }) => {}
            Err(error) => {
                tracing::warn!(%error, "a runner speaks nonsense");
                return false;
            }
        },
        Ok(Message::Ping(_) | Message::Pong(_)) => {}
        Ok(Message::Binary(_) | Message::Close(_)) | Err(_) => return false,
    }
    true
}

async fn next_frame(stream: &mut SplitStream<WebSocket>) -> Option<FromRunner> {
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).ok();
        }
    }
    None
}

fn text(frame: &ToRunner) -> Message {
    Message::Text(serde_json::to_string(frame).unwrap_or_default().into())
}
