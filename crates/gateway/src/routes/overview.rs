//! Everything at one look: `/api/overview`, `/api/cluster/pods`, `/api/activity`.

use axum::{Json, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::agent::spec::Invalid;
use optio_store::overview::{BusyRow, HappenedRow, SandboxRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::{WORKSPACE, remedy};
use crate::{
    Gateway,
    body::Params,
    caller::Person,
    error::{ApiError, Problem},
};

/// How many of those that are not at rest are looked at.
const BUSY_MAX: i64 = 500;
/// How long a failure is news.
const NEWS: TimeDelta = TimeDelta::days(7);
/// Sandboxes of one answer.
const SANDBOXES_MAX: i64 = 1_000;
/// Days that may be looked back on, and where nobody says.
const DAYS: std::ops::RangeInclusive<i64> = 1..=90;
const DAYS_DEFAULT: i64 = 7;
/// What happened, of one answer.
const HAPPENED: std::ops::RangeInclusive<i64> = 1..=200;
const HAPPENED_DEFAULT: i64 = 50;

/// Where somebody stands who is not at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    NeedsPerson,
    Running,
    Waiting,
    Failed,
}

/// Someone who is not at rest.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BusyView {
    /// agent, task, job (a run of one) or pr_review.
    kind: String,
    id: Uuid,
    name: String,
    /// In the word of its kind.
    state: String,
    since: DateTime<Utc>,
    /// Why it stands there, in words.
    reason: Option<String>,
    error_class: Option<String>,
    /// What a person can do about it.
    remedy: Option<&'static str>,
    /// What it waits for.
    waits_for: String,
    /// Who can end that.
    holder: String,
    /// When it looks again by itself.
    until: Option<DateTime<Utc>>,
}

impl From<BusyRow> for BusyView {
    fn from(row: BusyRow) -> Self {
        Self {
            remedy: row.error_class.as_deref().and_then(remedy),
            kind: row.kind,
            id: row.id,
            name: row.name,
            state: row.state,
            since: row.since,
            reason: row.quarantine.or(row.reason),
            error_class: row.error_class,
            waits_for: row.waits_for,
            holder: row.holder,
            until: row.until,
        }
    }
}

/// Everything at one look; each list begins with what changed last.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OverviewView {
    /// Those for whom nothing goes on until a person has acted.
    needs_person: Vec<BusyView>,
    running: Vec<BusyView>,
    /// With what they wait for, and until when.
    waiting: Vec<BusyView>,
    /// What has failed in the last seven days and was not taken up again.
    failed: Vec<BusyView>,
    /// Dollars of what has ended since midnight, UTC, as a decimal string.
    cost_today_usd: String,
    sandboxes: SandboxNumbers,
}

/// Sandboxes in numbers.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SandboxNumbers {
    /// In which something runs.
    busy: usize,
    /// Started, and without work.
    idle: usize,
    /// Of which only the files are kept.
    dormant: usize,
}

/// Where it stands, told from the word of its kind.
fn standing(row: &BusyRow) -> Standing {
    if row.quarantine.is_some() {
        return Standing::NeedsPerson;
    }
    match (row.kind.as_str(), row.state.as_str()) {
        (_, "needs_attention" | "ready" | "paused") | ("agent", "failed") => Standing::NeedsPerson,
        (_, "running" | "reviewing") => Standing::Running,
        (_, "failed") => Standing::Failed,
        _ => Standing::Waiting,
    }
}

/// Who needs a person, who works, who waits and why, and what it cost today.
#[utoipa::path(get, path = "/api/overview", tag = "overview",
    responses((status = 200, body = OverviewView)))]
pub(crate) async fn overview(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<OverviewView>, ApiError> {
    let world = gateway.world();
    let (store, now) = (&world.store, world.clock.now());
    let mut all = OverviewView::default();
    for row in store.busy(WORKSPACE, now - NEWS, BUSY_MAX).await? {
        let list = match standing(&row) {
            Standing::NeedsPerson => &mut all.needs_person,
            Standing::Running => &mut all.running,
            Standing::Waiting => &mut all.waiting,
            Standing::Failed => &mut all.failed,
        };
        list.push(row.into());
    }
    let midnight = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let costs = store.costs(WORKSPACE, midnight, None).await?;
    let cost: rust_decimal::Decimal = costs.iter().map(|row| row.cost).sum();
    all.cost_today_usd = cost.to_string();
    for row in store.sandboxes_of(WORKSPACE, SANDBOXES_MAX).await? {
        match (row.dormant_since, row.runs) {
            (Some(_), _) => all.sandboxes.dormant += 1,
            (None, 0) => all.sandboxes.idle += 1,
            (None, _) => all.sandboxes.busy += 1,
        }
    }
    Ok(Json(all))
}

/// A sandbox.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SandboxView {
    id: Uuid,
    /// As the cluster calls it, where sandboxes are pods.
    pod_name: String,
    /// agent, repository or job.
    owner_kind: String,
    owner_id: Uuid,
    owner_name: Option<String>,
    /// connected (to this control plane), elsewhere (not to this one), or dormant (only its files are kept).
    state: &'static str,
    /// Runs in it that are not over.
    active_runs: i64,
    created_at: DateTime<Utc>,
    /// Until when it is kept without work; null is without end.
    keep_until: Option<DateTime<Utc>>,
}

