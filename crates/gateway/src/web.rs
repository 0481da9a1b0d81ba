//! The web UI, built into this program: its files are those of `web/dist` when it was compiled. Its own code asks
//! the API for everything, so that nothing in it is secret and everybody is given it.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::ApiError;

/// What the UI is served with.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// The page every address of the UI begins with.
const PAGE: &str = "index.html";
/// Files below it have their content in their name.
const NAMED_BY_CONTENT: &str = "assets/";
/// Whose first part is one of these is never a page.
const NOT_PAGES: [&str; 5] = ["api", "ws", "metrics", "docs", "openapi.json"];
/// Only what comes from here runs, and nobody shows it inside of another page.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// Where there is none.
const NOT_BUILT: &str = "This Optio was built without its web UI: with Node.js 20 or newer, `make web` and then \
                         `make build` put it in. The API is described at /docs, the command line by `optio --help`.\n";

/// Whether an address is one of the UI's.
pub(crate) fn is_page(method: &Method, path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next();
    (method == Method::GET || method == Method::HEAD)
        && first.is_some_and(|first| !NOT_PAGES.contains(&first))
}

/// A file of the UI; any other address of it is its page, which shows what belongs there.
pub(crate) fn serve(request: &Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    if !is_page(method, path) {
        return nothing(path);
    }
    let name = path.trim_start_matches('/');
    let file = Built::get(name).filter(|_| !name.is_empty());
    match (file, Built::get(PAGE)) {
        (Some(file), _) => answer(name, &file, request.headers()),
        // A file of another version: its page is to be loaded again, and not taken for a program.
        (None, _) if name.starts_with(NAMED_BY_CONTENT) => StatusCode::NOT_FOUND.into_response(),
        (None, Some(page)) => answer(PAGE, &page, request.headers()),
        (None, None) if name.is_empty() => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
        (None, None) => nothing(path),
    }
}

fn nothing(path: &str) -> Response {
    let words = format!("there is nothing at {path}; /docs lists what there is");
    ApiError::Missing(words).into_response()
}

fn answer(name: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let mark = file
        .metadata
        .sha256_hash()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let mark = format!("\"{}\"", mark.get(..32).unwrap_or_default());
    let lasts = if name.starts_with(NAMED_BY_CONTENT) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = asked
        .get(header::IF_NONE_MATCH)
        .is_some_and(|it| *it == *mark);
    let (status, body) = if known {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(file.data.to_vec()))
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    for (header, value) in [
        (header::CONTENT_TYPE, file.metadata.mimetype()),
        (header::CACHE_CONTROL, lasts),
        (header::ETAG, mark.as_str()),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(header, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str, known: Option<&HeaderValue>) -> Response {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = path.parse().unwrap();
        if let Some(mark) = known {
            let headers = request.headers_mut();
            headers.insert(header::IF_NONE_MATCH, mark.clone());
        }
        serve(&request)
    }

    #[test]
    fn files_last_as_long_as_their_names_and_pages_are_asked_for_again() {
        let page = asked("/agents/vesper", None);
        if Built::get(PAGE).is_none() {
            // This program was built without a UI, and says so where people look first.
            assert_eq!(page.status(), StatusCode::NOT_FOUND);
            assert_eq!(asked("/", None).status(), StatusCode::NOT_FOUND);
            return;
        }
        assert_eq!(page.status(), StatusCode::OK);
        assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html");
        assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache");
        assert!(page.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        let mark = &page.headers()[header::ETAG];
        assert_eq!(asked("/", Some(mark)).status(), StatusCode::NOT_MODIFIED);
        let script = Built::iter().find(|name| name.ends_with(".js")).unwrap();
        let script = asked(&format!("/{script}"), None);
        let lasts = script.headers()[header::CACHE_CONTROL].to_str().unwrap();
        assert!(lasts.contains("immutable"), "{lasts}");
        let gone = asked("/assets/of-another-version.js", None);
        assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_api_has_no_pages_and_pages_are_read_only() {
        for page in ["/", "/agents/vesper", "/assets/x.js", "/apiary"] {
            assert!(is_page(&Method::GET, page), "{page}");
            assert!(!is_page(&Method::POST, page), "{page}");
        }
        for other in [
            "/api/tasks",
            "/api",
            "/ws/events",
            "/metrics",
            "/openapi.json",
            "/docs",
        ] {
            assert!(!is_page(&Method::GET, other), "{other}");
        }
    }
}
