//! `optio secret`: values go to the server and are never shown.

use std::{
    io::{IsTerminal as _, Read},
    path::Path,
};

use chrono::{DateTime, Utc};
use optio_domain::{ports::Clock as _, secret::VALUE_BYTES_MAX};
use reqwest::Method;
use serde_json::{Value, json};

use super::{agent::said, api::Api, typed, view};
use crate::{
    cli::Secret,
    console::{Console, Tone},
    failure::Failure,
    machine::SystemClock,
};

const SECRETS: &str = "/api/secrets";

pub(super) async fn run(api: &Api, secret: &Secret, console: &mut Console) -> Result<(), Failure> {
    match secret {
        Secret::Set {
            name,
            scope,
            from_file,
        } => {
            let value = value(name, from_file.as_deref(), console).await?;
            let mut body = json!({ "name": name, "value": value });
            if let Some(scope) = scope {
                body["scope"] = json!(scope);
            }
            let kept = api.change(Method::POST, SECRETS, Some(&body)).await?;
            let words = format!("{name} is kept ({})", view::text(&kept, "scope"));
            said(console, &kept, &words)
        }
        Secret::List { scope } => list(api, scope.as_deref(), console).await,
        Secret::Rm { name, scope } => {
            let path = format!("{SECRETS}/{}{}", path_of(name), query(scope.as_deref()));
            api.change(Method::DELETE, &path, None).await?;
            said(
                console,
                &json!({ "ok": true }),
                &format!("{name} is removed"),
            )
        }
        Secret::RotateKey => {
            let path = format!("{SECRETS}/rotate-key");
            let rotated = api.change(Method::POST, &path, None).await?;
            let words = format!(
                "{} secrets are sealed anew, with the key {}",
                view::text(&rotated, "secrets"),
                view::text(&rotated, "keyId")
            );
            said(console, &rotated, &words)?;
            if let Some(left) = view::some(&rotated["left"]) {
                console.note(&left);
            }
            Ok(())
        }
    }
}

fn path_of(text: &str) -> String {
    crate::percent::encode(text.as_bytes())
}

fn query(scope: Option<&str>) -> String {
    scope.map_or_else(String::new, |scope| format!("?scope={}", path_of(scope)))
}

async fn list(api: &Api, scope: Option<&str>, console: &mut Console) -> Result<(), Failure> {
    let path = format!("{SECRETS}{}", query(scope));
    let secrets = api.list(&path, "secrets").await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "secrets": secrets }))?);
    }
    if secrets.is_empty() {
        console.note("no secrets yet; `optio secret set` keeps one");
        return Ok(());
    }
    let now = SystemClock.now();
    let rows: Vec<_> = secrets.iter().map(|secret| row(secret, now)).collect();
    Ok(console.table(&["NAME", "SCOPE", "SET"], &rows)?)
}

fn row(secret: &Value, now: DateTime<Utc>) -> (Tone, Vec<String>) {
    let cells = vec![
        view::text(secret, "name"),
        view::text(secret, "scope"),
        view::ago(&secret["updatedAt"], now),
    ];
    (Tone::Plain, cells)
}

/// The value: from a file, from the input, or from a person.
pub(super) async fn value(
    name: &str,
    file: Option<&Path>,
    console: &mut Console,
) -> Result<String, Failure> {
    if let Some(path) = file {
        let named = |words: &str| Failure::usage(format!("{}: {words}", path.display()));
        let file = std::fs::File::open(path).map_err(|error| named(&error.to_string()))?;
        return bounded(file).map_err(|words| named(&words));
    }
    if std::io::stdin().is_terminal() {
        console.note(&format!("The value of {name} (it is not shown):"));
        return typed::unseen().await;
    }
    let text = bounded(std::io::stdin()).map_err(Failure::usage)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// Reads a value; whatever is wrong with it is said without it.
fn bounded(from: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    let max = u64::try_from(VALUE_BYTES_MAX).unwrap_or(u64::MAX);
    // Room for a line end, and for one byte too many.
    let read = from.take(max + 3).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    if bytes.is_empty() {
        return Err("there is nothing to keep: the value is empty".to_owned());
    }
    if VALUE_BYTES_MAX + 2 < bytes.len() {
        return Err(format!("the value is longer than {VALUE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes)
        .map_err(|_binary| "the value is not text; encode it first, as with base64".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_up_to_its_limit_and_never_repeated() {
        assert_eq!(bounded(&b"line\nline\n"[..]).unwrap(), "line\nline\n");
        let long = b"hunter2".repeat(VALUE_BYTES_MAX);
        for bad in [&b""[..], b"hunter2\xff", &long] {
            let words = bounded(bad).unwrap_err();
            assert!(!words.contains("hunter2"), "{words}");
        }
    }
}
