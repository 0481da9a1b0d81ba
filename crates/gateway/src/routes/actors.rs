//! `/api/actors`: why is it not moving?

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind, Wait},
    id::TrackerId,
    job::JobKind,
    ownership::Shard,
};
use optio_store::{agents::AgentRow, pr_reviews::PrReviewRow, tasks::TaskRow, tickets::TrackerRow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    agents::{WORKSPACE, find},
    pr_reviews,
    replicas::{self, OwnerView},
    tasks,
};
use crate::{
    Gateway,
    body::Named,
    caller::Person,
    error::{ApiError, Problem},
};

/// Refused reports in one answer.
const REFUSED: i64 = 10;

/// An actor's own account of why it is or is not moving.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActorView {
    /// For an agent `agent:<workspace>/<slug>`, for any other `<kind>/<id>`.
    address: String,
    kind: &'static str,
    id: Uuid,
    /// Where it stands.
    state: &'static str,
    /// Since when.
    since: Option<DateTime<Utc>>,
    /// Its incarnation.
    epoch: i64,
    /// How many steps it has taken.
    version: i64,
    wait: WaitView,
    /// Which control plane runs it; null while none does.
    owner: Option<OwnerView>,
    /// Messages that wait.
    pending: i64,
    /// Since when the oldest waits.
    oldest: Option<DateTime<Utc>>,
    /// Messages that were given up.
    dead: i64,
    /// Its last decisions with the facts they saw, newest first.
    decisions: Vec<DecisionView>,
    /// Why it is left alone, where it is.
    quarantine: Option<QuarantineView>,
    /// Failures in a row.
    failures: i32,
    /// What last went wrong, and what to do.
    last_failure: Option<String>,
    /// What stale incarnations said and nobody believed, newest first.
    refused: Vec<RefusedView>,
    /// Whether agents are kept apart from the machine.
    isolation: String,
}

/// What it waits for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitView {
    reason: String,
    /// Who can end the wait.
    holder: String,
    /// When it looks again by itself; null where only mail or a person can wake it.
    until: Option<DateTime<Utc>>,
}

impl From<Wait> for WaitView {
    fn from(wait: Wait) -> Self {
        Self {
            reason: wait.reason,
            holder: wait.holder,
            until: wait.until,
        }
    }
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionView {
    at: DateTime<Utc>,
    step: String,
    seen: String,
}

/// A quarantine.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineView {
    since: DateTime<Utc>,
    reason: String,
}

/// A refused report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedView {
    at: DateTime<Utc>,
    run: Uuid,
    epoch: i64,
    current_epoch: Option<i64>,
    reason: String,
    report: Value,
}

/// Says why an actor is or is not moving.
#[utoipa::path(get, path = "/api/actors/{kind}/{id}", tag = "actors",
    params(("kind" = String, Path, description = "agent, job, task, pr-review, pull-request, pool or tracker"),
           ("id" = String, Path, description = "id, or an agent's slug, or a job's or blueprint's name, or the beginning of a task's or a review's id")),
    responses((status = 200, body = ActorView), (status = 404, body = Problem)))]
pub(crate) async fn why(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((kind, id)): Named<(String, String)>,
) -> Result<Json<ActorView>, ApiError> {
    let known = known(&gateway, &kind, &id).await?;
    let key = known.key;
    let store = &gateway.world().store;
    let Some(actor) = store.actor(key).await? else {
        return Err(ApiError::Missing(format!("there is no {kind} `{id}`")));
    };
    let inbox = store.inbox(key).await?;
    let refused = store.refused(key, REFUSED).await?;
    Ok(Json(ActorView {
        address: known.address,
        kind: key.kind.name(),
        id: key.id,
        state: known.state,
        since: known.since,
        epoch: actor.epoch,
        version: actor.version.number(),
        wait: actor.wait.into(),
        owner: replicas::owner(&gateway, Shard::of(key.id)).await?,
        pending: inbox.pending,
        oldest: inbox.oldest,
        dead: inbox.dead,
        decisions: actor
            .decisions
            .into_iter()
            .map(|d| DecisionView {
                at: d.at,
                step: d.step,
                seen: d.seen,
            })
            .collect(),
        quarantine: actor
            .quarantine
            .map(|(since, reason)| QuarantineView { since, reason }),
        failures: known.failures,
        last_failure: known.last_failure,
        refused: refused
            .into_iter()
            .map(|row| RefusedView {
                at: row.at,
                run: row.run_id,
                epoch: row.epoch,
                current_epoch: row.current_epoch,
                reason: row.reason,
                report: row.report,
            })
            .collect(),
        isolation: gateway.world().sandboxes.isolation().words,
    }))
}

/// Whether there was a quarantine.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lifted {
    lifted: bool,
}

