//! `/api/secrets`: what is stored goes in and never comes out.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::{
    agent::spec::Invalid,
    id::SecretId,
    secret::{Scope, SecretName, SecretText},
};
use optio_store::secrets::SecretRow;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::WORKSPACE;
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page::{self, OfScope, Page},
};

/// Entries of a page without a limit, and the most.
const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;

/// A secret without its value.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretView {
    id: Uuid,
    name: String,
    /// global, workspace, user, or the address of a repository.
    scope: String,
    /// The person whose it is, where the scope is user.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    created_at: DateTime<Utc>,
    /// When its value was last set.
    updated_at: DateTime<Utc>,
}

impl From<SecretRow> for SecretView {
    fn from(row: SecretRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scope: row.scope,
            user_id: row.user_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A page of secrets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Secrets {
    secrets: Vec<SecretView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the secrets you can use, by name, without their values; those of one scope, where one is
/// given.
#[utoipa::path(get, path = "/api/secrets", tag = "secrets", params(OfScope, Page),
    responses((status = 200, body = Secrets), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Params(of): Params<OfScope>,
    Params(page): Params<Page>,
) -> Result<Json<Secrets>, ApiError> {
    let limit = page.limit(PAGE, PAGE_MAX)?;
    let after: Option<(String, Uuid)> = page.cursor()?;
    let place = of.scope().map(Scope::parse).transpose()?;
    let place = place.map(|scope| scope.of(WORKSPACE, &person));
    let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
    let scope = place.as_ref().map(|place| place.scope());
    let store = &gateway.world().store;
    let rows = store
        .secrets(WORKSPACE, &person, scope, after, limit)
        .await?;
    let next_cursor = page::next(&rows, limit, |row| (row.name.clone(), row.id));
    Ok(Json(Secrets {
        secrets: rows.into_iter().map(SecretView::from).collect(),
        next_cursor,
    }))
}

/// A secret to keep.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "it is the description; the body is read without ever being repeated"
)]
pub(crate) struct NewSecret {
    /// Letters, digits and underscores: the name of a variable of the environment.
    #[schema(max_length = 128)]
    name: String,
    /// The value, up to 64 KiB. It is never shown again.
    #[schema(write_only, max_length = 65536)]
    value: String,
    /// global (the default), workspace, user, or the URL of a repository.
    scope: Option<String>,
}

/// What was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kept {
    name: String,
    scope: String,
}

/// Keeps a secret, sealed. One of the same name and scope is replaced.
#[utoipa::path(post, path = "/api/secrets", tag = "secrets", request_body = NewSecret,
    responses((status = 201, body = Kept), (status = 400, body = Problem),
              (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Body(sent): Body<Value>,
) -> Result<(StatusCode, Json<Kept>), ApiError> {
    let name = SecretName::parse(member(&sent, "name")?.unwrap_or_default());
    let value = SecretText::parse(member(&sent, "value")?.unwrap_or_default());
    let scope = Scope::parse(member(&sent, "scope")?.unwrap_or("global"));
    let (name, value, scope) = match (name, value, scope) {
        (Ok(name), Ok(value), Ok(scope)) => (name, value, scope),
        (name, value, scope) => {
            let broken = [name.err(), value.err(), scope.err()];
            return Err(ApiError::Invalid(broken.into_iter().flatten().collect()));
        }
    };
    let place = scope.of(WORKSPACE, &person);
    let world = gateway.world();
    let id = SecretId(world.ids.fresh());
    let kept = world
        .store
        .put_secret(id, &place, &name, &value, world.clock.now())
        .await?;
    tracing::info!(
        secret.name = kept.name,
        secret.scope = kept.scope,
        "a secret was set"
    );
    let kept = Kept {
        name: kept.name,
        scope: kept.scope,
    };
    Ok((StatusCode::CREATED, Json(kept)))
}

/// A text of the body. What stands there is never repeated in an error: it may be the secret.
fn member<'a>(sent: &'a Value, name: &'static str) -> Result<Option<&'a str>, ApiError> {
    let Value::Object(members) = sent else {
        let words = "the body must be an object with name, value and scope";
        return Err(ApiError::BadRequest(words.to_owned()));
    };
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Invalid::new(name, "must be a text").into())
        }
    }
}

/// Removes a secret. Processes that were given it keep it until they end.
#[utoipa::path(delete, path = "/api/secrets/{name}", tag = "secrets",
    params(("name" = String, Path), OfScope),
    responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Named(name): Named<String>,
    Params(of): Params<OfScope>,
) -> Result<StatusCode, ApiError> {
    let scope = Scope::parse(of.scope().unwrap_or("global"))?;
    let place = scope.of(WORKSPACE, &person);
    if gateway.world().store.delete_secret(&place, &name).await? {
        tracing::info!(
            secret.name = name,
            secret.scope = place.scope(),
            "a secret was removed"
        );
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::Missing(format!(
        "there is no secret `{name}` of the scope {}; GET /api/secrets lists those there are",
        place.scope()
    )))
}

/// What a change of the key has done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rotation {
    /// The name of the key that everything is sealed with now.
    key_id: String,
    /// How many secrets were sealed anew.
    secrets: u64,
    /// What you have to remove by hand, where Optio may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<String>,
}

/// Seals every secret with another key, while all is in use. Where that was cut short before, it is
/// finished.
#[utoipa::path(post, path = "/api/secrets/rotate-key", tag = "secrets",
    responses((status = 200, body = Rotation), (status = 409, body = Problem),
              (status = 503, body = Problem)))]
pub(crate) async fn rotate_key(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<Rotation>, ApiError> {
    let (store, now) = (gateway.world().store.clone(), gateway.world().clock.now());
    // A client that goes away does not cut it short.
    let rotated = tokio::spawn(async move { store.rotate_key(now).await }).await;
    let rotated = rotated.map_err(|fallen| ApiError::Internal(fallen.to_string()))??;
    let key_id = rotated.key.to_string();
    tracing::info!(
        key.id = key_id,
        secrets = rotated.secrets,
        "the key of secrets was changed"
    );
    Ok(Json(Rotation {
        key_id,
        secrets: rotated.secrets,
        left: rotated.left,
    }))
}
