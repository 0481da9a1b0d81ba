//! Issues, with pull requests among them: their labels and comments.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::wire::{Answer, Call, Refusal, Reply, created, ok};
use super::super::world::{Comment, Issue, World, now};
use super::super::{Shared, acts, shape};
use super::parse;
use crate::git_host::IssueSetup;

pub(super) fn route(shared: &Shared, key: &str, rest: &[&str], call: &Call) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => list(&shared.world(), key, call),
        ("POST", []) => {
            let issue = IssueSetup {
                title: call.needed("Issue", "title")?.to_owned(),
                body: call.text("body").unwrap_or_default().to_owned(),
                author: call.caller.login.clone(),
                labels: call.texts("labels").unwrap_or_default(),
            };
            let number = acts::add_issue(shared, key, &issue);
            created(show(&shared.world(), key, number)?)
        }
        ("GET", [number]) => ok(show(&shared.world(), key, parse(number)?)?),
        ("PATCH", [number]) => change(shared, key, parse(number)?, call),
        ("GET", [number, "comments"]) => comments(&shared.world(), key, parse(number)?),
        ("POST", [number, "comments"]) => add_comment(shared, key, parse(number)?, call),
        (_, [number, "labels", name @ ..]) => {
            issue_labels(shared, key, parse(number)?, name.first().copied(), call)
        }
        _ => Err(Refusal::missing()),
    }
}

fn list(world: &World, key: &str, call: &Call) -> Answer {
    let repo = &world.repos[key];
    let state = call.param("state").unwrap_or("open");
    let labels: Vec<&str> = call
        .param("labels")
        .map(|it| it.split(',').collect())
        .unwrap_or_default();
    let since = match call.param("since") {
        None => None,
        Some(text) => match text.parse::<DateTime<Utc>>() {
            Ok(since) => Some(since),
            Err(_) => return Err(Refusal::invalid("Issue", "since", "invalid")),
        },
    };
    let fits = |issue: &&Issue| {
        let of_state = state == "all" || issue.open == (state == "open");
        let has = |label: &&str| issue.labels.iter().any(|it| it.eq_ignore_ascii_case(label));
        let is_new = since.is_none_or(|since| since <= issue.updated);
        of_state && is_new && labels.iter().all(has)
    };
    let mut found: Vec<&Issue> = repo.issues.values().filter(fits).collect();
    match call.param("sort").unwrap_or("created") {
        "created" => {}
        "updated" => found.sort_by_key(|issue| issue.updated),
        _ => return Err(Refusal::invalid("Issue", "sort", "invalid")),
    }
    let found = found.into_iter();
    let mut list: Vec<Value> = found.map(|it| shape::issue(world, repo, it)).collect();
    if call.param("direction") != Some("asc") {
        list.reverse();
    }
    Ok(Reply::List(list, None))
}

fn show(world: &World, key: &str, number: u64) -> Result<Value, Refusal> {
    let repo = &world.repos[key];
    let issue = repo.issues.get(&number).ok_or_else(Refusal::missing)?;
    Ok(shape::issue(world, repo, issue))
}

fn change(shared: &Shared, key: &str, number: u64, call: &Call) -> Answer {
    let mut world = shared.world();
    if let Some(labels) = call.texts("labels") {
        acts::learn_labels(&mut world, key, &labels);
    }
    let issue = issue_mut(&mut world, key, number)?;
    if let Some(title) = call.text("title") {
        title.clone_into(&mut issue.title);
    }
    if let Some(body) = call.text("body") {
        issue.body = Some(body.to_owned());
    }
    if let Some(labels) = call.texts("labels") {
        issue.labels = labels;
    }
    issue.updated = now();
    let by = &call.caller.login;
    match call.text("state") {
        Some(state @ ("open" | "closed")) => {
            let open = state == "open";
            if acts::set_open(&mut world, key, number, open) {
                let action = if open { "reopened" } else { "closed" };
                acts::tell_issue(shared, &mut world, key, number, action, by);
            }
        }
        Some(_) => return Err(Refusal::invalid("Issue", "state", "invalid")),
        None => acts::tell_issue(shared, &mut world, key, number, "edited", by),
    }
    ok(show(&world, key, number)?)
}

fn issue_mut<'a>(world: &'a mut World, key: &str, number: u64) -> Result<&'a mut Issue, Refusal> {
    let repo = world.repos.get_mut(key);
    let issue = repo.and_then(|repo| repo.issues.get_mut(&number));
    issue.ok_or_else(Refusal::missing)
}

