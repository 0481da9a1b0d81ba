//! Topics: what is published reaches whoever has subscribed. Agents subscribe themselves; people
//! subscribe any agent.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use optio_domain::{
    agent::spec::Invalid,
    id::AgentId,
    mail::{Sender, Topic},
    token::Verb,
};
use optio_runtime::Publication;
use optio_store::mail::Audience;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    agents::{WORKSPACE, find},
    posting::{self, Letter},
};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::{AgentCaller, Caller, Person},
    error::{ApiError, Problem},
    page::{self, Page},
};

/// Entries of a page without a limit, and the most.
const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;

/// A topic, while an agent hears it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopicView {
    topic: String,
    /// How many agents hear it.
    subscribers: i64,
}

/// A page of topics.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Topics {
    topics: Vec<TopicView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

async fn page_of(
    gateway: &Gateway,
    workspace: &str,
    of: Option<AgentId>,
    page: &Page,
) -> Result<Json<Topics>, ApiError> {
    let limit = page.limit(PAGE, PAGE_MAX)?;
    let after: Option<String> = page.cursor()?;
    let store = &gateway.world().store;
    let rows = store.topics(workspace, of, after.as_deref(), limit).await?;
    let next_cursor = page::next(&rows, limit, |row| row.topic.clone());
    let topics = rows.into_iter().map(|row| TopicView {
        topic: row.topic,
        subscribers: row.subscribers,
    });
    Ok(Json(Topics {
        topics: topics.collect(),
        next_cursor,
    }))
}

/// Lists the topics that agents hear, by name. The topic `all` is heard by all and not listed.
#[utoipa::path(get, path = "/api/topics", tag = "topics", params(Page),
    responses((status = 200, body = Topics), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(page): Params<Page>,
) -> Result<Json<Topics>, ApiError> {
    page_of(&gateway, WORKSPACE, None, &page).await
}

/// An agent that hears a topic.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscriberView {
    agent_id: Uuid,
    slug: String,
    since: DateTime<Utc>,
}

/// Who hears a topic.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscribers {
    topic: String,
    subscribers: Vec<SubscriberView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the agents that hear a topic, by slug. A topic nobody hears is an empty list.
#[utoipa::path(get, path = "/api/topics/{topic}", tag = "topics",
    params(("topic" = String, Path), Page),
    responses((status = 200, body = Subscribers), (status = 400, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(topic): Named<String>,
    Params(page): Params<Page>,
) -> Result<Json<Subscribers>, ApiError> {
    let topic = heard(&topic)?;
    let limit = page.limit(PAGE, PAGE_MAX)?;
    let after: Option<String> = page.cursor()?;
    let store = &gateway.world().store;
    let rows = store
        .subscribers(WORKSPACE, &topic, after.as_deref(), limit)
        .await?;
    let next_cursor = page::next(&rows, limit, |row| row.slug.clone());
    let subscribers = rows.into_iter().map(|row| SubscriberView {
        agent_id: row.id,
        slug: row.slug,
        since: row.created_at,
    });
    Ok(Json(Subscribers {
        topic: topic.name().to_owned(),
        subscribers: subscribers.collect(),
        next_cursor,
    }))
}

/// Who is to hear a topic.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewSubscriber {
    /// Id or slug.
    #[schema(min_length = 1)]
    agent: String,
}

/// What became of a subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subscribed {
    ok: bool,
    topic: String,
    /// Whether anything changed.
    changed: bool,
}

impl Subscribed {
    fn of(topic: &Topic, changed: bool) -> Json<Self> {
        Json(Self {
            ok: true,
            topic: topic.name().to_owned(),
            changed,
        })
    }
}

