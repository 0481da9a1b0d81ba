//! What people write to a task.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::{
    agent::spec::Invalid,
    id::MessageId,
    mail::{Class, Marks, Sender, WakeSource},
    task::TaskState,
};
use optio_store::{mail::NewMessage, tasks::TaskMessage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::find;
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

/// Characters of a message to a task.
const CHARS_MAX: usize = 8_000;

/// What is written.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewTaskMessage {
    /// 1 to 8000 characters.
    content: String,
    /// `soft`, the default, or `interrupt`.
    mode: Option<String>,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskMessageView {
    id: Uuid,
    task_id: Uuid,
    user_id: String,
    content: String,
    mode: &'static str,
    pub(super) created_at: DateTime<Utc>,
    /// When it was given to a run.
    delivered_at: Option<DateTime<Utc>>,
    /// When the agent's process took it, or the run that began with it succeeded.
    acked_at: Option<DateTime<Utc>>,
    delivery_error: Option<String>,
}

impl TaskMessageView {
    pub(super) fn of(task: Uuid, row: TaskMessage) -> Self {
        Self {
            id: row.id,
            task_id: task,
            user_id: row.sender_id,
            content: row.body,
            mode: if row.class == Class::Interrupt.name() {
                "interrupt"
            } else {
                "soft"
            },
            created_at: row.received_at,
            delivered_at: row.delivered_at,
            acked_at: row.acked_at,
            delivery_error: row.dead_reason,
        }
    }
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneTaskMessage {
    message: TaskMessageView,
}

/// Messages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyTaskMessages {
    messages: Vec<TaskMessageView>,
}

/// Writes to a task. One that runs is told at once; one that waits or rests goes on with it.
#[utoipa::path(post, path = "/api/tasks/{task}/message", tag = "tasks", request_body = NewTaskMessage,
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 202, body = OneTaskMessage), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn send(
    State(gateway): State<Gateway>,
    person: Person,
    Named(task): Named<String>,
    Body(new): Body<NewTaskMessage>,
) -> Result<(StatusCode, Json<OneTaskMessage>), ApiError> {
    let chars = new.content.chars().count();
    if new.content.trim().is_empty() || CHARS_MAX < chars {
        let rule = format!("must have 1 to {CHARS_MAX} characters, not {chars}");
        return Err(Invalid::new("content", rule).into());
    }
    let class = match new.mode.as_deref() {
        None | Some("soft") => Class::Work,
        Some("interrupt") => Class::Interrupt,
        Some(other) => {
            let rule = format!("must be soft or interrupt, not `{other}`");
            return Err(Invalid::new("mode", rule).into());
        }
    };
    let row = find(&gateway, &task).await?;
    if row.state == TaskState::Completed {
        return Err(ApiError::Conflict(
            "the task is completed; create another, or redo it".to_owned(),
        ));
    }
    let world = gateway.world();
    let at = world.clock.now();
    let message = NewMessage {
        id: MessageId(world.ids.fresh()),
        receiver: row.id.into(),
        sender: Sender::User(person.0),
        sender_name: None,
        source: WakeSource::User,
        key: None,
        body: new.content,
        payload: None,
        broadcasted: false,
        marks: Marks {
            class,
            ..Marks::default()
        },
        cause: None,
        at,
    };
    let receipt = gateway.mailroom().send(message).await?;
    gateway.hints().look(row.id.into());
    let messages = world.store.task_messages(row.id).await?;
    let mine = messages.into_iter().find(|it| it.id == receipt.id.0);
    let message = mine.ok_or_else(|| ApiError::Missing("the message is gone".to_owned()))?;
    Ok((
        StatusCode::ACCEPTED,
        Json(OneTaskMessage {
            message: TaskMessageView::of(row.id.0, message),
        }),
    ))
}

/// Lists what people wrote to a task, oldest first, and whether it got through.
#[utoipa::path(get, path = "/api/tasks/{task}/messages", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyTaskMessages), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<ManyTaskMessages>, ApiError> {
    let row = find(&gateway, &task).await?;
    let messages = gateway.world().store.task_messages(row.id).await?;
    Ok(Json(ManyTaskMessages {
        messages: messages
            .into_iter()
            .map(|it| TaskMessageView::of(row.id.0, it))
            .collect(),
    }))
}
