//! What every way to write to an agent shares: who may send which class, what is checked, and what
//! the sender is told.

use axum::http::HeaderMap;
use optio_domain::{
    actor::ActorKey,
    agent::spec::Invalid,
    id::{AgentId, MessageId},
    mail::{Class, Marks, Sender, WakeSource, ask::Reply, delivery},
    token::Verb,
};
use optio_store::{
    asks::AskRow,
    mail::{MessageRow, NewMessage},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Gateway, body::text, caller::Caller, error::ApiError, idempotency::read_key};

/// What a sender gets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Accepted {
    ok: bool,
    /// The message: the first one's, where the Idempotency-Key was used before.
    pub(crate) message_id: Uuid,
    /// Whether it had been accepted before.
    repeated: bool,
    /// How an interrupt reaches the agent: `running-turn` or `next-turn`. Absent for other classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<&'static str>,
    /// Whether a stop found an open turn to end; without one it has no effect. Absent for other
    /// classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<bool>,
    /// Whether the reply came after the question's time was over. Absent where nobody had asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) late: Option<bool>,
}

impl Accepted {
    /// A message was accepted, and there is no more to say.
    pub(crate) fn plain(id: MessageId, repeated: bool) -> Self {
        Self {
            ok: true,
            message_id: id.0,
            repeated,
            delivery: None,
            stopped: None,
            late: None,
        }
    }
}

/// What is sent.
#[derive(Default)]
pub(crate) struct Letter {
    pub(crate) body: String,
    pub(crate) payload: Option<Map<String, Value>>,
    pub(crate) broadcasted: bool,
    pub(crate) sender_name: Option<String>,
    pub(crate) class: Option<String>,
    pub(crate) in_reply_to: Option<MessageId>,
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
    not_to_itself(caller, receiver)?;
    let parent = letter.in_reply_to;
    let mut message = compose(gateway, caller, sender, receiver, letter, headers)?;
    if let Some(parent) = parent {
        let parent = parent_of(gateway, caller, parent).await?;
        answers(&mut message, &parent);
        if let Some(ask) = open_to(gateway, caller, &parent, receiver).await? {
            return reply(gateway, &message, ask).await;
        }
    }
    match message.marks.class {
        Class::Stop => stop(gateway, &message).await,
        Class::Interrupt => {
            let receipt = gateway.mailroom().send(message).await?;
            let delivery = delivery_to(gateway, AgentId(receiver.id)).await?;
            Ok(Accepted {
                delivery: Some(delivery),
                ..Accepted::plain(receipt.id, receipt.repeated)
            })
        }
        Class::Work | Class::Notify => {
            let receipt = gateway.mailroom().send(message).await?;
            Ok(Accepted::plain(receipt.id, receipt.repeated))
        }
    }
}

/// What an agent does must not wake it: it would never rest again.
pub(crate) fn not_to_itself(caller: &Caller, receiver: ActorKey) -> Result<(), ApiError> {
    match caller {
        Caller::Agent(agent) if ActorKey::from(agent.claims.agent) == receiver => {
            Err(ApiError::BadRequest(
                "to: an agent cannot write to itself: its own effects never wake it; a schedule \
                 wakes it again, and its /workspace keeps its notes"
                    .to_owned(),
            ))
        }
        Caller::Agent(_) | Caller::Person(_) => Ok(()),
    }
}

/// The message takes its place in the conversation.
pub(crate) fn answers(message: &mut NewMessage, parent: &MessageRow) {
    message.marks.thread = Some(MessageId(parent.thread.unwrap_or(parent.id)));
    message.marks.in_reply_to = Some(MessageId(parent.id));
}

/// The question that a message of this caller to this receiver replies to, where it is one.
async fn open_to(
    gateway: &Gateway,
    caller: &Caller,
    parent: &MessageRow,
    receiver: ActorKey,
) -> Result<Option<AskRow>, ApiError> {
    let Caller::Agent(agent) = caller else {
        return Ok(None);
    };
    if parent.reply_by.is_none() || parent.receiver_id != agent.claims.agent.0 {
        return Ok(None);
    }
    let ask = gateway.world().store.asked(MessageId(parent.id)).await?;
    Ok(ask.filter(|ask| ask.asker_id == Some(receiver.id)))
}

