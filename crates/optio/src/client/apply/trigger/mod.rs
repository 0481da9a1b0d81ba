//! A trigger that a file asks for. Triggers have no names: what one is known by is its type, and its path, its time, or
//! its tracker and labels.

use optio_domain::trigger::{Overlap, TargetKind, TriggerType, config::Config, mapping};
use serde_json::{Map, Value, json};

use super::{
    super::{
        kind::{Kind, OF_TRIGGERS},
        trigger::told,
    },
    compare::Change,
    sources::Sources,
};
use crate::config::Secret;

/// What stands where a secret is.
const MASK: &str = "***";

/// What becomes of a webhook's secret.
#[derive(Debug, PartialEq)]
pub(super) enum Wish {
    /// Nothing is said of it.
    Keep,
    /// It has none.
    Remove,
    /// It is this one.
    Set(Secret),
}

/// Whether secrets that are there already are set anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// They stay: what they are nobody is told.
    Keep,
    /// They are.
    Renew,
}

/// A trigger that a file asks for.
#[derive(Debug)]
pub(super) struct WantedTrigger {
    target: TargetKind,
    kind: TriggerType,
    /// All of its settings but for the secret.
    config: Map<String, Value>,
    secret: Wish,
    mapping: Map<String, Value>,
    enabled: Option<bool>,
}

impl WantedTrigger {
    /// Reads the triggers of one thing.
    pub(super) fn read_all(
        owner: Kind,
        triggers: Option<Value>,
        sources: Sources<'_>,
    ) -> Result<Option<Vec<Self>>, Vec<String>> {
        let Some(triggers) = triggers else {
            return Ok(None);
        };
        let Some(target) = owner.target() else {
            return Err(vec![format!("triggers: a {} has none", owner.word())]);
        };
        let Value::Array(triggers) = triggers else {
            return Err(vec!["triggers: must be a list".to_owned()]);
        };
        let (mut wanted, mut broken) = (Vec::<Self>::new(), Vec::new());
        for (number, trigger) in triggers.into_iter().enumerate() {
            let at = |words: String| format!("triggers[{number}]: {words}");
            match Self::read(target, trigger, sources) {
                Ok(it) if wanted.iter().any(|other| other.label() == it.label()) => {
                    broken.push(at(format!("there is a {} already", it.label())));
                }
                Ok(it) => wanted.push(it),
                Err(words) => broken.push(at(words)),
            }
        }
        if broken.is_empty() {
            Ok(Some(wanted))
        } else {
            Err(broken)
        }
    }

    fn read(target: TargetKind, trigger: Value, sources: Sources<'_>) -> Result<Self, String> {
        let Value::Object(mut members) = trigger else {
            return Err("must be a JSON object".to_owned());
        };
        let kind = members.remove("type");
        let kind = kind
            .as_ref()
            .and_then(Value::as_str)
            .and_then(TriggerType::parse);
        let kind = kind.ok_or("type: must be manual, schedule, webhook or ticket")?;
        let mut config = object(&mut members, "config")?;
        let secret = secret(kind, &mut config, sources)?;
        sources
            .fill(&mut config)
            .map_err(|words| format!("config.{words}"))?;
        config.retain(|_, value| !value.is_null());
        let known = |name: &String| OF_TRIGGERS.iter().any(|(member, _)| member == name);
        if let Some(unknown) = config.keys().find(|name| !known(name)) {
            return Err(format!("config: there is no member `{unknown}`"));
        }
        Config::parse(kind, target, &config).map_err(|error| format!("config.{}", error.rule))?;
        let mapping = object(&mut members, "paramMapping")?;
        if matches!(kind, TriggerType::Webhook | TriggerType::Ticket) {
            mapping::check(&mapping).map_err(|error| error.to_string())?;
        }
        let enabled = match members.remove("enabled") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(enabled)) => Some(enabled),
            Some(_) => return Err("enabled: must be true or false".to_owned()),
        };
        if let Some(unknown) = members.keys().next() {
            return Err(format!(
                "there is no member `{unknown}`; there are: type, config, paramMapping, enabled"
            ));
        }
        Ok(Self {
            target,
            kind,
            config,
            secret,
            mapping,
            enabled,
        })
    }

    /// Its type, and what it is known by.
    pub(super) fn label(&self) -> String {
        label(self.kind.name(), &self.config)
    }

    /// The body that makes it.
    pub(super) fn new_body(&self) -> Value {
        let mut body = json!({ "type": self.kind.name(), "config": self.full_config() });
        if !self.mapping.is_empty() {
            body["paramMapping"] = Value::Object(self.mapping.clone());
        }
        if let Some(enabled) = self.enabled {
            body["enabled"] = json!(enabled);
        }
        body
    }

    /// The body that makes another one equal to it.
    pub(super) fn change_body(&self, changes: &[Change], renewal: Renewal) -> Value {
        let mut config = self.full_config();
        let sets = changes.iter().any(|it| matches!(it, Change::Secret(_)));
        if !sets && renewal == Renewal::Keep {
            // What is left out stays as it is.
            config.remove("secret");
        }
        let mut body = json!({ "config": config, "paramMapping": null });
        if !self.mapping.is_empty() {
            body["paramMapping"] = Value::Object(self.mapping.clone());
        }
        if let Some(enabled) = self.enabled {
            body["enabled"] = json!(enabled);
        }
        body
    }

    fn full_config(&self) -> Map<String, Value> {
        let mut config = self.config.clone();
        match &self.secret {
            Wish::Keep => {}
            Wish::Remove => drop(config.insert("secret".to_owned(), Value::Null)),
            Wish::Set(secret) => drop(config.insert("secret".to_owned(), secret.reveal().into())),
        }
        config
    }

    /// What is to be changed about the one on the server to make it equal to this.
    pub(super) fn changes(&self, there: &Value, renewal: Renewal) -> Vec<Change> {
        let none = Map::new();
        let config = there["config"].as_object().unwrap_or(&none);
        let before = normal(self.target, self.kind, config);
        let after = normal(self.target, self.kind, &self.config);
        let mut changes = Vec::new();
        let names: std::collections::BTreeSet<&String> =
            before.keys().chain(after.keys()).collect();
        for name in names {
            let of = |config: &Map<String, Value>| config.get(name).cloned().unwrap_or_default();
            changes.extend(Change::between(name, of(&before), of(&after)));
        }
        let mapping = there["paramMapping"].as_object().unwrap_or(&none);
        if *mapping != self.mapping {
            let (old, new) = (json!(mapping), json!(self.mapping));
            changes.extend(Change::between("paramMapping", old, new));
        }
        if let Some(enabled) = self.enabled {
            let (old, new) = (there["enabled"].clone(), json!(enabled));
            changes.extend(Change::between("enabled", old, new));
        }
        let is_secret = !config.get("secret").unwrap_or(&Value::Null).is_null();
        changes.extend(match (&self.secret, is_secret, renewal) {
            (Wish::Remove, true, _) => Some(Change::Secret("removed")),
            (Wish::Set(_), false, _) => Some(Change::Secret("set")),
            (Wish::Set(_), true, Renewal::Renew) => Some(Change::Secret("set anew")),
            (Wish::Keep | Wish::Remove | Wish::Set(_), _, _) => None,
        });
        changes
    }

    /// Whether this is the one on the server.
    pub(super) fn is(&self, there: &Value) -> bool {
        self.label() == label_of(there)
    }
}

