//! The calls that are understood. What is not in this table is not found.

mod checks;
mod issues;
mod merges;
mod pulls;
mod reviews;

use serde_json::{Value, json};

use super::wire::{Answer, Call, Refusal, Reply, created, ok};
use super::world::World;
use super::{Shared, app, heads, shape};

/// Answers a call.
pub(super) async fn route(shared: &Shared, call: &Call) -> Answer {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("GET", ["user"]) => ok(shape::myself(&shared.world(), &call.caller.login)),
        ("GET", ["rate_limit"]) => rate_limit(&mut shared.world(), call),
        ("POST", ["app", "installations", number, "access_tokens"]) if call.caller.is_app => {
            app::lend(&mut shared.world(), number, call)
        }
        (_, ["repos", owner, name, rest @ ..]) => {
            let key = super::acts::key(&format!("{owner}/{name}"));
            let is_known = shared.world().repos.contains_key(&key);
            if !is_known || !call.caller.may_see(&key) {
                return Err(Refusal::missing());
            }
            if call.caller.is_app {
                return match rest {
                    ["installation"] => app::installation(&shared.world(), &key),
                    _ => Err(Refusal::new(401, "A JSON web token could not be decoded")),
                };
            }
            in_repo(shared, &key, rest, call).await
        }
        _ => Err(Refusal::missing()),
    }
}

async fn in_repo(shared: &Shared, key: &str, rest: &[&str], call: &Call) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let world = shared.world();
            ok(shape::repo(&world, &world.repos[key]))
        }
        (_, ["pulls", "comments", ..]) => Err(Refusal::missing()),
        (_, ["pulls", number, "reviews" | "comments", ..]) => {
            reviews::route(shared, key, parse(number)?, &rest[2..], call)
        }
        (_, ["pulls", rest @ ..]) => pulls::route(shared, key, rest, call).await,
        (_, ["issues", rest @ ..]) => issues::route(shared, key, rest, call),
        (_, ["labels", ..]) => issues::labels(shared, key, call),
        (_, ["commits", ..] | ["check-runs", ..] | ["statuses", ..]) => {
            checks::route(shared, key, rest, call)
        }
        ("GET", ["git", "ref", "heads", branch @ ..]) => {
            let world = shared.world();
            let (repo, branch) = (&world.repos[key], branch.join("/"));
            let sha = repo.branches.get(&branch).ok_or_else(Refusal::missing)?;
            ok(shape::git_ref(&world, repo, &branch, sha))
        }
        ("POST", ["git", "refs"]) => make_ref(shared, key, call).await,
        ("DELETE", ["git", "refs", "heads", branch @ ..]) => {
            drop_ref(shared, key, &branch.join("/"), &call.caller.login).await
        }
        _ => Err(Refusal::missing()),
    }
}

/// The number of an issue or pull request.
fn parse(number: &str) -> Result<u64, Refusal> {
    number.parse().map_err(|_| Refusal::missing())
}

fn rate_limit(world: &mut World, call: &Call) -> Answer {
    let used = world.used_now(&call.caller.token);
    let reset = world.reset.map_or(0, |reset| reset.timestamp());
    let limit = world.rate_limit;
    let rate: Value = json!({
        "limit": limit, "used": used, "remaining": limit - used, "reset": reset,
    });
    ok(json!({ "resources": { "core": rate, "search": rate }, "rate": rate }))
}

async fn make_ref(shared: &Shared, key: &str, call: &Call) -> Answer {
    let name = call.needed("Reference", "ref")?.to_owned();
    let sha = call.needed("Reference", "sha")?.to_owned();
    let Some(branch) = name.strip_prefix("refs/heads/").map(str::to_owned) else {
        return Err(Refusal::new(
            422,
            "Reference name must start with 'refs/heads/'.",
        ));
    };
    let (git, lock) = git_of(shared, key)?;
    let _guard = lock.lock().await;
    if shared.world().repos[key].branches.contains_key(&branch) {
        return Err(Refusal::new(422, "Reference already exists"));
    }
    if git.run(&["update-ref", &name, &sha, ""]).await.is_err() {
        return Err(Refusal::new(422, "Object does not exist"));
    }
    heads::refresh(shared, key, &call.caller.login).await?;
    let world = shared.world();
    created(shape::git_ref(&world, &world.repos[key], &branch, &sha))
}

async fn drop_ref(shared: &Shared, key: &str, branch: &str, by: &str) -> Answer {
    let (git, lock) = git_of(shared, key)?;
    let _guard = lock.lock().await;
    if !shared.world().repos[key].branches.contains_key(branch) {
        return Err(Refusal::new(422, "Reference does not exist"));
    }
    git.run(&["update-ref", "-d", &format!("refs/heads/{branch}")])
        .await?;
    heads::refresh(shared, key, by).await?;
    Ok(Reply::Nothing)
}

type Lock = std::sync::Arc<tokio::sync::Mutex<()>>;

fn git_of(shared: &Shared, key: &str) -> Result<(crate::git_host::git::Git, Lock), Refusal> {
    let world = shared.world();
    let repo = world.repos.get(key).ok_or_else(Refusal::missing)?;
    Ok((repo.git.clone(), repo.lock.clone()))
}
