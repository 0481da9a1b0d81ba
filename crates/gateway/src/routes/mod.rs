//! The table of routes.

use axum::{
    Router,
    extract::Request,
    middleware,
    routing::{MethodRouter, any, get, post},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa::openapi::{Info, OpenApi, PathItem};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Gateway, admission, docs, error::ApiError, idempotency, runner, web};

mod actors;
pub(crate) mod agents;
pub(crate) mod asks;
mod blueprints;
pub(crate) mod control;
mod costs;
mod credentials;
mod dead;
pub(crate) mod directory;
mod files;
mod health;
mod hooks;
pub(crate) mod issues;
pub(crate) mod jobs;
pub(crate) mod live;
pub(crate) mod messages;
mod metrics;
pub(crate) mod notices;
mod overview;
mod posting;
pub(crate) mod pr_reviews;
pub(crate) mod pull_requests;
mod replicas;
mod replies;
mod repo_settings;
mod repos;
mod sandbox;
mod secrets;
mod sockets;
pub(crate) mod tasks;
pub(crate) mod templates;
pub(crate) mod tickets;
pub(crate) mod topics;
pub(crate) mod triggers;
mod turns;
mod webhooks;
pub(crate) mod written;

fn of_tasks() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(tasks::unified::list, tasks::unified::create))
        .routes(routes!(overview::overview))
        .routes(routes!(overview::sandboxes))
        .routes(routes!(overview::activity))
        .routes(routes!(costs::costs))
        .routes(routes!(tasks::stats))
        .routes(routes!(tasks::search))
        .routes(routes!(tasks::unified::show))
        .routes(routes!(tasks::acts::cancel))
        .routes(routes!(tasks::acts::retry))
        .routes(routes!(tasks::acts::redo))
        .routes(routes!(tasks::acts::resume))
        .routes(routes!(tasks::acts::restart))
        .routes(routes!(tasks::acts::run_now))
        .routes(routes!(tasks::acts::review))
        .routes(routes!(tasks::acts::retry_failed))
        .routes(routes!(tasks::acts::cancel_active))
        .routes(routes!(tasks::acts::reorder))
        .routes(routes!(tasks::logs::list))
        .routes(routes!(tasks::logs::export))
        .routes(routes!(tasks::logs::events))
        .routes(routes!(tasks::unified::runs, tasks::unified::start))
        .routes(routes!(tasks::unified::run))
        .routes(routes!(tasks::logs::stream))
        .routes(routes!(tasks::messages::send))
        .routes(routes!(tasks::messages::list))
        .routes(routes!(tasks::depends::list, tasks::depends::add))
        .routes(routes!(tasks::depends::remove))
        .routes(routes!(tasks::depends::dependents))
        .routes(routes!(
            tasks::depends::subtasks,
            tasks::depends::add_subtask
        ))
        .routes(routes!(tasks::depends::status))
        .routes(routes!(tasks::comments::list, tasks::comments::create))
        .routes(routes!(tasks::comments::change, tasks::comments::remove))
        .routes(routes!(tasks::comments::activity))
        .routes(routes!(credentials::ask))
        .routes(routes!(webhooks::github))
        .routes(routes!(webhooks::gitlab))
}

fn of_files() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(files::of_task))
        .routes(routes!(files::one_of_task))
        .routes(routes!(files::archive_of_task))
        .routes(routes!(files::of_run))
        .routes(routes!(files::one_of_run))
        .routes(routes!(files::archive_of_run))
}

fn of_jobs() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(jobs::list, jobs::create))
        .routes(routes!(jobs::stats))
        .routes(routes!(jobs::show, jobs::change, jobs::remove))
        .routes(routes!(jobs::copy))
        .routes(routes!(jobs::runs::list, jobs::runs::start))
        .routes(routes!(jobs::runs::show))
        .routes(routes!(jobs::runs::retry))
        .routes(routes!(jobs::runs::cancel))
        .routes(routes!(jobs::runs::logs))
        .routes(routes!(blueprints::list, blueprints::create))
        .routes(routes!(
            blueprints::show,
            blueprints::change,
            blueprints::remove
        ))
        .routes(routes!(blueprints::run))
}

