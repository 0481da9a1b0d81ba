//! Pull requests: list, open, show, change, merge.

use serde_json::Value;

use super::super::heads::{self, tell_pull};
use super::super::wire::{Answer, Call, Refusal, Reply, created, ok};
use super::super::world::{Issue, Pull, World, now};
use super::super::{Shared, acts, shape};
use super::{git_of, merges, parse};

pub(super) async fn route(shared: &Shared, key: &str, rest: &[&str], call: &Call) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => list(&shared.world(), key, call),
        ("POST", []) => open(shared, key, call).await,
        ("GET", [number]) => show(shared, key, parse(number)?),
        ("PATCH", [number]) => change(shared, key, parse(number)?, call),
        ("POST", [number, "requested_reviewers"]) => ask(shared, key, parse(number)?, call),
        ("GET", [number, "merge"]) => {
            let world = shared.world();
            let pull = world.repos[key].pulls.get(&parse(number)?);
            let is_merged = pull.is_some_and(|pull| pull.merged.is_some());
            is_merged
                .then_some(Reply::Nothing)
                .ok_or_else(Refusal::missing)
        }
        ("PUT", [number, "merge"]) => merges::merge(shared, key, parse(number)?, call).await,
        _ => Err(Refusal::missing()),
    }
}

/// Asks people for a review. Nobody is asked for one of his own pull request.
fn ask(shared: &Shared, key: &str, number: u64, call: &Call) -> Answer {
    let mut world = shared.world();
    let Some(repo) = world.repos.get_mut(key) else {
        return Err(Refusal::missing());
    };
    let author = repo.issues.get(&number).map(|issue| issue.author.clone());
    let pull = repo.pulls.get_mut(&number).ok_or_else(Refusal::missing)?;
    let logins = call.body["reviewers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for login in logins.iter().filter_map(Value::as_str) {
        if author.as_deref() == Some(login) {
            return Err(Refusal::new(
                422,
                "Review cannot be requested from pull request author.",
            ));
        }
        if !pull.asked.iter().any(|it| it == login) {
            pull.asked.push(login.to_owned());
        }
    }
    tell_pull(
        shared,
        &mut world,
        key,
        number,
        "review_requested",
        &call.caller.login,
    );
    let repo = &world.repos[key];
    created(shape::pull(
        &world,
        repo,
        &repo.issues[&number],
        &repo.pulls[&number],
        false,
    ))
}

fn list(world: &World, key: &str, call: &Call) -> Answer {
    let repo = &world.repos[key];
    let state = call.param("state").unwrap_or("open");
    let head = call
        .param("head")
        .map(|head| head.split_once(':').unwrap_or((&repo.owner, head)));
    let of_repo = head.is_none_or(|(owner, _)| owner.eq_ignore_ascii_case(&repo.owner));
    let fits = |issue: &Issue, pull: &Pull| {
        let of_state = state == "all" || issue.open == (state == "open");
        let of_head = head.is_none_or(|(_, branch)| branch == pull.head);
        let of_base = call.param("base").is_none_or(|base| base == pull.base);
        of_state && of_repo && of_head && of_base
    };
    let both = |(number, pull)| Some((repo.issues.get(number)?, pull));
    let mut list: Vec<Value> = repo
        .pulls
        .iter()
        .filter_map(both)
        .filter(|(issue, pull)| fits(issue, pull))
        .map(|(issue, pull)| shape::pull(world, repo, issue, pull, false))
        .collect();
    if call.param("direction") != Some("asc") {
        list.reverse();
    }
    Ok(Reply::List(list, None))
}

/// A pull request in full. What git has to say of it comes with a later look, as with GitHub.
fn show(shared: &Shared, key: &str, number: u64) -> Answer {
    let world = shared.world();
    let repo = &world.repos[key];
    let pull = repo.pulls.get(&number).ok_or_else(Refusal::missing)?;
    let issue = &repo.issues[&number];
    if pull.known.is_none() && issue.open {
        let (shared, key) = (shared.clone(), key.to_owned());
        tokio::spawn(async move {
            if let Err(error) = heads::look(&shared, &key, number).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "git did not look");
            }
        });
    }
    ok(shape::pull(&world, repo, issue, pull, true))
}