/// Type and identity of one that is on the server.
pub(super) fn label_of(there: &Value) -> String {
    let none = Map::new();
    let config = there["config"].as_object().unwrap_or(&none);
    label(there["type"].as_str().unwrap_or_default(), config)
}

fn label(kind: &str, config: &Map<String, Value>) -> String {
    let mut config = config.clone();
    if let Some(cron) = config.get("cronExpression").and_then(Value::as_str) {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        config.insert("cronExpression".to_owned(), fields.join(" ").into());
    }
    let mut labels = labels(&config);
    labels.sort();
    labels.dedup();
    config.insert("labels".to_owned(), json!(labels));
    format!(
        "{kind} {}",
        told::when(&json!(kind), &Value::Object(config))
    )
}

/// The labels of a ticket; their case makes no difference.
fn labels(config: &Map<String, Value>) -> Vec<String> {
    let labels = config.get("labels").and_then(Value::as_array);
    let labels = labels.into_iter().flatten().filter_map(Value::as_str);
    labels.map(str::to_lowercase).collect()
}

/// Settings with what they mean where they do not say it, and without what is known of it otherwise: the secret, which is
/// shown to nobody, and whatever the trigger is known by.
fn normal(
    target: TargetKind,
    kind: TriggerType,
    config: &Map<String, Value>,
) -> Map<String, Value> {
    let common = json!({ "overlap": Overlap::of_target(target), "class": "work" });
    let own = match kind {
        TriggerType::Manual => return Map::new(),
        TriggerType::Schedule => json!({ "missed": "once" }),
        TriggerType::Webhook => json!({ "signature": "any", "dedup": "delivery" }),
        TriggerType::Ticket => json!({}),
    };
    let both = [common, own]
        .into_iter()
        .filter_map(|it| it.as_object().cloned());
    let mut normal: Map<String, Value> = both.flatten().collect();
    let identity = [
        "secret",
        "cronExpression",
        "timezone",
        "path",
        "source",
        "labels",
    ];
    let said = config
        .iter()
        .filter(|(name, value)| !value.is_null() && !identity.contains(&name.as_str()));
    normal.extend(said.map(|(name, value)| (name.clone(), value.clone())));
    normal
}

fn object(members: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, String> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(it)) => Ok(it),
        Some(_) => Err(format!("{name}: must be a JSON object")),
    }
}

/// What the settings say of a secret, which they never hold themselves.
fn secret(
    kind: TriggerType,
    config: &mut Map<String, Value>,
    sources: Sources<'_>,
) -> Result<Wish, String> {
    let here = config.remove("secret");
    let wish = match (here, config.remove("secretFrom")) {
        (None, None) => return Ok(Wish::Keep),
        (Some(Value::Null), None) => Wish::Remove,
        (Some(Value::String(text)), None) if text == MASK => Wish::Keep,
        (Some(_), _) => {
            return Err(
                "config.secret: a secret does not stand in a file; say where it is with secretFrom: \
                 {\"env\": NAME} or {\"file\": PATH}"
                    .to_owned(),
            );
        }
        (None, Some(source)) => {
            let text = sources.text("config.secretFrom", &source)?;
            if text.is_empty() {
                return Err("config.secretFrom: the secret is empty".to_owned());
            }
            Wish::Set(Secret::new(text))
        }
    };
    if kind == TriggerType::Webhook {
        Ok(wish)
    } else {
        Err("config.secret: only a webhook has a secret".to_owned())
    }
}

#[cfg(test)]
mod tests;
