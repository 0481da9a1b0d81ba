//! `/metrics`: numbers in the text format of Prometheus.

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use optio_store::metrics::Sample;

use crate::{
    Gateway,
    caller::Person,
    error::{ApiError, Problem},
};

/// Every metric with its kind and what it counts, in the order in which they are shown.
const METRICS: [(&str, &str, &str); 16] = [
    (
        "optio_messages",
        "gauge",
        "Messages that wait, feed a turn or are dead, by class.",
    ),
    ("optio_agents", "gauge", "Agents by state."),
    ("optio_turns_open", "gauge", "Turns that are open."),
    (
        "optio_asks_open",
        "gauge",
        "Questions that wait for their reply.",
    ),
    (
        "optio_webhook_deliveries_waiting",
        "gauge",
        "Deliveries to webhooks and Slack that are not over.",
    ),
    (
        "optio_webhook_deliveries_total",
        "counter",
        "Attempts at deliveries by this process: delivered, failed and to be tried again, or given_up.",
    ),
    (
        "optio_messages_accepted_total",
        "counter",
        "Messages this process has accepted, by class.",
    ),
    (
        "optio_messages_consumed_total",
        "counter",
        "Messages consumed by turns this process closed.",
    ),
    (
        "optio_dead_letters_total",
        "counter",
        "Messages this process has given up.",
    ),
    (
        "optio_dead_letters_replayed_total",
        "counter",
        "Dead letters replayed through this process.",
    ),
    (
        "optio_dead_letters_discarded_total",
        "counter",
        "Dead letters discarded through this process.",
    ),
    (
        "optio_breaker_trips_total",
        "counter",
        "Agents this process has paused because they were woken too often.",
    ),
    (
        "optio_refused_reports_total",
        "counter",
        "Reports of stale incarnations that were refused, by all processes.",
    ),
    (
        "optio_events_total",
        "counter",
        "Events written by all processes; writes that were undone count too.",
    ),
    (
        SANDBOXES,
        "gauge",
        "Sandboxes whose runner is connected to this process.",
    ),
    (
        SANDBOX_CALLS,
        "counter",
        "Requests of this process to whoever keeps its sandboxes, such as the Kubernetes API.",
    ),
];
const SANDBOXES: &str = "optio_sandboxes_connected";
const SANDBOX_CALLS: &str = "optio_sandbox_api_requests_total";

/// Numbers for whoever watches. Gauges are counted by indexes that hold no history; counters are
/// this process' own, from its start, unless their help says otherwise.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain"),
              (status = 503, body = Problem)))]
pub(crate) async fn metrics(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Response, ApiError> {
    let world = gateway.world();
    let mut samples = world.store.samples().await?;
    samples.push(Sample {
        metric: SANDBOXES,
        labels: Vec::new(),
        value: i64::try_from(world.links.count()).unwrap_or(i64::MAX),
    });
    samples.extend(world.sandboxes.calls().into_iter().map(|calls| Sample {
        metric: SANDBOX_CALLS,
        labels: vec![("verb", calls.verb), ("resource", calls.resource)],
        value: i64::try_from(calls.count).unwrap_or(i64::MAX),
    }));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text(&samples)).into_response())
}

fn text(samples: &[Sample]) -> String {
    let mut text = String::new();
    for (metric, kind, help) in METRICS {
        let _written = writeln!(text, "# HELP {metric} {help}\n# TYPE {metric} {kind}");
        for sample in samples.iter().filter(|sample| sample.metric == metric) {
            let labels: Vec<String> = sample
                .labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{value}\""))
                .collect();
            let labels = match labels.as_slice() {
                [] => String::new(),
                labels => format!("{{{}}}", labels.join(",")),
            };
            let _written = writeln!(text, "{metric}{labels} {}", sample.value);
        }
    }
    text
}
