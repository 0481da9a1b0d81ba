//! Live streams as WebSockets, under the paths older clients know.

use std::collections::BTreeMap;

use axum::{
    extract::{
        State,
        ws::{
            CloseFrame, Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection,
        },
    },
    response::Response,
};
use chrono::{DateTime, Utc};
use optio_domain::id::{AgentId, TaskId, TurnId};
use optio_runtime::stream::Listener;
use optio_store::StoreError;
use serde_json::{Value, json};

use super::{agents::find, jobs, live::message, tasks};
use crate::{Gateway, body::Named, caller::Person, error::ApiError};

/// Close code for something that does not exist.
const NOT_FOUND: u16 = 4404;
/// Close code for trouble on our side: come again.
const TRY_AGAIN: u16 = 1013;
/// Lines of the last turn that a new listener gets first.
const CATCH_UP_LINES: i64 = 200;
/// State changes that a new listener of everything gets first.
const CATCH_UP_CHANGES: i64 = 20;
/// The subprotocol older clients ask for.
const PROTOCOL: &str = "optio-ws-v1";

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// A request that is no WebSocket handshake is told so in our own form.
fn asked(upgrade: Upgrade) -> Result<WebSocketUpgrade, ApiError> {
    upgrade.map_err(|error| {
        let said = error.body_text();
        ApiError::BadRequest(format!(
            "this is a WebSocket: {said}; the same is at …/events as SSE"
        ))
    })
}

/// Streams everything.
pub(crate) async fn all(
    State(gateway): State<Gateway>,
    _person: Person,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    Ok(asked(upgrade)?
        .protocols([PROTOCOL])
        .on_upgrade(move |mut socket| async move {
            let begun = async {
                let listener = gateway.world().stream.listen(None, None).await?;
                let changes = gateway
                    .world()
                    .store
                    .last_state_changes(CATCH_UP_CHANGES)
                    .await?;
                let first = changes.iter().map(|event| {
                    let mut message = message(event);
                    if let Some(members) = message.as_object_mut() {
                        members.insert("catchUp".to_owned(), true.into());
                    }
                    (event.id(), message)
                });
                Ok::<_, StoreError>((listener, first.collect::<CatchUp>()))
            };
            match begun.await {
                Ok((listener, first)) => pump(socket, first, listener, plainly).await,
                Err(error) => close(&mut socket, TRY_AGAIN, &error.to_string()).await,
            }
        }))
}

/// Streams what happens to one agent.
pub(crate) async fn agent(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    Ok(asked(upgrade)?
        .protocols([PROTOCOL])
        .on_upgrade(move |mut socket| async move {
            let id = match find(&gateway, &agent).await {
                Ok(row) => row.id,
                Err(ApiError::Missing(words)) => {
                    return close(&mut socket, NOT_FOUND, &words).await;
                }
                Err(_away) => return close(&mut socket, TRY_AGAIN, "try again").await,
            };
            match begin(&gateway, id).await {
                Ok((listener, first)) => pump(socket, first, listener, plainly).await,
                Err(error) => close(&mut socket, TRY_AGAIN, &error.to_string()).await,
            }
        }))
}

/// Streams what happens to one run of a job, in the words its clients know.
pub(crate) async fn run(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    Ok(asked(upgrade)?
        .protocols([PROTOCOL])
        .on_upgrade(move |mut socket| async move {
            let id = match jobs::runs::run(&gateway, &name).await {
                Ok(row) => row.id,
                Err(ApiError::Missing(words)) => {
                    return close(&mut socket, NOT_FOUND, &words).await;
                }
                Err(_away) => return close(&mut socket, TRY_AGAIN, "try again").await,
            };
            match begin_task(&gateway, id).await {
                Ok((listener, first)) => {
                    let first = first.into_iter().map(|(id, said)| (id, of_run(said)));
                    pump(socket, first.collect(), listener, of_run).await;
                }
                Err(error) => close(&mut socket, TRY_AGAIN, &error.to_string()).await,
            }
        }))
}

