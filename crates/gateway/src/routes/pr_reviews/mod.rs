//! `/api/pr-reviews`: begin, list, show and change reviews of pull requests that no task has opened.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::{
    agent::spec::Invalid,
    id::PrReviewId,
    pr_review::{
        Origin, PrReviewState,
        draft::{Draft, FileComment, NoDraft, Side},
    },
    task::review::ReviewVerdict,
};
use optio_store::pr_reviews::{Begun, Edited, PrReviewRow, WantedReviews};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{agents::WORKSPACE, pull_requests::PullAt, tasks};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page,
};

pub(crate) mod acts;
pub(crate) mod chat;
pub(crate) mod logs;
mod view;

pub(crate) use view::{PrReviewView, ReviewBrief};

/// Reviews of a page without a limit, and at most.
const PAGE: i64 = 50;
const PAGE_MAX: i64 = 1_000;

/// What is to be reviewed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPrReviewBody {
    /// The pull request, such as `https://github.com/owner/name/pull/7`.
    pr_url: String,
}

/// One review.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnePrReview {
    review: PrReviewView,
}

impl From<PrReviewRow> for OnePrReview {
    fn from(row: PrReviewRow) -> Self {
        Self {
            review: PrReviewView::of(row),
        }
    }
}

/// A page of reviews.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyPrReviews {
    reviews: Vec<PrReviewView>,
    /// Hand it back as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// Which reviews.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewListing {
    /// Only those in this state.
    state: Option<String>,
    /// Only those of this repository.
    repo_url: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

/// Where a page of reviews ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct After(
    #[serde(deserialize_with = "page::storable")] DateTime<Utc>,
    Uuid,
);

/// Has the review agent look at a pull request. It writes a draft; nothing is handed in before a person
/// says so. Where the pull request has a review that is not cancelled, that one is answered, and is in the
/// person's hands from then on.
#[utoipa::path(post, path = "/api/pr-reviews", tag = "pr-reviews", request_body = NewPrReviewBody,
    responses((status = 201, body = OnePrReview), (status = 200, body = OnePrReview),
              (status = 400, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    person: Person,
    Body(body): Body<NewPrReviewBody>,
) -> Result<(StatusCode, Json<OnePrReview>), ApiError> {
    let at = PullAt::read(&body.pr_url)?;
    let pull = at.state(&gateway).await?;
    if pull.phase != optio_domain::git_host::PullPhase::Open {
        return Err(ApiError::BadRequest(format!(
            "prUrl: {} is not open any more; there is nothing to review",
            pull.url
        )));
    }
    let beginning = optio_actors::pr_review::Beginning {
        workspace: WORKSPACE,
        repo_url: &at.repo_url,
        pull: &pull,
        origin: Origin::Manual,
        by: &person.0,
    };
    let begun = optio_actors::pr_review::begin(gateway.world(), &beginning).await?;
    let (status, row) = match begun {
        Begun::New(row) => (StatusCode::CREATED, row),
        Begun::There(row) => (StatusCode::OK, row),
    };
    gateway.hints().look(row.id.into());
    gateway.hints().look(row.pull.into());
    Ok((status, Json((*row).into())))
}

/// Lists reviews, newest first.
#[utoipa::path(get, path = "/api/pr-reviews", tag = "pr-reviews", params(ReviewListing),
    responses((status = 200, body = ManyPrReviews), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(listing): Params<ReviewListing>,
) -> Result<Json<ManyPrReviews>, ApiError> {
    let limit = tasks::whole("limit", listing.limit.as_deref(), PAGE, 1..=PAGE_MAX)?;
    if let Some(state) = &listing.state
        && !PrReviewState::NAMES.contains(&state.as_str())
    {
        let rule = format!("must be one of {}", PrReviewState::NAMES.join(", "));
        return Err(Invalid::new("state", rule).into());
    }
    let wanted = WantedReviews {
        state: listing.state,
        repo_url: listing.repo_url,
        after: page::read_cursor(listing.cursor.as_deref())?.map(|After(at, id)| (at, id)),
    };
    let store = &gateway.world().store;
    let rows = store.pr_reviews(WORKSPACE, &wanted, limit).await?;
    let next_cursor = page::next(&rows, limit, |row| After(row.created_at, row.id.0));
    Ok(Json(ManyPrReviews {
        reviews: rows.into_iter().map(PrReviewView::of).collect(),
        next_cursor,
    }))
}

/// Shows one review, its draft, and what it waits for.
#[utoipa::path(get, path = "/api/pr-reviews/{review}", tag = "pr-reviews",
    params(("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OnePrReview), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
) -> Result<Json<OnePrReview>, ApiError> {
    let row = find(&gateway, &review).await?;
    let actor = gateway.world().store.actor(row.id.into()).await?;
    let review = PrReviewView::of(row).waiting(actor.map(|actor| actor.wait));
    Ok(Json(OnePrReview { review }))
}

/// A draft under its old address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneReviewDraft {
    draft: PrReviewView,
}

/// Shows one review under the address that older clients know.
#[utoipa::path(get, path = "/api/tasks/{task}/review-draft", tag = "pr-reviews",
    params(("task" = String, Path, description = "the id of a review")),
    responses((status = 200, body = OneReviewDraft), (status = 404, body = Problem)))]
