//! Stored secrets in a whole Optio: they reach the agent program and nothing else, the server refuses
//! keys that do not fit, and a change of the key survives being killed.

use std::{fs, os::unix::fs::PermissionsExt, process::Stdio, time::Duration};

use reqwest::Method;
use serde_json::json;

use crate::{
    secrets::assert_nowhere,
    world::{API_KEY, ENCRYPTION_KEY, FAKE_PRELUDE, World, running},
};

/// A key that stands nowhere else.
const STORED: &str = "sk-ant-stored-secret-9876543210";
const OTHER_KEY: &str = "c07e51a9d2384bf6609d17e3a4c8f5b2913d6e0478ac25bf61e09d347a8c52fb";

/// Keeps a secret with the client, its value on the input.
async fn keep(world: &World, args: &[&str], value: &str) {
    let file = world.dir().join("value");
    fs::write(&file, format!("{value}\n")).unwrap();
    let mut command = world.binary();
    command
        .args(["secret", "set"])
        .args(args)
        .env("OPTIO_SERVER", world.url())
        .stdin(Stdio::from(fs::File::open(&file).unwrap()));
    let output = tokio::process::Command::from(command)
        .output()
        .await
        .unwrap();
    fs::remove_file(&file).unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&printed).contains(value));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_key_reaches_the_agent_program_and_is_written_down_nowhere() {
    let mut world = World::plan().embedded().start().await;
    let agent = world.create("holder", json!({})).await;
    world.until_done(&agent, 1).await;
    keep(
        &world,
        &["ANTHROPIC_API_KEY"],
        "sk-ant-everybodys-0123456789",
    )
    .await;
    keep(
        &world,
        &["ANTHROPIC_API_KEY", "--scope", "workspace"],
        STORED,
    )
    .await;
    let listed = world.says(&["secret", "list"]).await;
    assert_eq!(listed.matches("ANTHROPIC_API_KEY").count(), 2, "{listed}");
    let script = "run: printenv ANTHROPIC_API_KEY >key; echo \"it is $(cat key)\"; touch begun; \
                  until [ -e go ]; do sleep 0.1; done";
    world.send(&agent, script).await;
    let begun = world.workspace(&agent, "begun");
    world.until_file(&begun).await;
    // The warm process of the first turn had the server's key, so that another one was started.
    let key = fs::read_to_string(world.workspace(&agent, "key")).unwrap();
    assert_eq!(key.trim(), STORED);
    let shown = running(STORED);
    assert!(shown.is_empty(), "a secret in an argument: {shown:?}");
    fs::write(world.workspace(&agent, "go"), "").unwrap();
    let turn = world.until_done(&agent, 2).await;
    let transcript = world.transcript(&agent, &turn).await;
    let printed = |(_, text): &(String, String)| text.contains("it is ***");
    assert!(transcript.iter().any(printed), "{transcript:#?}");
    let events = format!("{:?}", world.events(&agent, &turn).await);
    assert!(!events.contains(STORED), "{events}");
    assert_nowhere(&world.data(), STORED);
    assert!(!world.said().contains(STORED));

    for scope in ["workspace", "global"] {
        world
            .says(&["secret", "rm", "ANTHROPIC_API_KEY", "--scope", scope])
            .await;
    }
    world
        .send(&agent, "run: printenv ANTHROPIC_API_KEY >key")
        .await;
    world.until_done(&agent, 3).await;
    let key = fs::read_to_string(world.workspace(&agent, "key")).unwrap();
    assert_eq!(key.trim(), API_KEY);
    world.end().await;
}

