//! Triggers as files write them, and as the server has them.

use std::{collections::BTreeMap, path::Path};

use super::*;

fn read(owner: Kind, triggers: Value) -> Result<Vec<WantedTrigger>, Vec<String>> {
    let env = BTreeMap::from([("HOOK".to_owned(), "hunter2".to_owned())]);
    let sources = Sources {
        env: &env,
        dir: Path::new(""),
    };
    WantedTrigger::read_all(owner, Some(triggers), sources).map(Option::unwrap_or_default)
}

fn one(config: Value) -> WantedTrigger {
    let trigger = json!([{ "type": "webhook", "config": config }]);
    read(Kind::Job, trigger).unwrap().remove(0)
}

fn there(config: Value) -> Value {
    json!({ "type": "webhook", "config": config, "paramMapping": null, "enabled": true })
}

fn names(changes: &[Change]) -> Vec<String> {
    let name = |change: &Change| match change {
        Change::Field { name, .. } => name.clone(),
        Change::Secret(word) => format!("secret {word}"),
    };
    changes.iter().map(name).collect()
}

#[test]
fn what_the_server_fills_in_and_hides_is_no_difference() {
    let wanted = one(json!({ "path": "a", "secretFrom": { "env": "HOOK" } }));
    let full = there(json!({
        "path": "a", "secret": "***", "signature": "any", "dedup": "delivery", "overlap": "allow", "class": "work",
        "rateLimitPerMinute": null,
    }));
    assert!(wanted.is(&full));
    assert_eq!(wanted.changes(&full, Renewal::Keep), []);
    assert_eq!(
        names(&wanted.changes(&full, Renewal::Renew)),
        ["secret set anew"]
    );
    let open = there(json!({ "path": "a" }));
    let changes = wanted.changes(&open, Renewal::Keep);
    assert_eq!(names(&changes), ["secret set"]);
    assert_eq!(
        wanted.change_body(&changes, Renewal::Keep)["config"]["secret"],
        "hunter2"
    );
    assert!(!format!("{wanted:?}{changes:?}").contains("hunter2"));
}

#[test]
fn a_secret_stays_while_other_things_change_and_goes_when_it_is_said() {
    let sealed = there(json!({ "path": "a", "secret": "***", "signature": "github" }));
    let wanted = one(json!({ "path": "a", "secretFrom": { "env": "HOOK" } }));
    let changes = wanted.changes(&sealed, Renewal::Keep);
    assert_eq!(names(&changes), ["signature"]);
    let body = wanted.change_body(&changes, Renewal::Keep);
    assert_eq!(
        body,
        json!({ "config": { "path": "a" }, "paramMapping": null })
    );
    let body = wanted.change_body(&changes, Renewal::Renew);
    assert_eq!(body["config"]["secret"], "hunter2");
    let silent = one(json!({ "path": "a", "signature": "github" }));
    assert_eq!(silent.changes(&sealed, Renewal::Renew), []);
    let open = one(json!({ "path": "a", "signature": "github", "secret": null }));
    let changes = open.changes(&sealed, Renewal::Keep);
    assert_eq!(names(&changes), ["secret removed"]);
    assert_eq!(
        open.change_body(&changes, Renewal::Keep)["config"]["secret"],
        Value::Null
    );
}

#[test]
fn settings_mapping_and_enabled_are_compared_as_a_whole() {
    let wanted = json!([{
        "type": "schedule", "enabled": false, "paramMapping": { "hours": 24 },
        "config": { "cronExpression": "0  9 * * 1-5", "timezone": "Europe/Paris", "overlap": "skip" },
    }]);
    let wanted = read(Kind::Job, wanted).unwrap().remove(0);
    let there = json!({
        "type": "schedule", "enabled": true, "paramMapping": { "hours": 12 },
        "config": { "cronExpression": "0 9 * * 1-5", "timezone": "Europe/Paris", "missed": "all" },
    });
    assert!(wanted.is(&there), "{}", wanted.label());
    let changes = wanted.changes(&there, Renewal::Keep);
    assert_eq!(
        names(&changes),
        ["missed", "overlap", "paramMapping", "enabled"]
    );
    let other = json!({ "type": "schedule", "config": { "cronExpression": "0 9 * * 1-5" } });
    assert!(!wanted.is(&other), "another zone is another time");
}

#[test]
fn tickets_are_known_by_tracker_and_labels_in_any_order_and_case() {
    let ticket = |labels: Value| json!({ "type": "ticket", "config": { "source": "linear", "labels": labels } });
    let wanted = read(Kind::Blueprint, json!([ticket(json!(["Bug", "optio"]))]))
        .unwrap()
        .remove(0);
    assert!(wanted.is(&ticket(json!(["optio", "bug"]))));
    assert!(!wanted.is(&ticket(json!(["bug"]))));
    assert_eq!(
        wanted.changes(&ticket(json!(["optio", "bug"])), Renewal::Keep),
        []
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place_before_anything_is_asked_for() {
    let webhook = |config: Value| json!({ "type": "webhook", "config": config });
    for (owner, trigger, words) in [
        (Kind::Job, json!(1), "must be a JSON object"),
        (Kind::Job, json!({ "type": "odd" }), "type: must be manual"),
        (Kind::Job, webhook(json!({})), "config.path: is missing"),
        (
            Kind::Job,
            webhook(json!([])),
            "config: must be a JSON object",
        ),
        (
            Kind::Job,
            webhook(json!({ "path": "a", "secret": "hunter2" })),
            "config.secret: a secret does not stand in a file",
        ),
        (
            Kind::Job,
            webhook(json!({ "path": "a", "secretFrom": { "env": "NOBODY" } })),
            "config.secretFrom: the environment",
        ),
        (
            Kind::Job,
            webhook(json!({ "path": "a", "pth": "b" })),
            "config: there is no member `pth`",
        ),
        (
            Kind::Job,
            webhook(json!({ "path": "a", "when": [] })),
            "config.when: must be an object",
        ),
        (
            Kind::Job,
            json!({ "type": "manual", "config": { "secretFrom": { "env": "HOOK" } } }),
            "config.secret: only a webhook",
        ),
        (
            Kind::Job,
            json!({ "type": "webhook", "config": { "path": "a" }, "paramMapping": { "a": "b..[" } }),
            "paramMapping: a: ",
        ),
        (
            Kind::Job,
            json!({ "type": "manual", "enabled": "yes" }),
            "enabled: must be",
        ),
        (
            Kind::Job,
            json!({ "type": "manual", "params": {} }),
            "there is no member `params`",
        ),
        (
            Kind::Agent,
            json!({ "type": "schedule", "config": { "cronExpression": "* * * * *", "overlap": "replace" } }),
            "config.overlap: an agent's mail",
        ),
    ] {
        let broken = read(owner, json!([trigger])).unwrap_err();
        let wanted = format!("triggers[0]: {words}");
        assert!(broken[0].starts_with(&wanted), "{trigger}: {broken:?}");
        assert!(!broken[0].contains("hunter2"), "{broken:?}");
    }
    let twice = webhook(json!({ "path": "a" }));
    let broken = read(Kind::Job, json!([twice, twice])).unwrap_err();
    assert_eq!(
        broken,
        ["triggers[1]: there is a webhook /api/hooks/a already"]
    );
    assert!(read(Kind::Template, json!([])).is_err());
    assert!(read(Kind::Job, json!({})).is_err());
}
