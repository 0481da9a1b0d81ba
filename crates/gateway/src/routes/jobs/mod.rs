//! `/api/jobs`: work without a repository of its own, started by hand or by triggers.

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::{
    agent::spec::Invalid,
    id::{JobId, PoolId, TemplateId},
    job::{JobKind, JobSpec, params},
    prompt_template::TemplateKind,
    template::Template,
    trigger::{TargetKind, TriggerType},
};
use optio_store::{
    jobs::{JobNumbers, JobRow, NewJob},
    triggers::TriggerRow,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{agents::WORKSPACE, sandbox};
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

pub(crate) mod runs;
pub(crate) mod view;
pub(crate) mod written;

use view::JobView;
use written::JobBody;

/// Jobs in one list.
pub(crate) const JOBS_MAX: i64 = 1_000;
/// Copies of one name that are tried.
const COPIES_MAX: usize = 100;

/// One job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneJob {
    workflow: JobView,
}

/// Jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyJobs {
    pub(crate) workflows: Vec<JobView>,
}

/// How many runs stand where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunStatsView {
    total: i64,
    queued: i64,
    running: i64,
    failed: i64,
    completed: i64,
}

/// The same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobStats {
    stats: RunStatsView,
}

/// Finds a job or a blueprint by its id or its name.
pub(crate) async fn find(gateway: &Gateway, kind: JobKind, name: &str) -> Result<JobRow, ApiError> {
    let store = &gateway.world().store;
    let row = match name.parse::<JobId>() {
        Ok(id) => store.job(id).await?,
        Err(_name) => store.job_named(WORKSPACE, kind, name).await?,
    };
    row.filter(|row| row.spec.kind == kind && !row.deleted)
        .ok_or_else(|| ApiError::Missing(format!("there is no {} `{name}`", kind.word())))
}

/// Makes a job or a blueprint that was checked.
pub(crate) async fn make(
    gateway: &Gateway,
    person: &str,
    spec: &JobSpec,
) -> Result<JobRow, ApiError> {
    template_of(gateway, spec).await?;
    let world = gateway.world();
    let at = world.clock.now();
    let pool = pool_for(gateway, spec).await?;
    let row = world
        .store
        .create_job(&NewJob {
            id: JobId(world.ids.fresh()),
            workspace: WORKSPACE,
            spec,
            pool,
            created_by: person,
            at,
        })
        .await?;
    gateway.hints().look(row.id.into());
    gateway.hints().look(pool.into());
    Ok(row)
}

/// A template that takes the place of the prompt is there, is for this, and asks for what there will be.
async fn template_of(gateway: &Gateway, spec: &JobSpec) -> Result<(), ApiError> {
    let Some(id) = spec.template else {
        return Ok(());
    };
    let wrong = |rule: String| ApiError::from(Invalid::new("promptTemplateId", rule));
    let kind = match spec.kind {
        JobKind::Standalone => TemplateKind::Job,
        JobKind::Blueprint => TemplateKind::Task,
    };
    let store = &gateway.world().store;
    let found = store.named_template(WORKSPACE, TemplateId(id)).await?;
    let found = found
        .filter(|it| it.spec.kind == kind)
        .ok_or_else(|| wrong(format!("is no template of kind {}", kind.name())))?;
    match (
        &spec.params_schema,
        params::names(spec.params_schema.as_ref()),
    ) {
        (Some(_), Some(names)) => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let template = Template::parse(&found.spec.template).and_then(|it| it.check(&names));
            template.map_err(|error| {
                wrong(format!("asks for what paramsSchema does not have: {error}"))
            })
        }
        (Some(_) | None, _) => Ok(()),
    }
}

/// Where its runs may run: a job's own pool is made with it.
async fn pool_for(gateway: &Gateway, spec: &JobSpec) -> Result<PoolId, ApiError> {
    let world = gateway.world();
    let fresh = world.ids.fresh();
    match (spec.kind, &spec.repo_url) {
        (JobKind::Blueprint, Some(url)) => Ok(world
            .store
            .pool_of(WORKSPACE, url, fresh, world.clock.now())
            .await?),
        (JobKind::Blueprint, None) | (JobKind::Standalone, _) => Ok(PoolId(fresh)),
    }
}

/// Changes a job or a blueprint to what was checked.
pub(crate) async fn alter(
    gateway: &Gateway,
    row: &JobRow,
    spec: &JobSpec,
) -> Result<JobRow, ApiError> {
    template_of(gateway, spec).await?;
    let world = gateway.world();
    let pool = match spec.kind {
        JobKind::Standalone => row.pool,
        JobKind::Blueprint => pool_for(gateway, spec).await?,
    };
    let changed = world
        .store
        .change_job(row.id, spec, pool, world.clock.now())
        .await?;
    gateway.hints().look(row.id.into());
    gateway.hints().look(pool.into());
    changed.ok_or_else(|| ApiError::Missing(format!("there is no job `{}`", row.id)))
}

