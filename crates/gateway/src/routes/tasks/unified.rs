//! `/api/tasks` for everything that can be asked for: tasks, blueprints, jobs, and reviews of pull requests.

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::{agent::spec::Invalid, id::JobId, job::JobKind, task::seen::TaskType};
use optio_store::{
    jobs::JobRow,
    pr_reviews::PrReviewRow,
    tasks::{TaskPage, TaskRow, WantedTasks},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{
        agents::WORKSPACE,
        blueprints,
        jobs::{
            self,
            runs::{NewRunBody, begin, of_job},
            view::{BlueprintView, JobView, RunView},
            written::{BlueprintBody, JobBody},
        },
        pr_reviews::{self, PrReviewView, logs::PrReviewRunView},
        sandbox,
    },
    PAGE, PAGE_MAX, TaskShown, accept, details,
    logs::TaskRunView,
    view::TaskView,
    whole,
    written::NewTaskBody,
};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::Person,
    error::{ApiError, Problem},
};

/// Runs that are listed.
const RUNS_MAX: i64 = 50;

/// Whatever has been asked for, by one kind of identity.
pub(crate) enum Work {
    /// A task, or a run of a job.
    Task(Box<TaskRow>),
    /// A job or a blueprint.
    Job(Box<JobRow>),
    /// A review of a pull request.
    Review(Box<PrReviewRow>),
}

/// Finds it.
pub(crate) async fn find(gateway: &Gateway, name: &str) -> Result<Work, ApiError> {
    match super::find(gateway, name).await {
        Ok(row) => return Ok(Work::Task(Box::new(row))),
        Err(ApiError::Missing(_)) => {}
        Err(error) => return Err(error),
    }
    if let Ok(id) = name.parse::<JobId>()
        && let Some(job) = gateway.world().store.job(id).await?
        && !job.deleted
    {
        return Ok(Work::Job(Box::new(job)));
    }
    match pr_reviews::find(gateway, name).await {
        Ok(row) => Ok(Work::Review(Box::new(row))),
        Err(ApiError::Missing(_)) => Err(ApiError::Missing(format!("there is no task `{name}`"))),
        Err(error) => Err(error),
    }
}

/// Any of them, told apart by `type`: repo-task, workflow-run, standalone, repo-blueprint or pr-review.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AnyTask {
    /// A task.
    Task(Box<TaskView>),
    /// A job.
    Job(Box<JobView>),
    /// A blueprint.
    Blueprint(Box<BlueprintView>),
    /// A review of a pull request.
    Review(Box<PrReviewView>),
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneOfAny {
    task: AnyTask,
}

/// A task with why it does not move, or one of the others alone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AnyShown {
    /// A task.
    Task(Box<TaskShown>),
    /// Another.
    Other(OneOfAny),
}

/// A page of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyOfAny {
    tasks: Vec<AnyTask>,
    limit: i64,
    offset: i64,
}

/// Which page of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listing {
    /// repo-task (the default), repo-blueprint, standalone or all.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// Only tasks in this state.
    state: Option<String>,
    /// How many tasks at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// How many tasks to leave out first.
    #[param(value_type = Option<i64>, minimum = 0)]
    offset: Option<String>,
}

/// The types there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Task,
    Blueprint,
    Standalone,
    All,
}

fn kind(text: Option<&str>, all: &'static str) -> Result<Type, ApiError> {
    match text {
        None | Some("repo-task") => Ok(Type::Task),
        Some("repo-blueprint") => Ok(Type::Blueprint),
        Some("standalone") => Ok(Type::Standalone),
        Some("all") if !all.is_empty() => Ok(Type::All),
        Some(other) => {
            let rule =
                format!("must be repo-task, repo-blueprint or standalone{all}, not `{other}`");
            Err(Invalid::new("type", rule).into())
        }
    }
}

