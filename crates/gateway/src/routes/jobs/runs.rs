//! Runs of jobs: started, shown, retried, cancelled; what their agents said and did.

use axum::{Json, extract::State, http::StatusCode};
use optio_actors::job::{NoRun, order};
use optio_domain::{
    agent::spec::Invalid,
    id::{TaskId, TriggerId},
    job::{JobKind, Origin, start::Start},
    task::{Intent, seen::TaskType},
    trigger::{Fired, Overlap},
};
use optio_store::{
    jobs::{JobRow, NewRun},
    tasks::{TaskPage, TaskRow, WantedLogs, WantedTasks},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{
        agents::WORKSPACE,
        tasks::{self, acts, logs::TaskLogView, whole},
    },
    find,
    view::RunView,
};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::Person,
    error::{ApiError, Problem},
};

/// Runs of a list without a limit, and at most.
const RUNS: i64 = 50;
const RUNS_MAX: i64 = 1_000;
/// Lines of a page without a limit, and at most.
const LINES: i64 = 200;
const LINES_MAX: i64 = 10_000;

/// What a run is started with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NewRunBody {
    /// The parameters; checked against the job's paramsSchema.
    #[schema(value_type = Option<Object>)]
    pub(crate) params: Option<Map<String, Value>>,
    /// The trigger that is tried by hand.
    trigger_id: Option<Uuid>,
}

/// One run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneRun {
    run: RunView,
}

/// Runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyRuns {
    pub(crate) runs: Vec<RunView>,
}

/// Lines of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyRunLogs {
    logs: Vec<TaskLogView>,
}

/// How many.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunList {
    /// How many at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

/// Which lines.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunLines {
    /// How many at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 10000)]
    limit: Option<String>,
    /// How many to leave out first.
    #[param(value_type = Option<i64>, minimum = 0)]
    offset: Option<String>,
    /// Only lines with this text.
    search: Option<String>,
    /// Only lines of this type: text, thinking, tool_use, tool_result, system, error or info.
    log_type: Option<String>,
}

/// Starts a run of a job or a blueprint at a person's wish.
pub(crate) async fn begin(
    gateway: &Gateway,
    person: &str,
    job: &JobRow,
    body: NewRunBody,
) -> Result<TaskRow, ApiError> {
    if !job.spec.enabled {
        return Err(ApiError::BadRequest(format!(
            "the {} is disabled; enable it first",
            job.spec.kind.word()
        )));
    }
    let world = gateway.world();
    if let Some(trigger) = body.trigger_id {
        let known = world.store.trigger(TriggerId(trigger)).await?;
        known
            .filter(|it| it.target_id == job.id.0)
            .ok_or_else(|| Invalid::new("triggerId", "is no trigger of it"))?;
    }
    let fired = Fired {
        trigger: body.trigger_id.map(TriggerId),
        overlap: Overlap::Allow,
        params: body.params.unwrap_or_default(),
        hops: 0,
        due: None,
        ticket: None,
    };
    let (start, origin) = ordered(gateway, job, &fired).await?;
    let at = world.clock.now();
    let run = NewRun {
        id: TaskId(job.pool.beside(world.ids.fresh())),
        workspace: WORKSPACE,
        spec: &start.spec,
        pool: job.pool,
        origin: &origin,
        missing: &start.missing,
        ticket: None,
        created_by: person,
        at,
    };
    let row = world.store.start_run(&run).await?;
    gateway.hints().look(row.id.into());
    Ok(row)
}

async fn ordered(
    gateway: &Gateway,
    job: &JobRow,
    fired: &Fired,
) -> Result<(Start, Origin), ApiError> {
    order(&gateway.world().store, job, fired)
        .await
        .map_err(|error| match error {
            NoRun::Refused(words) => ApiError::BadRequest(words),
            NoRun::Store(error) => error.into(),
        })
}

/// The runs of a job or a blueprint, newest first.
pub(crate) async fn of_job(
    gateway: &Gateway,
    job: &JobRow,
    limit: i64,
) -> Result<Vec<TaskRow>, ApiError> {
    let wanted = WantedTasks {
        job: Some(job.id),
        ..WantedTasks::default()
    };
    let page = TaskPage {
        after: None,
        offset: 0,
        limit,
    };
    Ok(gateway
        .world()
        .store
        .tasks(WORKSPACE, &wanted, page)
        .await?)
}

