//! `/api/persistent-agents/{agent}/messages` and its dead letters.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use optio_domain::{
    actor::ActorKey,
    id::{AgentId, MessageId},
};
use optio_store::mail::{MessageRow, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    agents::find,
    posting::{self, Accepted, Letter},
};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::{Caller, Person},
    error::{ApiError, Problem},
    page::{self, OfThread, Page},
};

/// Messages of a page without a limit.
const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView {
    id: Uuid,
    agent_id: Uuid,
    /// user, agent, system or external; from the sender's credentials.
    sender_type: String,
    sender_id: String,
    sender_name: Option<String>,
    body: String,
    structured_payload: Option<Value>,
    broadcasted: bool,
    /// work, notify, interrupt or stop.
    class: String,
    /// The first message of its conversation; its own id where it began one.
    thread: Uuid,
    /// The message it answers.
    in_reply_to: Option<Uuid>,
    /// The topic it was published to; `all` is the topic of all peers.
    topic: Option<String>,
    /// Until when its sender waits for a reply.
    reply_by: Option<DateTime<Utc>>,
    /// Whether it answers a question whose time was over.
    late: bool,
    /// pending, assigned, consumed, dead or discarded.
    state: String,
    /// Turns it was given to that failed.
    attempts: i32,
    /// The turn it feeds or fed.
    turn_id: Option<Uuid>,
    /// The turns that failed with it, oldest first.
    failed_turns: Vec<Uuid>,
    /// The turn in which it was sent.
    cause: Option<Uuid>,
    /// How many agents it came through.
    hops: i32,
    received_at: DateTime<Utc>,
    processed_at: Option<DateTime<Utc>>,
    dead_reason: Option<String>,
}

impl From<MessageRow> for MessageView {
    fn from(row: MessageRow) -> Self {
        Self {
            id: row.id,
            agent_id: row.receiver_id,
            sender_type: row.sender_type,
            sender_id: row.sender_id,
            sender_name: row.sender_name,
            body: row.body,
            structured_payload: row.payload,
            broadcasted: row.broadcasted,
            class: row.class,
            thread: row.thread.unwrap_or(row.id),
            in_reply_to: row.in_reply_to,
            topic: row.topic,
            reply_by: row.reply_by,
            late: row.late,
            state: row.state,
            attempts: row.attempts,
            turn_id: row.turn_id,
            failed_turns: row.failed_turns,
            cause: row.cause,
            hops: row.hops,
            received_at: row.received_at,
            processed_at: row.processed_at,
            dead_reason: row.dead_reason,
        }
    }
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Messages {
    messages: Vec<MessageView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Reads one page of an inbox.
pub(crate) async fn read(
    gateway: &Gateway,
    receiver: ActorKey,
    wanted: Wanted,
    page: &Page,
    limits: (i64, i64),
) -> Result<Messages, ApiError> {
    let limit = page.limit(limits.0, limits.1)?;
    let rows = gateway
        .world()
        .store
        .messages(receiver, wanted, page.cursor()?, limit)
        .await?;
    Ok(shown(rows, limit))
}

pub(crate) fn shown(rows: Vec<MessageRow>, limit: i64) -> Messages {
    let next_cursor = page::next(&rows, limit, |row| row.seq);
    Messages {
        messages: rows.into_iter().map(MessageView::from).collect(),
        next_cursor,
    }
}

/// Lists an agent's messages, newest first.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}/messages", tag = "messages",
    params(("agent" = String, Path, description = "id or slug"), Page, OfThread),
    responses((status = 200, body = Messages), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
    Params(page): Params<Page>,
    Params(thread): Params<OfThread>,
) -> Result<Json<Messages>, ApiError> {
    let row = find(&gateway, &agent).await?;
    if let Some(thread) = thread.id()? {
        let limit = page.limit(PAGE, PAGE_MAX)?;
        let store = &gateway.world().store;
        let rows = store.thread(row.id, thread, page.cursor()?, limit).await?;
        return Ok(Json(shown(rows, limit)));
    }
    read(
        &gateway,
        row.id.into(),
        Wanted::All,
        &page,
        (PAGE, PAGE_MAX),
    )
    .await
    .map(Json)
}

/// A new message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewMail {
    #[schema(min_length = 1)]
    body: String,
    /// work (the default) wakes the agent; notify is read with whatever wakes it next; interrupt
    /// wakes it and is read before all other mail; stop ends its open turn. Agents may not stop.
    class: Option<String>,
    /// The message this one answers; it joins that message's thread.
    in_reply_to: Option<Uuid>,
    /// Only what the caller is anyway, or external. Who sends is taken from the credentials.
    sender_type: Option<String>,
    /// A name for people; it proves nothing.
    sender_name: Option<String>,
    broadcasted: Option<bool>,
    structured_payload: Option<Map<String, Value>>,
}

/// Writes to an agent. Messages of one sender and one class are read in the order in which they were
/// accepted; interrupts are read before all others. A stop ends the turn that is open now, as a
/// cancel does: its mail goes back to the inbox and the agent goes on with its next mail.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/messages", tag = "messages",
    params(("agent" = String, Path, description = "id or slug"),
           ("Idempotency-Key" = Option<String>, Header, description = "same key, same message")),
    request_body = NewMail,
    responses((status = 202, body = Accepted), (status = 400, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 413, body = Problem), (status = 422, body = Problem),
              (status = 429, body = Problem)))]
pub(crate) async fn send(
    State(gateway): State<Gateway>,
    caller: Caller,
    Named(agent): Named<String>,
    headers: HeaderMap,
    Body(mail): Body<NewMail>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    // An id needs no looking up: the statement that stores the message knows whether there is one.
    let receiver = match agent.parse::<AgentId>() {
        Ok(id) => id,
        Err(_slug) => find(&gateway, &agent).await?.id,
    };
    let sender = posting::sender(&caller, mail.sender_type.as_deref())?;
    let letter = Letter {
        body: mail.body,
        payload: mail.structured_payload,
        broadcasted: mail.broadcasted.unwrap_or(false),
        sender_name: mail.sender_name,
        class: mail.class,
        in_reply_to: mail.in_reply_to.map(MessageId),
    };
    let accepted = posting::post(&gateway, &caller, sender, receiver.into(), letter, &headers)
        .await
        .map_err(|error| {
            if matches!(error, ApiError::Missing(_)) {
                ApiError::Missing(format!("there is no agent `{agent}`"))
            } else {
                error
            }
        })?;
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}
