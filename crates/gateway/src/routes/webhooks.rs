//! `/api/webhooks/github`: what a git host tells by itself. It says where to look; whoever watches a pull
//! request looks for itself.

use axum::{Json, extract::State, http::HeaderMap, http::StatusCode};
use optio_domain::{
    git_host::{About, read_event},
    id::{MessageId, PullId},
    mail::{Marks, Sender, WakeSource},
};
use optio_store::mail::NewMessage;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Gateway,
    body::read,
    error::{ApiError, Problem},
};

/// Bytes of one event: what GitHub sends at most is 25 MB.
const BODY_BYTES_MAX: usize = 25 << 20;

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Told {
    ok: bool,
    /// How many watched pull requests it was about.
    told: usize,
}

/// Takes an event of a git host: signed, and acted on once however often it is delivered.
#[utoipa::path(post, path = "/api/webhooks/github", tag = "webhooks", request_body = String,
    params(("X-Hub-Signature-256" = String, Header, description = "the signature of the body"),
           ("X-GitHub-Event" = String, Header, description = "the name of the event"),
           ("X-GitHub-Delivery" = String, Header, description = "the identity of the delivery")),
    responses((status = 202, body = Told), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn github(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Result<(StatusCode, Json<Told>), ApiError> {
    let body = read(request, BODY_BYTES_MAX).await?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signature = header("x-hub-signature-256").unwrap_or_default();
    let world = gateway.world();
    let host = world.hosts.signer(&body, signature).ok_or_else(|| {
        ApiError::Unauthorized(
            "the body is not signed with github_webhook_secret (GITHUB_WEBHOOK_SECRET)".to_owned(),
        )
    })?;
    let needed = |name: &'static str| {
        header(name).ok_or_else(|| ApiError::BadRequest(format!("the header {name} is missing")))
    };
    let (name, delivery) = (needed("x-github-event")?, needed("x-github-delivery")?);
    let event = read_event(name, &body).map_err(|error| ApiError::BadRequest(error.to_string()))?;
    let Some(event) = event else {
        return Ok((StatusCode::ACCEPTED, Json(Told { ok: true, told: 0 })));
    };
    let urls = ["https", "http"].map(|scheme| format!("{scheme}://{host}/{}", event.repo));
    if matches!(event.about, About::Pull { .. }) {
        let urls = urls.clone().map(|url| url.to_lowercase());
        let store = &world.store;
        store.look_at_repos_now(&urls, world.clock.now()).await?;
    }
    let (numbers, head) = about(&event.about);
    let pulls = world.store.pulls_told_of(&urls, &numbers, head).await?;
    for pull in &pulls {
        tell(&gateway, *pull, name, delivery).await?;
    }
    Ok((
        StatusCode::ACCEPTED,
        Json(Told {
            ok: true,
            told: pulls.len(),
        }),
    ))
}

/// The pull requests an event is about: by their numbers, or by their head.
fn about(about: &About) -> (Vec<i64>, Option<&str>) {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    match about {
        About::Pull { number, .. } | About::Review { number } => (vec![whole(number.0)], None),
        About::Checks { sha, pulls } => (
            pulls.iter().map(|number| whole(number.0)).collect(),
            Some(sha),
        ),
        About::Comment {
            number,
            on_pull: true,
        } => (vec![whole(number.0)], None),
        About::Comment { on_pull: false, .. } | About::Issue { .. } => (Vec::new(), None),
    }
}

/// One message for each delivery: a repeated one finds its key taken.
pub(super) async fn tell(
    gateway: &Gateway,
    pull: PullId,
    event: &str,
    delivery: &str,
) -> Result<(), ApiError> {
    let world = gateway.world();
    let message = NewMessage {
        id: MessageId(world.ids.fresh()),
        receiver: pull.into(),
        sender: Sender::External("github".to_owned()),
        sender_name: None,
        source: WakeSource::Webhook,
        key: Some(format!("{delivery}/{pull}")),
        body: event.to_owned(),
        payload: None,
        broadcasted: false,
        marks: Marks::default(),
        cause: None,
        at: world.clock.now(),
    };
    gateway.mailroom().send(message).await?;
    gateway.hints().look(pull.into());
    Ok(())
}
