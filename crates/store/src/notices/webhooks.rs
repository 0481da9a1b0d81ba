//! Webhooks as rows: what people decided about them, and the secrets they are signed with.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    id::{SecretId, WebhookId},
    notice::{
        NoticeEvent, WebhookUrl,
        spec::{WEBHOOKS_MAX, WebhookSpec},
    },
    secret::{Place, SecretText},
};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    secrets::{Entry, SecretError, forget},
};

/// The names of its secrets in its place.
const SECRET: &str = "SIGNING_SECRET";
const PREVIOUS: &str = "PREVIOUS_SIGNING_SECRET";
/// How long deliveries are signed with the previous secret too, so that receivers can follow.
const PREVIOUS_KEPT: TimeDelta = TimeDelta::hours(24);

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    /// Its identity.
    pub id: WebhookId,
    /// Whose it is.
    pub workspace: String,
    /// What people decided about it.
    pub spec: WebhookSpec,
    /// Whether its deliveries are signed.
    pub signed: bool,
    /// Until when they are signed with its previous secret too.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// Why it was turned off by itself.
    pub disabled_reason: Option<String>,
    /// Who added it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A webhook to be added.
#[derive(Debug)]
pub struct NewWebhook<'a> {
    /// Its identity.
    pub id: WebhookId,
    /// Whose it is.
    pub workspace: &'a str,
    /// What is decided about it.
    pub spec: &'a WebhookSpec,
    /// What its deliveries are signed with.
    pub secret: Option<&'a SecretText>,
    /// Who adds it.
    pub created_by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// What becomes of a webhook's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretChange {
    /// It stays.
    Keep,
    /// Nothing is signed from now on.
    Clear,
    /// This one signs from now on, and the one before it for a day more.
    Set(SecretText),
}

#[derive(FromRow)]
struct Columns {
    id: Uuid,
    workspace: String,
    url: String,
    events: Vec<String>,
    description: Option<String>,
    active: bool,
    signed: bool,
    previous_secret_until: Option<DateTime<Utc>>,
    disabled_reason: Option<String>,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The columns of [`Columns`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace, url, events, description, active, disabled_reason,
                    previous_secret_until, created_by, created_at, updated_at,
                    EXISTS (SELECT FROM secrets s WHERE s.workspace = webhooks.workspace
                      AND s.scope = 'of:webhook:' || webhooks.id AND s.name = 'SIGNING_SECRET') AS signed
             FROM webhooks ",
            $rest
        )
    };
}

