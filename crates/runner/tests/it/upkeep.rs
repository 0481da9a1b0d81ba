//! Worktrees that are not needed any more.

use optio_domain::id::RunId;
use optio_domain::wire::checkout::Removal;
use optio_domain::wire::runner::{EndCause, RunSpec, ToRunner};

use crate::host::{Host, git};
use crate::plane::end;
use crate::warm::{said, started};
use crate::worktree::{fresh, left, played, task};
use crate::world::{Kind, World, survivors};

const KINDS: [Kind; 2] = [Kind::Bare, Kind::Bubblewrap];

pub(crate) async fn removed(world: &World, name: &str, discard_unpushed: bool) -> Removal {
    let before = world.plane.look(|memory| memory.removals.len());
    world.plane.want(ToRunner::RemoveWorktree {
        name: name.to_owned(),
        discard_unpushed,
    });
    let answer = world
        .plane
        .until("the removal", |memory| memory.removals.get(before).cloned());
    let (said, outcome) = answer.await;
    assert_eq!(said, name);
    outcome
}

#[tokio::test]
async fn work_that_is_nowhere_else_is_only_removed_with_the_word_for_it() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        for (name, work) in [
            ("commits", "git commit -q --allow-empty -m work"),
            (
                "dirty",
                "touch dirty; mkdir -p ro/x; touch ro/x/y; chmod -R a-w ro",
            ),
        ] {
            let events = played(&world, &fresh(task(&world, &host, name, work))).await;
            assert_eq!(end(&events).code, Some(0));
            let state = Removal::Unpushed(left(&events));
            assert_eq!(removed(&world, name, false).await, state);
            let dir = world.path(&format!("workspace/tasks/{name}"));
            assert!(dir.exists());
            assert_eq!(removed(&world, name, true).await, Removal::Removed);
            assert!(!dir.exists());
            assert_eq!(removed(&world, name, false).await, Removal::Absent);
        }
        let shop = world.path("workspace/shop");
        assert_eq!(git(&shop, &["branch", "--list"]), "");
        assert_eq!(git(&shop, &["worktree", "list"]).lines().count(), 1);
    }
}

#[tokio::test]
async fn what_is_pushed_and_clean_is_removed_without_asking() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let work = "git commit -q --allow-empty -m work; git push -q";
    played(&world, &fresh(task(&world, &host, "t1", work))).await;
    assert_eq!(removed(&world, "t1", false).await, Removal::Removed);
    let events = played(&world, &task(&world, &host, "t1", "true")).await;
    let pushed = git(&host.repository("shop"), &["rev-parse", "optio/task-t1"]);
    assert_eq!(left(&events).head_sha, pushed);
}

#[tokio::test]
async fn the_worktree_of_a_living_run_stays() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let spec = fresh(task(&world, &host, "t1", "echo ready; sleep 300"));
    let run = world.plane.start(&spec);
    world.plane.line(run, "ready").await;
    assert_eq!(removed(&world, "t1", true).await, Removal::InUse);
    assert!(world.path("workspace/tasks/t1/README.md").exists());
    world.plane.stop(run);
    world.plane.ended(run).await;
    assert_eq!(removed(&world, "t1", false).await, Removal::Removed);
}

/// A run that is spoken to, in a worktree.
fn spoken(world: &World, host: &Host, process: Option<RunId>) -> RunSpec {
    let mut spec = said(world, "words", process);
    spec.checkout = task(world, host, "t1", "").checkout;
    spec
}

#[tokio::test]
async fn a_program_waits_in_its_worktree_and_not_longer_than_that_is_there() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let first = spoken(&world, &host, None);
    let events = played(&world, &first).await;
    assert_eq!(end(&events).cause, EndCause::Finished);
    assert_eq!(left(&events).unpushed, 0);
    let pid = started(&events)[0].0;
    let again = played(&world, &spoken(&world, &host, Some(first.run))).await;
    assert_eq!(started(&again), [(pid, Some(first.run))]);
    // A fresh worktree is not the one it works in.
    let anew = fresh(spoken(&world, &host, Some(first.run)));
    assert_eq!(started(&played(&world, &anew).await)[0].1, None);
    assert_eq!(survivors(first.run), [""; 0]);
    assert_eq!(removed(&world, "t1", false).await, Removal::Removed);
    assert_eq!(survivors(anew.run), [""; 0]);
}

#[tokio::test]
async fn only_worktrees_are_removed() {
    let world = World::new(Kind::Bare).await;
    played(
        &world,
        &world.script("mkdir -p tasks/plain; touch precious tasks/plain/x"),
    )
    .await;
    for name in ["..", "../precious", "", "-rf", "a/b", "."] {
        let outcome = removed(&world, name, true).await;
        assert!(
            matches!(outcome, Removal::Failed { .. }),
            "{name}: {outcome:?}"
        );
    }
    let outcome = removed(&world, "plain", false).await;
    assert!(matches!(outcome, Removal::Failed { .. }), "{outcome:?}");
    assert!(world.path("workspace/precious").exists());
    assert!(world.path("workspace/tasks/plain/x").exists());
    assert_eq!(removed(&world, "plain", true).await, Removal::Removed);
    assert_eq!(removed(&world, "plain", true).await, Removal::Absent);
}

#[tokio::test]
async fn a_removal_leaves_the_other_runs_alone() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        played(&world, &fresh(task(&world, &host, "t1", "true"))).await;
        let script = "setsid sleep 5 & echo ready; wait; echo over";
        let run = world.plane.start(&world.script(script));
        world.plane.line(run, "ready").await;
        assert_eq!(removed(&world, "t1", false).await, Removal::Removed);
        let events = world.plane.ended(run).await;
        assert_eq!(crate::plane::lines(&events), ["ready", "over"]);
    }
}
