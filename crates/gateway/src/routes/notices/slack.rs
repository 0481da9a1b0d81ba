//! `/api/slack`, and what people press in Slack.

use axum::{
    Json,
    extract::{Request, State},
    http::HeaderMap,
};
use optio_domain::{
    notice::{
        WebhookUrl,
        post::{Post, trouble},
        slack::{
            ADDRESS_SECRET, SIGNING_SECRET,
            action::{self, Pressed, Verb},
            page_of_task, test_message,
        },
    },
    task::{Intent, TaskState},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    super::{agents::WORKSPACE, tasks},
    reachable,
};
use crate::{
    Gateway,
    body::{Body, read},
    caller::Person,
    error::{ApiError, Problem},
};

/// How Slack is set up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SlackStatus {
    /// Whether the secret `SLACK_WEBHOOK_URL` is stored, which is used where a repository has no address
    /// of its own.
    global_webhook_configured: bool,
    /// Whether the secret `SLACK_SIGNING_SECRET` is stored, without which messages have no buttons.
    signing_secret_configured: bool,
}

/// Says how Slack is set up.
#[utoipa::path(get, path = "/api/slack/status", tag = "slack",
    responses((status = 200, body = SlackStatus), (status = 409, body = Problem),
              (status = 503, body = Problem)))]
pub(crate) async fn status(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<SlackStatus>, ApiError> {
    let store = &gateway.world().store;
    let address = store.secret(WORKSPACE, None, ADDRESS_SECRET).await?;
    let signing = store.secret(WORKSPACE, None, SIGNING_SECRET).await?;
    Ok(Json(SlackStatus {
        global_webhook_configured: address.is_some(),
        signing_secret_configured: signing.is_some(),
    }))
}

/// Where a test goes.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "it is the description; the body is read without ever being repeated"
)]
pub(crate) struct SlackTest {
    /// An incoming webhook of Slack.
    #[schema(write_only, max_length = 2048)]
    webhook_url: String,
    /// The channel; the address's own unless given.
    channel: Option<String>,
}

/// What became of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlackTested {
    ok: bool,
    message: &'static str,
}

/// Says something in Slack, to see whether it arrives.
#[utoipa::path(post, path = "/api/slack/test", tag = "slack", request_body = SlackTest,
    responses((status = 200, body = SlackTested), (status = 400, body = Problem)))]
pub(crate) async fn test(
    State(gateway): State<Gateway>,
    _person: Person,
    Body(sent): Body<Map<String, Value>>,
) -> Result<Json<SlackTested>, ApiError> {
    let text = |name: &str| sent.get(name).and_then(Value::as_str);
    let url = WebhookUrl::parse("webhookUrl", text("webhookUrl").unwrap_or_default())?;
    reachable(&gateway, "webhookUrl", &url)?;
    let post = Post::plain(url, &test_message(text("channel")));
    let attempt = gateway.world().notifier.send(&post).await;
    match trouble(&attempt) {
        None => Ok(Json(SlackTested {
            ok: true,
            message: "it was sent; look into the channel",
        })),
        Some(words) => {
            let answer = attempt.ok().map(|answered| answered.excerpt);
            let said = answer.filter(|answer| !answer.is_empty());
            let said = said.map_or_else(String::new, |said| format!(": {said}"));
            Err(ApiError::BadRequest(format!(
                "Slack did not take it: {words}{said}"
            )))
        }
    }
}

/// What Slack shows to whoever pressed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlackSaid {
    response_type: &'static str,
    text: String,
}

/// Does what somebody pressed in Slack: retry_task, cancel_task or view_logs. Only with Slack's own signature
/// over the body, checked with the stored secret `SLACK_SIGNING_SECRET`, and for five minutes.
#[utoipa::path(post, path = "/api/webhooks/slack/actions", tag = "slack", request_body = String,
    params(("X-Slack-Signature" = String, Header, description = "v0= and the signature of the body"),
           ("X-Slack-Request-Timestamp" = String, Header, description = "when, in seconds since 1970")),
    responses((status = 200, body = SlackSaid), (status = 400, body = Problem),
              (status = 401, body = Problem)))]
pub(crate) async fn actions(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<SlackSaid>, ApiError> {
    let world = gateway.world();
    let secret = world.store.secret(WORKSPACE, None, SIGNING_SECRET).await?;
    let secret = secret.ok_or_else(|| {
        ApiError::Unauthorized(format!(
            "nobody can be believed without Slack's signing secret; it is shown with the app's credentials, \
             and kept with `optio secret set {SIGNING_SECRET}`"
        ))
    })?;
    let body = read(request, world.limits.body_bytes_max).await?;
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    };
    let (at, signature) = (
        header("x-slack-request-timestamp"),
        header("x-slack-signature"),
    );
    action::check(&secret, at, signature, &body, world.clock.now())
        .map_err(|unbelieved| ApiError::Unauthorized(unbelieved.to_string()))?;
    let pressed = action::read(&body).map_err(ApiError::BadRequest)?;
    let text = match obey(&gateway, &pressed).await {
        Ok(text) => text,
        // Whoever pressed is told why not; to Slack itself all is well.
        Err(ApiError::Conflict(words) | ApiError::Missing(words)) => words,
        Err(error) => return Err(error),
    };
    Ok(Json(SlackSaid {
        response_type: "ephemeral",
        text,
    }))
}

async fn obey(gateway: &Gateway, pressed: &Pressed) -> Result<String, ApiError> {
    let row = tasks::find(gateway, &pressed.task).await?;
    let intent = match (pressed.verb, row.state) {
        (Verb::ViewLogs, _) => {
            let page = page_of_task(&gateway.world().api_url, &row.id.to_string());
            return Ok(format!("{}: {page}/logs", row.spec.title));
        }
        (Verb::RetryTask, TaskState::NeedsAttention) => Intent::Resume,
        (Verb::RetryTask, _) => Intent::Retry,
        (Verb::CancelTask, _) => Intent::Cancel,
    };
    tracing::info!(
        task.id = %row.id, intent = intent.name(), by = pressed.by, "something was pressed in Slack"
    );
    let row = tasks::acts::ask_for(gateway, &pressed.task, intent, None).await?;
    Ok(format!("{} is {} now", row.spec.title, row.state.name()))
}
