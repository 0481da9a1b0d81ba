//! `/api/replicas`: who works on this database.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use optio_domain::ownership::Shard;
use optio_store::{StoreError, ownership::ReplicaRow};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Gateway, caller::Person, error::ApiError};

/// The control planes of this database.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Replicas {
    replicas: Vec<ReplicaView>,
    /// Shards that nobody runs at this moment.
    unowned_shards: usize,
    /// Which of them answers; null where there can be only one.
    answered_by: Option<Uuid>,
    /// Writes of the one that answers that were refused because another had taken their actor over.
    refused_writes: u64,
}

/// A control plane.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplicaView {
    id: Uuid,
    /// Where runners and the others reach it.
    url: String,
    /// all, gateway or actors.
    role: &'static str,
    started_at: DateTime<Utc>,
    /// Until when it may act without another renewal.
    lease_until: DateTime<Utc>,
    /// Whether that lies in the future, by the clock of the database.
    alive: bool,
    /// Whether it is about to leave.
    stopping: bool,
    /// How many of the 256 shards it runs.
    shards: usize,
}

impl From<ReplicaRow> for ReplicaView {
    fn from(row: ReplicaRow) -> Self {
        Self {
            id: row.id.0,
            alive: row.is_alive(),
            role: row.role.name(),
            started_at: row.started_at,
            lease_until: row.lease_until,
            stopping: row.stopping,
            shards: row.shards.len(),
            url: row.url,
        }
    }
}

/// Lists the control planes that work on this database, or did a minute ago.
#[utoipa::path(get, path = "/api/replicas", tag = "replicas",
    responses((status = 200, body = Replicas)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<Replicas>, ApiError> {
    let rows = gateway.world().store.replicas().await?;
    let owned = |row: &ReplicaRow| if row.is_alive() { row.shards.len() } else { 0 };
    let peers = gateway.world().links.peers();
    Ok(Json(Replicas {
        unowned_shards: Shard::all().count() - rows.iter().map(owned).sum::<usize>(),
        answered_by: peers.me().map(|me| me.0),
        refused_writes: peers.refused(),
        replicas: rows.into_iter().map(Into::into).collect(),
    }))
}

/// Who runs an actor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnerView {
    /// Which control plane.
    replica: Uuid,
    url: String,
    /// The shard that the actor belongs to.
    shard: i16,
    /// Grows with every new owner of the shard.
    epoch: i64,
    /// Until when it may act without another renewal; whoever is there takes over then.
    lease_until: DateTime<Utc>,
    /// Whether that lies in the future.
    alive: bool,
}

/// Who runs the actors of a shard; `None` while nobody does.
pub(super) async fn owner(
    gateway: &Gateway,
    shard: Shard,
) -> Result<Option<OwnerView>, StoreError> {
    let rows = gateway.world().store.replicas().await?;
    Ok(rows.into_iter().find_map(|row| {
        let (_shard, epoch) = *row.shards.iter().find(|(owned, _)| *owned == shard)?;
        Some(OwnerView {
            replica: row.id.0,
            shard: shard.number(),
            epoch,
            lease_until: row.lease_until,
            alive: row.is_alive(),
            url: row.url,
        })
    }))
}
