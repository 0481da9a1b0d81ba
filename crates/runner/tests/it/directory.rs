//! The directories of runs: each run in its own, with what it left there when it goes on.

use std::os::unix::fs::MetadataExt as _;

use optio_domain::wire::checkout::Removal;
use optio_domain::wire::outputs::{DirectoryStart, FileLimits, Outputs, RunDirectory};
use optio_domain::wire::runner::{EndCause, RunSpec};

use crate::host::Host;
use crate::plane::{end, lines};
use crate::upkeep::removed;
use crate::warm::{said, started};
use crate::worktree::{fresh, left, played, task};
use crate::world::{Kind, World, unique};

const KINDS: [Kind; 2] = [Kind::Bare, Kind::Bubblewrap];

pub(crate) const LIMITS: FileLimits = FileLimits {
    files_max: 100,
    file_bytes_max: 64 << 20,
    bytes_max: 128 << 20,
};

pub(crate) fn outputs(limits: FileLimits) -> Option<Outputs> {
    Some(Outputs {
        dir: "outputs".to_owned(),
        limits,
    })
}

pub(crate) fn directory(name: &str, start: DirectoryStart) -> Option<RunDirectory> {
    Some(RunDirectory {
        name: name.to_owned(),
        start,
    })
}

/// A run that works in the directory of this name and whose outputs are kept.
pub(crate) fn run_in(world: &World, name: &str, script: &str) -> RunSpec {
    let mut spec = world.script(&format!("set -e; out=$OPTIO_OUTPUTS_DIR; {script}"));
    spec.directory = directory(name, DirectoryStart::Continue);
    spec.outputs = outputs(LIMITS);
    spec
}

/// The same run once more.
pub(crate) fn again(mut spec: RunSpec) -> RunSpec {
    spec.run.0 = unique();
    spec
}

#[tokio::test]
async fn a_run_works_in_its_directory_as_its_own_user_and_is_told_where_its_outputs_are() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let script = "pwd; echo $out; test -d $out; touch here; ls";
        let events = played(&world, &run_in(&world, "r1", script)).await;
        let workspace = match kind {
            Kind::Bubblewrap => "/workspace".to_owned(),
            Kind::Bare => world.path("workspace").to_str().unwrap().to_owned(),
        };
        let dir = format!("{workspace}/runs/r1");
        let wanted = [&dir, &format!("{dir}/outputs"), "here", "outputs"];
        assert_eq!(lines(&events), wanted, "{:?}", end(&events));
        for below in ["runs", "runs/r1", "runs/r1/outputs"] {
            let found = std::fs::metadata(world.path(&format!("workspace/{below}"))).unwrap();
            if rustix::process::geteuid().is_root() {
                assert_eq!((found.uid(), found.gid()), (61_000, 61_000), "{below}");
            }
        }
    }
}

#[tokio::test]
async fn runs_that_share_a_sandbox_do_not_meet() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let script = "echo $1 > file; echo $1 > $out/file; sleep 0.3; ls; cat file $out/file";
        let runs = ["r1", "r2", "r3"].map(|name| {
            let mut spec = run_in(&world, name, script);
            spec.args.extend(["sh".to_owned(), name.to_owned()]);
            world.plane.start(&spec)
        });
        for (run, name) in runs.into_iter().zip(["r1", "r2", "r3"]) {
            let events = world.plane.ended(run).await;
            assert_eq!(lines(&events), ["file", "outputs", name, name]);
        }
    }
}

#[tokio::test]
async fn what_a_run_leaves_is_there_for_the_next_unless_that_begins_afresh() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let work = "mkdir -p ro; touch ro/x $out/y; chmod a-w ro";
        played(&world, &run_in(&world, "r1", work)).await;
        let look = run_in(&world, "r1", "ls; ls $out");
        let events = played(&world, &look).await;
        assert_eq!(lines(&events), ["outputs", "ro", "y"]);
        let mut anew = again(look);
        anew.directory = directory("r1", DirectoryStart::Fresh);
        let events = played(&world, &anew).await;
        assert_eq!(lines(&events), ["outputs"], "{:?}", end(&events));
    }
}

#[tokio::test]
async fn a_directory_has_one_run_at_a_time() {
    let world = World::new(Kind::Bubblewrap).await;
    let spec = run_in(&world, "r1", "echo ready; sleep 300");
    let one = world.plane.start(&spec);
    world.plane.line(one, "ready").await;
    let ended = end(&played(&world, &again(spec)).await);
    assert_eq!(ended.cause, EndCause::Unprepared);
    let words = ended.detail.unwrap();
    assert!(
        words.contains("somebody works in the directory runs/r1"),
        "{words}"
    );
    assert_eq!(removed(&world, "r1", true).await, Removal::InUse);
    world.plane.stop(one);
    world.plane.ended(one).await;
    assert_eq!(removed(&world, "r1", false).await, Removal::Removed);
    assert!(!world.path("workspace/runs/r1").exists());
    assert_eq!(removed(&world, "r1", false).await, Removal::Absent);
}

