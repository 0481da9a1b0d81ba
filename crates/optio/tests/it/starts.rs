//! What keeps Optio from starting is said in words, and what is taken from under it comes back.

use std::{fs, net::TcpListener, process::Output, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, kill9, until_gone};

/// Starts a control plane that must refuse; its exit code and words.
async fn refused(world: &World, listen: &str, env: &[(&str, &str)]) -> (i32, String) {
    let mut command = world.binary();
    command
        .args(["dev", "--listen", listen, "--data-dir"])
        .arg(world.data())
        .envs(env.iter().copied());
    let mut command = tokio::process::Command::from(command);
    let output = tokio::time::timeout(Duration::from_secs(30), command.kill_on_drop(true).output());
    let Output { status, stderr, .. } = output.await.expect("it started").unwrap();
    let words = String::from_utf8(stderr).unwrap();
    (status.code().unwrap(), words)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_it_from_starting_is_said_with_its_remedy() {
    const FREE: &str = "127.0.0.1:0";
    let mut world = World::plan().prepare().await;
    let taken = TcpListener::bind(FREE).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (listen, env, exit, words) in [
        (address.as_str(), &[][..], 1, "is taken"),
        ("0.0.0.0:0", &[], 2, "can be reached by others"),
        ("localhost", &[], 2, "must be an IP address and a port"),
        (
            FREE,
            &[("DATABASE_URL", "postgres://127.0.0.1:1/none")],
            1,
            "check that Postgres runs",
        ),
        (
            FREE,
            &[("DATABASE_URL", "mysql://x")],
            2,
            "must start with postgres://",
        ),
        (
            FREE,
            &[("OPTIO_LIMITS_SILENCE_MS_MAX", "0")],
            2,
            "limits.silence_ms_max",
        ),
    ] {
        let (code, said) = refused(&world, listen, env).await;
        assert_eq!(code, exit, "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
    world.nothing_is_left();
}

/// Sends messages until so many were accepted or one was refused; says which were accepted.
async fn send_until(world: &World, agent: &str, enough: usize, accepted: &mut Vec<Value>) -> bool {
    let path = format!("/api/persistent-agents/{agent}/messages");
    while accepted.len() < enough {
        let text = json!({ "body": format!("number {}", accepted.len()) });
        let answer = world.ask(Method::POST, &path, Some(&text)).await.unwrap();
        match answer.status().as_u16() {
            202 => accepted.push(text["body"].clone()),
            503 => {
                assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
                return true;
            }
            other => panic!("{other}: {}", answer.text().await.unwrap()),
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_dies_is_started_again_and_what_was_accepted_is_there() {
    const ENOUGH: usize = 20;
    let mut world = World::plan().embedded().start().await;
    let agent = world.create("survivor", json!({})).await;
    world.until_done(&agent, 1).await;
    world.control(&agent, "pause").await;
    world.until_state(&agent, "paused").await;
    let mut accepted = Vec::new();
    send_until(&world, &agent, 5, &mut accepted).await;

    // It dies, and cannot be started for a while.
    let version = world.data().join("postgres/PG_VERSION");
    let ours = fs::read_to_string(&version).unwrap();
    fs::write(&version, "9.6\n").unwrap();
    let postmaster = world.postmaster().unwrap();
    kill9(postmaster);
    until_gone(&[postmaster]);
    assert!(send_until(&world, &agent, ENOUGH, &mut accepted).await);
    let health = world.ask(Method::GET, "/api/health", None).await.unwrap();
    assert_eq!(health.status(), 503);
    fs::write(&version, ours).unwrap();

    let back = async |world: &mut World| {
        let health = world.ask(Method::GET, "/api/health", None).await.unwrap();
        (health.status() == 200).then_some(())
    };
    world.until("Postgres to be back", back).await;
    assert!(!send_until(&world, &agent, ENOUGH, &mut accepted).await);
    assert_ne!(world.postmaster().unwrap(), postmaster);
    let bodies = world.mail(&agent).await.into_iter();
    let stored: Vec<Value> = bodies.skip(1).map(|mut it| it["body"].take()).collect();
    assert_eq!(stored, accepted);
    world.control(&agent, "resume").await;
    world.until_done(&agent, 2).await;
    world.until_rest(&agent).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_in_the_same_place_works_beside_the_first_and_outlives_it() {
    let mut world = World::plan().embedded().start().await;
    let postmaster = world.postmaster().unwrap();
    let mut second = world.beside("dev", "second", &[]).await;
    let shared = async |world: &mut World| {
        let answer = world.get("/api/replicas").await;
        let replicas = answer["replicas"].as_array().unwrap();
        let halves = replicas.iter().filter(|it| it["shards"] == 128).count();
        (halves == 2).then_some(())
    };
    world.until("both to have their share", shared).await;
    let agent = world.create("survivor", json!({})).await;
    world.until_done(&agent, 1).await;
    assert!(world.stop().await.success());
    assert_eq!(world.postmaster(), Some(postmaster), "it is still needed");
    world.talk_to(&second);
    world.send(&agent, "hello").await;
    world.until_done(&agent, 2).await;
    world.until_rest(&agent).await;
    second.terminate();
    assert!(second.ended(&mut world).await.success(), "{}", world.said());
    world.nothing_is_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_another_postgres_is_refused_and_kept() {
    let mut world = World::plan().embedded().start().await;
    world.stop().await;
    let version = world.data().join("postgres/PG_VERSION");
    let ours = fs::read_to_string(&version).unwrap();
    fs::write(&version, "9.6\n").unwrap();
    let (code, said) = refused(&world, "127.0.0.1:0", &[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("9.6") && said.contains("pg_upgrade"),
        "{said}"
    );
    fs::write(&version, ours).unwrap();
    world.start().await;
    world.end().await;
}
