//! `/api/webhooks/{webhook}/deliveries`: what a webhook was told, and tests of it.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use optio_domain::{
    agent::spec::Invalid,
    id::NoticeId,
    notice::{NoticeEvent, spec::read_events},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    find,
    view::{DeliveryView, ManyDeliveries, OneDelivery},
};
use crate::{
    Gateway,
    body::{Named, Params, parse, read},
    caller::Person,
    error::{ApiError, Problem},
    page::{self, Page},
};

/// Deliveries of a page without a limit, and the most.
const PAGE: i64 = 50;
const PAGE_MAX: i64 = 200;

/// Where a page of deliveries ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Before(i64);

/// Lists what a webhook was told, the newest first.
#[utoipa::path(get, path = "/api/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = String, Path, description = "id"), Page),
    responses((status = 200, body = ManyDeliveries), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(webhook): Named<String>,
    Params(page): Params<Page>,
) -> Result<Json<ManyDeliveries>, ApiError> {
    let limit = page.limit(PAGE, PAGE_MAX)?;
    let before = page.cursor()?.map(|Before(seq)| seq);
    let row = find(&gateway, &webhook).await?;
    let store = &gateway.world().store;
    let rows = store.deliveries(row.id, before, limit).await?;
    let next_cursor = page::next(&rows, limit, |row| Before(row.seq));
    Ok(Json(ManyDeliveries {
        deliveries: rows.into_iter().map(DeliveryView::from).collect(),
        next_cursor,
    }))
}

/// What is tested.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct TestedEvent {
    /// Which event; the first one that the webhook is told of unless given.
    event: Option<String>,
}

/// Sends a made-up event to a webhook, also to one that is turned off, and says how it went. It is tried
/// once.
#[utoipa::path(post, path = "/api/webhooks/{webhook}/test", tag = "webhooks",
    params(("webhook" = String, Path, description = "id")), request_body = TestedEvent,
    responses((status = 200, body = OneDelivery), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn test(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(webhook): Named<String>,
    request: Request,
) -> Result<Json<OneDelivery>, ApiError> {
    let bytes = read(request, gateway.world().limits.body_bytes_max).await?;
    let asked: TestedEvent = if bytes.is_empty() {
        TestedEvent::default()
    } else {
        parse(&bytes)?
    };
    let row = find(&gateway, &webhook).await?;
    let event = match asked.event {
        Some(name) => named(name)?,
        None => row.spec.events.first().copied(),
    };
    let event = event.ok_or_else(|| Invalid::new("event", "is missing: name one"))?;
    let delivery = gateway.notices().test(row.id, event).await?;
    Ok(Json(delivery.into()))
}

fn named(name: String) -> Result<Option<NoticeEvent>, ApiError> {
    let events = read_events(&[name]).map_err(|invalid| Invalid::new("event", invalid.rule))?;
    Ok(events.first().copied())
}

/// Sends once more what a webhook was told or was not, with as many attempts as if it had just happened. Its
/// `webhook-id` stays, so that a receiver that has seen it can tell.
#[utoipa::path(post, path = "/api/webhooks/{webhook}/deliveries/{delivery}/replay", tag = "webhooks",
    params(("webhook" = String, Path, description = "id"),
           ("delivery" = String, Path, description = "id")),
    responses((status = 202, body = OneDelivery), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn replay(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((webhook, delivery)): Named<(String, String)>,
) -> Result<(StatusCode, Json<OneDelivery>), ApiError> {
    let row = find(&gateway, &webhook).await?;
    if !row.spec.active {
        let words = "the webhook is turned off; turn it on first";
        return Err(ApiError::Conflict(words.to_owned()));
    }
    let missing = || {
        ApiError::Missing(format!(
            "there is no delivery `{delivery}` to this webhook; GET /api/webhooks/{webhook}/deliveries \
             lists those there are"
        ))
    };
    let id: NoticeId = delivery.parse().map_err(|_bad| missing())?;
    let world = gateway.world();
    let again = world.store.replay_delivery(row.id, id, world.clock.now());
    let again = again.await?.ok_or_else(missing)?;
    Ok((StatusCode::ACCEPTED, Json(again.into())))
}
