//! `optio topic`: who hears what.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    agent::{classed, message, said},
    api::Api,
    view,
};
use crate::{
    cli::Topic,
    console::{Console, Tone},
    failure::Failure,
};

const TOPICS: &str = "/api/topics";

pub(super) async fn run(api: &Api, topic: &Topic, console: &mut Console) -> Result<(), Failure> {
    match topic {
        Topic::List => list(api, console).await,
        Topic::Show { topic } => show(api, topic, console).await,
        Topic::Subscribe { topic, agent } => {
            let path = format!("{TOPICS}/{}/subscribers", path_of(topic));
            let body = json!({ "agent": agent });
            let answer = api.change(Method::POST, &path, Some(&body)).await?;
            let words = if answer["changed"] == true {
                format!("{agent} hears {topic}")
            } else {
                format!("{agent} hears {topic} already")
            };
            said(console, &answer, &words)
        }
        Topic::Unsubscribe { topic, agent } => {
            let path = format!("{TOPICS}/{}/subscribers/{}", path_of(topic), path_of(agent));
            let answer = api.change(Method::DELETE, &path, None).await?;
            let words = if answer["changed"] == true {
                format!("{agent} hears {topic} no more")
            } else {
                format!("{agent} did not hear {topic}")
            };
            said(console, &answer, &words)
        }
        Topic::Publish { topic, text, class } => {
            let body = classed(&message(text)?, *class);
            let path = format!("{TOPICS}/{}/publish", path_of(topic));
            let answer = api.change(Method::POST, &path, Some(&body)).await?;
            let words = format!("delivered to {} agents", view::text(&answer, "delivered"));
            said(console, &answer, &words)
        }
    }
}

fn path_of(text: &str) -> String {
    crate::percent::encode(text.as_bytes())
}

async fn list(api: &Api, console: &mut Console) -> Result<(), Failure> {
    let topics = api.list(TOPICS, "topics").await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "topics": topics }))?);
    }
    if topics.is_empty() {
        console.note("no agent hears a topic yet; `optio topic subscribe` changes that");
        return Ok(());
    }
    let row = |topic: &Value| {
        let cells = vec![view::text(topic, "topic"), view::text(topic, "subscribers")];
        (Tone::Plain, cells)
    };
    let rows: Vec<_> = topics.iter().map(row).collect();
    Ok(console.table(&["TOPIC", "SUBSCRIBERS"], &rows)?)
}

async fn show(api: &Api, topic: &str, console: &mut Console) -> Result<(), Failure> {
    let path = format!("{TOPICS}/{}", path_of(topic));
    let subscribers = api.list(&path, "subscribers").await?;
    if console.is_json() {
        let answer = json!({ "topic": topic, "subscribers": subscribers });
        return Ok(console.json(&answer)?);
    }
    if subscribers.is_empty() {
        console.note(&format!("nobody hears {topic}"));
        return Ok(());
    }
    let row = |subscriber: &Value| {
        let cells = vec![
            view::text(subscriber, "slug"),
            view::text(subscriber, "since"),
        ];
        (Tone::Plain, cells)
    };
    let rows: Vec<_> = subscribers.iter().map(row).collect();
    Ok(console.table(&["AGENT", "SINCE"], &rows)?)
}
