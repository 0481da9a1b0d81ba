//! `/api/task-configs`: blueprints, from which tasks are made by hand or by triggers.

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::job::JobKind;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    agents::WORKSPACE,
    jobs::{
        self, JOBS_MAX,
        runs::{NewRunBody, begin},
        view::BlueprintView,
        written::BlueprintBody,
    },
};
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

/// One blueprint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneBlueprint {
    task_config: BlueprintView,
}

/// Blueprints.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyBlueprints {
    task_configs: Vec<BlueprintView>,
}

/// The task that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MadeTask {
    task_id: Uuid,
}

/// All blueprints, newest first.
pub(crate) async fn all(gateway: &Gateway) -> Result<Vec<BlueprintView>, ApiError> {
    let store = &gateway.world().store;
    let rows = store.jobs(WORKSPACE, JobKind::Blueprint, JOBS_MAX).await?;
    Ok(rows.into_iter().map(BlueprintView::of).collect())
}

/// Lists the blueprints, newest first.
#[utoipa::path(get, path = "/api/task-configs", tag = "blueprints",
    responses((status = 200, body = ManyBlueprints)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<ManyBlueprints>, ApiError> {
    Ok(Json(ManyBlueprints {
        task_configs: all(&gateway).await?,
    }))
}

/// Makes a blueprint.
#[utoipa::path(post, path = "/api/task-configs", tag = "blueprints", request_body = BlueprintBody,
    responses((status = 201, body = OneBlueprint), (status = 400, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    person: Person,
    Body(body): Body<BlueprintBody>,
) -> Result<(StatusCode, Json<OneBlueprint>), ApiError> {
    let spec = body.spec(&gateway, None).await?;
    let row = jobs::make(&gateway, &person.0, &spec).await?;
    Ok((
        StatusCode::CREATED,
        Json(OneBlueprint {
            task_config: BlueprintView::of(row),
        }),
    ))
}

/// Shows a blueprint.
#[utoipa::path(get, path = "/api/task-configs/{config}", tag = "blueprints",
    params(("config" = String, Path, description = "id or name")),
    responses((status = 200, body = OneBlueprint), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
) -> Result<Json<OneBlueprint>, ApiError> {
    let row = jobs::find(&gateway, JobKind::Blueprint, &name).await?;
    Ok(Json(OneBlueprint {
        task_config: BlueprintView::of(row),
    }))
}

/// Changes a blueprint. Tasks that were made of it stay as they are.
#[utoipa::path(patch, path = "/api/task-configs/{config}", tag = "blueprints", request_body = BlueprintBody,
    params(("config" = String, Path, description = "id or name")),
    responses((status = 200, body = OneBlueprint), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
    Body(body): Body<BlueprintBody>,
) -> Result<Json<OneBlueprint>, ApiError> {
    let row = jobs::find(&gateway, JobKind::Blueprint, &name).await?;
    let spec = body.spec(&gateway, Some(row.spec.clone())).await?;
    let row = jobs::alter(&gateway, &row, &spec).await?;
    Ok(Json(OneBlueprint {
        task_config: BlueprintView::of(row),
    }))
}

/// Deletes a blueprint with its triggers. Tasks that were made of it go on.
#[utoipa::path(delete, path = "/api/task-configs/{config}", tag = "blueprints",
    params(("config" = String, Path, description = "id or name")),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
) -> Result<StatusCode, ApiError> {
    let row = jobs::find(&gateway, JobKind::Blueprint, &name).await?;
    jobs::delete(&gateway, &row).await
}

/// Makes a task of a blueprint.
#[utoipa::path(post, path = "/api/task-configs/{config}/run", tag = "blueprints", request_body = NewRunBody,
    params(("config" = String, Path, description = "id or name")),
    responses((status = 202, body = MadeTask), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn run(
    State(gateway): State<Gateway>,
    person: Person,
    Named(name): Named<String>,
    Body(body): Body<NewRunBody>,
) -> Result<(StatusCode, Json<MadeTask>), ApiError> {
    let row = jobs::find(&gateway, JobKind::Blueprint, &name).await?;
    let task = begin(&gateway, &person.0, &row, body).await?;
    Ok((StatusCode::ACCEPTED, Json(MadeTask { task_id: task.id.0 })))
}
