//! What there is to do, and what is left alone.

use std::path::PathBuf;

use serde_json::json;

use super::{
    super::{files::Object, item::read},
    *,
};

fn item(place: &str, value: Value) -> Item {
    let (place, dir) = (place.to_owned(), PathBuf::new());
    read(Object { place, dir, value }, &BTreeMap::new()).unwrap()
}

fn digest() -> Value {
    json!({
        "name": "digest", "promptTemplate": "p", "maxRetries": 3,
        "triggers": [
            { "type": "schedule", "config": { "cronExpression": "0 9 * * *" } },
            { "type": "webhook", "config": { "path": "digest" } },
        ],
    })
}

fn server() -> There {
    let job = json!({ "id": "j", "name": "digest", "promptTemplate": "p", "maxRetries": 1, "promptTemplateId": null });
    let old = json!({ "id": "o", "name": "old", "promptTemplate": "p" });
    let webhook =
        json!({ "id": "t1", "type": "webhook", "config": { "path": "digest" }, "enabled": true });
    let hourly = json!({ "id": "t2", "type": "schedule", "config": { "cronExpression": "0 * * * *" }, "enabled": true });
    There {
        things: BTreeMap::from([(Kind::Job, vec![job, old])]),
        triggers: BTreeMap::from([("j".to_owned(), vec![webhook, hourly])]),
    }
}

fn planned(items: Vec<Item>, prune: &[Prune]) -> Plan {
    let wishes = Wishes {
        prune,
        renewal: Renewal::Keep,
    };
    plan(items, &server(), &wishes).unwrap()
}

#[test]
fn what_differs_is_changed_and_what_is_in_no_file_is_told() {
    let plan = planned(vec![item("a.json", digest())], &[]);
    let step = &plan.steps[0];
    assert_eq!(
        (step.outcome(), step.id.as_deref()),
        (Outcome::Updated, Some("j"))
    );
    assert_eq!(step.changes.len(), 1);
    let outcomes: Vec<_> = step.triggers.iter().map(TriggerStep::outcome).collect();
    assert_eq!(outcomes, [Outcome::Created, Outcome::Unchanged]);
    assert!(plan.removals.is_empty());
    assert_eq!(plan.notes.len(), 1);
    assert!(
        plan.notes[0].contains("schedule 0 * * * * (UTC) of job/digest"),
        "{:?}",
        plan.notes
    );
}

#[test]
fn only_what_is_to_be_pruned_is_removed_and_triggers_before_what_needs_their_place() {
    let labels = |prune: &[Prune]| {
        let plan = planned(vec![item("a.json", digest())], prune);
        plan.removals
            .into_iter()
            .map(|it| (it.label, it.path))
            .collect::<Vec<_>>()
    };
    let job = ("job/old".to_owned(), "/api/jobs/o".to_owned());
    let label = "schedule 0 * * * * (UTC) of job/digest".to_owned();
    let trigger = (label, "/api/jobs/j/triggers/t2".to_owned());
    assert_eq!(labels(&[Prune::Job]), std::slice::from_ref(&job));
    assert_eq!(labels(&[Prune::Agent]), []);
    assert_eq!(labels(&[Prune::Job, Prune::Trigger]), [trigger, job]);
}

#[test]
fn triggers_are_left_alone_where_the_file_does_not_speak_of_them() {
    let mut silent = digest();
    silent.as_object_mut().unwrap().remove("triggers");
    let plan = planned(vec![item("a.json", silent)], &[Prune::Trigger]);
    assert!(plan.removals.is_empty() && plan.notes.is_empty());
}

#[test]
fn templates_come_before_what_names_them_and_one_that_is_nowhere_is_refused() {
    let named = json!({ "name": "digest", "promptTemplate": "p", "promptTemplateName": "words" });
    let words = json!({ "name": "words", "template": "x", "kind": "job" });
    let both = planned(
        vec![item("a.json", named.clone()), item("b.json", words)],
        &[],
    );
    let labels: Vec<String> = both.steps.iter().map(|it| it.item.label()).collect();
    assert_eq!(labels, ["template/words", "job/digest"]);
    let change = &both.steps[1].changes[0];
    let wanted = Change::between("promptTemplateId", json!(null), json!("template/words"));
    assert_eq!(Some(change), wanted.as_ref());
    let wishes = Wishes {
        prune: &[],
        renewal: Renewal::Keep,
    };
    let broken = plan(vec![item("a.json", named)], &server(), &wishes).unwrap_err();
    assert!(
        broken[0].starts_with("a.json: job/digest: promptTemplateName: "),
        "{broken:?}"
    );
}

#[test]
fn one_name_in_two_places_is_refused() {
    let wishes = Wishes {
        prune: &[],
        renewal: Renewal::Keep,
    };
    let items = vec![item("a.json", digest()), item("b.json", digest())];
    let broken = plan(items, &server(), &wishes).unwrap_err();
    assert_eq!(broken, ["b.json: job/digest is in a.json already"]);
    let template = |kind: &str| json!({ "name": "w", "template": "x", "kind": kind });
    let items = vec![
        item("a.json", template("job")),
        item("b.json", template("task")),
    ];
    assert!(
        plan(items, &server(), &wishes).is_ok(),
        "of two kinds they are two"
    );
}