/// Lifts a quarantine.
#[utoipa::path(post, path = "/api/actors/{kind}/{id}/lift", tag = "actors",
    params(("kind" = String, Path, description = "agent, job, task, pr-review, pull-request, pool or tracker"),
           ("id" = String, Path, description = "id, or an agent's slug, or a job's or blueprint's name, or the beginning of a task's or a review's id")),
    responses((status = 200, body = Lifted), (status = 404, body = Problem)))]
pub(crate) async fn lift(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((kind, id)): Named<(String, String)>,
) -> Result<Json<Lifted>, ApiError> {
    let key = known(&gateway, &kind, &id).await?.key;
    let world = gateway.world();
    let lifted = world.store.lift_quarantine(key, world.clock.now()).await?;
    gateway.hints().look(key);
    Ok(Json(Lifted { lifted }))
}

/// What of an actor depends on its kind.
struct Known {
    key: ActorKey,
    address: String,
    state: &'static str,
    /// Where the kind knows it.
    since: Option<DateTime<Utc>>,
    failures: i32,
    last_failure: Option<String>,
}

async fn known(gateway: &Gateway, kind: &str, id: &str) -> Result<Known, ApiError> {
    match ActorKind::parse(kind) {
        Some(ActorKind::Agent) => Ok(agent(find(gateway, id).await?)),
        Some(ActorKind::Task) => Ok(task(tasks::find(gateway, id).await?)),
        Some(ActorKind::PrReview) => Ok(review(pr_reviews::find(gateway, id).await?)),
        Some(ActorKind::Job) => job(gateway, id).await,
        Some(kind @ (ActorKind::Pool | ActorKind::PullRequest)) => {
            let missing = || ApiError::Missing(format!("there is no {} `{id}`", kind.name()));
            let id = id.parse().map_err(|_bad| missing())?;
            Ok(Known {
                key: ActorKey { kind, id },
                address: format!("{}/{id}", kind.name()),
                state: "watched",
                since: None,
                failures: 0,
                last_failure: None,
            })
        }
        Some(ActorKind::Tracker) => {
            let missing = || ApiError::Missing(format!("there is no tracker `{id}`"));
            let id: TrackerId = id.parse().map_err(|_bad| missing())?;
            let row = gateway.world().store.tracker(WORKSPACE, id).await?;
            Ok(tracker(row.ok_or_else(missing)?))
        }
        None => Err(ApiError::Missing(format!(
            "there is no kind of actor `{kind}`; there are: agent, job, task, pr-review, pull-request, pool, \
             tracker"
        ))),
    }
}

async fn job(gateway: &Gateway, id: &str) -> Result<Known, ApiError> {
    let store = &gateway.world().store;
    let row = match id.parse() {
        Ok(id) => store.job(id).await?,
        Err(_name) => match store.job_named(WORKSPACE, JobKind::Standalone, id).await? {
            Some(row) => Some(row),
            None => store.job_named(WORKSPACE, JobKind::Blueprint, id).await?,
        },
    };
    let row =
        row.ok_or_else(|| ApiError::Missing(format!("there is no job or blueprint `{id}`")))?;
    Ok(Known {
        key: row.id.into(),
        address: format!("job/{}", row.id),
        state: match (row.deleted, row.spec.enabled) {
            (true, _) => "deleted",
            (false, true) => "enabled",
            (false, false) => "disabled",
        },
        since: Some(row.updated_at),
        failures: 0,
        last_failure: None,
    })
}

fn agent(row: AgentRow) -> Known {
    let class = row.last_failure_class.as_deref();
    Known {
        key: row.id.into(),
        address: format!("agent:{}/{}", row.workspace, row.spec.slug),
        state: row.state.name(),
        since: Some(row.state_since),
        failures: row.consecutive_failures,
        last_failure: row
            .last_failure_reason
            .as_deref()
            .map(|words| with_remedy(words, class)),
    }
}

fn task(row: TaskRow) -> Known {
    Known {
        key: row.id.into(),
        address: format!("task/{}", row.id),
        state: row.state.name(),
        since: Some(row.state_since),
        failures: row.retries,
        last_failure: row
            .error
            .map(|(words, class)| with_remedy(&words, Some(&class))),
    }
}

fn review(row: PrReviewRow) -> Known {
    Known {
        key: row.id.into(),
        address: format!("pr-review/{}", row.id),
        state: row.state.name(),
        since: Some(row.state_since),
        failures: row.retries,
        last_failure: row
            .error
            .map(|(words, class)| with_remedy(&words, Some(&class))),
    }
}

fn tracker(row: TrackerRow) -> Known {
    Known {
        key: row.id.into(),
        address: format!("tracker/{}", row.id),
        state: if row.enabled { "enabled" } else { "disabled" },
        since: None,
        failures: row.failures,
        last_failure: row.last_error.map(|(words, _)| words),
    }
}

fn with_remedy(words: &str, class: Option<&str>) -> String {
    let remedy = class.and_then(super::agents::remedy);
    remedy.map_or_else(
        || words.to_owned(),
        |remedy| format!("{words} (to do: {remedy})"),
    )
}
