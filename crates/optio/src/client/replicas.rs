//! `optio replicas`: who works on the database.

use serde_json::Value;

use super::{api::Api, view};
use crate::{
    console::{Console, Tone},
    failure::Failure,
};

pub(super) async fn list(api: &Api, console: &mut Console) -> Result<(), Failure> {
    let answer = api.get("/api/replicas").await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let replicas = answer["replicas"].as_array().cloned().unwrap_or_default();
    let rows: Vec<_> = replicas.iter().map(row).collect();
    console.table(
        &["REPLICA", "URL", "ROLE", "SHARDS", "STATE", "LEASE UNTIL"],
        &rows,
    )?;
    if let Some(count) = answer["unownedShards"].as_u64().filter(|count| 0 < *count) {
        console.note(&format!(
            "{count} shards have no owner; somebody takes them within seconds, or no server with \
             --role all or actors runs"
        ));
    }
    Ok(())
}

fn row(replica: &Value) -> (Tone, Vec<String>) {
    let is = |field: &str| replica[field].as_bool().unwrap_or_default();
    let (tone, state) = match (is("alive"), is("stopping")) {
        (false, _) => (Tone::Bad, "gone"),
        (true, true) => (Tone::Warning, "stopping"),
        (true, false) => (Tone::Plain, "alive"),
    };
    let text = |field: &str| view::text(replica, field);
    let cells = vec![
        text("id"),
        text("url"),
        text("role"),
        text("shards"),
        state.to_owned(),
        text("leaseUntil"),
    ];
    (tone, cells)
}