fn of_triggers() -> OpenApiRouter<Gateway> {
    use triggers::of;
    OpenApiRouter::new()
        .routes(routes!(of::list_of_agent, of::add_to_agent))
        .routes(routes!(of::change_of_agent, of::remove_from_agent))
        .routes(routes!(of::list_of_job, of::add_to_job))
        .routes(routes!(of::change_of_job, of::remove_from_job))
        .routes(routes!(of::list_of_blueprint, of::add_to_blueprint))
        .routes(routes!(of::change_of_blueprint, of::remove_from_blueprint))
        .routes(routes!(of::list_of_task, of::add_to_task))
        .routes(routes!(of::change_of_task, of::remove_from_task))
        .routes(routes!(triggers::all))
        .routes(routes!(triggers::preview))
        .routes(routes!(triggers::show))
        .routes(routes!(hooks::call))
}

fn of_reviews() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(pr_reviews::list, pr_reviews::create))
        .routes(routes!(pr_reviews::show, pr_reviews::change))
        .routes(routes!(pr_reviews::draft))
        .routes(routes!(pr_reviews::acts::submit))
        .routes(routes!(pr_reviews::acts::rereview))
        .routes(routes!(pr_reviews::acts::cancel))
        .routes(routes!(pr_reviews::chat::list, pr_reviews::chat::send))
        .routes(routes!(pr_reviews::logs::list))
        .routes(routes!(pr_reviews::logs::events))
        .routes(routes!(pr_reviews::logs::runs))
        .routes(routes!(pr_reviews::logs::stream))
        .routes(routes!(pull_requests::list))
        .routes(routes!(pull_requests::status))
        .routes(routes!(pull_requests::merge))
}

fn of_notices() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(notices::list, notices::create))
        .routes(routes!(notices::show, notices::change, notices::remove))
        .routes(routes!(notices::deliveries::list))
        .routes(routes!(notices::deliveries::test))
        .routes(routes!(notices::deliveries::replay))
        .routes(routes!(notices::slack::status))
        .routes(routes!(notices::slack::test))
        .routes(routes!(notices::slack::actions))
}

fn of_tickets() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(tickets::list, tickets::create))
        .routes(routes!(tickets::change, tickets::remove))
        .routes(routes!(tickets::enable, tickets::enable_by_post))
        .routes(routes!(tickets::list::list))
        .routes(routes!(tickets::sync::sync))
        .routes(routes!(issues::list))
        .routes(routes!(issues::assign::assign))
}

fn of_templates() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(templates::list, templates::effective::save))
        .routes(routes!(templates::effective::effective))
        .routes(routes!(templates::effective::built_in))
        .routes(routes!(templates::effective::of_reviews))
        .routes(routes!(templates::create))
        .routes(routes!(templates::preview::of_text))
        .routes(routes!(
            templates::show,
            templates::change,
            templates::remove
        ))
        .routes(routes!(templates::preview::of_one))
}

fn described() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(agents::list, agents::create))
        .routes(routes!(agents::stats))
        .routes(routes!(agents::show, agents::change, agents::remove))
        .routes(routes!(control::control))
        .routes(routes!(messages::list, messages::send))
        .routes(routes!(asks::ask))
        .routes(routes!(asks::show))
        .routes(routes!(turns::list))
        .routes(routes!(turns::show))
        .routes(routes!(live::agent))
        .routes(routes!(live::all))
        .routes(routes!(directory::peers))
        .routes(routes!(directory::send))
        .routes(routes!(directory::broadcast))
        .routes(routes!(directory::inbox))
        .routes(routes!(asks::ask_peer))
        .routes(routes!(topics::mine))
        .routes(routes!(topics::hear))
        .routes(routes!(topics::ignore))
        .routes(routes!(topics::say))
        .routes(routes!(topics::list))
        .routes(routes!(topics::show))
        .routes(routes!(topics::subscribe))
        .routes(routes!(topics::unsubscribe))
        .routes(routes!(topics::publish))
        .routes(routes!(dead::of_all))
        .routes(routes!(dead::of_agent))
        .routes(routes!(dead::show))
        .routes(routes!(dead::replay))
        .routes(routes!(dead::replay_here))
        .routes(routes!(dead::replay_all))
        .routes(routes!(dead::replay_of_agent))
        .routes(routes!(dead::discard))
        .routes(routes!(dead::discard_all))
        .routes(routes!(dead::discard_of_agent))
        .routes(routes!(actors::why))
        .routes(routes!(actors::lift))
        .routes(routes!(replicas::list))
        .merge(of_tasks())
        .merge(of_jobs())
        .merge(of_triggers())
        .merge(of_reviews())
        .merge(of_files())
        .merge(of_notices())
        .merge(of_tickets())
        .merge(of_templates())
        .routes(routes!(repos::list, repos::create))
        .routes(routes!(repos::show, repos::change, repos::remove))
        .routes(routes!(secrets::list, secrets::create))
        .routes(routes!(secrets::rotate_key))
        .routes(routes!(secrets::remove))
        .routes(routes!(health::health))
        .routes(routes!(metrics::metrics))
}

