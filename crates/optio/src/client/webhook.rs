//! `optio webhook`: who is told what happens, and what became of it.

use chrono::{DateTime, Utc};
use optio_domain::{
    notice::signature::new_secret,
    ports::{Chance as _, Clock as _},
    secret::SecretText,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{agent::said, api::Api, secret, view};
use crate::{
    cli::{AddWebhook, Webhook},
    console::{Console, Tone},
    failure::{Exit, Failure},
    machine::{SystemChance, SystemClock},
};

const WEBHOOKS: &str = "/api/webhooks";
/// Characters of an id that are enough to name it.
const SHORT_CHARS_MIN: usize = 8;

pub(super) async fn run(
    api: &Api,
    webhook: &Webhook,
    console: &mut Console,
) -> Result<(), Failure> {
    match webhook {
        Webhook::Add(add) => create(api, add, console).await,
        Webhook::List => list(api, console).await,
        Webhook::Show { webhook } => show(api, webhook, console).await,
        Webhook::Test { webhook, event } => test(api, webhook, event.as_deref(), console).await,
        Webhook::Deliveries { webhook, limit } => deliveries(api, webhook, *limit, console).await,
        Webhook::Replay { webhook, delivery } => {
            let path = path_of(api, webhook).await?;
            let delivery = crate::percent::encode(delivery.as_bytes());
            let path = format!("{path}/deliveries/{delivery}/replay");
            let answer = api.change(Method::POST, &path, None).await?;
            said(console, &answer, "it is sent once more")
        }
        Webhook::On { webhook } => turn(api, webhook, Turn::On, console).await,
        Webhook::Off { webhook } => turn(api, webhook, Turn::Off, console).await,
        Webhook::Rm { webhook } => {
            let path = path_of(api, webhook).await?;
            api.change(Method::DELETE, &path, None).await?;
            said(
                console,
                &json!({ "ok": true }),
                &format!("removed {webhook}"),
            )
        }
    }
}

/// Which way a webhook is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    On,
    Off,
}

async fn create(api: &Api, add: &AddWebhook, console: &mut Console) -> Result<(), Failure> {
    let made = add.new_secret.then(fresh_secret).transpose()?;
    let secret = match &made {
        Some(made) => Some(made.reveal().to_owned()),
        None if add.secret || add.secret_file.is_some() => {
            Some(secret::value("the secret", add.secret_file.as_deref(), console).await?)
        }
        None => None,
    };
    let mut body = json!({ "url": add.url, "events": add.events });
    if let Some(description) = &add.description {
        body["description"] = json!(description);
    }
    if let Some(secret) = secret {
        body["secret"] = json!(secret.trim_end_matches(['\r', '\n']));
    }
    let mut answer = api.change(Method::POST, WEBHOOKS, Some(&body)).await?;
    let id = view::text(&answer["webhook"], "id");
    // Whoever made the secret is the only one who can say it.
    if let Some(made) = &made {
        answer["webhook"]["secret"] = json!(made.reveal());
    }
    said(console, &answer, &format!("added {id}"))?;
    if let (Some(made), false) = (&made, console.is_json()) {
        console.line(made.reveal())?;
        console.note("This is the secret. It is not shown again: give it to the receiver now.");
    }
    Ok(())
}

fn fresh_secret() -> Result<SecretText, Failure> {
    let mut bytes = [0; 32];
    SystemChance
        .fill(&mut bytes)
        .map_err(|error| Failure::general(format!("this machine gives no randomness: {error}")))?;
    Ok(new_secret(&bytes))
}

/// The path of the webhook with that id, beginning of an id, or address.
async fn path_of(api: &Api, webhook: &str) -> Result<String, Failure> {
    let hooks = api.list(WEBHOOKS, "webhooks").await?;
    let short = webhook.to_lowercase();
    let is_meant = |it: &&Value| {
        let id = it["id"].as_str().unwrap_or_default();
        it["url"] == webhook || (SHORT_CHARS_MIN <= short.len() && id.starts_with(&short))
    };
    let found: Vec<&Value> = hooks.iter().filter(is_meant).collect();
    match found.as_slice() {
        [one] => Ok(format!("{WEBHOOKS}/{}", view::text(one, "id"))),
        [] => Err(Failure::new(
            Exit::NotFound,
            format!("there is no webhook {webhook:?}; `optio webhook list` shows those there are"),
        )),
        many => Err(
            Failure::usage(format!("{webhook:?} may be one of several; give its id"))
                .with(many.iter().map(|it| view::text(it, "id"))),
        ),
    }
}

async fn list(api: &Api, console: &mut Console) -> Result<(), Failure> {
    let hooks = api.list(WEBHOOKS, "webhooks").await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "webhooks": hooks }))?);
    }
    if hooks.is_empty() {
        console.note("no webhooks yet; `optio webhook add` adds one");
        return Ok(());
    }
    let rows: Vec<_> = hooks.iter().map(row).collect();
    Ok(console.table(&["ID", "STATE", "EVENTS", "ADDRESS"], &rows)?)
}

