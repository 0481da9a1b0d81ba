//! A trigger as people write it on a command line. Its secret comes from the input or a file, never from an argument.

use std::{io::IsTerminal as _, path::Path};

use clap::ValueEnum;
use optio_domain::secret::VALUE_BYTES_MAX;
use serde_json::{Map, Value, json};

use super::super::{
    input::{self, pair, text_or_file},
    job::written::{put, setting_of},
    kind::{Form, OF_TRIGGERS},
    typed,
};
use crate::{
    cli::{By, ChangedTrigger, Common, HookSecret},
    console::Console,
    failure::Failure,
};

/// The word of the API for a choice.
fn word(choice: Option<impl ValueEnum>) -> Option<Value> {
    let value = choice?.to_possible_value()?;
    Some(json!(value.get_name()))
}

/// The body of a new trigger.
pub(super) async fn new(by: &By, console: &mut Console) -> Result<Value, Failure> {
    let mut config = Map::new();
    let mut say = |name: &str, value: Option<Value>| {
        config.extend(value.map(|value| (name.to_owned(), value)));
    };
    let (kind, mapping, common) = match by {
        By::Schedule {
            cron,
            timezone,
            missed,
            params,
            common,
        } => {
            say("cronExpression", Some(json!(cron)));
            say("timezone", timezone.as_ref().map(|it| json!(it)));
            say("missed", word(*missed));
            ("schedule", params_of(params)?, Some(common))
        }
        By::Webhook {
            path,
            secret,
            signature,
            dedup,
            per_minute,
            when,
            map,
            common,
        } => {
            say("path", Some(json!(path)));
            say("signature", word(*signature));
            say("dedup", word(*dedup));
            say("rateLimitPerMinute", per_minute.map(|it| json!(it)));
            say("when", conditions(when)?);
            say("secret", secret_of(secret, console).await?);
            ("webhook", mapping_of(map)?, Some(common))
        }
        By::Ticket {
            source,
            labels,
            map,
            common,
        } => {
            say("source", Some(json!(source)));
            say("labels", (!labels.is_empty()).then(|| json!(labels)));
            ("ticket", mapping_of(map)?, Some(common))
        }
        By::Manual { disabled } => {
            return Ok(json!({ "type": "manual", "config": {}, "enabled": !disabled }));
        }
    };
    let plain = Common::default();
    let common = common.unwrap_or(&plain);
    say("overlap", word(common.overlap));
    say("prompt", prompt(common)?);
    say("class", word(common.class));
    let mut body = json!({ "type": kind, "config": config, "enabled": !common.disabled });
    if !mapping.is_empty() {
        body["paramMapping"] = Value::Object(mapping);
    }
    Ok(body)
}

fn prompt(common: &Common) -> Result<Option<Value>, Failure> {
    let prompt = common.prompt.as_deref().map(text_or_file).transpose()?;
    Ok(prompt.map(Value::from))
}

/// The parameters that a schedule brings with it: text, or JSON where that is none.
fn params_of(given: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut params = Map::new();
    for param in given {
        let (name, value) = pair(param, "PARAM=VALUE")?;
        let text = text_or_file(value)?;
        let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
        put(&mut params, name, json)?;
    }
    Ok(params)
}

fn mapping_of(given: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut mapping = Map::new();
    for param in given {
        let (name, path) = pair(param, "PARAM=PATH")?;
        put(&mut mapping, name, json!(path))?;
    }
    Ok(mapping)
}

/// What the body of a call has to say: of a path that is named several times one of the values.
fn conditions(given: &[String]) -> Result<Option<Value>, Failure> {
    let mut conditions: Map<String, Value> = Map::new();
    for condition in given {
        let (path, value) = pair(condition, "PATH=VALUE")?;
        let value = serde_json::from_str(value).unwrap_or_else(|_text| json!(value));
        let known = conditions.entry(path).or_insert_with(|| json!([]));
        if let Some(known) = known.as_array_mut() {
            known.push(value);
        }
    }
    Ok((!conditions.is_empty()).then_some(Value::Object(conditions)))
}

/// The secret of a webhook, where one is given.
async fn secret_of(secret: &HookSecret, console: &mut Console) -> Result<Option<Value>, Failure> {
    let text = match &secret.secret_file {
        Some(file) => input::text(file)?,
        None if !secret.secret_stdin => return Ok(None),
        None if std::io::stdin().is_terminal() => {
            console.note("The secret of the webhook (it is not shown):");
            typed::unseen().await?
        }
        None => input::text(Path::new("-"))?,
    };
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line.len() {
        0 => Err(Failure::usage(
            "the secret is empty; there is nothing to keep",
        )),
        1..=VALUE_BYTES_MAX => Ok(Some(json!(line))),
        _ => Err(Failure::usage(format!(
            "the secret is longer than {VALUE_BYTES_MAX} bytes"
        ))),
    }
}

