//! `/api/internal/persistent-agents`: what agents say to each other, by the token of their turn.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use optio_domain::{
    actor::ActorKey,
    agent::spec::Invalid,
    id::MessageId,
    mail::{Sender, Topic},
    token::Verb,
};
use optio_store::mail::Wanted;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    messages::{self, Messages},
    posting::{self, Letter},
    replies,
    topics::{self, Delivered},
};
use crate::{
    Gateway,
    body::{Body, Params},
    caller::{AgentCaller, Caller},
    error::{ApiError, Problem},
    page::Page,
};

/// Messages of an inbox without a limit, and the most.
const INBOX: (i64, i64) = (50, 200);
/// Peers in one answer.
const PEERS: i64 = 1_000;

/// A peer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Peer {
    slug: String,
    name: String,
    description: Option<String>,
    state: &'static str,
    enabled: bool,
}

/// The agent itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    slug: String,
}

/// The peers of an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Peers {
    agents: Vec<Peer>,
    me: Me,
}

/// Lists the agents of the caller's workspace, itself included.
#[utoipa::path(get, path = "/api/internal/persistent-agents", tag = "inter-agent",
    params(("X-Optio-Agent-Token" = String, Header, description = "OPTIO_AGENT_TOKEN")),
    responses((status = 200, body = Peers), (status = 401, body = Problem)))]
pub(crate) async fn peers(
    State(gateway): State<Gateway>,
    me: AgentCaller,
) -> Result<Json<Peers>, ApiError> {
    me.may(Verb::List)?;
    let rows = gateway
        .world()
        .store
        .agents(&me.claims.workspace, None, PEERS)
        .await?;
    let agents = rows
        .into_iter()
        .map(|row| Peer {
            state: row.state.name(),
            slug: row.spec.slug,
            name: row.spec.name,
            description: row.spec.description,
            enabled: row.spec.enabled,
        })
        .collect();
    Ok(Json(Peers {
        agents,
        me: Me { slug: me.slug },
    }))
}

/// A message to a peer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToPeer {
    /// The peer's slug. May be left out of a reply, which then goes to whoever wrote the message
    /// that `inReplyTo` names; a person who asked reads it at the question.
    #[schema(min_length = 1)]
    to: Option<String>,
    #[schema(min_length = 1)]
    body: String,
    /// Marks the message as one that others get too.
    broadcast: Option<bool>,
    /// work (the default) wakes the peer; notify is read with whatever wakes it next; interrupt
    /// wakes it and is read before all other mail.
    class: Option<String>,
    /// The message this one answers; it joins that message's thread.
    in_reply_to: Option<Uuid>,
    payload: Option<Map<String, Value>>,
}

/// What the sender gets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    pub(crate) ok: bool,
    /// The receiver: a peer's slug, or the address of whoever asked.
    pub(crate) to: String,
    pub(crate) message_id: Uuid,
    /// Whether the reply came after the question's time was over. Absent where nobody had asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) late: Option<bool>,
    /// How an interrupt reaches the peer: `running-turn` or `next-turn`. Absent for other classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<&'static str>,
}

