//! A trigger as a person reads it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::super::view;
use crate::console::Tone;

/// By what it fires, in one line.
pub(in super::super) fn when(kind: &Value, config: &Value) -> String {
    match kind.as_str() {
        Some("schedule") => {
            let cron = view::text(config, "cronExpression");
            match view::some(&config["timezone"]) {
                Some(zone) => format!("{cron} ({zone})"),
                None => format!("{cron} (UTC)"),
            }
        }
        Some("webhook") => format!("/api/hooks/{}", view::text(config, "path")),
        Some("ticket") => {
            let labels = config["labels"].as_array().into_iter().flatten();
            let labels: Vec<String> = labels.filter_map(view::some).collect();
            let source = view::text(config, "source");
            if labels.is_empty() {
                source
            } else {
                format!("{source}: {}", labels.join(", "))
            }
        }
        Some("manual") => "by hand".to_owned(),
        _ => view::NOTHING.to_owned(),
    }
}

/// What came of its last fire, and when.
pub(super) fn outcome(trigger: &Value, now: DateTime<Utc>) -> String {
    if let Some(reason) = view::some(&trigger["disabledReason"]) {
        return format!("disabled: {reason}");
    }
    match view::some(&trigger["lastOutcome"]) {
        Some(words) => {
            let words = words.replace('\n', " ");
            format!("{words}, {}", view::ago(&trigger["lastOutcomeAt"], now))
        }
        None => view::NOTHING.to_owned(),
    }
}

/// How it stands: disabled by itself, by a person, or with a last fire that was refused.
pub(super) fn tone(trigger: &Value) -> Tone {
    let refused = trigger["lastOutcome"]
        .as_str()
        .is_some_and(|words| words.starts_with("refused"));
    match (&trigger["disabledReason"], trigger["enabled"].as_bool()) {
        (Value::String(_), _) => Tone::Bad,
        (_, Some(false)) => Tone::Dim,
        _ if refused => Tone::Warning,
        _ => Tone::Plain,
    }
}

/// A moment in its own time zone, and how far it is.
pub(super) fn moment(at: &Value, zone: &Value, now: DateTime<Utc>) -> String {
    let Some(moment) = view::moment(at) else {
        return view::NOTHING.to_owned();
    };
    let zone: Tz = zone
        .as_str()
        .and_then(|zone| zone.parse().ok())
        .unwrap_or(Tz::UTC);
    let local = moment.with_timezone(&zone).format("%a %Y-%m-%d %H:%M:%S");
    format!("{local} {zone} ({})", view::ago(at, now))
}

/// Everything that was decided about it.
pub(super) fn settings(trigger: &Value) -> Vec<(String, String)> {
    let members = trigger["config"].as_object().into_iter().flatten();
    let mut rows: Vec<(String, String)> = members
        .filter_map(|(name, value)| Some((view::clean(name), view::some(value)?)))
        .map(|(name, value)| (name, value.replace('\n', " ")))
        .collect();
    let what = match trigger["type"].as_str() {
        Some("schedule" | "manual") => "=",
        _ => "from",
    };
    let mapping = trigger["paramMapping"].as_object().into_iter().flatten();
    rows.extend(mapping.filter_map(|(name, value)| {
        let words = format!("{} {what} {}", view::clean(name), view::some(value)?);
        Some(("parameter".to_owned(), words))
    }));
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_says_when_it_fires() {
        for (kind, config, words) in [
            (
                "schedule",
                json!({ "cronExpression": "0 9 * * *" }),
                "0 9 * * * (UTC)",
            ),
            (
                "schedule",
                json!({ "cronExpression": "0 9 * * *", "timezone": "Europe/Paris" }),
                "0 9 * * * (Europe/Paris)",
            ),
            (
                "webhook",
                json!({ "path": "alerts", "secret": "***" }),
                "/api/hooks/alerts",
            ),
            (
                "ticket",
                json!({ "source": "github", "labels": ["bug", "optio"] }),
                "github: bug, optio",
            ),
            ("ticket", json!({ "source": "linear" }), "linear"),
            ("manual", json!({}), "by hand"),
        ] {
            assert_eq!(when(&json!(kind), &config), words);
        }
    }

    #[test]
    fn a_moment_is_told_in_the_zone_of_its_schedule_and_from_now() {
        let now = "2030-07-01T06:00:00Z".parse().unwrap();
        let at = json!("2030-07-01T07:00:00Z");
        assert_eq!(
            moment(&at, &json!("Europe/Paris"), now),
            "Mon 2030-07-01 09:00:00 Europe/Paris (in 1 h)"
        );
        assert_eq!(
            moment(&at, &Value::Null, now),
            "Mon 2030-07-01 07:00:00 UTC (in 1 h)"
        );
    }

    #[test]
    fn what_came_of_it_is_told_with_its_age_and_a_refusal_stands_out() {
        let now = "2030-01-01T03:00:00Z".parse().unwrap();
        let trigger = json!({ "enabled": true, "lastOutcome": "refused: params:\nday", "lastOutcomeAt": "2030-01-01T00:00:00Z" });
        assert_eq!(outcome(&trigger, now), "refused: params: day, 3 h ago");
        assert_eq!(tone(&trigger), Tone::Warning);
        let broken = json!({ "enabled": false, "disabledReason": "it fires itself" });
        assert_eq!(outcome(&broken, now), "disabled: it fires itself");
        assert_eq!(tone(&broken), Tone::Bad);
        assert_eq!(tone(&json!({ "enabled": false })), Tone::Dim);
        assert_eq!(outcome(&json!({ "enabled": true }), now), "-");
    }
}
