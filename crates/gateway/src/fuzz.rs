//! What clients send, read as the routes read it: for the fuzz targets. Each function panics where a
//! promise is broken.

use axum::{
    http::{HeaderMap, HeaderValue, header as names},
    response::IntoResponse as _,
};
use chrono::{DateTime, Utc};
use optio_domain::{
    agent::spec::AgentSpec,
    trigger::{TargetKind, TriggerType},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    body::parse,
    caller::bearer,
    error::ApiError,
    idempotency::{KEY_CHARS_MAX, read_key},
    page::{self, Page, Place},
    routes::{
        agents::After,
        control::Wanted,
        directory::{ToAll, ToPeer},
        live::cursor,
        messages::NewMail,
        triggers::written::{Checked, NewTrigger},
        written::{ChangedAgent, NewAgent},
    },
};

/// A request body, read as each of the bodies there are.
///
/// # Panics
/// Where what is accepted breaks a rule, or what is refused is not the client's fault.
pub fn body(bytes: &[u8]) {
    agent(read::<NewAgent>(bytes).map(NewAgent::spec));
    let before = AgentSpec::new("vesper", "Vesper", "go");
    agent(read::<ChangedAgent>(bytes).map(|change| change.spec(before)));
    read::<NewMail>(bytes);
    read::<ToPeer>(bytes);
    read::<ToAll>(bytes);
    read::<Wanted>(bytes);
    if let Some(trigger) = read::<NewTrigger>(bytes) {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let mapping = trigger.param_mapping.as_ref();
        for target in [TargetKind::Agent, TargetKind::Job] {
            let Some(kind) = TriggerType::parse(&trigger.kind) else {
                break;
            };
            match Checked::read(kind, target, trigger.config.clone(), mapping, now) {
                Ok(checked) => assert!(checked.next.is_none_or(|at| now < at)),
                Err(error) => refused(error),
            }
        }
    }
    if let Some(value) = read::<Value>(bytes) {
        assert!(!says_nul(&value), "NUL came through: {value}");
    }
}

/// The limit and the cursor of a page.
///
/// # Panics
/// Where what is accepted is out of bounds, or does not print as it was read.
pub fn page(limit: &str, after: &str) {
    let page: Page = serde_json::from_value(json!({ "limit": limit, "cursor": after }))
        .unwrap_or_else(|error| panic!("{error}"));
    match page.limit(10, 100) {
        Ok(limit) => assert!((1..=100).contains(&limit)),
        Err(error) => refused(error),
    }
    match page.cursor::<After>() {
        Ok(place) => {
            let place = place.unwrap_or_else(|| panic!("a cursor was given"));
            let written = 0..=253_402_300_799;
            assert!(written.contains(&place.0.timestamp().abs()), "{place:?}");
            let printed = page::next(&[()], 1, |()| &place).unwrap_or_default();
            let again = Page::at(&printed).cursor::<After>();
            assert_eq!(again.ok().flatten(), Some(place));
        }
        Err(error) => refused(error),
    }
    match page.cursor::<i64>() {
        Ok(_) => {}
        Err(error) => refused(error),
    }
}

/// The value of a header: `Last-Event-ID`, `Idempotency-Key`, `Authorization`.
///
/// # Panics
/// Where what is accepted is out of bounds, or does not print as it was read.
pub fn header(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert("last-event-id", value.clone());
    headers.insert("idempotency-key", value.clone());
    headers.insert(names::AUTHORIZATION, value);
    let nowhere: Place = serde_json::from_value(json!({})).unwrap_or_else(|e| panic!("{e}"));
    match cursor(&nowhere, &headers) {
        Ok(None) => {}
        Ok(Some(place)) => assert_eq!(place.to_string().parse(), Ok(place)),
        Err(error) => refused(error),
    }
    match read_key(&headers) {
        Ok(key) => {
            let key = key.unwrap_or_default();
            assert!((1..=KEY_CHARS_MAX).contains(&key.len()) && !key.contains(['#', '@']));
        }
        Err(error) => refused(error),
    }
    if let Some(token) = bearer(&headers) {
        assert_eq!(token.trim(), token);
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match parse(bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            refused(error);
            None
        }
    }
}

fn agent(spec: Option<Result<AgentSpec, ApiError>>) {
    match spec {
        None => {}
        Some(Ok(spec)) => assert_eq!(spec.check(), Ok(())),
        Some(Err(error)) => refused(error),
    }
}

/// What is refused is the client's fault, and is told so.
fn refused(error: ApiError) {
    let status = error.into_response().status();
    assert!(status.is_client_error(), "{status}");
}

fn says_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(says_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || says_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
