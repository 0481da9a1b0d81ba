//! Events of a simulated GitHub, signed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::world::World;
use super::{Shared, shape};
use crate::git_host::hooks::Event;

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
        let (id, body) = (
            format!("00000000-0000-4000-8000-{number:012x}"),
            body.to_string(),
        );
        let headers = vec![
            ("user-agent", "GitHub-Hookshot/simulated".to_owned()),
            ("x-github-event", name.to_owned()),
            ("x-github-delivery", id.clone()),
            ("x-hub-signature-256", signature(&hook.secret, &body)),
        ];
        let event = Event {
            id,
            name: name.to_owned(),
            action,
            body,
            url: hook.url,
            headers,
            fate,
        };
        // Nobody listens any more only when the simulator ends.
        drop(self.events.send(event));
    }
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
