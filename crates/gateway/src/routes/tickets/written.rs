//! Trackers as clients write them.

use optio_domain::{
    agent::spec::Invalid,
    secret::SecretText,
    tracker::{MASK, Source, TrackerSpec},
};
use optio_store::tickets::{TrackerChange, TrackerRow};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::ApiError;

/// A tracker to be added.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "it is the description; what a configuration holds depends on the source"
)]
pub(crate) struct NewProvider {
    /// github, gitlab, jira, linear or notion.
    source: String,
    config: ProviderConfig,
    /// Whether it is looked at; true by default.
    enabled: Option<bool>,
}

/// What is changed about a tracker.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "it is the description; what a configuration holds depends on the source"
)]
pub(crate) struct ChangedProvider {
    /// Only the members that are to change.
    config: Option<ProviderConfig>,
    enabled: Option<bool>,
}

/// What people decide about a tracker: the members of its source, and those of all.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "it is the description; a configuration is read by its source"
)]
pub(crate) struct ProviderConfig {
    /// The label of tickets that become work; optio by default.
    label: Option<String>,
    /// Pages read at one look; 10 by default.
    #[schema(minimum = 1, maximum = 100)]
    max_pages: Option<i32>,
    /// Jira, Linear, Notion: the repository of tickets that name none. A ticket of Jira may name its own with
    /// a label repo:owner/name.
    repo_url: Option<String>,
    /// GitHub: the owner of the repository.
    owner: Option<String>,
    /// GitHub: the repository.
    repo: Option<String>,
    /// GitLab: the host, as in gitlab.com.
    host: Option<String>,
    /// GitLab: the project with its groups.
    project_path: Option<String>,
    /// GitHub, GitLab: a token; that of the git host where it is left out. Never shown again.
    token: Option<String>,
    /// Jira: the site, as in https://acme.atlassian.net.
    base_url: Option<String>,
    /// Jira: whose token it is.
    email: Option<String>,
    /// Jira: the token. Never shown again.
    api_token: Option<String>,
    /// Jira: the only project that is looked at.
    project_key: Option<String>,
    /// Jira: the status of a ticket that is done; any of that category where it is left out.
    done_status_name: Option<String>,
    /// Jira: the status of a ticket that waits for work; any that is not done where it is left out.
    todo_status_name: Option<String>,
    /// Linear, Notion: the key. Never shown again.
    api_key: Option<String>,
    /// Linear: the only team that is looked at, by its id.
    team_id: Option<String>,
    /// Linear: the only project that is looked at, by its id.
    project_id: Option<String>,
    /// Notion: the database, by its id.
    database_id: Option<String>,
    /// Notion: the property that says where a page stands; Status by default.
    status_property: Option<String>,
    /// Notion: what it says of one that is done; Done by default.
    done_value: Option<String>,
    /// Notion: the property with the title; the one of that type where it is left out.
    title_property: Option<String>,
}

/// A tracker as it was written.
pub(super) struct Written {
    pub(super) spec: TrackerSpec,
    pub(super) token: Option<SecretText>,
    pub(super) enabled: bool,
}

/// Reads the body of a new tracker.
pub(super) fn new(sent: &Map<String, Value>) -> Result<Written, ApiError> {
    let source = sent.get("source").and_then(Value::as_str);
    let source = source.and_then(Source::parse).ok_or_else(|| {
        let names: Vec<&str> = Source::ALL.iter().map(|source| source.name()).collect();
        Invalid::new("source", format!("must be one of {}", names.join(", ")))
    })?;
    let config = config(sent)?.ok_or_else(|| Invalid::new("config", "is missing"))?;
    let (spec, token) = TrackerSpec::read(source, config).map_err(ApiError::Invalid)?;
    Ok(Written {
        spec,
        token,
        enabled: enabled(sent)?.unwrap_or(true),
    })
}

/// Reads the body of a changed tracker over what there is.
pub(super) fn changed(
    sent: &Map<String, Value>,
    row: &TrackerRow,
) -> Result<TrackerChange, ApiError> {
    let source = row.spec.source();
    let field = source.token_field();
    let mut whole = row.spec.config();
    let given = config(sent)?;
    for (name, value) in given.into_iter().flatten() {
        whole.insert(name.clone(), value.clone());
    }
    let (spec, token) = TrackerSpec::read(source, &whole).map_err(ApiError::Invalid)?;
    if spec.place.key() != row.spec.place.key() {
        let rule = "cannot name another place: tickets are known by their names there; add another \
                    tracker, and remove this one";
        return Err(Invalid::new("config", rule).into());
    }
    let said = given.and_then(|config| config.get(field));
    let token = match said {
        None => None,
        Some(Value::String(mask)) if mask == MASK => None,
        Some(_) => Some(token),
    };
    Ok(TrackerChange {
        spec,
        token,
        enabled: enabled(sent)?.unwrap_or(row.enabled),
    })
}

fn config(sent: &Map<String, Value>) -> Result<Option<&Map<String, Value>>, ApiError> {
    match sent.get("config") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(config)) => Ok(Some(config)),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(Invalid::new("config", "must be an object").into())
        }
    }
}

fn enabled(sent: &Map<String, Value>) -> Result<Option<bool>, ApiError> {
    match sent.get("enabled") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(enabled)) => Ok(Some(*enabled)),
        Some(Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Invalid::new("enabled", "must be true or false").into())
        }
    }
}