/// Sends a reply that somebody waits for.
async fn reply(gateway: &Gateway, message: &NewMessage, ask: AskRow) -> Result<Accepted, ApiError> {
    let world = gateway.world();
    let (id, bounds) = (MessageId(ask.id), (&world.limits).into());
    let (receipt, meaning) = world.store.reply(message, id, bounds).await?;
    gateway.hints().look(message.receiver);
    world.stream.hint();
    Ok(Accepted {
        late: Some(meaning == Reply::Late),
        ..Accepted::plain(receipt.id, receipt.repeated)
    })
}

/// The message that is answered. An agent answers what it has received or sent.
pub(crate) async fn parent_of(
    gateway: &Gateway,
    caller: &Caller,
    parent: MessageId,
) -> Result<MessageRow, ApiError> {
    let row = gateway.world().store.message(parent).await?;
    let known = row.filter(|row| match caller {
        Caller::Person(_) => true,
        Caller::Agent(agent) => {
            let own = agent.sender();
            row.receiver_id == agent.claims.agent.0
                || (row.sender_type == own.type_name() && row.sender_id == own.id())
        }
    });
    known.ok_or_else(|| {
        let rule = format!("there is no message `{parent}` of yours to answer");
        Invalid::new("inReplyTo", rule).into()
    })
}

async fn stop(gateway: &Gateway, message: &NewMessage) -> Result<Accepted, ApiError> {
    let stopped = gateway.world().store.send_stop(message).await?;
    gateway.hints().look(message.receiver);
    gateway.world().stream.hint();
    Ok(Accepted {
        stopped: Some(stopped.turn.is_some()),
        ..Accepted::plain(stopped.receipt.id, stopped.receipt.repeated)
    })
}

/// How an interrupt reaches an agent, as it stands now.
async fn delivery_to(gateway: &Gateway, agent: AgentId) -> Result<&'static str, ApiError> {
    let row = gateway.world().store.agent(agent).await?;
    let state = row.map(|row| row.state);
    let state = state.ok_or_else(|| ApiError::Missing("there is no such receiver".to_owned()))?;
    let steerable = gateway.world().store.takes_input(agent).await?;
    Ok(delivery(state, steerable).name())
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
    let (source, cause) = match caller {
        Caller::Person(_) => (WakeSource::User, None),
        Caller::Agent(agent) => (WakeSource::Agent, Some(agent.turn)),
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
        marks: Marks {
            class: class(caller, letter.class.as_deref())?,
            ..Marks::default()
        },
        cause,
        at: world.clock.now(),
    })
}

/// The class, where the caller may use it: whoever is not an agent may use all, agents may interrupt
/// where their token says so, and none may end another's turn.
fn class(caller: &Caller, said: Option<&str>) -> Result<Class, ApiError> {
    let Some(said) = said else {
        return Ok(Class::default());
    };
    let class = Class::parse(said).ok_or_else(|| {
        let rule = format!("must be work, notify, interrupt or stop, not `{said}`");
        ApiError::from(Invalid::new("class", rule))
    })?;
    match (caller, class) {
        (Caller::Agent(_), Class::Stop) => Err(ApiError::Forbidden(
            "class: an agent cannot stop another; interrupt it, or ask a person".to_owned(),
        )),
        (Caller::Agent(agent), Class::Interrupt) => agent.may(Verb::Interrupt).map(|()| class),
        (Caller::Agent(_), Class::Work | Class::Notify) | (Caller::Person(_), _) => Ok(class),
    }
}

/// Who sends. A caller may call itself less than it is, never more.
pub(crate) fn sender(caller: &Caller, claimed: Option<&str>) -> Result<Sender, ApiError> {
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
