//! A repository's way to Slack.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{RepoId, SecretId},
    notice::{WebhookUrl, slack::ADDRESS_SECRET as ADDRESS},
    repo::SlackAddress,
    secret::{Place, SecretText},
};
use sqlx::PgConnection;

use crate::{
    Store,
    secrets::{Entry, SecretError, forget},
};

/// How something of a repository is said in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackWay {
    /// Whose it is.
    pub workspace: String,
    /// Whether anything is said.
    pub enabled: bool,
    /// The channel, where one is chosen.
    pub channel: Option<String>,
    /// Where Slack takes it in: its own address, or the stored one for all; or why there is none, and
    /// what to do.
    pub url: Result<WebhookUrl, String>,
}

impl Store {
    /// How something of a repository is said in Slack. `None` when there is no such repository.
    ///
    /// # Errors
    /// [`SecretError`] when the address cannot be opened.
    pub async fn slack_way(&self, repo: RepoId) -> Result<Option<SlackWay>, SecretError> {
        let found: Option<(String, bool, Option<String>)> = sqlx::query_as(
            "SELECT workspace, slack_enabled, slack_channel FROM repos WHERE id = $1",
        )
        .bind(repo.0)
        .fetch_optional(&self.pool)
        .await?;
        let Some((workspace, enabled, channel)) = found else {
            return Ok(None);
        };
        let place = Place::of_slack(&workspace, repo);
        let own = self.secrets_of(&place).await?.remove(ADDRESS);
        let address = match own {
            Some(own) => Some(own),
            None => self.secret(&workspace, None, ADDRESS).await?,
        };
        Ok(Some(SlackWay {
            workspace,
            enabled,
            channel,
            url: read(address),
        }))
    }
}

fn read(address: Option<SecretText>) -> Result<WebhookUrl, String> {
    let address = address.ok_or_else(|| {
        format!(
            "nobody has said where Slack takes messages in: set slackWebhookUrl of the repository, or one \
             for all with `optio secret set {ADDRESS}`"
        )
    })?;
    WebhookUrl::parse(ADDRESS, address.reveal())
        .map_err(|invalid| format!("the stored secret {invalid}; set it again"))
}

/// Keeps a repository's address, or forgets it.
pub(crate) async fn write_address(
    store: &Store,
    connection: &mut PgConnection,
    workspace: &str,
    repo: RepoId,
    address: &SlackAddress,
    now: DateTime<Utc>,
) -> Result<(), SecretError> {
    let place = Place::of_slack(workspace, repo);
    match address {
        SlackAddress::Stored => Ok(()),
        SlackAddress::None => Ok(forget(connection, &place, None).await?),
        SlackAddress::New(url) => {
            let entry = Entry {
                // There is one of a repository, so that it may have the repository's own identity.
                id: SecretId(repo.0),
                place: &place,
                name: ADDRESS,
                value: &SecretText::new(url.as_str()),
            };
            store.put_within(connection, &entry, now).await.map(drop)
        }
    }
}
