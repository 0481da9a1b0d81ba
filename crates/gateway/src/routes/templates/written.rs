//! What people write about a template.

use optio_domain::{
    agent::spec::Invalid,
    prompt_template::{TemplateKind, TemplateSpec},
    repo::RepoUrl,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::{body::present, error::ApiError};

/// A new template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewTemplate {
    /// Unique among those of its kind.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The text, up to 64 KiB.
    #[schema(min_length = 1)]
    template: String,
    /// prompt (the default), review, job or task.
    kind: Option<String>,
    description: Option<String>,
    /// A JSON Schema of the parameters of a job or a task: its properties are what the text may ask for.
    #[schema(value_type = Option<Object>)]
    params_schema: Option<Map<String, Value>>,
    /// Which agent program a job or a task is given it with, where nobody says.
    default_agent_type: Option<String>,
    /// Let prompts or reviews begin with it where their repository has no words of its own.
    #[serde(default)]
    is_default: bool,
}

impl NewTemplate {
    /// The template, checked.
    pub(super) fn spec(self) -> Result<TemplateSpec, ApiError> {
        checked(TemplateSpec {
            kind: kind_of(self.kind.as_deref().unwrap_or("prompt"))?,
            name: self.name,
            template: self.template,
            description: self.description,
            params_schema: self.params_schema,
            default_agent_type: self.default_agent_type,
            is_default: self.is_default,
        })
    }
}

/// A changed template; what is not named stays as it is, `null` clears what may be empty.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ChangedTemplate {
    name: Option<String>,
    template: Option<String>,
    /// prompt, review, job or task.
    kind: Option<String>,
    #[serde(deserialize_with = "present")]
    description: Option<Option<String>>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    params_schema: Option<Option<Map<String, Value>>>,
    #[serde(deserialize_with = "present")]
    default_agent_type: Option<Option<String>>,
    /// Let prompts or reviews begin with it where their repository has no words of its own; the one
    /// before is the default no more.
    is_default: Option<bool>,
}

impl ChangedTemplate {
    /// The template as it is from now on, checked.
    pub(super) fn spec(self, mut spec: TemplateSpec) -> Result<TemplateSpec, ApiError> {
        set(&mut spec.name, self.name);
        set(&mut spec.template, self.template);
        set(
            &mut spec.kind,
            self.kind.as_deref().map(kind_of).transpose()?,
        );
        set(&mut spec.description, self.description);
        set(&mut spec.params_schema, self.params_schema);
        set(&mut spec.default_agent_type, self.default_agent_type);
        set(&mut spec.is_default, self.is_default);
        checked(spec)
    }
}

fn set<T>(field: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *field = said;
    }
}

fn checked(spec: TemplateSpec) -> Result<TemplateSpec, ApiError> {
    spec.check().map_err(ApiError::Invalid)?;
    Ok(spec)
}

/// Which kind.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfKind {
    /// prompt, review, job or task.
    kind: Option<String>,
}

impl OfKind {
    /// The kind, where one is given.
    pub(super) fn kind(&self) -> Result<Option<TemplateKind>, ApiError> {
        self.kind.as_deref().map(kind_of).transpose()
    }
}

/// Whose words.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfWords {
    /// The address of a repository; those of the workspace where it is left out.
    repo_url: Option<String>,
    /// prompt (the default) or review.
    kind: Option<String>,
}

impl OfWords {
    /// The kind.
    pub(super) fn kind(&self) -> Result<TemplateKind, ApiError> {
        let kind = kind_of(self.kind.as_deref().unwrap_or("prompt"))?;
        if kind.built_in().is_none() {
            return Err(Invalid::new("kind", "must be prompt or review").into());
        }
        Ok(kind)
    }

    /// The repository, where one is named.
    pub(super) fn repo(&self) -> Result<Option<RepoUrl>, ApiError> {
        address(self.repo_url.as_deref())
    }
}

/// An address, where one is named.
pub(super) fn address(text: Option<&str>) -> Result<Option<RepoUrl>, ApiError> {
    let text = text.filter(|text| !text.trim().is_empty());
    Ok(text.map(RepoUrl::parse).transpose()?)
}

/// Reads the name of a kind.
pub(super) fn kind_of(name: &str) -> Result<TemplateKind, ApiError> {
    TemplateKind::parse(name)
        .ok_or_else(|| Invalid::new("kind", "must be prompt, review, job or task").into())
}
