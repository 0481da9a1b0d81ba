//! A trigger's settings as people write them, understood.

use serde_json::{Map, Value};

use super::{Overlap, TargetKind, TriggerType, due::Missed, filter::Filter, hook::Scheme};
use crate::{
    agent::spec::Invalid,
    mail::Class,
    schedule::{BadSchedule, Schedule},
    template::Template,
};

/// Characters of a webhook's path.
const PATH_CHARS_MAX: usize = 128;
/// Labels a ticket trigger may ask for.
const LABELS_MAX: usize = 20;

/// The settings of a trigger.
#[derive(Debug, Clone)]
pub enum Config {
    /// A person fires it.
    Manual,
    /// Its time comes.
    Schedule(Box<ScheduleConfig>),
    /// Somebody outside calls it.
    Webhook(WebhookConfig),
    /// A ticket matches.
    Ticket(TicketConfig),
}

/// When, and what then.
#[derive(Debug, Clone)]
pub struct ScheduleConfig {
    /// When.
    pub schedule: Schedule,
    /// What becomes of fires that were missed.
    pub missed: Missed,
    /// What a fire does while the one before is not over.
    pub overlap: Overlap,
    /// What an agent is told.
    pub words: Words,
}

/// Where it is called, and what then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// The last part of its address.
    pub path: String,
    /// How calls are signed, where it has a secret.
    pub scheme: Scheme,
    /// Whether two calls with the same body are one.
    pub same_body_once: SameBody,
    /// Which calls are meant.
    pub when: Filter,
    /// Calls it takes in a minute; the installation's limit where nobody says it.
    pub calls_per_minute_max: Option<u32>,
    /// What a fire does while the one before is not over.
    pub overlap: Overlap,
    /// What an agent is told.
    pub words: Words,
}

/// What a second call with the same body is, where neither has a delivery id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SameBody {
    /// Another call.
    #[default]
    Again,
    /// The same one, repeated.
    Once,
}

/// Which tickets, and what then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketConfig {
    /// The tracker: github, gitlab, linear, jira or notion.
    pub source: String,
    /// All of these labels; any ticket of the tracker where there are none.
    pub labels: Vec<String>,
    /// What a fire does while the one before is not over.
    pub overlap: Overlap,
    /// What an agent is told.
    pub words: Words,
}

/// What an agent is told by a fire, and how loudly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// The text, a template over the parameters; a plain tick where there is none.
    pub prompt: Option<String>,
    /// What the message does to it.
    pub class: Class,
}

/// The trackers there are.
pub const SOURCES: [&str; 5] = ["github", "gitlab", "jira", "linear", "notion"];

struct Fields<'a> {
    fields: &'a Map<String, Value>,
    target: TargetKind,
}

impl Config {
    /// Understands the settings of a trigger of this type for this target.
    ///
    /// # Errors
    /// The member that is wrong, and what would be right.
    pub fn parse(
        kind: TriggerType,
        target: TargetKind,
        config: &Map<String, Value>,
    ) -> Result<Self, Invalid> {
        let fields = Fields {
            fields: config,
            target,
        };
        Ok(match kind {
            TriggerType::Manual => Self::Manual,
            TriggerType::Schedule => Self::Schedule(Box::new(fields.schedule()?)),
            TriggerType::Webhook => Self::Webhook(fields.webhook()?),
            TriggerType::Ticket => Self::Ticket(fields.ticket()?),
        })
    }

    /// What an agent is told by it; nothing where a person fires it.
    #[must_use]
    pub fn words(&self) -> Option<&Words> {
        match self {
            Self::Manual => None,
            Self::Schedule(it) => Some(&it.words),
            Self::Webhook(it) => Some(&it.words),
            Self::Ticket(it) => Some(&it.words),
        }
    }

    /// What a fire of it does while the one before is not over.
    #[must_use]
    pub fn overlap(&self, target: TargetKind) -> Overlap {
        match self {
            Self::Manual => Overlap::of_target(target),
            Self::Schedule(it) => it.overlap,
            Self::Webhook(it) => it.overlap,
            Self::Ticket(it) => it.overlap,
        }
    }
}

