//! `/api/hooks/{path}`: somebody outside calls a webhook. Nothing is done here but to believe the call and to
//! write it down; the rest is its target's business.

use axum::{Json, extract::State, http::HeaderMap, http::StatusCode};
use optio_actors::triggers::{Fire, Known, run_of};
use optio_domain::{
    id::{MessageId, TriggerId},
    secret::Place,
    trigger::{
        TargetKind,
        config::{Config, WebhookConfig},
        hook::{Headers, delivery, verify},
        mapping,
    },
    wire::credentials::HOPS_HEADER,
};
use optio_runtime::SendError;
use optio_store::{
    StoreError,
    mail::{NewMessage, Receipt},
    triggers::Called,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::triggers::{SECRET, written::SEALED};
use crate::{
    Gateway,
    body::{parse, read},
    error::{ApiError, Problem},
};

/// A call that was written down.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HookAccepted {
    /// The run that a job starts for it, or the agent that is told. Whether it is started is up to its trigger's
    /// overlap; `lastOutcome` of the trigger says what came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<Uuid>,
    /// The task that a blueprint makes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<Uuid>,
    trigger_id: Uuid,
    /// Whether the same delivery was written down before; then this is its first answer.
    repeated: bool,
    /// Whether its body is not what the trigger wants to hear of (config.when); then nothing comes of it.
    ignored: bool,
}

/// Takes a call of a webhook. The same delivery is one call however often it comes, by `webhook-id`,
/// `X-GitHub-Delivery`, `X-Gitlab-Event-UUID` or `Idempotency-Key`.
#[utoipa::path(post, path = "/api/hooks/{path}", tag = "triggers", request_body = Value,
    params(("path" = String, Path, description = "the path of the trigger"),
           ("X-Optio-Signature" = Option<String>, Header, description = "hexadecimal HMAC-SHA256 of the body; or the headers of Standard Webhooks, GitHub or GitLab")),
    responses((status = 202, body = HookAccepted), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem),
              (status = 429, body = Problem)))]
pub(crate) async fn call(
    State(gateway): State<Gateway>,
    axum::extract::Path(path): axum::extract::Path<String>,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Result<(StatusCode, Json<HookAccepted>), ApiError> {
    let world = gateway.world();
    let now = world.clock.now();
    let called = heard(&gateway, &path).await?;
    let trigger = TriggerId(called.trigger.id);
    let broken = |words: &str| ApiError::Internal(format!("trigger {trigger}: {words}"));
    let known = Known::read(&called.trigger).map_err(|words| broken(&words))?;
    let Config::Webhook(config) = &known.config else {
        return Err(broken("it is no webhook"));
    };
    let per_minute = config
        .calls_per_minute_max
        .unwrap_or(world.limits.hook_calls_per_minute_max);
    gateway
        .buckets()
        .take(trigger, per_minute, now)
        .map_err(|after| {
            let words = format!("the webhook `{path}` takes {per_minute} calls in a minute");
            ApiError::TooMany(words, after)
        })?;
    let hops = hops(&headers, world.limits.hops_max)?;
    let body = read(request, world.limits.hook_bytes_max).await?;
    let said = said(&headers);
    believe(&gateway, &called, config, &said, &body).await?;
    let key = delivery(&said, config.same_body_once, &body);
    let body = value(&body)?;
    if !config.when.wants(&body) {
        return Ok((StatusCode::ACCEPTED, Json(ignored(trigger))));
    }
    let params = params(&called, body)?;
    let size = serde_json::to_vec(&params).map_or(0, |bytes| bytes.len());
    if world.limits.payload_bytes_max < size {
        return Err(ApiError::TooLarge(world.limits.payload_bytes_max));
    }
    let fire = Fire {
        params,
        key,
        due: None,
        ticket: None,
        hops,
        at: now,
    };
    let message = known.message(fire, MessageId(world.ids.fresh()));
    let receipt = accept(&gateway, message).await?;
    answer(&gateway, &called, known.target, receipt).await
}

async fn heard(gateway: &Gateway, path: &str) -> Result<Called, ApiError> {
    let called = gateway.world().store.called(path).await?;
    // Whether it is disabled or was never there is nobody's business outside.
    called
        .filter(|called| called.trigger.enabled && called.target_enabled == Some(true))
        .ok_or_else(|| ApiError::Missing(format!("no webhook is heard at `{path}`")))
}

fn said(headers: &HeaderMap) -> Headers<'_> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Headers {
        optio: header("x-optio-signature"),
        standard_id: header("webhook-id"),
        standard_at: header("webhook-timestamp"),
        standard: header("webhook-signature"),
        github: header("x-hub-signature-256"),
        github_id: header("x-github-delivery"),
        gitlab: header("x-gitlab-token"),
        gitlab_id: header("x-gitlab-event-uuid"),
        key: header("idempotency-key"),
    }
}

