//! Events: signed and sent in order, once, to whoever wants them. What is not taken is not sent again.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::mpsc;

use super::faults::Fate;
use super::setup::HookSetup;
use super::world::World;
use super::{Delivery, Shared, shape};

/// How long a receiver may take, as with GitHub.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How many deliveries are remembered.
const SENT_MAX: usize = 4_096;

/// An event on its way.
#[derive(Debug)]
pub(super) struct Event {
    id: String,
    name: String,
    action: String,
    body: String,
    hook: HookSetup,
    fate: Fate,
}

impl Shared {
    /// Something happened in a repository. What is special to it is in `more`.
    pub(super) fn tell(&self, world: &mut World, name: &str, key: &str, by: &str, more: Value) {
        let Some(hook) = world.hook.clone() else {
            return;
        };
        let fate = world.faults.of_event(name);
        let number = world.fresh();
        let Some(repo) = world.repos.get(key) else {
            return;
        };
        let mut body = more;
        body["repository"] = shape::repo(world, repo);
        body["sender"] = shape::user(world, by);
        if world.app.is_some() {
            body["installation"] = json!({ "id": repo.id, "node_id": "" });
        }
        let action = body["action"].as_str().unwrap_or_default().to_owned();
        let event = Event {
            id: format!("00000000-0000-4000-8000-{number:012x}"),
            name: name.to_owned(),
            action,
            body: body.to_string(),
            hook,
            fate,
        };
        // Nobody listens any more only when the simulator ends.
        drop(self.events.send(event));
    }
}

/// Sends what comes, until the simulator stops.
pub(super) async fn send_all(shared: Shared, mut events: mpsc::UnboundedReceiver<Event>) {
    let client = reqwest::Client::new();
    loop {
        let event = tokio::select! {
            () = shared.stop.cancelled() => return,
            event = events.recv() => event,
        };
        let Some(event) = event else { return };
        let times = match event.fate {
            Fate::Lost => {
                remember(&shared, &event, None);
                0
            }
            Fate::Sent => 1,
            Fate::Twice => 2,
        };
        for _ in 0..times {
            let status = tokio::select! {
                () = shared.stop.cancelled() => return,
                status = send(&client, &event) => status,
            };
            remember(&shared, &event, status);
        }
    }
}

async fn send(client: &reqwest::Client, event: &Event) -> Option<u16> {
    let answer = client
        .post(&event.hook.url)
        .timeout(ANSWER_MAX)
        .header("content-type", "application/json")
        .header("user-agent", "GitHub-Hookshot/simulated")
        .header("x-github-event", &event.name)
        .header("x-github-delivery", &event.id)
        .header(
            "x-hub-signature-256",
            signature(&event.hook.secret, &event.body),
        )
        .body(event.body.clone())
        .send()
        .await;
    answer.ok().map(|answer| answer.status().as_u16())
}

fn signature(secret: &str, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

fn remember(shared: &Shared, event: &Event, status: Option<u16>) {
    let mut world = shared.world();
    if SENT_MAX <= world.sent.len() {
        world.sent.pop_front();
    }
    world.sent.push_back(Delivery {
        id: event.id.clone(),
        event: event.name.clone(),
        action: event.action.clone(),
        status,
    });
}
