//! `/api/persistent-agents/{agent}/triggers`.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_actors::schedules::schedule_of;
use optio_domain::{agent::spec::Invalid, id::TriggerId};
use optio_store::triggers::TriggerRow;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::find;
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

/// A trigger.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TriggerView {
    id: Uuid,
    target_type: String,
    target_id: Uuid,
    /// manual or schedule.
    #[serde(rename = "type")]
    kind: String,
    config: Value,
    param_mapping: Option<Value>,
    enabled: bool,
    last_fired_at: Option<DateTime<Utc>>,
    next_fire_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<TriggerRow> for TriggerView {
    fn from(row: TriggerRow) -> Self {
        Self {
            id: row.id,
            target_type: row.target_type,
            target_id: row.target_id,
            kind: row.type_name,
            config: row.config,
            param_mapping: row.param_mapping,
            enabled: row.enabled,
            last_fired_at: row.last_fired_at,
            next_fire_at: row.next_fire_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// All triggers of an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Triggers {
    triggers: Vec<TriggerView>,
}

/// Lists an agent's triggers, oldest first.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}/triggers", tag = "triggers",
    params(("agent" = String, Path, description = "id or slug")),
    responses((status = 200, body = Triggers), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
) -> Result<Json<Triggers>, ApiError> {
    let row = find(&gateway, &agent).await?;
    let rows = gateway.world().store.triggers(row.id).await?;
    Ok(Json(Triggers {
        triggers: rows.into_iter().map(TriggerView::from).collect(),
    }))
}

/// A new trigger.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewTrigger {
    /// manual or schedule; webhook and ticket are not available yet.
    #[serde(rename = "type")]
    kind: String,
    /// For a schedule: cronExpression, timezone (UTC unless given), prompt (a tick unless given).
    config: Map<String, Value>,
    /// Sent along with each fire as its payload.
    param_mapping: Option<Map<String, Value>>,
    enabled: Option<bool>,
}

impl NewTrigger {
    /// The config as a value.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn config(self) -> Value {
        Value::Object(self.config)
    }
}

/// OneTrigger trigger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneTrigger {
    trigger: TriggerView,
}

/// Adds a trigger to an agent.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/triggers", tag = "triggers",
    params(("agent" = String, Path, description = "id or slug")), request_body = NewTrigger,
    responses((status = 201, body = OneTrigger), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
    Body(new): Body<NewTrigger>,
) -> Result<(StatusCode, Json<OneTrigger>), ApiError> {
    let row = find(&gateway, &agent).await?;
    let world = gateway.world();
    let now = world.clock.now();
    let config = Value::Object(new.config);
    let next_fire_at = match new.kind.as_str() {
        "manual" => None,
        "schedule" => Some(first_fire(&config, now)?),
        "webhook" | "ticket" => {
            let rule = format!(
                "`{}` triggers are not available yet; use schedule",
                new.kind
            );
            return Err(Invalid::new("type", rule).into());
        }
        other => {
            let rule = format!("must be manual, schedule, webhook or ticket, not `{other}`");
            return Err(Invalid::new("type", rule).into());
        }
    };
    let trigger = TriggerRow {
        id: world.ids.fresh(),
        target_type: "persistent_agent".to_owned(),
        target_id: row.id.0,
        type_name: new.kind,
        config,
        param_mapping: new.param_mapping.map(Value::Object),
        enabled: new.enabled.unwrap_or(true),
        last_fired_at: None,
        next_fire_at,
        created_at: now,
        updated_at: now,
    };
    world.store.create_trigger(&trigger).await?;
    Ok((
        StatusCode::CREATED,
        Json(OneTrigger {
            trigger: trigger.into(),
        }),
    ))
}

/// When a schedule fires for the first time.
pub(crate) fn first_fire(config: &Value, now: DateTime<Utc>) -> Result<DateTime<Utc>, ApiError> {
    for field in ["cronExpression", "timezone", "prompt", "class"] {
        if config.get(field).is_some_and(|value| !value.is_string()) {
            return Err(ApiError::BadRequest(format!(
                "config.{field}: must be a text"
            )));
        }
    }
    let class = config.get("class").and_then(Value::as_str);
    if class.is_some_and(|class| !["work", "notify", "interrupt"].contains(&class)) {
        let words = "config.class: must be work, notify or interrupt";
        return Err(ApiError::BadRequest(words.to_owned()));
    }
    if config.get("cronExpression").is_none() {
        let words = "config.cronExpression: is missing; give five fields such as `*/10 * * * *`";
        return Err(ApiError::BadRequest(words.to_owned()));
    }
    schedule_of(config)
        .and_then(|schedule| schedule.next_after(now))
        .map_err(|error| ApiError::BadRequest(format!("config: {error}")))
}

/// Removes a trigger of this agent.
#[utoipa::path(delete, path = "/api/persistent-agents/{agent}/triggers/{trigger}", tag = "triggers",
    params(("agent" = String, Path, description = "id or slug"), ("trigger" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((agent, trigger)): Named<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let row = find(&gateway, &agent).await?;
    let missing = || ApiError::Missing(format!("`{agent}` has no trigger `{trigger}`"));
    let id: TriggerId = trigger.parse().map_err(|_bad| missing())?;
    if gateway.world().store.delete_trigger(row.id, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(missing())
    }
}
