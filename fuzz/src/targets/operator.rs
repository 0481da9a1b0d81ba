//! What people write: schedules, settings, scenarios of the simulated model.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::{DateTime, Utc};
use optio::config::{Found, Host, Settings};
use optio_domain::{schedule::Schedule, template::Template};
use optio_simulators::Scenario;
use serde_json::{Map, Value};

/// Three lines: a cron expression, a time zone, and the seconds since 1970 of the last fire.
pub(super) fn schedule(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let expression = lines.next().unwrap_or_default();
    let zone = lines.next().filter(|zone| !zone.is_empty());
    let seconds = lines.next().and_then(|it| it.parse().ok()).unwrap_or(0);
    let after = DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    let schedule = match Schedule::parse(expression, zone) {
        Ok(schedule) => schedule,
        Err(error) => {
            let words = error.to_string();
            assert!(words.contains("use "), "no remedy: {words}");
            return;
        }
    };
    let mut last = after;
    for _ in 0..3 {
        let Ok(next) = schedule.next_after(last) else {
            return;
        };
        assert!(last < next, "{expression:?} {zone:?} {last} {next}");
        last = next;
    }
}

/// A template. What it asks for is put in or stays as it was written, and what is put in is no template.
pub(super) fn template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let template = match Template::parse(&text) {
        Ok(template) => template,
        Err(error) => {
            let words = error.to_string();
            let helps = ["{{", "bytes", "times"].iter().any(|it| words.contains(it));
            assert!(helps, "no remedy: {words}");
            return;
        }
    };
    let names: Vec<String> = template.names().into_iter().map(str::to_owned).collect();
    let nothing = template.render(&Map::new());
    assert!(nothing.missing.iter().all(|it| names.contains(&it.name)));
    let value = Value::from("{{not a template}}");
    let known = names.iter().map(|name| (name.clone(), value.clone()));
    let everything = template.render(&known.collect());
    assert_eq!(everything.missing, [], "{text:?}");
    if let Err(error) = template.check(&[]) {
        let words = error.to_string();
        assert!(names.iter().all(|name| words.contains(name)), "{words}");
    }
}

/// A settings file, and after a line of `---` the environment as `NAME=value` lines.
pub(super) fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (file, env) = text.split_once("\n---\n").unwrap_or((&text, ""));
    let mut env: BTreeMap<String, String> = env
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    env.insert("HOME".to_owned(), "/home/somebody".to_owned());
    let secret = "hidden-value-0123456789";
    env.insert("ANTHROPIC_API_KEY".to_owned(), secret.to_owned());
    let found = Found {
        flags: Vec::new(),
        env,
        file: Some((PathBuf::from("/etc/optio.toml"), file.to_owned())),
        host: Host {
            root: false,
            cwd: PathBuf::from("/home/somebody"),
        },
    };
    let settings = match Settings::load(found) {
        Ok(settings) => settings,
        Err(failure) => return refused(&format!("{failure:?}"), secret),
    };
    match settings.server() {
        Ok(config) => {
            assert!(config.limits.message_bytes_max <= config.limits.body_bytes_max);
            assert!(!format!("{config:?}").contains(secret));
        }
        Err(failure) => refused(&format!("{failure:?}"), secret),
    }
    if let Err(failure) = settings.client() {
        refused(&format!("{failure:?}"), secret);
    }
    assert!(!format!("{:?}", settings.shown()).contains(secret));
}

/// What is refused is refused with a place, and without a secret.
fn refused(words: &str, secret: &str) {
    let place = ["/etc/optio.toml:", "environment ", "default"];
    assert!(place.iter().any(|place| words.contains(place)), "{words}");
    assert!(!words.contains(secret), "{words}");
}

/// A scenario of the simulated model.
pub(super) fn scenario(data: &[u8]) {
    match Scenario::parse(&String::from_utf8_lossy(data)) {
        Ok(scenario) => assert!(!scenario.name().is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