async fn open(shared: &Shared, key: &str, call: &Call) -> Answer {
    let title = call.needed("PullRequest", "title")?.to_owned();
    let head = call.needed("PullRequest", "head")?;
    let head = head
        .split_once(':')
        .map_or(head, |(_, branch)| branch)
        .to_owned();
    let base = call.needed("PullRequest", "base")?.to_owned();
    let (git, lock) = git_of(shared, key)?;
    let _guard = lock.lock().await;
    let sha = |field: &str, branch: &str| {
        let sha = shared.world().repos[key].branches.get(branch).cloned();
        sha.ok_or_else(|| Refusal::invalid("PullRequest", field, "invalid"))
    };
    let (base_sha, head_sha) = (sha("base", &base)?, sha("head", &head)?);
    if !git.is_ahead(&base_sha, &head_sha).await? {
        let words = format!("No commits between {base} and {head}");
        return Err(Refusal::custom("PullRequest", &words));
    }
    let by = &call.caller.login;
    let number = {
        let mut world = shared.world();
        let id = world.fresh();
        let Some(repo) = world.repos.get_mut(key) else {
            return Err(Refusal::missing());
        };
        let is_open = |(number, pull): (&u64, &Pull)| {
            pull.head == head && pull.base == base && repo.issues[number].open
        };
        if repo.pulls.iter().any(is_open) {
            let words = format!("A pull request already exists for {}:{head}.", repo.owner);
            return Err(Refusal::custom("PullRequest", &words));
        }
        let number = repo.next_number();
        let issue = Issue::new(id, number, &title, call.text("body"), by);
        repo.issues.insert(number, issue);
        let pull = Pull {
            head,
            head_sha,
            base,
            base_sha,
            draft: call.body["draft"].as_bool().unwrap_or(false),
            asked: Vec::new(),
            merged: None,
            known: None,
            reviews: Vec::new(),
        };
        repo.pulls.insert(number, pull);
        tell_pull(shared, &mut world, key, number, "opened", by);
        number
    };
    heads::arrived(shared, key, number).await?;
    let world = shared.world();
    let repo = &world.repos[key];
    created(shape::pull(
        &world,
        repo,
        &repo.issues[&number],
        &repo.pulls[&number],
        true,
    ))
}

fn change(shared: &Shared, key: &str, number: u64, call: &Call) -> Answer {
    let mut world = shared.world();
    let Some(repo) = world.repos.get_mut(key) else {
        return Err(Refusal::missing());
    };
    let branches = &repo.branches;
    let pull = repo.pulls.get_mut(&number).ok_or_else(Refusal::missing)?;
    if let Some(base) = call.text("base") {
        let sha = branches.get(base);
        let sha = sha.ok_or_else(|| Refusal::invalid("PullRequest", "base", "invalid"))?;
        base.clone_into(&mut pull.base);
        pull.base_sha.clone_from(sha);
        pull.known = None;
    }
    let is_merged = pull.merged.is_some();
    let issue = repo.issues.get_mut(&number).ok_or_else(Refusal::missing)?;
    if let Some(title) = call.text("title") {
        title.clone_into(&mut issue.title);
    }
    if let Some(body) = call.text("body") {
        issue.body = Some(body.to_owned());
    }
    issue.updated = now();
    let by = &call.caller.login;
    match call.text("state") {
        Some("open") if is_merged => {
            return Err(Refusal::invalid("PullRequest", "state", "invalid"));
        }
        Some(state) => {
            if acts::set_open(&mut world, key, number, state == "open") {
                let action = if state == "open" {
                    "reopened"
                } else {
                    "closed"
                };
                tell_pull(shared, &mut world, key, number, action, by);
            }
        }
        None => tell_pull(shared, &mut world, key, number, "edited", by),
    }
    let repo = &world.repos[key];
    ok(shape::pull(
        &world,
        repo,
        &repo.issues[&number],
        &repo.pulls[&number],
        true,
    ))
}
