//! What a template would look like.

use axum::{Json, extract::State};
use optio_domain::{
    agent::spec::Invalid,
    prompt_template::{self, Preview, TemplateKind},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{found, written::kind_of};
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

/// Parameters to try a template with.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TrialParams {
    /// Values by name. What tasks and reviews are given is there as an example without being named.
    #[serde(default)]
    #[schema(value_type = Object)]
    params: Map<String, Value>,
}

/// A text that is not kept, to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialTemplate {
    template: String,
    /// prompt (the default), review, job or task.
    kind: Option<String>,
    /// A JSON Schema of the parameters of a job or a task.
    #[schema(value_type = Option<Object>)]
    params_schema: Option<Map<String, Value>>,
    /// Values by name.
    #[serde(default)]
    #[schema(value_type = Object)]
    params: Map<String, Value>,
}

/// A text as an agent would be given it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rendering {
    rendered: String,
    /// What is wrong with it, each with its place.
    warnings: Vec<String>,
}

impl From<Preview> for Rendering {
    fn from(preview: Preview) -> Self {
        Self {
            rendered: preview.rendered,
            warnings: preview.warnings,
        }
    }
}

/// Renders a template of the library with parameters.
#[utoipa::path(post, path = "/api/prompt-templates/{template}/preview", tag = "templates",
    params(("template" = String, Path, description = "id")), request_body = TrialParams,
    responses((status = 200, body = Rendering), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn of_one(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(template): Named<String>,
    Body(sent): Body<TrialParams>,
) -> Result<Json<Rendering>, ApiError> {
    let spec = found(&gateway, &template).await?.spec;
    let schema = spec.params_schema.as_ref();
    rendered(spec.kind, &spec.template, schema, &sent.params)
}

/// Renders a text that is not kept, and says whether it could be.
#[utoipa::path(post, path = "/api/prompt-templates/preview", tag = "templates",
    request_body = TrialTemplate,
    responses((status = 200, body = Rendering), (status = 400, body = Problem)))]
pub(crate) async fn of_text(
    _person: Person,
    Body(sent): Body<TrialTemplate>,
) -> Result<Json<Rendering>, ApiError> {
    let kind = kind_of(sent.kind.as_deref().unwrap_or("prompt"))?;
    let schema = sent.params_schema.as_ref();
    rendered(kind, &sent.template, schema, &sent.params)
}

fn rendered(
    kind: TemplateKind,
    text: &str,
    params_schema: Option<&Map<String, Value>>,
    params: &Map<String, Value>,
) -> Result<Json<Rendering>, ApiError> {
    let preview = prompt_template::preview(kind, text, params_schema, params)
        .map_err(|error| Invalid::new("template", error.to_string()))?;
    Ok(Json(preview.into()))
}
