//! Live streams as server-sent events, resumed with `Last-Event-ID`.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::Stream;
use optio_runtime::stream::Listener;
use optio_store::events::{Cursor, EventRow};
use serde_json::{Map, Value, json};

use super::agents::find;
use crate::{
    Gateway,
    body::{Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page::Place,
};

/// How often a silent stream says that it is alive.
const ALIVE: Duration = Duration::from_secs(15);

/// Streams what happens to one agent.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}/events", tag = "live",
    params(("agent" = String, Path, description = "id or slug"),
           ("Last-Event-ID" = Option<String>, Header, description = "id of the last event seen"),
           Place),
    responses((status = 200, content_type = "text/event-stream", body = String),
              (status = 404, body = Problem)))]
pub(crate) async fn agent(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
    Params(from): Params<Place>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let row = find(&gateway, &agent).await?;
    let cursor = cursor(&from, &headers)?;
    let listener = gateway
        .world()
        .stream
        .listen(cursor, Some(row.id.0))
        .await?;
    Ok(sse(listener))
}

/// Streams what happens to all agents.
#[utoipa::path(get, path = "/api/events", tag = "live",
    params(("Last-Event-ID" = Option<String>, Header, description = "id of the last event seen"),
           Place),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(crate) async fn all(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(from): Params<Place>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let cursor = cursor(&from, &headers)?;
    let listener = gateway.world().stream.listen(cursor, None).await?;
    Ok(sse(listener))
}

/// Where a stream is to go on.
pub(crate) fn cursor(from: &Place, headers: &HeaderMap) -> Result<Option<Cursor>, ApiError> {
    let header = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    match header.or(from.last_event_id()) {
        None | Some("") => Ok(None),
        Some("0") => Ok(Some(Cursor::default())),
        Some(text) => text.parse().map(Some).map_err(|()| {
            ApiError::BadRequest(format!(
                "Last-Event-ID: `{text}` is not an id of this stream"
            ))
        }),
    }
}

pub(super) fn sse(mut listener: Listener) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = async_stream::stream! {
        // An error ends the stream; the client comes back with the last id it has seen.
        while let Ok(Some(event)) = listener.next().await {
            yield Ok(Event::default()
                .id(event.cursor().to_string())
                .event(event.type_name.clone())
                .data(message(&event).to_string()));
        }
    };
    Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE))
}

/// An event as clients get it, over either kind of stream.
pub(super) fn message(event: &EventRow) -> Value {
    let mut members = Map::new();
    members.insert("type".to_owned(), event.type_name.clone().into());
    if let Value::Object(data) = &event.data {
        members.extend(data.clone());
    }
    members.insert("timestamp".to_owned(), json!(event.at));
    Value::Object(members)
}
