//! Questions with a deadline: asked by people and agents, read by people.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::ActorKey,
    agent::spec::Invalid,
    id::{AgentId, MessageId},
    mail::{Class, ask::AskState},
    token::Verb,
};
use optio_store::asks::AskRow;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    agents::find,
    directory::known_peer,
    posting::{self, Letter},
};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::{AgentCaller, Caller, Person},
    error::{ApiError, Problem},
    page::Patience,
};

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Question {
    #[schema(min_length = 1)]
    body: String,
    /// Milliseconds to wait for the reply; limits.ask_ms_default where it is left out.
    #[schema(minimum = 1)]
    timeout_ms: Option<i64>,
    /// work (the default) or interrupt.
    class: Option<String>,
    /// The message this one answers; it joins that message's thread.
    in_reply_to: Option<Uuid>,
    structured_payload: Option<Map<String, Value>>,
    /// A name for people; it proves nothing.
    sender_name: Option<String>,
}

/// A question to a peer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToAsk {
    /// The peer's slug.
    #[schema(min_length = 1)]
    to: String,
    #[schema(min_length = 1)]
    body: String,
    /// Milliseconds to wait for the reply; limits.ask_ms_default where it is left out.
    #[schema(minimum = 1)]
    timeout_ms: Option<i64>,
    /// work (the default) or interrupt.
    class: Option<String>,
    /// The message this one answers; it joins that message's thread.
    in_reply_to: Option<Uuid>,
    payload: Option<Map<String, Value>>,
}

/// What the asker gets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    ok: bool,
    /// The question: its message, and what a reply names in `inReplyTo`.
    ask_id: Uuid,
    /// When the wait is over.
    deadline: DateTime<Utc>,
    /// Whether it had been asked before, with the same Idempotency-Key.
    repeated: bool,
}

/// A question and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AskView {
    id: Uuid,
    asker_type: String,
    asker_id: String,
    /// The agent that is to reply.
    agent_id: Uuid,
    /// open, answered or timed_out.
    state: &'static str,
    deadline: DateTime<Utc>,
    asked_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    /// The reply. Where an agent asked, it lies in its inbox under this id.
    reply_id: Option<Uuid>,
    /// What was replied to somebody without an inbox.
    reply: Option<String>,
    reply_payload: Option<Value>,
    /// Whether the reply came after the deadline.
    late: bool,
}

/// A question.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneAsk {
    ask: AskView,
}

impl From<AskRow> for AskView {
    fn from(row: AskRow) -> Self {
        Self {
            state: row.state().name(),
            id: row.id,
            asker_type: row.asker_type,
            asker_id: row.asker_name,
            agent_id: row.asked_id,
            deadline: row.deadline,
            asked_at: row.asked_at,
            ended_at: row.ended_at,
            reply_id: row.reply_id,
            reply: row.reply_body,
            reply_payload: row.reply_payload,
            late: row.late,
        }
    }
}

/// Asks an agent. The reply, or that there was none, is read at `/api/asks/{askId}`.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/ask", tag = "messages",
    params(("agent" = String, Path, description = "id or slug"),
           ("Idempotency-Key" = Option<String>, Header, description = "same key, same question")),
    request_body = Question,
    responses((status = 202, body = Asked), (status = 400, body = Problem),
              (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 413, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn ask(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Named(agent): Named<String>,
    headers: HeaderMap,
    Body(question): Body<Question>,
) -> Result<(StatusCode, Json<Asked>), ApiError> {
    let asked = find(&gateway, &agent).await?.id.into();
    let letter = Letter {
        body: question.body,
        payload: question.structured_payload,
        broadcasted: false,
        sender_name: question.sender_name,
        class: question.class,
        in_reply_to: question.in_reply_to.map(MessageId),
    };
    let caller = Caller::Person(person);
    put(
        &gateway,
        &caller,
        asked,
        letter,
        question.timeout_ms,
        &headers,
    )
    .await
}

/// Asks a peer. The turn that asks goes on and ends; the reply or the timeout comes as mail and wakes
/// the asker. A question that would close a circle of waits is refused.
#[utoipa::path(post, path = "/api/internal/persistent-agents/ask", tag = "inter-agent",
    params(("X-Optio-Agent-Token" = String, Header, description = "OPTIO_AGENT_TOKEN"),
           ("Idempotency-Key" = Option<String>, Header, description = "same key, same question")),
    request_body = ToAsk,
    responses((status = 202, body = Asked), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 413, body = Problem), (status = 422, body = Problem),
              (status = 429, body = Problem)))]