#[tokio::test]
async fn a_directory_that_somebody_has_put_a_link_in_the_place_of_is_not_entered() {
    let world = World::new(Kind::Bare).await;
    let outside = world.path("workspace/elsewhere");
    played(
        &world,
        &world.script("mkdir -p elsewhere runs; ln -s ../elsewhere runs/r1"),
    )
    .await;
    let ended = end(&played(&world, &run_in(&world, "r1", "touch never")).await);
    assert_eq!(ended.cause, EndCause::Unprepared, "{ended:?}");
    assert!(ended.detail.unwrap().contains("runs/r1 cannot be made"));
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    // To begin afresh is to remove the link, and nothing behind it.
    std::fs::write(outside.join("precious"), "").unwrap();
    let mut anew = run_in(&world, "r1", "ls");
    anew.directory = directory("r1", DirectoryStart::Fresh);
    assert_eq!(lines(&played(&world, &anew).await), ["outputs"]);
    assert!(outside.join("precious").exists());
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused_before_anything_is_made() {
    let world = World::new(Kind::Bare).await;
    for name in ["..", "../x", "a/b", "", ".hidden"] {
        let ended = end(&played(&world, &run_in(&world, name, "touch never")).await);
        assert_eq!(ended.cause, EndCause::Unprepared, "{name:?}");
    }
    let mut nowhere = world.script("touch never");
    nowhere.outputs = outputs(LIMITS);
    let ended = end(&played(&world, &nowhere).await);
    assert!(ended.detail.unwrap().contains("need a directory"));
    assert!(!world.path("workspace/never").exists());
    assert!(!world.path("workspace/runs").exists());
}

#[tokio::test]
async fn beside_a_worktree_outputs_lie_where_git_does_not_see_them() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let script = "basename $PWD; touch $OPTIO_OUTPUTS_DIR/a; git status --porcelain; \
                      ls $OPTIO_OUTPUTS_DIR";
        let mut spec = task(&world, &host, "t1", script);
        spec.outputs = outputs(LIMITS);
        let events = played(&world, &spec).await;
        assert_eq!(lines(&events), ["t1", "a"], "{:?}", end(&events));
        assert_eq!(left(&events).dirty_files, 0);
        assert!(world.path("workspace/runs/t1/outputs/a").exists());
        // They are as fresh as the worktree.
        let mut anew = fresh(spec);
        anew.args[1] = "ls $OPTIO_OUTPUTS_DIR".to_owned();
        assert_eq!(lines(&played(&world, &anew).await), [""; 0]);
    }
}

#[tokio::test]
async fn a_worktree_and_the_directory_beside_it_are_removed_together() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let mut spec = fresh(task(
        &world,
        &host,
        "t1",
        "touch dirty $OPTIO_OUTPUTS_DIR/a",
    ));
    spec.outputs = outputs(LIMITS);
    let events = played(&world, &spec).await;
    let unpushed = Removal::Unpushed(left(&events));
    assert_eq!(removed(&world, "t1", false).await, unpushed);
    assert!(world.path("workspace/runs/t1/outputs/a").exists());
    assert_eq!(removed(&world, "t1", true).await, Removal::Removed);
    assert!(!world.path("workspace/runs/t1").exists());
    assert!(!world.path("workspace/tasks/t1").exists());
    assert!(world.path("workspace/shop").exists());
}

#[tokio::test]
async fn a_program_waits_in_its_directory_and_not_longer_than_that_is_there() {
    let world = World::new(Kind::Bubblewrap).await;
    let spoken = |process, start| {
        let mut spec = said(&world, "words", process);
        spec.directory = directory("r1", start);
        spec
    };
    let first = spoken(None, DirectoryStart::Continue);
    let pid = started(&played(&world, &first).await)[0].0;
    let next = spoken(Some(first.run), DirectoryStart::Continue);
    let events = played(&world, &next).await;
    assert_eq!(started(&events), [(pid, Some(first.run))]);
    let anew = spoken(Some(first.run), DirectoryStart::Fresh);
    assert_eq!(started(&played(&world, &anew).await)[0].1, None);
    assert_eq!(removed(&world, "r1", false).await, Removal::Removed);
    assert_eq!(crate::world::survivors(anew.run), [""; 0]);
}
