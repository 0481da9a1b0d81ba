//! Reviews of a pull request and their comments on lines.

use serde_json::json;

use super::super::wire::{Answer, Call, Refusal, Reply, ok};
use super::super::world::World;
use super::super::{Shared, acts, shape};
use super::parse;
use crate::git_host::{LineSetup, ReviewSetup};

pub(super) fn route(shared: &Shared, key: &str, number: u64, rest: &[&str], call: &Call) -> Answer {
    if !shared.world().repos[key].pulls.contains_key(&number) {
        return Err(Refusal::missing());
    }
    match (call.method.as_str(), rest) {
        ("GET", ["reviews"]) => {
            let world = shared.world();
            let repo = &world.repos[key];
            let reviews = repo.pulls[&number].reviews.iter();
            let list = reviews.map(|it| shape::review(&world, repo, number, it));
            Ok(Reply::List(list.collect(), None))
        }
        ("GET", ["comments"]) => Ok(Reply::List(lines(&shared.world(), key, number, None), None)),
        ("GET", ["reviews", id, "comments"]) => {
            let id = Some(parse(id)?);
            Ok(Reply::List(lines(&shared.world(), key, number, id), None))
        }
        ("POST", ["reviews"]) => submit(shared, key, number, call),
        ("PUT", ["reviews", id, "dismissals"]) => dismiss(shared, key, number, parse(id)?, call),
        _ => Err(Refusal::missing()),
    }
}

fn lines(world: &World, key: &str, number: u64, of: Option<u64>) -> Vec<serde_json::Value> {
    let repo = &world.repos[key];
    let reviews = repo.pulls[&number].reviews.iter();
    let wanted = reviews.filter(|review| of.is_none_or(|id| id == review.id));
    wanted
        .flat_map(|review| review.comments.iter().map(move |line| (review, line)))
        .map(|(review, line)| shape::line_comment(world, repo, number, review, line))
        .collect()
}

fn submit(shared: &Shared, key: &str, number: u64, call: &Call) -> Answer {
    let event = call.text("event").unwrap_or_default();
    if event.is_empty() {
        return Err(Refusal::new(
            422,
            "This simulator keeps no pending reviews: give an event",
        ));
    }
    let body = call.text("body").unwrap_or_default();
    if body.is_empty() && event != "APPROVE" {
        return Err(Refusal::new(
            422,
            "Unprocessable Entity: body can't be blank",
        ));
    }
    let comments = call.body["comments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut read = Vec::new();
    for comment in comments {
        let line: Result<LineSetup, _> = serde_json::from_value(comment);
        read.push(line.map_err(|_| Refusal::invalid("PullRequestReview", "comments", "invalid"))?);
    }
    let review = ReviewSetup {
        author: call.caller.login.clone(),
        event: event.to_owned(),
        body: body.to_owned(),
        comments: read,
        after_ms: 0,
    };
    let id = acts::review(shared, key, number, call.text("commit_id"), &review)
        .map_err(|error| Refusal::new(422, error.to_string()))?;
    show(&shared.world(), key, number, id)
}

fn show(world: &World, key: &str, number: u64, id: u64) -> Answer {
    let repo = &world.repos[key];
    let review = repo.pulls[&number]
        .reviews
        .iter()
        .find(|review| review.id == id);
    ok(shape::review(
        world,
        repo,
        number,
        review.ok_or_else(Refusal::missing)?,
    ))
}

fn dismiss(shared: &Shared, key: &str, number: u64, id: u64, call: &Call) -> Answer {
    call.needed("PullRequestReview", "message")?;
    let mut world = shared.world();
    let pull = world
        .repos
        .get_mut(key)
        .and_then(|repo| repo.pulls.get_mut(&number));
    let review = pull.and_then(|pull| pull.reviews.iter_mut().find(|review| review.id == id));
    review.ok_or_else(Refusal::missing)?.state = "DISMISSED";
    let repo = &world.repos[key];
    let found = repo.pulls[&number]
        .reviews
        .iter()
        .find(|review| review.id == id);
    let shape = found.map(|review| shape::review(&world, repo, number, review));
    let pull = shape::pull(
        &world,
        repo,
        &repo.issues[&number],
        &repo.pulls[&number],
        false,
    );
    let more = json!({ "action": "dismissed", "review": shape, "pull_request": pull });
    shared.tell(
        &mut world,
        "pull_request_review",
        key,
        &call.caller.login,
        more,
    );
    show(&world, key, number, id)
}