pub(crate) async fn ask_peer(
    State(gateway): State<Gateway>,
    me: AgentCaller,
    headers: HeaderMap,
    Body(question): Body<ToAsk>,
) -> Result<(StatusCode, Json<Asked>), ApiError> {
    me.may(Verb::Ask)?;
    let asked = known_peer(&gateway, &me.claims.workspace, &question.to).await?;
    let letter = Letter {
        body: question.body,
        payload: question.payload,
        broadcasted: false,
        sender_name: Some(me.name.clone()),
        class: question.class,
        in_reply_to: question.in_reply_to.map(MessageId),
    };
    let caller = Caller::Agent(me);
    put(
        &gateway,
        &caller,
        asked,
        letter,
        question.timeout_ms,
        &headers,
    )
    .await
}

async fn put(
    gateway: &Gateway,
    caller: &Caller,
    asked: ActorKey,
    letter: Letter,
    timeout_ms: Option<i64>,
    headers: &HeaderMap,
) -> Result<(StatusCode, Json<Asked>), ApiError> {
    let world = gateway.world();
    posting::not_to_itself(caller, asked)?;
    let timeout = timeout(gateway, timeout_ms)?;
    let parent = letter.in_reply_to;
    let mut message = posting::compose(gateway, caller, caller.sender(), asked, letter, headers)?;
    if !message.marks.class.wakes() || message.marks.class == Class::Stop {
        let rule = "must be work or interrupt: a question that wakes nobody gets no reply";
        return Err(Invalid::new("class", rule).into());
    }
    if let Some(parent) = parent {
        let parent = posting::parent_of(gateway, caller, parent).await?;
        posting::answers(&mut message, &parent);
    }
    let deadline = message.at + timeout;
    message.marks.reply_by = Some(deadline);
    let asker = match caller {
        Caller::Agent(agent) => Some(agent.claims.agent),
        Caller::Person(_) => None,
    };
    let (bounds, open_max) = ((&world.limits).into(), world.limits.asks_open_max);
    let (receipt, deadline) = world
        .store
        .ask(&message, asker, deadline, bounds, open_max)
        .await?;
    gateway.hints().look(asked);
    world.stream.hint();
    let asked = Asked {
        ok: true,
        ask_id: receipt.id.0,
        deadline,
        repeated: receipt.repeated,
    };
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

fn timeout(gateway: &Gateway, said: Option<i64>) -> Result<TimeDelta, ApiError> {
    let limits = gateway.world().limits;
    let ms = said.unwrap_or(limits.ask_ms_default);
    if 0 < ms && ms <= limits.ask_ms_max {
        return Ok(TimeDelta::milliseconds(ms));
    }
    let rule = format!(
        "must be a whole number of milliseconds from 1 to {}",
        limits.ask_ms_max
    );
    Err(Invalid::new("timeoutMs", rule).into())
}

/// Shows a question, once it is answered or timed out or the caller's patience is over.
#[utoipa::path(get, path = "/api/asks/{ask}", tag = "messages",
    params(("ask" = Uuid, Path, description = "askId"), Patience),
    responses((status = 200, body = OneAsk), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(ask): Named<String>,
    Params(patience): Params<Patience>,
) -> Result<Json<OneAsk>, ApiError> {
    let wait = patience.wait()?;
    let row = read(&gateway, &ask).await?;
    let row = if row.state() == AskState::Open && !wait.is_zero() {
        settled(&gateway, &ask, AgentId(row.asked_id), wait).await?
    } else {
        row
    };
    Ok(Json(OneAsk { ask: row.into() }))
}

async fn read(gateway: &Gateway, ask: &str) -> Result<AskRow, ApiError> {
    let missing = || ApiError::Missing(format!("there is no question `{ask}`"));
    let id: MessageId = ask.parse().map_err(|_bad| missing())?;
    let row = gateway.world().store.asked(id).await?;
    row.ok_or_else(missing)
}

/// Waits for the end of a question by listening, which costs nothing while nothing happens.
async fn settled(
    gateway: &Gateway,
    ask: &str,
    asked: AgentId,
    wait: Duration,
) -> Result<AskRow, ApiError> {
    // Listening begins before the row is read, so that no end falls between the two.
    let mut listener = gateway.world().stream.listen(None, Some(asked.0)).await?;
    let over = async {
        loop {
            let row = read(gateway, ask).await?;
            if row.state() != AskState::Open {
                return Ok(row);
            }
            while let Some(event) = listener.next().await? {
                if event.type_name.starts_with("persistent_agent:ask_") {
                    break;
                }
            }
        }
    };
    match tokio::time::timeout(wait, over).await {
        Ok(row) => row,
        Err(_impatient) => read(gateway, ask).await,
    }
}