/// Starts a run.
#[utoipa::path(post, path = "/api/jobs/{job}/runs", tag = "jobs", request_body = NewRunBody,
    params(("job" = String, Path, description = "id or name")),
    responses((status = 201, body = OneRun), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn start(
    State(gateway): State<Gateway>,
    person: Person,
    Named(job): Named<String>,
    Body(body): Body<NewRunBody>,
) -> Result<(StatusCode, Json<OneRun>), ApiError> {
    let job = find(&gateway, JobKind::Standalone, &job).await?;
    let row = begin(&gateway, &person.0, &job, body).await?;
    Ok((
        StatusCode::CREATED,
        Json(OneRun {
            run: RunView::of(row),
        }),
    ))
}

/// Lists the runs of a job, newest first.
#[utoipa::path(get, path = "/api/jobs/{job}/runs", tag = "jobs",
    params(RunList, ("job" = String, Path, description = "id or name")),
    responses((status = 200, body = ManyRuns), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(job): Named<String>,
    Params(some): Params<RunList>,
) -> Result<Json<ManyRuns>, ApiError> {
    let limit = whole("limit", some.limit.as_deref(), RUNS, 1..=RUNS_MAX)?;
    let job = find(&gateway, JobKind::Standalone, &job).await?;
    let rows = of_job(&gateway, &job, limit).await?;
    Ok(Json(ManyRuns {
        runs: rows.into_iter().map(RunView::of).collect(),
    }))
}

/// Finds a run by its id, or by the first digits of it.
pub(crate) async fn run(gateway: &Gateway, name: &str) -> Result<TaskRow, ApiError> {
    let row = tasks::find(gateway, name).await?;
    if row.spec.kind == TaskType::Job {
        Ok(row)
    } else {
        Err(ApiError::Missing(format!(
            "there is no run `{name}` of a job"
        )))
    }
}

/// Shows a run.
#[utoipa::path(get, path = "/api/workflow-runs/{run}", tag = "jobs",
    params(("run" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OneRun), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
) -> Result<Json<OneRun>, ApiError> {
    let row = run(&gateway, &name).await?;
    Ok(Json(OneRun {
        run: RunView::of(row),
    }))
}

async fn want(gateway: &Gateway, name: &str, intent: Intent) -> Result<Json<OneRun>, ApiError> {
    let row = run(gateway, name).await?;
    let state = super::view::run_state(row.state);
    intent
        .meets(row.state)
        .map_err(|refusal| ApiError::BadRequest(format!("the run is {state}: {refusal}")))?;
    let row = acts::wished(gateway, row, intent, None).await?;
    Ok(Json(OneRun {
        run: RunView::of(row),
    }))
}

/// Lets a failed run try again.
#[utoipa::path(post, path = "/api/workflow-runs/{run}/retry", tag = "jobs",
    params(("run" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OneRun), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn retry(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
) -> Result<Json<OneRun>, ApiError> {
    want(&gateway, &name, Intent::Retry).await
}

/// Cancels a run. Its process is gone within five seconds, and it is not tried again by itself.
#[utoipa::path(post, path = "/api/workflow-runs/{run}/cancel", tag = "jobs",
    params(("run" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OneRun), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn cancel(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
) -> Result<Json<OneRun>, ApiError> {
    want(&gateway, &name, Intent::Cancel).await
}

/// Lists what a run's agent said and did, oldest first.
#[utoipa::path(get, path = "/api/workflow-runs/{run}/logs", tag = "jobs",
    params(RunLines, ("run" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyRunLogs), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn logs(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
    Params(lines): Params<RunLines>,
) -> Result<Json<ManyRunLogs>, ApiError> {
    let row = run(&gateway, &name).await?;
    let wanted = WantedLogs {
        search: lines.search.filter(|text| !text.is_empty()),
        log_type: lines.log_type,
        offset: whole("offset", lines.offset.as_deref(), 0, 0..=i64::MAX)?,
        limit: whole("limit", lines.limit.as_deref(), LINES, 1..=LINES_MAX)?,
    };
    let rows = gateway.world().store.task_logs(row.id, &wanted).await?;
    Ok(Json(ManyRunLogs {
        logs: rows
            .into_iter()
            .map(|line| TaskLogView::of_run(row.id.0, line))
            .collect(),
    }))
}
