//! What the HTTP side of every simulated git host has: paths, queries, pages, versions of answers.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// An answer whose connection breaks.
pub(crate) fn cut() -> Response {
    let broken = async_stream::stream! {
        yield Err::<bytes::Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    };
    axum::body::Body::from_stream(broken).into_response()
}

pub(crate) fn query(uri: &Uri) -> BTreeMap<String, String> {
    Query::try_from_uri(uri)
        .map(|Query(query)| query)
        .unwrap_or_default()
}

/// What tells one answer from another.
pub(crate) fn digest(body: &str) -> String {
    let hash = Sha256::digest(body.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A page of a list, and where it stands among the others.
pub(crate) struct Page {
    pub(crate) list: Vec<Value>,
    /// Its number, from 1.
    pub(crate) number: usize,
    /// The number of the last one.
    pub(crate) last: usize,
    /// Entries of a page.
    pub(crate) size: usize,
    /// Entries of the whole list.
    pub(crate) total: usize,
}

/// The page of a list that is asked for. `size`: the entries of a page, unless told otherwise, and at
/// most.
pub(crate) fn page(uri: &Uri, list: Vec<Value>, size: (usize, usize)) -> Page {
    let query = query(uri);
    let number = |name: &str| query.get(name).and_then(|it| it.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(size.0).clamp(1, size.1);
    let (number, total) = (number("page").unwrap_or(1).max(1), list.len());
    let list = list.into_iter().skip((number - 1) * size).take(size);
    Page {
        list: list.collect(),
        number,
        last: total.div_ceil(size).max(1),
        size,
        total,
    }
}

impl Page {
    /// The header that names the other pages; `base` is the address without its query.
    pub(crate) fn link(&self, base: &str, uri: &Uri) -> Option<String> {
        let query = query(uri);
        let mut links = Vec::new();
        let mut link = |to: usize, rel: &str| {
            let others = query.iter().filter(|(name, _)| *name != "page");
            let mut text: String = others
                .map(|(name, value)| format!("{name}={value}&"))
                .collect();
            text.push_str(&format!("page={to}"));
            links.push(format!("<{base}{}?{text}>; rel=\"{rel}\"", uri.path()));
        };
        if 1 < self.number {
            link(self.number - 1, "prev");
            link(1, "first");
        }
        if self.number < self.last {
            link(self.number + 1, "next");
            link(self.last, "last");
        }
        (!links.is_empty()).then(|| links.join(", "))
    }
}

/// The parts of a path, decoded.
pub(crate) fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(decode).collect()
}

fn decode(part: &str) -> String {
    let bytes = part.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = part.get(at + 1..at + 3);
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
