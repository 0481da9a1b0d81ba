//! `/api/internal/persistent-agents`: what agents say to each other, by the token of their turn.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use optio_domain::{actor::ActorKey, id::MessageId, token::Verb};
use optio_runtime::Broadcast;
use optio_store::mail::Wanted;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    messages::{self, Messages},
    posting::{self, Letter},
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
    /// The peer's slug.
    #[schema(min_length = 1)]
    to: String,
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
    ok: bool,
    to: String,
    message_id: Uuid,
    /// How an interrupt reaches the peer: `running-turn` or `next-turn`. Absent for other classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<&'static str>,
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
    let peer = gateway
        .world()
        .store
        .agent_by_slug(&me.claims.workspace, &mail.to)
        .await?;
    let peer = peer.ok_or_else(|| {
        ApiError::Missing(format!(
            "to: there is no agent `{}`; GET /api/internal/persistent-agents lists your peers",
            mail.to
        ))
    })?;
    let letter = Letter {
        body: mail.body,
        payload: mail.payload,
        broadcasted: mail.broadcast.unwrap_or(false),
        sender_name: Some(me.name.clone()),
        class: mail.class,
        in_reply_to: mail.in_reply_to.map(MessageId),
    };
    let sender = me.sender();
    let caller = Caller::Agent(me);
    let accepted =
        posting::post(&gateway, &caller, sender, peer.id.into(), letter, &headers).await?;
    let sent = Sent {
        ok: true,
        to: mail.to,
        message_id: accepted.message_id,
        delivery: accepted.delivery,
    };
    Ok((StatusCode::ACCEPTED, Json(sent)))
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

/// What the sender gets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivered {
    ok: bool,
    /// How many peers have it.
    delivered: i64,
}

/// Writes to every enabled peer, or, where one inbox is full, to none.
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
    let (sender, own) = (me.sender(), me.claims.agent);
    let workspace = me.claims.workspace.clone();
    let caller = Caller::Agent(me);
    let message = posting::compose(&gateway, &caller, sender, own.into(), letter, &headers)?;
    let broadcast = Broadcast {
        message,
        sender: own,
        workspace,
    };
    let delivered = gateway.mailroom().broadcast(broadcast).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(Delivered {
            ok: true,
            delivered,
        }),
    ))
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
