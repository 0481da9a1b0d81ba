//! `/api/health`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Gateway;

/// How the control plane is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    healthy: bool,
    checks: Checks,
    /// Turns that may run at once.
    max_concurrent: i64,
    otel_enabled: bool,
    /// How agents are kept apart from the machine.
    isolation: String,
    /// Runners that are connected.
    runners: usize,
    version: &'static str,
}

/// What was looked at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checks {
    database: bool,
    container_runtime: bool,
}

/// Says how the control plane is. Only the database decides.
#[utoipa::path(get, path = "/api/health", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub(crate) async fn health(State(gateway): State<Gateway>) -> (StatusCode, Json<Health>) {
    let world = gateway.world();
    let database = world.store.ping().await.is_ok();
    let isolation = world.sandboxes.isolation();
    let status = if database {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let health = Health {
        healthy: database,
        checks: Checks {
            database,
            container_runtime: isolation.isolated,
        },
        max_concurrent: world.limits.turns_running_max,
        otel_enabled: false,
        isolation: isolation.words,
        runners: world.links.count(),
        version: env!("CARGO_PKG_VERSION"),
    };
    (status, Json(health))
}