/// An agent hears a topic from now on.
#[utoipa::path(post, path = "/api/topics/{topic}/subscribers", tag = "topics",
    params(("topic" = String, Path)), request_body = NewSubscriber,
    responses((status = 200, body = Subscribed), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn subscribe(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(topic): Named<String>,
    Body(new): Body<NewSubscriber>,
) -> Result<Json<Subscribed>, ApiError> {
    let topic = heard(&topic)?;
    let agent = find(&gateway, &new.agent).await?.id;
    let world = gateway.world();
    let now = world.clock.now();
    let changed = world.store.subscribe(WORKSPACE, &topic, agent, now).await?;
    Ok(Subscribed::of(&topic, changed))
}

/// An agent hears a topic no more.
#[utoipa::path(delete, path = "/api/topics/{topic}/subscribers/{agent}", tag = "topics",
    params(("topic" = String, Path), ("agent" = String, Path, description = "id or slug")),
    responses((status = 200, body = Subscribed), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn unsubscribe(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((topic, agent)): Named<(String, String)>,
) -> Result<Json<Subscribed>, ApiError> {
    let topic = heard(&topic)?;
    let agent = find(&gateway, &agent).await?.id;
    let store = &gateway.world().store;
    let changed = store.unsubscribe(WORKSPACE, &topic, agent).await?;
    Ok(Subscribed::of(&topic, changed))
}

/// A publication of a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPublication {
    #[schema(min_length = 1)]
    body: String,
    /// work (the default), notify or interrupt.
    class: Option<String>,
    /// Only what the caller is anyway, or external. Who sends is taken from the credentials.
    sender_type: Option<String>,
    /// A name for people; it proves nothing.
    sender_name: Option<String>,
    structured_payload: Option<Map<String, Value>>,
}

/// What the publisher gets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivered {
    ok: bool,
    /// How many agents have it.
    delivered: i64,
    /// Whether the publisher hears the topic too and was left out: what it does never wakes it.
    /// Absent from the answer to a broadcast, which goes to peers by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped_self: Option<bool>,
}

/// Publishes to every enabled agent that hears the topic, or, where one inbox is full, to none. The
/// topic `all` reaches every enabled agent.
#[utoipa::path(post, path = "/api/topics/{topic}/publish", tag = "topics",
    params(("topic" = String, Path),
           ("Idempotency-Key" = Option<String>, Header, description = "same key, same message")),
    request_body = NewPublication,
    responses((status = 202, body = Delivered), (status = 400, body = Problem),
              (status = 403, body = Problem), (status = 413, body = Problem),
              (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn publish(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Named(topic): Named<String>,
    headers: HeaderMap,
    Body(new): Body<NewPublication>,
) -> Result<(StatusCode, Json<Delivered>), ApiError> {
    let topic = named(&topic)?;
    let caller = Caller::Person(person);
    let sender = posting::sender(&caller, new.sender_type.as_deref())?;
    let letter = Letter {
        body: new.body,
        payload: new.structured_payload,
        broadcasted: topic.is_all(),
        sender_name: new.sender_name,
        class: new.class,
        in_reply_to: None,
    };
    let workspace = WORKSPACE.to_owned();
    let delivered = post(
        &gateway, &caller, sender, workspace, topic, letter, &headers,
    )
    .await?;
    Ok((StatusCode::ACCEPTED, Json(delivered)))
}

/// Checks a publication and sends it.
pub(crate) async fn post(
    gateway: &Gateway,
    caller: &Caller,
    sender: Sender,
    workspace: String,
    topic: Topic,
    letter: Letter,
    headers: &HeaderMap,
) -> Result<Delivered, ApiError> {
    let publisher = match caller {
        Caller::Agent(agent) => Some(agent.claims.agent),
        Caller::Person(_) => None,
    };
    // Who receives is decided by the topic.
    let nobody = AgentId(Uuid::nil()).into();
    let message = posting::compose(gateway, caller, sender, nobody, letter, headers)?;
    if message.marks.class == optio_domain::mail::Class::Stop {
        let rule = "must be work, notify or interrupt: stop the agents one by one";
        return Err(Invalid::new("class", rule).into());
    }
    let publication = Publication {
        message,
        audience: Audience {
            workspace,
            topic,
            publisher,
        },
    };
    let published = gateway.mailroom().publish(publication).await?;
    Ok(Delivered {
        ok: true,
        delivered: published.delivered,
        skipped_self: Some(published.skipped_self),
    })
}

/// Lists the topics the caller hears, by name.
#[utoipa::path(get, path = "/api/internal/persistent-agents/topics", tag = "inter-agent",
    params(("X-Optio-Agent-Token" = String, Header, description = "OPTIO_AGENT_TOKEN"), Page),
    responses((status = 200, body = Topics), (status = 400, body = Problem),
              (status = 401, body = Problem)))]
