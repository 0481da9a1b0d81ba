//! How people add trackers, change them, let them go on, and remove them.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{SecretId, TrackerId},
    secret::{Place, SecretText},
    tracker::{TRACKERS_MAX, TrackerSpec},
};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{RawTracker, TOKEN, TrackerRow, trackers};
use crate::{
    Store, StoreError,
    secrets::{Entry, SecretError},
};

/// A tracker to be added.
#[derive(Debug)]
pub struct NewTracker<'a> {
    /// Its identity.
    pub id: TrackerId,
    /// Whose.
    pub workspace: &'a str,
    /// What people decided.
    pub spec: &'a TrackerSpec,
    /// Its token, and the identity of that.
    pub token: Option<(SecretId, &'a SecretText)>,
    /// Whether it is looked at.
    pub enabled: bool,
    /// Who adds it.
    pub by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// What came of adding a tracker.
#[derive(Debug, Clone, PartialEq)]
pub enum AddedTracker {
    /// It is there.
    Yes(Box<TrackerRow>),
    /// There is one of the same place and label.
    Already(TrackerId),
    /// There are so many already.
    Full(i64),
}

/// What is changed about a tracker.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackerChange {
    /// What people decide from now on.
    pub spec: TrackerSpec,
    /// Its token: `None` is left as it is, `Some(None)` is removed.
    pub token: Option<Option<SecretText>>,
    /// Whether it is looked at.
    pub enabled: bool,
}

/// What came of changing a tracker.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangedTracker<E> {
    /// It is so.
    Yes(Box<TrackerRow>),
    /// There is another one of the same place and label.
    Already(TrackerId),
    /// Whoever changes it refuses.
    Refused(E),
    /// There is none.
    Missing,
}