/// Lists tasks, newest first; or blueprints, or jobs, or all of them.
#[utoipa::path(get, path = "/api/tasks", tag = "tasks", params(Listing),
    responses((status = 200, body = ManyOfAny), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(listing): Params<Listing>,
) -> Result<Json<ManyOfAny>, ApiError> {
    let limit = whole("limit", listing.limit.as_deref(), PAGE, 1..=PAGE_MAX)?;
    let offset = whole("offset", listing.offset.as_deref(), 0, 0..=i64::MAX)?;
    let kind = kind(listing.kind.as_deref(), " or all")?;
    let mut tasks = Vec::new();
    if matches!(kind, Type::Task | Type::All) {
        let wanted = WantedTasks {
            state: listing.state,
            kinds: vec![TaskType::Coding, TaskType::Review],
            ..WantedTasks::default()
        };
        let page = TaskPage {
            after: None,
            offset,
            limit,
        };
        let store = &gateway.world().store;
        let rows = store.tasks(WORKSPACE, &wanted, page).await?;
        let view = |row| AnyTask::Task(Box::new(TaskView::of(row)));
        tasks.extend(rows.into_iter().map(view));
    }
    if matches!(kind, Type::Blueprint | Type::All) {
        let all = blueprints::all(&gateway).await?;
        tasks.extend(all.into_iter().map(|it| AnyTask::Blueprint(Box::new(it))));
    }
    if matches!(kind, Type::Standalone | Type::All) {
        let all = jobs::all(&gateway).await?;
        tasks.extend(all.into_iter().map(|it| AnyTask::Job(Box::new(it))));
    }
    Ok(Json(ManyOfAny {
        tasks,
        limit,
        offset,
    }))
}

/// Creates a task, which runs as soon as there is room and what it depends on is completed; or, by `type`, a
/// blueprint or a job.
#[utoipa::path(post, path = "/api/tasks", tag = "tasks", request_body = NewTaskBody,
    responses((status = 201, body = OneOfAny), (status = 400, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    person: Person,
    Body(body): Body<NewTaskBody>,
) -> Result<(StatusCode, Json<OneOfAny>), ApiError> {
    let task = match kind(body.kind.as_deref(), "")? {
        Type::Task | Type::All => {
            let depends_on = body.depends_on();
            let spec = body.spec(&gateway).await?;
            let row = accept(&gateway, &person.0, &spec, &depends_on).await?;
            AnyTask::Task(Box::new(TaskView::of(row)))
        }
        Type::Blueprint => {
            let spec = blueprint(body).spec(&gateway, None).await?;
            let row = jobs::make(&gateway, &person.0, &spec).await?;
            AnyTask::Blueprint(Box::new(BlueprintView::of(row)))
        }
        Type::Standalone => {
            let spec = job(body).spec(None)?;
            sandbox::carried_out(&gateway, &spec.sandbox)?;
            let row = jobs::make(&gateway, &person.0, &spec).await?;
            AnyTask::Job(Box::new(JobView::of(row, None)))
        }
    };
    Ok((StatusCode::CREATED, Json(OneOfAny { task })))
}

fn blueprint(body: NewTaskBody) -> BlueprintBody {
    BlueprintBody {
        name: body.name.or_else(|| body.title.clone()),
        description: Some(body.description),
        title: body.title,
        prompt: Some(body.prompt),
        repo_url: body.repo_url,
        repo_branch: Some(body.repo_branch),
        agent_type: body.agent_type,
        model: Some(body.model),
        max_retries: body.max_retries,
        priority: body.priority,
        enabled: body.enabled,
        ..BlueprintBody::default()
    }
}

fn job(body: NewTaskBody) -> JobBody {
    JobBody {
        name: body.name.or(body.title),
        description: Some(body.description),
        prompt_template: Some(body.prompt),
        repo_url: Some(body.repo_url),
        repo_branch: Some(body.repo_branch),
        agent_runtime: body.agent_type,
        model: Some(body.model),
        max_retries: body.max_retries,
        priority: body.priority,
        enabled: body.enabled,
        ..JobBody::default()
    }
}

/// Shows a task, and why it does not move; or a blueprint, a job, or a review of a pull request.
#[utoipa::path(get, path = "/api/tasks/{task}", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = AnyShown), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<AnyShown>, ApiError> {
    let other = |task| AnyShown::Other(OneOfAny { task });
    Ok(Json(match find(&gateway, &task).await? {
        Work::Task(row) => AnyShown::Task(Box::new(details(&gateway, *row).await?)),
        Work::Job(row) => match row.spec.kind {
            JobKind::Blueprint => other(AnyTask::Blueprint(Box::new(BlueprintView::of(*row)))),
            JobKind::Standalone => {
                other(AnyTask::Job(Box::new(jobs::shown(&gateway, *row).await?)))
            }
        },
        Work::Review(row) => other(AnyTask::Review(Box::new(PrReviewView::of(*row)))),
    }))
}

/// A run of any of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AnyRun {
    /// An attempt at a task.
    Attempt(Box<TaskRunView>),
    /// A task that was made of a blueprint.
    Task(Box<TaskView>),
    /// A run of a job.
    Run(Box<RunView>),
    /// A run of a review.
    Review(Box<PrReviewRunView>),
}

/// Runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyAnyRuns {
    runs: Vec<AnyRun>,
}

/// One run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneAnyRun {
    run: AnyRun,
}

fn of_kind(kind: JobKind, row: TaskRow) -> AnyRun {
    match kind {
        JobKind::Blueprint => AnyRun::Task(Box::new(TaskView::of(row))),
        JobKind::Standalone => AnyRun::Run(Box::new(RunView::of(row))),
    }
}

/// Lists the last runs, newest first: of a task its attempts, of a blueprint its tasks, of a job its runs.
#[utoipa::path(get, path = "/api/tasks/{task}/runs", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyAnyRuns), (status = 404, body = Problem)))]
pub(crate) async fn runs(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<ManyAnyRuns>, ApiError> {
    let store = &gateway.world().store;
    let runs = match find(&gateway, &task).await? {
        Work::Task(row) => {
            let runs = store.task_runs(row.id, RUNS_MAX).await?;
            let view = |run| AnyRun::Attempt(Box::new(TaskRunView::of(row.id.0, run)));
            runs.into_iter().map(view).collect()
        }
        Work::Job(row) => {
            let runs = of_job(&gateway, &row, RUNS_MAX).await?;
            let view = |run| of_kind(row.spec.kind, run);
            runs.into_iter().map(view).collect()
        }
        Work::Review(row) => {
            let runs = store.review_runs(row.id, RUNS_MAX).await?;
            let view = |run| AnyRun::Review(Box::new(PrReviewRunView::of(row.id.0, run)));
            runs.into_iter().map(view).collect()
        }
    };
    Ok(Json(ManyAnyRuns { runs }))
}

/// A run that was started.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartedRun {
    run_id: Uuid,
    /// repo-blueprint or standalone.
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Starts a run of a blueprint or a job.
#[utoipa::path(post, path = "/api/tasks/{task}/runs", tag = "tasks", request_body = NewRunBody,
    params(("task" = String, Path, description = "id of a blueprint or a job")),
    responses((status = 202, body = StartedRun), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 405, body = Problem)))]
pub(crate) async fn start(
    State(gateway): State<Gateway>,
    person: Person,
    Named(task): Named<String>,
    Body(body): Body<NewRunBody>,
) -> Result<(StatusCode, Json<StartedRun>), ApiError> {
    let Work::Job(job) = find(&gateway, &task).await? else {
        return Err(ApiError::NotAllowed(format!(
            "`{task}` runs once; a job or a blueprint can be started again"
        )));
    };
    let row = begin(&gateway, &person.0, &job, body).await?;
    let started = StartedRun {
        run_id: row.id.0,
        kind: match job.spec.kind {
            JobKind::Blueprint => "repo-blueprint",
            JobKind::Standalone => "standalone",
        },
    };
    Ok((StatusCode::ACCEPTED, Json(started)))
}

/// Shows one run.
#[utoipa::path(get, path = "/api/tasks/{task}/runs/{run}", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more"),
           ("run" = Uuid, Path, description = "which run")),
    responses((status = 200, body = OneAnyRun), (status = 404, body = Problem)))]
pub(crate) async fn run(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((task, run)): Named<(String, Uuid)>,
) -> Result<Json<OneAnyRun>, ApiError> {
    let missing = || ApiError::Missing(format!("`{task}` has no run {run}"));
    let store = &gateway.world().store;
    let run = match find(&gateway, &task).await? {
        Work::Task(row) => {
            let found = store.task_run(row.id, run).await?.ok_or_else(missing)?;
            AnyRun::Attempt(Box::new(TaskRunView::of(row.id.0, found)))
        }
        Work::Job(job) => {
            let row = store.task(optio_domain::id::TaskId(run)).await?;
            let is_its = |row: &TaskRow| row.origin.as_ref().is_some_and(|it| it.job == job.id);
            let row = row.filter(is_its).ok_or_else(missing)?;
            of_kind(job.spec.kind, row)
        }
        Work::Review(row) => {
            let runs = store.review_runs(row.id, i64::from(i16::MAX)).await?;
            let found = runs.into_iter().find(|it| it.id == run);
            AnyRun::Review(Box::new(PrReviewRunView::of(
                row.id.0,
                found.ok_or_else(missing)?,
            )))
        }
    };
    Ok(Json(OneAnyRun { run }))
}