pub(crate) async fn mine(
    State(gateway): State<Gateway>,
    me: AgentCaller,
    Params(page): Params<Page>,
) -> Result<Json<Topics>, ApiError> {
    me.may(Verb::List)?;
    let workspace = me.claims.workspace.clone();
    page_of(&gateway, &workspace, Some(me.claims.agent), &page).await
}

/// The caller hears a topic from now on.
#[utoipa::path(post, path = "/api/internal/persistent-agents/topics/{topic}/subscribe",
    tag = "inter-agent",
    params(("X-Optio-Agent-Token" = String, Header, description = "OPTIO_AGENT_TOKEN"),
           ("topic" = String, Path)),
    responses((status = 200, body = Subscribed), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn hear(
    State(gateway): State<Gateway>,
    me: AgentCaller,
    Named(topic): Named<String>,
) -> Result<Json<Subscribed>, ApiError> {
    me.may(Verb::Subscribe)?;
    let (topic, world) = (heard(&topic)?, gateway.world());
    let now = world.clock.now();
    let changed = world
        .store
        .subscribe(&me.claims.workspace, &topic, me.claims.agent, now)
        .await?;
    Ok(Subscribed::of(&topic, changed))
}

/// The caller hears a topic no more.
#[utoipa::path(post, path = "/api/internal/persistent-agents/topics/{topic}/unsubscribe",
    tag = "inter-agent",
    params(("X-Optio-Agent-Token" = String, Header, description = "OPTIO_AGENT_TOKEN"),
           ("topic" = String, Path)),
    responses((status = 200, body = Subscribed), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn ignore(
    State(gateway): State<Gateway>,
    me: AgentCaller,
    Named(topic): Named<String>,
) -> Result<Json<Subscribed>, ApiError> {
    me.may(Verb::Subscribe)?;
    let topic = heard(&topic)?;
    let store = &gateway.world().store;
    let changed = store
        .unsubscribe(&me.claims.workspace, &topic, me.claims.agent)
        .await?;
    Ok(Subscribed::of(&topic, changed))
}

/// A publication of an agent.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ToTopic {
    #[schema(min_length = 1)]
    body: String,
    /// work (the default), notify or interrupt.
    class: Option<String>,
    payload: Option<Map<String, Value>>,
}

/// Publishes to every enabled agent that hears the topic but the caller, or, where one inbox is full,
/// to none.
#[utoipa::path(post, path = "/api/internal/persistent-agents/topics/{topic}/publish",
    tag = "inter-agent",
    params(("X-Optio-Agent-Token" = String, Header, description = "OPTIO_AGENT_TOKEN"),
           ("topic" = String, Path),
           ("Idempotency-Key" = Option<String>, Header, description = "same key, same message")),
    request_body = ToTopic,
    responses((status = 202, body = Delivered), (status = 400, body = Problem),
              (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 413, body = Problem), (status = 422, body = Problem),
              (status = 429, body = Problem)))]
pub(crate) async fn say(
    State(gateway): State<Gateway>,
    me: AgentCaller,
    Named(topic): Named<String>,
    headers: HeaderMap,
    Body(new): Body<ToTopic>,
) -> Result<(StatusCode, Json<Delivered>), ApiError> {
    me.may(Verb::Publish)?;
    let topic = named(&topic)?;
    let letter = Letter {
        body: new.body,
        payload: new.payload,
        broadcasted: topic.is_all(),
        sender_name: Some(me.name.clone()),
        class: new.class,
        in_reply_to: None,
    };
    let (sender, workspace) = (me.sender(), me.claims.workspace.clone());
    let caller = Caller::Agent(me);
    let delivered = post(
        &gateway, &caller, sender, workspace, topic, letter, &headers,
    )
    .await?;
    Ok((StatusCode::ACCEPTED, Json(delivered)))
}

fn named(topic: &str) -> Result<Topic, ApiError> {
    Topic::parse(topic).map_err(|bad| Invalid::new("topic", bad.to_string()).into())
}

/// A topic that is subscribed to.
fn heard(topic: &str) -> Result<Topic, ApiError> {
    let topic = named(topic)?;
    if topic.is_all() {
        let rule = "`all` is the topic of all peers: every enabled agent hears it, always";
        return Err(Invalid::new("topic", rule).into());
    }
    Ok(topic)
}