/// A run of a job is a task to us, and has names of its own to its clients.
fn of_run(mut message: Value) -> Value {
    if let Some(members) = message.as_object_mut() {
        let kind = members.get("type").and_then(Value::as_str);
        let kind = kind.and_then(|kind| kind.strip_prefix("task:"));
        if let Some(kind) = kind.map(|kind| format!("workflow_run:{kind}")) {
            members.insert("type".to_owned(), kind.into());
        }
        if let Some(id) = members.get("taskId").cloned() {
            members.insert("workflowRunId".to_owned(), id);
        }
    }
    message
}

/// As it is.
fn plainly(message: Value) -> Value {
    message
}

/// Streams what happens to one task.
pub(crate) async fn task(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    Ok(asked(upgrade)?
        .protocols([PROTOCOL])
        .on_upgrade(move |mut socket| async move {
            let id = match tasks::find(&gateway, &task).await {
                Ok(row) => row.id,
                Err(ApiError::Missing(words)) => {
                    return close(&mut socket, NOT_FOUND, &words).await;
                }
                Err(_away) => return close(&mut socket, TRY_AGAIN, "try again").await,
            };
            match begin_task(&gateway, id).await {
                Ok((listener, first)) => pump(socket, first, listener, plainly).await,
                Err(error) => close(&mut socket, TRY_AGAIN, &error.to_string()).await,
            }
        }))
}

async fn begin_task(gateway: &Gateway, id: TaskId) -> Result<(Listener, CatchUp), StoreError> {
    let listener = gateway.world().stream.listen(None, Some(id.0)).await?;
    let store = &gateway.world().store;
    let lines = store.last_task_logs(id, CATCH_UP_LINES).await?;
    let first = lines
        .into_iter()
        .map(|line| (line.id, caught_up("task:log", line.data, line.at)));
    Ok((listener, first.collect()))
}

/// A line that was said before anybody listened.
fn caught_up(kind: &str, data: Value, at: DateTime<Utc>) -> Value {
    let mut message = data;
    if let Some(members) = message.as_object_mut() {
        members.insert("type".to_owned(), kind.into());
        members.insert("timestamp".to_owned(), json!(at));
        members.insert("catchUp".to_owned(), true.into());
    }
    message
}

async fn begin(gateway: &Gateway, id: AgentId) -> Result<(Listener, CatchUp), StoreError> {
    let listener = gateway.world().stream.listen(None, Some(id.0)).await?;
    let store = &gateway.world().store;
    let Some(turn) = store.turns(id, None, 1).await?.pop() else {
        return Ok((listener, CatchUp::new()));
    };
    let lines = store
        .last_turn_logs(TurnId(turn.id), CATCH_UP_LINES)
        .await?;
    let first = lines.into_iter().map(|line| {
        (
            line.id,
            caught_up("persistent_agent:log", line.data, line.at),
        )
    });
    Ok((listener, first.collect()))
}

/// What a new listener gets first, by the identity of each event.
type CatchUp = BTreeMap<i64, Value>;

async fn pump(
    mut socket: WebSocket,
    first: CatchUp,
    mut listener: Listener,
    shape: fn(Value) -> Value,
) {
    for message in first.values() {
        if socket
            .send(Message::Text(message.to_string().into()))
            .await
            .is_err()
        {
            return;
        }
    }
    loop {
        tokio::select! {
            event = listener.next() => match event {
                // An event that was committed but not yet settled comes over the stream as well.
                Ok(Some(event)) if first.contains_key(&event.id()) => {}
                Ok(Some(event)) => {
                    let text = shape(message(&event)).to_string();
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => return close(&mut socket, TRY_AGAIN, &error.to_string()).await,
            },
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}

async fn close(socket: &mut WebSocket, code: u16, reason: &str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    drop(socket.send(Message::Close(Some(frame))).await);
}
