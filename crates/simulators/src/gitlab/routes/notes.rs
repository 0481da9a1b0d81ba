//! Notes on issues and merge requests, and the threads in which some of them are.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::wire::{Answer, Call, Refusal, Reply, created};
use super::super::world::{Issue, MergeRequest, Position, World};
use super::super::{Shared, acts, shape};

pub(super) fn route(
    shared: &Shared,
    key: &str,
    place: acts::Place,
    (in_threads, rest): (bool, &[&str]),
    call: &Call,
) -> Answer {
    find(&shared.world(), key, place)?;
    match (call.method.as_str(), rest, in_threads) {
        ("GET", [], _) => list(shared, key, place, in_threads, call),
        ("POST", [], _) => write(shared, key, place, in_threads, call),
        _ => Err(Refusal::missing()),
    }
}

fn find<'a>(
    world: &'a World,
    key: &str,
    (on_merge, iid): acts::Place,
) -> Result<&'a Issue, Refusal> {
    let project = &world.projects[key];
    let found = if on_merge {
        project.merges.get(&iid).map(|it| &it.issue)
    } else {
        project.issues.get(&iid)
    };
    found.ok_or_else(Refusal::missing)
}

fn list(shared: &Shared, key: &str, place: acts::Place, in_threads: bool, call: &Call) -> Answer {
    let world = shared.world();
    let (project, issue) = (&world.projects[key], find(&world, key, place)?);
    let show = |note| {
        let shown = shape::note(&world, project, (place.0, issue), note);
        if in_threads { thread(shown) } else { shown }
    };
    let mut list: Vec<Value> = issue.notes.iter().map(show).collect();
    if !in_threads && call.text("sort") != Some("asc") {
        list.reverse();
    }
    Ok(Reply::List(list))
}

fn thread(note: Value) -> Value {
    let is_alone = note["position"].is_null();
    json!({ "id": format!("{:040x}", note["id"].as_u64().unwrap_or_default()),
        "individual_note": is_alone, "notes": [note] })
}

fn write(shared: &Shared, key: &str, place: acts::Place, in_threads: bool, call: &Call) -> Answer {
    let body = call.needed("body")?;
    let position = match (&call.body["position"], place) {
        (Value::Null, _) => None,
        (given, (true, iid)) => {
            let world = shared.world();
            let merge = world.projects[key].merges.get(&iid);
            Some(position(merge.ok_or_else(Refusal::missing)?, given)?)
        }
        (_, (false, _)) => return Err(Refusal::new(400, "400 Bad request - position is invalid")),
    };
    let mut world = shared.world();
    let said = (body, position);
    let Some(id) = acts::write(shared, &mut world, key, place, &call.by, said) else {
        let body = json!({ "commands_changes": {}, "summary": ["Done."] });
        return Ok(Reply::One(StatusCode::ACCEPTED, body));
    };
    let (project, issue) = (&world.projects[key], find(&world, key, place)?);
    let note = issue.notes.iter().find(|note| note.id == id);
    let note = note.ok_or_else(Refusal::missing)?;
    let shown = shape::note(&world, project, (place.0, issue), note);
    created(if in_threads { thread(shown) } else { shown })
}

/// A place in the diff of one of the versions. Only the lines that a version has added or removed are
/// known here; GitLab has a way to name those beside them too.
fn position(merge: &MergeRequest, given: &Value) -> Result<Position, Refusal> {
    let text = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
    let no_line = || {
        let words = "400 Bad request - Note {:line_code=>[\"can't be blank\", \"must be a valid line code\"]}";
        Refusal::new(400, words)
    };
    let (head, path) = (text("head_sha"), text("new_path"));
    let mut versions = merge.versions.iter().rev();
    let version = versions.find(|it| it.head == head).ok_or_else(no_line)?;
    let is_whole = version.base == text("base_sha") && version.base == text("start_sha");
    let (new_line, old_line) = (given["new_line"].as_u64(), given["old_line"].as_u64());
    let has_line = new_line.or(old_line).is_some_and(|line| 0 < line);
    if !is_whole || !has_line || path.is_empty() || text("position_type") != "text" {
        return Err(no_line());
    }
    Ok(Position {
        version: version.clone(),
        path,
        new_line,
        old_line,
    })
}
