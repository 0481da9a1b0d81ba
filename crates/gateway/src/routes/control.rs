//! `/api/persistent-agents/{agent}/control`: pause, resume, archive, restart.

use std::time::Duration;

use axum::{Json, extract::State};
use optio_domain::agent::{Intent, spec::Invalid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::agents::find;
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

/// How long the answer waits for the agent to obey; it obeys later all the same.
const OBEY_LOOKS: u32 = 40;
const OBEY_PAUSE: Duration = Duration::from_millis(25);

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Wanted {
    /// pause, resume, archive or restart.
    intent: String,
}

/// What was written down.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Written {
    ok: bool,
    intent: &'static str,
    /// Where the agent stands now.
    state: &'static str,
}

/// Pauses, resumes, archives or restarts an agent. An open turn is over at once, its mail goes back
/// to the inbox, and its process is gone within five seconds.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/control", tag = "agents",
    params(("agent" = String, Path, description = "id or slug")), request_body = Wanted,
    responses((status = 200, body = Written), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn control(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Written>, ApiError> {
    let intent = Intent::parse(&wanted.intent).filter(|intent| *intent != Intent::Delete);
    let Some(intent) = intent else {
        let rule = format!(
            "must be pause, resume, archive or restart, not `{}`",
            wanted.intent
        );
        return Err(Invalid::new("intent", rule).into());
    };
    let row = find(&gateway, &agent).await?;
    intent
        .meets(row.state)
        .map_err(|refusal| ApiError::Conflict(refusal.to_owned()))?;
    let world = gateway.world();
    if !world.store.want(row.id, intent, world.clock.now()).await? {
        return Err(ApiError::Missing(format!("there is no agent `{agent}`")));
    }
    gateway.hints().look(row.id.into());
    let mut state = row.state;
    for _look in 0..OBEY_LOOKS {
        let Some(row) = world.store.agent(row.id).await? else {
            break;
        };
        state = row.state;
        if row.intent.is_none() {
            break;
        }
        tokio::time::sleep(OBEY_PAUSE).await;
    }
    Ok(Json(Written {
        ok: true,
        intent: intent.name(),
        state: state.name(),
    }))
}
