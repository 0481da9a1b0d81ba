//! Connected runners.

use optio_domain::{
    id::{RunId, SandboxId},
    wire::runner::ToRunner,
};

use super::*;
use crate::links::Links;

fn stop(run: RunId) -> ToRunner {
    ToRunner::Stop { run }
}

#[tokio::test]
async fn a_frame_reaches_the_runner_that_is_connected() {
    let (links, sandbox, run) = (Links::default(), SandboxId(fresh()), RunId(fresh()));
    assert!(!links.send(sandbox, stop(run)));
    assert_eq!(links.holds(sandbox, None), None);
    let (connection, mut frames) = links.connect(sandbox, &[]);
    assert!(links.send(sandbox, stop(run)));
    assert!(matches!(frames.recv().await, Some(ToRunner::Stop { .. })));
    assert_eq!(links.holds(sandbox, Some(run)), Some(false));
    assert_eq!(links.count(), 1);
    links.disconnect(&connection);
    assert_eq!((links.count(), links.holds(sandbox, None)), (0, None));
    assert!(frames.recv().await.is_none(), "its channel ends");
}

#[tokio::test]
async fn a_newer_connection_takes_the_place_of_an_older_one() {
    let (links, sandbox, run) = (Links::default(), SandboxId(fresh()), RunId(fresh()));
    let (old, mut old_frames) = links.connect(sandbox, &[]);
    let (_new, mut frames) = links.connect(sandbox, &[]);
    assert!(old_frames.recv().await.is_none());
    links.disconnect(&old);
    assert!(
        links.send(sandbox, stop(run)),
        "the old one's end is not the new one's"
    );
    assert!(frames.recv().await.is_some());
}

#[tokio::test]
async fn a_runner_that_takes_no_more_is_not_waited_for() {
    let (links, sandbox, run) = (Links::default(), SandboxId(fresh()), RunId(fresh()));
    let (_connection, mut frames) = links.connect(sandbox, &[]);
    let taken = (0..1_000)
        .take_while(|_| links.send(sandbox, stop(run)))
        .count();
    assert_eq!(taken, 256);
    frames.recv().await.unwrap();
    assert!(links.send(sandbox, stop(run)));
}
