//! `/api/webhooks`: addresses that are told what happens here.

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::{
    agent::spec::Invalid,
    id::{SecretId, WebhookId},
    mail::Sender,
};
use optio_store::notices::{NewWebhook, WebhookRow};
use serde_json::{Map, Value};

use super::agents::{After, WORKSPACE};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page::{self, Page},
};

pub(crate) mod deliveries;
pub(crate) mod slack;
mod view;
mod written;

use view::{ManyWebhooks, OneWebhook, WebhookView};
use written::{ChangedWebhook, NewWebhookBody};

/// Webhooks of a page without a limit, and the most: older clients do not page.
const PAGE: i64 = 1_000;

/// Lists webhooks in the order in which they were added, without their secrets.
#[utoipa::path(get, path = "/api/webhooks", tag = "webhooks", params(Page),
    responses((status = 200, body = ManyWebhooks), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(page): Params<Page>,
) -> Result<Json<ManyWebhooks>, ApiError> {
    let limit = page.limit(PAGE, PAGE)?;
    let after = page.cursor()?.map(|After(at, id)| (at, id));
    let store = &gateway.world().store;
    let rows = store.webhooks(WORKSPACE, after, limit).await?;
    let next_cursor = page::next(&rows, limit, |row| After(row.created_at, row.id.0));
    Ok(Json(ManyWebhooks {
        webhooks: rows.into_iter().map(WebhookView::from).collect(),
        next_cursor,
    }))
}

/// Adds a webhook. Its address must be on the public internet, unless the server was told otherwise.
#[utoipa::path(post, path = "/api/webhooks", tag = "webhooks", request_body = NewWebhookBody,
    responses((status = 201, body = OneWebhook), (status = 400, body = Problem),
              (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Body(sent): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<OneWebhook>), ApiError> {
    let (spec, secret) = written::new(&sent)?;
    let world = gateway.world();
    reachable(&gateway, "url", &spec.url)?;
    let new = NewWebhook {
        id: WebhookId(world.ids.fresh()),
        workspace: WORKSPACE,
        spec: &spec,
        secret: secret.as_ref(),
        created_by: &Sender::User(person).to_string(),
        at: world.clock.now(),
    };
    let row = world.store.add_webhook(&new).await?;
    tracing::info!(webhook.id = %row.id, host = row.spec.url.origin(), "a webhook was added");
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Shows one webhook, without its secret.
#[utoipa::path(get, path = "/api/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = String, Path, description = "id")),
    responses((status = 200, body = OneWebhook), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(webhook): Named<String>,
) -> Result<Json<OneWebhook>, ApiError> {
    Ok(Json(find(&gateway, &webhook).await?.into()))
}

/// Changes a webhook; what is not named stays. For a day after its secret has changed, deliveries are signed
/// with the one before it too. One that is turned off is not told of what waits for it either.
#[utoipa::path(patch, path = "/api/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = String, Path, description = "id")), request_body = ChangedWebhook,
    responses((status = 200, body = OneWebhook), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(webhook): Named<String>,
    Body(sent): Body<Map<String, Value>>,
) -> Result<Json<OneWebhook>, ApiError> {
    let world = gateway.world();
    let (id, fresh) = (id_of(&webhook)?, SecretId(world.ids.fresh()));
    let changed = world
        .store
        .change_webhook(WORKSPACE, id, fresh, world.clock.now(), |spec| {
            let (spec, secret) = written::changed(&sent, spec)?;
            reachable(&gateway, "url", &spec.url)?;
            Ok::<_, ApiError>((spec, secret))
        })
        .await?;
    let row = changed.ok_or_else(|| missing(&webhook))??;
    Ok(Json(row.into()))
}

/// Removes a webhook with its secret and its history.
#[utoipa::path(delete, path = "/api/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = String, Path, description = "id")),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(webhook): Named<String>,
) -> Result<StatusCode, ApiError> {
    let id = id_of(&webhook)?;
    if gateway.world().store.delete_webhook(WORKSPACE, id).await? {
        tracing::info!(webhook.id = %id, "a webhook was removed");
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(missing(&webhook))
}

/// Refuses an address that is certainly not on the public internet. Where its name leads is looked at each
/// time it is called.
pub(super) fn reachable(
    gateway: &Gateway,
    field: &'static str,
    url: &optio_domain::notice::WebhookUrl,
) -> Result<(), ApiError> {
    let checked = gateway.world().notifier.check(url);
    checked.map_err(|inner| Invalid::new(field, format!("leads elsewhere: {inner}")).into())
}

async fn find(gateway: &Gateway, webhook: &str) -> Result<WebhookRow, ApiError> {
    let store = &gateway.world().store;
    let row = store.webhook(WORKSPACE, id_of(webhook)?).await?;
    row.ok_or_else(|| missing(webhook))
}

fn id_of(webhook: &str) -> Result<WebhookId, ApiError> {
    webhook.parse().map_err(|_bad| missing(webhook))
}

fn missing(webhook: &str) -> ApiError {
    ApiError::Missing(format!(
        "there is no webhook `{webhook}`; GET /api/webhooks lists those there are"
    ))
}
