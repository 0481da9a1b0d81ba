//! `optio apply`: makes the agents on the server equal to files, and touches nothing that already
//! is.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{api::Api, view};
use crate::{
    cli::Apply,
    console::{Console, Tone},
    failure::Failure,
};

const AGENTS: &str = "/api/persistent-agents";

/// What a file asks for, and where it stands.
struct Wanted {
    place: String,
    slug: String,
    fields: Map<String, Value>,
}

/// What there is to do for one agent.
#[derive(Debug, PartialEq)]
enum Todo {
    Create,
    Update(Map<String, Value>),
    Nothing,
}

pub(super) async fn apply(api: &Api, apply: &Apply, console: &mut Console) -> Result<(), Failure> {
    // Everything is read and checked before anything is changed.
    let wanted = read_all(&apply.files)?;
    let agents = api.list(AGENTS, "agents").await?;
    let mut done = Vec::new();
    for wanted in &wanted {
        let there = agents.iter().find(|agent| agent["slug"] == *wanted.slug);
        let todo = compare(&wanted.fields, there);
        if !apply.dry_run {
            carry_out(api, wanted, there, &todo)
                .await
                .map_err(|failure| Failure {
                    message: format!("{}: {}", wanted.place, failure.message),
                    ..failure
                })?;
        }
        let (tone, word, fields) = match &todo {
            Todo::Create => (Tone::Good, "created", Vec::new()),
            Todo::Update(changed) => (Tone::Warning, "updated", changed.keys().cloned().collect()),
            Todo::Nothing => (Tone::Dim, "unchanged", Vec::new()),
        };
        if console.is_json() {
            done.push(json!({"slug": wanted.slug, "result": word, "fields": fields}));
            continue;
        }
        let mut line = format!("{word:<9}  {}", view::clean(&wanted.slug));
        if !fields.is_empty() {
            line = format!("{line}  ({})", fields.join(", "));
        }
        let line = console.paint(tone, &line);
        console.line(&line)?;
    }
    if console.is_json() {
        console.json(&json!({"dryRun": apply.dry_run, "agents": done}))?;
    } else if apply.dry_run {
        console.note("dry run: nothing was changed");
    }
    Ok(())
}

fn compare(wanted: &Map<String, Value>, there: Option<&Value>) -> Todo {
    let Some(there) = there else {
        return Todo::Create;
    };
    let changed: Map<String, Value> = wanted
        .iter()
        .filter(|(field, value)| field.as_str() != "slug" && there[field.as_str()] != **value)
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    if changed.is_empty() {
        Todo::Nothing
    } else {
        Todo::Update(changed)
    }
}

async fn carry_out(
    api: &Api,
    wanted: &Wanted,
    there: Option<&Value>,
    todo: &Todo,
) -> Result<(), Failure> {
    match todo {
        Todo::Nothing => {}
        Todo::Create => {
            let body = Value::Object(wanted.fields.clone());
            api.change(Method::POST, AGENTS, Some(&body)).await?;
        }
        Todo::Update(changed) => {
            let id = there
                .map(|agent| view::text(agent, "id"))
                .unwrap_or_default();
            let path = format!("{AGENTS}/{}", crate::percent::encode(id.as_bytes()));
            let body = Value::Object(changed.clone());
            api.change(Method::PATCH, &path, Some(&body)).await?;
        }
    }
    Ok(())
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Wanted>, Failure> {
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut problems = Vec::new();
    for path in files(paths)? {
        let place = path.display().to_string();
        let agents = match read_json(&path) {
            Ok(Value::Array(agents)) => agents,
            Ok(agent) => vec![agent],
            Err(failure) => {
                problems.push(failure.message);
                continue;
            }
        };
        for agent in agents {
            let Value::Object(fields) = agent else {
                problems.push(format!("{place}: an agent is a JSON object"));
                continue;
            };
            let Some(slug) = fields
                .get("slug")
                .and_then(Value::as_str)
                .map(str::to_owned)
            else {
                problems.push(format!("{place}: an agent needs a slug"));
                continue;
            };
            if let Some(other) = wanted.iter().find(|other| other.slug == slug) {
                problems.push(format!("{place}: {slug} is in {} already", other.place));
            }
            wanted.push(Wanted {
                place: place.clone(),
                slug,
                fields,
            });
        }
    }
    if problems.is_empty() {
        Ok(wanted)
    } else {
        Err(Failure::usage("nothing was applied").with(problems))
    }
}

/// The files themselves, and of each directory its `*.json` in the order of their names.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable = |error| Failure::usage(format!("cannot read {}: {error}", path.display()));
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_some_and(|it| it == "json") {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            let words = format!("there is no *.json in {}", path.display());
            return Err(Failure::usage(words));
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

/// Reads a file, or the input where the path is `-`.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
}

/// Reads a file of JSON.
pub(super) fn read_json(path: &Path) -> Result<Value, Failure> {
    serde_json::from_str(&read(path)?)
        .map_err(|error| Failure::usage(format!("{} is not JSON: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_that_differ_are_sent() {
        let fields = |value: Value| value.as_object().unwrap().clone();
        let wanted = fields(json!({"slug": "a", "name": "A", "maxTurns": 3, "model": null}));
        let there = json!({"slug": "a", "name": "A", "maxTurns": 3, "description": "x"});
        assert_eq!(compare(&wanted, Some(&there)), Todo::Nothing);
        assert_eq!(compare(&wanted, None), Todo::Create);
        let there = json!({"slug": "a", "name": "B", "maxTurns": 3, "model": "m"});
        let changed = fields(json!({"name": "A", "model": null}));
        assert_eq!(compare(&wanted, Some(&there)), Todo::Update(changed));
    }
}
