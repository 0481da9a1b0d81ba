//! Issues.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::wire::{Answer, Call, Refusal, Reply, created, ok};
use super::super::world::{Issue, now};
use super::super::{Shared, acts, shape};
use super::parse;
use crate::git_host::IssueSetup;

pub(super) fn route(shared: &Shared, key: &str, rest: &[&str], call: &Call) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => list(shared, key, call),
        ("POST", []) => {
            let issue = IssueSetup {
                title: call.needed("title")?.to_owned(),
                body: call.text("description").unwrap_or_default().to_owned(),
                author: call.by.clone(),
                labels: call.words("labels").unwrap_or_default(),
            };
            let iid = acts::add_issue(shared, key, &issue);
            created(show(shared, key, iid)?)
        }
        ("GET", [iid]) => ok(show(shared, key, parse(iid)?)?),
        ("PUT", [iid]) => change(shared, key, parse(iid)?, call),
        _ => Err(Refusal::missing()),
    }
}

fn list(shared: &Shared, key: &str, call: &Call) -> Answer {
    let world = shared.world();
    let project = &world.projects[key];
    let state = call.text("state").unwrap_or("all");
    let labels = call.words("labels").unwrap_or_default();
    let since = match call.text("updated_after") {
        None => None,
        Some(text) => match text.parse::<DateTime<Utc>>() {
            Ok(since) => Some(since),
            Err(_) => return Err(Refusal::new(400, "updated_after is invalid")),
        },
    };
    let fits = |issue: &&Issue| {
        let of_state = state == "all" || issue.open == (state == "opened");
        let is_new = since.is_none_or(|since| since <= issue.updated);
        of_state && is_new && labels.iter().all(|label| issue.labels.contains(label))
    };
    let mut found: Vec<&Issue> = project.issues.values().filter(fits).collect();
    match call.text("order_by").unwrap_or("created_at") {
        "created_at" => {}
        "updated_at" => found.sort_by_key(|issue| issue.updated),
        _ => return Err(Refusal::new(400, "order_by does not have a valid value")),
    }
    let found = found.into_iter();
    let mut list: Vec<Value> = found.map(|it| shape::issue(&world, project, it)).collect();
    if call.text("sort") != Some("asc") {
        list.reverse();
    }
    Ok(Reply::List(list))
}

fn show(shared: &Shared, key: &str, iid: u64) -> Result<Value, Refusal> {
    let world = shared.world();
    let project = &world.projects[key];
    let issue = project.issues.get(&iid).ok_or_else(Refusal::missing)?;
    Ok(shape::issue(&world, project, issue))
}

fn change(shared: &Shared, key: &str, iid: u64, call: &Call) -> Answer {
    {
        let mut world = shared.world();
        edit(&mut world, key, (false, iid), call)?;
        match call.text("state_event") {
            Some(event @ ("close" | "reopen")) => {
                let open = event == "reopen";
                acts::set_issue_open(shared, &mut world, key, iid, open, &call.by);
            }
            _ => shared.tell_issue(&mut world, key, iid, "update", &call.by),
        }
    }
    ok(show(shared, key, iid)?)
}

/// What issues and merge requests have in common to be changed.
pub(super) fn edit(
    world: &mut super::super::world::World,
    key: &str,
    place: acts::Place,
    call: &Call,
) -> Result<(), Refusal> {
    let added = call.words("add_labels").unwrap_or_default();
    acts::learn_labels(world, key, &added);
    let labels = call.words("labels");
    acts::learn_labels(world, key, labels.as_deref().unwrap_or_default());
    let issue = acts::place_mut(world, key, place).ok_or_else(Refusal::missing)?;
    if let Some(title) = call.text("title") {
        title.clone_into(&mut issue.title);
    }
    if let Some(body) = call.text("description") {
        body.clone_into(&mut issue.body);
    }
    if let Some(labels) = labels {
        issue.labels = labels;
    }
    for label in added {
        if !issue.labels.contains(&label) {
            issue.labels.push(label);
        }
    }
    issue.updated = now();
    Ok(())
}
