//! `/api/prompt-templates`: the library of templates.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::{id::TemplateId, mail::Sender};
use optio_store::templates::{Kept, TemplateRow};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::{After, WORKSPACE};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page::{self, Page},
};

pub(crate) mod effective;
pub(crate) mod preview;
mod written;

use written::{ChangedTemplate, NewTemplate, OfKind};

/// Templates of a page without a limit, and the most: older clients do not page.
const PAGE: i64 = 1_000;

/// A template.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateView {
    id: Uuid,
    workspace_id: Option<Uuid>,
    /// Unique among those of its kind.
    name: String,
    /// prompt, review, job or task.
    kind: &'static str,
    template: String,
    description: Option<String>,
    /// A JSON Schema of the parameters of a job or a task.
    #[schema(value_type = Option<Object>)]
    params_schema: Option<Map<String, Value>>,
    default_agent_type: Option<String>,
    /// Whether prompts of its kind begin with it where their repository has no words of its own.
    is_default: bool,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<TemplateRow> for TemplateView {
    fn from(row: TemplateRow) -> Self {
        let spec = row.spec;
        Self {
            id: row.id.0,
            workspace_id: None,
            name: spec.name,
            kind: spec.kind.name(),
            template: spec.template,
            description: spec.description,
            params_schema: spec.params_schema,
            default_agent_type: spec.default_agent_type,
            is_default: spec.is_default,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// One template.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneTemplate {
    template: TemplateView,
}

impl From<TemplateRow> for OneTemplate {
    fn from(row: TemplateRow) -> Self {
        Self {
            template: row.into(),
        }
    }
}

/// A page of templates.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyTemplates {
    templates: Vec<TemplateView>,
    /// Hand it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists templates in the order in which they were made; those of one kind, where one is given.
#[utoipa::path(get, path = "/api/prompt-templates", tag = "templates", params(OfKind, Page),
    responses((status = 200, body = ManyTemplates), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(of): Params<OfKind>,
    Params(page): Params<Page>,
) -> Result<Json<ManyTemplates>, ApiError> {
    let kind = of.kind()?;
    let limit = page.limit(PAGE, PAGE)?;
    let after = page.cursor()?.map(|After(at, id)| (at, id));
    let store = &gateway.world().store;
    let rows = store.templates(WORKSPACE, kind, after, limit).await?;
    let next_cursor = page::next(&rows, limit, |row| After(row.created_at, row.id.0));
    Ok(Json(ManyTemplates {
        templates: rows.into_iter().map(TemplateView::from).collect(),
        next_cursor,
    }))
}

/// Keeps a new template. Its text may ask only for what prompts of its kind are given.
#[utoipa::path(post, path = "/api/prompt-templates/named", tag = "templates",
    request_body = NewTemplate,
    responses((status = 201, body = OneTemplate), (status = 400, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Body(sent): Body<NewTemplate>,
) -> Result<(StatusCode, Json<OneTemplate>), ApiError> {
    let spec = sent.spec()?;
    let world = gateway.world();
    let id = TemplateId(world.ids.fresh());
    let by = Sender::User(person).to_string();
    let now = world.clock.now();
    let store = &world.store;
    let kept = store.add_template(id, WORKSPACE, &spec, &by, now).await?;
    Ok((StatusCode::CREATED, Json(there(kept)?.into())))
}

/// Shows one template.
#[utoipa::path(get, path = "/api/prompt-templates/{template}", tag = "templates",
    params(("template" = String, Path, description = "id")),
    responses((status = 200, body = OneTemplate), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(template): Named<String>,
) -> Result<Json<OneTemplate>, ApiError> {
    Ok(Json(found(&gateway, &template).await?.into()))
}

/// Changes a template, for what begins from now on. What is not named stays as it is.
#[utoipa::path(patch, path = "/api/prompt-templates/{template}", tag = "templates",
    params(("template" = String, Path, description = "id")), request_body = ChangedTemplate,
    responses((status = 200, body = OneTemplate), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(template): Named<String>,
    Body(sent): Body<ChangedTemplate>,
) -> Result<Json<OneTemplate>, ApiError> {
    let world = gateway.world();
    let (id, now) = (id_of(&template)?, world.clock.now());
    let changed = world
        .store
        .change_template(WORKSPACE, id, now, |spec| sent.spec(spec))
        .await?;
    let kept = changed.ok_or_else(|| missing(&template))??;
    Ok(Json(there(kept)?.into()))
}

/// Removes a template. Where it was the default of its kind, prompts begin with the built-in words again.
#[utoipa::path(delete, path = "/api/prompt-templates/{template}", tag = "templates",
    params(("template" = String, Path, description = "id")),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(template): Named<String>,
) -> Result<StatusCode, ApiError> {
    let store = &gateway.world().store;
    if store.delete_template(WORKSPACE, id_of(&template)?).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(missing(&template))
    }
}

async fn found(gateway: &Gateway, template: &str) -> Result<TemplateRow, ApiError> {
    let store = &gateway.world().store;
    let row = store.named_template(WORKSPACE, id_of(template)?).await?;
    row.ok_or_else(|| missing(template))
}

fn there(kept: Kept) -> Result<TemplateRow, ApiError> {
    match kept {
        Kept::Yes(row) => Ok(*row),
        Kept::NameTaken => Err(ApiError::Conflict(
            "another template of this kind has the name; change that one, or choose another name"
                .to_owned(),
        )),
    }
}

fn id_of(template: &str) -> Result<TemplateId, ApiError> {
    template.parse().map_err(|_bad| missing(template))
}

fn missing(template: &str) -> ApiError {
    ApiError::Missing(format!(
        "there is no template `{template}`; GET /api/prompt-templates lists those there are"
    ))
}