/// Deletes a job or a blueprint.
pub(crate) async fn delete(gateway: &Gateway, row: &JobRow) -> Result<StatusCode, ApiError> {
    let world = gateway.world();
    if !world.store.delete_job(row, world.clock.now()).await? {
        return Err(ApiError::Missing(format!("there is no job `{}`", row.id)));
    }
    gateway.hints().look(row.id.into());
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn shown(gateway: &Gateway, row: JobRow) -> Result<JobView, ApiError> {
    let numbers = gateway.world().store.job_numbers(&[row.id]).await?;
    Ok(JobView::of(row, numbers.first()))
}

/// Jobs with what their runs came to.
pub(crate) async fn all(gateway: &Gateway) -> Result<Vec<JobView>, ApiError> {
    let store = &gateway.world().store;
    let rows = store.jobs(WORKSPACE, JobKind::Standalone, JOBS_MAX).await?;
    let ids: Vec<JobId> = rows.iter().map(|row| row.id).collect();
    let numbers = store.job_numbers(&ids).await?;
    let of = |id: JobId| {
        let found = |it: &&JobNumbers| it.job_id == id.0;
        numbers.iter().find(found)
    };
    Ok(rows
        .into_iter()
        .map(|row| {
            let numbers = of(row.id);
            JobView::of(row, numbers)
        })
        .collect())
}

/// Lists the jobs, newest first, with what their runs came to.
#[utoipa::path(get, path = "/api/jobs", tag = "jobs",
    responses((status = 200, body = ManyJobs)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<ManyJobs>, ApiError> {
    Ok(Json(ManyJobs {
        workflows: all(&gateway).await?,
    }))
}

/// Counts the runs of all jobs by state.
#[utoipa::path(get, path = "/api/jobs/stats", tag = "jobs",
    responses((status = 200, body = JobStats)))]
pub(crate) async fn stats(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<JobStats>, ApiError> {
    let stats = gateway.world().store.run_stats(WORKSPACE).await?;
    Ok(Json(JobStats {
        stats: RunStatsView {
            total: stats.total,
            queued: stats.queued,
            running: stats.running,
            failed: stats.failed,
            completed: stats.completed,
        },
    }))
}

/// Makes a job.
#[utoipa::path(post, path = "/api/jobs", tag = "jobs", request_body = JobBody,
    responses((status = 201, body = OneJob), (status = 400, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    person: Person,
    Body(body): Body<JobBody>,
) -> Result<(StatusCode, Json<OneJob>), ApiError> {
    let spec = body.spec(None)?;
    sandbox::carried_out(&gateway, &spec.sandbox)?;
    let row = make(&gateway, &person.0, &spec).await?;
    Ok((
        StatusCode::CREATED,
        Json(OneJob {
            workflow: JobView::of(row, None),
        }),
    ))
}

/// Shows a job.
#[utoipa::path(get, path = "/api/jobs/{job}", tag = "jobs",
    params(("job" = String, Path, description = "id or name")),
    responses((status = 200, body = OneJob), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(job): Named<String>,
) -> Result<Json<OneJob>, ApiError> {
    let row = find(&gateway, JobKind::Standalone, &job).await?;
    Ok(Json(OneJob {
        workflow: shown(&gateway, row).await?,
    }))
}

/// Changes a job. Runs that were started keep what they were told; what bounds them holds from now on.
#[utoipa::path(patch, path = "/api/jobs/{job}", tag = "jobs", request_body = JobBody,
    params(("job" = String, Path, description = "id or name")),
    responses((status = 200, body = OneJob), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(job): Named<String>,
    Body(body): Body<JobBody>,
) -> Result<Json<OneJob>, ApiError> {
    let row = find(&gateway, JobKind::Standalone, &job).await?;
    let spec = body.spec(Some(row.spec.clone()))?;
    sandbox::carried_out(&gateway, &spec.sandbox)?;
    let row = alter(&gateway, &row, &spec).await?;
    Ok(Json(OneJob {
        workflow: shown(&gateway, row).await?,
    }))
}

/// Deletes a job with its triggers, and cancels its runs. What they did stays.
#[utoipa::path(delete, path = "/api/jobs/{job}", tag = "jobs",
    params(("job" = String, Path, description = "id or name")),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(job): Named<String>,
) -> Result<StatusCode, ApiError> {
    let row = find(&gateway, JobKind::Standalone, &job).await?;
    delete(&gateway, &row).await
}

/// Copies a job, disabled, with its triggers but for webhooks, whose path is theirs alone.
#[utoipa::path(post, path = "/api/jobs/{job}/clone", tag = "jobs",
    params(("job" = String, Path, description = "id or name")),
    responses((status = 201, body = OneJob), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn copy(
    State(gateway): State<Gateway>,
    person: Person,
    Named(job): Named<String>,
) -> Result<(StatusCode, Json<OneJob>), ApiError> {
    let row = find(&gateway, JobKind::Standalone, &job).await?;
    let spec = JobSpec {
        name: free_name(&gateway, &row.spec.name).await?,
        enabled: false,
        ..row.spec.clone()
    };
    spec.check().map_err(ApiError::Invalid)?;
    let made = make(&gateway, &person.0, &spec).await?;
    let world = gateway.world();
    for trigger in world.store.triggers(TargetKind::Job, row.id.0).await? {
        if trigger.type_name == TriggerType::Webhook.name() {
            continue;
        }
        let now = world.clock.now();
        let copy = TriggerRow {
            id: world.ids.fresh(),
            target_id: made.id.0,
            created_at: now,
            updated_at: now,
            ..trigger
        };
        world.store.create_trigger(&copy).await?;
    }
    Ok((
        StatusCode::CREATED,
        Json(OneJob {
            workflow: JobView::of(made, None),
        }),
    ))
}

async fn free_name(gateway: &Gateway, name: &str) -> Result<String, ApiError> {
    let store = &gateway.world().store;
    for number in 1..=COPIES_MAX {
        let copy = match number {
            1 => format!("{name} (copy)"),
            _ => format!("{name} (copy {number})"),
        };
        let taken = store
            .job_named(WORKSPACE, JobKind::Standalone, &copy)
            .await?;
        if taken.is_none() {
            return Ok(copy);
        }
    }
    Err(ApiError::Conflict(format!(
        "`{name}` has {COPIES_MAX} copies; delete some, or rename them"
    )))
}
