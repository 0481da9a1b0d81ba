//! The description of the API, for programs and for people.

use std::fmt::Write as _;

use axum::{
    http::header,
    response::{Html, IntoResponse},
};
use utoipa::openapi::{PathItem, path::Operation};

use crate::routes;

/// The description as JSON.
pub(crate) async fn openapi() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        crate::openapi(),
    )
}

/// The description as a page.
pub(crate) async fn page() -> Html<String> {
    let api = routes::openapi();
    let mut rows = String::new();
    for (path, item) in &api.paths.paths {
        for (method, operation) in operations(item) {
            let words = operation
                .description
                .as_deref()
                .or(operation.summary.as_deref());
            let _written = writeln!(
                rows,
                "<tr><td><code>{method}</code></td><td><code>{path}</code></td><td>{}</td></tr>",
                words.unwrap_or_default()
            );
        }
    }
    let about = api.info.description.unwrap_or_default();
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Optio API</title><style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui;\
         max-width:70rem;margin:2rem auto;padding:0 1rem}}td{{padding:.3rem .8rem;vertical-align:top}}\
         </style><h1>Optio API</h1><p>{about}</p><p>Everything in full: <a href=/openapi.json>\
         /openapi.json</a></p><table>{rows}</table></html>"
    ))
}

fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
    .collect()
}
