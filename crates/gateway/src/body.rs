//! Request bodies and queries: bounded, and with errors that name the place.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request::Parts,
};
use optio_domain::agent::spec::Invalid;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{Gateway, error::ApiError};

/// A JSON body. Unknown members are ignored, as older clients expect.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Gateway> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<Self, ApiError> {
        let bytes = read(request, gateway.world().limits.body_bytes_max).await?;
        parse(&bytes).map(Self)
    }
}

/// Reads a whole body up to a limit.
pub(crate) async fn read(request: Request, max: usize) -> Result<axum::body::Bytes, ApiError> {
    let announced = request
        .headers()
        .get(axum::http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|announced| max < announced) {
        return Err(ApiError::TooLarge(max));
    }
    axum::body::to_bytes(request.into_body(), max)
        .await
        .map_err(|error| {
            let cut = std::error::Error::source(&error)
                .is_some_and(|source| source.to_string().contains("limit"));
            if cut {
                ApiError::TooLarge(max)
            } else {
                ApiError::BadRequest("the body ended before it was complete".to_owned())
            }
        })
}

/// Reads a body as JSON.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if says_nul(bytes) {
        let words = "the body must not contain the character NUL (\\u0000); leave it out";
        return Err(ApiError::BadRequest(words.to_owned()));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        bad_json(&path, error.inner())
    })?;
    json.end().map_err(|error| bad_json("", &error))?;
    Ok(value)
}

/// Whether a text in the JSON holds the character NUL, which Postgres cannot hold and nobody means.
fn says_nul(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = rest.get(at + 1..).unwrap_or_default();
        if escape.starts_with(b"u0000") {
            return true;
        }
        // What follows a backslash is never itself the begin of an escape.
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

fn bad_json(path: &str, error: &serde_json::Error) -> ApiError {
    let place = format!("line {}, column {}", error.line(), error.column());
    let said = error.to_string();
    let rule = said.split(" at line ").next().unwrap_or(&said).to_owned();
    match error.classify() {
        serde_json::error::Category::Data if !path.is_empty() && path != "." => {
            ApiError::BadRequest(format!("{path}: {rule} ({place})"))
        }
        serde_json::error::Category::Data => ApiError::BadRequest(format!("{rule} ({place})")),
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => {
            ApiError::BadRequest(format!("the body is not JSON: {rule} ({place})"))
        }
    }
}

/// Query parameters, with errors in our own form.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Gateway> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        Query::<T>::from_request_parts(parts, gateway)
            .await
            .map(|Query(query)| Self(query))
            .map_err(|error| ApiError::BadRequest(format!("query: {}", error.body_text())))
    }
}

/// What the path names, with errors in our own form.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Gateway> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let path = Path::<T>::from_request_parts(parts, gateway).await;
        let nul = parts.uri.path().contains("%00");
        match path {
            Ok(Path(named)) if !nul => Ok(Self(named)),
            Ok(_) => Err(ApiError::BadRequest(
                "path: must not contain the character NUL".to_owned(),
            )),
            Err(error) => Err(ApiError::BadRequest(format!("path: {}", error.body_text()))),
        }
    }
}

/// Tells a member that is `null` from one that is absent.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A text that must hold something, and not too much.
pub(crate) fn text(field: &'static str, text: &str, bytes_max: usize) -> Result<(), ApiError> {
    if text.is_empty() {
        return Err(Invalid::new(field, "must not be empty").into());
    }
    if bytes_max < text.len() {
        return Err(ApiError::TooLarge(bytes_max));
    }
    Ok(())
}
