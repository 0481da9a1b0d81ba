//! Approvals, and how reviewers stand.

use serde_json::{Value, json};

use super::super::wire::{Answer, Call, Refusal, Reply, created, ok};
use super::super::world::{World, stamp};
use super::super::{Shared, reviews, shape};

pub(super) fn route(shared: &Shared, key: &str, iid: u64, part: &str, call: &Call) -> Answer {
    let mut world = shared.world();
    shown(&world, key, iid, &call.by)?;
    match (call.method.as_str(), part) {
        ("GET", "approvals") => ok(shown(&world, key, iid, &call.by)?),
        ("GET", "reviewers") => Ok(Reply::List(reviewers(&world, key, iid))),
        ("POST", "approve") => {
            let sha = call.text("sha");
            let merge = world.merge_mut(key, iid).ok_or_else(Refusal::missing)?;
            if sha.is_some_and(|sha| sha != merge.sha) {
                let words = format!("SHA does not match HEAD of source branch: {}", merge.sha);
                return Err(Refusal::new(409, words));
            }
            let done = reviews::approve(shared, &mut world, key, iid, &call.by);
            done.ok_or_else(|| Refusal::new(401, "401 Unauthorized"))?;
            created(shown(&world, key, iid, &call.by)?)
        }
        ("POST", "unapprove") => {
            if !reviews::unapprove(shared, &mut world, key, iid, &call.by) {
                return Err(Refusal::missing());
            }
            created(shown(&world, key, iid, &call.by)?)
        }
        _ => Err(Refusal::missing()),
    }
}

fn shown(world: &World, key: &str, iid: u64, by: &str) -> Result<Value, Refusal> {
    let project = &world.projects[key];
    let merge = project.merges.get(&iid).ok_or_else(Refusal::missing)?;
    Ok(shape::approvals(world, project, merge, by))
}

fn reviewers(world: &World, key: &str, iid: u64) -> Vec<Value> {
    let merge = world.projects[key].merges.get(&iid);
    let reviewers = merge.into_iter().flat_map(|it| &it.reviewers);
    let show = |(login, it): (&String, &super::super::world::Reviewer)| json!({ "user": shape::user(world, login), "state": it.state, "created_at": stamp(it.at) });
    reviewers.map(show).collect()
}
