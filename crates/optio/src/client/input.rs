//! What people hand in beside words: files, and the input.

use std::{io::Read, path::Path};

use serde_json::Value;

use crate::failure::Failure;

/// Reads a file, or the input where the path is `-`.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
}

/// Reads a file of JSON, or the input where the path is `-`.
pub(super) fn json(path: &Path) -> Result<Value, Failure> {
    serde_json::from_str(&text(path)?)
        .map_err(|error| Failure::usage(format!("{} is not JSON: {error}", path.display())))
}

/// A text, or that of a file where it begins with an at sign.
pub(super) fn text_or_file(given: &str) -> Result<String, Failure> {
    match given.strip_prefix('@') {
        Some(file) => text(Path::new(file)),
        None => Ok(given.to_owned()),
    }
}

/// A name and what is said of it.
pub(super) fn pair<'a>(given: &'a str, form: &str) -> Result<(&'a str, &'a str), Failure> {
    match given.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name, value)),
        Some(_) | None => Err(Failure::usage(format!("{given} must be {form}"))),
    }
}