fn invalid<T>(field: &str, rule: impl std::fmt::Display) -> Result<T, Invalid> {
    Err(Invalid::new("config", format!("{field}: {rule}")))
}

impl Fields<'_> {
    fn text(&self, field: &str) -> Result<Option<&str>, Invalid> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => invalid(field, "must be a text"),
        }
    }

    fn choice<T>(
        &self,
        field: &str,
        default: T,
        parse: impl Fn(&str) -> Option<T>,
        choices: &str,
    ) -> Result<T, Invalid> {
        let Some(text) = self.text(field)? else {
            return Ok(default);
        };
        match parse(text) {
            Some(it) => Ok(it),
            None => invalid(field, format!("must be {choices}, not `{text}`")),
        }
    }

    fn overlap(&self) -> Result<Overlap, Invalid> {
        let default = Overlap::of_target(self.target);
        let overlap = self.choice(
            "overlap",
            default,
            Overlap::parse,
            "allow, skip, queue or replace",
        )?;
        if (self.target, overlap) == (TargetKind::Agent, Overlap::Replace) {
            return invalid(
                "overlap",
                "an agent's mail is not taken back; use skip or queue",
            );
        }
        Ok(overlap)
    }

    fn words(&self) -> Result<Words, Invalid> {
        let heard = |word: &str| {
            let heard = [Class::Work, Class::Notify, Class::Interrupt];
            Class::parse(word).filter(|class| heard.contains(class))
        };
        let prompt = self.text("prompt")?.map(str::to_owned);
        if let Some(Err(error)) = prompt.as_deref().map(Template::parse) {
            return invalid("prompt", error);
        }
        Ok(Words {
            prompt,
            class: self.choice("class", Class::Work, heard, "work, notify or interrupt")?,
        })
    }

    fn schedule(&self) -> Result<ScheduleConfig, Invalid> {
        let Some(expression) = self.text("cronExpression")? else {
            return invalid(
                "cronExpression",
                "is missing; give five fields such as `*/10 * * * *`",
            );
        };
        let zone = self.text("timezone")?;
        let schedule = match Schedule::parse(expression, zone) {
            Ok(schedule) => schedule,
            Err(error @ BadSchedule::Zone(_)) => return invalid("timezone", error),
            Err(error) => return invalid("cronExpression", error),
        };
        Ok(ScheduleConfig {
            schedule,
            missed: self.choice("missed", Missed::Once, Missed::parse, "once, all or skip")?,
            overlap: self.overlap()?,
            words: self.words()?,
        })
    }

    fn webhook(&self) -> Result<WebhookConfig, Invalid> {
        let Some(path) = self.text("path")? else {
            return invalid(
                "path",
                "is missing; it is the last part of /api/hooks/<path>",
            );
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let begins = path
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric());
        if PATH_CHARS_MAX < path.len() || !begins || !path.chars().all(plain) {
            let rule = format!(
                "must have 1 to {PATH_CHARS_MAX} letters, digits and ._- and begin with a letter or digit"
            );
            return invalid("path", rule);
        }
        let same = |word: &str| match word {
            "delivery" => Some(SameBody::Again),
            "body" => Some(SameBody::Once),
            _ => None,
        };
        Ok(WebhookConfig {
            path: path.to_owned(),
            scheme: self.choice(
                "signature",
                Scheme::Any,
                Scheme::parse,
                "any, optio, standard, github or gitlab",
            )?,
            same_body_once: self.choice("dedup", SameBody::Again, same, "delivery or body")?,
            when: Filter::read(self.fields.get("when"))?,
            calls_per_minute_max: self.per_minute()?,
            overlap: self.overlap()?,
            words: self.words()?,
        })
    }

    fn per_minute(&self) -> Result<Option<u32>, Invalid> {
        let field = "rateLimitPerMinute";
        let Some(value) = self.fields.get(field).filter(|it| !it.is_null()) else {
            return Ok(None);
        };
        let number = value.as_u64().and_then(|it| u32::try_from(it).ok());
        match number.filter(|it| 0 < *it) {
            Some(number) => Ok(Some(number)),
            None => invalid(field, "must be a whole number from 1"),
        }
    }

    fn ticket(&self) -> Result<TicketConfig, Invalid> {
        let source = match self.text("source")? {
            Some(source) if SOURCES.contains(&source) => source.to_owned(),
            _ => return invalid("source", format!("must be one of {}", SOURCES.join(", "))),
        };
        let labels = match self.fields.get("labels") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(labels)) if labels.len() <= LABELS_MAX => labels
                .iter()
                .map(|label| label.as_str().filter(|it| !it.trim().is_empty()))
                .map(|label| label.map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map_or_else(|| invalid("labels", "must be a list of texts"), Ok)?,
            Some(_) => {
                return invalid(
                    "labels",
                    format!("must be a list of at most {LABELS_MAX} texts"),
                );
            }
        };
        Ok(TicketConfig {
            source,
            labels,
            overlap: self.overlap()?,
            words: self.words()?,
        })
    }
}

