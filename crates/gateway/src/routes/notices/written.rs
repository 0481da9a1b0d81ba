//! What people write about a webhook. Its members are read one by one, so that no error repeats what stands
//! there: the secret is one of them, and an address may be one too.

use optio_domain::{
    agent::spec::Invalid,
    notice::{
        NoticeEvent, WebhookUrl,
        signature::read_secret,
        spec::{WebhookSpec, read_events},
    },
    secret::SecretText,
};
use optio_store::notices::SecretChange;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::view::MASK;
use crate::error::ApiError;

/// A new webhook.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "it is the description; the body is read without ever being repeated"
)]
pub(crate) struct NewWebhookBody {
    /// Where it is told: https or http. A Slack address gets Slack's own form.
    #[schema(max_length = 2048)]
    url: String,
    /// What it is told of, at least one of the events.
    events: Vec<String>,
    /// What deliveries are signed with: `whsec_` and base64, or any text. It is never shown again.
    #[schema(write_only, max_length = 1024)]
    secret: Option<String>,
    #[schema(max_length = 500)]
    description: Option<String>,
    /// True unless given.
    active: Option<bool>,
}

/// A changed webhook; what is not named stays.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "it is the description; the body is read without ever being repeated"
)]
pub(crate) struct ChangedWebhook {
    #[schema(max_length = 2048)]
    url: Option<String>,
    events: Option<Vec<String>>,
    /// Null signs nothing any more.
    #[schema(write_only, max_length = 1024)]
    secret: Option<String>,
    #[schema(max_length = 500)]
    description: Option<String>,
    active: Option<bool>,
}

/// A member of the body.
enum Member<T> {
    Absent,
    Null,
    Is(T),
}

/// Reads members and remembers what was wrong with them.
struct Reader<'a> {
    sent: &'a Map<String, Value>,
    broken: Vec<Invalid>,
}

/// Reads a new webhook.
pub(super) fn new(
    sent: &Map<String, Value>,
) -> Result<(WebhookSpec, Option<SecretText>), ApiError> {
    let mut read = Reader {
        sent,
        broken: Vec::new(),
    };
    let url = read.url();
    if matches!(url, Member::Absent | Member::Null) && !read.is_broken("url") {
        read.broken.push(Invalid::new("url", "is missing"));
    }
    let events = read.events();
    let secret = read.secret();
    let description = read.text("description");
    let active = read.flag("active");
    let Member::Is(url) = url else {
        return Err(ApiError::Invalid(read.broken));
    };
    let spec = WebhookSpec {
        url,
        events: events.unwrap_or_default(),
        description: match description {
            Member::Is(text) => Some(text),
            Member::Absent | Member::Null => None,
        },
        active: active.unwrap_or(true),
    };
    let secret = match secret {
        Member::Is(secret) => Some(secret),
        Member::Absent | Member::Null => None,
    };
    read.finish(spec).map(|spec| (spec, secret))
}

/// Reads a changed webhook.
pub(super) fn changed(
    sent: &Map<String, Value>,
    mut spec: WebhookSpec,
) -> Result<(WebhookSpec, SecretChange), ApiError> {
    let mut read = Reader {
        sent,
        broken: Vec::new(),
    };
    match read.url() {
        Member::Is(url) => spec.url = url,
        Member::Null => read.broken.push(Invalid::new("url", "must be a text")),
        Member::Absent => {}
    }
    if let Some(events) = read.events() {
        spec.events = events;
    }
    // What was shown in the secret's place is handed back by whoever did not change it.
    let shown = sent.get("secret").and_then(Value::as_str) == Some(MASK);
    let secret = match read.secret() {
        _ if shown => SecretChange::Keep,
        Member::Is(secret) => SecretChange::Set(secret),
        Member::Null => SecretChange::Clear,
        Member::Absent => SecretChange::Keep,
    };
    match read.text("description") {
        Member::Is(text) => spec.description = Some(text),
        Member::Null => spec.description = None,
        Member::Absent => {}
    }
    if let Some(active) = read.flag("active") {
        spec.active = active;
    }
    read.finish(spec).map(|spec| (spec, secret))
}

impl Reader<'_> {
    fn is_broken(&self, field: &str) -> bool {
        self.broken.iter().any(|invalid| invalid.field == field)
    }

    fn text(&mut self, name: &'static str) -> Member<String> {
        match self.sent.get(name) {
            None => Member::Absent,
            Some(Value::Null) => Member::Null,
            Some(Value::String(text)) => Member::Is(text.clone()),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.broken.push(Invalid::new(name, "must be a text"));
                Member::Absent
            }
        }
    }

    fn parsed<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Member<T> {
        match self.text(name) {
            Member::Absent => Member::Absent,
            Member::Null => Member::Null,
            Member::Is(text) => match parse(&text) {
                Ok(value) => Member::Is(value),
                Err(invalid) => {
                    self.broken.push(invalid);
                    Member::Absent
                }
            },
        }
    }

    fn url(&mut self) -> Member<WebhookUrl> {
        self.parsed("url", |text| WebhookUrl::parse("url", text))
    }

    fn secret(&mut self) -> Member<SecretText> {
        self.parsed("secret", read_secret)
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.sent.get(name)?;
        if value.as_bool().is_none() {
            self.broken
                .push(Invalid::new(name, "must be true or false"));
        }
        value.as_bool()
    }

    fn events(&mut self) -> Option<Vec<NoticeEvent>> {
        let value = self.sent.get("events")?;
        let texts = |all: &Vec<Value>| -> Option<Vec<String>> {
            all.iter()
                .map(|it| it.as_str().map(str::to_owned))
                .collect()
        };
        let events = match value.as_array().and_then(texts) {
            Some(names) => read_events(&names),
            None => Err(Invalid::new("events", "must be a list of texts")),
        };
        match events {
            Ok(events) => Some(events),
            Err(invalid) => {
                self.broken.push(invalid);
                None
            }
        }
    }

    /// All that is wrong, each field once.
    fn finish(mut self, spec: WebhookSpec) -> Result<WebhookSpec, ApiError> {
        for invalid in spec.check().err().unwrap_or_default() {
            if !self.is_broken(invalid.field) {
                self.broken.push(invalid);
            }
        }
        if self.broken.is_empty() {
            Ok(spec)
        } else {
            Err(ApiError::Invalid(self.broken))
        }
    }
}
