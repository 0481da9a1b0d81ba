//! Trackers and tickets as clients see them.

use chrono::{DateTime, Utc};
use optio_domain::tracker::MASK;
use optio_store::tickets::{TicketRow, Todo, TrackerRow};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::written::ProviderConfig;

/// A tracker.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderView {
    id: Uuid,
    workspace_id: Option<Uuid>,
    /// github, gitlab, jira, linear or notion.
    source: &'static str,
    /// What people decided, with a mask in the place of the token.
    #[schema(value_type = ProviderConfig)]
    config: Map<String, Value>,
    /// Whether it is looked at; false after five failures in a row.
    enabled: bool,
    /// How the last look failed; null where it did not.
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
    /// Looks in a row that failed.
    consecutive_failures: i32,
    /// Not before this is it asked anything, because of a rate limit or a failure.
    hold_until: Option<DateTime<Utc>>,
    hold_reason: Option<String>,
    /// When all that had changed was last read.
    last_synced_at: Option<DateTime<Utc>>,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<TrackerRow> for ProviderView {
    fn from(row: TrackerRow) -> Self {
        let source = row.spec.source();
        let mut config = row.spec.config();
        if row.has_token {
            config.insert(source.token_field().to_owned(), json!(MASK));
        }
        let (last_error, last_error_at) = row.last_error.unzip();
        let (hold_until, hold_reason) = row.hold.unzip();
        Self {
            id: row.id.0,
            workspace_id: None,
            source: source.name(),
            config,
            enabled: row.enabled,
            last_error,
            last_error_at,
            consecutive_failures: row.failures,
            hold_until,
            hold_reason,
            last_synced_at: row.synced_at,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A ticket that was seen, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TicketView {
    id: Uuid,
    provider_id: Uuid,
    /// github, gitlab, jira, linear or notion.
    source: String,
    /// What names it in its tracker.
    external_id: String,
    /// What people call it, such as SHOP-7.
    key: String,
    url: String,
    title: String,
    labels: Vec<String>,
    /// open or closed, as its tracker said last.
    state: &'static str,
    /// What came of it: waiting (it is about to become work), started, stuck (it cannot become work; reason
    /// says why), or none (it was closed before).
    status: &'static str,
    /// Why nothing comes of it, or why it could not be told something.
    reason: Option<String>,
    /// The task it became.
    task_id: Option<Uuid>,
    /// The state of that.
    task_state: Option<String>,
    /// What it is still to be told: started or done.
    untold: Option<&'static str>,
    /// When what is next is done; null where nothing is, or a person has to do something first.
    due_at: Option<DateTime<Utc>>,
    /// What it was last told: started or done.
    told: Option<String>,
    told_at: Option<DateTime<Utc>>,
    /// When it last changed, as its tracker says.
    changed_at: DateTime<Utc>,
    first_seen_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    /// When it became work.
    handled_at: Option<DateTime<Utc>>,
}

impl From<TicketRow> for TicketView {
    fn from(row: TicketRow) -> Self {
        let (todo, due_at) = row.todo.unzip();
        let due_at = due_at.flatten();
        let status = match (row.handled_at, todo, due_at) {
            (Some(_), _, _) => "started",
            (None, Some(_), Some(_)) => "waiting",
            (None, Some(_), None) => "stuck",
            (None, None, _) => "none",
        };
        let untold = match todo {
            Some(Todo::TellStarted) => Some("started"),
            Some(Todo::TellDone) => Some("done"),
            Some(Todo::Take) | None => None,
        };
        let (task, task_state) = row.task.unzip();
        let (told, told_at) = row.told.unzip();
        Self {
            id: row.id.0,
            provider_id: row.tracker.0,
            source: row.source,
            external_id: row.external_id,
            key: row.key,
            url: row.url,
            title: row.title,
            labels: row.labels,
            state: if row.open { "open" } else { "closed" },
            status,
            reason: row.trouble,
            task_id: task.map(|task| task.0),
            task_state,
            untold,
            due_at,
            told,
            told_at,
            changed_at: row.changed_at,
            first_seen_at: row.first_at,
            last_seen_at: row.seen_at,
            handled_at: row.handled_at,
        }
    }
}