fn row(hook: &Value) -> (Tone, Vec<String>) {
    let active = hook["active"] == true;
    let cells = vec![
        view::text(hook, "id"),
        if active { "on" } else { "off" }.to_owned(),
        events(hook),
        view::text(hook, "url"),
    ];
    (if active { Tone::Plain } else { Tone::Dim }, cells)
}

fn events(hook: &Value) -> String {
    let names = hook["events"].as_array().into_iter().flatten();
    let names: Vec<String> = names.filter_map(view::some).collect();
    names.join(",")
}

async fn show(api: &Api, webhook: &str, console: &mut Console) -> Result<(), Failure> {
    let answer = api.get(&path_of(api, webhook).await?).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let hook = &answer["webhook"];
    for (name, _) in hook.as_object().into_iter().flatten() {
        let value = if name == "events" {
            events(hook)
        } else {
            view::text(hook, name)
        };
        console.line(&format!("  {name:<24}{value}"))?;
    }
    Ok(())
}

async fn turn(api: &Api, webhook: &str, turn: Turn, console: &mut Console) -> Result<(), Failure> {
    let path = path_of(api, webhook).await?;
    let body = json!({ "active": turn == Turn::On });
    let answer = api.change(Method::PATCH, &path, Some(&body)).await?;
    let words = match turn {
        Turn::On => format!("{webhook} is told what happens"),
        Turn::Off => format!("{webhook} is told nothing"),
    };
    said(console, &answer, &words)
}

async fn test(
    api: &Api,
    webhook: &str,
    event: Option<&str>,
    console: &mut Console,
) -> Result<(), Failure> {
    let path = format!("{}/test", path_of(api, webhook).await?);
    let body = event.map_or_else(|| json!({}), |event| json!({ "event": event }));
    let answer = api.change(Method::POST, &path, Some(&body)).await?;
    let delivery = &answer["delivery"];
    if delivery["success"] == true {
        let status = view::text(delivery, "statusCode");
        return said(console, &answer, &format!("it arrived: {status}"));
    }
    if console.is_json() {
        console.json(&answer)?;
    }
    Err(Failure::general(format!(
        "it did not arrive: {}",
        view::text(delivery, "error")
    )))
}

async fn deliveries(
    api: &Api,
    webhook: &str,
    limit: u32,
    console: &mut Console,
) -> Result<(), Failure> {
    let path = format!("{}/deliveries?limit={limit}", path_of(api, webhook).await?);
    let answer = api.get(&path).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    let told = answer["deliveries"].as_array().cloned().unwrap_or_default();
    if told.is_empty() {
        console.note("it was told nothing yet; `optio webhook test` sends it something");
        return Ok(());
    }
    let now = SystemClock.now();
    let rows: Vec<_> = told
        .iter()
        .map(|delivery| told_row(delivery, now))
        .collect();
    Ok(console.table(
        &["ID", "EVENT", "WHEN", "TRIES", "ANSWER", "NEXT", "TROUBLE"],
        &rows,
    )?)
}

fn told_row(delivery: &Value, now: DateTime<Utc>) -> (Tone, Vec<String>) {
    let cells = vec![
        view::text(delivery, "id"),
        view::text(delivery, "event"),
        view::ago(&delivery["createdAt"], now),
        view::text(delivery, "attempt"),
        view::text(delivery, "statusCode"),
        view::ago(&delivery["nextAttemptAt"], now),
        view::text(delivery, "error"),
    ];
    (Tone::Plain, cells)
}

#[cfg(test)]
mod tests {
    use optio_domain::notice::signature::{STANDARD_PREFIX, read_secret};

    use super::*;

    #[test]
    fn a_new_secret_is_one_that_the_server_takes_and_never_the_same() {
        let (one, other) = (fresh_secret().unwrap(), fresh_secret().unwrap());
        assert!(one.reveal().starts_with(STANDARD_PREFIX));
        assert!(read_secret(one.reveal()).is_ok());
        assert_ne!(one, other);
    }

    #[test]
    fn what_is_off_and_what_waits_can_be_seen() {
        let hook = json!({ "id": "i", "active": false, "events": ["task.failed", "agent.failed"],
                           "url": "https://x.example/" });
        let (tone, cells) = row(&hook);
        assert_eq!(tone, Tone::Dim);
        assert_eq!(
            cells,
            ["i", "off", "task.failed,agent.failed", "https://x.example/"]
        );
        let now = "2030-01-02T00:00:00Z".parse().unwrap();
        let delivery = json!({ "id": "d", "event": "task.failed", "createdAt": "2030-01-01T23:59:30Z",
                               "attempt": 2, "statusCode": 500, "nextAttemptAt": "2030-01-02T00:05:01Z",
                               "error": "the receiver answered 500" });
        let (_, cells) = told_row(&delivery, now);
        assert_eq!(
            cells,
            [
                "d",
                "task.failed",
                "30 s ago",
                "2",
                "500",
                "in 5 min",
                "the receiver answered 500"
            ]
        );
    }
}
