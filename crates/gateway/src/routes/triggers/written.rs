//! A trigger as clients write it.

use chrono::{DateTime, Utc};
use optio_domain::{
    agent::spec::Invalid,
    secret::SecretText,
    trigger::{TargetKind, TriggerType, config::Config, mapping},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{body::present, error::ApiError};

/// Stands in stored settings where a secret is kept for them.
pub(crate) const SEALED: &str = "sealed";

/// A new trigger.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewTrigger {
    /// manual, schedule, webhook or ticket.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// For a schedule: cronExpression, timezone (UTC), missed (once, all, skip). For a webhook: path, secret,
    /// signature (any, optio, standard, github, gitlab), dedup (delivery, body), rateLimitPerMinute, and when: an object
    /// of paths in the body, each with its value, a list of values, or {"not": …}; other calls start nothing. For a ticket:
    /// source (github, gitlab, jira, linear, notion), labels. For all of them: overlap (allow, skip, queue,
    /// replace), and for agents prompt and class (work, notify, interrupt).
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) config: Map<String, Value>,
    /// For a webhook or a ticket where each parameter is found (`alert.labels[0]`, or a JSONPath); for a schedule
    /// the parameters themselves.
    #[schema(value_type = Option<Object>)]
    pub(crate) param_mapping: Option<Map<String, Value>>,
    /// Whether it fires; true unless it is said.
    pub(crate) enabled: Option<bool>,
}

/// What is to be changed about a trigger; its type stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TriggerPatch {
    /// All of its settings. A secret that is left out stays, `null` removes it.
    #[schema(value_type = Option<Object>)]
    pub(crate) config: Option<Map<String, Value>>,
    /// All of it; `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    pub(crate) param_mapping: Option<Option<Map<String, Value>>>,
    /// Whether it fires.
    pub(crate) enabled: Option<bool>,
}

/// A trigger's settings that break no rule.
pub(crate) struct Checked {
    /// Without the secret.
    pub(crate) config: Map<String, Value>,
    pub(crate) secret: Option<SecretText>,
    pub(crate) path: Option<String>,
    pub(crate) next: Option<DateTime<Utc>>,
}

impl Checked {
    /// Checks settings and mapping.
    pub(crate) fn read(
        kind: TriggerType,
        target: TargetKind,
        mut config: Map<String, Value>,
        param_mapping: Option<&Map<String, Value>>,
        now: DateTime<Utc>,
    ) -> Result<Self, ApiError> {
        let secret = secret(config.remove("secret"))?;
        if secret.is_some() && kind != TriggerType::Webhook {
            let words = "config.secret: only a webhook has a secret".to_owned();
            return Err(ApiError::BadRequest(words));
        }
        let inside = |invalid: Invalid| ApiError::BadRequest(format!("config.{}", invalid.rule));
        let known = Config::parse(kind, target, &config).map_err(inside)?;
        let mapped = match kind {
            TriggerType::Webhook | TriggerType::Ticket => param_mapping,
            TriggerType::Manual | TriggerType::Schedule => None,
        };
        if let Some(mapped) = mapped {
            mapping::check(mapped)?;
        }
        let (path, next) = match known {
            Config::Manual | Config::Ticket(_) => (None, None),
            Config::Webhook(webhook) => (Some(webhook.path), None),
            Config::Schedule(schedule) => {
                let next = schedule.schedule.next_after(now).map_err(|error| {
                    ApiError::BadRequest(format!("config.cronExpression: {error}"))
                })?;
                (None, Some(next))
            }
        };
        Ok(Self {
            config,
            secret,
            path,
            next,
        })
    }
}

/// The secret in the settings. It is never repeated in an error.
fn secret(value: Option<Value>) -> Result<Option<SecretText>, ApiError> {
    let bad = |rule: &str| Err(ApiError::BadRequest(format!("config.secret: {rule}")));
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => match SecretText::parse(&text) {
            Ok(secret) => Ok(Some(secret)),
            Err(invalid) => bad(&invalid.rule),
        },
        Some(_) => bad("must be a text"),
    }
}
