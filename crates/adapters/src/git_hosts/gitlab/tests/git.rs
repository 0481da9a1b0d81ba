//! Real git over HTTP, with the token the port gives out.

use std::{path::Path, process::Output};

use optio_domain::git_host::GitHost;
use tokio::process::Command;

use super::{REPO, World, world};

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

#[tokio::test]
async fn the_token_of_the_port_clones_and_pushes_and_moves_a_head() {
    let world = world().await;
    let (number, _) = world.open("work", &[("b.txt", Some("b\n"))]).await;
    let token = world.gitlab.token_for(&world.repo).await.unwrap();
    assert_eq!(token.username, "oauth2");
    let dir = tempfile::tempdir().unwrap();
    let from = address(&world, &token.username, &token.secret);
    let clone = ["clone", "--quiet", "--branch", "work", &from, "work"];
    done(dir.path(), &clone).await;
    let work = dir.path().join("work");
    std::fs::write(work.join("c.txt"), "c\n").unwrap();
    done(&work, &["add", "."]).await;
    done(&work, &["commit", "--quiet", "--message", "add c"]).await;
    done(&work, &["push", "--quiet"]).await;
    let sha = done(&work, &["rev-parse", "HEAD"]).await;
    assert_eq!(world.pull(number).await.head_sha, sha);
}

#[tokio::test]
async fn a_wrong_token_does_not_read() {
    let world = world().await;
    let dir = tempfile::tempdir().unwrap();
    let wrong = address(&world, "oauth2", "glpat-wrong");
    let output = git(dir.path(), &["clone", "--quiet", &wrong, "work"]).await;
    assert!(!output.status.success());
}