/// What is to be changed about a trigger: its settings are sent as a whole.
pub(super) async fn changed(
    trigger: &Value,
    changed: &ChangedTrigger,
    console: &mut Console,
) -> Result<Value, Failure> {
    let before = trigger["config"].as_object().cloned().unwrap_or_default();
    let Settings {
        mut config,
        mut said,
        enabled,
    } = settings(before, &changed.settings)?;
    // What is shown in its place is not the secret; left out, it stays.
    config.remove("secret");
    let removed = changed.no_secret.then_some(Value::Null);
    if let Some(secret) = removed.or(secret_of(&changed.secret, console).await?) {
        config.insert("secret".to_owned(), secret);
        said = Said::Something;
    }
    let mut body = Map::new();
    if said == Said::Something {
        body.insert("config".to_owned(), Value::Object(config));
    }
    body.extend(enabled.map(|it| ("enabled".to_owned(), it)));
    let mapping = match (changed.params.is_empty(), changed.map.is_empty()) {
        (false, _) => Some(params_of(&changed.params)?),
        (true, false) => Some(mapping_of(&changed.map)?),
        (true, true) => None,
    };
    body.extend(mapping.map(|it| ("paramMapping".to_owned(), Value::Object(it))));
    if body.is_empty() {
        return Err(Failure::usage(
            "nothing would change; give settings as NAME=VALUE, or one of the options",
        ));
    }
    Ok(Value::Object(body))
}

/// The settings of a trigger as they are from now on.
struct Settings {
    config: Map<String, Value>,
    said: Said,
    enabled: Option<Value>,
}

/// Whether anything was said of its config.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Something,
}

fn settings(config: Map<String, Value>, given: &[String]) -> Result<Settings, Failure> {
    let mut settings = Settings {
        config,
        said: Said::Nothing,
        enabled: None,
    };
    let mut seen = Map::new();
    for setting in given {
        let (name, value) = pair(setting, "NAME=VALUE")?;
        put(&mut seen, name, Value::Null)?;
        if name == "enabled" {
            settings.enabled = Some(setting_of(name, Form::Json, value)?);
            continue;
        }
        let Some((_, form)) = OF_TRIGGERS.iter().find(|(member, _)| *member == name) else {
            return Err(Failure::usage(no_setting(name)));
        };
        let value = setting_of(name, *form, value)?;
        if value.is_null() {
            settings.config.remove(name);
        } else {
            settings.config.insert(name.to_owned(), value);
        }
        settings.said = Said::Something;
    }
    Ok(settings)
}

fn no_setting(name: &str) -> String {
    if name == "secret" {
        return "a secret is never an argument; give --secret-stdin or --secret-file".to_owned();
    }
    let names: Vec<&str> = OF_TRIGGERS.iter().map(|(name, _)| *name).collect();
    format!(
        "a trigger has no setting `{name}`; there are: enabled, {}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(all: &[&str]) -> Vec<String> {
        all.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn settings_are_changed_one_by_one_and_sent_as_a_whole() {
        let before =
            json!({ "cronExpression": "0 9 * * *", "timezone": "Europe/Paris", "missed": "all" });
        let before = before.as_object().unwrap().clone();
        let all = given(&[
            "cronExpression=0 8 * * *",
            "missed=null",
            "overlap=skip",
            "enabled=false",
        ]);
        let Settings {
            config, enabled, ..
        } = settings(before.clone(), &all).unwrap();
        let meant =
            json!({ "cronExpression": "0 8 * * *", "timezone": "Europe/Paris", "overlap": "skip" });
        assert_eq!(Value::Object(config), meant);
        assert_eq!(enabled, Some(json!(false)));
        for (bad, words) in [
            ("secret=hunter2", "--secret-stdin"),
            ("cron=x", "there are: enabled, cronExpression"),
            ("enabled=yes", "written as JSON"),
            ("labels=bug", "written as JSON"),
        ] {
            let said = settings(before.clone(), &given(&[bad]))
                .err()
                .unwrap()
                .message;
            assert!(said.contains(words) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn conditions_of_one_path_are_alternatives() {
        let all = given(&[
            "action=opened",
            "action=reopened",
            "pull_request.merged=true",
        ]);
        let meant = json!({ "action": ["opened", "reopened"], "pull_request.merged": [true] });
        assert_eq!(conditions(&all).unwrap(), Some(meant));
        assert_eq!(conditions(&[]).unwrap(), None);
    }

    #[test]
    fn parameters_of_a_schedule_are_json_where_they_are_and_text_where_not() {
        let all = given(&["hours=24", "who=the team", "flags=[1]"]);
        let read = params_of(&all).unwrap();
        assert_eq!(
            Value::Object(read),
            json!({ "hours": 24, "who": "the team", "flags": [1] })
        );
        let words = mapping_of(&given(&["a=x", "a=y"])).unwrap_err().message;
        assert_eq!(words, "a is given twice");
    }
}