fn comments(world: &World, key: &str, number: u64) -> Answer {
    let repo = &world.repos[key];
    let issue = repo.issues.get(&number).ok_or_else(Refusal::missing)?;
    let list = issue
        .comments
        .iter()
        .map(|it| shape::comment(world, repo, issue, it));
    Ok(Reply::List(list.collect(), None))
}

fn add_comment(shared: &Shared, key: &str, number: u64, call: &Call) -> Answer {
    let body = call.needed("IssueComment", "body")?.to_owned();
    let mut world = shared.world();
    let id = world.fresh();
    let author = call.caller.login.clone();
    let issue = issue_mut(&mut world, key, number)?;
    issue.updated = now();
    issue.comments.push(Comment {
        id,
        author: author.clone(),
        body,
        at: now(),
    });
    let repo = &world.repos[key];
    let issue = &repo.issues[&number];
    let made = issue
        .comments
        .last()
        .map(|it| shape::comment(&world, repo, issue, it));
    let shown = shape::issue(&world, repo, issue);
    let more = json!({ "action": "created", "issue": shown, "comment": made });
    shared.tell(&mut world, "issue_comment", key, &author, more);
    created(made.unwrap_or_default())
}

/// The labels of an issue: list, add, replace, remove.
fn issue_labels(
    shared: &Shared,
    key: &str,
    number: u64,
    name: Option<&str>,
    call: &Call,
) -> Answer {
    let mut world = shared.world();
    let given = call.texts("labels").unwrap_or_default();
    acts::learn_labels(&mut world, key, &given);
    let issue = issue_mut(&mut world, key, number)?;
    let before = issue.labels.clone();
    match (call.method.as_str(), name) {
        ("GET", None) => {}
        ("POST", None) => {
            let new: Vec<_> = given
                .iter()
                .filter(|it| !before.contains(it))
                .cloned()
                .collect();
            issue.labels.extend(new);
        }
        ("PUT", None) => issue.labels = given,
        ("DELETE", Some(name)) if before.iter().any(|it| it == name) => {
            issue.labels.retain(|it| it != name);
        }
        _ => return Err(Refusal::missing()),
    }
    let after = issue.labels.clone();
    if after != before {
        issue.updated = now();
    }
    let added = after.iter().filter(|it| !before.contains(it));
    let removed = before.iter().filter(|it| !after.contains(it));
    let changed = added
        .map(|it| ("labeled", it))
        .chain(removed.map(|it| ("unlabeled", it)));
    for (action, label) in changed {
        tell_label(
            shared,
            &mut world,
            key,
            number,
            action,
            label,
            &call.caller.login,
        );
    }
    let repo = &world.repos[key];
    let list = after.iter().map(|name| shape::label(&world, repo, name));
    Ok(Reply::List(list.collect(), None))
}

fn tell_label(
    shared: &Shared,
    world: &mut World,
    key: &str,
    number: u64,
    action: &str,
    label: &str,
    by: &str,
) {
    let repo = &world.repos[key];
    let (issue, label) = (&repo.issues[&number], shape::label(world, repo, label));
    let (name, more) = match repo.pulls.get(&number) {
        Some(pull) => {
            let pull = shape::pull(world, repo, issue, pull, true);
            let more = json!({
                "action": action, "number": number, "label": label, "pull_request": pull,
            });
            ("pull_request", more)
        }
        None => {
            let issue = shape::issue(world, repo, issue);
            (
                "issues",
                json!({ "action": action, "label": label, "issue": issue }),
            )
        }
    };
    shared.tell(world, name, key, by, more);
}

/// The labels that the repository knows: list and make.
pub(super) fn labels(shared: &Shared, key: &str, call: &Call) -> Answer {
    let mut world = shared.world();
    if call.method == "POST" {
        let name = call.needed("Label", "name")?.to_owned();
        if world.repos[key].labels.contains_key(&name) {
            return Err(Refusal::invalid("Label", "name", "already_exists"));
        }
        acts::learn_labels(&mut world, key, std::slice::from_ref(&name));
        return created(shape::label(&world, &world.repos[key], &name));
    }
    let repo = &world.repos[key];
    let list = repo
        .labels
        .keys()
        .map(|name| shape::label(&world, repo, name));
    Ok(Reply::List(list.collect(), None))
}