const INSERT: &str = "
WITH made AS (
  INSERT INTO trackers (id, workspace, source, place, label, config, enabled, created_by, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
  ON CONFLICT ON CONSTRAINT trackers_of_one_place DO NOTHING RETURNING id
)
INSERT INTO actors (kind, id, wake_at) SELECT 'tracker', id, $9 FROM made";

/// What a person changed is looked at anew, from the first ticket on.
const UPDATE: &str = "
UPDATE trackers SET config = $2, label = $3, enabled = $4, updated_at = $5, asked_at = $5, failures = 0,
       last_error = NULL, last_error_at = NULL, hold_until = NULL, hold_reason = NULL, since = NULL,
       page = NULL, page_high = NULL, round_at = NULL, pages_taken = 0
WHERE id = $1";

const ENABLE: &str = "
UPDATE trackers SET enabled = true, updated_at = $2, asked_at = $2, failures = 0, last_error = NULL,
       last_error_at = NULL, hold_until = NULL, hold_reason = NULL
WHERE id = $1";

/// Whatever was tried in vain is tried again.
const MEND: &str = "
UPDATE tickets SET due_at = $2, troubles = 0, trouble = NULL
WHERE tracker_id = $1 AND todo IS NOT NULL AND (due_at IS NULL OR 0 < troubles)";

const WAKE: &str =
    "UPDATE actors SET wake_at = $2, version = version + 1 WHERE kind = 'tracker' AND id = $1";

impl Store {
    /// Adds a tracker with its token and its actor, or nothing of it.
    ///
    /// # Errors
    /// [`SecretError`] when the database is away or the token cannot be sealed.
    pub async fn add_tracker(&self, new: &NewTracker<'_>) -> Result<AddedTracker, SecretError> {
        let mut tx = self.pool.begin().await?;
        let made = sqlx::query(INSERT)
            .bind(new.id.0)
            .bind(new.workspace)
            .bind(new.spec.source().name())
            .bind(new.spec.place.key())
            .bind(new.spec.label.to_lowercase())
            .bind(Json(new.spec.config()))
            .bind(new.enabled)
            .bind(new.by)
            .bind(new.at)
            .execute(&mut *tx)
            .await?;
        if made.rows_affected() == 0 {
            let twin = twin(&mut tx, new.workspace, new.spec).await?;
            return Ok(AddedTracker::Already(twin.ok_or(StoreError::Moved)?));
        }
        let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM trackers WHERE workspace = $1")
            .bind(new.workspace)
            .fetch_one(&mut *tx)
            .await?;
        if TRACKERS_MAX < count {
            return Ok(AddedTracker::Full(TRACKERS_MAX));
        }
        if let Some((id, token)) = new.token {
            let place = Place::of_tracker(new.workspace, new.id);
            self.put_within(
                &mut tx,
                &Entry {
                    id,
                    place: &place,
                    name: TOKEN,
                    value: token,
                },
                new.at,
            )
            .await?;
        }
        let row = fetch(&mut tx, new.workspace, new.id).await?;
        tx.commit().await?;
        let row = row.ok_or(StoreError::Moved)?;
        Ok(AddedTracker::Yes(Box::new(row)))
    }

    /// Changes what is decided about a tracker: nobody else changes it in between. From then on it is looked
    /// at anew, and whatever was tried in vain is tried again. What `change` refuses is handed back, and
    /// nothing is written.
    ///
    /// # Errors
    /// As [`Store::add_tracker`].
    pub async fn change_tracker<E>(
        &self,
        workspace: &str,
        tracker: TrackerId,
        fresh: SecretId,
        now: DateTime<Utc>,
        change: impl FnOnce(&TrackerRow) -> Result<TrackerChange, E>,
    ) -> Result<ChangedTracker<E>, SecretError> {
        let mut tx = self.pool.begin().await?;
        // The actor first, as in its own steps.
        wake(&mut tx, tracker, now).await?;
        let Some(row) = fetch(&mut tx, workspace, tracker).await? else {
            return Ok(ChangedTracker::Missing);
        };
        let change = match change(&row) {
            Ok(change) => change,
            Err(refused) => return Ok(ChangedTracker::Refused(refused)),
        };
        if let Some(other) = twin(&mut tx, workspace, &change.spec).await?
            && other != tracker
        {
            return Ok(ChangedTracker::Already(other));
        }
        sqlx::query(UPDATE)
            .bind(tracker.0)
            .bind(Json(change.spec.config()))
            .bind(change.spec.label.to_lowercase())
            .bind(change.enabled)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        mend(&mut tx, tracker, now).await?;
        let place = Place::of_tracker(workspace, tracker);
        match &change.token {
            None => {}
            Some(None) => unseal(&mut tx, &place).await?,
            Some(Some(token)) => {
                self.put_within(
                    &mut tx,
                    &Entry {
                        id: fresh,
                        place: &place,
                        name: TOKEN,
                        value: token,
                    },
                    now,
                )
                .await?;
            }
        }
        let row = fetch(&mut tx, workspace, tracker).await?;
        tx.commit().await?;
        Ok(row.map_or(ChangedTracker::Missing, |row| {
            ChangedTracker::Yes(Box::new(row))
        }))
    }

    /// Lets a tracker go on that was left alone, and whatever was tried there in vain. `None` when there is
    /// none.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn enable_tracker(
        &self,
        workspace: &str,
        tracker: TrackerId,
        now: DateTime<Utc>,
    ) -> Result<Option<TrackerRow>, StoreError> {
        let mut tx = self.pool.begin().await?;
        wake(&mut tx, tracker, now).await?;
        if fetch(&mut tx, workspace, tracker).await?.is_none() {
            return Ok(None);
        }
        sqlx::query(ENABLE)
            .bind(tracker.0)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        mend(&mut tx, tracker, now).await?;
        let row = fetch(&mut tx, workspace, tracker).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Removes a tracker with its token and all that was seen there; what became of it stays. False when
    /// there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn delete_tracker(
        &self,
        workspace: &str,
        tracker: TrackerId,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("DELETE FROM actors WHERE kind = 'tracker' AND id = $1")
            .bind(tracker.0)
            .execute(&mut *tx)
            .await?;
        let done = sqlx::query("DELETE FROM trackers WHERE id = $1 AND workspace = $2")
            .bind(tracker.0)
            .bind(workspace)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        unseal(&mut tx, &Place::of_tracker(workspace, tracker)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What a tracker signs in with, where it has a token of its own.
    ///
    /// # Errors
    /// [`SecretError`] when the database is away or the token does not open.
    pub async fn tracker_token(
        &self,
        workspace: &str,
        tracker: TrackerId,
    ) -> Result<Option<SecretText>, SecretError> {
        self.secret_at(&Place::of_tracker(workspace, tracker), TOKEN)
            .await
    }
}

/// The tracker of this place and label.
async fn twin(
    connection: &mut PgConnection,
    workspace: &str,
    spec: &TrackerSpec,
) -> Result<Option<TrackerId>, StoreError> {
    let row: Option<(Uuid,)> = sqlx::query_as(
        "SELECT id FROM trackers WHERE workspace = $1 AND place = $2 AND label = $3",
    )
    .bind(workspace)
    .bind(spec.place.key())
    .bind(spec.label.to_lowercase())
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(id,)| TrackerId(id)))
}

async fn wake(
    connection: &mut PgConnection,
    tracker: TrackerId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(WAKE)
        .bind(tracker.0)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

async fn mend(
    connection: &mut PgConnection,
    tracker: TrackerId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(MEND)
        .bind(tracker.0)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

async fn unseal(connection: &mut PgConnection, place: &Place) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM secrets WHERE scope = $1 AND workspace = $2")
        .bind(place.scope())
        .bind(place.workspace())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn fetch(
    connection: &mut PgConnection,
    workspace: &str,
    tracker: TrackerId,
) -> Result<Option<TrackerRow>, StoreError> {
    let row: Option<RawTracker> =
        sqlx::query_as(trackers!("WHERE t.id = $1 AND t.workspace = $2 FOR UPDATE"))
            .bind(tracker.0)
            .bind(workspace)
            .fetch_optional(connection)
            .await?;
    row.map(TrackerRow::try_from).transpose()
}