/// Writes to a peer.
#[utoipa::path(post, path = "/api/internal/persistent-agents/send", tag = "inter-agent",
    params(("X-Optio-Agent-Token" = String, Header, description = "OPTIO_AGENT_TOKEN"),
           ("Idempotency-Key" = Option<String>, Header, description = "same key, same message")),
    request_body = ToPeer,
    responses((status = 202, body = Sent), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 413, body = Problem),
              (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn send(
    State(gateway): State<Gateway>,
    me: AgentCaller,
    headers: HeaderMap,
    Body(mail): Body<ToPeer>,
) -> Result<(StatusCode, Json<Sent>), ApiError> {
    me.may(Verb::Send)?;
    let letter = Letter {
        body: mail.body,
        payload: mail.payload,
        broadcasted: mail.broadcast.unwrap_or(false),
        sender_name: Some(me.name.clone()),
        class: mail.class,
        in_reply_to: mail.in_reply_to.map(MessageId),
    };
    let (sender, workspace) = (me.sender(), me.claims.workspace.clone());
    let caller = Caller::Agent(me);
    let to = match (mail.to, letter.in_reply_to) {
        (Some(to), _) => to,
        (None, Some(parent)) => match writer(&gateway, &caller, parent).await? {
            Writer::Peer(slug) => slug,
            Writer::Outside(address) => {
                return replies::outside(&gateway, &caller, letter, parent, address, &headers)
                    .await;
            }
        },
        (None, None) => {
            let rule = "is missing; only a reply (inReplyTo) may leave it out";
            return Err(Invalid::new("to", rule).into());
        }
    };
    let peer = known_peer(&gateway, &workspace, &to).await?;
    let accepted = posting::post(&gateway, &caller, sender, peer, letter, &headers).await?;
    let sent = Sent {
        ok: true,
        to,
        message_id: accepted.message_id,
        late: accepted.late,
        delivery: accepted.delivery,
    };
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Who wrote a message.
enum Writer {
    Peer(String),
    Outside(Sender),
}

async fn writer(gateway: &Gateway, caller: &Caller, parent: MessageId) -> Result<Writer, ApiError> {
    let row = posting::parent_of(gateway, caller, parent).await?;
    Ok(match Sender::from_parts(&row.sender_type, &row.sender_id) {
        Sender::Agent { slug, .. } => Writer::Peer(slug),
        other @ (Sender::User(_) | Sender::System(_) | Sender::External(_)) => {
            Writer::Outside(other)
        }
    })
}

/// Finds a peer by its slug.
pub(crate) async fn known_peer(
    gateway: &Gateway,
    workspace: &str,
    slug: &str,
) -> Result<ActorKey, ApiError> {
    let peer = gateway.world().store.agent_by_slug(workspace, slug).await?;
    let peer = peer.ok_or_else(|| {
        ApiError::Missing(format!(
            "to: there is no agent `{slug}`; GET /api/internal/persistent-agents lists your peers"
        ))
    })?;
    Ok(peer.id.into())
}

/// A message to all peers.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ToAll {
    #[schema(min_length = 1)]
    body: String,
    /// work (the default), notify or interrupt.
    class: Option<String>,
    payload: Option<Map<String, Value>>,
}

/// Writes to every enabled peer, or, where one inbox is full, to none: a publication to the topic of
/// all peers.
#[utoipa::path(post, path = "/api/internal/persistent-agents/broadcast", tag = "inter-agent",
    params(("X-Optio-Agent-Token" = String, Header, description = "OPTIO_AGENT_TOKEN"),
           ("Idempotency-Key" = Option<String>, Header, description = "same key, same message")),
    request_body = ToAll,
    responses((status = 202, body = Delivered), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 413, body = Problem), (status = 422, body = Problem),
              (status = 429, body = Problem)))]
pub(crate) async fn broadcast(
    State(gateway): State<Gateway>,
    me: AgentCaller,
    headers: HeaderMap,
    Body(mail): Body<ToAll>,
) -> Result<(StatusCode, Json<Delivered>), ApiError> {
    me.may(Verb::Broadcast)?;
    let letter = Letter {
        body: mail.body,
        payload: mail.payload,
        broadcasted: true,
        sender_name: Some(me.name.clone()),
        class: mail.class,
        in_reply_to: None,
    };
    let (sender, workspace) = (me.sender(), me.claims.workspace.clone());
    let caller = Caller::Agent(me);
    let all = Topic::all();
    let mut delivered =
        topics::post(&gateway, &caller, sender, workspace, all, letter, &headers).await?;
    delivered.skipped_self = None;
    Ok((StatusCode::ACCEPTED, Json(delivered)))
}

/// Reads the caller's own inbox, newest first.
#[utoipa::path(get, path = "/api/internal/persistent-agents/inbox", tag = "inter-agent",
    params(("X-Optio-Agent-Token" = String, Header, description = "OPTIO_AGENT_TOKEN"), Page),
    responses((status = 200, body = Messages), (status = 401, body = Problem)))]
pub(crate) async fn inbox(
    State(gateway): State<Gateway>,
    me: AgentCaller,
    Params(page): Params<Page>,
) -> Result<Json<Messages>, ApiError> {
    me.may(Verb::Inbox)?;
    let own: ActorKey = me.claims.agent.into();
    messages::read(&gateway, own, Wanted::All, &page, INBOX)
        .await
        .map(Json)
}