impl TicketConfig {
    /// Whether it wants a ticket with these labels of this tracker. Labels differ in more than their case.
    #[must_use]
    pub fn wants(&self, source: &str, labels: &[String]) -> bool {
        let has = |wanted: &String| labels.iter().any(|it| it.eq_ignore_ascii_case(wanted));
        self.source == source && self.labels.iter().all(has)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(kind: TriggerType, config: Value) -> Result<Config, String> {
        let config = config.as_object().unwrap().clone();
        Config::parse(kind, TargetKind::Job, &config).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_what_would_be_right() {
        use TriggerType as T;
        for (kind, config, words) in [
            (T::Schedule, json!({}), "cronExpression: is missing"),
            (T::Schedule, json!({ "cronExpression": "x" }), "five fields"),
            (
                T::Schedule,
                json!({ "cronExpression": "* * * * *", "timezone": "Mars" }),
                "IANA",
            ),
            (
                T::Schedule,
                json!({ "cronExpression": "* * * * *", "missed": "x" }),
                "once, all or skip",
            ),
            (
                T::Schedule,
                json!({ "cronExpression": "* * * * *", "class": "stop" }),
                "class: must be",
            ),
            (
                T::Schedule,
                json!({ "cronExpression": "* * * * *", "prompt": "{{#if" }),
                "prompt: line 1",
            ),
            (T::Webhook, json!({}), "path: is missing"),
            (T::Webhook, json!({ "path": "a/b" }), "path: must have"),
            (
                T::Webhook,
                json!({ "path": "a", "overlap": "x" }),
                "allow, skip, queue or replace",
            ),
            (
                T::Webhook,
                json!({ "path": "a", "rateLimitPerMinute": 0 }),
                "rateLimitPerMinute",
            ),
            (
                T::Webhook,
                json!({ "path": "a", "when": { "action": [] } }),
                "when: action: must have",
            ),
            (
                T::Webhook,
                json!({ "path": "a", "signature": "md5" }),
                "any, optio, standard",
            ),
            (
                T::Ticket,
                json!({ "source": "paper" }),
                "github, gitlab, jira, linear, notion",
            ),
            (
                T::Ticket,
                json!({ "source": "jira", "labels": [1] }),
                "labels",
            ),
        ] {
            let error = parse(kind, config.clone()).unwrap_err();
            assert!(error.contains(words), "{config}: {error}");
        }
    }

    #[test]
    fn the_defaults_of_a_target_hold_where_nothing_is_said() {
        let config = parse(TriggerType::Webhook, json!({ "path": "alerts" })).unwrap();
        assert_eq!(config.overlap(TargetKind::Job), Overlap::Allow);
        let manual = Config::Manual;
        assert_eq!(manual.overlap(TargetKind::Agent), Overlap::Skip);
    }

    #[test]
    fn a_ticket_is_wanted_when_it_has_all_the_labels() {
        let config = json!({ "source": "linear", "labels": ["Bug", "optio"] });
        let Config::Ticket(ticket) = parse(TriggerType::Ticket, config).unwrap() else {
            panic!("another type");
        };
        let labels = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert!(ticket.wants("linear", &labels(&["bug", "Optio", "more"])));
        assert!(!ticket.wants("linear", &labels(&["bug"])));
        assert!(!ticket.wants("jira", &labels(&["bug", "optio"])));
    }
}
