//! `/api/persistent-agents/{agent}/messages` and its dead letters.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use optio_domain::{
    actor::ActorKey,
    agent::spec::Invalid,
    id::{AgentId, MessageId},
    mail::{Sender, WakeSource},
};
use optio_store::mail::{MessageRow, NewMessage, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::find;
use crate::{
    Gateway,
    body::{Body, Params, text},
    caller::{Caller, Person},
    error::{ApiError, Problem},
    idempotency::read_key,
    page::{self, Page},
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
    /// pending, assigned, consumed or dead.
    state: String,
    /// Turns it was given to that failed.
    attempts: i32,
    /// The turn it feeds or fed.
    turn_id: Option<Uuid>,
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
            state: row.state,
            attempts: row.attempts,
            turn_id: row.turn_id,
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
    let next_cursor = page::next(&rows, limit, |row| row.seq);
    Ok(Messages {
        messages: rows.into_iter().map(MessageView::from).collect(),
        next_cursor,
    })
}

/// Lists an agent's messages, newest first.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}/messages", tag = "messages",
    params(("agent" = String, Path, description = "id or slug"), Page),
    responses((status = 200, body = Messages), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Path(agent): Path<String>,
    Params(page): Params<Page>,
) -> Result<Json<Messages>, ApiError> {
    let row = find(&gateway, &agent).await?;
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
    /// Only what the caller is anyway, or external. Who sends is taken from the credentials.
    sender_type: Option<String>,
    /// A name for people; it proves nothing.
    sender_name: Option<String>,
    broadcasted: Option<bool>,
    structured_payload: Option<Map<String, Value>>,
}

/// What a sender gets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accepted {
    ok: bool,
    /// The message: the first one's, where the Idempotency-Key was used before.
    pub(crate) message_id: Uuid,
    /// Whether it had been accepted before.
    repeated: bool,
}

/// Writes to an agent. Messages of one sender are read in the order in which they were accepted.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/messages", tag = "messages",
    params(("agent" = String, Path, description = "id or slug"),
           ("Idempotency-Key" = Option<String>, Header, description = "same key, same message")),
    request_body = NewMail,
    responses((status = 202, body = Accepted), (status = 400, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 413, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn send(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(agent): Path<String>,
    headers: HeaderMap,
    Body(mail): Body<NewMail>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    // An id needs no looking up: the statement that stores the message knows whether there is one.
    let receiver = match agent.parse::<AgentId>() {
        Ok(id) => id,
        Err(_slug) => find(&gateway, &agent).await?.id,
    };
    let sender = sender(&caller, mail.sender_type.as_deref())?;
    let letter = Letter {
        body: mail.body,
        payload: mail.structured_payload,
        broadcasted: mail.broadcasted.unwrap_or(false),
        sender_name: mail.sender_name,
    };
    let accepted = post(&gateway, &caller, sender, receiver.into(), letter, &headers)
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

/// What is sent.
pub(crate) struct Letter {
    pub(crate) body: String,
    pub(crate) payload: Option<Map<String, Value>>,
    pub(crate) broadcasted: bool,
    pub(crate) sender_name: Option<String>,
}

/// Checks a message and sends it.
pub(crate) async fn post(
    gateway: &Gateway,
    caller: &Caller,
    sender: Sender,
    receiver: ActorKey,
    letter: Letter,
    headers: &HeaderMap,
) -> Result<Accepted, ApiError> {
    let message = compose(gateway, caller, sender, receiver, letter, headers)?;
    let receipt = gateway.mailroom().send(message).await?;
    Ok(Accepted {
        ok: true,
        message_id: receipt.id.0,
        repeated: receipt.repeated,
    })
}

/// Checks a message.
pub(crate) fn compose(
    gateway: &Gateway,
    caller: &Caller,
    sender: Sender,
    receiver: ActorKey,
    letter: Letter,
    headers: &HeaderMap,
) -> Result<NewMessage, ApiError> {
    let world = gateway.world();
    text("body", &letter.body, world.limits.message_bytes_max)?;
    let payload = letter.payload.map(Value::Object);
    let bytes = payload
        .as_ref()
        .map_or(0, |payload| payload.to_string().len());
    if world.limits.payload_bytes_max < bytes {
        return Err(ApiError::TooLarge(world.limits.payload_bytes_max));
    }
    // Postgres cannot hold the character NUL, and no person means it.
    if letter.body.contains('\0')
        || payload
            .as_ref()
            .is_some_and(|p| p.to_string().contains("\\u0000"))
    {
        return Err(Invalid::new("body", "must not contain the character NUL").into());
    }
    let (source, cause) = match caller {
        Caller::Person(_) => (WakeSource::User, None),
        Caller::Agent(agent) => (WakeSource::Agent, Some(agent.claims.turn)),
    };
    Ok(NewMessage {
        id: MessageId(world.ids.fresh()),
        receiver,
        sender,
        sender_name: letter.sender_name,
        source,
        key: read_key(headers)?,
        body: letter.body,
        payload,
        broadcasted: letter.broadcasted,
        cause,
        at: world.clock.now(),
    })
}

/// Who sends. A caller may call itself less than it is, never more.
fn sender(caller: &Caller, claimed: Option<&str>) -> Result<Sender, ApiError> {
    let own = caller.sender();
    match claimed {
        None => Ok(own),
        Some(claimed) if claimed == own.type_name() => Ok(own),
        Some("external") => Ok(Sender::External(own.id())),
        Some(claimed @ ("user" | "agent" | "system")) => Err(ApiError::Forbidden(format!(
            "senderType: you are {own} and cannot send as `{claimed}`; leave it out"
        ))),
        Some(claimed) => {
            let rule = format!("must be user, agent, system or external, not `{claimed}`");
            Err(Invalid::new("senderType", rule).into())
        }
    }
}

/// Lists an agent's dead letters, newest first.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}/dead-letters", tag = "messages",
    params(("agent" = String, Path, description = "id or slug"), Page),
    responses((status = 200, body = Messages), (status = 404, body = Problem)))]
pub(crate) async fn dead_letters(
    State(gateway): State<Gateway>,
    _person: Person,
    Path(agent): Path<String>,
    Params(page): Params<Page>,
) -> Result<Json<Messages>, ApiError> {
    let row = find(&gateway, &agent).await?;
    read(
        &gateway,
        row.id.into(),
        Wanted::Dead,
        &page,
        (PAGE, PAGE_MAX),
    )
    .await
    .map(Json)
}

/// Puts a dead letter back into its inbox.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/dead-letters/{message}/replay",
    tag = "messages",
    params(("agent" = String, Path, description = "id or slug"), ("message" = Uuid, Path)),
    responses((status = 202, body = Accepted), (status = 404, body = Problem)))]
pub(crate) async fn replay(
    State(gateway): State<Gateway>,
    _person: Person,
    Path((agent, message)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let row = find(&gateway, &agent).await?;
    let missing = || ApiError::Missing(format!("`{agent}` has no dead letter `{message}`"));
    let id: MessageId = message.parse().map_err(|_bad| missing())?;
    if !gateway.world().store.replay(row.id.into(), id).await? {
        return Err(missing());
    }
    gateway.hints().look(row.id.into());
    Ok((
        StatusCode::ACCEPTED,
        Json(Accepted {
            ok: true,
            message_id: id.0,
            repeated: false,
        }),
    ))
}
