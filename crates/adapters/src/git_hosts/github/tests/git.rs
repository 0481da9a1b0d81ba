//! Real git over HTTP, with the tokens the port gives out.

use std::{path::Path, process::Output};

use optio_domain::git_host::GitHost;
use tokio::process::Command;

use super::{REPO, World, world, world_of_app};

async fn git(dir: &Path, args: &[&str]) -> Output {
    Command::new("git")
        .args(args)
        .current_dir(dir)
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "a")
        .env("GIT_AUTHOR_EMAIL", "a@example.com")
        .env("GIT_COMMITTER_NAME", "a")
        .env("GIT_COMMITTER_EMAIL", "a@example.com")
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

async fn done(dir: &Path, args: &[&str]) -> String {
    let output = git(dir, args).await;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {args:?}: {words}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The address with credentials in it, as only a test may have it.
fn address(world: &World, username: &str, secret: &str) -> String {
    let host = world.sim.address();
    format!("http://{username}:{secret}@{host}/{REPO}.git")
}

async fn clone_change_push(world: &World) {
    let token = world.github.token_for(&world.repo).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let from = address(world, &token.username, &token.secret);
    done(dir.path(), &["clone", "--quiet", &from, "work"]).await;
    let work = dir.path().join("work");
    assert_eq!(
        std::fs::read_to_string(work.join("a.txt")).unwrap(),
        "one\ntwo\nthree\n"
    );
    done(&work, &["switch", "--quiet", "--create", "optio/task-1"]).await;
    std::fs::write(work.join("b.txt"), "b\n").unwrap();
    done(&work, &["add", "."]).await;
    done(&work, &["commit", "--quiet", "--message", "add b"]).await;
    done(&work, &["push", "--quiet", "origin", "optio/task-1"]).await;
    let sha = done(&work, &["rev-parse", "HEAD"]).await;
    assert_eq!(world.sim.branch(REPO, "optio/task-1"), Some(sha));
}

#[tokio::test]
async fn the_token_of_the_port_clones_and_pushes() {
    clone_change_push(&world().await).await;
    clone_change_push(&world_of_app(3_600).await).await;
}

#[tokio::test]
async fn a_push_moves_the_head_of_the_pull_request() {
    let world = world().await;
    let (number, _) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let token = world.github.token_for(&world.repo).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let from = address(&world, &token.username, &token.secret);
    done(
        dir.path(),
        &["clone", "--quiet", "--branch", "work", &from, "work"],
    )
    .await;
    let work = dir.path().join("work");
    std::fs::write(work.join("c.txt"), "c\n").unwrap();
    done(&work, &["add", "."]).await;
    done(&work, &["commit", "--quiet", "--message", "add c"]).await;
    done(&work, &["push", "--quiet"]).await;
    let sha = done(&work, &["rev-parse", "HEAD"]).await;
    assert_eq!(world.pull(number).await.head_sha, sha);
}

#[tokio::test]
async fn a_wrong_token_neither_reads_nor_writes() {
    let world = world().await;
    let dir = tempfile::tempdir().unwrap();
    let wrong = address(&world, "x-access-token", "ghp_wrong");
    let output = git(dir.path(), &["clone", "--quiet", &wrong, "work"]).await;
    assert!(!output.status.success());
    let right = address(&world, "x-access-token", super::TOKEN);
    done(dir.path(), &["clone", "--quiet", &right, "work"]).await;
    let work = dir.path().join("work");
    let before = world.sim.branch(REPO, "main");
    done(
        &work,
        &["commit", "--quiet", "--allow-empty", "--message", "no"],
    )
    .await;
    let output = git(&work, &["push", "--quiet", &wrong, "HEAD:main"]).await;
    assert!(!output.status.success());
    assert_eq!(world.sim.branch(REPO, "main"), before);
}
