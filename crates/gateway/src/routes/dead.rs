//! Dead letters: what was given up, to be looked at, replayed or discarded by a person.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::id::MessageId;
use optio_store::mail::{Fate, Settled, Wanted, Which};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    agents::find,
    messages::{self, MessageView, Messages},
    posting::Accepted,
};
use crate::{
    Gateway,
    body::{Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page::Page,
};

/// Messages of a page without a limit, and the most.
const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;
/// Dead letters settled by one request.
const SETTLE_MAX: i64 = 1_000;

/// Lists an agent's dead letters, newest first.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}/dead-letters", tag = "dead letters",
    params(("agent" = String, Path, description = "id or slug"), Page),
    responses((status = 200, body = Messages), (status = 404, body = Problem)))]
pub(crate) async fn of_agent(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
    Params(page): Params<Page>,
) -> Result<Json<Messages>, ApiError> {
    let row = find(&gateway, &agent).await?;
    let limits = (PAGE, PAGE_MAX);
    messages::read(&gateway, row.id.into(), Wanted::Dead, &page, limits)
        .await
        .map(Json)
}

/// Lists the dead letters of all agents, newest first.
#[utoipa::path(get, path = "/api/dead-letters", tag = "dead letters", params(Page),
    responses((status = 200, body = Messages), (status = 400, body = Problem)))]
pub(crate) async fn of_all(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(page): Params<Page>,
) -> Result<Json<Messages>, ApiError> {
    let limit = page.limit(PAGE, PAGE_MAX)?;
    let store = &gateway.world().store;
    let rows = store.dead_letters(page.cursor()?, limit).await?;
    Ok(Json(messages::shown(rows, limit)))
}

/// A turn that failed with the message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailedTurnView {
    id: Uuid,
    turn_number: i32,
    error: Option<String>,
    error_class: Option<String>,
    started_at: DateTime<Utc>,
}

/// A dead letter in full.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetter {
    message: MessageView,
    /// The turns it was given to, as far as they are still kept.
    turns: Vec<FailedTurnView>,
}

/// Shows a dead letter with the turns it was given to.
#[utoipa::path(get, path = "/api/dead-letters/{message}", tag = "dead letters",
    params(("message" = Uuid, Path)),
    responses((status = 200, body = DeadLetter), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(message): Named<String>,
) -> Result<Json<DeadLetter>, ApiError> {
    let store = &gateway.world().store;
    let row = store.message(id_of(&message)?).await?;
    let row = row
        .filter(|row| row.state == "dead")
        .ok_or_else(|| missing(&message))?;
    let turns = store.failed_turns(&row.failed_turns).await?;
    let turns = turns.into_iter().map(|turn| FailedTurnView {
        id: turn.id,
        turn_number: turn.turn_number,
        error: turn.error,
        error_class: turn.error_class,
        started_at: turn.started_at,
    });
    Ok(Json(DeadLetter {
        turns: turns.collect(),
        message: row.into(),
    }))
}

/// What became of dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettledView {
    ok: bool,
    /// How many were replayed or discarded.
    count: i64,
    /// Whether there may be more: ask again.
    more: bool,
}

impl From<Settled> for SettledView {
    fn from(settled: Settled) -> Self {
        Self {
            ok: true,
            count: settled.count,
            more: settled.count == SETTLE_MAX,
        }
    }
}

async fn settle(gateway: &Gateway, which: Which, fate: Fate) -> Result<Settled, ApiError> {
    let world = gateway.world();
    let now = world.clock.now();
    let settled = world
        .store
        .settle_dead(which, fate, now, SETTLE_MAX)
        .await?;
    if fate == Fate::Replay {
        for receiver in &settled.receivers {
            gateway.hints().look(*receiver);
        }
    }
    Ok(settled)
}

/// Puts the dead letters of all agents back into their inboxes, at most 1000 at once.
#[utoipa::path(post, path = "/api/dead-letters/replay", tag = "dead letters",
    responses((status = 200, body = SettledView)))]
