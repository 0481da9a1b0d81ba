//! The client commands against a whole Optio.

use std::fs;

use serde_json::json;

use crate::world::{FAKE_PRELUDE, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_lead_an_agents_life_with_the_client() {
    let program = format!("{FAKE_PRELUDE}begin; say 'I hear you'; finish 'I am done'");
    let mut world = World::plan().fake(&program).start().await;
    let create = [
        "agent",
        "create",
        "ada",
        "--prompt",
        "begin",
        "--lifecycle",
        "on-demand",
    ];
    let created = world.says(&create).await;
    assert!(created.starts_with("created ada ("), "{created}");
    let again = world.optio(&create).await;
    assert_eq!(again.status.code(), Some(5), "{again:?}");
    world.until_done("ada", 1).await;
    let sent = world.says(&["agent", "send", "ada", "hello"]).await;
    assert!(sent.starts_with("sent to ada"), "{sent}");
    world.until_done("ada", 2).await;
    world.until_rest("ada").await;

    let list = world.says(&["agent", "list"]).await;
    let row: Vec<_> = list.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(
        row[..5],
        ["ada", "idle", "on-demand", "$0.02", "0"],
        "{list}"
    );
    let show = world.says(&["agent", "show", "ada"]).await;
    for words in ["ada (ada)", "state             idle", "mail              0"] {
        assert!(show.contains(words), "{show}");
    }
    let log = world.says(&["agent", "log", "ada"]).await;
    for words in [
        "── turn 2, woken by user",
        "I hear you",
        "── ended: natural, $0.01",
    ] {
        assert!(log.contains(words), "{log}");
    }
    assert!(
        world
            .says(&["agent", "log", "ada", "--turn", "1"])
            .await
            .contains("turn 1")
    );
    let settled = async |world: &mut World| {
        let why = world.get("/api/actors/agent/ada").await;
        (why["wait"]["reason"] == "no mail").then_some(())
    };
    world.until("ada to wait for mail", settled).await;
    let why = world.says(&["why", "ada"]).await;
    for words in [
        "agent:default/ada is idle",
        "It waits: no mail",
        "close turn",
        "epoch 2",
    ] {
        assert!(why.contains(words), "{words}: {why}");
    }
    assert!(!why.contains("version -"), "{why}");

    lead_to_the_end(&mut world).await;
    apply(&mut world).await;
    world.end().await;
}

async fn lead_to_the_end(world: &mut World) {
    world.says(&["agent", "pause", "ada"]).await;
    world.until_state("ada", "paused").await;
    world.says(&["agent", "send", "ada", "wait for me"]).await;
    let list = world.says(&["agent", "list"]).await;
    assert!(list.contains("paused"), "{list}");
    assert_eq!(world.agent("ada").await["inboxPending"], 1);
    world.says(&["agent", "resume", "ada"]).await;
    world.until_done("ada", 3).await;
    world.until_rest("ada").await;
    world.says(&["agent", "restart", "ada"]).await;
    world.says(&["agent", "archive", "ada"]).await;
    world.until_state("ada", "archived").await;
    let refused = world.optio(&["agent", "resume", "ada"]).await;
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    world.says(&["agent", "delete", "ada"]).await;
    let gone = async |world: &mut World| {
        (world.optio(&["agent", "show", "ada"]).await.status.code() == Some(4)).then_some(())
    };
    world.until("ada to be gone", gone).await;
}

async fn apply(world: &mut World) {
    let file = world.dir().join("bob.json");
    let write = |turns: u32| {
        let agent = json!({"slug": "bob", "name": "Bob", "initialPrompt": "go", "maxTurns": turns});
        fs::write(&file, agent.to_string()).unwrap();
    };
    let path = file.to_str().unwrap().to_owned();
    for (turns, said) in [
        (5, "created    agent/bob\n"),
        (5, "unchanged  agent/bob\n"),
        (6, "updated    agent/bob\n    maxTurns  5 → 6\n"),
    ] {
        write(turns);
        assert_eq!(world.says(&["apply", "-f", &path]).await, said);
    }
    assert_eq!(world.agent("bob").await["maxTurns"], 6);
    write(0);
    let refused = world.optio(&["apply", "-f", &path]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(words.contains("maxTurns"), "{words}");
    world.until_done("bob", 1).await;
}