/// Tries to start; the exit code and the words of the refusal.
async fn refused(world: &World, verb: &str, env: &[(&str, &str)]) -> (i32, String) {
    let mut command = world.binary();
    command
        .args([verb, "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(world.data())
        .env_remove("OPTIO_ENCRYPTION_KEY_FILE")
        .envs(env.iter().copied());
    let mut command = tokio::process::Command::from(command);
    let output = tokio::time::timeout(Duration::from_secs(30), command.kill_on_drop(true).output());
    let output = output.await.expect("it started").unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), words)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_missing_weak_or_wrong_is_refused_with_its_remedy() {
    let mut world = World::plan().start().await;
    world.stop().await;
    let equal = "7a".repeat(32);
    let gone = world.dir().join("gone.key").display().to_string();
    for (verb, env, exit, words) in [
        ("serve", &[][..], 2, "openssl rand -hex 32"),
        (
            "serve",
            &[("OPTIO_ENCRYPTION_KEY", "hunter2")],
            2,
            "64 hexadecimal digits",
        ),
        (
            "serve",
            &[("OPTIO_ENCRYPTION_KEY", &equal)],
            2,
            "all its bytes are equal",
        ),
        (
            "dev",
            &[("OPTIO_ENCRYPTION_KEY", &equal)],
            2,
            "all its bytes are equal",
        ),
        (
            "dev",
            &[("OPTIO_ENCRYPTION_KEY_FILE", &gone)],
            2,
            "is not there",
        ),
        (
            "serve",
            &[("OPTIO_ENCRYPTION_KEY", OTHER_KEY)],
            2,
            "OPTIO_ENCRYPTION_KEY_PREVIOUS",
        ),
        ("dev", &[], 1, "secrets.key is gone"),
    ] {
        let (code, said) = refused(&world, verb, env).await;
        assert_eq!(code, exit, "{said}");
        assert!(said.contains(words), "{words}: {said}");
        assert!(
            !said.contains(OTHER_KEY) && !said.contains("hunter2"),
            "{said}"
        );
    }
    assert!(
        !world.data().join("secrets.key").exists(),
        "no key is made that opens nothing"
    );
    world.start().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_makes_its_own_key_which_only_its_owner_may_read() {
    let mut world = World::plan().embedded().own_key().start().await;
    let file = world.data().join("secrets.key");
    let made = fs::read_to_string(&file).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    keep(&world, &["TOKEN"], STORED).await;
    let rotated = world.says(&["secret", "rotate-key"]).await;
    assert!(
        rotated.starts_with("1 secrets are sealed anew"),
        "{rotated}"
    );
    let changed = fs::read_to_string(&file).unwrap();
    assert_ne!(changed, made);
    assert_eq!(changed.lines().count(), 1, "the old key is gone");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for key in [made.trim(), changed.trim()] {
        assert!(!world.said().contains(key));
    }
    world.stop().await;
    world.start().await;
    assert!(world.says(&["secret", "list"]).await.contains("TOKEN"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_environment_is_changed_with_the_one_before_beside_it() {
    let program = format!("{FAKE_PRELUDE}begin; printenv ANTHROPIC_API_KEY >key; finish done");
    let plan = World::plan().fake(&program).own_key();
    let mut world = plan
        .set("OPTIO_ENCRYPTION_KEY", ENCRYPTION_KEY)
        .start()
        .await;
    keep(&world, &["ANTHROPIC_API_KEY"], STORED).await;
    let again = world.optio(&["secret", "rotate-key"]).await;
    assert_eq!(again.status.code(), Some(5), "{again:?}");
    let words = String::from_utf8(again.stderr).unwrap();
    assert!(words.contains("OPTIO_ENCRYPTION_KEY_PREVIOUS"), "{words}");
    world.stop().await;
    world.set("OPTIO_ENCRYPTION_KEY", OTHER_KEY);
    world.set("OPTIO_ENCRYPTION_KEY_PREVIOUS", ENCRYPTION_KEY);
    world.start().await;
    let rotated = world.optio(&["secret", "rotate-key"]).await;
    assert!(rotated.status.success(), "{rotated:?}");
    let words = String::from_utf8(rotated.stderr).unwrap();
    assert!(words.contains("unset it"), "{words}");
    world.stop().await;
    world.set("OPTIO_ENCRYPTION_KEY_PREVIOUS", "");
    world.start().await;
    let agent = world.create("holder", json!({})).await;
    world.until_done(&agent, 1).await;
    let key = fs::read_to_string(world.workspace(&agent, "key")).unwrap();
    assert_eq!(key.trim(), STORED);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_while_it_changes_the_key_loses_no_secret() {
    const SECRETS: usize = 300;
    const KILLS: u64 = 4;
    let program = format!("{FAKE_PRELUDE}begin; printenv ANTHROPIC_API_KEY >key; finish done");
    let mut world = World::plan().fake(&program).own_key().start().await;
    keep(&world, &["ANTHROPIC_API_KEY"], STORED).await;
    for number in 1..SECRETS {
        let body = json!({ "name": format!("N{number}"), "value": format!("value {number}") });
        world.post("/api/secrets", &body).await;
    }
    let agent = world
        .create("holder", json!({ "podLifecycle": "on-demand" }))
        .await;
    world.until_done(&agent, 1).await;
    for kill in 1..=KILLS {
        let url = format!("{}/api/secrets/rotate-key", world.url());
        let change = tokio::spawn(reqwest::Client::new().request(Method::POST, url).send());
        tokio::time::sleep(Duration::from_millis(kill * 15)).await;
        world.kill9();
        drop(change.await);
        world.start().await;
        fs::remove_file(world.workspace(&agent, "key")).unwrap();
        world.send(&agent, "again").await;
        world
            .until_done(&agent, usize::try_from(kill).unwrap() + 1)
            .await;
        let key = fs::read_to_string(world.workspace(&agent, "key")).unwrap();
        assert_eq!(key.trim(), STORED);
    }
    // Opens every one of them.
    let rotated = world.says(&["secret", "rotate-key"]).await;
    assert!(rotated.contains("sealed anew"), "{rotated}");
    let keys = world.query("SELECT count(*) || ' ' || count(DISTINCT key_id) FROM secrets");
    assert_eq!(keys, format!("{SECRETS} 1"));
    let file = fs::read_to_string(world.data().join("secrets.key")).unwrap();
    assert_eq!(file.lines().count(), 1);
    world.end().await;
}
