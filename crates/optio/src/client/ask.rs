//! `optio agent ask`: a question, and the wait for its reply.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    agent::{message, said},
    api::Api,
    view,
};
use crate::{console::Console, failure::Failure};

/// Milliseconds one request waits; the server knows the deadline.
const WAIT_MS: u32 = 30_000;

pub(super) async fn ask(
    api: &Api,
    who: &str,
    text: &str,
    seconds: Option<i64>,
    console: &mut Console,
) -> Result<(), Failure> {
    let mut body = json!({ "body": message(text)? });
    if let Some(seconds) = seconds {
        body["timeoutMs"] = json!(seconds.saturating_mul(1_000));
    }
    let id = api.agent_id(who).await?;
    let path = format!("/api/persistent-agents/{id}/ask");
    let asked = api.change(Method::POST, &path, Some(&body)).await?;
    let ask = view::text(&asked, "askId");
    if !console.is_json() {
        console.note(&format!("asked {who}; waiting for the reply"));
    }
    let answer = settled(api, &ask).await?;
    let reply = view::some(&answer["ask"]["reply"]);
    match reply {
        Some(reply) => said(console, &answer, &reply),
        None => Err(
            Failure::general(format!("{who} did not reply in time")).with([format!(
                "if it replies later, the reply lies at /api/asks/{ask}"
            )]),
        ),
    }
}

async fn settled(api: &Api, ask: &str) -> Result<Value, Failure> {
    let ask = crate::percent::encode(ask.as_bytes());
    loop {
        let answer = api
            .get(&format!("/api/asks/{ask}?waitMs={WAIT_MS}"))
            .await?;
        if answer["ask"]["state"] != "open" {
            return Ok(answer);
        }
    }
}
