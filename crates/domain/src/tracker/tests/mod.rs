//! What is accepted as a tracker, what becomes of a ticket, and what happens next.

mod plans;
mod specs;
mod works;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Source, Ticket, TrackerSpec};
use crate::{agent::spec::Invalid, secret::SecretText};

fn now() -> DateTime<Utc> {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn read(source: Source, config: Value) -> Result<(TrackerSpec, Option<SecretText>), Vec<Invalid>> {
    let Value::Object(config) = config else {
        return TrackerSpec::read(source, &Map::new());
    };
    TrackerSpec::read(source, &config)
}

fn ticket() -> Ticket {
    Ticket {
        id: "SHOP-7".to_owned(),
        key: "SHOP-7".to_owned(),
        url: "https://acme.example/browse/SHOP-7".to_owned(),
        title: "Add /healthz".to_owned(),
        body: "It answers 200.".to_owned(),
        author: "ada".to_owned(),
        labels: vec!["optio".to_owned()],
        open: true,
        changed_at: now(),
        repo_url: None,
    }
}