/// Everything that is served.
pub(crate) fn router(gateway: Gateway) -> Router {
    let (api, _description) = described().split_for_parts();
    api.layer(middleware::from_fn_with_state(
        gateway.clone(),
        idempotency::layer,
    ))
    .route("/ws/events", get(sockets::all))
    .route("/ws/persistent-agents/{agent}/events", get(sockets::agent))
    .route("/ws/logs/{task}", get(sockets::task))
    .route("/ws/workflow-runs/{run}/logs", get(sockets::run))
    .route(optio_domain::wire::runner::PATH, get(runner::connect))
    .route(optio_domain::wire::runner::TOKEN_PATH, post(runner::enrol))
    .route("/openapi.json", get(docs::openapi))
    .route("/docs", get(docs::page))
    .fallback_service(pages())
    .method_not_allowed_fallback(not_allowed)
    .layer(middleware::from_fn_with_state(
        gateway.clone(),
        admission::layer,
    ))
    .layer(CatchPanicLayer::custom(panicked))
    .with_state(gateway)
}

/// What has no route: an address of the UI, or of nothing. Its files are large and of text, so they are compressed; what
/// is streamed has a route.
fn pages() -> MethodRouter {
    any(async |request: Request| web::serve(&request)).layer(CompressionLayer::new())
}

/// What a control plane serves that only runs actors.
pub(crate) fn for_runners(gateway: Gateway) -> Router {
    Router::new()
        .route("/api/health", get(health::health))
        .route(optio_domain::wire::runner::PATH, get(runner::connect))
        .route(optio_domain::wire::runner::TOKEN_PATH, post(runner::enrol))
        .fallback(runners_only)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(gateway)
}

async fn runners_only(uri: axum::http::Uri) -> ApiError {
    ApiError::Missing(format!(
        "{} is not served here: this server only runs actors (--role actors); ask another",
        uri.path()
    ))
}

/// The description of it.
pub(crate) fn openapi() -> OpenApi {
    let (_api, mut description) = described().split_for_parts();
    description.info = Info::new("Optio", env!("CARGO_PKG_VERSION"));
    // That a parameter may hold slashes is said in our router's words, which are nobody else's.
    let paths = std::mem::take(&mut description.paths.paths).into_iter();
    description.paths.paths = paths
        .map(|(path, item)| {
            let path = path.replace("{*", "{");
            let item = named(&path, item);
            (path, item)
        })
        .collect();
    description.info.description = Some(
        "Runs AI coding agents on a team's own machines. Errors are problem+json and also carry \
         `error`. Mutating requests take `Idempotency-Key`. Lists page by `cursor`. Messages of one \
         sender to one receiver are read in the order in which they were accepted, within their \
         class: interrupts are read before all other mail. Live streams are resumed with \
         `Last-Event-ID`."
            .to_owned(),
    );
    description
}

/// Every operation has a name of its own, from which programs make others' functions.
fn named(path: &str, mut item: PathItem) -> PathItem {
    for (method, operation) in [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ] {
        if let Some(operation) = operation {
            operation.operation_id = Some(operation_id(method, path));
        }
    }
    item
}

/// `getTasksByTaskRuns`, of `GET /api/tasks/{task}/runs`.
fn operation_id(method: &str, path: &str) -> String {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "api"));
    parts.fold(method.to_owned(), |mut name, part| {
        if part.starts_with('{') {
            name += "By";
        }
        for word in part.split(|c: char| !c.is_ascii_alphanumeric()) {
            let mut letters = word.chars();
            name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            name += letters.as_str();
        }
        name
    })
}

async fn not_allowed(method: axum::http::Method, uri: axum::http::Uri) -> ApiError {
    ApiError::NotAllowed(format!(
        "{} does not answer to {method}; /docs says to what",
        uri.path()
    ))
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    let words = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    ApiError::Internal(words.unwrap_or_else(|| "a handler panicked".to_owned())).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_operations_have_one_name() {
        let path = "/api/tasks/{task}/runs";
        assert_eq!(operation_id("get", path), "getTasksByTaskRuns");
        let mut seen = BTreeSet::new();
        for item in openapi().paths.paths.into_values() {
            for operation in [item.get, item.post, item.put, item.patch, item.delete] {
                let name = operation.and_then(|it| it.operation_id);
                assert!(name.is_none_or(|name| seen.insert(name)));
            }
        }
        assert!(!seen.is_empty());
    }
}
