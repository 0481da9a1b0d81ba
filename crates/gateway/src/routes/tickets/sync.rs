//! `/api/tickets/sync`: every tracker looks at once.

use std::time::Duration;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use optio_domain::id::TrackerId;
use optio_store::tickets::TrackerRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Gateway,
    caller::Person,
    error::{ApiError, Problem},
    routes::agents::WORKSPACE,
};

/// How long the trackers are waited for. What takes longer goes on all the same.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// How often it is looked whether they are done, where nothing was told.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackersSynced {
    /// How many tickets became work meanwhile.
    synced: i64,
    providers: Vec<ProviderSynced>,
}

/// What came of looking at one tracker.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderSynced {
    id: Uuid,
    source: &'static str,
    /// Whether all that had changed was read; false while that goes on, or where it failed.
    done: bool,
    /// How it failed, or why it is not asked now.
    error: Option<String>,
}

/// Tells every tracker that is enabled to look at once, and waits for them, 20 seconds at most.
#[utoipa::path(post, path = "/api/tickets/sync", tag = "tickets",
    responses((status = 200, body = TrackersSynced), (status = 503, body = Problem)))]
pub(crate) async fn sync(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<TrackersSynced>, ApiError> {
    let world = gateway.world();
    let at = world.clock.now();
    let rows = world.store.trackers(WORKSPACE).await?;
    let asked = rows.into_iter().filter(|row| row.enabled);
    let asked: Vec<TrackerId> = asked.map(|row| row.id).collect();
    world.store.ask_trackers(&asked, at).await?;
    for tracker in &asked {
        gateway.hints().look((*tracker).into());
    }
    let rows = settled(&gateway, &asked, at).await?;
    let providers = rows.iter().map(|row| ProviderSynced {
        id: row.id.0,
        source: row.spec.source().name(),
        done: row.asked_at.is_none(),
        error: trouble(row),
    });
    let synced = world.store.tickets_handled_since(WORKSPACE, at).await?;
    Ok(Json(TrackersSynced {
        synced,
        providers: providers.collect(),
    }))
}

/// Those that were asked, once they have looked or could not, or our patience is over.
async fn settled(
    gateway: &Gateway,
    asked: &[TrackerId],
    at: DateTime<Utc>,
) -> Result<Vec<TrackerRow>, ApiError> {
    let read = async || {
        let rows = gateway.world().store.trackers(WORKSPACE).await;
        rows.map(|mut rows| {
            rows.retain(|row| asked.contains(&row.id));
            rows
        })
    };
    let over = async {
        loop {
            let rows = read().await?;
            if rows.iter().all(|row| is_settled(row, at)) {
                return Ok::<_, ApiError>(rows);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(WAIT_MAX, over).await {
        Ok(rows) => rows,
        Err(_impatient) => Ok(read().await?),
    }
}

fn is_settled(row: &TrackerRow, at: DateTime<Utc>) -> bool {
    let failed = row.last_error.as_ref().is_some_and(|(_, when)| at <= *when);
    let held = row.hold.as_ref().is_some_and(|(until, _)| at < *until);
    row.asked_at.is_none() || failed || held
}

fn trouble(row: &TrackerRow) -> Option<String> {
    let error = row.last_error.as_ref().map(|(words, _)| words.clone());
    error.or_else(|| row.hold.as_ref().map(|(_, reason)| reason.clone()))
}
