//! What we understand of Jira's answers.

use chrono::{DateTime, Utc};
use optio_domain::tracker::{Ticket, TicketComment};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::adf;

/// How Jira writes a moment: with an offset that has no colon.
const STAMP: &str = "%Y-%m-%dT%H:%M:%S%.f%z";
/// The author of what was written by nobody who has an account.
const NOBODY: &str = "somebody";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundShape {
    #[serde(default)]
    pub(super) issues: Vec<IssueShape>,
    /// Missing on the last page.
    #[serde(default)]
    pub(super) next_page_token: Option<String>,
    #[serde(default)]
    pub(super) is_last: Option<bool>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct IssueShape {
    key: String,
    pub(super) fields: FieldsShape,
}

#[derive(Serialize, Deserialize)]
pub(super) struct FieldsShape {
    summary: String,
    /// A document in Atlassian's format.
    #[serde(default)]
    description: Option<Value>,
    #[serde(default)]
    labels: Vec<String>,
    pub(super) status: StatusShape,
    #[serde(deserialize_with = "moment")]
    updated: DateTime<Utc>,
    #[serde(default)]
    creator: Option<UserShape>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusShape {
    pub(super) name: String,
    pub(super) status_category: CategoryShape,
}

#[derive(Serialize, Deserialize)]
pub(super) struct CategoryShape {
    pub(super) key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserShape {
    display_name: String,
}

fn name(user: Option<UserShape>) -> String {
    user.map_or_else(|| NOBODY.to_owned(), |user| user.display_name)
}

impl IssueShape {
    pub(super) fn understood(self, site: &str, open: bool) -> Ticket {
        let fields = self.fields;
        Ticket {
            url: format!("{site}/browse/{}", self.key),
            id: self.key.clone(),
            key: self.key,
            title: fields.summary,
            body: fields
                .description
                .as_ref()
                .map_or_else(String::new, adf::text),
            author: name(fields.creator),
            labels: fields.labels,
            open,
            changed_at: fields.updated,
            repo_url: None,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct CommentsShape {
    pub(super) comments: Vec<CommentShape>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct CommentShape {
    #[serde(default)]
    author: Option<UserShape>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(deserialize_with = "moment")]
    created: DateTime<Utc>,
}

impl From<CommentShape> for TicketComment {
    fn from(shape: CommentShape) -> Self {
        Self {
            author: name(shape.author),
            body: shape.body.as_ref().map_or_else(String::new, adf::text),
            at: shape.created,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct TransitionsShape {
    pub(super) transitions: Vec<TransitionShape>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TransitionShape {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) to: StatusShape,
}

/// As Jira writes it, and as we keep it.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(from)?;
    let jiras = DateTime::parse_from_str(&text, STAMP);
    let moment = jiras.or_else(|_| DateTime::parse_from_rfc3339(&text));
    moment
        .map(|at| at.to_utc())
        .map_err(serde::de::Error::custom)
}
