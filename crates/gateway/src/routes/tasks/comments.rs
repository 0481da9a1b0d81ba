//! What people say to each other about a task, and everything that has happened to it, in one row.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::agent::spec::Invalid;
use optio_store::tasks::{CommentChange, TaskComment};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{find, logs::TaskEventView, messages::TaskMessageView};
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

/// Characters of a comment.
const CHARS_MAX: usize = 10_000;

/// What is said.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewComment {
    /// 1 to 10000 characters.
    content: String,
}

impl NewComment {
    fn checked(self) -> Result<String, ApiError> {
        let chars = self.content.chars().count();
        if self.content.trim().is_empty() || CHARS_MAX < chars {
            let rule = format!("must have 1 to {CHARS_MAX} characters, not {chars}");
            return Err(Invalid::new("content", rule).into());
        }
        Ok(self.content)
    }
}

/// Who said something.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommentAuthor {
    id: String,
    display_name: String,
    avatar_url: Option<String>,
}

/// A comment on a task. Its agent is not told of it: for that there are messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskCommentView {
    id: Uuid,
    task_id: Uuid,
    user_id: String,
    content: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    user: CommentAuthor,
}

impl From<TaskComment> for TaskCommentView {
    fn from(row: TaskComment) -> Self {
        Self {
            id: row.id,
            task_id: row.task_id,
            user: CommentAuthor {
                id: row.user_id.clone(),
                display_name: row.user_id.clone(),
                avatar_url: None,
            },
            user_id: row.user_id,
            content: row.content,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// One comment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneComment {
    comment: TaskCommentView,
}

/// Comments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyComments {
    comments: Vec<TaskCommentView>,
}

/// Lists the comments on a task, oldest first.
#[utoipa::path(get, path = "/api/tasks/{task}/comments", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyComments), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<ManyComments>, ApiError> {
    let row = find(&gateway, &task).await?;
    let comments = gateway.world().store.task_comments(row.id).await?;
    Ok(Json(ManyComments {
        comments: comments.into_iter().map(Into::into).collect(),
    }))
}

/// Comments on a task.
#[utoipa::path(post, path = "/api/tasks/{task}/comments", tag = "tasks", request_body = NewComment,
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 201, body = OneComment), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    person: Person,
    Named(task): Named<String>,
    Body(new): Body<NewComment>,
) -> Result<(StatusCode, Json<OneComment>), ApiError> {
    let content = new.checked()?;
    let row = find(&gateway, &task).await?;
    let world = gateway.world();
    let (id, at) = (world.ids.fresh(), world.clock.now());
    let store = &world.store;
    let comment = store
        .comment_on_task(id, row.id, &person.0, &content, at)
        .await?;
    world.stream.hint();
    let comment = comment.into();
    Ok((StatusCode::CREATED, Json(OneComment { comment })))
}

/// Says something else in a comment of one's own.
#[utoipa::path(patch, path = "/api/tasks/{task}/comments/{comment}", tag = "tasks", request_body = NewComment,
    params(("task" = String, Path, description = "id, or its first eight digits or more"),
           ("comment" = Uuid, Path, description = "which comment")),
    responses((status = 200, body = OneComment), (status = 400, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    person: Person,
    Named((task, comment)): Named<(String, Uuid)>,
    Body(new): Body<NewComment>,
) -> Result<Json<OneComment>, ApiError> {
    let content = new.checked()?;
    let row = find(&gateway, &task).await?;
    let world = gateway.world();
    let at = world.clock.now();
    let store = &world.store;
    let change = store
        .change_comment(row.id, comment, &person.0, &content, at)
        .await?;
    let comment = done(change, comment)?.into();
    Ok(Json(OneComment { comment }))
}

/// Takes back a comment of one's own.
#[utoipa::path(delete, path = "/api/tasks/{task}/comments/{comment}", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more"),
           ("comment" = Uuid, Path, description = "which comment")),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    person: Person,
    Named((task, comment)): Named<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let row = find(&gateway, &task).await?;
    let store = &gateway.world().store;
    let change = store.remove_comment(row.id, comment, &person.0).await?;
    done(change, comment)?;
    Ok(StatusCode::NO_CONTENT)
}

fn done(change: CommentChange, comment: Uuid) -> Result<TaskComment, ApiError> {
    match change {
        CommentChange::Done(row) => Ok(row),
        CommentChange::NotYours => Err(ApiError::Forbidden(
            "somebody else wrote that comment; only its author may change it".to_owned(),
        )),
        CommentChange::Missing => Err(ApiError::Missing(format!(
            "the task has no comment {comment}"
        ))),
    }
}

/// Something that happened to a task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Activity {
    /// Somebody said something about it.
    Comment(TaskCommentView),
    /// Its state changed.
    Event(TaskEventView),
    /// Somebody wrote to its agent.
    Message(TaskMessageView),
}

impl Activity {
    fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Comment(comment) => comment.created_at,
            Self::Event(event) => event.created_at,
            Self::Message(message) => message.created_at,
        }
    }
}

/// Everything that has happened to a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyActivities {
    activity: Vec<Activity>,
}

/// Lists comments, changes of state and messages in the order in which they happened.
#[utoipa::path(get, path = "/api/tasks/{task}/activity", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyActivities), (status = 404, body = Problem)))]
pub(crate) async fn activity(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<ManyActivities>, ApiError> {
    let row = find(&gateway, &task).await?;
    let store = &gateway.world().store;
    let comments = store.task_comments(row.id).await?;
    let events = store.task_events(row.id).await?;
    let messages = store.task_messages(row.id).await?;
    let events = events.into_iter().map(|it| TaskEventView::of(row.id.0, it));
    let messages = messages
        .into_iter()
        .map(|it| TaskMessageView::of(row.id.0, it));
    let comments = comments.into_iter().map(|it| Activity::Comment(it.into()));
    let mut activity: Vec<Activity> = events
        .map(Activity::Event)
        .chain(comments)
        .chain(messages.map(Activity::Message))
        .collect();
    activity.sort_by_key(Activity::at);
    Ok(Json(ManyActivities { activity }))
}
