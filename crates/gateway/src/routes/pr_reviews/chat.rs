//! What people and the agent of a review say to each other.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::agent::spec::Invalid;
use optio_store::pr_reviews::ChatMessage;
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

/// Characters of a message to a reviewer.
const CHARS_MAX: usize = 8_000;

/// What is written.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewReviewChat {
    /// 1 to 8000 characters.
    message: String,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewChatView {
    id: Uuid,
    pr_review_id: Uuid,
    /// The run that was told of it, or that said it; null while it waits.
    run_id: Option<Uuid>,
    /// user or assistant.
    role: String,
    content: String,
    created_at: DateTime<Utc>,
}

impl ReviewChatView {
    fn of(review: Uuid, row: ChatMessage) -> Self {
        Self {
            id: row.id,
            pr_review_id: review,
            run_id: row.run_id,
            role: row.role,
            content: row.content,
            created_at: row.at,
        }
    }
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneReviewChat {
    message: ReviewChatView,
}

/// Messages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyReviewChats {
    messages: Vec<ReviewChatView>,
}

/// Lists what was said, oldest first.
#[utoipa::path(get, path = "/api/pr-reviews/{review}/chat", tag = "pr-reviews",
    params(("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyReviewChats), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
) -> Result<Json<ManyReviewChats>, ApiError> {
    let row = find(&gateway, &review).await?;
    let messages = gateway.world().store.review_chat(row.id).await?;
    let view = |message| ReviewChatView::of(row.id.0, message);
    Ok(Json(ManyReviewChats {
        messages: messages.into_iter().map(view).collect(),
    }))
}

/// Writes to the review agent, which answers in the same session and may change the draft. While it works,
/// the message waits.
#[utoipa::path(post, path = "/api/pr-reviews/{review}/chat", tag = "pr-reviews", request_body = NewReviewChat,
    params(("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 201, body = OneReviewChat), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn send(
    State(gateway): State<Gateway>,
    person: Person,
    Named(review): Named<String>,
    Body(new): Body<NewReviewChat>,
) -> Result<(StatusCode, Json<OneReviewChat>), ApiError> {
    let chars = new.message.chars().count();
    if new.message.trim().is_empty() || CHARS_MAX < chars {
        let rule = format!("must have 1 to {CHARS_MAX} characters, not {chars}");
        return Err(Invalid::new("message", rule).into());
    }
    let row = find(&gateway, &review).await?;
    if !row.state.can_be_talked_to() {
        return Err(ApiError::Conflict(format!(
            "the review is {}; its agent can be written to once it looks at the pull request",
            row.state.name()
        )));
    }
    let world = gateway.world();
    let (fresh, at) = (world.ids.fresh(), world.clock.now());
    let message = world
        .store
        .write_to_review(row.id, fresh, &new.message, &person.0, at)
        .await?;
    gateway.hints().look(row.id.into());
    Ok((
        StatusCode::CREATED,
        Json(OneReviewChat {
            message: ReviewChatView::of(row.id.0, message),
        }),
    ))
}