/// A run that calls a webhook which starts a run which calls a webhook ends somewhere.
fn hops(headers: &HeaderMap, max: i32) -> Result<i32, ApiError> {
    let Some(said) = headers.get(HOPS_HEADER) else {
        return Ok(0);
    };
    let hops: Option<i32> = said.to_str().ok().and_then(|said| said.trim().parse().ok());
    match hops {
        Some(hops) if (0..=max).contains(&hops) => Ok(hops),
        Some(hops) => Err(ApiError::Unprocessable(format!(
            "{hops} runs and messages have caused each other until this call; this chain ends here \
             (limits.hops_max)"
        ))),
        None => Err(ApiError::BadRequest(format!(
            "{HOPS_HEADER}: must be a whole number"
        ))),
    }
}

/// Without a secret everybody is believed who knows the path.
async fn believe(
    gateway: &Gateway,
    called: &Called,
    config: &WebhookConfig,
    said: &Headers<'_>,
    body: &[u8],
) -> Result<(), ApiError> {
    if called.trigger.config.get(SEALED).is_none() {
        return Ok(());
    }
    let world = gateway.world();
    let workspace = called.workspace.as_deref().unwrap_or_default();
    let place = Place::of_trigger(workspace, TriggerId(called.trigger.id));
    let Some(secret) = world.store.secret_at(&place, SECRET).await? else {
        let words = "the webhook's secret is gone; set it again (config.secret)".to_owned();
        return Err(ApiError::Conflict(words));
    };
    verify(config.scheme, &secret, said, body, world.clock.now())
        .map_err(|error| ApiError::Unauthorized(error.to_string()))
}

/// A call without a body says nothing.
fn value(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    parse(body)
}

fn params(called: &Called, body: Value) -> Result<serde_json::Map<String, Value>, ApiError> {
    let mapping = called.trigger.param_mapping.as_ref();
    mapping::map(mapping.and_then(Value::as_object), body)
        .map_err(|error| ApiError::BadRequest(error.to_string()))
}

/// Writes it down, or finds that it was.
async fn accept(gateway: &Gateway, message: NewMessage) -> Result<Receipt, ApiError> {
    let (sender, key) = (message.sender.clone(), message.key.clone());
    match gateway.mailroom().send(message).await {
        Ok(receipt) => Ok(receipt),
        // The same delivery, read by another mapping since: it is the same all the same.
        Err(SendError::Store(StoreError::KeyReused(by))) => {
            let known = gateway
                .world()
                .store
                .message_of_key(&sender, key.as_deref().unwrap_or_default())
                .await?;
            known
                .map(|id| Receipt { id, repeated: true })
                .ok_or_else(|| StoreError::KeyReused(by).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whoever calls has done nothing wrong, and need not come again.
fn ignored(trigger: TriggerId) -> HookAccepted {
    HookAccepted {
        run_id: None,
        task_id: None,
        trigger_id: trigger.0,
        repeated: false,
        ignored: true,
    }
}

async fn answer(
    gateway: &Gateway,
    called: &Called,
    target: TargetKind,
    receipt: Receipt,
) -> Result<(StatusCode, Json<HookAccepted>), ApiError> {
    let run = called.pool().map(|pool| run_of(pool, receipt.id).0);
    let trigger = TriggerId(called.trigger.id);
    let mut accepted = HookAccepted {
        run_id: None,
        task_id: None,
        trigger_id: trigger.0,
        repeated: receipt.repeated,
        ignored: false,
    };
    match target {
        TargetKind::Job => accepted.run_id = run,
        TargetKind::Blueprint => accepted.task_id = run,
        TargetKind::Agent => {
            accepted.run_id = Some(called.trigger.target_id);
            if !receipt.repeated {
                let world = gateway.world();
                world.store.has_fired(trigger, world.clock.now()).await?;
            }
        }
    }
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}
