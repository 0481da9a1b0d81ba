//! Trackers and their tickets: what people decided, what was seen, and what came of it.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{TaskId, TicketId, TrackerId},
    tracker::{Source, TrackerSpec},
};
use serde_json::{Map, Value};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::StoreError;

mod create;
mod lists;
mod sight;
mod start;
mod steps;

pub use create::{AddedTracker, ChangedTracker, NewTracker, TrackerChange};
pub use lists::WantedTickets;
pub use sight::{TicketSight, TrackerSight};
pub use start::{Begins, NewWork, Started};
pub use steps::PageRead;

/// The name of a tracker's token among the secrets.
const TOKEN: &str = "TRACKER_TOKEN";

/// A tracker as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackerRow {
    /// Its identity.
    pub id: TrackerId,
    /// Whose.
    pub workspace: String,
    /// What people decided.
    pub spec: TrackerSpec,
    /// Whether it has a token of its own.
    pub has_token: bool,
    /// Whether it is looked at.
    pub enabled: bool,
    /// Looks in a row that failed.
    pub failures: i32,
    /// How the last one failed, and when.
    pub last_error: Option<(String, DateTime<Utc>)>,
    /// Not before this is it asked anything, and why.
    pub hold: Option<(DateTime<Utc>, String)>,
    /// Since when a look is wanted that has not been taken.
    pub asked_at: Option<DateTime<Utc>>,
    /// When all that had changed was last read.
    pub synced_at: Option<DateTime<Utc>>,
    /// Who added it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When a person last changed it.
    pub updated_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct RawTracker {
    id: Uuid,
    workspace: String,
    source: String,
    config: Json<Map<String, Value>>,
    has_token: bool,
    enabled: bool,
    failures: i32,
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
    hold_until: Option<DateTime<Utc>>,
    hold_reason: Option<String>,
    asked_at: Option<DateTime<Utc>>,
    synced_at: Option<DateTime<Utc>>,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The columns of a tracker; the parameter of the statement comes after them.
macro_rules! trackers {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.workspace, t.source, t.config,
  EXISTS (SELECT FROM secrets s WHERE s.workspace = t.workspace AND s.scope = 'of:tracker:' || t.id)
    AS has_token,
  t.enabled, t.failures, t.last_error, t.last_error_at, t.hold_until, t.hold_reason, t.asked_at,
  t.synced_at, t.created_by, t.created_at, t.updated_at FROM trackers t ",
            $rest
        )
    };
}

use trackers;

/// What people decided about a tracker, from its columns.
fn spec_of(id: Uuid, source: &str, config: &Map<String, Value>) -> Result<TrackerSpec, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("tracker {id}: {what}"));
    let source = Source::parse(source).ok_or_else(|| corrupt(source))?;
    let read = TrackerSpec::read(source, config);
    let (spec, _token) = read.map_err(|broken| {
        let words: Vec<String> = broken.iter().map(ToString::to_string).collect();
        corrupt(&words.join("; "))
    })?;
    Ok(spec)
}

impl TryFrom<RawTracker> for TrackerRow {
    type Error = StoreError;

    fn try_from(row: RawTracker) -> Result<Self, StoreError> {
        Ok(Self {
            spec: spec_of(row.id, &row.source, &row.config)?,
            id: TrackerId(row.id),
            workspace: row.workspace,
            has_token: row.has_token,
            enabled: row.enabled,
            failures: row.failures,
            last_error: row.last_error.zip(row.last_error_at),
            hold: row.hold_until.zip(row.hold_reason),
            asked_at: row.asked_at,
            synced_at: row.synced_at,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// What is next to be done with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Todo {
    /// It is to become work.
    Take,
    /// It is to be told that work has begun.
    TellStarted,
    /// It is to be told that the work is done.
    TellDone,
}

impl Todo {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "take" => Some(Self::Take),
            "started" => Some(Self::TellStarted),
            "done" => Some(Self::TellDone),
            _ => None,
        }
    }
}

/// A ticket as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketRow {
    /// Its identity here.
    pub id: TicketId,
    /// Where it was seen.
    pub tracker: TrackerId,
    /// What kind of tracker that is: `github` and the like.
    pub source: String,
    /// What names it there.
    pub external_id: String,
    /// What people call it.
    pub key: String,
    /// Where people read it.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether it waits to be worked on, as far as its tracker says.
    pub open: bool,
    /// When it last changed, as its tracker says.
    pub changed_at: DateTime<Utc>,
    /// When it was first seen.
    pub first_at: DateTime<Utc>,
    /// When it was last seen.
    pub seen_at: DateTime<Utc>,
    /// When it became work.
    pub handled_at: Option<DateTime<Utc>>,
    /// The task it became, and the state of that.
    pub task: Option<(TaskId, String)>,
    /// What is next to be done with it, and when; never by itself where there is no time.
    pub todo: Option<(Todo, Option<DateTime<Utc>>)>,
    /// How the last attempt at that failed, or why there can be no work.
    pub trouble: Option<String>,
    /// What it was last told, and when.
    pub told: Option<(String, DateTime<Utc>)>,
}
