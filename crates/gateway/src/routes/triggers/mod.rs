//! Triggers of whatever can be started: one set of rules behind the routes of agents, jobs, blueprints and tasks.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::{
    agent::spec::Invalid,
    id::{SecretId, TriggerId},
    schedule::Schedule,
    secret::{Place, SecretName, SecretText},
    trigger::{TargetKind, TriggerType},
};
use optio_store::triggers::{TriggerChange, TriggerRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::WORKSPACE;
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::Person,
    error::{ApiError, Problem},
};

pub(crate) mod of;
pub(crate) mod written;

use written::{Checked, NewTrigger, TriggerPatch};

/// Fires that are foretold of each schedule.
const FORETOLD: usize = 5;
/// Triggers in one list of all.
const ALL_MAX: i64 = 1_000;
/// The name under which a webhook's secret is kept.
pub(crate) const SECRET: &str = "WEBHOOK_SECRET";
/// What stands where a secret is.
const MASK: &str = "***";

/// A trigger.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TriggerView {
    id: Uuid,
    /// The job it starts, where it starts one.
    workflow_id: Option<Uuid>,
    /// persistent_agent, job or task_config.
    target_type: String,
    target_id: Uuid,
    /// manual, schedule, webhook or ticket.
    #[serde(rename = "type")]
    kind: String,
    /// Its settings; a secret is shown as `***`.
    config: Value,
    param_mapping: Option<Value>,
    enabled: bool,
    /// Why it was disabled by itself.
    disabled_reason: Option<String>,
    /// How often it has fired.
    fire_count: i64,
    /// What came of its last fire.
    last_outcome: Option<String>,
    last_outcome_at: Option<DateTime<Utc>>,
    last_fired_at: Option<DateTime<Utc>>,
    next_fire_at: Option<DateTime<Utc>>,
    /// The next fires of a schedule.
    next_fires: Vec<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TriggerView {
    fn of(row: TriggerRow) -> Self {
        let mut config = row.config;
        let sealed = config
            .as_object_mut()
            .and_then(|config| config.remove(written::SEALED));
        if let (Some(_), Some(config)) = (sealed, config.as_object_mut()) {
            config.insert("secret".to_owned(), MASK.into());
        }
        Self {
            id: row.id,
            workflow_id: (row.target_type == TargetKind::Job.name()).then_some(row.target_id),
            next_fires: foretold(&config, row.next_fire_at.filter(|_| row.enabled)),
            target_type: row.target_type,
            target_id: row.target_id,
            kind: row.type_name,
            config,
            param_mapping: row.param_mapping,
            enabled: row.enabled,
            disabled_reason: row.disabled_reason,
            fire_count: row.fires,
            last_outcome: row.outcome,
            last_outcome_at: row.outcome_at,
            last_fired_at: row.last_fired_at,
            next_fire_at: row.next_fire_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The next fires of a schedule, from the one that is written.
fn foretold(config: &Value, next: Option<DateTime<Utc>>) -> Vec<DateTime<Utc>> {
    let text = |field: &str| config.get(field).and_then(Value::as_str);
    let (Some(next), Some(expression)) = (next, text("cronExpression")) else {
        return Vec::new();
    };
    let Ok(schedule) = Schedule::parse(expression, text("timezone")) else {
        return vec![next];
    };
    std::iter::successors(Some(next), |at| schedule.next_after(*at).ok())
        .take(FORETOLD)
        .collect()
}

/// Triggers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Triggers {
    triggers: Vec<TriggerView>,
}

/// One trigger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneTrigger {
    trigger: TriggerView,
}

/// What has triggers.
pub(crate) struct Target {
    pub(crate) kind: TargetKind,
    pub(crate) id: Uuid,
    /// What people call it.
    pub(crate) word: String,
}

impl Target {
    fn missing(&self, trigger: TriggerId) -> ApiError {
        ApiError::Missing(format!("{} has no trigger `{trigger}`", self.word))
    }
}

/// Lists the triggers of a target, oldest first.
async fn listed(gateway: &Gateway, target: &Target) -> Result<Json<Triggers>, ApiError> {
    let store = &gateway.world().store;
    let rows = store.triggers(target.kind, target.id).await?;
    Ok(Json(Triggers {
        triggers: rows.into_iter().map(TriggerView::of).collect(),
    }))
}

/// Adds a trigger.
async fn created(
    gateway: &Gateway,
    target: &Target,
    new: NewTrigger,
) -> Result<(StatusCode, Json<OneTrigger>), ApiError> {
    let world = gateway.world();
    let now = world.clock.now();
    let kind = TriggerType::parse(&new.kind).ok_or_else(|| {
        let rule = format!(
            "must be manual, schedule, webhook or ticket, not `{}`",
            new.kind
        );
        Invalid::new("type", rule)
    })?;
    let checked = Checked::read(
        kind,
        target.kind,
        new.config,
        new.param_mapping.as_ref(),
        now,
    )?;
    let id = TriggerId(world.ids.fresh());
    let mut config = checked.config;
    if checked.secret.is_some() {
        config.insert(written::SEALED.to_owned(), true.into());
    }
    let owner = (target.kind, target.id);
    let trigger = TriggerRow {
        param_mapping: new.param_mapping.map(Value::Object),
        path: checked.path,
        enabled: new.enabled.unwrap_or(true),
        next_fire_at: checked.next,
        ..TriggerRow::new(id, owner, kind, Value::Object(config), now)
    };
    // The secret first: a webhook that has one is never heard without it.
    if let Some(secret) = &checked.secret {
        keep(gateway, id, secret).await?;
    }
    if let Err(error) = world.store.create_trigger(&trigger).await {
        forget(gateway, id).await?;
        return Err(error.into());
    }
    Ok((
        StatusCode::CREATED,
        Json(OneTrigger {
            trigger: TriggerView::of(trigger),
        }),
    ))
}

/// Changes a trigger; its type stays.
async fn changed(
    gateway: &Gateway,
    target: &Target,
    id: TriggerId,
    patch: TriggerPatch,
) -> Result<Json<OneTrigger>, ApiError> {
    let world = gateway.world();
    let now = world.clock.now();
    let row = world.store.trigger(id).await?;
    let row = row.filter(|it| it.target_type == target.kind.name() && it.target_id == target.id);
    let Some(row) = row else {
        return Err(target.missing(id));
    };
    let Some(kind) = TriggerType::parse(&row.type_name) else {
        return Err(ApiError::Internal(format!(
            "trigger {id}: its type is unknown"
        )));
    };
    let before = row.config.as_object().cloned().unwrap_or_default();
    let was_sealed = before.contains_key(written::SEALED);
    let config = patch.config.unwrap_or(before);
    let mapping = match patch.param_mapping {
        Some(mapping) => mapping,
        None => row
            .param_mapping
            .as_ref()
            .and_then(Value::as_object)
            .cloned(),
    };
    let removes = config.get("secret").is_some_and(Value::is_null);
    let checked = Checked::read(kind, target.kind, config, mapping.as_ref(), now)?;
    let secret = checked.secret.filter(|secret| secret.reveal() != MASK);
    let mut config = checked.config;
    config.remove(written::SEALED);
    if secret.is_some() || (was_sealed && !removes) {
        config.insert(written::SEALED.to_owned(), true.into());
    }
    if let Some(secret) = &secret {
        keep(gateway, id, secret).await?;
    }
    let config = Value::Object(config);
    let enabled = patch.enabled.unwrap_or(row.enabled);
    // What was missed while it was disabled, or by another schedule, was not missed.
    let goes_on = enabled && row.enabled && config == row.config;
    let change = TriggerChange {
        next_fire_at: if goes_on {
            row.next_fire_at
        } else {
            checked.next
        },
        config,
        param_mapping: mapping.map(Value::Object),
        path: checked.path,
        enabled,
    };
    let owner = (target.kind, target.id);
    let row = world.store.change_trigger(owner, id, &change, now).await?;
    let row = row.ok_or_else(|| target.missing(id))?;
    if removes {
        forget(gateway, id).await?;
    }
    Ok(Json(OneTrigger {
        trigger: TriggerView::of(row),
    }))
}

/// Removes a trigger.
async fn removed(
    gateway: &Gateway,
    target: &Target,
    id: TriggerId,
) -> Result<StatusCode, ApiError> {
    let store = &gateway.world().store;
    if !store.delete_trigger(target.kind, target.id, id).await? {
        return Err(target.missing(id));
    }
    forget(gateway, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn keep(gateway: &Gateway, id: TriggerId, secret: &SecretText) -> Result<(), ApiError> {
    let world = gateway.world();
    let name = SecretName::parse(SECRET)?;
    let place = Place::of_trigger(WORKSPACE, id);
    let fresh = SecretId(world.ids.fresh());
    let now = world.clock.now();
    world
        .store
        .put_secret(fresh, &place, &name, secret, now)
        .await?;
    Ok(())
}

async fn forget(gateway: &Gateway, id: TriggerId) -> Result<(), ApiError> {
    let place = Place::of_trigger(WORKSPACE, id);
    gateway.world().store.delete_secret(&place, SECRET).await?;
    Ok(())
}

/// Which triggers.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfType {
    /// Only those of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
}

/// Lists all triggers, whatever they start: those that fire next first.
#[utoipa::path(get, path = "/api/triggers", tag = "triggers", params(OfType),
    responses((status = 200, body = Triggers)))]
