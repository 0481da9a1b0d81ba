//! The filters of issues that are played. Any other one is refused, so that no test believes in it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::objects::{Issue, PROJECT, TEAM, World};

/// Whether an issue fits.
pub(super) fn fits(world: &World, issue: &Issue, filter: &Value) -> Result<bool, String> {
    let parts = filter.as_object().into_iter().flatten();
    for (name, part) in parts {
        let fits = match name.as_str() {
            "labels" => {
                let wanted = &part["some"]["name"]["eqIgnoreCase"];
                let wanted = wanted.as_str().ok_or_else(|| not_played("labels", part))?;
                issue
                    .labels
                    .iter()
                    .any(|it| it.eq_ignore_ascii_case(wanted))
            }
            "state" => {
                let kinds = &part["type"]["nin"];
                let kinds = kinds.as_array().ok_or_else(|| not_played("state", part))?;
                !kinds.contains(&Value::from(world.states[issue.state].kind))
            }
            "team" => equals(part, TEAM).ok_or_else(|| not_played("team", part))?,
            "project" => equals(part, PROJECT).ok_or_else(|| not_played("project", part))?,
            "updatedAt" => {
                let since = part["gte"].as_str().and_then(|text| text.parse().ok());
                let since: DateTime<Utc> = since.ok_or_else(|| not_played("updatedAt", part))?;
                since <= issue.updated
            }
            other => return Err(not_played(other, part)),
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equals(part: &Value, id: &str) -> Option<bool> {
    part["id"]["eq"].as_str().map(|wanted| wanted == id)
}

fn not_played(name: &str, part: &Value) -> String {
    format!("the filter {name}: {part} is not played")
}
