//! What a person says about a webhook, checked.

use super::{NoticeEvent, WebhookUrl};
use crate::agent::spec::Invalid;

/// Webhooks of one workspace.
pub const WEBHOOKS_MAX: i64 = 100;
/// Characters of a description.
const DESCRIPTION_CHARS_MAX: usize = 500;

/// Everything a person decides about a webhook but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSpec {
    /// Where it is told.
    pub url: WebhookUrl,
    /// What it is told of, each once, in the order of the list of all.
    pub events: Vec<NoticeEvent>,
    /// What it is for, for people.
    pub description: Option<String>,
    /// Whether it is told anything.
    pub active: bool,
}

impl WebhookSpec {
    /// Checks every rule and returns all that are broken.
    ///
    /// # Errors
    /// The broken rules, in the order of the fields.
    pub fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut broken = Vec::new();
        if self.events.is_empty() {
            broken.push(Invalid::new("events", "must name at least one event"));
        }
        let description = self.description.as_deref().unwrap_or_default();
        if DESCRIPTION_CHARS_MAX < description.chars().count() {
            let rule = format!("must not be longer than {DESCRIPTION_CHARS_MAX} characters");
            broken.push(Invalid::new("description", rule));
        }
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken)
        }
    }
}

/// Reads the names of events.
///
/// # Errors
/// The names that are none, with those there are.
pub fn read_events(names: &[String]) -> Result<Vec<NoticeEvent>, Invalid> {
    let unknown: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| NoticeEvent::parse(name).is_none())
        .collect();
    if !unknown.is_empty() {
        let known = NoticeEvent::ALL.map(NoticeEvent::name).join(", ");
        let rule = format!(
            "has no event called {}; there are: {known}",
            unknown.join(", ")
        );
        return Err(Invalid::new("events", rule));
    }
    let wanted = |event: &NoticeEvent| names.iter().any(|name| name == event.name());
    Ok(NoticeEvent::ALL.into_iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_once_each_and_unknown_ones_named() {
        let read = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
            read_events(&names)
        };
        assert_eq!(
            read(&["task.failed", "task.completed", "task.failed"]).unwrap(),
            [NoticeEvent::TaskCompleted, NoticeEvent::TaskFailed]
        );
        assert_eq!(read(&[]).unwrap(), []);
        let refused = read(&["task.failed", "task.exploded"])
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("task.exploded; there are: task.completed"),
            "{refused}"
        );
    }

    #[test]
    fn a_webhook_wants_something_and_says_little() {
        let spec = WebhookSpec {
            url: WebhookUrl::parse("url", "https://example.com").unwrap(),
            events: vec![NoticeEvent::TaskFailed],
            description: Some("ops".to_owned()),
            active: true,
        };
        assert_eq!(spec.check(), Ok(()));
        let broken = WebhookSpec {
            events: Vec::new(),
            description: Some("x".repeat(DESCRIPTION_CHARS_MAX + 1)),
            ..spec
        };
        let fields: Vec<_> = broken
            .check()
            .unwrap_err()
            .iter()
            .map(|it| it.field)
            .collect();
        assert_eq!(fields, ["events", "description"]);
    }
}
