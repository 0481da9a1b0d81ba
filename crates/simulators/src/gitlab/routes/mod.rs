//! The calls that are understood. What is not in this table is not found.

mod checks;
mod issues;
mod merges;
mod merging;
mod notes;
mod opinions;

use serde_json::{Value, json};

use super::wire::{Answer, Call, Refusal, Reply, created, ok};
use super::world::Project;
use super::{Shared, heads, shape};
use crate::git_host::git::Git;

/// Answers a call.
pub(super) async fn route(shared: &Shared, call: &Call) -> Answer {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("GET", ["user"]) => ok(shape::user(&shared.world(), &call.by)),
        ("GET", ["version"]) => ok(json!({ "version": "18.5.0-ee", "revision": "simulated" })),
        (_, ["projects", id, rest @ ..]) => {
            let key = project(shared, id)?;
            in_project(shared, &key, rest, call).await
        }
        _ => Err(Refusal::missing()),
    }
}

/// The project that a number or a whole name names.
fn project(shared: &Shared, id: &str) -> Result<String, Refusal> {
    let world = shared.world();
    let key = Project::key(id);
    let number = id.parse::<u64>().ok();
    let mut found = world.projects.iter();
    let found = found.find(|(name, it)| **name == key || Some(it.id) == number);
    let missing = || Refusal::new(404, "404 Project Not Found");
    found.map(|(name, _)| name.clone()).ok_or_else(missing)
}

async fn in_project(shared: &Shared, key: &str, rest: &[&str], call: &Call) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let world = shared.world();
            ok(shape::project(&world, &world.projects[key]))
        }
        (
            _,
            [
                kind @ ("issues" | "merge_requests"),
                iid,
                part @ ("notes" | "discussions"),
                rest @ ..,
            ],
        ) => {
            let place = (*kind == "merge_requests", parse(iid)?);
            notes::route(shared, key, place, (*part == "discussions", rest), call)
        }
        (
            _,
            [
                "merge_requests",
                iid,
                part @ ("approvals" | "approve" | "unapprove" | "reviewers"),
            ],
        ) => opinions::route(shared, key, parse(iid)?, part, call),
        (_, ["merge_requests", rest @ ..]) => merges::route(shared, key, rest, call).await,
        (_, ["issues", rest @ ..]) => issues::route(shared, key, rest, call),
        ("GET", ["repository", "commits", sha]) => commit(shared, key, sha).await,
        (_, ["pipelines" | "statuses", ..] | ["repository", "commits", ..]) => {
            checks::route(shared, key, rest, call)
        }
        ("GET", ["labels"]) => {
            let world = shared.world();
            let project = &world.projects[key];
            let list = project
                .labels
                .keys()
                .map(|name| shape::label(project, name));
            Ok(Reply::List(list.collect()))
        }
        (_, ["repository", "branches", rest @ ..]) => branches(shared, key, rest, call).await,
        _ => Err(Refusal::missing()),
    }
}

fn parse(number: &str) -> Result<u64, Refusal> {
    number.parse().map_err(|_| Refusal::missing())
}

async fn commit(shared: &Shared, key: &str, sha: &str) -> Answer {
    let (git, _) = git_of(shared, key)?;
    let missing = |_| Refusal::new(404, "404 Commit Not Found");
    let format = ["log", "-1", "--format=%H%n%P%n%s%n%an", sha, "--"];
    let text = git.run(&format).await.map_err(missing)?;
    let mut lines = text.lines();
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (id, parents, title, author) = (line(), line(), line(), line());
    let parents: Vec<&str> = parents.split_whitespace().collect();
    ok(
        json!({ "id": id, "short_id": &id[..8.min(id.len())], "parent_ids": parents, "title": title,
        "message": title, "author_name": author }),
    )
}

async fn branches(shared: &Shared, key: &str, rest: &[&str], call: &Call) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let world = shared.world();
            let project = &world.projects[key];
            let list = project.branches.iter();
            let list = list.map(|(name, sha)| shape::branch(&world, project, name, sha));
            Ok(Reply::List(list.collect()))
        }
        ("GET", [name]) => ok(show_branch(shared, key, name)?),
        ("POST", []) => {
            let (name, from) = (call.needed("branch")?, call.needed("ref")?);
            let (git, lock) = git_of(shared, key)?;
            let _guard = lock.lock().await;
            if shared.world().projects[key].branches.contains_key(name) {
                return Err(Refusal::new(400, "Branch already exists"));
            }
            let full = format!("refs/heads/{name}");
            if git.run(&["update-ref", &full, from, ""]).await.is_err() {
                return Err(Refusal::new(400, format!("Invalid reference name: {from}")));
            }
            heads::refresh(shared, key, &call.by).await?;
            created(show_branch(shared, key, name)?)
        }
        ("DELETE", [name]) => {
            let (git, lock) = git_of(shared, key)?;
            let _guard = lock.lock().await;
            show_branch(shared, key, name)?;
            let full = format!("refs/heads/{name}");
            git.run(&["update-ref", "-d", &full]).await?;
            heads::refresh(shared, key, &call.by).await?;
            Ok(Reply::Nothing)
        }
        _ => Err(Refusal::missing()),
    }
}

fn show_branch(shared: &Shared, key: &str, name: &str) -> Result<Value, Refusal> {
    let world = shared.world();
    let project = &world.projects[key];
    let sha = project.branches.get(name);
    let sha = sha.ok_or_else(|| Refusal::new(404, "404 Branch Not Found"))?;
    Ok(shape::branch(&world, project, name, sha))
}

type Lock = std::sync::Arc<tokio::sync::Mutex<()>>;

fn git_of(shared: &Shared, key: &str) -> Result<(Git, Lock), Refusal> {
    let world = shared.world();
    let project = world.projects.get(key).ok_or_else(Refusal::missing)?;
    Ok((project.git.clone(), project.lock.clone()))
}
