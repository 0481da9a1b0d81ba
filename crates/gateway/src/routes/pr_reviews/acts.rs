//! What people want of a review: hand it in, look again, stop.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::pr_review::Intent;
use optio_store::pr_reviews::PrReviewRow;

use super::{super::agents::WORKSPACE, OnePrReview, find};
use crate::{
    Gateway,
    body::Named,
    caller::Person,
    error::{ApiError, Problem},
};

/// How long the answer waits for the review to obey; it obeys later all the same.
const OBEY_LOOKS: u32 = 40;
/// The same where a git host is asked.
const SUBMIT_LOOKS: u32 = 400;
const OBEY_PAUSE: Duration = Duration::from_millis(25);

/// Hands the draft in as a review on the pull request, with its comments on lines, of exactly the commit
/// that was reviewed.
#[utoipa::path(post, path = "/api/pr-reviews/{review}/submit", tag = "pr-reviews",
    params(("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OnePrReview), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn submit(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
) -> Result<Json<OnePrReview>, ApiError> {
    let row = want(&gateway, &review, Intent::Submit, SUBMIT_LOOKS).await?;
    if let (None, Some(words)) = (row.intent, &row.submit_error) {
        return Err(ApiError::Conflict(format!(
            "the git host refused the draft: {words}; change it, or the rights of our account"
        )));
    }
    Ok(Json(row.into()))
}

/// Has the agent look once more, at the head as it is now.
#[utoipa::path(post, path = "/api/pr-reviews/{review}/re-review", tag = "pr-reviews",
    params(("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 201, body = OnePrReview), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn rereview(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
) -> Result<(StatusCode, Json<OnePrReview>), ApiError> {
    let row = want(&gateway, &review, Intent::Rereview, OBEY_LOOKS).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Cancels a review. Its process is gone within five seconds, and nothing it does afterwards counts.
#[utoipa::path(post, path = "/api/pr-reviews/{review}/cancel", tag = "pr-reviews",
    params(("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OnePrReview), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn cancel(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
) -> Result<Json<OnePrReview>, ApiError> {
    let row = want(&gateway, &review, Intent::Cancel, OBEY_LOOKS).await?;
    Ok(Json(row.into()))
}

async fn want(
    gateway: &Gateway,
    review: &str,
    intent: Intent,
    looks: u32,
) -> Result<PrReviewRow, ApiError> {
    let row = find(gateway, review).await?;
    intent.meets(row.state).map_err(|refusal| {
        ApiError::Conflict(format!("the review is {}: {refusal}", row.state.name()))
    })?;
    let world = gateway.world();
    world
        .store
        .want_review(row.id, intent, world.clock.now())
        .await?;
    gateway.hints().look(row.id.into());
    let mut last = row;
    for _look in 0..looks {
        let Some(row) = world.store.pr_review(WORKSPACE, last.id).await? else {
            break;
        };
        last = row;
        if last.intent.is_none() {
            break;
        }
        tokio::time::sleep(OBEY_PAUSE).await;
    }
    Ok(last)
}