/// The sandboxes there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManySandboxes {
    pods: Vec<SandboxView>,
    /// How well agents are kept apart, in words.
    isolation: String,
}

/// Lists sandboxes: those that work, those that rest, and those of which only files are kept.
#[utoipa::path(get, path = "/api/cluster/pods", tag = "overview",
    responses((status = 200, body = ManySandboxes)))]
pub(crate) async fn sandboxes(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<ManySandboxes>, ApiError> {
    let world = gateway.world();
    let rows = world.store.sandboxes_of(WORKSPACE, SANDBOXES_MAX).await?;
    let view = |row: SandboxRow| {
        let connected = world.links.holds(optio_domain::id::SandboxId(row.id), None);
        SandboxView {
            id: row.id,
            pod_name: format!("optio-{}", row.id),
            owner_kind: row.owner_kind,
            owner_id: row.owner,
            owner_name: row.owner_name,
            state: match (row.dormant_since, connected) {
                (Some(_), _) => "dormant",
                (None, Some(_)) => "connected",
                (None, None) => "elsewhere",
            },
            active_runs: row.runs,
            created_at: row.created_at,
            keep_until: row.keep_until,
        }
    };
    Ok(Json(ManySandboxes {
        pods: rows.into_iter().map(view).collect(),
        isolation: world.sandboxes.isolation().words,
    }))
}

/// What of it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct OfActivity {
    /// How far back.
    #[param(minimum = 1, maximum = 90)]
    days: Option<String>,
    /// task, workflow_run, persistent_agent, pr_review, tracker or ticket; several with commas.
    resource_type: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<i64>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HappenedView {
    id: String,
    /// Such as `task:state_changed`.
    action: String,
    /// What the action is about: what stands before its colon.
    resource_type: String,
    resource_id: Uuid,
    /// What people call it.
    name: Option<String>,
    /// In words.
    summary: String,
    timestamp: DateTime<Utc>,
    /// The event.
    details: Value,
}

/// What happened, the latest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityFeed {
    items: Vec<HappenedView>,
    /// Hand it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<i64>,
}

impl From<HappenedRow> for HappenedView {
    fn from(row: HappenedRow) -> Self {
        let (kind, _) = row
            .type_name
            .split_once(':')
            .unwrap_or((&row.type_name, ""));
        Self {
            id: row.id.to_string(),
            resource_type: kind.to_owned(),
            summary: summary(&row),
            action: row.type_name,
            resource_id: row.actor_id,
            name: row.name,
            timestamp: row.at,
            details: row.data,
        }
    }
}

/// An event as a person says it.
fn summary(row: &HappenedRow) -> String {
    let (kind, what) = row
        .type_name
        .split_once(':')
        .unwrap_or((&row.type_name, ""));
    let said = |member: &str| row.data[member].as_str();
    let kind = kind.replace("persistent_", "").replace('_', " ");
    let name = row.name.as_deref().map(|name| format!(" {name}"));
    let mut words = format!("{kind}{}", name.unwrap_or_default());
    match (said("fromState"), said("toState"), said("haltReason")) {
        (Some(from), Some(to), _) => words += &format!(": {from} to {to}"),
        (_, _, Some(halt)) => words += &format!(": its turn ended, {halt}"),
        _ => words += &format!(": {}", what.replace('_', " ")),
    }
    if let Some(reason) = said("error").or(said("reason")) {
        words += &format!(", {reason}");
    }
    words
}

fn within(
    name: &'static str,
    text: Option<&str>,
    range: std::ops::RangeInclusive<i64>,
    default: i64,
) -> Result<i64, ApiError> {
    let Some(text) = text else {
        return Ok(default);
    };
    let rule = format!(
        "must be a whole number from {} to {}",
        range.start(),
        range.end()
    );
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| Invalid::new(name, rule).into())
}

/// What happened, without the lines of runs.
#[utoipa::path(get, path = "/api/activity", tag = "overview", params(OfActivity),
    responses((status = 200, body = ActivityFeed), (status = 400, body = Problem)))]
pub(crate) async fn activity(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(of): Params<OfActivity>,
) -> Result<Json<ActivityFeed>, ApiError> {
    let world = gateway.world();
    let days = within("days", of.days.as_deref(), DAYS, DAYS_DEFAULT)?;
    let limit = within("limit", of.limit.as_deref(), HAPPENED, HAPPENED_DEFAULT)?;
    let types: Vec<String> = of
        .resource_type
        .iter()
        .flat_map(|text| text.split(','))
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let since = world.clock.now() - TimeDelta::days(days);
    let rows = world
        .store
        .happened(since, &types, of.cursor, limit)
        .await?;
    let full = usize::try_from(limit).is_ok_and(|limit| rows.len() == limit);
    Ok(Json(ActivityFeed {
        next_cursor: rows.last().filter(|_| full).map(|row| row.id),
        items: rows.into_iter().map(HappenedView::from).collect(),
    }))
}