pub(crate) async fn replay_all(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<SettledView>, ApiError> {
    let settled = settle(&gateway, Which::OfAll, Fate::Replay).await?;
    Ok(Json(settled.into()))
}

/// Gives the dead letters of all agents up for good, at most 1000 at once. Their records stay.
#[utoipa::path(post, path = "/api/dead-letters/discard", tag = "dead letters",
    responses((status = 200, body = SettledView)))]
pub(crate) async fn discard_all(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<SettledView>, ApiError> {
    let settled = settle(&gateway, Which::OfAll, Fate::Discard).await?;
    Ok(Json(settled.into()))
}

/// Puts an agent's dead letters back into its inbox, at most 1000 at once.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/dead-letters/replay",
    tag = "dead letters", params(("agent" = String, Path, description = "id or slug")),
    responses((status = 200, body = SettledView), (status = 404, body = Problem)))]
pub(crate) async fn replay_of_agent(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
) -> Result<Json<SettledView>, ApiError> {
    let which = Which::OfAgent(find(&gateway, &agent).await?.id);
    Ok(Json(settle(&gateway, which, Fate::Replay).await?.into()))
}

/// Gives an agent's dead letters up for good, at most 1000 at once. Their records stay.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/dead-letters/discard",
    tag = "dead letters", params(("agent" = String, Path, description = "id or slug")),
    responses((status = 200, body = SettledView), (status = 404, body = Problem)))]
pub(crate) async fn discard_of_agent(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
) -> Result<Json<SettledView>, ApiError> {
    let which = Which::OfAgent(find(&gateway, &agent).await?.id);
    Ok(Json(settle(&gateway, which, Fate::Discard).await?.into()))
}

/// Puts one dead letter back into its inbox, as if it had never been tried.
#[utoipa::path(post, path = "/api/dead-letters/{message}/replay", tag = "dead letters",
    params(("message" = Uuid, Path)),
    responses((status = 202, body = Accepted), (status = 404, body = Problem)))]
pub(crate) async fn replay(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(message): Named<String>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    settle_one(&gateway, &message, Fate::Replay).await
}

/// Gives one dead letter up for good. Its record stays.
#[utoipa::path(post, path = "/api/dead-letters/{message}/discard", tag = "dead letters",
    params(("message" = Uuid, Path)),
    responses((status = 202, body = Accepted), (status = 404, body = Problem)))]
pub(crate) async fn discard(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(message): Named<String>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    settle_one(&gateway, &message, Fate::Discard).await
}

/// Puts a dead letter of this agent back into its inbox.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/dead-letters/{message}/replay",
    tag = "dead letters",
    params(("agent" = String, Path, description = "id or slug"), ("message" = Uuid, Path)),
    responses((status = 202, body = Accepted), (status = 404, body = Problem)))]
pub(crate) async fn replay_here(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((agent, message)): Named<(String, String)>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let row = find(&gateway, &agent).await?;
    let nothing = || ApiError::Missing(format!("`{agent}` has no dead letter `{message}`"));
    let id: MessageId = message.parse().map_err(|_bad| nothing())?;
    let letter = gateway.world().store.message(id).await?;
    if letter.is_none_or(|letter| letter.receiver_id != row.id.0) {
        return Err(nothing());
    }
    settle_one(&gateway, &message, Fate::Replay).await
}

async fn settle_one(
    gateway: &Gateway,
    message: &str,
    fate: Fate,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let id = id_of(message)?;
    if settle(gateway, Which::One(id), fate).await?.count == 0 {
        return Err(missing(message));
    }
    Ok((StatusCode::ACCEPTED, Json(Accepted::plain(id, false))))
}

fn id_of(message: &str) -> Result<MessageId, ApiError> {
    message.parse().map_err(|_bad| missing(message))
}

fn missing(message: &str) -> ApiError {
    ApiError::Missing(format!(
        "there is no dead letter `{message}`; GET /api/dead-letters lists them"
    ))
}