pub(crate) async fn draft(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
) -> Result<Json<OneReviewDraft>, ApiError> {
    let row = find(&gateway, &review).await?;
    Ok(Json(OneReviewDraft {
        draft: PrReviewView::of(row),
    }))
}

/// What is changed about a draft; what is absent or null stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrReviewEdit {
    /// For everybody to read.
    summary: Option<String>,
    /// approve, request_changes or comment.
    verdict: Option<String>,
    /// All comments, in the place of those that are there.
    file_comments: Option<Vec<FileCommentBody>>,
}

/// What is said of a file, or of a line of it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct FileCommentBody {
    /// The file, from the root of the repository.
    path: String,
    /// The line; without one it is about the whole file.
    line: Option<u64>,
    /// LEFT or RIGHT, the default: on which side of the diff the line is counted.
    side: Option<String>,
    /// What is said.
    body: String,
}

impl PrReviewEdit {
    fn apply(self, mut draft: Draft) -> Result<Draft, ApiError> {
        if let Some(summary) = self.summary {
            draft.summary = summary;
        }
        if let Some(verdict) = self.verdict {
            draft.verdict = ReviewVerdict::parse(&verdict).ok_or_else(|| {
                let rule = "must be approve, request_changes or comment";
                ApiError::from(Invalid::new("verdict", rule))
            })?;
        }
        if let Some(comments) = self.file_comments {
            let comments = comments.into_iter().map(FileCommentBody::read);
            draft.file_comments = comments.collect::<Result<_, _>>()?;
        }
        draft
            .check()
            .map_err(|NoDraft(words)| ApiError::BadRequest(words))?;
        Ok(draft)
    }
}

impl FileCommentBody {
    fn read(self) -> Result<FileComment, ApiError> {
        let side = match self.side.as_deref() {
            None | Some("RIGHT" | "right") => Side::Right,
            Some("LEFT" | "left") => Side::Left,
            Some(other) => {
                let rule = format!("must be LEFT or RIGHT, not `{other}`");
                return Err(Invalid::new("fileComments.side", rule).into());
            }
        };
        Ok(FileComment {
            path: self.path,
            line: self.line,
            side,
            body: self.body,
        })
    }
}

/// Changes a draft before it is handed in. The review is in the person's hands from then on: nothing happens
/// to it by itself any more.
#[utoipa::path(patch, path = "/api/pr-reviews/{review}", tag = "pr-reviews", request_body = PrReviewEdit,
    params(("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OnePrReview), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
    Body(edit): Body<PrReviewEdit>,
) -> Result<Json<OnePrReview>, ApiError> {
    if edit.summary.is_none() && edit.verdict.is_none() && edit.file_comments.is_none() {
        let words = "nothing would change; name summary, verdict or fileComments";
        return Err(ApiError::BadRequest(words.to_owned()));
    }
    let row = find(&gateway, &review).await?;
    let world = gateway.world();
    let at = world.clock.now();
    let edited = world
        .store
        .edit_review(row.id, at, |draft| edit.apply(draft));
    let row = match edited.await?.ok_or_else(|| missing(&review))? {
        Edited::Yes(row) => row,
        Edited::Refused(error) => return Err(error),
        Edited::NoDraft(row) => {
            return Err(ApiError::Conflict(match row.intent {
                Some(intent) => format!(
                    "somebody wants the review to {}; wait until that is done",
                    intent.name()
                ),
                None => format!(
                    "the review is {}; only the draft of one that is ready or stale can be changed",
                    row.state.name()
                ),
            }));
        }
    };
    gateway.hints().look(row.id.into());
    Ok(Json((*row).into()))
}

/// Finds a review by its id, or by the first digits of it.
pub(crate) async fn find(gateway: &Gateway, review: &str) -> Result<PrReviewRow, ApiError> {
    let store = &gateway.world().store;
    if let Ok(id) = review.parse::<Uuid>() {
        let row = store.pr_review(WORKSPACE, PrReviewId(id)).await?;
        return row.ok_or_else(|| missing(review));
    }
    let (low, high) = tasks::range(review).ok_or_else(|| missing(review))?;
    let mut rows = store.pr_reviews_between(WORKSPACE, low, high).await?;
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => Err(ApiError::Conflict(format!(
            "more than one review begins with `{review}`; give more of its id"
        ))),
        (None, _) => Err(missing(review)),
    }
}

fn missing(review: &str) -> ApiError {
    ApiError::Missing(format!("there is no review `{review}`"))
}
