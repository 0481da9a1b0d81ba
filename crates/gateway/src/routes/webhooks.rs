//! `/api/webhooks`: what git hosts tell by themselves. It says where to look; whoever watches a pull
//! request looks for itself.

use axum::{Json, extract::State, http::HeaderMap, http::StatusCode};
use optio_domain::{
    git_host::{About, HostEvent, gitlab_delivery, read_event, read_gitlab_event},
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

/// Bytes of one event: what GitHub and GitLab send at most is 25 MB.
const BODY_BYTES_MAX: usize = 25 << 20;

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Told {
    ok: bool,
    /// How many watched pull requests and trackers it was about.
    told: usize,
}

/// Takes an event of GitHub: signed, and acted on once however often it is delivered.
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
    let heard = Heard {
        host,
        from: "github",
        name,
        delivery: delivery.to_owned(),
    };
    heard.pass_on(&gateway, event).await
}

/// Takes an event of GitLab: with the secret in a header, and acted on once however often it is delivered.
#[utoipa::path(post, path = "/api/webhooks/gitlab", tag = "webhooks", request_body = String,
    params(("X-Gitlab-Token" = String, Header, description = "gitlab_webhook_secret"),
           ("X-Gitlab-Event-UUID" = String, Header, description = "the identity of what caused the event"),
           ("Idempotency-Key" = Option<String>, Header, description = "the identity of the event, since GitLab 17.4")),
    responses((status = 202, body = Told), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn gitlab(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Result<(StatusCode, Json<Told>), ApiError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let token = headers.get("x-gitlab-token");
    let token = token.map_or(&b""[..], |token| token.as_bytes());
    let world = gateway.world();
    // Nobody has to read the body of a stranger.
    let host = world.hosts.shown_by(token).ok_or_else(|| {
        ApiError::Unauthorized(
            "X-Gitlab-Token is not gitlab_webhook_secret (GITLAB_WEBHOOK_SECRET)".to_owned(),
        )
    })?;
    let body = read(request, BODY_BYTES_MAX).await?;
    let (key, cause) = (header("idempotency-key"), header("x-gitlab-event-uuid"));
    let delivery = gitlab_delivery(key, cause, &body).ok_or_else(|| {
        ApiError::BadRequest("the header x-gitlab-event-uuid is missing".to_owned())
    })?;
    let event =
        read_gitlab_event(&body).map_err(|error| ApiError::BadRequest(error.to_string()))?;
    let heard = Heard {
        host,
        from: "gitlab",
        name: header("x-gitlab-event").unwrap_or("event"),
        delivery,
    };
    heard.pass_on(&gateway, event).await
}

/// An event that somebody known has told.
struct Heard<'a> {
    /// Whose it is.
    host: &'a str,
    /// What kind of host that is.
    from: &'static str,
    /// What the event is called there.
    name: &'a str,
    /// What tells it from others.
    delivery: String,
}

impl Heard<'_> {
    /// Tells the pull requests that it is about to look.
    async fn pass_on(
        &self,
        gateway: &Gateway,
        event: Option<HostEvent>,
    ) -> Result<(StatusCode, Json<Told>), ApiError> {
        let Some(event) = event else {
            return Ok((StatusCode::ACCEPTED, Json(Told { ok: true, told: 0 })));
        };
        let host = self.host;
        let urls = ["https", "http"].map(|scheme| format!("{scheme}://{host}/{}", event.repo));
        let world = gateway.world();
        let store = &world.store;
        if matches!(event.about, About::Pull { .. }) {
            let urls = urls.clone().map(|url| url.to_lowercase());
            store.look_at_repos_now(&urls, world.clock.now()).await?;
        }
        let (numbers, head) = about(&event.about);
        let pulls = store.pulls_told_of(&urls, &numbers, head).await?;
        for pull in &pulls {
            tell(gateway, *pull, self.from, self.name, &self.delivery).await?;
        }
        let told = pulls.len() + self.tell_trackers(gateway, &event).await?;
        Ok((StatusCode::ACCEPTED, Json(Told { ok: true, told })))
    }
}

impl Heard<'_> {
    /// Tells the trackers that look for issues with one of these labels to look at once. Doing so again is
    /// harmless: they look for themselves.
    async fn tell_trackers(&self, gateway: &Gateway, event: &HostEvent) -> Result<usize, ApiError> {
        let About::Issue { labels, .. } = &event.about else {
            return Ok(0);
        };
        let world = gateway.world();
        // As the places of trackers are written.
        let place = match self.from {
            "gitlab" => format!("gitlab:{}/{}", self.host, event.repo),
            from => format!("{from}:{}", event.repo),
        };
        let place = place.to_lowercase();
        let trackers = world.store.trackers_of(&place, labels).await?;
        world
            .store
            .ask_trackers(&trackers, world.clock.now())
            .await?;
        for tracker in &trackers {
            gateway.hints().look((*tracker).into());
        }
        Ok(trackers.len())
    }
}

/// Tells a pull request to look. One message for each delivery: a repeated one finds its key taken.
pub(super) async fn tell(
    gateway: &Gateway,
    pull: PullId,
    from: &str,
    name: &str,
    delivery: &str,
) -> Result<(), ApiError> {
    let world = gateway.world();
    let message = NewMessage {
        id: MessageId(world.ids.fresh()),
        receiver: pull.into(),
        sender: Sender::External(from.to_owned()),
        sender_name: None,
        source: WakeSource::Webhook,
        key: Some(format!("{delivery}/{pull}")),
        body: name.to_owned(),
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
        // The head that is known of a pull request is the one before.
        About::Push { before, .. } => (Vec::new(), Some(before)),
        About::Comment { on_pull: false, .. } | About::Issue { .. } => (Vec::new(), None),
    }
}
