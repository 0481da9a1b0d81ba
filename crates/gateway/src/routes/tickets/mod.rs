//! `/api/tickets`: the trackers where tickets are looked for, the tickets that were seen, and what came of
//! them.

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::{
    agent::spec::Invalid,
    id::{SecretId, TrackerId},
    mail::Sender,
    tracker::TrackerError,
};
use optio_store::tickets::{AddedTracker, ChangedTracker, NewTracker, TrackerRow};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::agents::WORKSPACE;
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

pub(crate) mod list;
pub(crate) mod sync;
mod view;
mod written;

use view::ProviderView;
use written::{ChangedProvider, NewProvider};

/// One tracker.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneProvider {
    provider: ProviderView,
}

impl From<TrackerRow> for OneProvider {
    fn from(row: TrackerRow) -> Self {
        Self {
            provider: row.into(),
        }
    }
}

/// All trackers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyProviders {
    providers: Vec<ProviderView>,
}

/// Lists the trackers, in the order in which they were added. Tokens are masked.
#[utoipa::path(get, path = "/api/tickets/providers", tag = "tickets",
    responses((status = 200, body = ManyProviders)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<ManyProviders>, ApiError> {
    let rows = gateway.world().store.trackers(WORKSPACE).await?;
    Ok(Json(ManyProviders {
        providers: rows.into_iter().map(ProviderView::from).collect(),
    }))
}

/// Adds a tracker, which is looked at from then on. Its token is sealed and never shown again.
#[utoipa::path(post, path = "/api/tickets/providers", tag = "tickets", request_body = NewProvider,
    responses((status = 201, body = OneProvider), (status = 400, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Body(sent): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<OneProvider>), ApiError> {
    let new = written::new(&sent)?;
    let world = gateway.world();
    let id = TrackerId(world.ids.fresh());
    let usable = world.trackers.open(id, &new.spec, new.token.as_ref());
    usable.map_err(|error| unusable(&error))?;
    let by = Sender::User(person).to_string();
    let token = new.token.as_ref();
    let added = world
        .store
        .add_tracker(&NewTracker {
            id,
            workspace: WORKSPACE,
            spec: &new.spec,
            token: token.map(|token| (SecretId(world.ids.fresh()), token)),
            enabled: new.enabled,
            by: &by,
            at: world.clock.now(),
        })
        .await?;
    match added {
        AddedTracker::Yes(row) => {
            gateway.hints().look(id.into());
            Ok((StatusCode::CREATED, Json((*row).into())))
        }
        AddedTracker::Already(id) => Err(already(id)),
        AddedTracker::Full(max) => Err(ApiError::Conflict(format!(
            "there are {max} trackers already, which is the most there may be; remove some"
        ))),
    }
}

/// Changes a tracker. What is not named stays as it is, `null` clears what may be empty; it is looked at
/// anew, and what was tried in vain is tried again.
#[utoipa::path(patch, path = "/api/tickets/providers/{provider}", tag = "tickets",
    params(("provider" = String, Path, description = "id")), request_body = ChangedProvider,
    responses((status = 200, body = OneProvider), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(provider): Named<String>,
    Body(sent): Body<Map<String, Value>>,
) -> Result<Json<OneProvider>, ApiError> {
    let world = gateway.world();
    let id = id_of(&provider)?;
    let fresh = SecretId(world.ids.fresh());
    let changed = world
        .store
        .change_tracker(WORKSPACE, id, fresh, world.clock.now(), |row| {
            written::changed(&sent, row)
        })
        .await?;
    match changed {
        ChangedTracker::Yes(row) => {
            gateway.hints().look(id.into());
            Ok(Json((*row).into()))
        }
        ChangedTracker::Already(other) => Err(already(other)),
        ChangedTracker::Refused(error) => Err(error),
        ChangedTracker::Missing => Err(missing(&provider)),
    }
}

/// Removes a tracker with its token and all that was seen there. What became of its tickets stays.
#[utoipa::path(delete, path = "/api/tickets/providers/{provider}", tag = "tickets",
    params(("provider" = String, Path, description = "id")),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(provider): Named<String>,
) -> Result<StatusCode, ApiError> {
    let id = id_of(&provider)?;
    let store = &gateway.world().store;
    if !store.delete_tracker(WORKSPACE, id).await? {
        return Err(missing(&provider));
    }
    gateway.hints().look(id.into());
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a tracker go on that was left alone after too many failures, and tries again what was tried in
/// vain.
#[utoipa::path(patch, path = "/api/tickets/providers/{provider}/re-enable", tag = "tickets",
    params(("provider" = String, Path, description = "id")),
    responses((status = 200, body = OneProvider), (status = 404, body = Problem)))]
pub(crate) async fn enable(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(provider): Named<String>,
) -> Result<Json<OneProvider>, ApiError> {
    enabled(&gateway, &provider).await
}

/// The same as PATCH.
#[utoipa::path(post, path = "/api/tickets/providers/{provider}/re-enable", tag = "tickets",
    params(("provider" = String, Path, description = "id")),
    responses((status = 200, body = OneProvider), (status = 404, body = Problem)))]
pub(crate) async fn enable_by_post(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(provider): Named<String>,
) -> Result<Json<OneProvider>, ApiError> {
    enabled(&gateway, &provider).await
}

async fn enabled(gateway: &Gateway, provider: &str) -> Result<Json<OneProvider>, ApiError> {
    let world = gateway.world();
    let id = id_of(provider)?;
    let row = world
        .store
        .enable_tracker(WORKSPACE, id, world.clock.now())
        .await?;
    let row = row.ok_or_else(|| missing(provider))?;
    gateway.hints().look(id.into());
    Ok(Json(row.into()))
}

fn id_of(provider: &str) -> Result<TrackerId, ApiError> {
    provider.parse().map_err(|_bad| missing(provider))
}

fn missing(provider: &str) -> ApiError {
    ApiError::Missing(format!(
        "there is no tracker `{provider}`; GET /api/tickets/providers lists those there are"
    ))
}

fn already(id: TrackerId) -> ApiError {
    ApiError::Conflict(format!(
        "the same place is looked at for the same label already, by {id}; change that one"
    ))
}

/// What is wrong with a tracker before anybody was asked.
fn unusable(error: &TrackerError) -> ApiError {
    let words = match error {
        TrackerError::Unauthorized { words, remedy } => format!("{words}; {remedy}"),
        TrackerError::NotFound(_)
        | TrackerError::RateLimited { .. }
        | TrackerError::Busy(_)
        | TrackerError::Refused(_) => error.to_string(),
    };
    Invalid::new("config", words).into()
}
