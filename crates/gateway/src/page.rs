//! Pages: a limit, and a cursor that clients hand back unread.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike as _, Utc};
use optio_domain::{agent::spec::Invalid, id::MessageId};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

use crate::error::ApiError;

/// The most that one page holds.
const LIMIT_MAX: i64 = 1_000;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

impl Page {
    /// The page after a place.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn at(cursor: &str) -> Self {
        Self {
            limit: None,
            cursor: Some(cursor.to_owned()),
        }
    }

    /// The limit, or the default of this list.
    pub(crate) fn limit(&self, default: i64, max: i64) -> Result<i64, ApiError> {
        let Some(text) = &self.limit else {
            return Ok(default);
        };
        let max = max.min(LIMIT_MAX);
        match text.parse::<i64>() {
            Ok(limit) if 0 < limit && limit <= max => Ok(limit),
            _ => {
                Err(Invalid::new("limit", format!("must be a whole number from 1 to {max}")).into())
            }
        }
    }

    /// The place the page before ended at.
    pub(crate) fn cursor<T: DeserializeOwned>(&self) -> Result<Option<T>, ApiError> {
        read_cursor(self.cursor.as_deref())
    }
}

/// The place the page before ended at.
pub(crate) fn read_cursor<T: DeserializeOwned>(
    cursor: Option<&str>,
) -> Result<Option<T>, ApiError> {
    let Some(text) = cursor else {
        return Ok(None);
    };
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    match read() {
        Some(place) => Ok(Some(place)),
        None => Err(Invalid::new("cursor", "must be a `nextCursor` of this list").into()),
    }
}

/// Reads a moment that Postgres can hold: what we can say reaches further than what it can.
pub(crate) fn storable<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<DateTime<Utc>, D::Error> {
    let at = DateTime::<Utc>::deserialize(deserializer)?;
    if (0..=9_999).contains(&at.year()) {
        return Ok(at);
    }
    Err(serde::de::Error::custom("out of range"))
}

/// Which conversation.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfThread {
    /// Only what this agent was sent and has sent in the conversation that began with this message.
    #[param(value_type = Option<uuid::Uuid>)]
    thread: Option<String>,
}

impl OfThread {
    /// The message that began it.
    pub(crate) fn id(&self) -> Result<Option<MessageId>, ApiError> {
        let parsed = self.thread.as_deref().map(str::parse).transpose();
        parsed.map_err(|_bad| Invalid::new("thread", "must be the id of a message").into())
    }
}

/// Which scope.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfScope {
    /// global, workspace, user, or the URL of a repository.
    scope: Option<String>,
}

impl OfScope {
    /// The scope, where one is given.
    pub(crate) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }
}

/// The longest that an answer is held back, in milliseconds.
const WAIT_MS_MAX: u64 = 60_000;

/// How long the caller waits for news.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Patience {
    /// Milliseconds the answer may wait for news; at once where it is left out.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 60000)]
    wait_ms: Option<String>,
}

impl Patience {
    /// How long.
    pub(crate) fn wait(&self) -> Result<std::time::Duration, ApiError> {
        let Some(text) = &self.wait_ms else {
            return Ok(std::time::Duration::ZERO);
        };
        match text.parse::<u64>() {
            Ok(ms) if ms <= WAIT_MS_MAX => Ok(std::time::Duration::from_millis(ms)),
            _ => {
                let rule = format!("must be a whole number from 0 to {WAIT_MS_MAX}");
                Err(Invalid::new("waitMs", rule).into())
            }
        }
    }
}

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    /// The same as the header `Last-Event-ID`; `0` is from the beginning.
    last_event_id: Option<String>,
}

impl Place {
    /// The id of the last event seen.
    pub(crate) fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref()
    }
}

/// The cursor after a full page; `None` after the last one.
pub(crate) fn next<T, P: Serialize>(
    rows: &[T],
    limit: i64,
    place: impl Fn(&T) -> P,
) -> Option<String> {
    let full = i64::try_from(rows.len()).unwrap_or(0) == limit;
    let last = rows.last().filter(|_| full)?;
    serde_json::to_vec(&place(last))
        .ok()
        .map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}