impl Store {
    /// Adds a webhook.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] when its workspace has [`WEBHOOKS_MAX`]; [`SecretError`] when its secret
    /// cannot be kept.
    pub async fn add_webhook(&self, new: &NewWebhook<'_>) -> Result<WebhookRow, SecretError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO webhooks (id, workspace, url, events, description, active, created_by,
                                   created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        )
        .bind(new.id.0)
        .bind(new.workspace)
        .bind(new.spec.url.as_str())
        .bind(names(&new.spec.events))
        .bind(&new.spec.description)
        .bind(new.spec.active)
        .bind(new.created_by)
        .bind(new.at)
        .execute(&mut *tx)
        .await?;
        let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM webhooks WHERE workspace = $1")
            .bind(new.workspace)
            .fetch_one(&mut *tx)
            .await?;
        if WEBHOOKS_MAX < count {
            let words = format!(
                "there are {WEBHOOKS_MAX} webhooks already, which is the most there may be; remove one"
            );
            return Err(StoreError::TooMany(words).into());
        }
        if let Some(value) = new.secret {
            let place = Place::of_webhook(new.workspace, new.id);
            // There is one under this name, so that it may have the webhook's own identity.
            let entry = entry(SecretId(new.id.0), &place, SECRET, value);
            self.put_within(&mut tx, &entry, new.at).await?;
        }
        let row = one(&mut tx, new.workspace, new.id).await?;
        tx.commit().await?;
        row.ok_or(SecretError::Store(StoreError::Moved))
    }

    /// A webhook of a workspace.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn webhook(
        &self,
        workspace: &str,
        id: WebhookId,
    ) -> Result<Option<WebhookRow>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        one(&mut connection, workspace, id).await
    }

    /// A webhook with what it is signed with now, the newest secret first.
    ///
    /// # Errors
    /// [`SecretError`] when a secret cannot be opened.
    pub async fn webhook_to_tell(
        &self,
        id: WebhookId,
        now: DateTime<Utc>,
    ) -> Result<Option<(WebhookRow, Vec<SecretText>)>, SecretError> {
        let found: Option<Columns> = sqlx::query_as(select!("WHERE id = $1"))
            .bind(id.0)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = found.map(WebhookRow::try_from).transpose()? else {
            return Ok(None);
        };
        if !row.signed {
            return Ok(Some((row, Vec::new())));
        }
        let mut kept = self
            .secrets_of(&Place::of_webhook(&row.workspace, id))
            .await?;
        let previous = kept.remove(PREVIOUS);
        let good = row.previous_secret_until.is_some_and(|until| now < until);
        let secrets = kept.remove(SECRET).into_iter();
        let secrets = secrets.chain(previous.filter(|_| good)).collect();
        Ok(Some((row, secrets)))
    }

    /// One page of the webhooks of a workspace, in the order in which they were added.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn webhooks(
        &self,
        workspace: &str,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<WebhookRow>, StoreError> {
        let found: Vec<Columns> = sqlx::query_as(select!(
            "WHERE workspace = $1 AND ($2::timestamptz IS NULL OR ($2, $3) < (created_at, id))
             ORDER BY created_at, id LIMIT $4"
        ))
        .bind(workspace)
        .bind(after.map(|(at, _)| at))
        .bind(after.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        found.into_iter().map(WebhookRow::try_from).collect()
    }

    /// Changes what is decided about a webhook: nobody else changes it in between. One that is turned off
    /// is not told of what waits for it either. `None` when there is none; what `change` refuses is handed
    /// back, and nothing is written. `fresh` becomes the identity of the secret that was there before.
    ///
    /// # Errors
    /// [`SecretError`] when its secret cannot be kept.
    pub async fn change_webhook<E>(
        &self,
        workspace: &str,
        id: WebhookId,
        fresh: SecretId,
        now: DateTime<Utc>,
        change: impl FnOnce(WebhookSpec) -> Result<(WebhookSpec, SecretChange), E>,
    ) -> Result<Option<Result<WebhookRow, E>>, SecretError> {
        let place = Place::of_webhook(workspace, id);
        let mut tx = self.pool.begin().await?;
        let found: Option<Columns> = sqlx::query_as(select!(
            "WHERE workspace = $1 AND id = $2 FOR NO KEY UPDATE"
        ))
        .bind(workspace)
        .bind(id.0)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = found.map(WebhookRow::try_from).transpose()? else {
            return Ok(None);
        };
        let (spec, secret) = match change(row.spec) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Some(Err(refused))),
        };
        write(&mut tx, id, &spec, now).await?;
        if !spec.active {
            settle_all(&mut tx, id, "the webhook was turned off").await?;
        }
        match secret {
            SecretChange::Keep => {}
            SecretChange::Clear => forget(&mut tx, &place, None).await?,
            SecretChange::Set(value) => {
                self.sign_with(&mut tx, &place, (id, fresh), &value, now)
                    .await?;
            }
        }
        let row = one(&mut tx, workspace, id).await?;
        tx.commit().await?;
        Ok(row.map(Ok))
    }

    /// Another secret signs; the one before it is kept beside it for a while.
    async fn sign_with(
        &self,
        connection: &mut PgConnection,
        place: &Place,
        (webhook, fresh): (WebhookId, SecretId),
        value: &SecretText,
        now: DateTime<Utc>,
    ) -> Result<(), SecretError> {
        // One that does not open any more signs nothing either.
        let before = self.secrets_of(place).await.unwrap_or_default();
        let until = match before.get(SECRET) {
            Some(before) if before == value => return Ok(()),
            Some(before) => {
                let entry = entry(fresh, place, PREVIOUS, before);
                self.put_within(connection, &entry, now).await?;
                Some(now + PREVIOUS_KEPT)
            }
            None => None,
        };
        let entry = entry(SecretId(webhook.0), place, SECRET, value);
        self.put_within(connection, &entry, now).await?;
        sqlx::query("UPDATE webhooks SET previous_secret_until = $2 WHERE id = $1")
            .bind(webhook.0)
            .bind(until)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Removes a webhook with its secrets and its history. False when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn delete_webhook(&self, workspace: &str, id: WebhookId) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let done = sqlx::query("DELETE FROM webhooks WHERE workspace = $1 AND id = $2")
            .bind(workspace)
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        forget(&mut tx, &Place::of_webhook(workspace, id), None).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Turns a webhook off by itself.
pub(super) async fn disable(
    connection: &mut PgConnection,
    id: WebhookId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhooks SET active = false, disabled_reason = $2, updated_at = $3 WHERE id = $1",
    )
    .bind(id.0)
    .bind(reason)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    settle_all(connection, id, reason).await
}

/// Nothing more becomes of what waits for a webhook.
async fn settle_all(
    connection: &mut PgConnection,
    id: WebhookId,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhook_deliveries SET next_at = NULL, error = $2
         WHERE target_id = $1 AND next_at IS NOT NULL",
    )
    .bind(id.0)
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(())
}

async fn write(
    connection: &mut PgConnection,
    id: WebhookId,
    spec: &WebhookSpec,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhooks SET url = $2, events = $3, description = $4, active = $5, updated_at = $6,
                disabled_reason = CASE WHEN active = $5 THEN disabled_reason END
         WHERE id = $1",
    )
    .bind(id.0)
    .bind(spec.url.as_str())
    .bind(names(&spec.events))
    .bind(&spec.description)
    .bind(spec.active)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

async fn one(
    connection: &mut PgConnection,
    workspace: &str,
    id: WebhookId,
) -> Result<Option<WebhookRow>, StoreError> {
    let found: Option<Columns> = sqlx::query_as(select!("WHERE workspace = $1 AND id = $2"))
        .bind(workspace)
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    found.map(WebhookRow::try_from).transpose()
}

fn entry<'a>(id: SecretId, place: &'a Place, name: &'a str, value: &'a SecretText) -> Entry<'a> {
    Entry {
        id,
        place,
        name,
        value,
    }
}

fn names(events: &[NoticeEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.name()).collect()
}

impl TryFrom<Columns> for WebhookRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let url = WebhookUrl::parse("url", &row.url)
            .map_err(|invalid| StoreError::Corrupt(format!("webhook {}: {invalid}", row.id)))?;
        // One that a newer version knows is none that this one can tell of.
        let known = row
            .events
            .iter()
            .filter_map(|name| NoticeEvent::parse(name));
        Ok(Self {
            id: WebhookId(row.id),
            workspace: row.workspace,
            spec: WebhookSpec {
                url,
                events: known.collect(),
                description: row.description,
                active: row.active,
            },
            signed: row.signed,
            previous_secret_until: row.previous_secret_until,
            disabled_reason: row.disabled_reason,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
