//! What we understand of Linear's answers.

use chrono::{DateTime, Utc};
use optio_domain::tracker::{Ticket, TicketComment, TrackerError};
use serde::Deserialize;

use super::OVER;

/// The author of what was written by nobody who has an account.
const NOBODY: &str = "somebody";

#[derive(Deserialize)]
pub(super) struct Nodes<T> {
    pub(super) nodes: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssuesShape {
    pub(super) nodes: Vec<IssueShape>,
    pub(super) page_info: PageInfo,
}

#[derive(Deserialize)]
pub(super) struct Issues {
    pub(super) issues: IssuesShape,
}

#[derive(Deserialize)]
pub(super) struct OneIssue {
    pub(super) issue: IssueShape,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserShape {
    display_name: String,
}

fn name(user: Option<UserShape>) -> String {
    user.map_or_else(|| NOBODY.to_owned(), |user| user.display_name)
}

#[derive(Deserialize)]
struct LabelShape {
    name: String,
}

#[derive(Deserialize)]
pub(super) struct KindShape {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssueShape {
    id: String,
    identifier: String,
    url: String,
    title: String,
    description: Option<String>,
    updated_at: DateTime<Utc>,
    creator: Option<UserShape>,
    state: KindShape,
    labels: Nodes<LabelShape>,
}

impl From<IssueShape> for Ticket {
    fn from(shape: IssueShape) -> Self {
        let labels = shape.labels.nodes.into_iter();
        Self {
            id: shape.id,
            key: shape.identifier,
            url: shape.url,
            title: shape.title,
            body: shape.description.unwrap_or_default(),
            author: name(shape.creator),
            labels: labels.map(|label| label.name).collect(),
            open: !OVER.contains(&shape.state.kind.as_str()),
            changed_at: shape.updated_at,
            repo_url: None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Commented {
    pub(super) issue: CommentsOf,
}

#[derive(Deserialize)]
pub(super) struct CommentsOf {
    pub(super) comments: Nodes<CommentShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommentShape {
    body: String,
    created_at: DateTime<Utc>,
    user: Option<UserShape>,
}

impl From<CommentShape> for TicketComment {
    fn from(shape: CommentShape) -> Self {
        Self {
            author: name(shape.user),
            body: shape.body,
            at: shape.created_at,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct States {
    pub(super) issue: StatesOf,
}

#[derive(Deserialize)]
pub(super) struct StatesOf {
    pub(super) state: KindShape,
    pub(super) team: TeamShape,
}

#[derive(Deserialize)]
pub(super) struct TeamShape {
    pub(super) states: Nodes<StateShape>,
}

#[derive(Deserialize)]
pub(super) struct StateShape {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) position: f64,
}

/// What came of writing something.
#[derive(Deserialize)]
pub(super) struct Updated {
    #[serde(alias = "commentCreate", alias = "issueUpdate")]
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    success: bool,
}

impl Updated {
    pub(super) fn succeeded(&self, what: &str) -> Result<(), TrackerError> {
        if self.payload.success {
            return Ok(());
        }
        Err(TrackerError::Refused(format!("the {what} was not taken")))
    }
}
