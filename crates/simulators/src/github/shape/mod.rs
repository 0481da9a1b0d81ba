//! Things in the shapes of GitHub's REST API. A test holds them to its published description.

mod check;
mod issue;
mod pull;
mod repo;

use serde_json::{Map, Value, json};

use super::world::World;

pub(super) use check::{check_run, combined, status};
pub(super) use issue::{comment, issue, label};
pub(super) use pull::{line_comment, pull, review};
pub(super) use repo::{git_ref, minimal_repo, repo};

/// The number that GitHub's other API would use.
pub(super) fn node(kind: &str, id: u64) -> String {
    format!("{kind}_{id}")
}

/// More fields of a thing. Large things are made in pieces, because the macro has a limit.
fn extend(shape: &mut Value, more: Value) {
    if let (Some(shape), Value::Object(more)) = (shape.as_object_mut(), more) {
        shape.extend(more);
    }
}

/// A person or a bot.
pub(super) fn user(world: &World, login: &str) -> Value {
    let api = format!("{}/users/{login}", world.url);
    let id = world.user(login);
    let mut user = Map::new();
    for (field, end) in [
        ("url", ""),
        ("followers_url", "/followers"),
        ("following_url", "/following{/other_user}"),
        ("gists_url", "/gists{/gist_id}"),
        ("starred_url", "/starred{/owner}{/repo}"),
        ("subscriptions_url", "/subscriptions"),
        ("organizations_url", "/orgs"),
        ("repos_url", "/repos"),
        ("events_url", "/events{/privacy}"),
        ("received_events_url", "/received_events"),
    ] {
        user.insert(field.to_owned(), json!(format!("{api}{end}")));
    }
    user.insert("login".to_owned(), json!(login));
    user.insert("id".to_owned(), json!(id));
    user.insert("node_id".to_owned(), json!(node("U", id)));
    user.insert("gravatar_id".to_owned(), json!(""));
    user.insert("site_admin".to_owned(), json!(false));
    let avatar = format!("{}/avatars/{login}", world.url);
    user.insert("avatar_url".to_owned(), json!(avatar));
    user.insert(
        "html_url".to_owned(),
        json!(format!("{}/{login}", world.url)),
    );
    let kind = if login.ends_with("[bot]") {
        "Bot"
    } else {
        "User"
    };
    user.insert("type".to_owned(), json!(kind));
    Value::Object(user)
}

/// The person whose token is used.
pub(super) fn myself(world: &World, login: &str) -> Value {
    let mut me = user(world, login);
    let more = json!({
        "name": login, "company": null, "blog": null, "location": null, "email": null,
        "hireable": null, "bio": null, "twitter_username": null, "public_repos": 0,
        "public_gists": 0, "followers": 0, "following": 0,
        "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
    });
    extend(&mut me, more);
    me
}