pub(crate) async fn all(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(of): Params<OfType>,
) -> Result<Json<Triggers>, ApiError> {
    let store = &gateway.world().store;
    let rows = store.all_triggers(of.kind.as_deref(), ALL_MAX).await?;
    Ok(Json(Triggers {
        triggers: rows.into_iter().map(TriggerView::of).collect(),
    }))
}

/// A schedule that is tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TriedSchedule {
    /// Five fields, or six with seconds in front.
    cron_expression: String,
    /// An IANA time zone; UTC where it is left out.
    timezone: Option<String>,
}

/// When it would fire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Foretold {
    next_fires: Vec<DateTime<Utc>>,
}

/// Says when a schedule would fire, without storing anything.
#[utoipa::path(post, path = "/api/triggers/preview", tag = "triggers", request_body = TriedSchedule,
    responses((status = 200, body = Foretold), (status = 400, body = Problem)))]
pub(crate) async fn preview(
    State(gateway): State<Gateway>,
    _person: Person,
    Body(tried): Body<TriedSchedule>,
) -> Result<Json<Foretold>, ApiError> {
    let bad = |error| Invalid::new("cronExpression", format!("{error}"));
    let zone = tried.timezone.as_deref();
    let schedule = Schedule::parse(&tried.cron_expression, zone).map_err(bad)?;
    let first = schedule
        .next_after(gateway.world().clock.now())
        .map_err(bad)?;
    let next_fires = std::iter::successors(Some(first), |at| schedule.next_after(*at).ok());
    Ok(Json(Foretold {
        next_fires: next_fires.take(FORETOLD).collect(),
    }))
}

/// Shows one trigger, whatever it starts.
#[utoipa::path(get, path = "/api/triggers/{trigger}", tag = "triggers",
    params(("trigger" = Uuid, Path)),
    responses((status = 200, body = OneTrigger), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(trigger): Named<Uuid>,
) -> Result<Json<OneTrigger>, ApiError> {
    let row = gateway.world().store.trigger(TriggerId(trigger)).await?;
    let row = row.ok_or_else(|| ApiError::Missing(format!("there is no trigger `{trigger}`")))?;
    Ok(Json(OneTrigger {
        trigger: TriggerView::of(row),
    }))
}
